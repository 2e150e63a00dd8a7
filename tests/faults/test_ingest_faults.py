"""Every row of the fault table, together with the good files of a night: the good ones always load."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from assets.ingest import Feeds, IngestPaths, ingest, load_feeds
from tests.faults.archives import ARCHIVES
from tests.faults.books import BOOKS
from tests.faults.case import Fault
from tests.faults.cells import CELLS
from tests.faults.files import FILES
from tests.faults.good import write_good
from tests.faults.headers import HEADERS
from tests.faults.spss import SPSS
from tests.faults.surveys import SURVEYS
from tests.faults.texts import TEXTS

pytestmark = pytest.mark.integration
NOW = datetime(2022, 2, 1, 8, tzinfo=UTC)
ALL = [
    fault for registry in (FILES, ARCHIVES, HEADERS, CELLS, BOOKS, TEXTS, SURVEYS, SPSS) for fault in registry.faults
]


@pytest.fixture(scope="module")
def feeds(project_root: Path) -> Feeds:
    return load_feeds(project_root / "config")


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.id)
def test_fault(fault: Fault, feeds: Feeds, tmp_path: Path) -> None:
    paths = IngestPaths(
        tmp_path / "inbox",
        tmp_path / "vault",
        tmp_path / "rejected",
        tmp_path / "tmp",
        aliases_file=tmp_path / "aliases.csv",
        settle_seconds=0,
    )
    paths.inbox.mkdir()
    good = write_good(paths.inbox)
    fault.make(paths.inbox)
    con = duckdb.connect(config={"threads": 1})
    now = NOW
    for night in range(fault.nights):
        if night and fault.every_night:
            fault.make(paths.inbox)
        ingest(paths, con, feeds, now=now)
        now += timedelta(hours=fault.hours_between)
    for name, rows in good.items():
        if name not in fault.outcomes:
            assert files(con, name) == [("loaded", None, rows)], name
    for name, outcome in fault.outcomes.items():
        check(con, name, outcome)
    assert lost(con) == []
    if fault.query is not None:
        assert con.execute(fault.query).fetchall() == fault.answer
    for note in paths.rejected.glob("*") if paths.rejected.exists() else []:
        assert "Invented" not in note.read_text(encoding="utf-8")


def files(con: duckdb.DuckDBPyConnection, name: str) -> list[tuple]:
    return con.execute("SELECT status, reason, rows_loaded FROM control.files WHERE name = ?", [name]).fetchall()


def check(con: duckdb.DuckDBPyConnection, name: str, outcome) -> None:
    row = con.execute(
        "SELECT file_token, status, reason, rows_loaded, rows_quarantined, rows_duplicate, rows_structural, kind "
        "FROM control.files WHERE name = ?",
        [name],
    ).fetchone()
    assert row is not None, f"{name} left no trace"
    token, *found = row
    expected = [
        outcome.status,
        outcome.reason,
        outcome.loaded,
        outcome.quarantined or 0,
        outcome.duplicate or 0,
        outcome.structural,
        outcome.kind,
    ]
    compared = [f if e is not None or i < 2 else None for i, (f, e) in enumerate(zip(found, expected, strict=True))]
    codes = {
        row[0] for row in con.execute("SELECT code FROM control.findings WHERE file_token = ?", [token]).fetchall()
    }
    sql = "SELECT rule_code FROM control.quarantine WHERE file_token = ?"
    rules = {row[0] for row in con.execute(sql, [token]).fetchall()}
    assert compared == expected, (codes, rules)
    assert outcome.findings <= codes
    assert outcome.quarantine <= rules


def lost(con: duckdb.DuckDBPyConnection) -> list[tuple]:
    return con.execute(
        "SELECT name FROM control.files WHERE status = 'loaded' AND rows_read <> "
        "rows_loaded + rows_quarantined + rows_duplicate + rows_structural + rows_erased"
    ).fetchall()


def test_every_row_of_the_table_has_a_fault() -> None:
    elsewhere = {60, 61, 62}  # test_faults_of_nights.py: no file of their own, but a night that goes wrong
    assert {fault.number for fault in ALL} | elsewhere == set(range(1, 64))
    assert len({fault.id for fault in ALL}) == len(ALL)


def test_every_fault_says_how_many_rows_load() -> None:
    assert [f.id for f in ALL if not f.outcomes] == []
    told = [(fault.id, outcome) for fault in ALL for outcome in fault.outcomes.values()]
    assert [name for name, outcome in told if outcome.status == "loaded" and outcome.loaded is None] == []
