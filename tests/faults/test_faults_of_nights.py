"""Rows 60 to 62 of the fault table: not a bad file, but a night that goes wrong, with the good files of a night."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.errors import DataError
from assets.ingest import Feeds, IngestPaths, ingest, load_feeds
from tests.faults.cells import intake_with
from tests.faults.good import goal_rows, goals_book, note_rows, notes_book, write_good

pytestmark = pytest.mark.integration
NOW = datetime(2022, 2, 1, 8, tzinfo=UTC)
TABLES = ("raw.intake", "raw.case_notes", "raw.goal_plans", "raw.survey_mspss", "control.findings")
SCRIPT = """
import resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
import duckdb
from assets.ingest import IngestPaths, ingest, load_feeds
config, home, most = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
feeds = load_feeds(config)
paths = IngestPaths(home / "inbox", home / "vault", home / "rejected", home / "tmp", settle_seconds=0)
connection = duckdb.connect(str(home / "work.duckdb"), config={"threads": 1})
if most:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
print("ready", flush=True)
ingest(paths, connection, feeds, now=datetime(2022, 2, 1, 8, tzinfo=UTC))
connection.execute("CHECKPOINT")
connection.close()
"""


@pytest.fixture(scope="module")
def feeds(project_root: Path) -> Feeds:
    return load_feeds(project_root / "config")


def paths_in(home: Path) -> IngestPaths:
    return IngestPaths(home / "inbox", home / "vault", home / "rejected", home / "tmp", settle_seconds=0)


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good files, large enough to be met in the middle, and one with a bad row."""
    folder = tmp_path_factory.mktemp("exports")
    write_good(folder)
    notes_book(note_rows(200)).save(folder / "notes.xlsx")
    goals_book(goal_rows(600)).save(folder / "goals.xlsx")
    intake_with("Intake Date", "2021-13-45").save(folder / "spoiled.xlsx")
    return folder


@pytest.fixture
def home(tmp_path: Path, exports: Path) -> Path:
    """A home whose inbox holds the exports."""
    shutil.copytree(exports, tmp_path / "home" / "inbox")
    return tmp_path / "home"


def start(project_root: Path, home: Path, most: int = 0) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", SCRIPT, str(project_root / "config"), str(home), str(most)]
    return subprocess.Popen(
        arguments, cwd=project_root, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ)
    )


def contents(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[Any, ...]]]:
    found = {table: con.execute(f"FROM {table} ORDER BY ALL").fetchall() for table in TABLES}
    for table, untold in (
        ("files", "first_seen, loaded_at, first_loaded_at, exported_at"),
        ("quarantine", "opened_at"),
    ):
        found[table] = con.execute(f"SELECT * EXCLUDE ({untold}) FROM control.{table} ORDER BY ALL").fetchall()
    return found


def again(home: Path, feeds: Feeds) -> dict[str, list[tuple[Any, ...]]]:
    """What stands after one more night that nothing disturbs; before it, only whole files may be there."""
    with duckdb.connect(str(home / "work.duckdb"), config={"threads": 1}) as con:
        tables = {row[0] for row in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        if "files" in tables:
            listed = con.execute("SELECT file_token, kind, rows_loaded FROM control.files WHERE kind IS NOT NULL")
            for token, kind, rows in listed.fetchall():
                counted = con.execute(f"SELECT count(*) FROM raw.{kind} WHERE file_token = ?", [token]).fetchone()
                assert counted == (rows,), "a file is there as a whole or not at all"
        ingest(paths_in(home), con, feeds, now=NOW)
        return contents(con)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory, exports: Path, feeds: Feeds) -> dict[str, list[tuple[Any, ...]]]:
    """What one undisturbed night of these files gives."""
    home = tmp_path_factory.mktemp("clean") / "home"
    shutil.copytree(exports, home / "inbox")
    found = again(home, feeds)
    assert len(found["files"]) == 5
    return found


@pytest.mark.parametrize("seed", range(5))
def test_60_killed_at_a_random_moment(home: Path, project_root: Path, feeds: Feeds, clean: Any, seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(2):
        night = start(project_root, home)
        assert night.stdout is not None
        assert night.stdout.readline() == "ready\n"
        time.sleep(draw.uniform(0, 0.8))  # not for something to happen, but for any moment to be met
        night.send_signal(signal.SIGKILL)
        night.communicate()
    assert again(home, feeds) == clean


@pytest.mark.parametrize("most", [20_000, 300_000, 600_000])
def test_60_a_full_disk(home: Path, project_root: Path, feeds: Feeds, clean: Any, most: int) -> None:
    """No file of the night may grow above a limit: the write fails as on a full disk, wherever it happens."""
    night = start(project_root, home, most)
    _, told = night.communicate(timeout=120)
    assert night.returncode == 1, told
    assert "Invented" not in told
    assert again(home, feeds) == clean


def test_60_the_clock_jumps(home: Path, feeds: Feeds, clean: Any) -> None:
    for name, years in (("notes.xlsx", 20), ("goals.xlsx", -30)):
        moment = (NOW + timedelta(days=365 * years)).timestamp()
        os.utime(home / "inbox" / name, (moment, moment))
    later = {name: (home / "inbox" / name).read_bytes() for name in ("good_mspss.csv", "spoiled.xlsx")}
    with duckdb.connect(str(home / "work.duckdb"), config={"threads": 1}) as con:
        for name in later:
            (home / "inbox" / name).unlink()
        ingest(paths_in(home), con, feeds, now=NOW + timedelta(days=2))
        for name, content in later.items():
            (home / "inbox" / name).write_bytes(content)
        ingest(paths_in(home), con, feeds, now=NOW)
    found = again(home, feeds)
    assert {table: found[table] for table in TABLES[:4]} == {table: clean[table] for table in TABLES[:4]}
    assert {(row[2], row[5], row[6]) for row in found["files"]} == {(row[2], row[5], row[6]) for row in clean["files"]}


def test_61_a_share_that_has_gone(home: Path, feeds: Feeds) -> None:
    """It fails clearly, and what was loaded before stays."""
    before = again(home, feeds)
    (home / "inbox").rename(home / "elsewhere")
    with duckdb.connect(str(home / "work.duckdb")) as con:
        with pytest.raises(DataError) as caught:
            ingest(paths_in(home), con, feeds, now=NOW)
        assert caught.value.code == "UNREADABLE"
        assert contents(con) == before


def test_62_a_weekly_source_is_late(home: Path, feeds: Feeds) -> None:
    """The good files were exported on 7 January; intake is expected every 8 days, and told once it is later."""
    with duckdb.connect() as con:
        for day, stale in ((15, False), (16, True)):
            ingest(paths_in(home), con, feeds, now=datetime(2022, 1, day, 18, tzinfo=UTC))
            found = con.execute(
                "SELECT kind, severity FROM control.findings JOIN control.files USING (file_token) "
                "WHERE code = 'STALE' AND kind = 'intake'"
            ).fetchall()
            assert found == ([("intake", "warn")] if stale else []), day
