"""Whoever opens a published file in a client reads in place what each table and column holds."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from assets.home import Home
from assets.ingest import load_feeds
from assets.publish.agency_comments import FILE, NO_MAP, agency_comments

ONLY_WHEN_NEEDED = {"control.erasure_list", "control.project_ids"}
"""Tables that a night does not make: the first erasure, the first release of rows does."""
Comments = dict[str, str | None]


def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def research(night: Any) -> Iterator[duckdb.DuckDBPyConnection]:
    yield from opened(night.home / "research" / "research.duckdb")


@pytest.fixture(scope="module")
def agency(night: Any) -> Iterator[duckdb.DuckDBPyConnection]:
    yield from opened(night.home / "agency" / "agency.duckdb")


def tables(connection: duckdb.DuckDBPyConnection) -> Comments:
    return dict(
        connection.execute(
            "select schema_name || '.' || table_name, comment from duckdb_tables()"
            " where database_name = current_database()"
        ).fetchall()
    )


def columns(connection: duckdb.DuckDBPyConnection) -> Comments:
    return dict(
        connection.execute(
            "select schema_name || '.' || table_name || '.' || column_name, comment from duckdb_columns()"
            " where database_name = current_database()"
        ).fetchall()
    )


def test_every_table_of_both_files_says_what_it_holds_and_what_a_row_is(
    research: duckdb.DuckDBPyConnection, agency: duckdb.DuckDBPyConnection
) -> None:
    ((digits,),) = research.execute("select left(config_hash, 12) from meta.build").fetchall()
    for connection, schemas in (
        (research, {"marts", "study", "quality", "meta"}),
        (agency, {"marts", "study", "quality", "meta", "raw", "control", "staging", "intermediate", "follow_up",
                  "reconciliation"}),
    ):  # fmt: skip
        found = tables(connection)
        assert {name.split(".")[0] for name in found} == schemas
        for name, comment in found.items():
            assert comment, name
            assert re.search(r"Grain: one row|^One row a ", comment), name
            assert comment.endswith(f" Settings {digits}."), name


def test_every_column_of_both_files_says_what_it_holds(
    research: duckdb.DuckDBPyConnection, agency: duckdb.DuckDBPyConnection
) -> None:
    assert [name for name, comment in columns(research).items() if not comment] == []
    assert [name for name, comment in columns(agency).items() if not comment] == []


def test_the_codebook_says_the_same_as_the_comments(
    research: duckdb.DuckDBPyConnection, agency: duckdb.DuckDBPyConnection
) -> None:
    codebook = research.execute('select "table" || \'.\' || "column", meaning from meta.codebook').fetchall()
    assert dict(codebook) == columns(research)
    assert columns(research).items() <= columns(agency).items()


def test_what_is_written_down_for_the_agency_is_there_and_told_once(
    night: Any, agency: duckdb.DuckDBPyConnection
) -> None:
    """A column that was renamed leaves no text behind; a table that dbt's sources describe is described there."""
    entries = yaml.safe_load(FILE.read_text("utf-8"))["tables"]
    there = columns(agency)
    listed = {f"{table}.{name}" for table, entry in entries.items() for name in entry["columns"]}
    assert {name for name in listed if name not in there and name.rpartition(".")[0] not in ONLY_WHEN_NEEDED} == set()
    manifest = json.loads(Home(night.home).manifest.read_text("utf-8"))
    sources = {f"{source['schema']}.{source['name']}" for source in manifest["sources"].values()}
    assert {table for table, entry in entries.items() if "told" in entry} & sources == set()
    assert {table for table, entry in entries.items() if "told" not in entry} <= sources


def test_columns_of_forms_tell_header_codes_and_whom_they_name(agency: duckdb.DuckDBPyConnection) -> None:
    told = columns(agency)
    assert told["raw.intake.client_name"] == "'Client Name' of the form: text. Can identify a client."
    assert told["raw.intake.county"] == "'County' of the form: a code of the list county."
    assert told["raw.case_notes.narrative"] == "'Narrative' of the form: text. Free text, which may name anybody."
    assert told["raw.survey_urica.urica_behavior"] == (
        "Answer to QID2, 1 to 3 (1 Trading or selling sex; 2 Running away; 3 Connecting with strangers online);"
        " null where not answered."
    )


def test_a_form_that_the_agency_described_itself_is_told_by_its_map(
    night: Any, project_root: Path, tmp_path: Path
) -> None:
    """Also when its map is gone again and its rows are still there."""
    config = Path(shutil.copytree(project_root / "config", tmp_path / "config"))
    own = yaml.safe_load((config / "feeds" / "goal_plans.yml").read_text("utf-8"))
    own |= {"feed": "shelter_stays", "title": {"en": "Shelter stays", "es": "Estancias en el refugio"}}
    (config / "feeds" / "shelter_stays.yml").write_text(yaml.safe_dump(own, allow_unicode=True), "utf-8")
    manifest = json.loads(Home(night.home).manifest.read_text("utf-8"))
    present = [("raw", table, column) for table in ("shelter_stays", "gone") for column in ("set_date", "row_number")]

    told = agency_comments(manifest, load_feeds(config), present)

    assert told.tables["raw.shelter_stays"].startswith("Every version of every record of the form 'Shelter stays'.")
    assert told.tables["raw.gone"] == NO_MAP
    assert told.columns["raw", "shelter_stays", "set_date"] == "'Set Date' of the form: a day. Can identify a client."
    assert ("raw", "gone", "set_date") not in told.columns
    assert told.columns["raw", "gone", "row_number"].startswith("Row in the sheet")
