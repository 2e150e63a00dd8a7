"""Faults of archives: rows 10-13 and 57 of the table."""

import io
import struct
import zipfile
import zlib

from tests.faults.case import Registry, rejected, written
from tests.faults.files import SURVEY, book_bytes, with_members, zipped
from tests.faults.good import (
    intake_book,
)

ARCHIVES = Registry()
add = ARCHIVES.add

for label, member in {
    "dots": "../../victim.csv",
    "absolute": "/tmp/victim.csv",
    "drive": "C:/victim.csv",
    "backslash": "..\\victim.csv",
}.items():
    add(
        10,
        label,
        written("bad.zip", lambda member=member: zipped({member: SURVEY})),
        {"bad.zip": rejected("UNSAFE_ARCHIVE")},
    )


def _zip_with_link() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("link.csv")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/hostname")
    return out.getvalue()


add(10, "link-member", written("bad.zip", _zip_with_link), {"bad.zip": rejected("UNSAFE_ARCHIVE")})
add(
    11,
    "zip-in-zip",
    written("in.zip", lambda: zipped({"a.zip": zipped({"a.csv": SURVEY})})),
    {"in.zip": rejected("ARCHIVE_LIMIT")},
)
add(
    11,
    "mixed-kinds",
    written("mix.zip", lambda: zipped({"a.csv": SURVEY, "b.xlsx": book_bytes(intake_book())})),
    {"mix.zip": rejected("ARCHIVE_LIMIT")},
)
add(
    11,
    "many-members",
    written("many.zip", lambda: zipped({f"{i}.csv": b"a,b\n" for i in range(60)})),
    {"many.zip": rejected("ARCHIVE_LIMIT")},
)


def _bomb() -> bytes:
    sheet = b"<worksheet><sheetData>" + b"<row><c><v>1</v></c></row>" * 2_000_000 + b"</sheetData></worksheet>"
    return with_members(book_bytes(intake_book()), {}, {"xl/worksheets/sheet1.xml": sheet})


def _lying_bomb() -> bytes:
    """A member whose headers claim 10 bytes and which unpacks to 100 MB."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packed.compress(b"0" * 100_000_000) + packed.flush()
    name = b"a.csv"
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 0, 0, len(data), 10, len(name), 0) + name + data
    entry = (
        struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 0, 0, len(data), 10, len(name), 0, 0, 0, 0, 0, 0) + name
    )
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(entry), len(local), 0)
    return local + entry + end


def _overlap_sheet() -> bytes:
    """One real cell at each end of the largest sheet: a dense reader would ask for 17 billion cells."""
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )
    return with_members(book_bytes(intake_book()), {}, {"xl/worksheets/sheet1.xml": sheet})


add(12, "zip-bomb", written("bomb.xlsx", _bomb), {"bomb.xlsx": rejected("TOO_BIG")})
add(12, "lying-size", written("lie.zip", _lying_bomb), {"lie.zip": rejected("TOO_BIG")})
add(57, "sheet-of-17-billion-cells", written("vast.xlsx", _overlap_sheet), {"vast.xlsx": rejected("TOO_BIG")})

DTD = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>'
add(
    13,
    "entity-in-sheet",
    written("x.xlsx", lambda: with_members(book_bytes(intake_book()), {}, {"xl/worksheets/sheet1.xml": DTD})),
    {"x.xlsx": rejected("UNSAFE_XML")},
)
add(
    13,
    "entity-in-properties",
    written("x.xlsx", lambda: with_members(book_bytes(intake_book()), {}, {"docProps/core.xml": DTD})),
    {"x.xlsx": rejected("UNSAFE_XML")},
)
add(
    13,
    "entity-in-utf16",
    written(
        "x.xlsx",
        lambda: with_members(book_bytes(intake_book()), {}, {"docProps/core.xml": DTD.decode().encode("utf-16")}),
    ),
    {"x.xlsx": rejected("UNSAFE_XML")},
)
