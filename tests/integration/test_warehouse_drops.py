"""Real files, however they were dropped: in any order, over any nights, again under another name, by rows shuffled."""

import io
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from warehouse_models import shipped_models

from assets.ingest import IngestPaths, ingest, load_feeds
from assets.warehouse import assign_research_ids
from assets.warehouse.compiled import CompiledModel, run_models
from tests.faults.good import (
    INTAKE_ABOVE,
    INTAKE_HEADER,
    NOTES_HEADER,
    goal_rows,
    goals_book,
    intake_rows,
    note_rows,
    responses,
    survey_csv,
    workbook,
)

Drops = list[dict[str, bytes]]
"""The files of each night, by name."""
Marts = dict[str, list[tuple[Any, ...]]]


def saved(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def intake(day: str, rows: list[list[Any]]) -> bytes:
    above = [*INTAKE_ABOVE[:2], [f"Report run {day} 06:00"], []]
    return saved(workbook(("Client Intake", above, INTAKE_HEADER, rows)))


def notes(day: str, rows: list[list[Any]]) -> bytes:
    return saved(workbook(("Case Notes", [["Case notes"], [f"Report run {day} 06:02"]], NOTES_HEADER, rows)))


def edited(rows: list[list[Any]], column: int, value: Any) -> list[list[Any]]:
    """Every third row says something else, and one of forty is gone."""
    changed = [[*row[:column], value, *row[column + 1 :]] if place % 3 == 0 else row for place, row in enumerate(rows)]
    return changed[:-1] if len(changed) >= 30 else changed


PEOPLE, NOTES = intake_rows(40), note_rows(80)
EXPORTS = {
    "intake old": intake("2022-01-07", PEOPLE),
    "intake new": intake("2022-02-07", edited(PEOPLE, 9, "Wise")),
    "notes old": notes("2022-01-07", NOTES),
    "notes new": notes("2022-02-07", edited(NOTES, 7, 45)),
    "goals": saved(goals_book(goal_rows(20))),
    "mspss": survey_csv(responses(24)).encode(),
}
SUFFIX = {"mspss": "csv"}


def named(*exports: str, prefix: str = "") -> dict[str, bytes]:
    return {f"{prefix}{name}.{SUFFIX.get(name, 'xlsx')}": EXPORTS[name] for name in exports}


def shuffled_rows() -> dict[str, bytes]:
    """The same exports with their rows in another order."""
    draw = random.Random(3)
    people, later = draw.sample(PEOPLE, len(PEOPLE)), edited(PEOPLE, 9, "Wise")
    told, told_later = draw.sample(NOTES, len(NOTES)), edited(NOTES, 7, 45)
    return {
        "a.xlsx": intake("2022-01-07", people),
        "b.xlsx": intake("2022-02-07", draw.sample(later, len(later))),
        "c.xlsx": notes("2022-01-07", told),
        "d.xlsx": notes("2022-02-07", draw.sample(told_later, len(told_later))),
        "e.xlsx": saved(goals_book(draw.sample(goal_rows(20), 20))),
        "f.csv": survey_csv(draw.sample(responses(24), 24)).encode(),
    }


EVERY = tuple(EXPORTS)
WAYS: dict[str, Drops] = {
    "the old ones first": [named("intake old", "notes old", "mspss"), named("intake new", "notes new", "goals")],
    "the new ones first": [named("intake new", "notes new", "goals"), named("mspss"), named("intake old", "notes old")],
    "one a night, backwards": [named(name) for name in EVERY[::-1]],
    "under names in another order": [
        {f"{len(EVERY) - place} {name}.{SUFFIX.get(name, 'xlsx')}": EXPORTS[name] for place, name in enumerate(EVERY)}
    ],
    "again under another name, that night": [named(*EVERY) | named(*EVERY, prefix="copy of ")],
    "the old ones again, nights later": [named(*EVERY), named("intake old", "notes old", "mspss", prefix="Re ")],
    "rows in another order": [shuffled_rows()],
}


def marts(folder: Path, nights: Drops, models: tuple[CompiledModel, ...], root: Path) -> Marts:
    """What all marts hold after the nights, under the agency's own IDs."""
    inbox = folder / "inbox"
    inbox.mkdir(parents=True)
    paths = IngestPaths(inbox, folder / "vault", folder / "rejected", folder / "tmp", settle_seconds=0)
    with duckdb.connect(config={"threads": 1}) as connection:
        for number, files in enumerate(nights):
            for name, content in files.items():
                (inbox / name).write_bytes(content)
            moment = datetime(2022, 3, 1, 9, tzinfo=UTC) + timedelta(days=number)
            ingest(paths, connection, load_feeds(root / "config"), now=moment)
        assign_research_ids(connection)
        run_models(connection, models)
        return {model.name: list(rows_of(connection, model.name)) for model in models if model.schema == "marts"}


def rows_of(connection: duckdb.DuckDBPyConnection, name: str) -> Iterator[tuple[Any, ...]]:
    yield from connection.execute(
        f"select source_client_id, mart.* exclude (client_id) from marts.{name} as mart"
        " join control.crosswalk using (client_id) order by all"
    ).fetchall()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Marts:
    return marts(tmp_path_factory.mktemp("plain"), [named(*EVERY)], shipped_models(), project_root)


@pytest.mark.parametrize("way", list(WAYS))
def test_how_the_files_were_dropped_does_not_matter(plain: Marts, way: str, tmp_path: Path, project_root: Path) -> None:
    assert marts(tmp_path, WAYS[way], shipped_models(), project_root) == plain


def test_there_is_something_to_compare(plain: Marts) -> None:
    assert len(plain) == 8
    assert all(plain.values())
    assert len(plain["client_study"]) == len(PEOPLE), "who vanished is kept"
    assert len(plain["fct_services"]) == 2 * len(NOTES)
    assert {45, 30} <= {cell for row in plain["fct_services"] for cell in row}, "some notes were edited"
