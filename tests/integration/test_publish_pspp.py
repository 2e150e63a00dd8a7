"""The SPSS bundle in another reader's hands: PSPP opens the SAV, runs the syntax, and both hold the same."""

import math
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest
from test_publish_spss import CODEBOOK, LISTS, MADE

from assets.ingest.spss import SpssFile, read_spss
from assets.publish.spss_bundle import publish_spss

pytestmark = pytest.mark.skipif(shutil.which("pspp") is None, reason="pspp is not installed")


@pytest.fixture(scope="module", params=["every-kind", "night"])
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with one column of every kind, and that of a whole night."""
    if request.param == "night":
        return (request.getfixturevalue("night").home / "research" / "spss").resolve()
    folder = tmp_path_factory.mktemp("bundle")
    with duckdb.connect() as con:
        con.execute(MADE)
        con.execute("alter table marts.client_study alter mspss_t6 type double")
        con.execute("alter table marts.client_study alter goal_rate type double")
        return publish_spss(con, CODEBOOK, folder, "b1", 0o444, code_lists=LISTS)


def pspp(bundle: Path, folder: Path, commands: str) -> tuple[SpssFile, str]:
    """Run commands beside a copy of the bundle, save what they made, and read it back."""
    work = folder / "work"
    shutil.copytree(bundle, work)
    (work / "run.sps").write_text(
        f"{commands}\nDISPLAY DICTIONARY.\nMRSETS /DISPLAY NAME=ALL.\nSAVE OUTFILE='back.sav'.\n", "utf-8"
    )
    done = subprocess.run(
        ["pspp", "run.sps"], cwd=work, capture_output=True, text=True, timeout=120, check=False,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert not [line for line in done.stdout.splitlines() if "error:" in line or "warning:" in line]
    return read_spss(work / "back.sav"), done.stdout


def told(file: SpssFile) -> list[tuple]:
    """What is declared of each variable. An A3 and an A8 text hold the same."""
    return [(v.name, v.label, v.measure, v.is_text or v.format, v.value_labels, v.user_missing) for v in file.variables]


def cells(file: SpssFile) -> dict[str, list]:
    columns = {name: list(values) for name, values in file.columns.items()}
    return {n: [None if isinstance(c, float) and math.isnan(c) else c for c in column] for n, column in columns.items()}


def sets(file: SpssFile) -> list[tuple]:
    return sorted((s.name, s.label, s.kind, s.counted, s.members) for s in file.sets)


def test_pspp_opens_the_file_as_it_was_written(bundle, tmp_path) -> None:
    ours = read_spss(bundle / "client_study.sav")
    back, output = pspp(bundle, tmp_path, "GET FILE='client_study.sav'.")
    assert told(back) == told(ours)
    assert cells(back) == cells(ours)
    assert sets(back) == sets(ours)
    assert "$special" in output


def test_the_syntax_makes_of_the_csv_what_the_file_holds(bundle, tmp_path) -> None:
    ours = read_spss(bundle / "client_study.sav")
    back, _ = pspp(bundle, tmp_path, "INSERT FILE='client_study.sps'.")
    assert told(back) == told(ours)
    assert cells(back) == cells(ours)
    assert sets(back) == sets(ours)


def test_spanish_labels_lie_over_the_english_ones(bundle, tmp_path) -> None:
    ours = read_spss(bundle / "client_study.sav")
    back, _ = pspp(bundle, tmp_path, "GET FILE='client_study.sav'.\nINSERT FILE='labels_es.sps'.")
    before, after = ({v.name: v.value_labels for v in file.variables} for file in (ours, back))
    assert {name: set(labels) for name, labels in after.items()} == {
        name: set(labels) for name, labels in before.items()
    }
    assert after["special_homelessness"] == {0: "No", 1: "Sí", -99: "Sin registrar o sin definir"}
    assert {"Negro o afroamericano", "Blanco"} <= set(after["race_ethnicity"].values())
    assert "contemplation" in after["urica_stage_t6"].values()
    assert cells(back) == cells(ours)
