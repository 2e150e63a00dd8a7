"""The audit trail: one line an event, each bound to the one before, so that an edited or missing line shows.

An entry says who did what, when, to which file tokens, under which rules, with how many rows: no value of the data can
be written into it, because its fields are numbers, codes, tokens and hashes by construction. With the agency's key the
chain and the head beside it, which tells how long the chain is, are HMACs, and then not even a person who may write the
files can mend it. A home that was plain goes on with sealed lines; the first of them binds all before it.
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

from assets.encryption import is_encrypted
from assets.errors import DataError
from assets.home import Home
from assets.keys import Key

ACTIONS = frozenset({"run", "publish", "release", "refuse", "erase", "purge", "encrypt", "freeze"})
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
    return verify_in(home, trail_path(home), key, wanted=home.agency_db.is_symlink())


def verify_in(home: Home, path: Path, key: Key | None, *, wanted: bool) -> list[Broken]:
    """Check a chained file of a home; ``wanted``: what the home holds shows that it was written."""
    if wanted and not path.exists():
        return [Broken(0, "the file is missing, though this home has published")]
    return verify(path, key, sealed=path.exists() and key is not None and is_encrypted(home.work_db) is True)


def append(path: Path, entry: Mapping[str, Any], key: Key | None = None) -> str:
    """Append ``entry`` to the chained file at ``path`` (mode 600), on disk before this returns; returns its hash."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        lines = file.read().splitlines()
        previous = json.loads(lines[-1])["hash"] if lines else START
        at = datetime.now(UTC).isoformat(timespec="seconds")
        body = {"line": len(lines) + 1, "at": at, **entry, "sealed": key is not None, "previous": previous}
        body["hash"] = _seal(body, key)
        file.write((json.dumps(body, sort_keys=True, ensure_ascii=False) + "\n").encode())
        file.flush()
        os.fsync(file.fileno())
        head = _head(path)
        fresh = head.with_name(head.name + ".new")
        fresh.write_text(_head_text(len(lines) + 1, str(body["hash"]), key))
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


def verify(path: Path, key: Key | None = None, *, sealed: bool = False) -> list[Broken]:
    """Check every line against the one before it, and the last one against the head kept beside the file.

    ``sealed``: the home is encrypted, so a chain without a sealed line at its end is not the one it wrote.
    """
    broken, previous, count, locked = [], START, 0, False
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    for number, line in enumerate(lines, 1):
        count = number
        try:
            body = json.loads(line)
            told = body.pop("hash")
            by_key = body.get("sealed") is True
        except (ValueError, KeyError, AttributeError):
            broken.append(Broken(number, "not an entry"))
            continue
        if body.get("line") != number or body.get("previous") != previous:
            broken.append(Broken(number, "a line before it was removed, added or changed"))
        if by_key and key is None:
            broken.append(Broken(number, "sealed with a key: OUTCOMES_KEY_FILE is needed to check it"))
        elif (locked and not by_key) or not hmac.compare_digest(str(told), _seal(body, key if by_key else None)):
            broken.append(Broken(number, "changed after it was written"))
        previous, locked = str(told), locked or by_key
    if sealed and not locked:
        broken.append(Broken(0, "no line is sealed, though this home is encrypted"))
    head = _head(path)
    expected = _head_text(count, previous, key if locked else None) if count else ""
    if (head.read_text() if head.exists() else "") != expected:
        broken.append(Broken(0, "lines at the end are missing or were added by hand"))
    return broken


def _head_text(count: int, last: str, key: Key | None) -> str:
    """How long the chain is and how it ends; sealed with the key, so that a shortened chain gets no head that fits."""
    text = f"{count} {last}"
    return f"{text}\n" if key is None else f"{text} {_seal({'head': text}, key)}\n"


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
