"""Every kind of failing night, real, and after each the scanner: nothing is printed or kept that names anybody."""

import contextlib
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.home import PROJECT_ROOT, Home
from assets.keys import generate_key
from assets.publish.privacy.needles import Identities
from assets.publish.privacy.scanner import Scanner
from orchestration.lock import writing
from tests.leaks import leaks

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass
class Spoilt:
    """A home that had a good night and what was done to it since; ``name`` is somebody's in it."""

    home: Home
    config: Path
    people: Identities
    name: str
    environment: dict[str, str] = field(default_factory=dict)
    limits: dict[int, int] = field(default_factory=dict)
    held: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def change(self, *statements: str) -> None:
        with duckdb.connect(str(self.home.work_db)) as connection:
            for statement in statements:
                connection.execute(statement, [self.name] if "?" in statement else None)

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.config / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")


BEFORE_DBT = """
import os, sys
sys.path.insert(0, os.environ["PROJECT"])
import assets.warehouse as room, assets.warehouse.dbt as inner
build = room.build
def spoilt(paths, *given, **named):
    import duckdb
    with duckdb.connect(str(paths.database)) as connection:
        connection.execute("alter table raw.goal_plans alter set_date type varchar")
        connection.execute("update raw.goal_plans set set_date = ?", [os.environ["CANARY"]])
    return build(paths, *given, **named)
room.build = inner.build = spoilt
"""


def dbt_cannot_run(night: Spoilt) -> None:
    """Cells that a model cannot compute with, behind the gate that would have seen them: DuckDB quotes them to dbt."""
    for zone in (night.home.agency, night.home.research, night.home.public):
        shutil.rmtree(zone)
    patch = night.config.parent / "patch"
    patch.mkdir()
    (patch / "sitecustomize.py").write_text(BEFORE_DBT)
    night.environment |= {"PYTHONPATH": str(patch), "PROJECT": str(PROJECT_ROOT), "CANARY": night.name}


def dbt_test_fails(night: Spoilt) -> None:
    night.change(
        "insert into control.crosswalk select client_id, source_client_id from control.crosswalk order by all limit 1"
    )


def an_id_is_a_name(night: Spoilt) -> None:
    """The worst that can happen to the crosswalk: research ID and name changed places for one client."""
    night.change(
        "update control.crosswalk set client_id = ? where client_id = (select min(client_id) from control.crosswalk)"
    )


def no_room(night: Spoilt) -> None:
    """No file may grow beyond 6 MB: what a full disk does to the databases, without needing one."""
    night.limits[resource.RLIMIT_FSIZE] = 6_000_000


def another_program_has_the_database(night: Spoilt) -> None:
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    other = night.held.enter_context(
        subprocess.Popen(
            [sys.executable, "-c", code, str(night.home.work_db)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"open\n"
    night.held.callback(other.communicate)


def another_run_is_writing(night: Spoilt) -> None:
    night.held.enter_context(writing(night.home.lock))


def bad_setting(night: Spoilt) -> None:
    night.edit("study.yml", "end: 2021-10-31", f"end: {night.name}")


def bad_yaml(night: Spoilt) -> None:
    night.edit("disclosure.yml", "retention:", f"retention: [{night.name}")


def bad_correction(night: Spoilt) -> None:
    """A line of a list that staff keep: its cells are values."""
    path = night.config / "overrides.csv"
    header = path.read_text("utf-8").splitlines()[0]
    path.write_text("\n".join([header, ",".join([night.name] * (header.count(",") + 1))]) + "\n", "utf-8")


def bad_alias(night: Spoilt) -> None:
    night.home.aliases.write_text(f"client_id_raw,client_id,reason\n{night.name},{night.name},{night.name}\n", "utf-8")


def other_key(night: Spoilt) -> None:
    first, second = night.home.root.parent / "first", night.home.root.parent / "second"
    for path in (first, second):
        generate_key(path, night.home)
    run(night, OUTCOMES_KEY_FILE=str(first))
    night.environment["OUTCOMES_KEY_FILE"] = str(second)


def no_inbox(night: Spoilt) -> None:
    shutil.rmtree(night.home.inbox)


KINDS: dict[str, tuple[Callable[[Spoilt], None], str]] = {
    # how the night is spoilt, and what it must say
    "dbt cannot compute": (dbt_cannot_run, "int_goals_settled (error)"),
    "dbt test": (dbt_test_fails, "grain_int_clients_identified_client_id"),
    "leak gate": (an_id_is_a_name, "TEXT_NOT_LISTED"),
    "out of disk": (no_room, "Exception"),
    "database in use": (another_program_has_the_database, "in use"),
    "another run": (another_run_is_writing, "another run"),
    "setting": (bad_setting, "study.yml"),
    "yaml": (bad_yaml, "disclosure.yml"),
    "correction": (bad_correction, "overrides.csv"),
    "alias": (bad_alias, "aliases.csv"),
    "key": (other_key, "not the key this home was encrypted with"),
    "inbox": (no_inbox, "no inbox folder"),
}


@pytest.fixture(scope="module")
def good(outcomes: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Identities]:
    folder = tmp_path_factory.mktemp("good")
    made = outcomes(
        "sample", "--clients", "14", "--seed", "29", "--out", folder / "in", "--inbox", folder / "home/inbox"
    )
    assert made.code == 0, made.err
    done = outcomes("run", "--home", folder / "home")
    assert done.code == 0, done.err
    return folder, Identities.read(folder / "in" / "canaries.json")


@pytest.fixture
def spoilt(good: tuple[Path, Identities], tmp_path: Path) -> Iterator[Spoilt]:
    folder, people = good
    shutil.copytree(folder / "home", tmp_path / "home", symlinks=True)
    shutil.copytree(PROJECT_ROOT / "config", tmp_path / "config")
    night = Spoilt(Home(tmp_path / "home"), tmp_path / "config", people, max(people.names, key=len))
    with night.held:
        yield night


def run(night: Spoilt, **environment: str) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        for kind, value in night.limits.items():
            resource.setrlimit(kind, (value, value))

    return subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "run", "--home", str(night.home.root)],
        capture_output=True, text=True, timeout=300, cwd=PROJECT_ROOT, check=False, preexec_fn=limit,
        env={**os.environ, "OUTCOMES_CONFIG": str(night.config), **night.environment, **environment},
    )  # fmt: skip


def newest(home: Home) -> Path | None:
    return home.research_db.readlink() if home.research_db.is_symlink() else None


@pytest.mark.parametrize("kind", KINDS)
def test_r01_r02_r03_no_kind_of_failing_night_tells_of_anybody(spoilt: Spoilt, kind: str) -> None:
    spoil, told = KINDS[kind]
    spoil(spoilt)
    before = newest(spoilt.home)
    done = run(spoilt)
    shown = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 1, shown
    assert told in shown
    assert "Traceback" not in shown
    assert Scanner(spoilt.people).scan_bytes((done.stdout + done.stderr).encode()) == []
    assert leaks(spoilt.home, spoilt.people) == []
    if kind != "key":  # its home was encrypted by a good night first
        assert newest(spoilt.home) == before, "what was published stays"
