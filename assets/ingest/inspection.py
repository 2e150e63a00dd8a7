"""``outcomes inspect``: what a file is, where its header is, how its columns map, what is wrong. Places and codes,
no values."""

from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from assets.errors import DataError
from assets.ingest.config import Feeds
from assets.ingest.definitions import with_definitions
from assets.ingest.history import compare, header_changes, newest_of
from assets.ingest.inbox import hash_file, is_conflict_copy
from assets.ingest.layout import Part, describe_layout
from assets.ingest.load import Stage, settle_rows
from assets.ingest.parsed import Parsed
from assets.ingest.read import ReadContext, exported_at
from assets.ingest.read_again import read_into
from assets.ingest.reasons import REASONS, outcome_of, sentence
from assets.ingest.recognise import confidences
from assets.ingest.signature import signature_of
from assets.memory_file import MemoryFile


@dataclass
class Inspection:
    """Everything a person needs to judge a file before it goes to the inbox."""

    file: str
    size: int
    signature: str
    what: str
    verdict: str
    reason: str | None = None
    explanation: str | None = None
    feed: str | None = None
    form_version: str | None = None
    confidence: float = 0.0
    candidates: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    headers: list[dict[str, Any]] = field(default_factory=list)
    parts: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    compared_with: dict[str, str] = field(default_factory=dict)
    drift: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for ``--json``."""
        return asdict(self)

    def as_text(self) -> str:
        """The same for a terminal."""
        from assets.ingest.inspection_text import render

        return render(self)


def inspect_file(path: Path, feeds: Feeds, *, today: date | None = None, connection: Any = None) -> Inspection:
    """Read a file as the night would, without loading it, and tell all that was noticed. Never raises for a bad
    file."""
    import duckdb

    path = Path(path)
    name = path.name
    try:
        if path.is_symlink() or not path.is_file():
            return Inspection(name, 0, "none", "not a file", "reject", "NOT_REGULAR", sentence("NOT_REGULAR"))
        size, signature = path.stat().st_size, signature_of(path)
    except OSError:
        return Inspection(name, 0, "none", "unreadable", "reject", "UNREADABLE", sentence("UNREADABLE"))
    found = Inspection(name, size, signature, signature, "load")
    if connection is not None:
        feeds = with_definitions(feeds, connection)
    parsed = Parsed()
    with MemoryFile(None) as memory:
        # Readers see a copy, as at night: a file that grows while it is read cannot mix two versions.
        memory.write(path.read_bytes())
        copy = memory.complete()
        context = ReadContext(feeds, today or date.today(), path.suffix.lower())
        with ExitStack() as opened:
            con = connection if connection is not None else opened.enter_context(duckdb.connect())
            stage = Stage(con, feeds)
            opened.callback(stage.clear)
            try:
                read_into(stage, copy, context, parsed)
                _settle(found, parsed, stage, path)
            except DataError as error:
                _refuse(found, error)
            _describe(found, copy, feeds)
            _tell(found, parsed, feeds)
            if connection is not None and parsed.kind is not None:
                found.drift = _drift(connection, parsed)
    return found


def _settle(found: Inspection, parsed: Parsed, stage: Stage, path: Path) -> None:
    """Count the rows as the night would, and hold them against the last export of the feed where there is one."""
    has_control = _has_tables(stage.connection)
    duplicates, erased = settle_rows(stage, parsed, has_control and _has_tables(stage.connection, "erased_clients"))
    quarantined = len(parsed.quarantined_rows)
    loaded = parsed.rows_read - parsed.structural - quarantined - duplicates - erased
    found.rows = {
        "read": parsed.rows_read,
        "loaded": loaded,
        "quarantined": quarantined,
        "duplicate": duplicates,
        "structural": parsed.structural,
        "erased": erased,
    }
    if loaded == 0 and parsed.kind:
        parsed.note("NO_ROWS")
    if is_conflict_copy(path.name):
        parsed.note("CONFLICT_COPY")
    if not has_control:
        return
    token = hash_file(path)[:12]
    moment = exported_at(parsed, path.stat().st_mtime, stage.feeds.agency.time_zone)
    earlier = newest_of(stage.connection, parsed.kind or "", token)
    if earlier is not None:
        found.compared_with = {"file_token": earlier.file_token, "exported_at": f"{earlier.exported_at:%Y-%m-%d %H:%M}"}
    compare(stage, parsed, token, moment)


def _has_tables(connection: Any, table: str = "files") -> bool:
    sql = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'control' AND table_name = ?"
    return bool(connection.execute(sql, [table]).fetchone()[0])


def _drift(connection: Any, parsed: Parsed) -> list[str]:
    if not _has_tables(connection):
        return []
    earlier = newest_of(connection, parsed.kind or "", "")
    return header_changes(connection, parsed, earlier.file_token) if earlier is not None else []


def _refuse(found: Inspection, error: DataError) -> None:
    found.verdict = outcome_of(error.code) if error.code in REASONS else "reject"
    found.reason = error.code
    place = f" ({error.place})" if str(error.place) else ""
    found.explanation = f"{sentence(error.code)} [{error.explanation}{place}]" if error.code in REASONS else str(error)


def _describe(found: Inspection, copy: Path, feeds: Feeds) -> None:
    try:
        found.what, parts = describe_layout(copy)
    except DataError as error:
        if found.reason is None:
            _refuse(found, error)
        return
    found.parts = [_part(part) for part in parts]
    best: dict[str, float] = {}
    for part in parts:
        for name, confidence in confidences(part.head, feeds).items():
            best[name] = max(confidence, best.get(name, 0.0))
    ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
    found.candidates = [{"feed": name, "confidence": round(confidence, 2)} for name, confidence in ranked]


def _part(part: Part) -> dict[str, Any]:
    return {k: v for k, v in asdict(part).items() if v is not None and k != "head"}


def _tell(found: Inspection, parsed: Parsed, feeds: Feeds) -> None:
    found.feed, found.form_version, found.confidence = parsed.kind, parsed.form_version, round(parsed.confidence, 2)
    known = getattr(feeds.all.get(parsed.kind or ""), "columns", {})
    for header in parsed.headers:
        columns = []
        for name, target, how in header.columns:
            entry = {"name": name, "column": target, "how": how}
            if target in known:
                entry |= {"type": known[target].type, "required": known[target].required}
            columns.append(entry)
        found.headers.append({"sheet": header.sheet, "row": header.row, "rows": header.rows, "columns": columns})
    for (sheet, column, code), n in sorted(parsed.findings.items(), key=lambda item: tuple(map(str, item[0]))):
        found.findings.append(
            {
                "code": code,
                "outcome": outcome_of(code),
                "sheet": sheet,
                "column": column,
                "n": n,
                "text": sentence(code),
            }
        )
    if parsed.quarantined:
        places = [
            {"sheet": q.sheet, "row": q.row_number, "column": q.column, "code": q.code} for q in parsed.quarantined
        ]
        found.parts.append({"name": "quarantine", "rows": len(places), "places": places[:1000]})
