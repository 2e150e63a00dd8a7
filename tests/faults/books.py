"""The same faults in every kind of workbook: rows 14, 15, 17, 18, 20, 23, 25, 26, 33, 35, 41 and 57 in xls, xlsb and
ods."""

import struct
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from tests.faults.bent import bent
from tests.faults.binary_books import Error, Formula, Sheet, container, record, xls, xlsb
from tests.faults.case import Outcome, Registry, loaded, quarantined, rejected, written
from tests.faults.files import with_members
from tests.faults.good import INTAKE_HEADER, NOTES_HEADER, intake_rows, note_rows
from tests.faults.ods_books import ods, repeated

BOOKS = Registry()
add = BOOKS.add
WRITERS: dict[str, Callable[..., bytes]] = {"xls": xls, "xlsb": xlsb, "ods": ods}


def notes(rows: list[list[Any]] | None = None, **more: Any) -> Sheet:
    above = [["Case notes"], ["Report run 2022-01-07 06:02"], NOTES_HEADER]
    return Sheet("Case Notes", [*above, *(rows or note_rows(first=100))], **more)


def with_cell(column: str, value: Any, row: int = 2) -> Sheet:
    return notes(bent(note_rows(first=100), row, NOTES_HEADER, column, value))


def intake(column: str, value: Any) -> Sheet:
    return Sheet("Client Intake", [INTAKE_HEADER, *bent(intake_rows(first=100), 2, INTAKE_HEADER, column, value)])


def place_of(name: str) -> str:
    return (
        "SELECT sheet, row_number, column_name FROM control.quarantine "
        f"WHERE file_token = (SELECT file_token FROM control.files WHERE name = '{name}')"
    )


ERRORS_UNSEEN = "SELECT count(*) FROM control.findings WHERE code = 'ERRORS_UNSEEN'"


def add_all(suffix: str, write: Callable[..., bytes]) -> None:
    name = f"b.{suffix}"

    def case(number: int, label: str, sheets: list[Sheet], outcome: Outcome, *, mac: bool = False, **more: Any) -> None:
        make = partial(write, *sheets, mac=True) if mac else partial(write, *sheets)
        add(number, f"{suffix}-{label}", written(name, make), {name: outcome}, **more)

    for error in ("#REF!", "#N/A", "#DIV/0!"):
        case(
            20,
            f"needed-{error.strip('#!').lower().replace('/', '')}",
            [intake("Intake Date", Error(error))],
            quarantined(7, 1, "ERROR_CELL"),
            query=place_of(name),
            answer=[("Client Intake", 4, "intake_date")],
        )
    case(20, "key", [intake("Record ID", Error("#N/A"))], quarantined(7, 1, "ERROR_CELL"))
    case(20, "optional", [intake("Primary Language", Error("#N/A"))], loaded(8, "ERROR_CELL_KEPT_EMPTY"))
    case(20, "seen", [intake("Primary Language", "x")], loaded(8), query=ERRORS_UNSEEN, answer=[(0,)])
    case(
        20,
        "formula-needed",
        [with_cell("Service Date", Formula(Error("#VALUE!")))],
        quarantined(11, 1, "ERROR_CELL"),
        query=place_of(name),
        answer=[("Case Notes", 6, "service_date")],
    )
    case(18, "cached", [with_cell("Minutes", Formula(77))], loaded(12, "FORMULA"))
    merged = [*bent(note_rows(4, 100), 1, NOTES_HEADER, "Client ID", None)]
    case(23, "merged-key", [notes(merged, merged=((3, 4, 1, 1),))], quarantined(3, 1, "MERGED_KEY"))
    case(26, "hidden-row", [notes(hidden_rows=(5,))], loaded(12, "HIDDEN"))
    case(26, "hidden-column", [notes(hidden_columns=(4,))], loaded(12, "HIDDEN"))
    case(26, "hidden-sheet", [notes(), Sheet("Notes 2", [["x", "y"]], is_hidden=True)], loaded(12, "HIDDEN"))
    case(33, "unexpected-sheet", [notes(), Sheet("Lists", [["x"], ["y"]])], loaded(12, "SHEET_SKIPPED", structural=5))
    case(41, "leading-zeros", [with_cell("Record ID", "0001000102")], loaded(12),
         query="SELECT count(*) FROM raw.case_notes WHERE record_id = '0001000102'", answer=[(1,)])  # fmt: skip
    case(41, "id-damaged", [with_cell("Record ID", 1.23e15)], quarantined(11, 1, "ID_DAMAGED"))
    case(44, "number-as-text", [with_cell("Minutes", "45")], loaded(12),
         query="SELECT minutes FROM raw.case_notes WHERE record_id = '1000102'", answer=[(45,)])  # fmt: skip
    gap = [*note_rows(3, 100), *[[None]] * 1_200, *note_rows(1, 300)]
    case(25, "row-after-1200-blanks", [notes(gap)], loaded(4))
    if suffix != "ods":
        case(25, "lying-dimension", [notes(claims=(65_536, 250))], loaded(12, structural=3))
        case(
            35,
            "1904",
            [notes()],
            loaded(12),
            mac=True,
            query="SELECT min(service_date), max(service_date) FROM raw.case_notes",
            answer=[(date(2021, 5, 12), date(2021, 5, 23))],
        )


for suffix, write in WRITERS.items():
    add_all(suffix, write)

add(18, "ods-uncached", written("u.ods", lambda: ods(with_cell("Minutes", Formula(None)))),
    {"u.ods": quarantined(11, 1, "UNCACHED_FORMULA")})  # fmt: skip
add(15, "xlsb-macros", written("m.xlsb", lambda: xlsb(notes(), extra={"xl/vbaProject.bin": b"\0"})),
    {"m.xlsb": rejected("MACROS")})  # fmt: skip
add(15, "xls-macro-sheet", written("m.xls", lambda: xls(notes(), Sheet("M", [["x"]]), macro_sheet=True)),
    {"m.xls": rejected("MACROS")})  # fmt: skip
add(15, "xls-project", written("m.xls", lambda: container({"Workbook": b"\0", "_VBA_PROJECT": b"\0"})),
    {"m.xls": rejected("MACROS")})  # fmt: skip
add(15, "ods-basic", written("m.ods", lambda: ods(notes(), extra={"Basic/Standard/Module1.xml": b"<x/>"})),
    {"m.ods": rejected("MACROS")})  # fmt: skip
add(15, "xls-that-speaks-of-vba", written("m.xls", lambda: xls(with_cell("Narrative", "Asked about VBA \u2013 a course"))),
    {"m.xls": loaded(12)})  # fmt: skip
add(14, "xls-protected", written("p.xls", lambda: xls(notes(), protected=True)), {"p.xls": rejected("PASSWORD")})
add(14, "ods-encrypted", written("p.ods", lambda: ods(notes(), encrypted=True)), {"p.ods": rejected("PASSWORD")})
add(17, "xls-link", written("l.xls", lambda: xls(notes(), linked="\x01other.xls")),
    {"l.xls": loaded(12, "EXTERNAL_CONTENT")})  # fmt: skip
add(17, "xlsb-connection", written("l.xlsb", lambda: xlsb(notes(), extra={"xl/connections.bin": b"\0"})),
    {"l.xlsb": loaded(12, "EXTERNAL_CONTENT")})  # fmt: skip
add(17, "ods-picture", written("l.ods", lambda: ods(notes(), extra={"Pictures/1.png": b"\x89PNG"})),
    {"l.ods": loaded(12, "EXTERNAL_CONTENT")})  # fmt: skip


def _far_cell() -> bytes:
    """A binary sheet with one real cell, in the last row and column that there can be."""
    row = record(0, struct.pack("<2IH2BBI", 1_048_575, 0, 300, 0, 0, 0, 0)) + record(
        5, struct.pack("<2Id", 16_383, 0, 1)
    )
    first = record(0, struct.pack("<2IH2BBI", 0, 0, 300, 0, 0, 0, 0)) + record(5, struct.pack("<2Id", 0, 0, 1))
    return with_members(xlsb(notes()), {}, {"xl/worksheets/sheet1.bin": record(0x91) + first + row + record(0x92)})


add(57, "xlsb-far-cell", written("v.xlsb", _far_cell), {"v.xlsb": rejected("TOO_BIG")})
add(57, "ods-repeated-cell", written("v.ods", lambda: repeated((1_000_000, 1_000))), {"v.ods": rejected("TOO_BIG")})
