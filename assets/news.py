"""Is there anything new since the last build? Answered in about a second, without importing what a night needs."""

import hashlib
import json
from dataclasses import dataclass

from assets.builds import code_version, config_hash
from assets.home import Home

STAMP = "last_build.json"
"""Beside the working database: what the last published build was made from."""


@dataclass(frozen=True)
class News:
    """Whether a night is worth running, and why (or why not)."""

    anything: bool
    reason: str


def _inbox_state(home: Home) -> dict[str, list[int]]:
    """Name, size and modification time of each file in the inbox: enough to see that one came, left or changed."""
    if not home.inbox.is_dir():
        return {}
    found = {}
    for path in sorted(home.inbox.rglob("*")):
        status = path.lstat()
        if not path.is_dir():
            found[str(path.relative_to(home.inbox))] = [status.st_size, status.st_mtime_ns]
    return found


def current_state(home: Home) -> str:
    """Return what a build depends on, as it is now, as JSON: inbox, alias table, configuration, code."""
    aliases = home.aliases.read_bytes() if home.aliases.is_file() else b""
    return json.dumps(
        {
            # As a hash, because names of files may name people and this lies beside an encrypted database.
            "inbox": hashlib.sha256(json.dumps(_inbox_state(home)).encode()).hexdigest(),
            "aliases": hashlib.sha256(aliases).hexdigest(),
            "config": config_hash(home.config),
            "code": code_version(),
        }
    )


def remember(home: Home, state: str) -> None:
    """Keep the state a published build was made from (taken before its first step, so nothing slips through)."""
    stamp = home.work / STAMP
    fresh = stamp.with_suffix(".new")
    fresh.write_text(state, "utf-8")
    fresh.chmod(0o600)
    fresh.replace(stamp)


def news(home: Home) -> News:
    """Compare now with the last published build."""
    stamp = home.work / STAMP
    if not stamp.is_file() or not home.agency_db.exists():
        return News(True, "no build has been published yet")
    before = json.loads(stamp.read_text("utf-8"))
    now = json.loads(current_state(home))
    changed = [part for part in ("inbox", "aliases", "config", "code") if before.get(part) != now[part]]
    if changed:
        return News(True, "changed since the last build: " + ", ".join(changed))
    return News(False, "nothing new: inbox, configuration and code are as they were at the last build")
