"""The release ledger: every public release is checked against all earlier ones before it may replace the last.

Two digests a week apart, both with no small cell, still tell about the one client who came in between. Both releases
and the changes between them are one system of equations; a change that concerns 1 to k - 1 clients and can be solved
for holds the new release back until enough has changed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.home import Home
from assets.publish.privacy.cells import Cell, System
from assets.publish.privacy.disclosure import PublicRelease, release_record
from assets.publish.privacy.keys import Key
from assets.publish.privacy.trail import append, entries

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Verdict:
    """Whether a release may go out. ``held_by`` are IDs of earlier releases it must not be compared with, ``cells``
    how many figures could be solved for."""

    allowed: bool
    held_by: tuple[str, ...] = ()
    cells: int = 0


def ledger_path(home: Home) -> Path:
    """Return the place of the ledger: in the agency zone, for it holds what every release hid."""
    return home.agency / "releases.jsonl"


def check(home: Home, release: PublicRelease) -> Verdict:
    """Judge ``release`` against every earlier public release in the ledger."""
    held, solved = [], 0
    for entry in entries(ledger_path(home)):
        if entry.get("zone") == "public":
            exposed = joint_audit(entry["record"], release_record(release), release.system, release.k)
            if exposed:
                held.append(str(entry["release_id"]))
                solved += len(exposed)
    return Verdict(not held, tuple(held), solved)


def enter(home: Home, release_id: str, release: PublicRelease, key: Key | None = None) -> str:
    """Write a release into the ledger and return the entry's hash; the true values behind hidden cells go along."""
    record = release_record(release)
    record["values"] = {name: cell.value for name, cell in sorted(release.system.cells.items())}
    return append(ledger_path(home), {"zone": "public", "release_id": release_id, "record": record}, key)


def joint_audit(earlier: dict[str, Any], later: dict[str, Any], system: System, k: int) -> list[str]:
    """Name the figures that the two releases together give away though neither does alone.

    The worst case is assumed: the reader knows of each count whether it rose or fell.
    """
    if (
        earlier["values"] == {name: cell.value for name, cell in sorted(system.cells.items())}
        and earlier["unknown"] == later["unknown"]
    ):
        return []
    joint = System()
    _take(joint, "earlier", earlier["values"], earlier["unknown"], earlier["equations"])
    values = {name: cell.value for name, cell in system.cells.items()}
    _take(joint, "later", values, later["unknown"], later["equations"])
    for name in sorted(earlier["values"].keys() & values.keys()):
        if system.cells[name].kind == "sum":
            continue
        before, after = earlier["values"][name], values[name]
        changed = f"change of {name}"
        joint.add(changed, abs(after - before), "derived")
        low, high = (f"earlier {name}", f"later {name}") if after >= before else (f"later {name}", f"earlier {name}")
        joint.adds_up([low, changed], high)
    return joint.audit(k)


def _take(
    joint: System, when: str, values: dict[str, int], unknown: "Iterable[str]", equations: list[dict[str, int]]
) -> None:
    closed = set(unknown)
    for name, value in values.items():
        joint.cells[f"{when} {name}"] = Cell(value, "level")
        if name in closed:
            joint.hidden.add(f"{when} {name}")
    joint.equations += [{f"{when} {name}": factor for name, factor in equation.items()} for equation in equations]
