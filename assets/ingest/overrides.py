"""Corrections of single values, kept as reviewed configuration: ``config/overrides.csv``.

Columns: feed, key, column, old, new, author, reason, expiry. ``key`` is the record's key as text (several parts
joined by
``/``); ``old`` must be what the source says, or the correction does not fire; ``expiry`` is a date or empty.
"""

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from assets.errors import ConfigError
from assets.ingest.config import Feeds, SurveyFeed, TableFeed
from assets.ingest.load import Stage
from assets.ingest.parsed import Parsed
from assets.ingest.schema import SQL_TYPES
from assets.ingest.textfile import read_text

FIELDS = ("feed", "key", "column", "old", "new", "author", "reason", "expiry")


@dataclass(frozen=True)
class Override:
    """One correction, with its line in the file."""

    line: int
    feed: str
    key: tuple[str, ...]
    column: str
    old: str
    new: str
    author: str
    reason: str
    expiry: date | None


def load_overrides(path: Path | None, feeds: Feeds) -> list[Override]:
    """Read and check the corrections; no file means none. Raises :class:`ConfigError` naming line and field."""
    if path is None or not path.is_file():
        return []
    rows = csv.DictReader(read_text(path).text.splitlines())
    missing = [name for name in FIELDS if name not in (rows.fieldnames or ())]
    if missing:
        raise ConfigError(f"{path.name}: header: needs {', '.join(missing)}")
    return [_override(path, line, row, feeds) for line, row in enumerate(rows, start=2)]


def _override(path: Path, line: int, row: dict[str, str | None], feeds: Feeds) -> Override:
    value = {name: (row[name] or "").strip() for name in FIELDS}
    feed = feeds.all.get(value["feed"])
    if not isinstance(feed, TableFeed | SurveyFeed):
        raise ConfigError(f"{path.name}: line {line}: feed: no such feed")
    columns = set(feed.columns) if isinstance(feed, TableFeed) else {*feed.items, *feed.multi}
    if value["column"] not in columns or value["column"] in feed.key:
        raise ConfigError(f"{path.name}: line {line}: column: no column of this feed, or its key")
    key = tuple(part.strip() for part in value["key"].split("/"))
    if len(key) != len(feed.key) or not all(key):
        raise ConfigError(f"{path.name}: line {line}: key: needs {' / '.join(feed.key)}")
    if not value["author"] or not value["reason"]:
        raise ConfigError(f"{path.name}: line {line}: author and reason must be given")
    try:
        expiry = date.fromisoformat(value["expiry"]) if value["expiry"] else None
    except ValueError:
        raise ConfigError(f"{path.name}: line {line}: expiry: not a date like 2026-12-31") from None
    return Override(
        line, feed.feed, key, value["column"], value["old"], value["new"], value["author"], value["reason"], expiry
    )


def apply_overrides(stage: Stage, parsed: Parsed, overrides: list[Override], today: date) -> None:
    """Correct the staged rows of one file; a value that is not ``old`` (any more) is left as it is.

    Values are compared and written as the warehouse holds them: codes, ISO dates, plain numbers; empty means null.
    """
    kind = parsed.kind
    if kind is None or kind not in stage.tables:
        return
    feed = stage.feeds.all[kind]
    if any(override.feed == kind for override in overrides):
        stage.materialise(kind)
    for override in overrides:
        if override.feed != kind or (override.expiry is not None and override.expiry < today):
            continue
        sql_type = _sql_type(feed, override.column)
        where = " AND ".join(f"CAST({name} AS VARCHAR) = ?" for name in feed.key)
        arguments = [override.new or None, *override.key, override.old or None]
        changed = stage.connection.execute(
            f"UPDATE {stage.tables[kind]} SET {override.column} = TRY_CAST(? AS {sql_type}) WHERE {where} "
            f"AND CAST({override.column} AS VARCHAR) IS NOT DISTINCT FROM ?",
            arguments,
        ).fetchone()[0]
        parsed.note("OVERRIDE_APPLIED", int(changed), column=override.column)
        if changed:
            parsed.details.setdefault("overrides_used", set()).add(override.line)


def _sql_type(feed: Any, column: str) -> str:
    if isinstance(feed, TableFeed):
        return SQL_TYPES[feed.columns[column].type]
    return SQL_TYPES["multi"] if column in feed.multi else "SMALLINT"


def note_overrides(con: Any, overrides: list[Override], used: dict[int, int], today: date) -> None:
    """Write ``control.overrides``: every correction with its state (``applied``, ``unused``, ``expired``) and its hits.

    A correction that was applied to a file of an earlier night stays applied: the file has not been read again.
    """
    earlier = dict(con.execute("SELECT fingerprint, max(hits) FROM control.overrides GROUP BY ALL").fetchall())
    con.execute("BEGIN TRANSACTION")
    con.execute("DELETE FROM control.overrides")
    con.execute("DELETE FROM control.findings WHERE code IN ('OVERRIDE_UNUSED', 'OVERRIDE_EXPIRED')")
    for o in overrides:
        fingerprint = "|".join((o.feed, "/".join(o.key), o.column, o.old, o.new))
        hits = used.get(o.line, 0) or int(earlier.get(fingerprint) or 0)
        is_expired = o.expiry is not None and o.expiry < today
        state = "expired" if is_expired else "applied" if hits else "unused"
        con.execute(
            "INSERT INTO control.overrides VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [o.feed, "/".join(o.key), o.column, o.old, o.new, o.author, o.reason, o.expiry, state, hits, fingerprint],
        )
        if state != "applied":
            code = "OVERRIDE_EXPIRED" if is_expired else "OVERRIDE_UNUSED"
            con.execute(
                "INSERT INTO control.findings VALUES (NULL, NULL, ?, ?, ?, 'warn', 1)", [o.line, o.column, code]
            )
    con.execute("COMMIT")
