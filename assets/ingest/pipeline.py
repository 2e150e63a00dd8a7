"""A night's ingestion: every file of the inbox ends with a status and a reason, and one bad file never stops the
others."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assets.errors import DataError, Place
from assets.ingest.config import Feeds
from assets.ingest.definitions import definitions_first, store_definition, with_definitions
from assets.ingest.hand_back import close_handed_back, date_handed_back
from assets.ingest.history import compare, note_freshness, note_header_drift
from assets.ingest.inbox import (
    Candidate,
    has_no_content,
    hash_file,
    is_conflict_copy,
    list_inbox,
    lock_file_of,
    wait_until_settled,
)
from assets.ingest.load import FileRecord, Stage, settle_rows, write_file, write_record
from assets.ingest.matching import load_aliases, note_merged_clients, queue_reviews, store_aliases
from assets.ingest.overrides import Override, apply_overrides, load_overrides, note_overrides
from assets.ingest.parsed import Parsed
from assets.ingest.paths import IngestPaths
from assets.ingest.quarantine_book import close_corrected, refresh_quarantine_book
from assets.ingest.read import ReadContext, exported_at
from assets.ingest.read_again import read_into
from assets.ingest.reasons import REASONS, sentence
from assets.ingest.schema import create_tables
from assets.ingest.vault import Original, from_vault, into_vault, sweep_drafts

ROW_CLASSES = ("read", "loaded", "quarantined", "duplicate", "structural", "erased")
Progress = Callable[[str], None]


@dataclass
class IngestSummary:
    """What a night's ingestion did, in counts: files by status, rows by class, findings by code."""

    files: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    new_tokens: list[str] = field(default_factory=list)

    def as_line(self) -> str:
        """One line for a log: files by status, rows by class."""
        files = ", ".join(f"{n} {status}" for status, n in sorted(self.files.items()))
        rows = ", ".join(f"{self.rows[name]:,} {name}" for name in ROW_CLASSES)
        return f"files: {files or 'none'}; rows: {rows}"

    @property
    def changed(self) -> bool:
        """True when a file was loaded, so that everything downstream has to be built again."""
        return bool(self.new_tokens)


@dataclass
class Night:
    """What every step of one ingestion shares."""

    paths: IngestPaths
    connection: Any
    feeds: Feeds
    now: datetime
    known: dict[str, tuple[str, str, str | None, str | None]]
    first_seen: dict[str, datetime]
    first_loaded: dict[str, datetime | None]
    summary: IngestSummary
    has_erased: bool
    overrides: list[Override]
    overrides_used: Counter[int] = field(default_factory=Counter)


def ingest(
    paths: IngestPaths, connection: Any, feeds: Feeds, *, now: datetime, progress: Progress | None = None
) -> IngestSummary:
    """Load what is new in the inbox; files already loaded under the same maps are not read again.

    ``now`` is an aware datetime. Raises :class:`DataError` ``UNREADABLE`` when the inbox itself is missing.
    """
    say = progress or (lambda _text: None)
    create_tables(connection, feeds)
    stamp = now.astimezone(UTC).replace(tzinfo=None)
    candidates = list_inbox(paths.inbox)
    sweep_drafts(paths.temp)
    store_aliases(connection, load_aliases(paths.aliases_file, feeds))
    overrides = load_overrides(paths.overrides_file, feeds)
    feeds = _with_corrections(feeds, paths.overrides_file)
    night = _night(paths, connection, feeds, stamp, overrides)
    moving = wait_until_settled(candidates, paths.settle_seconds, set(night.known))
    names = {candidate.name for candidate in candidates}
    definitions, exports = definitions_first(candidates)
    for number, entry in enumerate([*definitions, *exports], start=1):
        if number == len(definitions) + 1:
            # What they define is read under new labels; a definition itself under the maps alone, or it would be
            # read again for its own sake.
            night.feeds = with_definitions(night.feeds, connection)
        say(f"file {number} of {len(candidates)}")
        if entry.verdict is None and entry.name in moving:
            _take(night, replace(entry, verdict="STILL_WRITING"))
        elif entry.verdict is None and lock_file_of(entry.name, names) and not _waited(night, entry):
            _take(night, replace(entry, verdict="WORKBOOK_OPEN"))
        else:
            _take(night, entry, open_elsewhere=lock_file_of(entry.name, names) is not None)
    closed = close_corrected(connection, feeds, stamp)
    if paths.quarantine_book is not None and (closed or night.summary.changed):
        refresh_quarantine_book(connection, feeds, paths.quarantine_book)
    queue_reviews(connection, feeds)
    note_merged_clients(connection, feeds)
    note_overrides(connection, overrides, night.overrides_used, stamp.date())
    note_freshness(connection, feeds, stamp)
    _count(night)
    return night.summary


def _with_corrections(feeds: Feeds, path: Path | None) -> Feeds:
    """Maps and corrections under one hash: a new correction has the files it may touch read again."""
    if path is None or not path.is_file():
        return feeds
    return feeds.model_copy(update={"hash": hashlib.sha256(feeds.hash.encode() + path.read_bytes()).hexdigest()})


def _night(paths: IngestPaths, connection: Any, feeds: Feeds, now: datetime, overrides: list[Override]) -> Night:
    rows = connection.execute(
        "SELECT file_token, sha256, name, status, map_hash, first_seen, coalesce(first_loaded_at, loaded_at) "
        "FROM control.files"
    ).fetchall()
    known = {
        row[1]: (row[0], row[2], row[3], row[4])
        for row in rows
        if row[1] and row[3] in ("loaded", "rejected", "held", "ignored")
    }
    seen = {row[0]: row[5] for row in rows}
    loaded = {row[0]: row[6] for row in rows}
    erased = connection.execute(
        "SELECT count(*) FROM information_schema.tables "
        "WHERE table_schema = 'control' AND table_name = 'erased_clients'"
    ).fetchone()[0]
    connection.execute("DELETE FROM control.files WHERE status = 'deferred'")
    return Night(paths, connection, feeds, now, known, seen, loaded, IngestSummary(), bool(erased), overrides)


def _waited(night: Night, candidate: Candidate) -> bool:
    """True when the entry has been put off for as long as the limit allows."""
    first = night.first_seen.get(candidate.name_token, night.now)
    return (night.now - first).total_seconds() / 3600 >= night.paths.defer_limit_hours


def _take(night: Night, candidate: Candidate, *, open_elsewhere: bool = False) -> None:
    """Settle one entry of the inbox."""
    if candidate.verdict is not None:
        _without_reading(night, candidate, candidate.verdict)
        return
    try:
        if has_no_content(candidate):
            raise DataError("EMPTY_FILE", "no content")
        sha256 = hash_file(candidate.path)
        earlier = night.known.get(sha256)
        if earlier is not None and earlier[1] != candidate.name and (night.paths.inbox / earlier[1]).is_file():
            _same_bytes(night, candidate, sha256)
            return
        if earlier is not None and earlier[3] == night.feeds.hash:
            _keep(night, candidate, earlier[0])
            return
        original = _original(night, candidate, sha256 if earlier is not None else None)
    except DataError as error:
        _without_reading(night, candidate, error.code)
        return
    except OSError:
        _without_reading(night, candidate, "UNREADABLE")
        return
    with original:
        _read_and_load(night, candidate, original.sha256, original.path, open_elsewhere=open_elsewhere)


def _original(night: Night, candidate: Candidate, known: str | None) -> Original:
    """The bytes to parse: a known file from the vault (it is read again under new maps), else by way of the vault."""
    paths = night.paths
    kept = from_vault(known, paths.vault, paths.temp, paths.key) if known else None
    return kept or into_vault(candidate, paths.vault, paths.temp, paths.key)


def _without_reading(night: Night, candidate: Candidate, code: str) -> None:
    token = candidate.name_token
    outcome = REASONS[code].outcome
    if code == "EMPTY_FILE" and not _waited(night, candidate):
        outcome = "defer"  # a cloud folder may still bring the content
    chosen = {"defer": "deferred", "ignore": "ignored"}.get(outcome, "rejected")
    first = night.first_seen.get(token, night.now)
    write_record(
        night.connection,
        FileRecord(token, None, candidate.name, chosen, code, first, candidate.size, map_hash=night.feeds.hash),
    )
    if chosen == "rejected":
        _reject_note(night, token, code, sentence(code))


def _keep(night: Night, candidate: Candidate, token: str) -> None:
    """Content that is known: at most its name changed."""
    night.connection.execute(
        "UPDATE control.files SET name = ? WHERE file_token = ? AND name <> ?", [candidate.name, token, candidate.name]
    )
    night.connection.execute("DELETE FROM control.files WHERE file_token = ?", [candidate.name_token])


def _same_bytes(night: Night, candidate: Candidate, sha256: str) -> None:
    token = candidate.name_token
    record = FileRecord(
        token,
        sha256,
        candidate.name,
        "duplicate",
        "DUPLICATE_OF",
        night.first_seen.get(token, night.now),
        candidate.size,
    )
    write_record(night.connection, record)


def _read_and_load(night: Night, candidate: Candidate, sha256: str, place: Path, *, open_elsewhere: bool) -> None:
    token = sha256[:12]
    # The name may have stood for an empty, linked or repeated file before: that is history now.
    night.connection.execute("DELETE FROM control.files WHERE file_token = ?", [candidate.name_token])
    parsed = Parsed()
    parsed.note("OPENED_ELSEWHERE", int(open_elsewhere))
    stage = Stage(night.connection, night.feeds)
    context = ReadContext(night.feeds, night.now.date(), candidate.suffix, night.paths.temp)
    record = FileRecord(
        token, sha256, candidate.name, "loaded", None, night.first_seen.get(token, night.now), candidate.size,
        loaded_at=night.now, map_hash=night.feeds.hash, first_loaded_at=night.first_loaded.get(token) or night.now,
    )  # fmt: skip
    if is_conflict_copy(candidate.name):
        parsed.note("CONFLICT_COPY")
    try:
        read_into(stage, place, context, parsed)
        apply_overrides(stage, parsed, night.overrides, night.now.date())
        duplicates, erased = settle_rows(stage, parsed, night.has_erased)
        if not date_handed_back(night.connection, parsed):
            moment = exported_at(parsed, candidate.mtime, night.feeds.agency.time_zone)
            compare(stage, parsed, token, moment)
            note_header_drift(night.connection, parsed, token)
        record = _loaded(record, parsed, candidate, night, duplicates=duplicates, erased=erased)
    except DataError as error:
        stage.clear()
        record = _refused(record, parsed, error, night)
    finally:
        if record.status != "loaded":
            stage.clear()
    if "definition" in parsed.details:
        store_definition(night.connection, token, parsed.details["definition"])
    if record.status != "loaded":
        parsed = Parsed(kind=parsed.kind, headers=parsed.headers)
    write_file(stage, parsed, record, night.now)
    stage.clear()
    night.known[sha256] = (token, candidate.name, record.status, record.map_hash)
    if record.status == "loaded":
        (night.paths.rejected / f"{token}.txt").unlink(missing_ok=True)
        night.summary.new_tokens.append(token)
        night.overrides_used.update(parsed.details.get("overrides_used", ()))
        close_handed_back(night.connection, parsed, night.now)


def _loaded(
    record: FileRecord, parsed: Parsed, candidate: Candidate, night: Night, *, duplicates: int, erased: int
) -> FileRecord:
    quarantined = len(parsed.quarantined_rows)
    loaded = parsed.rows_read - parsed.structural - quarantined - duplicates - erased
    if loaded == 0 and parsed.kind:
        parsed.note("NO_ROWS")
    return replace(
        record,
        kind=parsed.kind,
        form_version=parsed.form_version,
        exported_at=exported_at(parsed, candidate.mtime, night.feeds.agency.time_zone),
        rows_read=parsed.rows_read,
        rows_loaded=loaded,
        rows_quarantined=quarantined,
        rows_duplicate=duplicates,
        rows_structural=parsed.structural,
        rows_erased=erased,
    )


def _refused(record: FileRecord, parsed: Parsed, error: DataError, night: Night) -> FileRecord:
    outcome = REASONS[error.code].outcome
    # Half a file may be a copy that is still under way: it gets one more look before it is refused.
    if error.code == "CORRUPT" and record.file_token not in night.first_seen:
        outcome = "defer"
    status = {"defer": "deferred", "ignore": "ignored", "hold": "held"}.get(outcome, "rejected")
    if status == "rejected":
        place = Place(record.file_token, error.place.sheet, error.place.row, error.place.column)
        where = f" ({place})"
        _reject_note(
            night,
            record.file_token,
            error.code,
            f"{sentence(error.code)}\n{sentence(error.code, 'es')}\n{error.explanation}{where}",
        )
        labels = parsed.details.get("unknown_labels")
        if labels:
            with (night.paths.rejected / f"{record.file_token}.txt").open("a", encoding="utf-8") as handle:
                for column, texts in labels.items():
                    handle.write(f"{column}: {texts}\n")
    loaded = night.first_loaded.get(record.file_token)
    return replace(record, kind=parsed.kind, status=status, reason=error.code, loaded_at=None, first_loaded_at=loaded)


def _reject_note(night: Night, token: str, code: str, text: str) -> None:
    night.paths.rejected.mkdir(parents=True, exist_ok=True, mode=0o700)
    (night.paths.rejected / f"{token}.txt").write_text(f"{code}\n{text}\n", encoding="utf-8")


def _count(night: Night) -> None:
    """Totals over everything the database now knows of the inbox, so that a night without news tells the same."""
    summary, con = night.summary, night.connection
    for status, reason, n in con.execute(
        "SELECT status, reason, count(*) FROM control.files GROUP BY ALL ORDER BY ALL"
    ).fetchall():
        summary.files[status] += n
        if reason:
            summary.reasons[reason] += n
    sums = ", ".join(f"coalesce(sum(rows_{name}), 0)" for name in ROW_CLASSES)
    row = con.execute(f"SELECT {sums} FROM control.files").fetchone()
    summary.rows.update({name: int(value) for name, value in zip(ROW_CLASSES, row, strict=True)})
    for code, n in con.execute("SELECT code, sum(n) FROM control.findings GROUP BY code ORDER BY code").fetchall():
        summary.findings[code] = int(n)
