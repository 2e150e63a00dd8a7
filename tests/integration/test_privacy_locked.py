"""One real night with a key, under umask 000, without a network, watched from outside while it runs."""

import base64
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.encryption import attach, is_encrypted
from assets.home import Home
from assets.keys import generate_key, load_key
from assets.publish.privacy.disk import disk_encryption
from assets.publish.privacy.needles import Identities
from assets.publish.privacy.scanner import Scanner
from assets.publish.zones import loose_modes

pytestmark = pytest.mark.xdist_group("locked")  # one watched night for all, not for each worker

IN_EVERY_PROCESS = """
import atexit, os, socket
witness = os.path.join(os.environ["WITNESS"], str(os.getpid()))
def tell(kind, text):
    with open(witness, "ab") as log:
        log.write(kind + b": " + text + b"\\n")
tell(b"argv", open("/proc/self/cmdline", "rb").read())
tell(b"env", open("/proc/self/environ", "rb").read())
atexit.register(lambda: tell(b"env at the end", repr(dict(os.environ)).encode()))
_connect = socket.socket.connect
def connect(self, address):
    local = self.family == socket.AF_UNIX or str(address[0]) in {"127.0.0.1", "::1", "localhost"}
    if not local:
        tell(b"NETWORK", repr(address).encode())
        raise OSError("no network in this test")
    return _connect(self, address)
def getaddrinfo(host, *rest, **more):
    if host not in {"127.0.0.1", "::1", "localhost", None}:
        tell(b"NETWORK", f"name {host}".encode())
        raise OSError("no network in this test")
    return _lookup(host, *rest, **more)
_lookup, socket.getaddrinfo, socket.socket.connect = socket.getaddrinfo, getaddrinfo, connect
"""


ON_ITS_WAY_OUT = re.compile(r"agency/work/tmp/(parquet\.part|release-|research\.duckdb\.part)")
"""What is made for another zone, with that zone's modes, behind folders of mode 700."""


@dataclass(frozen=True)
class Watched:
    """A home after its night, what was said, what its processes told of themselves, what looks in between showed."""

    home: Home
    code: int
    said: bytes
    witness: dict[str, bytes]
    looks: int
    loose: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, outcomes: Any, project_root: Path) -> Watched:
    root = tmp_path_factory.mktemp("locked")
    for folder in ("patch", "witness"):
        (root / folder).mkdir()
    (root / "patch" / "sitecustomize.py").write_text(IN_EVERY_PROCESS)
    home = Home(root / "home", key_file=root / "key")
    made = outcomes("sample", "--clients", "12", "--seed", "5", "--out", root / "sample", "--inbox", home.inbox)
    assert made.code == 0, made.err
    assert outcomes("keygen", root / "key", "--home", home.root).code == 0
    scanner = Scanner(Identities.read(root / "sample" / "canaries.json"))
    looks, loose, shown = 0, set(), set()
    with (root / "said").open("wb") as said:
        process = subprocess.Popen(
            [
                *without_network(),
                sys.executable,
                "-m",
                "orchestration.cli",
                "run",
                "--require-encryption",
                "--home",
                str(home.root),
            ],
            stdout=said,
            stderr=subprocess.STDOUT,
            cwd=project_root,
            umask=0,
            env={
                **os.environ,
                "OUTCOMES_HOME": str(home.root),
                "OUTCOMES_KEY_FILE": str(root / "key"),
                "PYTHONPATH": str(root / "patch"),
                "WITNESS": str(root / "witness"),
            },
        )
        while process.poll() is None:
            if home.agency.is_dir():
                looks += 1
                loose |= {name for name in look(loose_modes, home) if not ON_ITS_WAY_OUT.match(name)}
                shown |= {name for name in look(fresh_files, home) if list(scanner.find(content(home.root / name)))}
            time.sleep(0.3)
    witness = {path.name: path.read_bytes() for path in (root / "witness").iterdir()}
    return Watched(home, process.returncode, (root / "said").read_bytes(), witness, looks, loose, shown)


def without_network() -> list[str]:
    """Run what follows where there is no network at all, not even loopback, if the system lets us."""
    command = ["unshare", "--net"]
    try:
        return command if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0 else []
    except FileNotFoundError:
        return []


def look(question: Any, home: Home) -> list[str]:
    """Ask again when a file went away in the middle of it: the night goes on meanwhile."""
    while True:
        try:
            return list(question(home))
        except FileNotFoundError:
            continue


def fresh_files(home: Home) -> list[str]:
    """What lies in the working places and in the vault at this moment."""
    places = [home.work, home.vault, *home.agency.glob("*.duckdb*")]
    files = [path for place in places for path in ([place] if place.is_file() else place.rglob("*"))]
    return [str(path.relative_to(home.root)) for path in files if path.is_file()]


def content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def test_r06_a_night_needs_no_network_and_tries_none_in_any_of_its_processes(locked: Watched) -> None:
    assert locked.code == 0, locked.said.decode()
    commands = b"\n".join(locked.witness.values())
    for process in (b"orchestration.cli", b"assets.side", b"spss_probe"):
        assert process in commands, "positive control: every process of the night was under watch"
    assert [name for name, told in locked.witness.items() if b"NETWORK" in told] == []


def test_r25_with_a_key_nothing_shows_in_the_agency_zone_at_any_moment(locked: Watched) -> None:
    home = locked.home
    assert locked.code == 0, locked.said.decode()
    assert locked.looks > 10
    assert locked.shown == set()
    scanner = Scanner(Identities.read(home.root.parent / "sample" / "canaries.json"))
    assert any(list(scanner.find(content(path))) for path in home.inbox.iterdir()), "positive control"
    vault = [path for path in home.vault.rglob("*") if path.is_file()]
    assert len(vault) >= 6
    assert {path.stat().st_mode & 0o777 for path in vault} == {0o400}
    for path in [*vault, home.agency_db.resolve(), home.work_db]:
        data = path.read_bytes()
        assert list(scanner.find(data)) == []
        assert not data.startswith(b"PK\x03\x04")


def test_the_databases_of_the_agency_open_with_the_key_only(locked: Watched) -> None:
    home = locked.home
    for path in (home.work_db, home.agency_db.resolve()):
        assert is_encrypted(path)
        with pytest.raises(duckdb.Error, match="without a key"):
            duckdb.connect(str(path), read_only=True)
        with duckdb.connect() as connection:
            attach(connection, path, "opened", load_key(home), read_only=True)
            assert connection.execute("select count(*) from opened.control.crosswalk").fetchone() == (12,)
    with duckdb.connect(str(home.research_db), read_only=True) as connection:
        assert connection.execute("select count(*) from marts.client_study").fetchone() == (12,)


def test_r26_the_start_says_what_is_encrypted_and_what_the_disk_does(locked: Watched) -> None:
    said = " ".join(locked.said.decode().split())
    assert "Encrypted with the agency's key: the working database" in said
    assert "The disk under this home is" in said or "Whether the disk under this home is encrypted" in said


def test_r27_nobody_else_may_open_the_agency_zone_even_under_umask_000(locked: Watched) -> None:
    assert locked.code == 0, locked.said.decode()
    assert locked.looks > 10
    assert locked.loose == set(), "at some moment of the night"
    assert loose_modes(locked.home) == []
    assert locked.home.agency.stat().st_mode & 0o777 == 0o700


def test_r29_the_key_stands_nowhere_but_in_its_file(locked: Watched) -> None:
    home = locked.home
    assert home.key_file is not None
    secret = home.key_file.read_text().split()[1]
    key = load_key(home)
    assert key is not None
    raw = base64.b64decode(secret)
    forms = [secret.encode(), raw, raw.hex().encode()]
    for purpose in ("database", "vault"):
        forms += [key.derive(purpose), key.derive(purpose).hex().encode()]
    told = b"\n".join(locked.witness.values())
    assert told.count(str(home.key_file).encode()) > 2, "positive control: the path is in the environment"
    assert told.count(b"env at the end") > 0
    for form in forms:
        assert form not in told
        assert form not in locked.said
        assert [path.name for path in home.root.rglob("*") if path.is_file() and form in path.read_bytes()] == []


def switched(outcomes: Any, home: Path, *switches: str, **environment: str) -> Any:
    return outcomes("run", "--home", home, *switches, **environment)


def test_r26_required_encryption_refuses_before_anything_is_touched(outcomes: Any, tmp_path: Path) -> None:
    (tmp_path / "home" / "inbox").mkdir(parents=True)
    (tmp_path / "home" / "inbox" / "x.csv").write_text("a,b\n")
    done = switched(outcomes, tmp_path / "home", "--require-encryption")
    assert done.code == 1
    assert "encryption is required" in " ".join(done.err.split())
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["inbox"]


def test_r26_a_plain_disk_is_refused_before_anything_is_touched(outcomes: Any, tmp_path: Path) -> None:
    if disk_encryption(tmp_path) == "encrypted":
        pytest.skip("this machine's disk is encrypted")
    (tmp_path / "home" / "inbox").mkdir(parents=True)
    for command in ("run", "ui"):
        done = outcomes(command, "--home", tmp_path / "home", "--require-encrypted-disk")
        assert done.code == 1
        assert "an encrypted one is required" in " ".join(done.err.split())
        assert [path.name for path in (tmp_path / "home").iterdir()] == ["inbox"]


def test_r26_r29_a_home_with_a_key_runs_under_no_other(outcomes: Any, locked: Watched, tmp_path: Path) -> None:
    home = locked.home
    other = tmp_path / "other"
    generate_key(other, home)
    before = {path: path.stat().st_mtime_ns for path in home.root.rglob("*")}
    for environment, told in (
        ({}, "OUTCOMES_KEY_FILE is not set, but this home is encrypted"),
        ({"OUTCOMES_KEY_FILE": str(other)}, "not the key this home was encrypted with"),
        ({"OUTCOMES_KEY_FILE": str(tmp_path / "absent")}, "no such file"),
    ):
        done = switched(outcomes, home.root, **environment)
        assert done.code == 1
        assert told in " ".join(done.err.split())
        assert {path: path.stat().st_mtime_ns for path in home.root.rglob("*")} == before
    assert not (tmp_path / "absent").exists(), "no key is ever made in silence"


def test_staff_ask_the_encrypted_database_by_a_command_that_writes_nothing(
    outcomes: Any, locked: Watched, tmp_path: Path
) -> None:
    home, key = locked.home, {"OUTCOMES_KEY_FILE": str(locked.home.key_file)}
    told = outcomes("sql", "select count(*) as n from control.crosswalk", "--home", home.root, **key)
    assert (told.code, told.out) == (0, "n\n12\n"), "a shell takes a line, without a carriage return"
    working = outcomes("sql", "--working", "select count(*) as n from raw.intake", "--home", home.root, **key)
    assert (working.code, working.out.split()) == (0, ["n", "12"])
    for query, said in (
        (f"copy raw.intake to '{tmp_path / 'x.csv'}'", "PermissionException"),
        ("delete from raw.intake", "InvalidInputException"),
        ("select client_name::integer from raw.intake", "ConversionException"),
        ("select nothing from raw.intake", "nothing"),
    ):
        refused = outcomes("sql", query, "--home", home.root, **key)
        assert refused.code == 1
        assert said in refused.err
        assert "Could not convert" not in refused.err
    assert list(tmp_path.iterdir()) == []
    assert outcomes("sql", "select 1", "--home", home.root).code == 1
