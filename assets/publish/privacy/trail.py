"""The audit trail: one line an event, each bound to the one before, so that an edited or missing line shows.

An entry says who did what, when, to which file tokens, under which rules, with how many rows: no value of the data can
be written into it, because its fields are numbers, codes, tokens and hashes by construction. With the agency's key the
chain is an HMAC, and then not even a person who may write the file can mend it.
"""

import fcntl
import getpass
import hashlib
import hmac
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assets.errors import DataError
from assets.home import Home
from assets.keys import Key

ACTIONS = frozenset({"run", "publish", "release", "refuse", "erase", "purge", "keygen", "freeze", "export", "override"})
START = "0" * 64
_PLAIN = re.compile(r"[A-Za-z0-9_.:+\-]{0,80}")
Value = int | bool | str | list[str] | None


@dataclass(frozen=True)
class Broken:
    """Where the trail does not hold: the line (1-based, 0 for the trail as a whole) and why."""

    line: int
    reason: str


def trail_path(home: Home) -> Path:
    """Return the place of the trail in the agency zone."""
    return home.agency / "audit.jsonl"


def record(home: Home, action: str, key: Key | None = None, **facts: Value) -> str:
    """Append one event and return its hash.

    ``facts`` are numbers, flags, codes, tokens, hashes, or lists of these (letters, digits, ``_.:+-`` up to 80
    characters). Raises ``ValueError`` for an unknown action or a fact of another kind: a bug, found in tests.
    """
    if action not in ACTIONS:
        raise ValueError("unknown action of the audit trail")
    for name, value in facts.items():
        parts: list[object] = list(value) if isinstance(value, list) else [value]
        if not all(_is_plain(part) for part in parts):
            raise ValueError(f"the fact {name} of the audit trail is no number, code, token or hash")
    return append(trail_path(home), {"action": action, "who": _who(), **facts}, key)


def verify_trail(home: Home, key: Key | None = None) -> list[Broken]:
    """Return everything that is wrong with the trail; empty when it is whole."""
    return verify(trail_path(home), key)


def append(path: Path, entry: Mapping[str, Any], key: Key | None = None) -> str:
    """Append ``entry`` to the chained file at ``path`` (mode 600), on disk before this returns; returns its hash."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        lines = file.read().splitlines()
        previous = json.loads(lines[-1])["hash"] if lines else START
        at = datetime.now(UTC).isoformat(timespec="seconds")
        body = {"line": len(lines) + 1, "at": at, **entry, "previous": previous}
        body["hash"] = _seal(body, key)
        file.write((json.dumps(body, sort_keys=True, ensure_ascii=False) + "\n").encode())
        file.flush()
        os.fsync(file.fileno())
        head = _head(path)
        fresh = head.with_name(head.name + ".new")
        fresh.write_text(f"{body['line']} {body['hash']}\n")
        fresh.chmod(0o600)
        fresh.replace(head)
    return str(body["hash"])


def entries(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the entries of a chained file; raises ``DataError`` when a line is no entry."""
    if not path.exists():
        return
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            yield json.loads(line)
        except ValueError:
            raise DataError("TRAIL_BROKEN", f"line {number} is no entry") from None


def verify(path: Path, key: Key | None = None) -> list[Broken]:
    """Check every line against the one before it, and the last one against the head kept beside the file."""
    broken, previous, count = [], START, 0
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    for number, line in enumerate(lines, 1):
        count = number
        try:
            body = json.loads(line)
            told = body.pop("hash")
        except (ValueError, KeyError, AttributeError):
            broken.append(Broken(number, "not an entry"))
            continue
        if body.get("line") != number or body.get("previous") != previous:
            broken.append(Broken(number, "a line before it was removed, added or changed"))
        if not hmac.compare_digest(str(told), _seal(body, key)):
            broken.append(Broken(number, "changed after it was written"))
        previous = str(told)
    head = _head(path)
    expected = head.read_text().split() if head.exists() else ["0", START]
    if expected != [str(count), previous]:
        broken.append(Broken(0, "lines at the end are missing or were added by hand"))
    return broken


def _is_plain(part: object) -> bool:
    return part is None or isinstance(part, int) or (isinstance(part, str) and _PLAIN.fullmatch(part) is not None)


def _head(path: Path) -> Path:
    return path.with_name(path.name + ".head")


def _seal(body: Mapping[str, Any], key: Key | None) -> str:
    text = json.dumps({k: v for k, v in body.items() if k != "hash"}, sort_keys=True, ensure_ascii=False).encode()
    if key is None:
        return hashlib.sha256(text).hexdigest()
    return hmac.new(key.derive("audit"), text, hashlib.sha256).hexdigest()


def _who() -> str:
    try:
        return re.sub(r"[^A-Za-z0-9_.\-]", "_", getpass.getuser())[:40]
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
