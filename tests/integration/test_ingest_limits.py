"""Files as large as there can be, and files that only pretend: seconds and memory, each measured in its own process."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.faults.files import book_bytes, zipped
from tests.faults.good import NOTES_HEADER, notes_book

# The high-water mark is that of this process alone: ru_maxrss begins with what the parent had when it started it.
READ = """
import json, sys, time
from datetime import date
from pathlib import Path
from assets.errors import DataError
from assets.ingest import load_feeds
from assets.ingest.parsed import Parsed
from assets.ingest.read import ReadContext, read_file
path, root = Path(sys.argv[1]), Path(sys.argv[2])
feeds, parsed, code = load_feeds(root / "config"), Parsed(), None
import pyarrow, python_calamine
started = time.process_time()
try:
    read_file(path, ReadContext(feeds, date(2022, 2, 1), path.suffix), parsed, lambda table, batch: None)
except DataError as error:
    code = error.code
print(json.dumps({
    "code": code, "seconds": time.process_time() - started, "loaded": parsed.rows_out, "read": parsed.rows_read,
    "structural": parsed.structural, "codes": sorted({key[2] for key in parsed.findings}),
    "peak_mb": int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024,
}))
"""
LAST_ROW = 1_048_576


def read(path: Path, root: Path) -> dict:
    """What reading the file gave, with processor seconds: the machine may have other things to do."""
    command = [sys.executable, "-c", READ, str(path), str(root)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def with_sheet(path: Path, pieces: list[bytes], level: int = 6) -> None:
    """A notes workbook whose sheet is replaced by ``pieces``, written one after the other."""
    content = book_bytes(notes_book())
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as target,
    ):
        for name in source.namelist():
            if name != "xl/worksheets/sheet1.xml":
                target.writestr(name, source.read(name))
        with target.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for piece in pieces:
                sheet.write(piece)


HEAD = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
TAIL = b"</sheetData></worksheet>"


def text_row(cells: list[str], number: int | None = None) -> bytes:
    place = f' r="{number}"' if number else ""
    body = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in cells)
    return f"<row{place}>{body}</row>".encode()


def note(number: int) -> str:
    texts = ("Worker S01", "Crisis response", "Referral | Group")
    staff = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)
    return (
        f'<row><c><v>{number}</v></c><c t="inlineStr"><is><t>TX-{number % 90_000 + 1:05d}</t></is></c>'
        f"<c><v>44242</v></c><c><v>44243</v></c>{staff}<c><v>30</v></c>"
        f'<c t="inlineStr"><is><t>Invented note {number % 50_000} of usual length</t></is></c></row>'
    )


@pytest.mark.timeout(600)
def test_the_longest_sheet_there_can_be_is_read_in_bounded_memory(tmp_path, project_root) -> None:
    path = tmp_path / "long.xlsx"
    pieces = [HEAD, text_row(NOTES_HEADER)]
    for first in range(0, LAST_ROW - 1, 50_000):
        pieces.append("".join(map(note, range(first, min(first + 50_000, LAST_ROW - 1)))).encode())
    with_sheet(path, [*pieces, TAIL], level=1)
    found = read(path, project_root)
    assert (found["code"], found["read"], found["loaded"]) == (None, LAST_ROW, LAST_ROW - 1)
    assert "MAYBE_CUT_OFF" in found["codes"]
    assert found["peak_mb"] < 1024


def test_one_row_short_of_the_last_is_not_taken_for_cut_off(tmp_path, project_root) -> None:
    rows = [text_row(NOTES_HEADER), note(1).encode(), note(2).replace("<row>", f'<row r="{LAST_ROW - 1}">').encode()]
    with_sheet(tmp_path / "short.xlsx", [HEAD, *rows, TAIL])
    found = read(tmp_path / "short.xlsx", project_root)
    assert (found["read"], found["loaded"], found["structural"]) == (LAST_ROW - 1, 2, LAST_ROW - 3)
    assert "MAYBE_CUT_OFF" not in found["codes"]


def bomb_in_a_workbook(path: Path) -> None:
    with_sheet(path, [HEAD, *[b"<row><c><v>1</v></c></row>" * 400_000] * 20, TAIL], level=9)


def bomb_in_an_archive(path: Path) -> None:
    path.write_bytes(zipped({"a.csv": b"0" * 200_000_000}))


@pytest.mark.parametrize("make", [bomb_in_a_workbook, bomb_in_an_archive])
def test_a_small_bomb_is_refused_quickly_and_in_little_memory(tmp_path, project_root, make) -> None:
    path = tmp_path / ("bomb.xlsx" if make is bomb_in_a_workbook else "bomb.zip")
    make(path)
    assert path.stat().st_size < 1_000_000
    found = read(path, project_root)
    assert found["code"] == "TOO_BIG"
    assert found["seconds"] < 5
    assert found["peak_mb"] < 300
