"""Everything that must be known of an archive before a parser may touch it.

One pass over every member, decompressing as a stream: sizes are counted, not believed; XML declarations that a parser
would act on are refused; what a reader would lose without a word (error cells, formulas, hidden rows) is noticed.
"""

import re
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from assets.errors import DataError

MAX_TOTAL = 1_500_000_000
"""Unpacked bytes: a sheet of 1,048,576 rows and 9 columns of an agency's export unpacks to about 500 MB."""
MAX_RATIO = 200
"""Unpacked to packed; honest workbooks stay below 30, the 200 kB bomb of the tests has 1,000."""
RATIO_FLOOR = 20_000_000
MAX_MEMBERS = 2_000
MAX_EXPORTS = 50
_CHUNK = 1 << 20
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


_SHEET_FLAGS: tuple[tuple[str, bytes], ...] = (
    ("error_cell", b't="e"'),
    ("formula", b"<f"),
    ("hidden", b'hidden="1"'),
    ("hidden", b'hidden="true"'),
    ("merged", b"<mergeCell "),
    ("iso_date", b't="d"'),
)


def scan_archive(path: Path) -> ArchiveScan:
    """Check a zip (workbook or plain archive) without unpacking it to disk.

    Raises :class:`DataError` with ``CORRUPT``, ``PASSWORD``, ``UNSAFE_ARCHIVE``, ``ARCHIVE_LIMIT``, ``TOO_BIG``,
    ``UNSAFE_XML``
    or ``MACROS``.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            _check_names(infos)
            scan = ArchiveScan(kind=_kind(archive, infos), members=tuple(info.filename for info in infos))
            packed = path.stat().st_size
            total = 0
            for info in infos:
                total = _scan_member(archive, info, scan, total, packed)
    except DataError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, OSError, ValueError, OverflowError, KeyError):
        raise DataError("CORRUPT", "the archive is damaged or cut off") from None
    except (NotImplementedError, RuntimeError):
        raise DataError("CORRUPT", "the archive uses a compression that is not supported") from None
    if "macros" in scan.flags:
        raise DataError("MACROS", "the workbook holds macros")
    if scan.kind == "zip":
        _check_exports(scan)
    return scan


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


def _scan_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, scan: ArchiveScan, total: int, packed: int) -> int:
    name = info.filename.lower()
    in_workbook = scan.kind != "zip"
    if in_workbook:
        _flag_by_name(name, info.filename, scan)
    is_xml = in_workbook and name.endswith((".xml", ".rels", ".vml"))
    is_sheet = is_xml and "worksheets/" in name
    tail = b""
    with archive.open(info) as stream:
        while chunk := stream.read(_CHUNK):
            total += len(chunk)
            if total > MAX_TOTAL or (total > RATIO_FLOOR and total > MAX_RATIO * packed):
                raise DataError("TOO_BIG", "the archive unpacks to more than the limit")
            if not is_xml:
                continue
            window = tail + chunk
            if b"<!" in window and _MARKUP.search(window):
                raise DataError("UNSAFE_XML", "an XML member declares a document type or entities")
            if window[:2] in (b"\xff\xfe", b"\xfe\xff") and _WIDE_MARKUP.search(window):
                raise DataError("UNSAFE_XML", "an XML member declares a document type or entities")
            if is_sheet:
                for flag, mark in _SHEET_FLAGS:
                    if mark in window:
                        scan.mark(flag, info.filename)
            tail = chunk[-64:]
    return total


def _flag_by_name(name: str, member: str, scan: ArchiveScan) -> None:
    if "vbaproject" in name or "macrosheets/" in name:
        scan.mark("macros", member)
    if any(part in name for part in ("externallinks/", "connections.xml", "embeddings/", "/media/", "querytables/")):
        scan.mark("external", member)


def _check_exports(scan: ArchiveScan) -> None:
    """A plain zip may hold a handful of exports of one kind, nothing that must be unpacked again."""
    files = [name for name in scan.members if not name.endswith("/") and not _is_clutter(name)]
    suffixes = {PurePosixPath(name).suffix.lower() for name in files}
    if suffixes & set(_ARCHIVES) or len(files) > MAX_EXPORTS:
        raise DataError("ARCHIVE_LIMIT", "archives inside an archive, or too many members")
    if not files or not suffixes <= set(_DATA) or len(suffixes) > 1:
        raise DataError("ARCHIVE_LIMIT", "an archive must hold exports of one kind only")


def _is_clutter(name: str) -> bool:
    return name.startswith("__MACOSX/") or PurePosixPath(name).name in (".DS_Store", "Thumbs.db", "desktop.ini")


def exports_in(scan: ArchiveScan) -> list[str]:
    """The members of a plain zip that are exports, in name order."""
    return sorted(name for name in scan.members if not name.endswith("/") and not _is_clutter(name))
