"""Survey records of a text file as columns: the fast way for even files, record by record where a row is uneven."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from assets.errors import DataError
from assets.ingest.cells import trimmed
from assets.ingest.parsed import Parsed, Quarantined
from assets.ingest.qualtrics_header import SurveyHeader, read_header
from assets.ingest.survey_map import Kind
from assets.ingest.surveys import SurveyInput
from assets.ingest.textfile import TextFile
from assets.ingest.texts import BLANKS

MAX_UNEVEN = 0.05
HEADER_TEXT = 4_000_000
"""Bytes within which the three header rows must end: question texts run to some hundred thousand."""
_CODE = re.compile(r"(?:-?\d{1,4})?")
_MOMENT = re.compile(r"(?:\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})?")


def survey_header(file: TextFile) -> SurveyHeader | None:
    """The Qualtrics header of a text file, or None when it has none."""
    reader = csv.reader(io.StringIO(file.head(HEADER_TEXT), newline=""), delimiter=file.delimiter)
    try:
        records = [record for _, record in zip(range(3), reader, strict=False)]
    except csv.Error:
        return None
    return read_header(records)


def survey_columns(
    file: TextFile, header: SurveyHeader, parsed: Parsed, kinds: dict[int, Kind] | None = None
) -> SurveyInput:
    """All responses as trimmed text columns (blank = None), numbered by record with the header counted.

    ``kinds`` says what the columns at some places hold: ``code`` and ``moment`` columns come as numbers and timestamps
    where all of them are plainly written (else as texts), ``few`` and ``code`` texts dictionary-encoded, ``unread``
    ones not at all.

    Raises :class:`DataError` ``UNEVEN_ROWS`` where more than 5 % of the records do not fit the header, ``CORRUPT``
    where quotes do not pair up.
    """
    head = file.head(HEADER_TEXT)
    source = io.StringIO(head, newline="")
    reader = csv.reader(source, delimiter=file.delimiter)
    width = 0
    for _, record in zip(range(header.rows), reader, strict=False):
        width = max(width, len(record))
    start = len(head[: source.tell()].encode("utf-8"))
    end = _end(file.content, start)
    trailing = max(0, file.content[end:].count(b"\n") - 1)
    text = _Text(file.content, start, end, width, file.delimiter)
    columns = _by_arrow(text, kinds or {})
    numbers: list[int] = []
    uneven = blank = 0
    if columns is None:
        columns, numbers, uneven, blank = _by_records(text, header.rows, parsed)
    n = len(next(iter(columns.values()))) if columns else 0
    parsed.rows_read += n + uneven + blank + trailing + header.rows
    parsed.structural += header.rows + blank + trailing
    row_numbers = pa.array(numbers) if numbers else pa.array(range(header.rows + 1, header.rows + 1 + n), pa.int64())
    return SurveyInput(header, columns, row_numbers.cast(pa.int64()))


@dataclass(frozen=True)
class _Text:
    """The records of a file without its header: bytes ``start`` to ``end`` of ``content``."""

    content: bytes
    start: int
    end: int
    width: int
    delimiter: str

    def first(self) -> list[str] | None:
        """The first record; None where it has another width than the header, or is no record."""
        head = self.content[self.start : min(self.end, self.start + HEADER_TEXT)].decode("utf-8", "ignore")
        try:
            record = next(csv.reader(io.StringIO(head, newline=""), delimiter=self.delimiter), [])
        except csv.Error:
            return None
        return record if len(record) == self.width else None


def _end(content: bytes, start: int) -> int:
    """Where the records end: the line ends after the last one are no records."""
    end = len(content)
    while end > start and content[end - 1 : end] in (b"\r", b"\n"):
        end -= 1
    return end


def _trim(column: pa.Array) -> pa.Array:
    """Trimmed, blanks as null. A coded column is trimmed in its dictionary: seven answers instead of 500,000 cells."""
    if not pa.types.is_dictionary(column.type):
        return trimmed(column) if pa.types.is_string(column.type) else column
    words = pc.utf8_trim(column.dictionary, characters=BLANKS)
    blank = pc.indices_nonzero(pc.equal(words, ""))
    indices = column.indices
    if len(blank):
        gone = pc.is_in(indices, value_set=pc.cast(blank, indices.type))
        indices = pc.if_else(gone, pa.scalar(None, indices.type), indices)
    return pa.DictionaryArray.from_arrays(indices, words)


def _by_arrow(text: _Text, kinds: dict[int, Kind]) -> dict[int, pa.Array] | None:
    """Parse with Arrow's reader under a fixed dialect; None when any record is uneven (then the slow way tells
    where)."""
    if text.start == text.end:
        return {place: pa.array([], pa.string()) for place in range(text.width)}
    few = {place: "few" if kind in ("code", "few") else kind for place, kind in kinds.items() if kind != "moment"}
    for tried in (kinds, few) if _is_plain(text, kinds) else (few,):
        try:
            table = _read_csv(text, tried)
        except pa.ArrowInvalid:  # a number or moment written otherwise, or an uneven record
            continue
        places = [int(name) for name in table.column_names]
        columns = {}
        for place in places:
            columns[place] = _trim(_whole(table.column(0)))
            table = table.remove_column(0)  # what was copied is given back: half the memory at the end
        return columns
    return None


def _is_plain(text: _Text, kinds: dict[int, Kind]) -> bool:
    """True when the first record is written as ``kinds`` promises: worth trying for all."""
    record = text.first()
    if record is None or not kinds:
        return False
    shapes = {"code": _CODE, "moment": _MOMENT}
    return all(shapes[kind].fullmatch(record[place]) for place, kind in kinds.items() if kind in shapes)


def _read_csv(text: _Text, kinds: Mapping[int, str]) -> pa.Table:
    import pyarrow.csv as arrow_csv

    types = {
        "code": pa.int16(),
        "moment": pa.timestamp("s"),
        "few": pa.dictionary(pa.int32(), pa.string()),
    }
    records = pa.py_buffer(text.content).slice(text.start, text.end - text.start)
    return arrow_csv.read_csv(
        pa.BufferReader(records),
        read_options=arrow_csv.ReadOptions(column_names=[str(i) for i in range(text.width)], use_threads=False),
        parse_options=arrow_csv.ParseOptions(
            delimiter=text.delimiter,
            newlines_in_values=text.content.find(b'"', text.start) >= 0,
            ignore_empty_lines=False,
            double_quote=True,
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types={str(i): types.get(kinds.get(i, ""), pa.string()) for i in range(text.width)},
            include_columns=[str(i) for i in range(text.width) if kinds.get(i) != "unread"],
            null_values=[""],
            strings_can_be_null=False,
            timestamp_parsers=["%Y-%m-%d %H:%M:%S"],
        ),
    )


def _whole(column: pa.ChunkedArray) -> pa.Array:
    whole = column.unify_dictionaries().combine_chunks()
    return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole


def _by_records(text: _Text, header_rows: int, parsed: Parsed) -> tuple[dict[int, pa.Array], list[int], int, int]:
    width = text.width
    kept: list[list[str]] = []
    numbers: list[int] = []
    uneven: list[int] = []
    blank = 0
    source = io.TextIOWrapper(io.BytesIO(text.content[text.start : text.end]), encoding="utf-8", newline="")
    reader = csv.reader(source, delimiter=text.delimiter, strict=True)
    number = header_rows
    try:
        for record in reader:
            number += 1
            if not any(cell.strip() for cell in record):
                blank += 1
            elif (len(record) != width and any(cell.strip() for cell in record[width:])) or len(record) < width:
                uneven.append(number)
                cells = {f"column {i + 1}": cell for i, cell in enumerate(record)}
                parsed.quarantined.append(Quarantined(None, number, None, "ROW_UNEVEN", dict(cells)))
            else:
                kept.append(record)
                numbers.append(number)
    except csv.Error:
        raise DataError("CORRUPT", "quotes do not pair up") from None
    if uneven and len(uneven) > MAX_UNEVEN * (len(uneven) + len(kept)):
        raise DataError("UNEVEN_ROWS", "too many records do not fit the header")
    parsed.note("ROW_UNEVEN", len(uneven))
    columns = {i: trimmed(pa.array([record[i] for record in kept], pa.string())) for i in range(width)}
    return columns, numbers, len(uneven), blank
