"""A new export against the ones before it: older, shrunk, changed, late. Nothing here changes rows; it counts and
decides."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assets.errors import DataError
from assets.ingest.config import Feeds
from assets.ingest.load import Stage
from assets.ingest.parsed import Parsed

SHRUNK_ABOVE = 0.05
"""Share of the last export's records that may be missing before a full snapshot waits for a person."""


@dataclass(frozen=True)
class Earlier:
    """The newest export of a feed that is loaded."""

    file_token: str
    exported_at: datetime


def newest_of(con: Any, kind: str, token: str) -> Earlier | None:
    """The newest loaded export of a feed other than ``token``, by (exported_at, file_token).

    Rows that were handed back from the quarantine are no export of their own.
    """
    row = con.execute(
        "SELECT file_token, exported_at FROM control.files WHERE kind = ? AND status = 'loaded' AND file_token <> ? "
        "AND file_token NOT IN (SELECT file_token FROM control.findings WHERE code = 'HANDED_BACK') "
        "ORDER BY exported_at DESC, file_token DESC LIMIT 1",
        [kind, token],
    ).fetchone()
    return Earlier(row[0], row[1]) if row else None


def compare(stage: Stage, parsed: Parsed, token: str, exported: datetime) -> None:
    """Note ``OUT_OF_ORDER`` and the difference to the last export; hold a shrunk full snapshot.

    Raises :class:`DataError` ``SHRUNK`` when more than 5 % of the last export's records are gone and most of what is
    there
    was there before: a filtered export. An export cut in parts shares no records with its other parts and is not held;
    a record whose row waits in quarantine is bad, not gone.
    """
    kind = parsed.kind
    if kind is None or kind not in stage.tables or kind in stage.feeds.spss:
        return
    con = stage.connection
    earlier = newest_of(con, kind, token)
    if earlier is None:
        return
    if (exported, token) < (earlier.exported_at, earlier.file_token):
        parsed.note("OUT_OF_ORDER")
        return
    before, kept, changed, added = _difference(stage, kind, earlier.file_token)
    vanished = before - kept - _waiting(stage, kind, parsed, earlier.file_token)
    parsed.note("ROWS_ADDED", added)
    parsed.note("ROWS_CHANGED", changed)
    parsed.note("ROWS_VANISHED", vanished)
    feed = stage.feeds.all[kind]
    is_filtered = kept >= added and vanished > added
    if feed.snapshot == "full" and vanished > SHRUNK_ABOVE * before and is_filtered and not _confirmed(con, token):
        raise DataError("SHRUNK", f"{vanished} of {before} records of the last export are missing")


def _difference(stage: Stage, kind: str, token: str) -> tuple[int, int, int, int]:
    """Records of the last export; of these still there; of these changed; records that are new."""
    keys = ", ".join(stage.feeds.all[kind].key)
    row = stage.connection.execute(
        f"""WITH was AS (SELECT {keys}, max(row_hash) AS was_hash FROM raw.{kind} WHERE file_token = ? GROUP BY ALL),
        now AS (SELECT {keys}, max(row_hash) AS now_hash FROM {stage.tables[kind]} GROUP BY ALL),
        pairs AS (SELECT was_hash, now_hash FROM was FULL JOIN now USING ({keys}))
        SELECT count(was_hash), count(was_hash) FILTER (now_hash IS NOT NULL),
            count(*) FILTER (was_hash <> now_hash), count(*) FILTER (was_hash IS NULL) FROM pairs""",
        [token],
    ).fetchone()
    return int(row[0]), int(row[1]), int(row[2]), int(row[3])


def _waiting(stage: Stage, kind: str, parsed: Parsed, token: str) -> int:
    """Records of the last export whose row in this one waits in quarantine: bad, but not gone."""
    feed = stage.feeds.all[kind]
    keys = {q.key for q in parsed.quarantined if q.scope == "row" and q.key is not None}
    if not keys:
        return 0
    written = " || '/' || ".join(f"CAST({name} AS VARCHAR)" for name in feed.key)
    same = " AND ".join(f"was.{name} = now.{name}" for name in feed.key)
    row = stage.connection.execute(
        f"""SELECT count(*) FROM (SELECT DISTINCT {", ".join(feed.key)} FROM raw.{kind} WHERE file_token = ?) AS was
        WHERE {written} IN (SELECT unnest(?))
        AND NOT EXISTS (SELECT 1 FROM {stage.tables[kind]} AS now WHERE {same})""",
        [token, sorted(keys)],
    ).fetchone()
    return int(row[0])


def _confirmed(con: Any, token: str) -> bool:
    return bool(con.execute("SELECT count(*) FROM control.confirmed_files WHERE file_token = ?", [token]).fetchone()[0])


def confirm_file(con: Any, token: str, who: str, when: datetime) -> bool:
    """Let a held export load at the next ingestion; False when no such file is held."""
    held = con.execute(
        "SELECT count(*) FROM control.files WHERE file_token = ? AND status = 'held'", [token]
    ).fetchone()
    if not held[0]:
        return False
    con.execute("INSERT INTO control.confirmed_files VALUES (?, ?, ?)", [token, who, when])
    con.execute("UPDATE control.files SET map_hash = NULL WHERE file_token = ?", [token])
    return True


def note_freshness(con: Any, feeds: Feeds, now: datetime) -> list[str]:
    """Write ``STALE`` beside the newest file of each feed that is later than its source should be; return those
    feeds."""
    con.execute("DELETE FROM control.findings WHERE code = 'STALE'")
    stale = []
    for name, feed in sorted(feeds.all.items()):
        newest = newest_of(con, name, "")
        if feed.expect_every_days is None or newest is None:
            continue
        days = (now - newest.exported_at).days
        if days > feed.expect_every_days:
            stale.append(name)
            con.execute(
                "INSERT INTO control.findings VALUES (?, NULL, NULL, NULL, 'STALE', 'warn', ?)",
                [newest.file_token, days],
            )
    return stale


def note_header_drift(con: Any, parsed: Parsed, token: str) -> None:
    """Note ``CHANGED_HEADER`` when the columns differ from those of the feed's newest file."""
    if parsed.kind is None:
        return
    earlier = newest_of(con, parsed.kind, token)
    if earlier is not None and header_changes(con, parsed, earlier.file_token):
        parsed.note("CHANGED_HEADER")


def header_changes(con: Any, parsed: Parsed, token: str) -> list[str]:
    """What differs between the header just read and that of an earlier file: columns gone, new, or found by another
    name."""
    was = dict(
        con.execute(
            "SELECT coalesce(column_name, '+' || name), name FROM control.file_columns WHERE file_token = ? "
            "ORDER BY position",
            [token],
        ).fetchall()
    )
    now = {(target or f"+{name}"): name for header in parsed.headers for name, target, _ in header.columns}
    if not was:
        return []
    gone = [f"gone: {key}" for key in sorted(set(was) - set(now))]
    new = [f"new: {key}" for key in sorted(set(now) - set(was))]
    renamed = [f"renamed: {key}" for key in sorted(set(now) & set(was)) if was[key] != now[key]]
    return gone + new + renamed
