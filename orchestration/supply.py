"""``make audit``: is what is installed what the lock files name, and is any of it known to be vulnerable?

Exit codes: 0 all of it was checked and nothing was found; 1 something is wrong; 3 the locks hold, but not every package
could be asked about (offline, or a registry without a vulnerability service): that is not a clean bill. Offline a copy
of the advisories answers: ``make audit ADVISORIES=folder-or-zip``.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from packaging.markers import Marker
from packaging.utils import canonicalize_name

from assets.errors import ConfigError
from assets.home import PROJECT_ROOT
from orchestration.advisories import affecting, read_advisories

LOCKS = ("requirements.lock", "requirements-dev.lock")
TOOLS = {"pip", "setuptools", "uv", "outcomes-warehouse"}
"""What the environment is made with, and the project itself."""
CLEAN, WRONG, NOT_ASKED = 0, 1, 3
_NAMED = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\]+?))?\s*\\?$"
)
_HASH = re.compile(r"^--hash=sha256:[0-9a-f]{64}\s*\\?$")


@dataclass(frozen=True)
class Locked:
    """One entry of a lock file."""

    name: str
    version: str
    marker: str | None
    hashes: int

    @property
    def applies(self) -> bool:
        """Whether this machine and Python need it."""
        return self.marker is None or Marker(self.marker).evaluate()


def read_lock(text: str) -> tuple[list[Locked], list[str]]:
    """Return the entries of a lock file, and the lines that are no entry: every one of those is a fault."""
    entries: list[Locked] = []
    faults: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.strip()
        named = _NAMED.match(words)
        if named:
            entries.append(Locked(canonicalize_name(named["name"]), named["version"], named["marker"], 0))
        elif _HASH.match(words) and entries:
            last = entries[-1]
            entries[-1] = Locked(last.name, last.version, last.marker, last.hashes + 1)
        elif words and not words.startswith("#"):
            faults.append(f"line {number} is neither a version with hashes nor a comment")
    faults += [f"{entry.name} {entry.version} has no hash" for entry in entries if not entry.hashes]
    return entries, faults


def check_locks(root: Path) -> Iterator[str]:
    """Yield what is wrong with the lock files themselves."""
    versions: dict[str, set[tuple[str, str, str | None]]] = {}
    for lock in LOCKS:
        entries, faults = read_lock((root / lock).read_text("utf-8"))
        yield from (f"{lock}: {fault}" for fault in faults)
        versions[lock] = {(entry.name, entry.version, entry.marker) for entry in entries}
    for name, version, _ in sorted(versions[LOCKS[0]] - versions[LOCKS[1]], key=str):
        if not any((name, version) == other[:2] for other in versions[LOCKS[1]]):
            yield f"{name} {version} is in {LOCKS[0]} and not in {LOCKS[1]}"


def check_installed(root: Path) -> Iterator[str]:
    """Yield packages that are installed in another version than the locks name, or that no lock names."""
    locked = {
        entry.name: entry.version
        for lock in LOCKS
        for entry in read_lock((root / lock).read_text("utf-8"))[0]
        if entry.applies
    }
    for found in sorted(distributions(), key=lambda found: found.name.lower()):
        name = canonicalize_name(found.name)
        if name in TOOLS:
            continue
        if name not in locked:
            yield f"{name} {found.version} is installed, but no lock names it"
        elif locked[name] != found.version:
            yield f"{name} is {found.version}, the lock says {locked[name]}"


def check_together() -> Iterator[str]:
    """Yield what ``pip check`` says: requirements of installed packages that are not met."""
    done = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    if done.returncode:
        yield from done.stdout.splitlines() or ["pip check could not run"]


@dataclass(frozen=True)
class Scan:
    """What the vulnerability service said: findings in words, how many packages it knew and how many not."""

    found: list[str]
    asked: int
    unknown: int


def read_scan(text: str) -> Scan:
    """Read pip-audit's JSON. A package it skipped was not checked, whatever its exit code says."""
    found, asked, unknown = [], 0, 0
    for package in json.loads(text)["dependencies"]:
        if "skip_reason" in package:
            unknown += 1
            continue
        asked += 1
        found += [
            f"{package['name']} {package['version']}: {flaw['id']}, mended in {' '.join(flaw['fix_versions']) or '-'}"
            for flaw in package["vulns"]
        ]
    return Scan(found, asked, unknown)


def scan(root: Path) -> Scan | None:
    """Ask about every locked package; None when no service answered."""
    done = subprocess.run(  # noqa: S603 - our own interpreter, our own lock file
        [sys.executable, "-m", "pip_audit", "--requirement", str(root / LOCKS[1]), "--require-hashes", "--disable-pip",
         "--progress-spinner", "off", "--format", "json", "--timeout", "15"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        return read_scan(done.stdout)
    except (ValueError, KeyError):
        return None


def scan_offline(root: Path, place: Path) -> Scan:
    """Look every locked package up in a copy of the advisories; one without an advisory is known to have none."""
    advisories = read_advisories(place)
    entries = {
        (entry.name, entry.version) for lock in LOCKS for entry in read_lock((root / lock).read_text("utf-8"))[0]
    }
    found = [line for name, version in sorted(entries) for line in affecting(advisories, name, version)]
    return Scan(found, len(entries), 0)


def main(arguments: Sequence[str] = ()) -> int:
    """Check everything and say it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make audit", description=__doc__)
    parser.add_argument("--advisories", type=Path, help="folder or zip of advisories in the OSV format: asks nobody")
    place = parser.parse_args(arguments).advisories
    wrong = [*check_locks(PROJECT_ROOT), *check_installed(PROJECT_ROOT), *check_together()]
    try:
        told = scan_offline(PROJECT_ROOT, place) if place else scan(PROJECT_ROOT)
    except ConfigError as error:
        print(f"✗ {error}")
        return WRONG
    wrong += told.found if told else []
    for line in wrong:
        print(f"✗ {line}")
    if not wrong:
        print("✓ every package is locked by hash, installed as locked, and fits the others")
    if told is None:
        print(
            "! no vulnerability service answered: nothing is known about known vulnerabilities."
            " Run this online, or with ADVISORIES=folder-or-zip"
        )
    elif told.unknown:
        print(f"! {told.asked} packages were looked up, {told.unknown} are unknown to the service that answered")
    else:
        print(f"✓ {told.asked} packages were looked up")
    if wrong:
        return WRONG
    return NOT_ASKED if told is None or told.unknown else CLEAN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
