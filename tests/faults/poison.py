"""Every fault of the table once more, with made-up identities in the cells that are wrong."""

import contextlib
import csv
import io
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path

import openpyxl

from assets.ingest.safety import scan_archive
from assets.publish.privacy.needles import Identities
from tests.faults.case import Fault

NAMES = ("Zorblatt-Núñez Quillfeather", "Ybarrazan-O'Fnord Mirkwhistle", "Brisolde Thrennody", "817-555-0142 Quandary")
PEOPLE = Identities(names=(*NAMES, "Invented Person", "Invented note", "Invented goal"))
FAR_DOWN = 10_000
KEYS = {"Client ID", "Record ID", "Goal ID", "ResponseId"}


def drop(faults: Iterable[Fault], inbox: Path, folder: Path) -> int:
    """Make the files of each fault, poison what can be opened, and lay them into the inbox under names of their own."""
    n = 0
    for fault in faults:
        made = folder / fault.id
        made.mkdir(parents=True)
        fault.make(made)
        for path in sorted(made.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                continue
            poison(path)
            stem = os.fsencode(path.stem)[:180].decode("utf-8", "ignore")
            target = inbox / f"{fault.number:02d} {n} {NAMES[2]} {stem}{path.suffix}"
            path.rename(target)
            with contextlib.suppress(OSError):
                os.utime(target, (1_640_000_000, 1_640_000_000), follow_symlinks=False)
            n += 1
    return n


def poison(path: Path) -> None:
    """Put names where something is wrong: into cells, headers, names and remarks of an archive's members, raw bytes."""
    if path.is_symlink() or not path.is_file():
        return
    content = path.read_bytes()
    if content.startswith(b"PK"):
        if not _poison_book(path):
            _poison_archive(path)
    elif path.suffix == ".csv":
        with contextlib.suppress(UnicodeDecodeError):
            path.write_text(_poisoned(content.decode("utf-8")), "utf-8")
    elif content and path.suffix in {".xls", ".part", ".crdownload"}:
        path.write_bytes(content + "".join(NAMES).encode() + "".join(NAMES).encode("utf-16-le"))


def _poison_book(path: Path) -> bool:
    """Rows and a column with names, where the workbook can be opened; a bomb would cost a library minutes."""
    try:
        if scan_archive(path).kind != "xlsx":
            return False
        book = openpyxl.load_workbook(path)
    except Exception:  # a broken workbook stays as broken as it is
        return False
    for sheet in book:
        _poison_sheet(sheet)
    book.save(path)
    return True


def _poison_archive(path: Path) -> None:
    """A member and a remark with names; what was wrong with the archive stays so. One cut off has no list to add to."""
    with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(path, "a") as archive:
        archive.comment = NAMES[0].encode()
        archive.writestr(f"{NAMES[1]}.csv", "\n".join(["Client ID", *NAMES]))


def _poison_sheet(sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
    rows = list(sheet.iter_rows(max_row=min(sheet.max_row, FAR_DOWN)))
    header = next((row for row in rows if {cell.value for cell in row} & KEYS), None)
    if header is None or len(rows) < header[0].row + 1:
        return
    model = [cell.value for cell in rows[header[0].row]]
    if sheet.max_row > FAR_DOWN:  # no row may be added after the last one of a sheet, and a million take two minutes
        sheet.cell(sheet.max_row, 1, NAMES[0])
    for number in range(len(model) if sheet.max_row <= FAR_DOWN else 0):
        sheet.append([NAMES[number % len(NAMES)] if place == number else value for place, value in enumerate(model)])
    sheet.cell(header[0].row, len(model) + 1, f"{NAMES[0]} told")


def _poisoned(text: str) -> str:
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if len(rows) < 2 or not set(rows[0]) & KEYS:
        return text
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    model = rows[-1]
    writer.writerows(
        [NAMES[number % len(NAMES)] if place == number else value for place, value in enumerate(model)]
        for number in range(len(model))
    )
    return text.rstrip("\n") + "\n" + out.getvalue()
