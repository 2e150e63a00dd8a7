"""What is inside a file: members of archives, cells of databases, strings of pickles, texts of images.

A search over the bytes of a file misses whatever is compressed or packed: of 400 names in a DuckDB file 121 were seen.
"""

import bz2
import io
import lzma
import pickletools
import re
import sqlite3
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

from assets.errors import DataError
from assets.ingest.safety import MAX_CELLS, MAX_MEMBERS, Budget, unpacked
from assets.memory_file import MemoryFile

DEEPEST = 6
_CHUNK = 1 << 20
_DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError,
    OverflowError, KeyError, RuntimeError,
)  # fmt: skip
_UNREADABLE = {
    b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "rar", b"\x28\xb5\x2f\xfd": "zstd", b"\x04\x22\x4d\x18": "lz4",
    b"\x1c\0\0\0\0\0\0\0ENCRYPTED": "an SPSS file with a password",
}  # fmt: skip
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True)
class Piece:
    """One searchable thing: where in the file it is, its bytes, whether it is a whole cell, and the cell's number.

    ``closed`` says why nobody could look further at this place.
    """

    where: str
    data: bytes
    cell: bool = False
    number: int | None = None
    closed: str = ""


class Opaque(Exception):
    """The content is encrypted, damaged or too large; the scanner says so instead of calling it clean."""


def unpack(data: bytes, where: str = "", depth: int = 0, budget: Budget | None = None) -> Iterator[Piece]:
    """Yield the pieces inside ``data`` (not ``data`` itself), recursively; nothing is ever executed or written.

    What one file unpacks to, at all depths together, is held to the limits of an export (``assets.ingest.safety``):
    what the inbox lets in can be looked into, and a bomb costs a second. Where content is protected, damaged or beyond
    the limits a piece says so in ``closed``; everything else is looked into all the same.
    """
    budget = budget or Budget(len(data))
    if depth > DEEPEST:
        yield Piece(where, b"", closed=f"nested deeper than {DEEPEST} archives")
        return
    for reader in (_closed_kinds, _zip, _tar, _streams, _sqlite, _duckdb, _parquet, _sav, _png, _pdf, _pickle):
        try:
            for piece in reader(data, where, budget):
                yield piece
                if not piece.cell:
                    yield from unpack(piece.data, piece.where, depth + 1, budget)
        except Opaque as closed:
            yield Piece(where, b"", cell=True, closed=str(closed))


def _unpacked_piece(where: str, chunks: Iterable[bytes], budget: Budget | None) -> Iterator[Piece]:
    """What ``chunks`` give as one piece; what came before they broke off, or went beyond the limits, is kept."""
    taken, closed = bytearray(), ""
    try:
        for chunk in chunks:
            taken += chunk
            if budget:
                budget.spend(len(chunk))
    except DataError:
        closed = "it unpacks to more than the limit"
    except _DAMAGED:
        closed = "damaged content"
    yield Piece(where, bytes(taken))
    if closed:
        raise Opaque(closed)


def _chunks(source: Any) -> Iterator[bytes]:
    while chunk := source.read(_CHUNK):
        yield chunk


def _closed_kinds(data: bytes, where: str, _budget: Budget) -> Iterator[Piece]:
    for magic, kind in _UNREADABLE.items():
        if data.startswith(magic):
            yield Piece(where, b"", cell=True, closed=f"content that is not opened here: {kind}")
    if data.startswith(_OLE) and "EncryptedPackage".encode("utf-16-le") in data:
        yield Piece(where, b"", cell=True, closed="a workbook with a password")


def _zip(data: bytes, where: str, budget: Budget) -> Iterator[Piece]:
    """A zip's members, unpacked to their end: ``zipfile`` stops at the size that a header claims."""
    starts = data.startswith((b"PK\x03\x04", b"PK\x05\x06"))
    if not starts and b"PK\x05\x06" not in data[-0x10016:]:
        return
    handle = io.BytesIO(data)
    try:
        archive = zipfile.ZipFile(handle)
        members = archive.infolist()
    except _DAMAGED:
        if starts:
            raise Opaque("a damaged archive") from None
        return
    closed = ""
    for number, member in enumerate(members[:MAX_MEMBERS]):
        place = f"{where}!member {number}"  # by number: a member's name may be what must not be told
        yield Piece(place, member.filename.encode("utf-8", "surrogateescape"), cell=True)
        yield Piece(place, member.comment + member.extra, cell=True)
        if member.flag_bits & 1:
            closed = "an encrypted member"
            continue
        try:
            yield from _unpacked_piece(place, *_member(handle, archive, member, budget))
        except Opaque as refused:
            closed = str(refused)
    if len(members) > MAX_MEMBERS:
        closed = f"more than {MAX_MEMBERS} members"
    if closed:
        raise Opaque(closed)


def _member(
    handle: BinaryIO, archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: Budget
) -> tuple[Iterator[bytes], Budget | None]:
    if member.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return unpacked(handle, member, budget), None  # it counts what it unpacks itself
    return _opened(archive, member), budget


def _opened(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(member) as source:
        yield from _chunks(source)


def _tar(data: bytes, where: str, budget: Budget) -> Iterator[Piece]:
    if data[257:262] != b"ustar":
        return
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for number, member in enumerate(archive):
                place = f"{where}!member {number}"
                name = f"{member.name} {member.linkname}".encode("utf-8", "surrogateescape")
                yield Piece(place, name, cell=True)
                content = archive.extractfile(member) if member.isfile() else None
                if content:
                    yield from _unpacked_piece(place, _chunks(content), budget)
    except _DAMAGED:
        raise Opaque("a damaged archive") from None


def _streams(data: bytes, where: str, budget: Budget) -> Iterator[Piece]:
    openers: dict[bytes, Callable[[], Any]] = {
        b"\x1f\x8b": lambda: zlib.decompressobj(31),
        b"BZh": bz2.BZ2Decompressor,
        b"\xfd7zXZ": lzma.LZMADecompressor,
    }
    for magic, make in openers.items():
        if data.startswith(magic):
            yield from _unpacked_piece(f"{where}!", _inflating(make, data), budget)


def _inflating(make: Callable[[], Any], data: bytes) -> Iterator[bytes]:
    """All streams in ``data``, one after the other, in chunks up to where one is cut off (``EOFError``)."""
    while data:
        inflate = make()
        while not inflate.eof:
            chunk = inflate.decompress(data, _CHUNK)
            data = getattr(inflate, "unconsumed_tail", b"")  # bz2 and lzma keep it to themselves
            if chunk:
                yield chunk
            elif not data and not inflate.eof:
                raise EOFError
        data = inflate.unused_data.lstrip(b"\0")


def _sqlite(data: bytes, where: str, _budget: Budget) -> Iterator[Piece]:
    if not data.startswith(b"SQLite format 3\0"):
        return
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            # Byte 18/19 say whether a write-ahead log belongs to the file; a copy in memory has none.
            connection.deserialize(data[:18] + b"\x01\x01" + data[20:])
            connection.text_factory = bytes
            for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
                name = table.decode()
                for row in connection.execute(f'select * from "{name}"'):
                    yield from _cells(f"{where}:{name}", row)
    except sqlite3.Error:
        raise Opaque("a damaged database") from None


def _duckdb(data: bytes, where: str, _budget: Budget) -> Iterator[Piece]:
    if data[8:12] != b"DUCK":
        return
    import duckdb

    with MemoryFile(None) as copy:  # what is looked into may be a vault's file: no second one of it on a disk
        copy.write(data)
        try:
            connection = duckdb.connect(str(copy.complete()), read_only=True)
        except duckdb.Error:
            raise Opaque("a database that does not open (encrypted or damaged)") from None
        with closing(connection):
            try:
                yield from database_cells(connection, where)
            except duckdb.Error:
                raise Opaque("a damaged database") from None


def database_cells(connection: Any, where: str) -> Iterator[Piece]:
    """Every cell of every table of an open DuckDB connection, and the texts of its catalogue (comments, SQL)."""
    own = "not internal and database_name = current_database()"
    for view in ("duckdb_tables", "duckdb_columns", "duckdb_views", "duckdb_functions"):
        texts = "comment, sql" if view in {"duckdb_tables", "duckdb_views"} else "comment"
        for row in connection.execute(f"select {texts} from {view}() where {own}").fetchall():
            yield from _cells(f"{where}:{view}", row)
    tables = connection.execute(f"select schema_name, table_name from duckdb_tables() where {own}").fetchall()
    for schema, table in tables:
        cursor = connection.execute(f'select distinct * from "{schema}"."{table}"')
        while rows := cursor.fetchmany(10_000):
            for row in rows:
                yield from _cells(f"{where}:{schema}.{table}", row)


def _cells(where: str, row: tuple[Any, ...]) -> Iterator[Piece]:
    for value in row:
        if value is None or isinstance(value, bool | float):
            continue
        if isinstance(value, int):
            yield Piece(where, b"", cell=True, number=value)
        elif isinstance(value, bytes):
            yield Piece(where, value, cell=True)
            if len(value) > 8:
                yield from unpack(value, where, DEEPEST)
        else:
            yield Piece(where, str(value).encode("utf-8", "surrogatepass"), cell=True)


def _parquet(data: bytes, where: str, _budget: Budget) -> Iterator[Piece]:
    if not (data.startswith(b"PAR1") and data.endswith(b"PAR1")):
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(io.BytesIO(data))
        if table.metadata.num_rows * table.metadata.num_columns > MAX_CELLS:
            raise Opaque("a table of more cells than the limit")
        for batch in table.iter_batches():
            for row in batch.to_pylist():
                yield from _cells(f"{where}:rows", tuple(row.values()))
    except (pa.ArrowException, OSError):
        raise Opaque("a damaged table") from None


def _sav(data: bytes, where: str, _budget: Budget) -> Iterator[Piece]:
    if not data.startswith((b"$FL2", b"$FL3")):
        return
    import pyreadstat

    try:
        with MemoryFile(None) as copy:
            copy.write(data)
            frame, meta = pyreadstat.read_sav(str(copy.complete()), user_missing=True, disable_datetime_conversion=True)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError):
        raise Opaque("a damaged SPSS file") from None
    texts = (meta.notes, meta.file_label, meta.column_names_to_labels, meta.variable_value_labels)
    yield from _cells(f"{where}:notes and labels", tuple(str(text) for text in texts))
    for row in frame.itertuples(index=False):
        yield from _cells(f"{where}:rows", tuple(row))


def _png(data: bytes, where: str, budget: Budget) -> Iterator[Piece]:
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return
    position = 8
    while position + 8 <= len(data):
        (length,) = struct.unpack(">I", data[position : position + 4])
        kind, body = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        if kind in {b"zTXt", b"iTXt", b"tEXt"}:
            yield Piece(f"{where}:{kind.decode()}", body, cell=True)
            for start in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", body):
                yield from _inflated(body[start.start() :], f"{where}:{kind.decode()}", budget)
        position += 12 + length


def _pdf(data: bytes, where: str, budget: Budget) -> Iterator[Piece]:
    if data.startswith(b"%PDF"):
        for match in re.finditer(rb"stream\r?\n(.*?)endstream", data, re.DOTALL):
            yield from _inflated(match.group(1), f"{where}:stream", budget)


def _inflated(data: bytes, where: str, budget: Budget) -> Iterator[Piece]:
    """A stream within an image or page, as far as it goes: what starts like one need not be one."""
    taken = bytearray()
    try:
        with suppress(zlib.error, EOFError):
            for chunk in _inflating(zlib.decompressobj, data):
                taken += chunk
                budget.spend(len(chunk))
    except DataError:
        raise Opaque("it unpacks to more than the limit") from None
    if taken:
        yield Piece(where, bytes(taken), cell=True)


def _pickle(data: bytes, where: str, _budget: Budget) -> Iterator[Piece]:
    """Strings of a pickle, read off its opcodes: loading one would run it."""
    if not (len(data) > 2 and data[0] == 0x80 and data[1] <= 5):
        return
    try:
        for _, argument, _ in pickletools.genops(data):
            if isinstance(argument, str):
                yield Piece(f"{where}:pickled", argument.encode("utf-8", "surrogatepass"), cell=True)
            elif isinstance(argument, bytes | bytearray):
                yield Piece(f"{where}:pickled", bytes(argument), cell=True)
            elif isinstance(argument, int) and not isinstance(argument, bool):
                yield Piece(f"{where}:pickled", b"", cell=True, number=argument)
    except (ValueError, IndexError):
        return
