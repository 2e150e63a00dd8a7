"""One file, whatever it is: recognised by content, read, its typed rows handed to a sink."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath

from assets.errors import DataError
from assets.ingest.casting import CastContext
from assets.ingest.config import Feeds
from assets.ingest.dates import DateReader, to_utc
from assets.ingest.definitions import read_survey_definition
from assets.ingest.excel import open_workbook
from assets.ingest.grid import Grid
from assets.ingest.guard import told_by_kind
from assets.ingest.hand_back import forget_handed_back, handed_back
from assets.ingest.minimal import load_minimal, recognise_spss
from assets.ingest.ole import container_holds
from assets.ingest.parsed import Parsed, Sink
from assets.ingest.qsf import is_definition
from assets.ingest.read_surveys import read_survey_json, try_survey_sheet, try_survey_spss, try_survey_text
from assets.ingest.recognise import Header, find_header, unknown_form
from assets.ingest.safety import ArchiveScan, exports_in, scan_archive
from assets.ingest.signature import SUFFIXES, signature_of
from assets.ingest.spss import read_spss
from assets.ingest.survey_json import parse_responses
from assets.ingest.table_batch import TableRun
from assets.ingest.tables import check_header, read_table, read_titles
from assets.ingest.textfile import TextFile, read_text
from assets.memory_file import MemoryFile


@dataclass(frozen=True)
class ReadContext:
    """What every reader needs: the maps, today (nothing is dated later), the suffix the file came with."""

    feeds: Feeds
    today: date
    suffix: str
    temp: Path | None = None
    part: str | None = None
    doubtful: set[tuple[str, str]] = field(default_factory=set)
    """What was learned of the dates of the file so far (``TableRun``)."""


def read_file(path: Path, context: ReadContext, parsed: Parsed, sink: Sink) -> None:
    """Read the file at ``path`` (its suffix comes from ``context``: the vault's copies have none).

    Fills ``parsed`` and raises :class:`DataError` with a reason code when the file as a whole is refused, and
    :class:`ReadAgainError` when it must be read again with the same ``context``; no other error.
    """
    signature = signature_of(path)
    if signature == "empty":
        raise DataError("EMPTY_FILE", "0 bytes")
    if signature == "encrypted" or (signature == "ole" and "encrypted" in container_holds(path)):
        raise DataError("PASSWORD", "the file is encrypted")
    if context.suffix == ".xlsm":
        raise DataError("MACROS", "the workbook is of the kind that holds macros")
    expected = SUFFIXES.get(context.suffix)
    if expected is not None and signature not in expected and not _is_tolerable(signature, context.suffix):
        raise DataError("WRONG_TYPE", f"named {context.suffix}, but the content is {signature}")
    readers: dict[str, Callable[[Path, ReadContext, Parsed, Sink], None]] = {
        "zip": _read_zip,
        "ole": _read_ole,
        "sav": _read_spss,
        "por": _read_spss,
        "text": _read_text,
        "utf16": _read_text,
        "json": _read_json,
    }
    reader = readers.get(signature)
    if reader is None:
        raise DataError("WRONG_TYPE", f"the content is {signature}")
    with told_by_kind():
        reader(path, context, parsed, sink)


def _is_tolerable(signature: str, suffix: str) -> bool:
    """A text file may start like JSON when its first header cell does; everything else must be what it says."""
    return signature == "json" and suffix in (".csv", ".tsv", ".txt")


def _read_zip(path: Path, context: ReadContext, parsed: Parsed, sink: Sink) -> None:
    scan = scan_archive(path)
    if scan.kind == "zip":
        _read_members(path, exports_in(scan), context, parsed, sink)
        return
    if scan.kind == "office":
        raise DataError("WRONG_TYPE", "an Office document that is no workbook")
    _read_workbook(path, scan, context, parsed, sink)


def _read_members(path: Path, members: list[str], context: ReadContext, parsed: Parsed, sink: Sink) -> None:
    """Exports inside an archive, one after the other; the member's name stands for the sheet when there are several."""
    with zipfile.ZipFile(path) as archive:
        for member in members:
            suffix = PurePosixPath(member).suffix.lower()
            with MemoryFile(context.temp) as memory:
                memory.write(archive.read(member))
                copy = memory.complete()
                inner = replace(context, suffix=suffix, part=member if len(members) > 1 else None)
                if signature_of(copy) == "zip" and suffix != ".xlsx":
                    raise DataError("ARCHIVE_LIMIT", "an archive inside an archive")
                try:
                    read_file(copy, inner, parsed, sink)
                except DataError as error:
                    if error.code != "SURVEY_DEFINITION" or len(members) == 1:
                        raise
                    # Its labels would come too late for what lies beside it, and ignored as a whole the rows were lost.
                    del parsed.details["definition"]
                    raise DataError("DEFINITION_BESIDE", "a survey definition beside other files") from None


def _read_ole(path: Path, context: ReadContext, parsed: Parsed, sink: Sink) -> None:
    holds = container_holds(path)
    if "macros" in holds:
        raise DataError("MACROS", "the workbook holds macros")
    if "embedded" in holds:
        parsed.note("EXTERNAL_CONTENT")
    _read_workbook(path, None, context, parsed, sink)


def _read_workbook(path: Path, scan: ArchiveScan | None, context: ReadContext, parsed: Parsed, sink: Sink) -> None:
    book = open_workbook(path, scan)
    parsed.property_at = book.modified
    for code, sheet in book.findings:
        parsed.note(code, sheet=sheet)
    grids = [handed_back(grid, parsed) for grid in book.grids]
    surveys = [try_survey_sheet(grid, context.feeds, parsed, sink) for grid in grids]
    if any(surveys):
        for grid, is_survey in zip(grids, surveys, strict=True):
            if not is_survey:
                _skip(grid, parsed)
        return
    found = [(grid, find_header(grid.head(), context.feeds)) for grid in grids]
    kinds = [header.feed.feed for _, header in found if header is not None]
    if not kinds:
        raise unknown_form([grid.head() for grid in grids], context.feeds)
    kind = max(sorted(set(kinds)), key=kinds.count)
    parsed.kind = kind
    for grid, header in found:
        if header is None or header.feed.feed != kind:
            _skip(grid, parsed)
        else:
            _read_grid(grid, header, context, parsed, sink)


def _skip(grid: Grid, parsed: Parsed) -> None:
    rows = sum(len(batch) for _, batch in grid.batches())
    parsed.rows_read += rows
    parsed.structural += rows
    forget_handed_back(grid.sheet, parsed)
    if rows:
        parsed.note("SHEET_SKIPPED", rows, sheet=grid.sheet)


def _read_grid(grid: Grid, header: Header, context: ReadContext, parsed: Parsed, sink: Sink) -> None:
    check_header(header, grid.sheet)
    parsed.form_version = header.version.name
    parsed.confidence = max(parsed.confidence, header.confidence)
    read_titles(grid, header, parsed)
    feeds = context.feeds
    casts = CastContext(
        agency=feeds.agency,
        code_lists=feeds.code_lists,
        dates=DateReader(header.feed.date_order, feeds.agency.time_zone),
        latest=context.today,
    )
    read_table(TableRun(grid, header, casts, parsed, sink, context.doubtful))


def _read_spss(path: Path, context: ReadContext, parsed: Parsed, sink: Sink) -> None:
    file = read_spss(path, "por" if signature_of(path) == "por" else "sav")
    parsed.note("ENCODING_DETECTED", int(file.is_recoded))
    if try_survey_spss(file, context.feeds, parsed, sink):
        return
    found = recognise_spss(file, context.feeds)
    if found is None:
        raise DataError("WRONG_KIND", "an SPSS file of no known feed")
    feed, confidence = found
    parsed.kind, parsed.confidence, parsed.form_version = feed.feed, confidence, feed.versions[-1].name
    if file.created is not None:
        parsed.property_at = to_utc(file.created.replace(tzinfo=None), context.feeds.agency.time_zone)
    load_minimal(file, feed, parsed, sink)


def _read_text(path: Path, context: ReadContext, parsed: Parsed, sink: Sink) -> None:
    read_text_file(read_text(path), context, parsed, sink, sheet=context.part)


def read_text_file(
    file: TextFile, context: ReadContext, parsed: Parsed, sink: Sink, *, sheet: str | None = None
) -> None:
    """Read a decoded text: a survey by its Qualtrics header, else a table by its header names."""
    for code in file.findings:
        parsed.note(code)
    if try_survey_text(file, context.feeds, parsed, sink, sheet=sheet):
        return
    grid = Grid(sheet=sheet, rows=iter(file.records()), is_text=True)
    found = find_header(grid.head(), context.feeds)
    if found is None:
        raise unknown_form([grid.head()], context.feeds)
    if parsed.kind not in (None, found.feed.feed):
        raise DataError("ARCHIVE_LIMIT", "exports of more than one feed in one file")
    parsed.kind = found.feed.feed
    _read_grid(grid, found, context, parsed, sink)


def _read_json(path: Path, context: ReadContext, parsed: Parsed, sink: Sink) -> None:
    content = path.read_bytes()
    responses = parse_responses(content)
    if responses is not None:
        read_survey_json(responses, context.feeds, parsed, sink)
        return
    body = json.loads(content.decode("utf-8-sig"))
    if is_definition(body):
        parsed.details["definition"] = read_survey_definition(body)
        raise DataError("SURVEY_DEFINITION", "a survey definition holds no answers")
    raise DataError("WRONG_KIND", "a JSON file of no known survey")


def exported_at(parsed: Parsed, mtime: float, agency_zone: str) -> datetime:
    """When the export was made, as naive UTC: the stated moment, else the file's own property, else its newest
    entry, else its time.

    A stated "Report run" has no zone of its own: it is the agency's wall clock.
    """
    if parsed.stated_at is not None:
        return to_utc(parsed.stated_at, agency_zone)
    if parsed.property_at is not None:
        return parsed.property_at
    newest = parsed.details.get("newest_entry_utc")
    if isinstance(newest, datetime):
        return newest
    entry = parsed.details.get("newest_entry")
    if isinstance(entry, datetime):
        return to_utc(entry, agency_zone)
    return datetime.fromtimestamp(mtime, UTC).replace(tzinfo=None, microsecond=0)
