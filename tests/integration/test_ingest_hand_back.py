"""The quarantine workbook: bad rows go out with their reasons, come back mended through the inbox, and are closed."""

from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from quarantine_desk import Desk, mended

from assets.ingest import Feeds, load_feeds
from tests.faults.good import INTAKE_HEADER, NOTES_HEADER, intake_book, intake_rows, note_rows, notes_book

INSTANT = timedelta(microseconds=1)


@pytest.fixture(scope="module")
def feeds(project_root: Path) -> Feeds:
    return load_feeds(project_root / "config")


@pytest.fixture
def desk(tmp_path, feeds):
    made = Desk(tmp_path, feeds)
    yield made
    made.con.close()


def bad_intake() -> openpyxl.Workbook:
    rows = intake_rows(6)
    rows[2][4], rows[2][9] = "not a day", "#REF!"
    rows[3][0] = None
    return intake_book(rows)


def test_one_line_a_row_in_the_forms_order_with_both_languages(desk) -> None:
    bad_intake().save(desk.inbox / "intake.xlsx")
    desk.night()
    sheet = openpyxl.load_workbook(desk.book)["intake"]
    lines = list(sheet.iter_rows(values_only=True))
    assert lines[0] == ("File", "Sheet", "Row", "Column", "Code", "Reason", "Motivo", *INTAKE_HEADER)
    assert [line[2:5] for line in lines[1:]] == [
        (8, "County; Intake Date", "ERROR_CELL; DATE_INVALID"),
        (9, "Record ID", "MISSING_KEY"),
    ]
    assert lines[1][5] == "The cell holds a spreadsheet error. The cell holds no possible date."
    assert lines[1][6] == "La celda contiene un error de hoja de cálculo. La celda no contiene una fecha posible."
    marked = [sheet.cell(row=1, column=cell.column).value for cell in sheet[2] if cell.fill.patternType == "solid"]
    assert marked == ["Intake Date", "County"]


def test_mended_rows_load_into_their_export_and_close_their_items(desk) -> None:
    bad_intake().save(desk.inbox / "intake.xlsx")
    desk.night()
    moment = desk.counts("intake.xlsx")[4]
    back = mended(desk.book, Intake_Date={2: "2020-03-09"}, County={2: "Dallas"}, Record_ID={3: "500004"})
    back.save(desk.inbox / "quarantine.xlsx")
    desk.night()
    assert desk.counts("quarantine.xlsx") == ("loaded", "intake", 2, 0, moment + INSTANT)
    assert {state for _, _, state in desk.states("intake.xlsx")} == {"fixed"}
    assert not desk.book.exists()
    select = "SELECT record_id, county, CAST(intake_date AS VARCHAR) FROM raw.intake ORDER BY record_id"
    rows = desk.con.execute(select).fetchall()
    assert [row[0] for row in rows] == [str(500_000 + i) for i in range(1, 7)]
    assert rows[2][1:] == ("dallas", "2020-03-09")
    assert desk.con.execute("SELECT count(*) FROM raw.unmapped_cells").fetchone() == (0,)
    codes = {row[0] for row in desk.con.execute("SELECT code FROM control.findings").fetchall()}
    assert "HANDED_BACK" in codes
    assert not codes & {"SHRUNK", "ROWS_VANISHED", "NEW_COLUMN", "CHANGED_HEADER", "OUT_OF_ORDER"}


def test_a_row_that_is_still_bad_waits_on_once(desk) -> None:
    bad_intake().save(desk.inbox / "intake.xlsx")
    desk.night()
    mended(desk.book, Intake_Date={2: "still not"}, County={2: "Dallas"}, Record_ID={3: "500004"}).save(
        desk.inbox / "back.xlsx"
    )
    desk.night()
    assert desk.counts("back.xlsx")[:4] == ("loaded", "intake", 1, 1)
    assert desk.states("intake.xlsx") == [
        (8, "DATE_INVALID", "replaced"), (8, "ERROR_CELL", "replaced"), (9, "MISSING_KEY", "fixed"),
    ]  # fmt: skip
    assert desk.states("back.xlsx") == [(2, "DATE_INVALID", "open")]
    lines = list(openpyxl.load_workbook(desk.book)["intake"].iter_rows(values_only=True))
    assert [line[4] for line in lines[1:]] == ["DATE_INVALID"]
    mended(desk.book, Intake_Date={2: "2020-03-09"}).save(desk.inbox / "again.xlsx")
    desk.night()
    assert desk.states("back.xlsx") == [(2, "DATE_INVALID", "fixed")]
    assert not desk.book.exists()


def test_rows_of_one_key_go_out_in_the_forms_words_and_one_comes_back(desk) -> None:
    rows = intake_rows(3)
    rows.append([*rows[1][:9], "Dallas", *rows[1][10:]])
    intake_book(rows).save(desk.inbox / "intake.xlsx")
    desk.night()
    sheet = openpyxl.load_workbook(desk.book).worksheets[0]
    lines = list(sheet.iter_rows(values_only=True))
    assert lines[0][7:] == tuple(INTAKE_HEADER)
    assert [line[4] for line in lines[1:]] == ["KEY_CONFLICT"] * 2
    book = openpyxl.load_workbook(desk.book)
    book.worksheets[0].delete_rows(2)
    book.save(desk.inbox / "back.xlsx")
    desk.night()
    found = desk.con.execute("SELECT county, race_ethnicity FROM raw.intake WHERE record_id = '500002'").fetchall()
    assert found == [("dallas", "latinx|white")]
    assert {state for _, _, state in desk.states("intake.xlsx")} == {"fixed"}


def test_an_older_good_copy_does_not_close_what_a_newer_export_spoiled(desk) -> None:
    notes_book(note_rows(6)).save(desk.inbox / "a.xlsx")
    desk.night()
    rows = note_rows(6)
    rows[2][NOTES_HEADER.index("Service Date")] = "spoiled"
    newer = notes_book(rows)
    newer.worksheets[0]["A2"] = "Report run 2022-01-09 06:00"
    newer.save(desk.inbox / "b.xlsx")
    desk.night()
    assert desk.states("b.xlsx") == [(6, "DATE_INVALID", "open")]
    assert desk.con.execute("SELECT count(*) FROM control.findings WHERE code = 'ROWS_VANISHED'").fetchone() == (0,)
    assert desk.book.exists()
    good = notes_book(note_rows(6))
    good.worksheets[0]["A2"] = "Report run 2022-01-10 06:00"
    good.save(desk.inbox / "c.xlsx")
    desk.night()
    assert desk.states("b.xlsx") == [(6, "DATE_INVALID", "fixed")]


def test_the_next_export_is_held_against_the_export_and_not_against_the_mended_rows(desk) -> None:
    bad_intake().save(desk.inbox / "intake.xlsx")
    desk.night()
    mended(desk.book, Intake_Date={2: "2020-03-09"}, County={2: "Dallas"}, Record_ID={3: "500004"}).save(
        desk.inbox / "back.xlsx"
    )
    desk.night()
    following = intake_book(intake_rows(6))
    following.worksheets[0]["A3"] = "Report run 2022-01-15 06:00"
    following.save(desk.inbox / "next.xlsx")
    desk.night()
    select = "SELECT code, n FROM control.findings WHERE file_token = ? AND code LIKE 'ROWS_%' ORDER BY code"
    assert desk.con.execute(select, [desk.token("next.xlsx")]).fetchall() == [("ROWS_ADDED", 2)]
