"""What every tier shares: where the reference files are, and the rule that a tier stays what it says it is."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
TIERS = {"integration", "end_to_end"}


@pytest.fixture(scope="session")
def project_root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The reference files beside the checkout; tests that need them skip where they are absent."""
    path = Path(os.environ.get("OUTCOMES_SHARED") or ROOT.parent / "shared")
    if not (path / "contract.md").is_file():
        pytest.skip("the shared reference files are not beside this checkout")
    return path


@dataclass(frozen=True)
class Called:
    """How a real command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Outcomes = Callable[..., Called]


def call_outcomes(*arguments: str | Path, timeout: float = 240, **environment: str) -> Called:
    """Start the real ``outcomes`` command of this checkout in a process of its own."""
    done = subprocess.run(  # noqa: PLW1510
        [sys.executable, "-m", "orchestration.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    return Called(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def outcomes() -> Outcomes:
    return call_outcomes


@dataclass(frozen=True)
class Night:
    """A home after one good night, and what the command said. Shared by all tests: read only."""

    home: Path
    summary: dict[str, Any]
    truth: dict[str, Any]


def _once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Make a folder once for all workers of the suite; the others wait for the first."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert (folder / "made").exists() or not folder.exists(), "it could not be made: see the first error"
        if not folder.exists():
            folder.mkdir()
            make(folder)
            (folder / "made").touch()
    return folder


def _shared_temp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


def _night_of(folder: Path, fill: Callable[[Path], None]) -> Night:
    def make(target: Path) -> None:
        (target / "home" / "inbox").mkdir(parents=True)
        fill(target)
        done = call_outcomes("run", "--home", target / "home", "--json")
        assert done.code == 0, done.out + done.err
        (target / "summary.json").write_text(done.out)

    made = _once(folder, make)
    truth = json.loads((made / "truth.json").read_text())
    return Night(made / "home", json.loads((made / "summary.json").read_text()), truth)


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """One good night on a sample agency of 95 clients."""

    def fill(target: Path) -> None:
        made = call_outcomes(
            "sample", "--clients", "95", "--seed", "11", "--out", target / "sample", "--inbox", target / "home/inbox"
        )
        assert made.code == 0, made.err
        shutil.copyfile(target / "sample" / "truth.json", target / "truth.json")

    return _night_of(_shared_temp(tmp_path_factory) / "night", fill)


REFERENCE_EXPORTS = (
    "intake.xlsx", "case_notes.xlsx", "goal_plans.xlsx", "Support_Survey_MSPSS.csv", "Coping_CSES.csv", "URICA-12.csv",
    "minimal_dataset.sav",
)  # fmt: skip


@pytest.fixture(scope="session")
def reference_night(tmp_path_factory: pytest.TempPathFactory, shared_dir: Path) -> Night:
    """One good night on the reference agency."""

    def fill(target: Path) -> None:
        source = shared_dir / "fixtures" / "agency"
        for name in REFERENCE_EXPORTS:
            shutil.copyfile(source / name, target / "home" / "inbox" / name)
        shutil.copyfile(source / "truth.json", target / "truth.json")

    return _night_of(_shared_temp(tmp_path_factory) / "reference_night", fill)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its folder, so that a tier cannot be joined by accident."""
    for item in items:
        for tier in TIERS:
            if tier in item.path.parts:
                item.add_marker(getattr(pytest.mark, tier))
        if "shared_dir" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.shared)
