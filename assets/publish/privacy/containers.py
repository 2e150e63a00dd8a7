"""What is inside a file: members of archives, cells of databases, strings of pickles, texts of images.

A search over the bytes of a file misses whatever is compressed or packed: of 400 names in a DuckDB file 121 were seen.
"""

import bz2
import gzip
import io
import lzma
import pickletools
import re
import sqlite3
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from assets.memory_file import MemoryFile

DEEPEST = 6
LARGEST = 1 << 30


@dataclass(frozen=True)
class Piece:
    """One searchable thing: where in the file it is, its bytes, whether it is a whole cell, and the cell's number."""

    where: str
    data: bytes
    cell: bool = False
    number: int | None = None


class Opaque(Exception):
    """The content is encrypted or damaged; the scanner says so instead of calling it clean."""


def unpack(data: bytes, where: str = "", depth: int = 0) -> Iterator[Piece]:
    """Yield the pieces inside ``data`` (not ``data`` itself), recursively; nothing is ever executed or written.

    Raises ``Opaque`` where content is protected against reading.
    """
    if depth > DEEPEST:
        raise Opaque(f"{where}: nested deeper than {DEEPEST} archives")
    for reader in (_zip, _tar, _streams, _sqlite, _duckdb, _parquet, _sav, _png, _pdf, _pickle):
        for piece in reader(data, where):
            yield piece
            if not piece.cell:
                yield from unpack(piece.data, piece.where, depth + 1)


def _zip(data: bytes, where: str) -> Iterator[Piece]:
    if not data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for number, member in enumerate(archive.infolist()):
                place = f"{where}!member {number}"  # by number: a member's name may be what must not be told
                yield Piece(place, member.filename.encode(), cell=True)
                yield Piece(place, member.comment + member.extra, cell=True)
                if member.flag_bits & 1:
                    raise Opaque(f"{where}: an encrypted member")
                if member.file_size > LARGEST:
                    raise Opaque(f"{where}: a member of {member.file_size} bytes")
                yield Piece(place, archive.read(member))
    except zipfile.BadZipFile:
        raise Opaque(f"{where}: a damaged archive") from None


def _tar(data: bytes, where: str) -> Iterator[Piece]:
    if data[257:262] != b"ustar":
        return
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for number, member in enumerate(archive):
            content = archive.extractfile(member) if member.isfile() else None
            yield Piece(f"{where}!member {number}", f"{member.name} {member.linkname}".encode(), cell=True)
            yield Piece(f"{where}!member {number}", content.read() if content else b"")


def _streams(data: bytes, where: str) -> Iterator[Piece]:
    openers: dict[bytes, Any] = {b"\x1f\x8b": gzip.decompress, b"BZh": bz2.decompress, b"\xfd7zXZ": lzma.decompress}
    for magic, decompress in openers.items():
        if data.startswith(magic):
            try:
                yield Piece(f"{where}!", decompress(data))
            except (OSError, EOFError, lzma.LZMAError, zlib.error):
                raise Opaque(f"{where}: a damaged stream") from None


def _sqlite(data: bytes, where: str) -> Iterator[Piece]:
    if not data.startswith(b"SQLite format 3\0"):
        return
    with closing(sqlite3.connect(":memory:")) as connection:
        # Byte 18/19 say whether a write-ahead log belongs to the file; a copy in memory has none.
        connection.deserialize(data[:18] + b"\x01\x01" + data[20:])
        connection.text_factory = bytes
        for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
            name = table.decode()
            for row in connection.execute(f'select * from "{name}"'):
                yield from _cells(f"{where}:{name}", row)


def _duckdb(data: bytes, where: str) -> Iterator[Piece]:
    if data[8:12] != b"DUCK":
        return
    import duckdb

    with MemoryFile(None) as copy:  # what is looked into may be a vault's file: no second one of it on a disk
        copy.write(data)
        try:
            connection = duckdb.connect(str(copy.complete()), read_only=True)
        except duckdb.Error:
            raise Opaque(f"{where}: a database that does not open (encrypted or damaged)") from None
        with closing(connection):
            yield from database_cells(connection, where)


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


def _parquet(data: bytes, where: str) -> Iterator[Piece]:
    if not (data.startswith(b"PAR1") and data.endswith(b"PAR1")):
        return
    import pyarrow.parquet as pq

    for row in pq.read_table(io.BytesIO(data)).to_pylist():
        yield from _cells(f"{where}:rows", tuple(row.values()))


def _sav(data: bytes, where: str) -> Iterator[Piece]:
    if not data.startswith((b"$FL2", b"$FL3")):
        return
    import pyreadstat

    try:
        with MemoryFile(None) as copy:
            copy.write(data)
            frame, meta = pyreadstat.read_sav(str(copy.complete()), user_missing=True, disable_datetime_conversion=True)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError):
        raise Opaque(f"{where}: a damaged SPSS file") from None
    texts = (meta.notes, meta.file_label, meta.column_names_to_labels, meta.variable_value_labels)
    yield from _cells(f"{where}:notes and labels", tuple(str(text) for text in texts))
    for row in frame.itertuples(index=False):
        yield from _cells(f"{where}:rows", tuple(row))


def _png(data: bytes, where: str) -> Iterator[Piece]:
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return
    position = 8
    while position + 8 <= len(data):
        (length,) = struct.unpack(">I", data[position : position + 4])
        kind, body = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        if kind in {b"zTXt", b"iTXt", b"tEXt"}:
            yield Piece(f"{where}:{kind.decode()}", body, cell=True)
            for start in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", body):
                yield from _inflated(body[start.start() :], f"{where}:{kind.decode()}")
        position += 12 + length


def _pdf(data: bytes, where: str) -> Iterator[Piece]:
    if data.startswith(b"%PDF"):
        for match in re.finditer(rb"stream\r?\n(.*?)endstream", data, re.DOTALL):
            yield from _inflated(match.group(1), f"{where}:stream")


def _inflated(data: bytes, where: str) -> Iterator[Piece]:
    try:
        yield Piece(where, zlib.decompressobj().decompress(data), cell=True)
    except zlib.error:
        return


def _pickle(data: bytes, where: str) -> Iterator[Piece]:
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
