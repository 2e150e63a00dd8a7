"""The same facts in another dress give equal tables."""

import io
import random
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from assets.ingest import Feeds, IngestPaths, ingest, load_feeds
from assets.ingest.config import TableFeed
from assets.ingest.excel import open_workbook
from assets.ingest.safety import scan_archive
from tests.faults.binary_books import Sheet, xls, xlsb
from tests.faults.files import book_bytes
from tests.faults.good import (
    GOALS_HEADER,
    INTAKE_HEADER,
    NOTES_HEADER,
    goal_rows,
    goals_book,
    intake_book,
    intake_rows,
    note_rows,
    notes_book,
    table_csv,
)
from tests.faults.ods_books import ods

NOW = datetime(2022, 2, 1, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def feeds(project_root: Path) -> Feeds:
    return load_feeds(project_root / "config")


def load(tmp_path: Path, feeds: Feeds, files: dict[str, bytes], kind: str) -> list[tuple]:
    home = tmp_path / f"home{len(list(tmp_path.iterdir()))}"
    (home / "inbox").mkdir(parents=True)
    for name, content in files.items():
        (home / "inbox" / name).write_bytes(content)
    with duckdb.connect(config={"threads": 1}) as con:
        ingest(IngestPaths(home / "inbox", home / "v", home / "r", home / "t", settle_seconds=0), con, feeds, now=NOW)
        states = con.execute("SELECT name, status, reason FROM control.files").fetchall()
        assert all(state[1] in ("loaded", "duplicate") for state in states), states
        select = f"SELECT * EXCLUDE (file_token, sheet, row_number) FROM raw.{kind} ORDER BY ALL"
        return con.execute(select).fetchall()


def strict(content: bytes) -> bytes:
    """The workbook in the strict namespaces of the standard, as Excel's "Strict Open XML" saves it."""
    renames = {
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main": b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships": (
            b"http://purl.oclc.org/ooxml/officeDocument/relationships"
        ),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            data = source.read(info.filename)
            for old, new in renames.items():
                data = data.replace(old, new)
            target.writestr(info.filename, data)
    return out.getvalue()


@pytest.mark.parametrize(
    "form",
    [
        ("intake", intake_book, INTAKE_HEADER, intake_rows(first=100), "Client Intake"),
        ("case_notes", notes_book, NOTES_HEADER, note_rows(first=100), "Case Notes"),
        ("goal_plans", goals_book, GOALS_HEADER, goal_rows(first=100), "Goal Plans"),
    ],
)
def test_every_kind_of_workbook_and_csv_are_one(tmp_path, feeds, form) -> None:
    kind, book, header, rows, sheet = form
    plain = load(tmp_path, feeds, {"a.xlsx": book_bytes(book())}, kind)
    assert len(plain) == len(rows)
    assert load(tmp_path, feeds, {"a.csv": table_csv(header, rows).encode()}, kind) == plain
    twin = Sheet(sheet, [header, *rows])
    assert load(tmp_path, feeds, {"a.ods": ods(twin)}, kind) == plain
    for mac in (False, True):
        assert load(tmp_path, feeds, {"a.xls": xls(twin, mac=mac)}, kind) == plain
        assert load(tmp_path, feeds, {"a.xlsb": xlsb(twin, mac=mac)}, kind) == plain
    assert load(tmp_path, feeds, {"a.xlsx": strict(book_bytes(book()))}, kind) == plain


def test_shuffled_rows_and_columns_and_a_second_drop_change_nothing(tmp_path, feeds) -> None:
    rows = note_rows(30)
    plain = load(tmp_path, feeds, {"a.xlsx": book_bytes(notes_book(rows))}, "case_notes")
    shuffled = random.Random(7)
    order = list(range(len(NOTES_HEADER)))
    shuffled.shuffle(order)
    mixed = [[row[i] for i in order] for row in rows]
    shuffled.shuffle(mixed)
    book = book_bytes(notes_book(mixed, [NOTES_HEADER[i] for i in order]))
    assert load(tmp_path, feeds, {"a.xlsx": book}, "case_notes") == plain
    twice = book_bytes(notes_book(rows))
    assert load(tmp_path, feeds, {"a.xlsx": twice, "b.xlsx": twice}, "case_notes") == plain


def spanish(header: list[str], rows: list[list], form: TableFeed, feeds: Feeds) -> tuple[list[str], list[list]]:
    """The export as a Spanish edition of the form writes it: the last synonym of each header, labels in Spanish."""
    by_header = {column.header: column for column in form.columns.values()}
    labels = {
        column.header: {code.en: code.es for code in feeds.code_lists[column.codes].codes}
        for column in form.columns.values()
        if column.codes
    }
    changed = []
    for row in rows:
        cells = []
        for name, value in zip(header, row, strict=True):
            words = labels.get(name, {})
            cells.append(" | ".join(words[w] for w in value.split(" | ")) if words and value else value)
        changed.append(cells)
    return [by_header[name].synonyms[-1] for name in header], changed


@pytest.mark.parametrize(
    "form",
    [
        ("intake", intake_book, INTAKE_HEADER, intake_rows(first=100)),
        ("case_notes", notes_book, NOTES_HEADER, note_rows(first=100)),
        ("goal_plans", goals_book, GOALS_HEADER, goal_rows(first=100)),
    ],
)
def test_the_spanish_edition_of_a_form_gives_the_same_codes(tmp_path, feeds, form) -> None:
    kind, book, header, rows = form
    names, cells = spanish(header, rows, feeds.tables[kind], feeds)
    assert not set(names) & set(header)
    english = load(tmp_path, feeds, {"a.xlsx": book_bytes(book())}, kind)
    assert load(tmp_path, feeds, {"a.xlsx": book_bytes(book(cells, names))}, kind) == english


def test_both_date_systems_of_excel_give_the_same_days(tmp_path, feeds) -> None:
    mac = notes_book()
    mac.epoch = CALENDAR_MAC_1904
    plain = load(tmp_path, feeds, {"a.xlsx": book_bytes(notes_book())}, "case_notes")
    assert load(tmp_path, feeds, {"a.xlsx": book_bytes(mac)}, "case_notes") == plain


def test_rows_of_erased_clients_are_counted_and_not_loaded(tmp_path, feeds) -> None:
    (tmp_path / "inbox").mkdir()
    rows = [[*row, f"memo {i}"] for i, row in enumerate(intake_rows(6))]
    intake_book(rows, [*INTAKE_HEADER, "Memo"]).save(tmp_path / "inbox" / "a.xlsx")
    with duckdb.connect(config={"threads": 1}) as con:
        con.execute("CREATE SCHEMA control")
        con.execute("CREATE TABLE control.erased_clients AS SELECT 'TX-00002' AS client_id")
        paths = IngestPaths(tmp_path / "inbox", tmp_path / "v", tmp_path / "r", tmp_path / "t", settle_seconds=0)
        ingest(paths, con, feeds, now=NOW)
        found = con.execute("SELECT rows_read, rows_loaded, rows_structural, rows_erased FROM control.files").fetchone()
        assert found == (12, 5, 6, 1)
        assert con.execute("SELECT count(*) FROM raw.intake WHERE client_id = 'TX-00002'").fetchone() == (0,)
        memos = [row[0] for row in con.execute("SELECT value FROM raw.unmapped_cells ORDER BY value").fetchall()]
        assert memos == ["memo 0", "memo 2", "memo 3", "memo 4", "memo 5"]


@pytest.mark.shared
def test_old_and_new_workbooks_give_the_same_cells(shared_dir: Path) -> None:
    folder = shared_dir / "fixtures" / "real" / "excel"
    new = folder / "deaths_notes_above_and_below.xlsx"
    old = open_workbook(folder / "deaths_notes_above_and_below.xls", None)
    for one, other in zip(open_workbook(new, scan_archive(new)).grids, old.grids, strict=True):
        assert [list(row) for row in one.rows] == [list(row) for row in other.rows]
