"""Small workbooks in the binary formats, written record by record: .xlsb and .xls, with what no library here writes.

The same :class:`Sheet` can be written as each kind, so that twins are twins cell by cell.
"""

import io
import struct
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

ERRORS = {"#NULL!": 0x00, "#DIV/0!": 0x07, "#VALUE!": 0x0F, "#REF!": 0x17, "#NAME?": 0x1D, "#NUM!": 0x24, "#N/A": 0x2A}


class Error(str):
    """An error cell, as its sheet shows it."""

    __slots__ = ()


@dataclass(frozen=True)
class Formula:
    """A formula cell with the value the workbook keeps for it; a value of None was never calculated."""

    value: Any


@dataclass(frozen=True)
class Sheet:
    """Rows from row 1; numbers of hidden rows and columns count from 0, so do the corners of merged cells."""

    name: str
    rows: Sequence[Sequence[Any]]
    is_hidden: bool = False
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[int, ...] = ()
    merged: tuple[tuple[int, int, int, int], ...] = ()
    """(top, bottom, left, right)"""
    claims: tuple[int, int] | None = None
    """Rows and columns that the sheet says it has, where that is not so."""

    @property
    def size(self) -> tuple[int, int]:
        return self.claims or (len(self.rows), max((len(row) for row in self.rows), default=1))


def serial(value: date, mac: bool) -> float:
    epoch = datetime(1904, 1, 1) if mac else datetime(1899, 12, 30)
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    return (moment - epoch) / timedelta(days=1)


def style(value: Any) -> int:
    return 2 if isinstance(value, datetime) else 1 if isinstance(value, date) else 0


def filled(row: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    return ((i, value) for i, value in enumerate(row) if value is not None and value != "")


def record(kind: int, content: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length, size = b"", len(content)
    while True:
        size, low = size >> 7, size & 0x7F
        length += bytes([low | 0x80 if size else low])
        if not size:
            return head + length + content


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text.encode("utf-16-le")) // 2) + text.encode("utf-16-le")


def xlsb_cell(column: int, value: Any, strings: dict[str, int], mac: bool) -> bytes:
    place = struct.pack("<2I", column, style(value))
    if isinstance(value, Formula):
        inner = value.value
        kind = 11 if isinstance(inner, Error) else 8 if isinstance(inner, str) else 9
        return record(kind, place + plain_xlsb(inner, mac) + struct.pack("<HI3sI", 0, 3, b"\x1e\x01\x00", 0))
    if isinstance(value, str) and not isinstance(value, Error) and len(value) % 2 == 0:
        return record(7, place + struct.pack("<I", strings.setdefault(value, len(strings))))
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**28:
        return record(2, place + struct.pack("<i", value << 2 | 2))
    kind = 3 if isinstance(value, Error) else 4 if isinstance(value, bool) else 6 if isinstance(value, str) else 5
    return record(kind, place + plain_xlsb(value, mac))


def plain_xlsb(value: Any, mac: bool) -> bytes:
    if isinstance(value, Error):
        return bytes([ERRORS[value]])
    if isinstance(value, bool):
        return bytes([value])
    return wide(value) if isinstance(value, str) else number(value, mac)


def number(value: Any, mac: bool) -> bytes:
    return struct.pack("<d", serial(value, mac) if isinstance(value, date) else value)


def xlsb_sheet(sheet: Sheet, strings: dict[str, int], mac: bool) -> bytes:
    height, width = sheet.size
    out = [record(0x81), record(0x94, struct.pack("<4I", 0, max(0, height - 1), 0, width - 1))]
    if sheet.hidden_columns:
        infos = b"".join(record(60, struct.pack("<4IH", c, c, 2048, 0, 1)) for c in sheet.hidden_columns)
        out.append(record(0x186) + infos + record(0x187))
    out.append(record(0x91))
    for number, row in enumerate(sheet.rows):
        hidden = 0x10 if number in sheet.hidden_rows else 0
        out.append(record(0, struct.pack("<2IH2BB", number, 0, 300, 0, hidden, 0) + struct.pack("<I", 0)))
        out += [xlsb_cell(column, value, strings, mac) for column, value in filled(row)]
    out.append(record(0x92))
    if sheet.merged:
        cells = b"".join(record(0xB0, struct.pack("<4I", *corners)) for corners in sheet.merged)
        out.append(record(0xB1, struct.pack("<I", len(sheet.merged))) + cells + record(0xB2))
    return b"".join(out) + record(0x82)


def xlsb(*sheets: Sheet, mac: bool = False, extra: dict[str, bytes] | None = None) -> bytes:
    """A binary workbook; ``mac`` counts days from 1904, ``extra`` adds members."""
    strings: dict[str, int] = {}
    bodies = [xlsb_sheet(sheet, strings, mac) for sheet in sheets]
    bundle = b"".join(
        record(0x9C, struct.pack("<2I", int(sheet.is_hidden), i) + wide(f"rId{i}") + wide(sheet.name))
        for i, sheet in enumerate(sheets, start=1)
    )
    book = record(0x83) + record(0x99, struct.pack("<2I", int(mac), 0) + wide("")) + record(0x8F) + bundle
    formats = b"".join(record(0x2F, struct.pack("<2H12x", 0xFFFF, kind)) for kind in (0, 14, 22))
    items = b"".join(record(0x13, b"\0" + wide(text)) for text in strings)
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    targets = "".join(
        f'<Relationship Id="rId{i}" Type="{relations}/worksheet" Target="worksheets/sheet{i}.bin"/>'
        for i in range(1, len(sheets) + 1)
    )
    targets += f'<Relationship Id="s" Type="{relations}/sharedStrings" Target="sharedStrings.bin"/>'
    targets += f'<Relationship Id="t" Type="{relations}/styles" Target="styles.bin"/>'
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r" Type="{relations}/officeDocument" Target="xl/workbook.bin"/></Relationships>',
        "xl/_rels/workbook.bin.rels": f'<Relationships xmlns="{package}/relationships">{targets}</Relationships>',
        "xl/workbook.bin": book + record(0x90) + record(0x9D, b"\0" * 26) + record(0x84),
        "xl/styles.bin": record(0x116) + record(0x269, struct.pack("<I", 3)) + formats + record(0x26A) + record(0x117),
        "xl/sharedStrings.bin": record(0x9F, struct.pack("<2I", len(strings), len(strings))) + items + record(0xA0),
        **{f"xl/worksheets/sheet{i}.bin": body for i, body in enumerate(bodies, start=1)},
        **(extra or {}),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def old(kind: int, content: bytes = b"") -> bytes:
    assert len(content) <= 8224, "a record this long needs a continuation"
    return struct.pack("<2H", kind, len(content)) + content


def begin(kind: int) -> bytes:
    return old(0x809, struct.pack("<4H2I", 0x0600, kind, 0x0DBB, 0x07CC, 0, 0x0600))


def text_of(value: str) -> bytes:
    return struct.pack("<HB", len(value.encode("utf-16-le")) // 2, 1) + value.encode("utf-16-le")


def xls_cell(row: int, column: int, value: Any, mac: bool) -> bytes:
    place = struct.pack("<3H", row, column, style(value))
    if isinstance(value, Formula):
        return xls_formula(place, value.value)
    if isinstance(value, Error):
        return old(0x205, place + struct.pack("<2B", ERRORS[value], 1))
    if isinstance(value, bool):
        return old(0x205, place + struct.pack("<2B", value, 0))
    return old(0x204, place + text_of(value)) if isinstance(value, str) else old(0x203, place + number(value, mac))


def xls_formula(place: bytes, value: Any) -> bytes:
    tail = struct.pack("<HIH3s", 0, 0, 3, b"\x1e\x01\x00")
    if isinstance(value, Error):
        return old(0x06, place + struct.pack("<BxB3xH", 2, ERRORS[value], 0xFFFF) + tail)
    if isinstance(value, str):
        return old(0x06, place + struct.pack("<6xH", 0xFFFF) + tail) + old(0x207, text_of(value))
    return old(0x06, place + struct.pack("<d", value) + tail)


def xls_sheet(sheet: Sheet, mac: bool) -> bytes:
    out = [begin(0x10)]
    out += [old(0x7D, struct.pack("<6H", c, c, 2048, 0, 1, 0)) for c in sheet.hidden_columns]
    height, width = sheet.size
    out.append(old(0x200, struct.pack("<2I2HH", 0, height, 0, width, 0)))
    for number, row in enumerate(sheet.rows):
        options = 0x120 if number in sheet.hidden_rows else 0x100
        out.append(old(0x208, struct.pack("<6HI", number, 0, width, 300, 0, 0, options)))
        out += [xls_cell(number, column, value, mac) for column, value in filled(row)]
    if sheet.merged:
        corners = b"".join(struct.pack("<4H", *merged) for merged in sheet.merged)
        out.append(old(0xE5, struct.pack("<H", len(sheet.merged)) + corners))
    return b"".join(out) + old(0x0A)


def xls(
    *sheets: Sheet, mac: bool = False, macro_sheet: bool = False, protected: bool = False, linked: str = ""
) -> bytes:
    """A workbook of 1997-2003. ``linked`` names a workbook it refers to, ``protected`` marks its records as encrypted."""
    bodies = [xls_sheet(sheet, mac) for sheet in sheets]
    head = begin(0x05) + (old(0x2F, struct.pack("<3H", 1, 1, 1) + b"\1" * 48) if protected else b"")
    head += old(0x42, struct.pack("<H", 1200)) + old(0x22, struct.pack("<H", int(mac)))
    head += b"".join(old(0xE0, struct.pack("<2H16x", 0, kind)) for kind in (0, 14, 22))
    tail = old(0x1AE, struct.pack("<H", 1) + text_of(linked)) if linked else b""
    tail += old(0x0A)
    names = [text_of(sheet.name)[2:] for sheet in sheets]
    start = len(head) + sum(4 + 7 + len(name) for name in names) + len(tail)
    listed = b""
    for sheet, name, body in zip(sheets, names, bodies, strict=True):
        kind = 1 if macro_sheet and sheet is sheets[-1] else 0
        listed += old(0x85, struct.pack("<I3B", start, int(sheet.is_hidden), kind, len(sheet.name)) + name)
        start += len(body)
    return container({"Workbook": head + listed + tail + b"".join(bodies)})


def container(streams: dict[str, bytes]) -> bytes:
    """An OLE container; streams are padded so that none goes into the small-stream area."""
    bodies = {name: body.ljust(max(4096, -(-len(body) // 512) * 512), b"\0") for name, body in streams.items()}
    entries = [_entry("Root Entry", 5, child=1)]
    sectors, table = b"", list[int]()
    n_directory = -(-(len(bodies) + 1) // 4)
    table += [*range(1, n_directory), 0xFFFFFFFE]
    for number, (name, body) in enumerate(bodies.items(), start=1):
        following = number + 1 if number < len(bodies) else 0xFFFFFFFF
        entries.append(_entry(name, 2, start=len(table), size=len(body), right=following))
        n = len(body) // 512
        table += [*range(len(table) + 1, len(table) + n), 0xFFFFFFFE]
        sectors += body
    directory = b"".join(entries).ljust(n_directory * 512, b"\0")
    n_fat = 1
    while (len(table) + n_fat) > n_fat * 128:
        n_fat += 1
    first_fat = len(table)
    table += [0xFFFFFFFD] * n_fat
    fat = struct.pack(f"<{len(table)}I", *table).ljust(n_fat * 512, b"\xff")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<6H", 0x3E, 3, 0xFFFE, 9, 6, 0) + b"\0" * 8
    head += struct.pack("<7I", n_fat, 0, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE) + struct.pack("<I", 0)
    head += struct.pack(f"<{n_fat}I", *range(first_fat, first_fat + n_fat))
    return head.ljust(512, b"\xff") + directory + sectors + fat


def _entry(
    name: str, kind: int, start: int = 0xFFFFFFFE, size: int = 0, right: int = 0xFFFFFFFF, child: int = 0xFFFFFFFF
) -> bytes:
    text = name.encode("utf-16-le")
    head = text.ljust(64, b"\0") + struct.pack("<H2B3I", len(text) + 2, kind, 1, 0xFFFFFFFF, right, child)
    return head + b"\0" * 36 + struct.pack("<IQ", start, size)
