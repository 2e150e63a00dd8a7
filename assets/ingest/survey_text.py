"""Survey records of a text file as columns: the fast way for even files, record by record where a row is uneven."""

import csv
import io

import pyarrow as pa
import pyarrow.compute as pc

from assets.errors import DataError
from assets.ingest.cells import trimmed
from assets.ingest.parsed import Parsed, Quarantined
from assets.ingest.qualtrics_header import SurveyHeader, read_header
from assets.ingest.surveys import SurveyInput
from assets.ingest.textfile import TextFile
from assets.ingest.texts import BLANKS

MAX_UNEVEN = 0.05
HEADER_TEXT = 4_000_000
"""Characters within which the three header rows must end: question texts run to some hundred thousand."""


def survey_header(file: TextFile) -> SurveyHeader | None:
    """The Qualtrics header of a text file, or None when it has none."""
    reader = csv.reader(io.StringIO(file.text[:HEADER_TEXT], newline=""), delimiter=file.delimiter)
    try:
        records = [record for _, record in zip(range(3), reader, strict=False)]
    except csv.Error:
        return None
    return read_header(records)


def survey_columns(file: TextFile, header: SurveyHeader, parsed: Parsed, coded: set[int] | None = None) -> SurveyInput:
    """All responses as trimmed text columns (blank = None), numbered by record with the header counted.

    Columns at the places ``coded`` have few distinct values and come dictionary-encoded.

    Raises :class:`DataError` ``UNEVEN_ROWS`` where more than 5 % of the records do not fit the header, ``CORRUPT``
    where
    quotes do not pair up.
    """
    source = io.StringIO(file.text[:HEADER_TEXT], newline="")
    reader = csv.reader(source, delimiter=file.delimiter)
    width = 0
    for _, record in zip(range(header.rows), reader, strict=False):
        width = max(width, len(record))
    rest = file.text[source.tell() :]
    stripped = rest.rstrip("\r\n")
    trailing = max(0, rest[len(stripped) :].count("\n") - 1)
    columns = _by_arrow(stripped, width, file.delimiter, coded or set())
    numbers: list[int] = []
    uneven = blank = 0
    if columns is None:
        columns, numbers, uneven, blank = _by_records(stripped, width, file.delimiter, header.rows, parsed)
    n = len(columns[0]) if columns else 0
    parsed.rows_read += n + uneven + blank + trailing + header.rows
    parsed.structural += header.rows + blank + trailing
    texts = {i: _trim(column) for i, column in enumerate(columns)}
    row_numbers = pa.array(numbers or range(header.rows + 1, header.rows + 1 + n), pa.int64())
    return SurveyInput(header, texts, row_numbers)


def _trim(column: pa.Array) -> pa.Array:
    """Trimmed, blanks as null. A coded column is trimmed in its dictionary: seven answers instead of 500,000 cells."""
    if not pa.types.is_dictionary(column.type):
        return trimmed(column)
    words = pc.utf8_trim(column.dictionary, characters=BLANKS)
    blank = pc.indices_nonzero(pc.equal(words, ""))
    indices = column.indices
    if len(blank):
        gone = pc.is_in(indices, value_set=pc.cast(blank, indices.type))
        indices = pc.if_else(gone, pa.scalar(None, indices.type), indices)
    return pa.DictionaryArray.from_arrays(indices, words)


def _by_arrow(text: str, width: int, delimiter: str, coded: set[int]) -> list[pa.Array] | None:
    """Parse with Arrow's reader under a fixed dialect; None when any record is uneven (then the slow way tells
    where)."""
    import pyarrow.csv as arrow_csv

    if not text:
        return [pa.array([], pa.string()) for _ in range(width)]
    names = [str(i) for i in range(width)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(text.encode("utf-8")),
            read_options=arrow_csv.ReadOptions(column_names=names, encoding="utf8"),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values='"' in text, ignore_empty_lines=False, double_quote=True
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={
                    n: pa.dictionary(pa.int32(), pa.string()) if int(n) in coded else pa.string() for n in names
                },
                strings_can_be_null=False,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    return [_whole(table.column(name)) for name in names]


def _whole(column: pa.ChunkedArray) -> pa.Array:
    whole = column.unify_dictionaries().combine_chunks()
    return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole


def _by_records(
    text: str, width: int, delimiter: str, header_rows: int, parsed: Parsed
) -> tuple[list[pa.Array], list[int], int, int]:
    kept: list[list[str]] = []
    numbers: list[int] = []
    uneven: list[int] = []
    blank = 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
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
    columns = [pa.array([record[i] for record in kept], pa.string()) for i in range(width)]
    return columns, numbers, len(uneven), blank
