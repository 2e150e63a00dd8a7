"""What an old workbook's own records tell (.xls): error cells, formulas, hidden rows, macro sheets, outside links.

calamine shows an error cell of these files as an empty one; the records hold its place. A sheet of 65,536 rows and 16
columns is walked in about a second.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from assets.errors import DataError
from assets.ingest.ole import Container, NotReadable
from assets.ingest.sheet_facts import SheetFacts

_EOF, _FORMULA, _FILEPASS = 0x0A, 0x06, 0x2F
_BOUNDSHEET, _COLINFO, _SUPBOOK, _CONNECTION = 0x85, 0x7D, 0x1AE, 0x876
_ROW, _BOOLERR, _BOF = 0x208, 0x205, 0x809
_INSIDE = (0x0401, 0x3A01)
"""What a SUPBOOK record says in place of a path when it means this workbook or an add-in."""
_SHEET, _MACRO_SHEET = 0, 1
_WIDE = 0x01


@dataclass
class BookFacts:
    """Facts by sheet name; ``flags`` holds ``macros`` and ``external``."""

    sheets: dict[str, SheetFacts] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)


def xls_facts(content: bytes) -> BookFacts | None:
    """Walk the records of an .xls file; None when its container or its records cannot be followed.

    Raises :class:`DataError` ``PASSWORD`` for a workbook whose records are encrypted.
    """
    try:
        container = Container(content)
        stream = container.stream("Workbook" if "Workbook" in container.names else "Book")
        return _book(stream)
    except (NotReadable, KeyError, struct.error, IndexError):
        return None


def _records(stream: bytes, start: int) -> Iterator[tuple[int, int, int]]:
    """(kind, place of the content, its length) up to the end of the substream; substreams inside it are stepped
    over."""
    place, depth = start, 0
    while place + 4 <= len(stream):
        kind, length = struct.unpack_from("<2H", stream, place)
        place += 4
        if place + length > len(stream):
            raise NotReadable
        if kind == _BOF:
            depth += 1
        elif kind == _EOF:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1:
            yield kind, place, length
        place += length
    raise NotReadable


def _book(stream: bytes) -> BookFacts:
    facts = BookFacts()
    places: list[tuple[str, int]] = []
    for kind, place, length in _records(stream, 0):
        if kind == _FILEPASS:
            raise DataError("PASSWORD", "the workbook is encrypted")
        if kind == _BOUNDSHEET:
            start, _, what, size = struct.unpack_from("<IBBB", stream, place)
            if what == _MACRO_SHEET:
                facts.flags.add("macros")
            if what == _SHEET:
                places.append((_name(stream[place + 7 : place + length], size), start))
        elif kind == _CONNECTION or (kind == _SUPBOOK and _is_outside(stream, place)):
            facts.flags.add("external")
    for name, start in places:
        facts.sheets[name] = _sheet(stream, start)
    return facts


def _name(content: bytes, size: int) -> str:
    """A sheet's name: a byte of flags, then one or two bytes a character."""
    if content[0] & _WIDE:
        return content[1 : 1 + 2 * size].decode("utf-16-le", "replace")
    return content[1 : 1 + size].decode("latin-1")


def _is_outside(stream: bytes, place: int) -> bool:
    (length,) = struct.unpack_from("<H", stream, place + 2)
    return length not in _INSIDE


def _sheet(stream: bytes, start: int) -> SheetFacts:
    facts = SheetFacts()
    for kind, place, _ in _records(stream, start):
        if kind == _BOOLERR:
            row, column, _, _, is_error = struct.unpack_from("<3H2B", stream, place)
            if is_error:
                facts.fault(row + 1, column, "ERROR_CELL")
        elif kind == _FORMULA:
            row, column, _, what, mark = struct.unpack_from("<3HB5xH", stream, place)
            facts.has_formulas = True
            if mark == 0xFFFF and what == 2:
                facts.fault(row + 1, column, "ERROR_CELL")
        elif kind == _ROW:
            facts.is_hidden = facts.is_hidden or bool(stream[place + 12] & 0x20)
        elif kind == _COLINFO:
            facts.is_hidden = facts.is_hidden or bool(stream[place + 8] & 0x01)
    return facts
