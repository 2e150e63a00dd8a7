"""The release ledger: every public release is checked against all earlier ones before it may replace the last.

Two digests a week apart, both with no small cell, still tell about the one client who came in between. Both releases
and the changes between them are one system of equations; a change that concerns 1 to k - 1 clients and can be solved
for holds the new release back until enough has changed. Means and models are no counts: two of them over the same
clients, one of whom was corrected in between, give the correction away. So the rows themselves are compared as well, by
marks that only this home can make: fewer than k rows that differ hold a release back whatever its counts say.
"""

import hashlib
import hmac
import json
import secrets
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.home import Home
from assets.keys import Key
from assets.publish.privacy.cells import Cell, System
from assets.publish.privacy.disclosure import PublicRelease, release_record
from assets.publish.privacy.trail import Broken, append, entries, verify_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd


@dataclass(frozen=True)
class Verdict:
    """Whether a release may go out. ``held_by`` are IDs of earlier releases it must not be compared with, ``cells``
    how many figures could be solved for; ``few_rows`` tells that too few rows differ from one of them."""

    allowed: bool
    held_by: tuple[str, ...] = ()
    cells: int = 0
    few_rows: bool = False


def ledger_path(home: Home) -> Path:
    """Return the place of the ledger: in the agency zone, for it holds what every release hid."""
    return home.agency / "releases.jsonl"


def check(
    home: Home, release: PublicRelease, clients: "pd.DataFrame | None" = None, *, joined: bool = False
) -> Verdict:
    """Judge ``release`` against every earlier public release; ``clients`` are the rows its figures were made from.

    ``joined``: releases from the same rows were part of the system that was protected, so they are not judged again.
    """
    held, solved, few = [], 0, False
    kept = _kept(home)
    rows = Counter(_marks(clients, kept["salt"])) if clients is not None else None
    for entry in entries(ledger_path(home)):
        if entry.get("zone") == "public":
            earlier = str(entry["release_id"])
            if joined and clients is not None and kept["releases"].get(earlier) == _marks(clients, kept["salt"]):
                continue
            exposed = joint_audit(entry["record"], release_record(release), release.system, release.k)
            alike = rows is not None and 0 < _differ(rows, kept["releases"].get(earlier)) < release.k
            if exposed or alike:
                held.append(earlier)
                solved, few = solved + len(exposed), few or alike
    return Verdict(not held, tuple(held), solved, few)


def enter(
    home: Home,
    release_id: str,
    release: PublicRelease,
    key: Key | None = None,
    clients: "pd.DataFrame | None" = None,
) -> str:
    """Write a release into the ledger and return the entry's hash; the true values behind hidden cells go along."""
    record = release_record(release)
    record["values"] = {name: cell.value for name, cell in sorted(release.system.cells.items())}
    if clients is not None:
        kept = _kept(home)
        kept["releases"][release_id] = _marks(clients, kept["salt"])
        fresh = rows_path(home).with_suffix(".new")
        fresh.write_text(json.dumps(kept), "utf-8")
        fresh.chmod(0o600)
        fresh.replace(rows_path(home))
    return append(ledger_path(home), {"zone": "public", "release_id": release_id, "record": record}, key)


def verify_ledger(home: Home, key: Key | None = None) -> list[Broken]:
    """Return everything that is wrong with the ledger; empty when it is whole."""
    return verify_in(home, ledger_path(home), key, wanted=(home.public / "current").is_symlink())


def same_rows(home: Home, release_id: str, clients: "pd.DataFrame") -> bool:
    """Whether an earlier release was made from exactly these rows."""
    kept = _kept(home)
    return bool(kept["releases"].get(release_id) == _marks(clients, kept["salt"]))


def same_as_before(home: Home, release_id: str, release: PublicRelease) -> bool:
    """Whether the newest entry of this name says the same, so that nothing new was told."""
    values = {name: cell.value for name, cell in sorted(release.system.cells.items())}
    told = [e["record"] for e in entries(ledger_path(home)) if e.get("release_id") == release_id]
    return bool(told) and told[-1] == {**release_record(release), "values": values}


def rows_path(home: Home) -> Path:
    """Return the place of the marks of released rows: keyed, without any ID, in an order that is none."""
    return home.agency / "release-rows.json"


def _kept(home: Home) -> dict[str, Any]:
    path = rows_path(home)
    if path.is_file():
        kept: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return kept
    return {"salt": secrets.token_hex(32), "releases": {}}


def _marks(clients: "pd.DataFrame", salt: str) -> list[str]:
    """A mark a row, of everything but its ID."""
    rows = clients.drop(columns="client_id", errors="ignore")
    texts = (json.dumps([*map(str, row)]) for row in rows[sorted(rows.columns)].itertuples(index=False, name=None))
    return sorted(hmac.new(bytes.fromhex(salt), text.encode(), hashlib.sha256).hexdigest()[:16] for text in texts)


def _differ(rows: "Counter[str]", earlier: "list[str] | None") -> int:
    """How many clients came, left or changed, at least; 0 when the earlier rows were never marked."""
    if earlier is None:
        return 0
    before = Counter(earlier)
    return max((rows - before).total(), (before - rows).total())


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
