"""What people do between two nights: after each deed staging holds what all files at once say, cell by cell."""

import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from quarantine_desk import mended
from test_warehouse_incremental import STAGING, content
from warehouse_models import shipped_compiler, shipped_config

from assets.home import Home
from assets.ingest import IngestPaths, ingest, load_feeds
from assets.warehouse import DbtPaths, assign_research_ids, build
from assets.warehouse.compiled import run_models
from assets.warehouse.database import connect
from assets.warehouse.drift import hand_over
from tests.faults.good import intake_book, intake_rows, note_rows, notes_book

NOW = datetime(2022, 2, 1, 8, tzinfo=UTC)
Tables = dict[str, tuple[list[str], list[tuple[Any, ...]]]]


@dataclass
class Office:
    """A home with its own configuration and what staging said after each night."""

    home: Home
    nights: int = 0

    def night(self) -> Tables:
        """Take in what there is, build staging and hold it against all files at once."""
        self.nights += 1
        paths = replace(IngestPaths.of(self.home), settle_seconds=0)
        with connect(self.home) as connection:
            ingest(paths, connection, load_feeds(self.home.config), now=NOW + timedelta(days=self.nights))
            assign_research_ids(connection)
        assert build(DbtPaths.of(self.home), shipped_config(), select=STAGING, exclude=["resource_type:test"]).success
        models = shipped_compiler().compile(shipped_config(), STAGING)
        with connect(self.home, read_only=True) as connection, duckdb.connect() as memory:
            hand_over(connection, memory)
            run_models(memory, models)
            found = {name: content(connection, "staging", name) for name in STAGING}
            assert found == {name: content(memory, "staging", name) for name in STAGING}
        return found

    def correct(self, *lines: str) -> None:
        header = "feed,key,column,old,new,author,reason,expiry"
        (self.home.config / "overrides.csv").write_text("\n".join((header, *lines)) + "\n", "utf-8")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Office:
    folder = tmp_path_factory.mktemp("office")
    shutil.copytree(project_root / "config", folder / "config")
    home = Home(folder / "home", config=folder / "config")
    home.inbox.mkdir(parents=True)
    people = intake_rows(12)
    people[4][4] = "some day in May"
    intake_book(people).save(home.inbox / "intake.xlsx")
    notes_book(note_rows(24)).save(home.inbox / "notes.xlsx")
    return Office(home)


def cells(tables: Tables, model: str, *columns: str) -> set[tuple[Any, ...]]:
    names, rows = tables[model]
    places = [names.index(column) for column in columns]
    return {tuple(row[place] for place in places) for row in rows}


def test_every_deed_is_taken_in_as_if_it_had_always_been_so(office: Office) -> None:
    clients, notes = "stg_case_management__clients", "stg_case_management__case_notes"
    first = office.night()
    record, county = sorted(cells(first, clients, "record_key", "county"))[0]
    assert len(first[clients][1]) == 11, "one row waits"

    assert county != "wise"
    office.correct(f"intake,{record},county,{county},wise,A. Person,typing,")
    back: openpyxl.Workbook = mended(office.home.agency / "quarantine.xlsx", Intake_Date={2: "2020-03-09"})
    back.save(office.home.inbox / "quarantine.xlsx")
    mended_rows = office.night()
    assert len(mended_rows[clients][1]) == 12
    assert (record, "wise") in cells(mended_rows, clients, "record_key", "county")
    assert mended_rows[notes] == first[notes]

    shutil.copyfile(office.home.inbox / "notes.xlsx", office.home.inbox / "The same bytes.xlsx")
    again = openpyxl.load_workbook(office.home.inbox / "notes.xlsx")
    again.properties.title = "saved again"
    again.save(office.home.inbox / "The same rows.xlsx")
    dropped_again = office.night()
    facts = ("note_key", "client_key", "service_date", "service_types", "minutes", "absent_since")
    assert cells(dropped_again, notes, *facts) == cells(first, notes, *facts)
    assert dropped_again[clients] == mended_rows[clients]

    office.correct()
    assert (record, county) in cells(office.night(), clients, "record_key", "county")
