"""What a binary workbook's own records tell (.xlsb): error cells, formulas, hidden rows and columns, merged cells.

calamine shows an error cell of these files as an empty one. The records are read as the archive unpacks, piece by
piece.
"""

import struct
import zipfile
from collections.abc import Iterator
from typing import IO

from assets.ingest.sheet_facts import SheetFacts, check_extent
from assets.ingest.sheet_xml import relation_targets

_ROW, _BLANK, _ERROR, _FORMULA_TEXT, _FORMULA_ERROR, _RICH_TEXT = 0, 1, 3, 8, 11, 62
_COLUMN, _SHEET, _MERGED = 60, 156, 176
_PIECE = 1 << 20
_LONGEST = 1 << 26


def xlsb_facts(archive: zipfile.ZipFile) -> dict[str, SheetFacts]:
    """Facts by sheet name. Raises ``KeyError``, ``ValueError`` or ``struct.error`` when the records make no sense."""
    targets = relation_targets(archive.read("xl/_rels/workbook.bin.rels"))
    facts: dict[str, SheetFacts] = {}
    with archive.open("xl/workbook.bin") as book:
        for kind, content in _records(book):
            if kind == _SHEET:
                relation, after = _text(content, 8)
                name, _ = _text(content, after)
                if relation in targets and "worksheets/" in targets[relation]:
                    with archive.open(targets[relation]) as sheet:
                        facts[name] = _facts(sheet)
    return facts


def _text(content: bytes, place: int) -> tuple[str, int]:
    """A text and the place behind it: a count, then two bytes a character."""
    (size,) = struct.unpack_from("<I", content, place)
    end = place + 4 + 2 * size
    return content[place + 4 : end].decode("utf-16-le", "replace"), end


def _records(source: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Every record as (kind, content). Kind and length are written seven bits at a time."""
    data, place = source.read(_PIECE), 0
    while True:
        if len(data) - place < 8:
            data, place = data[place:] + source.read(_PIECE), 0
            if not data:
                return
        kind, place = data[place], place + 1
        if kind & 0x80:
            kind, place = (kind & 0x7F) | (data[place] & 0x7F) << 7, place + 1
        length = shift = 0
        while True:
            byte, place = data[place], place + 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80 or shift > 21:
                break
        if length > _LONGEST:
            raise ValueError("a record is longer than any can be")
        while len(data) - place < length:
            more = source.read(max(_PIECE, length))
            if not more:
                raise ValueError("a record is cut off")
            data, place = data[place:] + more, 0
        yield kind, data[place : place + length]
        place += length


def _facts(source: IO[bytes]) -> SheetFacts:
    facts = SheetFacts()
    row = last_row = last_column = 0
    for kind, content in _records(source):
        if kind == _ROW:
            (row,) = struct.unpack_from("<I", content)
            facts.is_hidden = facts.is_hidden or (len(content) > 11 and bool(content[11] & 0x10))
        elif _ROW < kind <= _FORMULA_ERROR or kind == _RICH_TEXT:
            (column,) = struct.unpack_from("<I", content)
            if kind != _BLANK and (row > last_row or column > last_column):
                last_row, last_column = max(last_row, row), max(last_column, column)
                check_extent(last_row + 1, last_column + 1)
            if _FORMULA_TEXT <= kind <= _FORMULA_ERROR:
                facts.has_formulas = True
            if kind in (_ERROR, _FORMULA_ERROR):
                facts.fault(row + 1, column, "ERROR_CELL")
        elif kind == _COLUMN:
            facts.is_hidden = facts.is_hidden or bool(content[16] & 0x01)
        elif kind == _MERGED:
            top, bottom, left, right = struct.unpack_from("<4I", content)
            facts.merged.append(((top, left), (bottom, right)))
    return facts
