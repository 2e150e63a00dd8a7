"""With a key nothing of a file lies on the disk in plain outside the inbox, not even while the file is read."""

import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.home import Home
from assets.ingest import Feeds, IngestPaths, ingest, load_feeds, pipeline, read_again
from assets.ingest.inbox import list_inbox
from assets.ingest.vault import from_vault, into_vault
from assets.keys import Key, generate_key, load_key
from assets.publish.privacy.needles import Identities
from assets.publish.privacy.scanner import Scanner
from tests.faults.good import intake_book, intake_rows, note_rows, notes_book, responses, survey_csv

NOW = datetime(2022, 2, 1, 8, tzinfo=UTC)
NAME, PHRASE = "Zorblatt-Núñez", "met at the Quixotic Bakery"
ZIP = b"PK\x03\x04"


@pytest.fixture(scope="module")
def feeds(project_root: Path) -> Feeds:
    return load_feeds(project_root / "config")


@pytest.fixture
def paths(tmp_path: Path) -> IngestPaths:
    """A home with a key and three exports: a workbook of names, one of narratives, a survey in a zip."""
    home = Home(tmp_path / "home", key_file=tmp_path / "key")
    home.inbox.mkdir(parents=True)
    generate_key(tmp_path / "key", home)
    people = intake_rows(9)
    people[3][2] = NAME
    intake_book(people).save(home.inbox / "intake.xlsx")
    notes = note_rows(20)
    notes[5][8] = PHRASE
    notes_book(notes).save(home.inbox / "notes.xlsx")
    survey = survey_csv(responses(4))
    with zipfile.ZipFile(home.inbox / "mspss.zip", "w") as archive:
        archive.writestr("mspss.csv", survey)
    return IngestPaths(home.inbox, home.vault, home.rejected, home.temp, settle_seconds=0, key=load_key(home))


def shown(paths: IngestPaths) -> list[str]:
    """Files beside the inbox that hold the canary in any form, or a workbook or archive in plain."""
    scanner = Scanner(Identities(names=(NAME, PHRASE)))
    found = []
    for path in sorted(paths.vault.parent.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if ZIP in data or list(scanner.find(data)) or scanner.scan_bytes(data):
                found.append(path.name)
    return found


def originals(paths: IngestPaths) -> list[bytes]:
    return sorted(path.read_bytes() for path in paths.inbox.iterdir())


def open_all(paths: IngestPaths) -> list[bytes]:
    names = sorted({path.name.split(".")[0] for path in paths.vault.rglob("*") if path.is_file()})
    held = []
    for name in names:
        original = from_vault(name, paths.vault, paths.temp, paths.key)
        assert original is not None
        with original:
            held.append(original.path.read_bytes())
    return sorted(held)


def test_r25_the_vault_is_sealed_before_and_while_a_file_is_read(
    paths: IngestPaths, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[list[str]] = []
    real = read_again.read_file

    def watched(place: Path, *rest: Any) -> None:
        assert place.read_bytes() in originals(paths)
        looks.append(shown(paths))
        real(place, *rest)
        looks.append(shown(paths))

    monkeypatch.setattr(read_again, "read_file", watched)
    with duckdb.connect(config={"threads": 1}) as connection:
        ingest(paths, connection, feeds, now=NOW)
        loaded = connection.execute("select count(*) from control.files where status = 'loaded'").fetchone()
        assert connection.execute("select count(*) from raw.intake where client_name = ?", [NAME]).fetchone() == (1,)
    assert loaded == (3,)
    assert looks == [[]] * 6
    assert shown(paths) == []
    files = [path for path in paths.vault.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".sealed"}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o400}
    assert open_all(paths) == originals(paths)


def test_r25_the_control_without_a_key_the_same_look_finds_it(paths: IngestPaths, feeds: Feeds) -> None:
    with duckdb.connect(config={"threads": 1}) as connection:
        ingest(replace(paths, key=None), connection, feeds, now=NOW)
    assert len(shown(paths)) == 3
    assert {path.stat().st_mode & 0o777 for path in paths.vault.rglob("*") if path.is_file()} == {0o400}


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
import duckdb
from assets.home import Home
from assets.ingest import IngestPaths, ingest, load_feeds, read_again
from assets.keys import load_key
root, key, number = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
home = Home(root, key_file=key)
paths = IngestPaths(home.inbox, home.vault, home.rejected, home.temp, settle_seconds=0, key=load_key(home))
real, calls = read_again.read_file, []
def deadly(*arguments):
    calls.append(real(*arguments))
    if len(calls) == number:
        os.kill(os.getpid(), signal.SIGKILL)
read_again.read_file = deadly
ingest(paths, duckdb.connect(), load_feeds(home.config), now=datetime(2022, 2, 1, 8, tzinfo=UTC))
"""


def test_r25_r28_a_run_killed_in_the_reader_leaves_nothing_in_plain(
    paths: IngestPaths, feeds: Feeds, project_root: Path
) -> None:
    root = paths.inbox.parent
    for number in ("1", "2", "3"):
        command = [sys.executable, "-c", KILLED, str(root), str(root.parent / "key"), number]
        done = subprocess.run(command, cwd=project_root, capture_output=True, check=False)
        assert done.returncode == -9, done.stderr
        assert shown(paths) == []
    with duckdb.connect() as connection:
        assert ingest(paths, connection, feeds, now=NOW).files["loaded"] == 3
    assert shown(paths) == []
    assert not list(paths.temp.iterdir())


def test_what_is_parsed_is_what_is_vaulted_whatever_becomes_of_the_inbox_file(
    paths: IngestPaths, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The export is replaced by another one in the moment in which it is read."""
    first = (paths.inbox / "intake.xlsx").read_bytes()
    real = read_again.read_file

    def replaced(place: Path, *rest: Any) -> None:
        if place.read_bytes() == first:
            intake_book(intake_rows(30)).save(paths.inbox / "intake.xlsx")
        real(place, *rest)

    monkeypatch.setattr(read_again, "read_file", replaced)
    with duckdb.connect(config={"threads": 1}) as connection:
        ingest(paths, connection, feeds, now=NOW)
        rows = connection.execute("select count(*), count(distinct file_token) from raw.intake").fetchone()
        token = connection.execute("select sha256 from control.files where kind = 'intake'").fetchone()
    assert rows == (9, 1)
    assert token is not None
    original = from_vault(token[0], paths.vault, paths.temp, paths.key)
    assert original is not None
    with original:
        assert original.path.read_bytes() == first


def test_new_maps_read_again_from_the_vault_and_a_damaged_copy_is_made_anew(
    paths: IngestPaths, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []

    def counted(candidate: Any, *rest: Any) -> Any:
        taken.append(candidate.name)
        return into_vault(candidate, *rest)

    monkeypatch.setattr(pipeline, "into_vault", counted)
    with duckdb.connect(config={"threads": 1}) as connection:
        ingest(paths, connection, feeds, now=NOW)
        assert taken == ["intake.xlsx", "mspss.zip", "notes.xlsx"]
        ingest(paths, connection, feeds.model_copy(update={"hash": "1" * 64}), now=NOW)
        assert len(taken) == 3
        spoilt = max(paths.vault.rglob("*.sealed"), key=lambda path: path.stat().st_size)
        data = bytearray(spoilt.read_bytes())
        data[len(data) // 2] ^= 1
        spoilt.chmod(0o600)
        spoilt.write_bytes(bytes(data))
        summary = ingest(paths, connection, feeds.model_copy(update={"hash": "2" * 64}), now=NOW)
    assert len(taken) == 4
    assert summary.files["loaded"] == 3
    assert open_all(paths) == originals(paths)


def test_without_files_in_memory_a_private_file_serves_and_goes(
    paths: IngestPaths, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "memfd_create")  # as on a system that is not Linux
    seen: list[int] = []
    real = read_again.read_file

    def watched(place: Path, *rest: Any) -> None:
        assert place.parent == paths.temp
        seen.append(place.stat().st_mode & 0o777)
        real(place, *rest)

    monkeypatch.setattr(read_again, "read_file", watched)
    with duckdb.connect(config={"threads": 1}) as connection:
        assert ingest(paths, connection, feeds, now=NOW).files["loaded"] == 3
    assert seen == [0o600] * 3
    assert not list(paths.temp.iterdir())
    assert shown(paths) == []


def test_a_key_of_another_home_opens_no_file_of_this_vault(paths: IngestPaths) -> None:
    (candidate,) = [found for found in list_inbox(paths.inbox) if found.name == "intake.xlsx"]
    with into_vault(candidate, paths.vault, paths.temp, paths.key) as original:
        sha256 = original.sha256
    assert from_vault(sha256, paths.vault, paths.temp, Key(b"\1" * 32)) is None
    assert len(open_all(paths)) == 1, "and it stays as it was"
