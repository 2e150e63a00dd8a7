"""The scanner finds what is hidden (positive control), is silent on the rest, and never calls a closed file clean."""

import base64
import bz2
import gzip
import hashlib
import io
import json
import lzma
import pickle
import sqlite3
import struct
import tarfile
import time
import unicodedata
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pyreadstat
import pytest

from assets.publish.privacy.needles import Identities
from assets.publish.privacy.scanner import Closed, Scanner

NAME, ID, BORN = "Zorblatt-Núñez", "TX-00042", date(2004, 2, 29)
PEOPLE = Identities(names=(NAME, "Mirkwhistle"), ids=(ID,), birth_dates=(BORN,))


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner(PEOPLE)


def archive(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(name, data)
    return buffer.getvalue()


def sqlite_file(folder: Path) -> bytes:
    path = folder / "events.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table event_logs (body text)")
        connection.execute("insert into event_logs values (?)", (zlib.compress(b"x").hex() + NAME,))
    connection.close()
    return path.read_bytes()


def duckdb_file(folder: Path, value: object = NAME) -> bytes:
    path = folder / "w.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        frame = pd.DataFrame({"v": [f"{value}{number % 7}" if value == NAME else value for number in range(30_000)]})
        assert len(frame)
        connection.execute("create table t as select * from frame order by v")
    return path.read_bytes()


def sav_file(folder: Path) -> bytes:
    path = folder / "x.sav"
    pyreadstat.write_sav(pd.DataFrame({"a": [1.0]}), str(path), note=f"from {NAME}", compress=True)
    return path.read_bytes()


def workbook(_folder: Path) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    book.properties.creator = NAME
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def png_with_text(_folder: Path) -> bytes:
    body = b"Author\0\0" + zlib.compress(NAME.encode("latin-1"))
    chunk = len(body).to_bytes(4, "big") + b"zTXt" + body + zlib.crc32(b"zTXt" + body).to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n" + chunk


HIDDEN: dict[str, Callable[[Path], bytes]] = {
    "utf-8": lambda _: f"row 3: {NAME}".encode(),
    "utf-16": lambda _: NAME.encode("utf-16-le"),
    "utf-16 be": lambda _: NAME.encode("utf-16-be"),
    "latin-1": lambda _: NAME.encode("latin-1"),
    "decomposed": lambda _: unicodedata.normalize("NFD", NAME).encode(),
    "upper": lambda _: NAME.upper().encode(),
    "json escapes": lambda _: json.dumps({"message": f"bad {NAME}"}).encode(),
    "url": lambda _: urllib.parse.quote(f"/files/{NAME}.xlsx").encode(),
    "html": lambda _: NAME.encode("ascii", "xmlcharrefreplace"),
    **{f"base64 at {n}": lambda _, n=n: base64.b64encode(b"." * n + NAME.encode() + b"..") for n in range(4)},
    "repr": lambda _: ascii(NAME).encode(),
    "hex": lambda _: NAME.encode().hex().encode(),
    "iso date": lambda _: b"born 2004-02-29.",
    "us date": lambda _: b"born 2/29/2004.",
    "epoch": lambda _: b'{"t": 1078012800}',
    "md5 of id": lambda _: hashlib.md5(ID.encode()).hexdigest().encode(),
    "truncated sha256 of id": lambda _: hashlib.sha256(ID.encode()).hexdigest()[:12].encode(),
    "sha1 of digits": lambda _: hashlib.sha1(b"00042").hexdigest().upper().encode(),
    "sha256 of name and date": lambda _: hashlib.sha256(f"{NAME}{BORN}".encode()).digest(),
    "zip": lambda _: archive("a.txt", NAME.encode()),
    "zip in zip": lambda _: archive("b.zip", archive("a.txt", NAME.encode())),
    "name of a member": lambda _: archive(f"{NAME}.txt", b"nothing"),
    "gzip": lambda _: gzip.compress(NAME.encode()),
    "sqlite": sqlite_file,
    "duckdb": duckdb_file,
    "duckdb serial": lambda folder: duckdb_file(folder, (BORN - date(1899, 12, 30)).days),
    "duckdb yyyymmdd": lambda folder: duckdb_file(folder, 20040229),
    "pickle": lambda _: pickle.dumps({"frame": [NAME]}, protocol=4),
    "pickle in sqlite blob": lambda _: pickle.dumps([datetime(2004, 2, 29), NAME], protocol=2),
    "parquet": lambda _: pd.DataFrame({"n": [NAME] * 50}).to_parquet(),
    "spss notes": sav_file,
    "workbook properties": workbook,
    "png text": png_with_text,
}


@pytest.mark.parametrize("way", HIDDEN)
def test_every_hiding_place_is_seen(way: str, scanner: Scanner, tmp_path: Path) -> None:
    hits = scanner.scan_bytes(HIDDEN[way](tmp_path), "probe")
    assert hits
    assert "orblatt" not in repr(hits)
    assert "00042" not in repr(hits)


@pytest.mark.parametrize("way", ["zip", "gzip", "sqlite", "duckdb", "parquet", "spss notes", "workbook properties"])
def test_packed_content_would_be_missed_by_looking_at_bytes_alone_or_is_found_anyway(
    way: str, scanner: Scanner, tmp_path: Path
) -> None:
    data = HIDDEN[way](tmp_path)
    inside = [hit for hit in scanner.scan_bytes(data, "probe") if hit.where]
    assert inside, "only the outer bytes were looked at"


def test_harmless_content_gives_no_hit(scanner: Scanner, tmp_path: Path) -> None:
    harmless = {
        "a.json": json.dumps({"rows": list(range(40_000)), "text": "a service note of no one"}).encode(),
        "b.zip": archive("c.txt", b"Zorblatt without the rest, TX-0004 and 2004-02-28"),
        "c.pickle": pickle.dumps({"n": 12, "s": "abc"}),
        "d.bin": bytes(range(256)) * 2000,
    }
    for name, data in harmless.items():
        (tmp_path / name).write_bytes(data)
    report = scanner.scan([tmp_path], tmp_path)
    assert report.clean
    assert report.files == 4


def test_names_of_files_and_targets_of_links_are_read(scanner: Scanner, tmp_path: Path) -> None:
    (tmp_path / "Mirkwhistle intake.xlsx").write_bytes(b"")
    (tmp_path / "link").symlink_to("TX-00042.csv")
    hits = scanner.scan([tmp_path], tmp_path).hits
    assert {hit.where for hit in hits} == {"name of the file", "target of the link"}


def test_a_closed_file_is_told_not_called_clean(scanner: Scanner, tmp_path: Path) -> None:
    damaged = bytearray(duckdb_file(tmp_path))
    damaged[4096 : 4096 + 64] = b"\0" * 64
    (tmp_path / "w.duckdb").write_bytes(bytes(damaged))
    report = scanner.scan([tmp_path / "w.duckdb"], tmp_path)
    assert report.opaque
    assert not report.clean
    with pytest.raises(Closed):
        scanner.scan_bytes(b"PK\x03\x04" + b"\0" * 40)


def lying(data: bytes, claimed: int) -> bytes:
    """A zip whose only member claims to end after ``claimed`` bytes, with the checksum of those."""
    packed, name = zlib.compress(data, 9)[2:-4], b"a"
    head = (8, 0, 0, zlib.crc32(data[:claimed]), len(packed), claimed, 1)
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, *head, 0) + name + packed
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, *head, 0, 0, 0, 0, 0, 0) + name
    return local + entry + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(entry), len(local), 0)


def two_members(first: bytes, second: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a", first)
        made.writestr("b", second)
    return buffer.getvalue()


def damaged_first_member() -> bytes:
    data = bytearray(two_members(bytes(range(256)) * 40, NAME.encode()))
    data[60:70] = b"\xff" * 10
    return bytes(data)


def sparse_tar(size: int) -> bytes:
    """A tar whose member is ``size`` zeros that stand in no byte of it."""
    info = tarfile.TarInfo("a")
    info.type, info.size = tarfile.GNUTYPE_SPARSE, 0
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[386:398] = header[398:410] = b"%011o\0" % 0
    header[483:495] = b"%011o\0" % size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + b"\0" * 1024


NULLS = b"\0" * 60_000_000
CLOSED: dict[str, tuple[Callable[[], bytes], bool]] = {
    # how a file is made that cannot be looked into as a whole, and whether a name in what is open must be found
    "bomb after a name": (lambda: two_members(NAME.encode(), NULLS), True),
    "bomb before a name": (lambda: two_members(NULLS, b"nothing"), False),
    "bomb with a name at its start": (lambda: archive("a", NAME.encode() + NULLS), True),
    "bomb in gzip": (lambda: gzip.compress(NULLS), False),
    "bomb in bzip2": (lambda: bz2.compress(NULLS), False),
    "bomb in xz": (lambda: lzma.compress(NULLS), False),
    "bomb in a sparse tar": (lambda: sparse_tar(1 << 40), False),
    "bomb in a zip in a zip": (lambda: archive("b", archive("a", NULLS)), False),
    "name after the size a member claims": (lambda: lying(b"x" * 10 + NAME.encode(), 10), True),
    "name after a damaged member": (damaged_first_member, True),
    "cut off": (lambda: gzip.compress(NAME.encode() * 50)[:-6], True),
    "too many members": (lambda: members(2_001), False),
    "too deep": (lambda: nested(8), False),
    "7z": (lambda: b"7z\xbc\xaf\x27\x1c" + b"\0" * 40, False),
    "damaged sqlite": (lambda: b"SQLite format 3\0" + b"\7" * 4096, False),
    "damaged parquet": (lambda: b"PAR1" + b"\7" * 40 + b"PAR1", False),
}


def members(n: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for number in range(n):
            made.writestr(str(number), b"")
    return buffer.getvalue()


def nested(depth: int) -> bytes:
    data = NAME.encode()
    for _ in range(depth):
        data = archive("a.zip", data)
    return data


@pytest.mark.timeout(30)
@pytest.mark.parametrize("way", CLOSED)
def test_what_is_beyond_the_limits_or_damaged_is_never_called_clean_and_the_rest_is_searched(
    way: str, scanner: Scanner
) -> None:
    make, found = CLOSED[way]
    data = make()
    began = time.process_time()
    with pytest.raises(Closed) as shut:
        scanner.scan_bytes(data, "probe")
    assert bool(shut.value.hits) == found
    assert time.process_time() - began < 10, "a bomb of 60 MB, or of 1 TB, is given up at its 20th million"


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_STORED])
def test_members_of_every_kind_are_read_also_behind_another_program(kind: int, scanner: Scanner) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as made:
        made.writestr("a", NAME.encode() * 100)
    assert [hit for hit in scanner.scan_bytes(b"#!/bin/sh\nexit\n" + buffer.getvalue()) if hit.where]


def test_a_hit_across_the_border_of_two_blocks_is_seen(scanner: Scanner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assets.publish.privacy.scanner._BLOCK", 64)
    for shift in range(40, 70):
        assert list(scanner.find(b"." * shift + NAME.encode() + b"." * 100)), shift
