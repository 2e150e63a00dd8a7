"""Several nights: crashes, missing folders, late sources, corrections, confirmations, the review queue."""

import csv
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import openpyxl
import pytest

from assets.errors import ConfigError, DataError
from assets.ingest import Feeds, IngestPaths, ingest, load_feeds
from assets.ingest.history import confirm_file
from tests.faults.good import (
    NOTES_HEADER,
    intake_book,
    intake_rows,
    note_rows,
    notes_book,
    responses,
    survey_csv,
    table_csv,
    write_good,
)

NOW = datetime(2022, 2, 1, 8, tzinfo=UTC)
NOBODY = 65534


@pytest.fixture(scope="module")
def feeds(project_root: Path) -> Feeds:
    return load_feeds(project_root / "config")


@pytest.fixture
def paths(tmp_path: Path) -> IngestPaths:
    return places(tmp_path)


def places(root: Path) -> IngestPaths:
    (root / "inbox").mkdir()
    return IngestPaths(
        root / "inbox",
        root / "vault",
        root / "rejected",
        root / "tmp",
        aliases_file=root / "aliases.csv",
        overrides_file=root / "overrides.csv",
        quarantine_book=root / "agency" / "quarantine.xlsx",
        settle_seconds=0,
    )


@contextmanager
def as_an_ordinary_user() -> Iterator[Path]:
    """A folder of an account that does not read everything; to root, which does, the one called nobody."""
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() != 0:
            yield Path(folder)
            return
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        try:
            yield Path(folder)
        finally:
            os.seteuid(0)


@pytest.fixture
def con():
    connection = duckdb.connect(config={"threads": 1})
    yield connection
    connection.close()


def status(con, name: str) -> tuple:
    return con.execute("SELECT status, reason, rows_loaded FROM control.files WHERE name = ?", [name]).fetchone()


def dated(book: openpyxl.Workbook, day: str) -> openpyxl.Workbook:
    book.worksheets[0]["A3"] = f"Report run {day} 06:00"
    return book


def test_a_missing_inbox_is_a_failure_and_not_an_empty_night(paths, con, feeds) -> None:
    paths.inbox.rmdir()
    with pytest.raises(DataError) as caught:
        ingest(paths, con, feeds, now=NOW)
    assert caught.value.code == "UNREADABLE"


def test_an_unreadable_file_is_refused_beside_good_ones(paths, con, feeds) -> None:
    # Readers import their libraries when they are used, and Python itself may lie where only root reads.
    write_good(paths.inbox)
    with duckdb.connect() as another:
        ingest(paths, another, feeds, now=NOW)
    with as_an_ordinary_user() as root:
        paths = places(root)
        write_good(paths.inbox)
        locked = paths.inbox / "locked.xlsx"
        intake_book().save(locked)
        locked.chmod(0)
        ingest(paths, con, feeds, now=NOW)
    assert status(con, "locked.xlsx")[:2] == ("rejected", "UNREADABLE")
    assert status(con, "good_intake.xlsx") == ("loaded", None, 8)


def test_an_inbox_that_may_not_be_listed_is_a_failure(con, feeds) -> None:
    with as_an_ordinary_user() as root:
        paths = places(root)
        write_good(paths.inbox)
        paths.inbox.chmod(0)
        with pytest.raises(DataError) as caught:
            ingest(paths, con, feeds, now=NOW)
        paths.inbox.chmod(0o700)
    assert caught.value.code == "UNREADABLE"


def test_a_name_that_is_no_text_is_spelled_out(paths, con, feeds) -> None:
    content = paths.inbox / "plain.xlsx"
    intake_book().save(content)
    odd = os.fsencode(paths.inbox) + b"/caf\xe9.xlsx"
    content.rename(os.fsdecode(odd))
    ingest(paths, con, feeds, now=NOW)
    assert con.execute("SELECT name, status FROM control.files").fetchall() == [("caf\\xe9.xlsx", "loaded")]


def test_a_name_keeps_one_row_through_its_troubles(paths, con, feeds) -> None:
    place = paths.inbox / "intake.xlsx"
    place.write_bytes(b"")
    for days in (0, 2):
        ingest(paths, con, feeds, now=NOW + timedelta(days=days))
    assert status(con, "intake.xlsx")[:2] == ("rejected", "EMPTY_FILE")
    assert len(list(paths.rejected.iterdir())) == 1
    intake_book().save(place)
    shutil.copy(place, paths.inbox / "copy.xlsx")
    ingest(paths, con, feeds, now=NOW + timedelta(days=3))
    assert con.execute("SELECT name, status FROM control.files ORDER BY name").fetchall() == [
        ("copy.xlsx", "loaded"),
        ("intake.xlsx", "duplicate"),
    ]
    (paths.inbox / "copy.xlsx").unlink()
    ingest(paths, con, feeds, now=NOW + timedelta(days=4))
    assert con.execute("SELECT name, status FROM control.files").fetchall() == [("intake.xlsx", "loaded")]
    assert con.execute("SELECT count(*) FROM raw.intake").fetchone() == (8,)


def test_exports_without_a_stated_moment_are_dated_by_their_newest_entry(paths, con, feeds) -> None:
    (paths.inbox / "notes.csv").write_text(table_csv(NOTES_HEADER, note_rows(5)), encoding="utf-8", newline="")
    ingest(paths, con, feeds, now=NOW)
    newest = max(row[3] for row in note_rows(5))
    assert con.execute("SELECT exported_at FROM control.files").fetchall() == [(newest + timedelta(hours=6),)]


def test_a_late_source_is_told_beside_its_newest_file(paths, con, feeds) -> None:
    intake_book().save(paths.inbox / "intake.xlsx")
    ingest(paths, con, feeds, now=datetime(2022, 1, 12, tzinfo=UTC))
    late = "SELECT n FROM control.findings WHERE code = 'STALE'"
    assert con.execute(late).fetchall() == []
    ingest(paths, con, feeds, now=datetime(2022, 1, 20, tzinfo=UTC))
    assert con.execute(late).fetchall() == [(12,)]


def test_a_file_that_keeps_growing_is_put_off(paths, con, feeds) -> None:
    slow = IngestPaths(paths.inbox, paths.vault, paths.rejected, paths.temp, settle_seconds=0.4)
    code = (
        "import sys, time\nwith open(sys.argv[1], 'ab', buffering=0) as f:\n"
        "    while True:\n        f.write(b'x,y\\n')\n        time.sleep(0.02)"
    )
    write_good(slow.inbox)
    writer = subprocess.Popen([sys.executable, "-c", code, str(slow.inbox / "growing.csv")])
    try:
        while not (slow.inbox / "growing.csv").exists():
            assert writer.poll() is None
        ingest(slow, con, feeds, now=NOW)
    finally:
        writer.kill()
        writer.wait()
    assert status(con, "growing.csv")[:2] == ("deferred", "STILL_WRITING")
    assert status(con, "good_intake.xlsx") == ("loaded", None, 8)


def test_a_killed_run_leaves_whole_files_and_the_next_run_equals_a_clean_one(
    paths, feeds, project_root, tmp_path
) -> None:
    write_good(paths.inbox)
    notes_book(note_rows(40)).save(paths.inbox / "notes.xlsx")
    database = tmp_path / "killed.duckdb"
    script = (
        "import sys, os, signal, duckdb\nfrom pathlib import Path\nfrom datetime import datetime, UTC\n"
        "from assets.ingest import ingest, load_feeds, IngestPaths\nimport assets.ingest.load as load\n"
        "root, home, database, after = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])\n"
        "calls = 0\nreal = load._insert\n"
        "def deadly(*args):\n    global calls\n    calls += 1\n    real(*args)\n"
        "    if calls == after:\n        os.kill(os.getpid(), signal.SIGKILL)\n"
        "load._insert = deadly\n"
        "paths = IngestPaths(home/'inbox', home/'vault', home/'rejected', home/'tmp', settle_seconds=0)\n"
        "ingest(paths, duckdb.connect(database), load_feeds(root/'config'), now=datetime(2022, 2, 1, 8, tzinfo=UTC))\n"
    )
    for after in (1, 2):
        arguments = [sys.executable, "-c", script, str(project_root), str(tmp_path), str(database), str(after)]
        done = subprocess.run(arguments, cwd=project_root, capture_output=True, check=False)
        assert done.returncode == -9, done.stderr
    with duckdb.connect(str(database)) as con:
        partial = con.execute("SELECT kind, rows_loaded FROM control.files").fetchall()
        for kind, rows in partial:
            assert con.execute(f"SELECT count(*) FROM raw.{kind}").fetchone() == (rows,)
        ingest(paths, con, feeds, now=NOW)
        survived = contents(con)
    with duckdb.connect() as con:
        ingest(paths, con, feeds, now=NOW)
        assert contents(con) == survived


def contents(con) -> dict[str, list[tuple]]:
    tables = ("raw.intake", "raw.case_notes", "raw.survey_mspss", "control.findings")
    found = {table: con.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall() for table in tables}
    found["files"] = con.execute("SELECT * EXCLUDE (first_seen, loaded_at) FROM control.files ORDER BY ALL").fetchall()
    return found


def test_a_held_export_loads_once_confirmed(paths, con, feeds) -> None:
    intake_book(intake_rows(40)).save(paths.inbox / "a.xlsx")
    ingest(paths, con, feeds, now=NOW)
    dated(intake_book(intake_rows(10)), "2022-01-08").save(paths.inbox / "b.xlsx")
    ingest(paths, con, feeds, now=NOW)
    assert status(con, "b.xlsx")[:2] == ("held", "SHRUNK")
    token = con.execute("SELECT file_token FROM control.files WHERE name = 'b.xlsx'").fetchone()[0]
    assert confirm_file(con, token, "a person", NOW.replace(tzinfo=None))
    assert not confirm_file(con, "no such file", "a person", NOW.replace(tzinfo=None))
    ingest(paths, con, feeds, now=NOW)
    assert status(con, "b.xlsx") == ("loaded", None, 10)


def test_an_export_cut_in_three_loads_as_the_whole(paths, con, feeds) -> None:
    rows = intake_rows(31)
    for number, part in enumerate((rows[:11], rows[11:20], rows[20:])):
        intake_book(part).save(paths.inbox / f"part{number}.xlsx")
    ingest(paths, con, feeds, now=NOW)
    whole = duckdb.connect()
    for path in paths.inbox.iterdir():
        path.unlink()
    intake_book(rows).save(paths.inbox / "whole.xlsx")
    ingest(paths, whole, feeds, now=NOW)
    select = "SELECT * EXCLUDE (file_token, sheet, row_number) FROM raw.intake ORDER BY ALL"
    assert con.execute(select).fetchall() == whole.execute(select).fetchall()
    whole.close()


def test_quarantined_rows_come_out_as_a_workbook_and_close_when_corrected(paths, con, feeds, tmp_path) -> None:
    rows = note_rows(6)
    rows[2][2] = "not a day"
    rows[2][8] = "@SUM(A1)"
    rows[3][1] = None
    notes_book(rows).save(paths.inbox / "notes.xlsx")
    ingest(paths, con, feeds, now=NOW)
    book_path = tmp_path / "agency" / "quarantine.xlsx"
    sheet = openpyxl.load_workbook(book_path)["case_notes"]
    lines = list(sheet.iter_rows(values_only=True))
    assert lines[0][:7] == ("File", "Sheet", "Row", "Column", "Code", "Reason", "Motivo")
    assert lines[0][7:] == tuple(c.value for c in notes_book().worksheets[0][3])
    assert [(line[2], line[4]) for line in lines[1:]] == [(6, "DATE_INVALID"), (7, "MISSING_KEY")]
    assert book_path.stat().st_mode & 0o077 == 0
    fixed = note_rows(6)
    dated_book = notes_book(fixed)
    dated_book.worksheets[0]["A2"] = "Report run 2022-01-09 06:00"
    dated_book.save(paths.inbox / "notes_fixed.xlsx")
    ingest(paths, con, feeds, now=NOW + timedelta(days=1))
    states = con.execute("SELECT rule_code, state, closed_at FROM control.quarantine ORDER BY row_number").fetchall()
    assert [(code, state) for code, state, _ in states] == [("DATE_INVALID", "fixed"), ("MISSING_KEY", "fixed")]
    assert not book_path.exists()


def write_overrides(path: Path, *rows: tuple[str, ...]) -> None:
    header = ("feed", "key", "column", "old", "new", "author", "reason", "expiry")
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([header, *rows])


def test_overrides_correct_single_values_and_report_the_idle_ones(paths, con, feeds) -> None:
    intake_book(intake_rows(5)).save(paths.inbox / "intake.xlsx")
    ingest(paths, con, feeds, now=NOW)
    write_overrides(
        paths.overrides_file,
        ("intake", "500001", "county", "tarrant", "dallas", "E. V.", "moved", ""),
        ("intake", "500002", "intake_date", "2020-03-02", "2020-03-05", "E. V.", "typing slip", "2030-01-01"),
        ("intake", "500003", "county", "wise", "dallas", "E. V.", "never so", ""),
        ("intake", "500004", "county", "tarrant", "dallas", "E. V.", "for a time", "2021-01-01"),
    )
    for _ in range(2):
        ingest(paths, con, feeds, now=NOW + timedelta(days=1))
    moments = con.execute("SELECT first_loaded_at, loaded_at FROM control.files").fetchall()
    assert moments == [(datetime(2022, 2, 1, 8), datetime(2022, 2, 2, 8))], "read again, and known since the first time"
    found = con.execute("SELECT record_id, county, intake_date FROM raw.intake ORDER BY record_id").fetchall()
    assert [row[1] for row in found] == ["dallas", "tarrant", "tarrant", "tarrant", "tarrant"]
    assert found[1][2].isoformat() == "2020-03-05"
    states = con.execute("SELECT state, hits FROM control.overrides ORDER BY record_key").fetchall()
    assert states == [("applied", 1), ("applied", 1), ("unused", 0), ("expired", 0)]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("no_feed", "1", "county", "a", "b", "x", "y", ""), "feed"),
        (("intake", "1", "no_column", "a", "b", "x", "y", ""), "column"),
        (("goal_plans", "1", "status", "a", "b", "x", "y", ""), "key"),
        (("intake", "1", "county", "a", "b", "", "y", ""), "author"),
        (("intake", "1", "county", "a", "b", "x", "y", "soon"), "expiry"),
    ],
)
def test_a_mistake_in_the_overrides_names_line_and_field(paths, con, feeds, row, told) -> None:
    write_overrides(paths.overrides_file, row)
    with pytest.raises(ConfigError, match=f"overrides.csv: line 2: {told}"):
        ingest(paths, con, feeds, now=NOW)


def test_unmatched_responses_wait_with_ranked_suggestions(paths, con, feeds) -> None:
    rows = responses(6)
    for row, typed in zip(rows, ("TX-00091", "client 3", "", "TX-00002", "TX-0000I", "test"), strict=True):
        row["QID1_TEXT"] = typed
    rows[5]["status"] = "2"
    intake_book(intake_rows(8)).save(paths.inbox / "intake.xlsx")
    (paths.inbox / "mspss.csv").write_text(survey_csv(rows), encoding="utf-8", newline="")
    ingest(paths, con, feeds, now=NOW)
    waiting = con.execute(
        "SELECT client_id_raw, suggestion_1 FROM control.survey_review ORDER BY client_id_raw NULLS FIRST"
    ).fetchall()
    assert waiting == [(None, None), ("TX-00091", "TX-00001"), ("client 3", None)]
    paths.aliases_file.write_text("client_id_raw,client_id,reason\nclient 3,TX-00003,asked staff\n", encoding="utf-8")
    ingest(paths, con, feeds, now=NOW)
    left = con.execute("SELECT client_id_raw FROM control.survey_review ORDER BY ALL NULLS FIRST").fetchall()
    assert left == [(None,), ("TX-00091",)]


def test_aliases_that_contradict_are_a_mistake_of_their_file(paths, con, feeds) -> None:
    text = "client_id_raw,client_id,reason\nTX-9,TX-00003,a\nTX-9,TX-00004,b\n"
    paths.aliases_file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"aliases\.csv: row 3"):
        ingest(paths, con, feeds, now=NOW)


def test_changed_maps_read_a_refused_file_again(paths, con, feeds, project_root, tmp_path) -> None:
    shutil.copytree(project_root / "config", tmp_path / "config")
    rows = intake_rows(4)
    header = ["Date of Admission" if c.value == "Intake Date" else c.value for c in intake_book().worksheets[0][5]]
    intake_book(rows, header).save(paths.inbox / "intake.xlsx")
    ingest(paths, con, feeds, now=NOW)
    assert status(con, "intake.xlsx")[:2] == ("rejected", "MISSING_COLUMN")
    form = tmp_path / "config" / "feeds" / "intake.yml"
    text = form.read_text(encoding="utf-8")
    form.write_text(text.replace("Date of Intake,", "Date of Intake, Date of Admission,"), encoding="utf-8")
    ingest(paths, con, load_feeds(tmp_path / "config"), now=NOW)
    assert status(con, "intake.xlsx") == ("loaded", None, 4)
