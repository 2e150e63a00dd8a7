"""What the manifest states of the odder real workbooks, statement by statement."""

from pathlib import Path

import pytest

from assets.ingest.cells import cell_text
from assets.ingest.excel import open_workbook
from assets.ingest.layout import describe_layout
from assets.ingest.safety import scan_archive

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def folder(shared_dir: Path) -> Path:
    return shared_dir / "fixtures" / "real" / "excel"


def sheets(path: Path) -> dict[str, list[list[str | None]]]:
    scan = None if path.suffix == ".xls" else scan_archive(path)
    return {grid.sheet: [[cell_text(c) for c in row] for row in grid.rows] for grid in open_workbook(path, scan).grids}


def test_a_header_with_doubles_a_blank_and_signs(folder) -> None:
    (rows,) = sheets(folder / "bad_column_names.xlsx").values()
    assert rows[0] == ["a b", "a b", None, "c%&$"]
    assert len(rows) - 1 == 2


def test_blank_rows_before_and_between_rows_of_data(folder) -> None:
    found = sheets(folder / "blank_rows_in_table.xlsx")
    assert len(found) == 3
    for rows in found.values():
        data = [row for row in rows[rows.index(["var1", "var2"]) + 1 :] if any(row)]
        assert [row[0] for row in data] == ["v2,1", "v4,1"]
        assert [None, None] in rows[3:6]
    above = [rows[0][0] for rows in found.values()]
    assert above == [None, "blah blah", "blah blah"]


def test_days_and_a_duration_stand_beside_their_numbers(folder) -> None:
    (rows,) = sheets(folder / "dates.xlsx").values()
    assert [(row[0], row[1]) for row in rows] == [("2021-01-01", "15"), ("2021-01-02", "16"), ("918610.0 s", "17")]


def test_five_types_in_one_column_keep_their_own_texts(folder) -> None:
    rows = sheets(folder / "one_column_five_types.xlsx")["Sheet1"]
    assert [row[0] for row in rows] == ["var1", "1", None, "a", "2017-01-01", "abc", "FALSE"]


def test_related_sheets_in_mixed_case(folder) -> None:
    found = sheets(folder / "small_related_sheets.xlsx")
    assert [len(rows) - 1 for rows in found.values()] == [6, 6, 6]
    children, extras, outcomes = found.values()
    assert {row[0] for row in children[1:]} == {row[0] for row in extras[1:]}
    assert {row[1] for row in extras[1:]} == {row[0] for row in outcomes[1:]}
    assert {row[1] for row in children[1:]} == {"M", "m", "F", "f"}
    assert [row[3] for row in children[1:]].count(None) == 1


def test_a_note_above_and_one_row_below_the_header(folder) -> None:
    _, (part,) = describe_layout(folder / "header_in_row_9.xlsx")
    assert (part.header_row, part.facts["data_rows"]) == (9, 1)
    (rows,) = sheets(folder / "header_in_row_9.xlsx").values()
    assert rows[2][2] == "Note 1"


@pytest.mark.parametrize("suffix", ["xls", "xlsx"])
def test_ten_rows_between_the_notes_in_both_kinds(folder, suffix) -> None:
    found = sheets(folder / f"deaths_notes_above_and_below.{suffix}")
    assert list(found) == ["arts", "other"]
    for rows in found.values():
        assert sum(any(row) for row in rows[:4]) == 4
        assert all(all(row) for row in rows[5:15])
        assert sum(any(row) for row in rows[15:]) == 4


def test_hidden_sheets_are_read_and_the_chart_is_none(folder) -> None:
    path = folder / "hidden_sheets.xlsx"
    book = open_workbook(path, scan_archive(path))
    assert [grid.sheet for grid in book.grids] == ["Visible", "Hidden", "VeryHidden"]


def test_every_sheet_of_the_case_extract_is_keyed_on_the_child(folder) -> None:
    found = sheets(folder / "looked_after_children_10_sheets.xlsx")
    assert len(found) == 10
    assert all("CHILD" in rows[0] for rows in found.values())
