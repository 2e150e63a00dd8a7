"""A gate that fails fails the run, in every layer, and yesterday's published files stay as they are."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from assets.home import Home
from assets.publish.privacy.needles import Identities
from assets.publish.privacy.scanner import Scanner
from tests.leaks import leaks


def _spoilt_intake(home: Path, _: Path) -> None:
    """A new intake export whose intake dates did not come along: half the study would rest on nothing."""
    workbook = openpyxl.load_workbook(home / "inbox" / "intake.xlsx")
    sheet = workbook["Client Intake"]
    column = next(cell.column for cell in sheet[5] if cell.value == "Intake Date")
    for row in range(6, sheet.max_row):
        sheet.cell(row, column).value = None
    sheet["A3"] = "Report run 2022-02-07 06:00"
    workbook.save(home / "inbox" / "intake february.xlsx")


def _doubled_crosswalk(home: Path, _: Path) -> None:
    """One client twice, as after mixing two backups: the client would count twice."""
    with duckdb.connect(str(home / "agency" / "work" / "warehouse.duckdb")) as connection:
        connection.execute(
            "insert into control.crosswalk"
            " select client_id, source_client_id from control.crosswalk order by all limit 1"
        )


def _changed_setting(old: str, new: str) -> Callable[[Path, Path], None]:
    def change(_: Path, config: Path) -> None:
        path = config / "study.yml"
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")

    return change


LAYERS = {
    "expectations on a raw feed": (_spoilt_intake, "raw/intake:expectations_intake"),
    "dbt test": (
        _doubled_crosswalk,
        "intermediate/int_clients_identified:grain_int_clients_identified_client_id",
    ),
    "expectations on the study table": (
        _changed_setting("end: 2021-10-31", "end: 2045-10-31"),
        "marts/client_study:expectations_client_study",
    ),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_a_failed_gate_keeps_what_was_published(outcomes: Any, night: Any, tmp_path: Path, layer: str) -> None:
    spoil, check = LAYERS[layer]
    home, config = tmp_path / "home", tmp_path / "config"
    shutil.copytree(night.home, home, symlinks=True)
    shutil.copytree(Path(__file__).parents[2] / "config", config)
    published = [home / "research" / "research.duckdb", home / "agency" / "agency.duckdb"]
    before = [(link.readlink(), link.stat().st_mtime_ns, link.stat().st_size) for link in published]
    report = (home / "agency" / "report" / "report.html").read_bytes()
    spoil(home, config)

    done = outcomes("run", "--home", home, "--json", OUTCOMES_CONFIG=str(config))

    assert done.code == 1
    assert done.json["status"] == "failed"
    assert check in done.json["failed_checks"]
    assert [(link.readlink(), link.stat().st_mtime_ns, link.stat().st_size) for link in published] == before
    assert (home / "agency" / "report" / "report.html").read_bytes() == report
    with duckdb.connect(str(published[0]), read_only=True) as connection:
        rows = connection.execute("select build_id from meta.build").fetchall()
    assert rows == [(night.summary["build_id"],)]
    for told in (done.out, done.err):
        assert "Traceback" not in told
    people = Identities.read(night.home.parent / "sample" / "canaries.json")
    assert Scanner(people).scan_bytes((done.out + done.err).encode()) == []
    assert leaks(Home(home), people) == []
