"""What a row far down tells of rows long handed on, and archives of several members: no row is read by halves."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from assets.ingest import Feeds, IngestPaths, ingest, load_feeds
from assets.ingest.grid import BATCH_ROWS
from assets.ingest.inspection import inspect_file
from tests.faults.files import zipped
from tests.faults.good import NOTES_HEADER, note_rows, responses, survey_csv, table_csv

NOW = datetime(2022, 2, 1, 8, tzinfo=UTC)
SERVICE_DATE = NOTES_HEADER.index("Service Date")
ARITHMETIC = "SELECT rows_read, rows_loaded, rows_quarantined, rows_duplicate, rows_structural, rows_erased"


@pytest.fixture(scope="module")
def feeds(project_root: Path) -> Feeds:
    return load_feeds(project_root / "config")


@pytest.fixture
def paths(tmp_path: Path) -> IngestPaths:
    (tmp_path / "inbox").mkdir()
    return IngestPaths(
        tmp_path / "inbox", tmp_path / "vault", tmp_path / "rejected", tmp_path / "tmp", settle_seconds=0
    )


def long_notes(texts: dict[int, str], n: int = BATCH_ROWS + 100) -> str:
    """Notes of which a few have a service date as text, by row."""
    rows = note_rows(n)
    for number, row in enumerate(rows):
        row[SERVICE_DATE] = texts.get(number, date(2021, 2, 1) + timedelta(days=number % 200))
        row[SERVICE_DATE + 1] = datetime(2021, 12, 1, 9)
    return table_csv(NOTES_HEADER, rows)


def night(paths: IngestPaths, feeds: Feeds) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    ingest(paths, connection, feeds, now=NOW)
    return connection


EXCHANGEABLE = {0: "03/02/2021", 5: "04/05/2021", 7: "12/25/2020", 9: "06/06/2021"}
CONTRADICTION = {BATCH_ROWS + 50: "31/12/2020"}


def test_a_date_far_down_that_contradicts_the_order_makes_those_before_it_wait(
    paths: IngestPaths, feeds: Feeds
) -> None:
    (paths.inbox / "notes.csv").write_text(long_notes(EXCHANGEABLE | CONTRADICTION))
    connection = night(paths, feeds)
    waiting = connection.execute(
        "SELECT row_number, rule_code FROM control.quarantine WHERE scope = 'row' ORDER BY row_number"
    ).fetchall()
    # The header is row 1. December 25th and June 6th mean one day in either order.
    assert waiting == [(place + 2, "DATE_AMBIGUOUS") for place in (0, 5, BATCH_ROWS + 50)]
    n = BATCH_ROWS + 100
    assert connection.execute(f"{ARITHMETIC} FROM control.files").fetchall() == [(n + 1, n - 3, 3, 0, 1, 0)]
    assert connection.execute("SELECT count(DISTINCT record_id) FROM raw.case_notes").fetchall() == [(n - 3,)]
    found = inspect_file(paths.inbox / "notes.csv", feeds, today=NOW.date())
    assert (found.rows["loaded"], found.rows["quarantined"]) == (n - 3, 3)


def test_the_control_without_the_contradiction_all_are_read_in_the_declared_order(
    paths: IngestPaths, feeds: Feeds
) -> None:
    (paths.inbox / "notes.csv").write_text(long_notes(EXCHANGEABLE))
    connection = night(paths, feeds)
    found = connection.execute("SELECT service_date FROM raw.case_notes WHERE row_number = 2").fetchall()
    assert found == [(date(2021, 3, 2),)]
    assert connection.execute("SELECT count(*) FROM control.quarantine").fetchall() == [(0,)]


def test_every_row_of_every_member_of_an_archive_is_accounted_for(paths: IngestPaths, feeds: Feeds) -> None:
    """Loaded, waiting, a copy within its member or across two, structural: the sum is that of the members."""
    whole = note_rows(30)
    bad = [*note_rows(1, first=90)]
    bad[0][SERVICE_DATE] = "2021-13-45"
    members = {
        "part 1.csv": table_csv(NOTES_HEADER, whole[:12]),
        "part 2.csv": table_csv(NOTES_HEADER, [*whole[10:20], whole[19], *bad]),
        "more/part 3.csv": table_csv(NOTES_HEADER, whole[20:]),
    }
    (paths.inbox / "notes.zip").write_bytes(zipped({name: text.encode() for name, text in members.items()}))
    connection = night(paths, feeds)
    read = sum(len(text.splitlines()) for text in members.values())
    assert connection.execute(f"{ARITHMETIC} FROM control.files").fetchall() == [(read, 30, 1, 3, 3, 0)]
    sheets = connection.execute("SELECT sheet, count(*) FROM raw.case_notes GROUP BY sheet ORDER BY sheet").fetchall()
    assert sheets == [("more/part 3.csv", 10), ("part 1.csv", 12), ("part 2.csv", 8)]
    waits = connection.execute("SELECT sheet, row_number, rule_code FROM control.quarantine").fetchall()
    assert waits == [("part 2.csv", 13, "DATE_INVALID")]


def test_every_response_of_every_member_of_an_archive_is_accounted_for(paths: IngestPaths, feeds: Feeds) -> None:
    members = {"a.csv": survey_csv(responses(6)), "b.csv": survey_csv(responses(6, first=4))}
    (paths.inbox / "survey.zip").write_bytes(zipped({name: text.encode() for name, text in members.items()}))
    connection = night(paths, feeds)
    assert connection.execute(f"{ARITHMETIC} FROM control.files").fetchall() == [(18, 9, 0, 3, 6, 0)]
