"""The bundle for SPSS: the published rows with labels and reasons, never more than the research zone holds."""

import csv
import os
import re
import stat
from dataclasses import replace

import duckdb
import pyreadstat
import pytest

from assets.errors import DataError
from assets.home import PROJECT_ROOT
from assets.ingest import load_feeds
from assets.ingest.spss import read_spss
from assets.publish.codebook import Column
from assets.publish.spss_bundle import publish_spss

MADE = """
create schema marts;
create table marts.client_study as from (values
    ('R-b', 17, 'white', true, false, null::integer, 2.5, 'contemplation', 4.25, 3),
    ('R-a', 15, 'black', false, true, 4, null, null, 1e-3, null),
    ('R-c', null, null, null, null, null, null, null, null, 7)
) as t(client_id, age, race_ethnicity, special_homelessness, special_disability,
    services_t6, mspss_t6, urica_stage_t6, goal_rate, services_total)
"""
LISTS = load_feeds(PROJECT_ROOT / "config").code_lists
STAGES = ("pre-contemplation", "contemplation")


def column(name: str, values: tuple[str, ...] = (), kind: str | None = None) -> Column:
    return Column(
        "marts.client_study", name, f"Label's {name}", f"What {name} means", None, "intake", "quasi", values, kind
    )


CODEBOOK = [
    column("client_id", kind="research_id"), column("age"), column("race_ethnicity", ("black", "white")),
    column("special_homelessness"), column("special_disability"), column("services_t6"), column("mspss_t6"),
    column("urica_stage_t6", STAGES), column("goal_rate"), column("services_total"),
]  # fmt: skip


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        connection.execute(MADE)
        yield connection


def test_rows_codes_labels_and_the_reason_of_each_missing_value(con, tmp_path) -> None:
    publish_spss(con, CODEBOOK, tmp_path, "b1", 0o444, code_lists=LISTS)
    frame, meta = pyreadstat.read_sav(tmp_path / "spss" / "client_study.sav", user_missing=True)
    assert frame["client_id"].tolist() == ["R-a", "R-b", "R-c"]
    assert frame["age"].tolist() == [15, 17, -99]
    assert frame["race_ethnicity"].tolist() == [1, 2, -99]
    assert frame["special_homelessness"].tolist() == [0, 1, -99]
    assert frame["services_t6"].tolist() == [4, -99, -98]
    assert frame["mspss_t6"].tolist() == [-98, 2.5, -98]
    assert frame["urica_stage_t6"].tolist() == [-98, 2, -98]
    assert frame["goal_rate"].tolist() == [1e-3, 4.25, -99]
    assert meta.variable_value_labels["urica_stage_t6"] == {
        1.0: "pre-contemplation", 2.0: "contemplation", -98.0: "No assessment at this wave",
        -97.0: "Assessed, but no score on this scale",
    }  # fmt: skip
    assert meta.variable_measure == {
        "client_id": "nominal", "age": "scale", "race_ethnicity": "nominal", "special_homelessness": "nominal",
        "special_disability": "nominal", "services_t6": "scale", "mspss_t6": "scale", "urica_stage_t6": "ordinal",
        "goal_rate": "scale", "services_total": "scale",
    }  # fmt: skip
    assert meta.column_names_to_labels["age"] == "Label's age"
    blank, _ = pyreadstat.read_sav(tmp_path / "spss" / "client_study.sav")
    for name, n in con.execute("select column_name, q from (summarize marts.client_study), (select 1 q)").fetchall():
        null = con.execute(f'select count(*) from marts.client_study where "{name}" is null').fetchone()[0]
        assert blank[name].isna().sum() == null, (name, n)
    (found,) = read_spss(tmp_path / "spss" / "client_study.sav").sets
    assert (found.name, found.members) == ("$special", ("special_homelessness", "special_disability"))


def test_syntax_csv_and_codebook_say_what_the_file_says(con, tmp_path) -> None:
    publish_spss(con, CODEBOOK, tmp_path, "b1", 0o444, code_lists=LISTS)
    folder = tmp_path / "spss"
    file = read_spss(folder / "client_study.sav")
    rows = list(csv.reader((folder / "client_study.csv").open(encoding="utf-8", newline="")))
    assert rows[0] == [variable.name for variable in file.variables]
    for place, variable in enumerate(file.variables):
        cells = [row[place] for row in rows[1:]]
        expected = file.columns[variable.name]
        assert cells == list(expected) if variable.is_text else [float(cell) for cell in cells] == expected.tolist()
    syntax = (folder / "client_study.sps").read_text("utf-8")
    for variable in file.variables:
        assert f"VARIABLE LABELS {variable.name} 'Label''s {variable.name}'." in syntax
        assert f"VARIABLE LEVEL {variable.name} ({variable.measure.upper()})." in syntax
    assert "MISSING VALUES urica_stage_t6 (-98, -97)." in syntax
    assert "MRSETS /MDGROUP NAME=$special" in syntax
    listed = re.search(r"/VARIABLES=\n(.*?)\.\n", syntax, re.DOTALL)[1].split("\n")
    assert [line.split()[0] for line in listed] == rows[0]
    told = list(csv.DictReader((folder / "codebook.csv").open(encoding="utf-8", newline="")))
    assert [row["variable"] for row in told] == rows[0]
    assert told[2]["values"] == "1 = black | 2 = white"
    assert told[2]["user_missing"] == "-99 = Not recorded or not defined"


def test_others_may_open_the_bundle_whatever_the_umask(con, tmp_path) -> None:
    before = os.umask(0o077)
    try:
        bundle = publish_spss(con, CODEBOOK, tmp_path, "b1", 0o444, code_lists=LISTS)
    finally:
        os.umask(before)
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o755


def test_the_same_rows_are_the_same_bytes_and_one_bundle_is_kept(con, tmp_path) -> None:
    publish_spss(con, CODEBOOK, tmp_path, "b1", 0o444, code_lists=LISTS)
    first = {path.name: path.read_bytes() for path in (tmp_path / "spss").iterdir()}
    (tmp_path / ".spss-b0.part").mkdir()
    con.execute("create or replace table marts.client_study as select * from marts.client_study order by age")
    publish_spss(con, CODEBOOK, tmp_path, "b2", 0o444, code_lists=LISTS)
    assert {path.name: path.read_bytes() for path in (tmp_path / "spss").iterdir()} == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["spss", "spss-b2"]
    publish_spss(con, CODEBOOK, tmp_path, "b2", 0o444, code_lists=LISTS)
    assert (tmp_path / "spss").resolve().name == "spss-b2"


@pytest.mark.parametrize("privacy", ["direct", "free_text", None])
def test_a_column_that_may_not_leave_stops_the_bundle_and_the_old_one_stays(con, tmp_path, privacy) -> None:
    publish_spss(con, CODEBOOK, tmp_path, "b1", 0o444, code_lists=LISTS)
    closed = [replace(entry, privacy=privacy) if entry.name == "age" else entry for entry in CODEBOOK]
    with pytest.raises(DataError) as caught:
        publish_spss(con, closed, tmp_path, "b2", 0o444, code_lists=LISTS)
    assert caught.value.code == "UNTAGGED_COLUMN"
    assert (tmp_path / "spss").resolve().name == "spss-b1"


@pytest.mark.parametrize(
    ("change", "code"), [("age = -98", "OUT_OF_RANGE"), ("race_ethnicity = 'unheard of'", "UNKNOWN_CODE")]
)
def test_values_that_the_codes_would_hide_are_refused(con, tmp_path, change, code) -> None:
    con.execute(f"update marts.client_study set {change} where client_id = 'R-b'")
    with pytest.raises(DataError) as caught:
        publish_spss(con, CODEBOOK, tmp_path, "b1", 0o444, code_lists=LISTS)
    assert caught.value.code == code
    assert "unheard" not in str(caught.value)


def test_a_night_publishes_the_rows_of_its_research_file(night) -> None:
    frame, meta = pyreadstat.read_sav(night.home / "research" / "spss" / "client_study.sav")
    with duckdb.connect(str(night.home / "research" / "research.duckdb"), read_only=True) as con:
        expected = con.execute("select * from marts.client_study order by client_id").df()
    assert frame.columns.tolist() == expected.columns.tolist()
    assert frame["client_id"].tolist() == expected["client_id"].tolist()
    for name in expected.columns:
        assert frame[name].isna().sum() == expected[name].isna().sum(), name
    for name in ("services_total", "mspss_t0", "months_of_service_t0", "urica_readiness_t6"):
        assert frame[name].dropna().tolist() == expected[name].dropna().tolist(), name
    assert {"victimization", "special"} <= set(meta.mr_sets)
