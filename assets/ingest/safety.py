"""Everything that must be known of an archive before a parser may touch it.

One pass over every member, decompressing as a stream: sizes are counted, not believed; XML declarations that a parser
would act on are refused; what a reader would lose without a word (error cells, formulas, hidden rows) is noticed.
"""

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from assets.errors import DataError

MAX_TOTAL = 1_500_000_000
"""Unpacked bytes: a sheet of 1,048,576 rows and 9 columns of an agency's export unpacks to about 500 MB."""
MAX_RATIO = 200
"""Unpacked to packed; honest workbooks stay below 30, the 200 kB bomb of the tests has 1,000."""
RATIO_FLOOR = 20_000_000
MAX_MEMBERS = 2_000
MAX_EXPORTS = 50
MAX_CELLS = 60_000_000
"""Cells a sheet may span: 1,048,576 rows of 57 columns, about 2 GB in the reader."""
_CHUNK = 1 << 20
_OVERLAP = 200
_ROW_NUMBER = re.compile(rb'<row\b[^>]{0,150}?\br="(\d{1,9})"')
_WIDE_OR_FAR = re.compile(rb'r="[A-Z](?:[A-Z]{1,2}\d|\d{7})')
"""A cell right of column Z or below row 999,999."""
_FILLED_CELL = re.compile(rb'<c\b[^>]{0,150}?\br="([A-Z]{1,3})(\d{1,9})"[^>]{0,150}(?<!/)>')
_MARKUP = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_WIDE_MARKUP = re.compile(
    rb"<\x00?!\x00?\s*(?:D\x00?O\x00?C\x00?T\x00?Y\x00?P\x00?E|E\x00?N\x00?T\x00?I\x00?T\x00?Y)", re.IGNORECASE
)
_ARCHIVES = (".zip", ".7z", ".rar", ".gz", ".tar", ".tgz", ".bz2", ".xz")
_DATA = (".csv", ".tsv", ".txt", ".tab", ".json", ".ndjson", ".jsonl", ".sav", ".zsav", ".xlsx")
_WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


@dataclass
class ArchiveScan:
    """What one pass over an archive told."""

    kind: str = "zip"
    members: tuple[str, ...] = ()
    flags: set[str] = field(default_factory=set)
    members_with: dict[str, set[str]] = field(default_factory=dict)

    def mark(self, flag: str, member: str) -> None:
        """Remember that ``member`` shows ``flag``."""
        self.flags.add(flag)
        self.members_with.setdefault(flag, set()).add(member)


_SHEET_FLAGS: tuple[tuple[str, bytes, tuple[bytes, ...]], ...] = (
    ("error_cell", b't="e"', ()),
    ("error_cell", b"'", (b"t='e'",)),
    ("formula", b"<f", ()),
    ("formula", b":f", (b":f>", b":f ")),
    ("hidden", b"hidden=", (b'hidden="1"', b"hidden='1'", b'hidden="true"')),
)
"""Flag, what is looked for in every piece, and where that is found, the marks of which one must be there: the five
short looks cost half of eight long ones."""


def scan_archive(path: Path) -> ArchiveScan:
    """Check a zip (workbook or plain archive) without unpacking it to disk.

    Raises :class:`DataError` with ``CORRUPT``, ``PASSWORD``, ``UNSAFE_ARCHIVE``, ``ARCHIVE_LIMIT``, ``TOO_BIG``,
    ``UNSAFE_XML`` or ``MACROS``.
    """
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as handle:
            infos = archive.infolist()
            _check_names(infos)
            scan = ArchiveScan(kind=_kind(archive, infos), members=tuple(info.filename for info in infos))
            budget = Budget(path.stat().st_size)
            for info in infos:
                _scan_member(unpacked(handle, info, budget), info.filename, scan)
    except DataError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, OSError, ValueError, OverflowError, KeyError):
        raise DataError("CORRUPT", "the archive is damaged or cut off") from None
    except RuntimeError:
        raise DataError("CORRUPT", "the archive uses a compression that is not supported") from None
    if "macros" in scan.flags:
        raise DataError("MACROS", "the workbook holds macros")
    if scan.kind == "zip":
        _check_exports(scan)
    return scan


class Budget:
    """Bytes unpacked so far, over all members, against the limits."""

    def __init__(self, packed: int) -> None:
        self._packed = packed
        self._total = 0

    def spend(self, n: int) -> None:
        """Count ``n`` more unpacked bytes; raise ``TOO_BIG`` beyond the limits."""
        self._total += n
        if self._total > MAX_TOTAL or (self._total > RATIO_FLOOR and self._total > MAX_RATIO * self._packed):
            raise DataError("TOO_BIG", "the archive unpacks to more than the limit")


def unpacked(handle: BinaryIO, info: zipfile.ZipInfo, budget: Budget) -> Iterator[bytes]:
    """A member's bytes in pieces, decompressed here: ``zipfile`` stops at the size the header claims, parsers do
    not."""
    handle.seek(info.header_offset)
    local = handle.read(30)
    if len(local) < 30 or local[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile
    name_length, extra_length = struct.unpack("<2H", local[26:30])
    handle.seek(name_length + extra_length, 1)
    inflate = zlib.decompressobj(-15) if info.compress_type == zipfile.ZIP_DEFLATED else None
    if inflate is None and info.compress_type != zipfile.ZIP_STORED:
        raise RuntimeError  # as zipfile calls what it cannot unpack
    left, size, crc = info.compress_size, 0, 0
    pending = b""
    while left or pending:
        if not pending:
            pending = handle.read(min(left, _CHUNK))
            if not pending:
                raise EOFError
            left -= len(pending)
        piece = inflate.decompress(pending, _CHUNK) if inflate else pending
        pending = inflate.unconsumed_tail if inflate else b""
        budget.spend(len(piece))
        size += len(piece)
        crc = zlib.crc32(piece, crc)
        if piece:
            yield piece
    if size != info.file_size or crc != info.CRC:
        raise zipfile.BadZipFile


def _check_names(infos: list[zipfile.ZipInfo]) -> None:
    if len(infos) > MAX_MEMBERS:
        raise DataError("ARCHIVE_LIMIT", f"more than {MAX_MEMBERS} members")
    for info in infos:
        name = info.orig_filename if hasattr(info, "orig_filename") else info.filename
        parts = PurePosixPath(name.replace("\\", "/")).parts
        unsafe = (
            name.startswith(("/", "\\"))
            or ".." in parts
            or re.match(r"[A-Za-z]:", name)
            or "\\" in name
            or "\x00" in name
        )
        if unsafe or stat.S_ISLNK(info.external_attr >> 16):
            raise DataError("UNSAFE_ARCHIVE", "a member's path points outside the archive, or is a link")
        if info.flag_bits & 0x1:
            raise DataError("PASSWORD", "a member is encrypted")
    names = [info.filename for info in infos]
    if len(names) != len(set(names)):
        raise DataError("UNSAFE_ARCHIVE", "two members carry the same name")


def _kind(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> str:
    names = {info.filename for info in infos}
    if "xl/workbook.bin" in names:
        return "xlsb"
    if any(name.lower() == "xl/workbook.xml" for name in names) or (
        "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names)
    ):
        return "xlsx"
    if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
        kind = archive.read("mimetype")
        if b"opendocument.spreadsheet" in kind:
            return "ods"
    if "[Content_Types].xml" in names:
        return "office"
    return "zip"


def _scan_member(pieces: Iterator[bytes], member: str, scan: ArchiveScan) -> None:
    name = member.lower()
    in_workbook = scan.kind != "zip"
    if in_workbook:
        _flag_by_name(name, member, scan)
    is_xml = in_workbook and name.endswith((".xml", ".rels", ".vml"))
    extent = Extent() if is_xml and "worksheets/" in name else None
    tail = b""
    for piece in pieces:
        if not is_xml:
            continue
        window = tail + piece
        _refuse_markup(window)
        if extent is not None:
            for flag, sign, marks in _SHEET_FLAGS:
                is_known = member in scan.members_with.get(flag, ())
                if not is_known and sign in window and (not marks or any(mark in window for mark in marks)):
                    scan.mark(flag, member)
            extent.take(window)
        tail = window[-_OVERLAP:]
    if extent is not None and extent.cells > MAX_CELLS:
        raise DataError("TOO_BIG", "a sheet spans more cells than the limit")


def _refuse_markup(window: bytes) -> None:
    is_wide = window[:2] in (b"\xff\xfe", b"\xfe\xff") or window[1:2] == b"\x00" or window[:1] == b"\x00"
    # One byte is found ten times as fast as two, and a sheet of numbers has none.
    if (b"!" in window and b"<!" in window and _MARKUP.search(window)) or (is_wide and _WIDE_MARKUP.search(window)):
        raise DataError("UNSAFE_XML", "an XML member declares a document type or entities")


class Extent:
    """The rectangle that a sheet's filled cells span: readers keep sheets dense, so its area is what they will ask for.

    Columns are only counted exactly once a two-letter column has been seen: a sheet of 200,000 rows is scanned in
    0.3 s.
    """

    def __init__(self) -> None:
        self._last_row = 0
        self._last_column = 26

    @property
    def cells(self) -> int:
        """Rows times columns; columns are an upper bound within A to Z."""
        return self._last_row * self._last_column

    def take(self, window: bytes) -> None:
        """Look at one piece of the sheet's XML."""
        rows = _ROW_NUMBER.findall(window)
        if rows:
            self._last_row = max(self._last_row, *map(int, rows))
        if _WIDE_OR_FAR.search(window):
            for letters, row in _FILLED_CELL.findall(window):
                self._last_row = max(self._last_row, int(row))
                number = 0
                for letter in letters:
                    number = number * 26 + letter - 64
                self._last_column = max(self._last_column, number)


_OUTSIDE = ("externallinks/", "xl/connections.", "embeddings/", "/media/", "querytables/")


def _flag_by_name(name: str, member: str, scan: ArchiveScan) -> None:
    if "vbaproject" in name or "macrosheets/" in name or name.startswith(("basic/", "scripts/")):
        scan.mark("macros", member)
    if any(part in name for part in _OUTSIDE) or name.startswith(("pictures/", "object ")):
        scan.mark("external", member)


def _check_exports(scan: ArchiveScan) -> None:
    """A plain zip may hold a handful of exports of one kind, nothing that must be unpacked again."""
    files = [name for name in scan.members if not name.endswith("/") and not is_clutter(name)]
    suffixes = {PurePosixPath(name).suffix.lower() for name in files}
    if suffixes & set(_ARCHIVES) or len(files) > MAX_EXPORTS:
        raise DataError("ARCHIVE_LIMIT", "archives inside an archive, or too many members")
    if ".qsf" in suffixes and len(files) > 1:
        raise DataError("DEFINITION_BESIDE", "a survey definition beside other files")
    if not files or not suffixes <= {*_DATA, ".qsf"} or len(suffixes) > 1:
        raise DataError("ARCHIVE_LIMIT", "an archive must hold exports of one kind only")


def is_clutter(name: str) -> bool:
    """True for a member that a system puts into archives by itself."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name in (".DS_Store", "Thumbs.db", "desktop.ini")


def exports_in(scan: ArchiveScan) -> list[str]:
    """The members of a plain zip that are exports, in name order."""
    return sorted(name for name in scan.members if not name.endswith("/") and not is_clutter(name))
