"""Faults of whole files: rows 1-17, 32, 34, 57, 58, 63 of the table."""

import io
import os
import socket
import zipfile
from pathlib import Path

import openpyxl

from tests.faults.case import Outcome, Registry, loaded, rejected, saved, written
from tests.faults.good import (
    INTAKE_HEADER,
    goals_book,
    intake_book,
    intake_rows,
    notes_book,
    responses,
    survey_csv,
    table_csv,
    workbook,
)

FILES = Registry()
add = FILES.add


def book_bytes(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def with_members(content: bytes, extra: dict[str, bytes], replace: dict[str, bytes] | None = None) -> bytes:
    """A workbook's zip with members added or replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            data = source.read(info.filename)
            target.writestr(info.filename, (replace or {}).get(info.filename, data))
        for name, data in extra.items():
            target.writestr(name, data)
    return out.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def ole(*names: str, size: int = 2048) -> bytes:
    """The start of an OLE container that lists streams of these names."""
    body = b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in names)
    return (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + body).ljust(size, b"\0")


for suffix in ("intake.xlsx.part", "intake.xlsx.crdownload", ".intake.xlsx.Ab12Cd"):
    add(
        1,
        f"unfinished-{suffix.rsplit('.', 1)[1].lower()}",
        saved_bytes := written(suffix, lambda: book_bytes(intake_book())),
        {suffix: Outcome("deferred", "STILL_WRITING")},
    )

for clutter in ("~$intake.tmp.xlsx", "copy.tmp", ".DS_Store", "Thumbs.db", "desktop.ini"):
    add(
        2,
        f"clutter-{clutter.strip('.~$').lower()}",
        written(clutter, lambda: b"\0\1nothing"),
        {clutter: Outcome("ignored", "NOT_DATA")},
    )


def _open_workbook(inbox: Path) -> None:
    intake_book().save(inbox / "open.xlsx")
    (inbox / "~$open.xlsx").write_bytes(b"\x05owner")


add(2, "workbook-open", _open_workbook, {"open.xlsx": Outcome("deferred", "WORKBOOK_OPEN")})
add(
    2,
    "workbook-open-for-days",
    _open_workbook,
    {"open.xlsx": loaded(8, "OPENED_ELSEWHERE")},
    nights=2,
    hours_between=30,
)
add(3, "zero-bytes", written("empty.xlsx", lambda: b""), {"empty.xlsx": Outcome("deferred", "EMPTY_FILE")})
add(
    3,
    "zero-bytes-for-days",
    written("empty.xlsx", lambda: b""),
    {"empty.xlsx": rejected("EMPTY_FILE")},
    nights=2,
    hours_between=30,
)
PLACEHOLDERS = {
    "intake.xlsx": b"\0" * 40_000,  # Files On-Demand, seen by a system that does not know it: the size, and zeros
    ".intake.xlsx.icloud": b"bplist00 NSURLFileSizeKey",
    "intake.xlsx.nextcloud": b" ",
    "Intake.gsheet": b'{"doc_id": "invented"}',
}
for placeholder, content in PLACEHOLDERS.items():
    make = written(placeholder, lambda content=content: content)
    label = f"placeholder-{placeholder.rsplit('.', 1)[1]}"
    add(3, label, make, {placeholder: Outcome("deferred", "EMPTY_FILE", 0)})
    add(3, f"{label}-for-days", make, {placeholder: rejected("EMPTY_FILE")}, nights=2, hours_between=30)


def _comes_down(inbox: Path) -> None:
    """The placeholder of the first night is the file of the second."""
    place = inbox / "later.xlsx"
    if place.exists():
        intake_book().save(place)
    else:
        place.write_bytes(b"\0" * 40_000)


add(
    3,
    "placeholder-that-comes-down",
    _comes_down,
    {"later.xlsx": loaded(8)},
    nights=2,
    hours_between=30,
    every_night=True,
)


def _cut(share: float) -> bytes:
    content = book_bytes(intake_book())
    return content[: int(len(content) * share)]


def _flipped() -> bytes:
    content = bytearray(book_bytes(intake_book()))
    place = content.find(b"xl/worksheets/sheet1.xml") + 200
    content[place] ^= 0xFF
    return bytes(content)


add(4, "cut-off-first-night", written("cut.xlsx", lambda: _cut(0.6)), {"cut.xlsx": Outcome("deferred", "CORRUPT")})
add(4, "cut-off", written("cut.xlsx", lambda: _cut(0.6)), {"cut.xlsx": rejected("CORRUPT")}, nights=2)
add(4, "crc-error", written("crc.xlsx", _flipped), {"crc.xlsx": rejected("CORRUPT")}, nights=2)


def _twice(inbox: Path) -> None:
    content = book_bytes(intake_book())
    (inbox / "a_first.xlsx").write_bytes(content)
    (inbox / "b_second.xlsx").write_bytes(content)


add(
    5,
    "same-bytes",
    _twice,
    {"a_first.xlsx": loaded(8), "b_second.xlsx": Outcome("duplicate", "DUPLICATE_OF")},
    query="SELECT count(*) FROM raw.intake",
    answer=[(16,)],
)


def _conflict_copy(inbox: Path) -> None:
    intake_book(intake_rows(4, 100)).save(inbox / "clients.xlsx")
    intake_book(intake_rows(5, 200)).save(inbox / "clients (1).xlsx")


add(8, "conflict-copy", _conflict_copy, {"clients.xlsx": loaded(4), "clients (1).xlsx": loaded(5, "CONFLICT_COPY")})
add(
    8,
    "conflict-copy-of-a-machine",
    saved("clients-DESKTOP-1.xlsx", intake_book),
    {"clients-DESKTOP-1.xlsx": loaded(8, "CONFLICT_COPY")},
)


def _symlink(inbox: Path) -> None:
    victim = inbox.parent / "victim.xlsx"
    intake_book().save(victim)
    (inbox / "link.xlsx").symlink_to(victim)


def _hardlink(inbox: Path) -> None:
    victim = inbox.parent / "victim.xlsx"
    intake_book().save(victim)
    os.link(victim, inbox / "hard.xlsx")


def _socket(inbox: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(inbox)  # a socket's path may be at most 108 bytes long
        try:
            server.bind("sock.xlsx")
        finally:
            os.chdir(here)


add(9, "symlink", _symlink, {"link.xlsx": rejected("NOT_REGULAR")})
add(9, "hard-link", _hardlink, {"hard.xlsx": rejected("NOT_REGULAR")})
add(9, "fifo", lambda inbox: os.mkfifo(inbox / "pipe.xlsx"), {"pipe.xlsx": rejected("NOT_REGULAR")})
add(9, "socket", _socket, {"sock.xlsx": rejected("NOT_REGULAR")})

SURVEY = survey_csv(responses(4, 100)).encode()


def _encrypted_zip() -> bytes:
    content = bytearray(zipped({"a.csv": SURVEY}))
    content[6] |= 1
    content[content.find(b"PK\1\2") + 8] |= 1
    return bytes(content)


add(
    14,
    "encrypted-workbook",
    written("p.xlsx", lambda: ole("Root Entry", "EncryptionInfo", "EncryptedPackage")),
    {"p.xlsx": rejected("PASSWORD")},
)
add(14, "encrypted-zip", written("p.zip", _encrypted_zip), {"p.zip": rejected("PASSWORD")})
add(
    14,
    "encrypted-sav",
    written("p.sav", lambda: b"\x1c\0\0\0\0\0\0\0ENCRYPTEDSAV\x15\0\0\0" + b"\x8f" * 400),
    {"p.sav": rejected("PASSWORD")},
)
add(
    15,
    "vba-project",
    written("m.xlsx", lambda: with_members(book_bytes(intake_book()), {"xl/vbaProject.bin": b"\0"})),
    {"m.xlsx": rejected("MACROS")},
)
add(
    15,
    "xlsm",
    written("m.xlsm", lambda: with_members(book_bytes(intake_book()), {"xl/vbaProject.bin": b"\0"})),
    {"m.xlsm": rejected("MACROS")},
)
add(
    15,
    "xls-with-macros",
    written("m.xls", lambda: ole("Root Entry", "Workbook", "_VBA_PROJECT_CUR")),
    {"m.xls": rejected("MACROS")},
)
add(
    16,
    "html-as-xls",
    written("h.xls", lambda: "<html><table><tr><td>Client ID</td></tr></table></html>"),
    {"h.xls": rejected("WRONG_TYPE")},
)
add(
    16,
    "csv-as-xls",
    written("c.xls", lambda: table_csv(INTAKE_HEADER, intake_rows())),
    {"c.xls": rejected("WRONG_TYPE")},
)
add(16, "xlsx-as-csv", written("x.csv", lambda: book_bytes(intake_book())), {"x.csv": rejected("WRONG_TYPE")})
add(16, "xls-as-xlsx", written("o.xlsx", lambda: ole("Root Entry", "Workbook")), {"o.xlsx": rejected("WRONG_TYPE")})
add(16, "xlsx-as-xls", written("n.xls", lambda: book_bytes(intake_book())), {"n.xls": rejected("WRONG_TYPE")})
add(
    17,
    "external-link",
    written(
        "l.xlsx",
        lambda: with_members(
            book_bytes(intake_book()),
            {"xl/externalLinks/externalLink1.xml": b"<externalLink/>", "xl/media/image1.png": b"\x89PNG"},
        ),
    ),
    {"l.xlsx": loaded(8, "EXTERNAL_CONTENT")},
)
add(
    32,
    "other-agency",
    saved(
        "other.xlsx",
        lambda: workbook(
            (
                "Sheet1",
                [],
                ["Client ID", "Record ID", "Ward", "Bed", "Diet", "Ration"],
                [["TX-00001", 1, "A", 2, "B", 3]],
            )
        ),
    ),
    {"other.xlsx": rejected("WRONG_KIND")},
)
add(
    32,
    "unknown-form",
    saved("ward.xlsx", lambda: workbook(("Sheet1", [], ["Ward", "Bed", "Diet"], [["A", 2, "B"]]))),
    {"ward.xlsx": rejected("NO_HEADER")},
)
add(
    32,
    "goals-named-services",
    saved("case_notes_2021.xlsx", goals_book),
    {"case_notes_2021.xlsx": loaded(6, kind="goal_plans")},
)


def _shrunk(inbox: Path) -> None:
    intake_book(intake_rows(40, 100)).save(inbox / "a_full.xlsx")
    book = intake_book(intake_rows(10, 100))
    book.worksheets[0]["A3"] = "Report run 2022-01-08 06:00"
    book.save(inbox / "b_filtered.xlsx")


add(
    34,
    "filtered-export",
    _shrunk,
    {"a_full.xlsx": loaded(40), "b_filtered.xlsx": Outcome("held", "SHRUNK", 0)},
    query="SELECT count(*) FROM raw.intake",
    answer=[(48,)],
)


def _changed(inbox: Path) -> None:
    intake_book(intake_rows(40, 100)).save(inbox / "a_old.xlsx")
    rows = intake_rows(41, 101)
    rows[0][9] = "Dallas"
    book = intake_book(rows)
    book.worksheets[0]["A3"] = "Report run 2022-01-08 06:00"
    book.save(inbox / "b_new.xlsx")


add(
    6,
    "new-version",
    _changed,
    {"a_old.xlsx": loaded(40), "b_new.xlsx": loaded(41, "ROWS_ADDED", "ROWS_CHANGED", "ROWS_VANISHED")},
    query="SELECT code, n FROM control.findings WHERE code LIKE 'ROWS_%' AND file_token = "
    "(SELECT file_token FROM control.files WHERE name = 'b_new.xlsx') ORDER BY code",
    answer=[("ROWS_ADDED", 2), ("ROWS_CHANGED", 1), ("ROWS_VANISHED", 1)],
)


def _old_after_new(inbox: Path) -> None:
    notes_book().save(inbox / "a_new.xlsx")
    book = notes_book()
    book.worksheets[0]["A2"] = "Report run 2021-06-01 06:00"
    book.save(inbox / "z_old.xlsx")


add(7, "older-export-later", _old_after_new, {"a_new.xlsx": loaded(12), "z_old.xlsx": loaded(12, "OUT_OF_ORDER")})

for name in (
    "a\nb.xlsx",
    "o'clock\".xlsx",
    ";rm -rf.xlsx",
    "<script>.xlsx",
    "n" * 245 + ".xlsx",
    "CON.xlsx",
    "e\u0301.xlsx",
    "-rf.xlsx",
):
    add(58, f"name-{len(name)}-{ord(name[0])}", saved(name, intake_book), {name: loaded(8)})
