"""Faults of headers, rows and cells: rows 18-31, 33, 35-44, 47-53, 59 of the table."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl

from tests.faults.case import Outcome, Registry, loaded, quarantined, rejected, saved, written
from tests.faults.files import book_bytes, with_members
from tests.faults.good import (
    GOALS_HEADER,
    INTAKE_ABOVE,
    INTAKE_HEADER,
    NOTES_HEADER,
    goal_rows,
    goals_book,
    intake_book,
    intake_rows,
    note_rows,
    notes_book,
    table_csv,
    workbook,
)

ROWS = Registry()
add = ROWS.add


def bent(rows: list[list[Any]], row: int, header: list[str], column: str, value: Any) -> list[list[Any]]:
    rows[row][header.index(column)] = value
    return rows


def intake_with(column: str, value: Any) -> openpyxl.Workbook:
    return intake_book(bent(intake_rows(first=100), 2, INTAKE_HEADER, column, value))


def notes_with(column: str, value: Any) -> openpyxl.Workbook:
    return notes_book(bent(note_rows(first=100), 2, NOTES_HEADER, column, value))


def goals_with(column: str, value: Any) -> openpyxl.Workbook:
    return goals_book(bent(goal_rows(first=100), 2, GOALS_HEADER, column, value))


def of_file(name: str, select: str) -> str:
    return f"{select} WHERE file_token = (SELECT file_token FROM control.files WHERE name = '{name}')"


def _in_sheet(book: openpyxl.Workbook, old: bytes, new: bytes) -> bytes:
    """The workbook with a piece of its first sheet's XML replaced."""
    import io
    import zipfile

    content = book_bytes(book)
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    assert old in sheet
    return with_members(content, {}, {"xl/worksheets/sheet1.xml": sheet.replace(old, new, 1)})


def _minutes_formula(cached: bytes) -> bytes:
    book = notes_book(bent(note_rows(first=100), 0, NOTES_HEADER, "Minutes", 77))
    return _in_sheet(book, b"<v>77</v>", b"<f>70+7</f>" + cached)


add(18, "cached", written("f.xlsx", lambda: _minutes_formula(b"<v>77</v>")), {"f.xlsx": loaded(12, "FORMULA")},
    query="SELECT count(*) FROM raw.case_notes WHERE minutes = 77", answer=[(1,)])  # fmt: skip
add(
    18, "uncached", written("f.xlsx", lambda: _minutes_formula(b"")), {"f.xlsx": quarantined(11, 1, "UNCACHED_FORMULA")}
)
add(
    18,
    "uncached-openpyxl",
    saved("f.xlsx", lambda: notes_with("Minutes", "=10+20")),
    {"f.xlsx": quarantined(11, 1, "UNCACHED_FORMULA")},
)
for n, text in enumerate(("=cmd|'/c calc'!A1", "+1", "-note", "@SUM(A1)")):
    rows_of_text = [[str(c) if c is not None else "" for c in row] for row in note_rows(3, 100)]
    rows_of_text[0][8] = text
    add(19, f"text-{n}", written("t.csv", lambda rows=rows_of_text: table_csv(NOTES_HEADER, rows)), {"t.csv": loaded(3)},
        query=of_file("t.csv", "SELECT narrative FROM raw.case_notes") + " ORDER BY row_number LIMIT 1", answer=[(text,)])  # fmt: skip
for error in ("#REF!", "#N/A", "#VALUE!"):
    add(20, f"needed-{error.strip('#!').lower()}", saved("e.xlsx", lambda e=error: intake_with("Intake Date", e)),
        {"e.xlsx": quarantined(7, 1, "ERROR_CELL")})  # fmt: skip
add(
    20,
    "optional",
    saved("e.xlsx", lambda: intake_with("Primary Language", "#N/A")),
    {"e.xlsx": loaded(8, "ERROR_CELL_KEPT_EMPTY")},
)
add(20, "key", saved("e.xlsx", lambda: intake_with("Record ID", "#N/A")), {"e.xlsx": quarantined(7, 1, "ERROR_CELL")})
add(21, "many-titles", saved("h.xlsx", lambda: workbook(("S", [["Title"]] * 25, INTAKE_HEADER, intake_rows(first=100)))),
    {"h.xlsx": loaded(8, structural=26)})  # fmt: skip
add(21, "header-too-low", saved("h.xlsx", lambda: workbook(("S", [["Title"]] * 35, INTAKE_HEADER, intake_rows(first=100)))),
    {"h.xlsx": rejected("NO_HEADER")})  # fmt: skip


def _two_row_header() -> openpyxl.Workbook:
    upper = ["Record ID", "Client ID", "Client Name", "Dates", None, None, *INTAKE_HEADER[6:]]
    lower = [None, None, None, "Date of Birth", "Intake Date", "Exit Date", *[None] * 10]
    book = workbook(("Client Intake", [upper], lower, intake_rows(first=100)))
    book.worksheets[0].merge_cells("D1:F1")
    return book


add(22, "two-rows-merged", saved("h.xlsx", _two_row_header), {"h.xlsx": loaded(8, structural=2)})


def _merged_client() -> openpyxl.Workbook:
    rows = note_rows(4, 100)
    rows[1][1] = rows[2][1] = None
    book = notes_book(rows)
    book.worksheets[0].merge_cells("B4:B6")
    return book


add(23, "merged-key", saved("m.xlsx", _merged_client), {"m.xlsx": quarantined(2, 2, "MERGED_KEY")})


def _with_totals() -> openpyxl.Workbook:
    rows = intake_rows(first=100)
    rows[3][2] = "Total Person"
    rows.insert(0, ["Grand total", None, 8])
    rows.insert(4, list(INTAKE_HEADER))
    rows.append(["Subtotal", None, 8])
    rows.append(["Printed by the case system, page 1 of 1"])
    return intake_book(rows)


add(24, "totals-headers-footers", saved("t.xlsx", _with_totals), {"t.xlsx": loaded(8, structural=10)},
    query="SELECT count(*) FROM raw.intake WHERE client_name = 'Total Person'", answer=[(1,)])  # fmt: skip


def _gap() -> openpyxl.Workbook:
    book = notes_book(note_rows(3, 100))
    sheet = book.worksheets[0]
    for column, value in enumerate(note_rows(1, 300)[0], start=1):
        sheet.cell(row=1_500, column=column, value=value)
    return book


def _lying_dimension() -> bytes:
    import re

    book = intake_book()
    import io
    import zipfile

    content = book_bytes(book)
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    lied = re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"', sheet)
    return with_members(content, {}, {"xl/worksheets/sheet1.xml": lied})


add(25, "row-after-1494-blanks", saved("g.xlsx", _gap), {"g.xlsx": loaded(4)})
add(25, "lying-dimension", written("d.xlsx", _lying_dimension), {"d.xlsx": loaded(8)})


def _hidden() -> openpyxl.Workbook:
    book = intake_book()
    book.worksheets[0].row_dimensions[7].hidden = True
    book.worksheets[0].column_dimensions["H"].hidden = True
    return book


def _hidden_sheet() -> openpyxl.Workbook:
    above = [["Case notes"], ["Report run 2022-01-07 06:02"]]
    book = workbook(
        ("Case Notes 2020", above, NOTES_HEADER, note_rows(3, 100)),
        ("Case Notes 2021", above, NOTES_HEADER, note_rows(3, 200)),
    )
    book.worksheets[1].sheet_state = "hidden"
    return book


add(26, "hidden-row", saved("h.xlsx", _hidden), {"h.xlsx": loaded(8, "HIDDEN")})
add(26, "hidden-sheet", saved("h.xlsx", _hidden_sheet), {"h.xlsx": loaded(6, "HIDDEN")})


def _reordered() -> openpyxl.Workbook:
    order = sorted(range(len(INTAKE_HEADER)), key=lambda i: INTAKE_HEADER[i][::-1])
    return intake_book(
        [[row[i] for i in order] for row in intake_rows(first=100)], [INTAKE_HEADER[i] for i in order], total=False
    )


def renamed(**names: str) -> list[str]:
    return [names.get(name.replace(" ", "_").replace("/", "_"), name) for name in INTAKE_HEADER]


add(27, "reordered", saved("r.xlsx", _reordered), {"r.xlsx": loaded(8)},
    query="SELECT count(*) FROM raw.intake WHERE race_ethnicity = 'latinx|white'", answer=[(16,)])  # fmt: skip
add(
    28,
    "synonym",
    saved("s.xlsx", lambda: intake_book(header=renamed(Date_of_Birth="DOB", County="Condado"))),
    {"s.xlsx": loaded(8, "SYNONYM")},
)
add(
    29,
    "missing",
    saved("m.xlsx", lambda: intake_book(header=renamed(Intake_Date="Intaek Dtae"))),
    {"m.xlsx": rejected("MISSING_COLUMN")},
)
add(29, "dropped", saved("m.xlsx", lambda: intake_book([row[:9] + row[10:] for row in intake_rows(first=100)],
    INTAKE_HEADER[:9] + INTAKE_HEADER[10:])), {"m.xlsx": rejected("MISSING_COLUMN")})  # fmt: skip
add(30, "new-column", saved("n.xlsx", lambda: intake_book([[*row, "Invented"] for row in intake_rows(first=100)], [*INTAKE_HEADER, "Shoe Size"])),
    {"n.xlsx": loaded(8, "NEW_COLUMN")}, query="SELECT column_name, count(*) FROM raw.unmapped_cells GROUP BY ALL", answer=[("Shoe Size", 8)])  # fmt: skip
add(31, "mapped", saved("d.xlsx", lambda: intake_book([[*row, "Dallas"] for row in intake_rows(first=100)], [*INTAKE_HEADER, "County"])),
    {"d.xlsx": rejected("DUPLICATE_COLUMN")})  # fmt: skip
add(31, "unmapped", saved("d.xlsx", lambda: intake_book([[*row, "a", "b"] for row in intake_rows(first=100)], [*INTAKE_HEADER, "Memo", "Memo"])),
    {"d.xlsx": loaded(8, "NEW_COLUMN")})  # fmt: skip


def _extra_sheet() -> openpyxl.Workbook:
    book = intake_book()
    for row in (["Look-ups"], ["x", "y"], [1, 2]):
        (book["Notes"] if "Notes" in book.sheetnames else book.create_sheet("Notes")).append(row)
    return book


add(33, "unexpected-sheet", saved("x.xlsx", _extra_sheet), {"x.xlsx": loaded(8, "SHEET_SKIPPED", structural=9)})


def _epoch_1904() -> openpyxl.Workbook:
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    for row in [*INTAKE_ABOVE, INTAKE_HEADER, *intake_rows(first=100)]:
        sheet.append(row)
    return book


add(35, "1904", saved("mac.xlsx", _epoch_1904), {"mac.xlsx": loaded(8)},
    query="SELECT DISTINCT intake_date FROM raw.intake", answer=[(date(2020, 3, 2),)])  # fmt: skip
add(36, "serial-text", saved("s.xlsx", lambda: intake_with("Intake Date", "43892")), {"s.xlsx": loaded(8, "DATE_SERIAL")},
    query="SELECT DISTINCT intake_date FROM raw.intake", answer=[(date(2020, 3, 2),)])  # fmt: skip
add(
    36,
    "pasted-1462-ahead",
    saved("s.xlsx", lambda: intake_with("Intake Date", date(2024, 3, 3))),
    {"s.xlsx": quarantined(7, 1, "DATE_EPOCH")},
)
add(
    36,
    "pasted-1462-behind",
    saved("s.xlsx", lambda: notes_with("Service Date", date(2017, 5, 17))),
    {"s.xlsx": quarantined(11, 1, "DATE_EPOCH")},
)


def _text_dates(values: list[str]) -> openpyxl.Workbook:
    rows = intake_rows(len(values), 100)
    for row, value in zip(rows, values, strict=True):
        row[4] = value
    return intake_book(rows)


add(37, "declared-order", saved("d.xlsx", lambda: _text_dates(["03/02/2020", "12/31/2020"])), {"d.xlsx": loaded(2, "DATE_TEXT")},
    query="SELECT max(intake_date), min(intake_date) FROM raw.intake", answer=[(date(2020, 12, 31), date(2020, 3, 2))])  # fmt: skip
add(37, "contradiction", saved("d.xlsx", lambda: _text_dates(["03/02/2020", "31/12/2020", "04/04/2020"])),
    {"d.xlsx": quarantined(1, 2, "DATE_AMBIGUOUS")})  # fmt: skip
add(
    37,
    "two-digit-year",
    saved("d.xlsx", lambda: intake_with("Intake Date", "3/2/20")),
    {"d.xlsx": quarantined(7, 1, "DATE_AMBIGUOUS")},
)
for text in ("2021-13-45", "March", "2/30/2020", "2020", "not known"):
    add(38, f"impossible-{text.split()[0].replace('/', '')}", saved("i.xlsx", lambda t=text: intake_with("Intake Date", t)),
        {"i.xlsx": quarantined(7, 1, "DATE_INVALID")})  # fmt: skip
add(38, "month-allowed", saved("g.xlsx", lambda: goals_with("Review Month", "2021-02")), {"g.xlsx": loaded(6)})
add(
    39,
    "future",
    saved("f.xlsx", lambda: notes_with("Service Date", date(2022, 6, 1))),
    {"f.xlsx": loaded(12, "DATE_FUTURE")},
)
add(
    39,
    "before-2000",
    saved("f.xlsx", lambda: notes_with("Service Date", date(1999, 6, 1))),
    {"f.xlsx": loaded(12, "DATE_TOO_OLD")},
)
add(
    39,
    "before-birth",
    saved("f.xlsx", lambda: intake_with("Intake Date", date(2004, 6, 1))),
    {"f.xlsx": loaded(8, "BEFORE_BIRTH")},
)
add(
    39,
    "exit-before-intake",
    saved("f.xlsx", lambda: intake_with("Exit Date", date(2019, 6, 1))),
    {"f.xlsx": loaded(8, "EXIT_BEFORE_INTAKE")},
)
add(40, "iso-with-z", saved("z.xlsx", lambda: notes_with("Service Date", "2021-11-01T04:30:00Z")), {"z.xlsx": loaded(12)},
    query="SELECT service_date FROM raw.case_notes WHERE record_id = '1000102'", answer=[(date(2021, 10, 31),)])  # fmt: skip
add(40, "midnight", saved("z.xlsx", lambda: notes_with("Service Date", datetime(2021, 11, 1, 0, 0))), {"z.xlsx": loaded(12)},
    query="SELECT service_date FROM raw.case_notes WHERE record_id = '1000102'", answer=[(date(2021, 11, 1),)])  # fmt: skip
add(
    41,
    "scientific",
    saved("i.xlsx", lambda: notes_with("Record ID", "1.23E+15")),
    {"i.xlsx": quarantined(11, 1, "ID_DAMAGED")},
)
add(
    41,
    "16-digits",
    saved("i.xlsx", lambda: notes_with("Record ID", "1234567890123456")),
    {"i.xlsx": quarantined(11, 1, "ID_DAMAGED")},
)
add(41, "zeros-lost", saved("i.xlsx", lambda: notes_with("Client ID", "TX-3")), {"i.xlsx": loaded(12, "ID_NORMALISED")},
    query="SELECT client_id, client_id_raw FROM raw.case_notes WHERE record_id = '1000102'", answer=[("TX-00003", "TX-3")])  # fmt: skip
for n, text in enumerate(("\u00a0tx-00003\u200b", "TX\u201300003", "TX00003", "TX-O0O03", "tx-0oo03 ", "TX-00003")):
    add(42, f"typed-{n}", saved("i.xlsx", lambda t=text: notes_with("Client ID", t)), {"i.xlsx": loaded(12)},
        query="SELECT client_id FROM raw.case_notes WHERE record_id = '1000102'", answer=[("TX-00003",)])  # fmt: skip
add(
    42,
    "two-candidates",
    saved("i.xlsx", lambda: notes_with("Client ID", "TX-00003/TX-00004")),
    {"i.xlsx": quarantined(11, 1, "ID_UNREADABLE")},
)
add(
    42,
    "bare-number",
    saved("i.xlsx", lambda: notes_with("Client ID", 3)),
    {"i.xlsx": quarantined(11, 1, "ID_UNREADABLE")},
)
for text in ("Null", "NA", "None", "TRUE", "n/a", "1-2"):
    add(43, f"text-{text.lower().replace('/', '')}", saved("n.xlsx", lambda t=text: intake_with("Client Name", t)), {"n.xlsx": loaded(8)},
        query="SELECT client_name FROM raw.intake WHERE record_id = '500102'", answer=[(text,)])  # fmt: skip
add(
    43,
    "excel-date-in-code",
    saved("n.xlsx", lambda: goals_with("Goal Category", "Mar-1")),
    {"n.xlsx": quarantined(5, 1, "EXCEL_DATE")},
)
add(
    43,
    "true-date-in-code",
    saved("n.xlsx", lambda: goals_with("Status", date(2021, 3, 1))),
    {"n.xlsx": quarantined(5, 1, "EXCEL_DATE")},
)
for text, value in (("1,200", 1200), ("45 ", 45), ("$30", 30)):
    add(44, f"number-{value}", saved("n.xlsx", lambda t=text: notes_with("Minutes", t)), {"n.xlsx": Outcome("loaded", None, 12 if value <= 1440 else 11)},
        query="SELECT minutes FROM raw.case_notes WHERE record_id = '1000102'", answer=[(value,)])  # fmt: skip
for text in ("two", "4,5", "12..5"):
    add(44, f"no-number-{text.replace(',', '').replace('.', '')}", saved("n.xlsx", lambda t=text: notes_with("Minutes", t)),
        {"n.xlsx": quarantined(11, 1, "NUMBER_INVALID")})  # fmt: skip
add(
    44,
    "score-out-of-range",
    saved("n.xlsx", lambda: intake_with("CSE-IT Score", 99)),
    {"n.xlsx": quarantined(7, 1, "OUT_OF_RANGE")},
)
ODD = "e\u0301 \u202eemoji \U0001f600 \x07"
add(47, "odd-characters", written("c.csv", lambda: table_csv(NOTES_HEADER, [[*note_rows(1, 100)[0][:8], ODD]])), {"c.csv": loaded(1)},
    query=of_file("c.csv", "SELECT narrative FROM raw.case_notes"), answer=[(ODD.strip(),)])  # fmt: skip
add(
    47,
    "decomposed-label",
    saved("c.xlsx", lambda: goals_with("Status", "Descontinuada".replace("a", "a\u200b"))),
    {"c.xlsx": loaded(6)},
)
add(
    47,
    "cell-cut-off",
    saved("c.xlsx", lambda: notes_with("Narrative", "x" * 32_767)),
    {"c.xlsx": loaded(12, "MAYBE_TRUNCATED")},
)
add(48, "alias", saved("k.xlsx", lambda: goals_with("Status", "Met!")), {"k.xlsx": loaded(6, "ALIAS")},
    query="SELECT DISTINCT status FROM raw.goal_plans", answer=[("met",)])  # fmt: skip
add(48, "unmapped", saved("k.xlsx", lambda: intake_with("County", "Tarant")), {"k.xlsx": loaded(8, "UNMAPPED")},
    query="SELECT county FROM raw.intake WHERE record_id = '500102'", answer=[("unmapped",)])  # fmt: skip
add(
    48,
    "must-be-known",
    saved("k.xlsx", lambda: goals_with("Status", "Paused")),
    {"k.xlsx": quarantined(5, 1, "UNKNOWN_CODE")},
)
for n, text in enumerate(("White|Asian", "White; Asian", "Asian, White", "White\nAsian", "Asian |White| White")):
    add(49, f"separator-{n}", saved("s.xlsx", lambda t=text: intake_with("Race/Ethnicity", t)), {"s.xlsx": loaded(8)},
        query="SELECT race_ethnicity FROM raw.intake WHERE record_id = '500102'", answer=[("white|asian",)])  # fmt: skip
add(50, "exact-duplicates", saved("d.xlsx", lambda: notes_book([*note_rows(5, 100), *note_rows(2, 101)])),
    {"d.xlsx": Outcome("loaded", None, 5, duplicate=2)})  # fmt: skip
add(51, "no-date-decides", saved("k.xlsx", lambda: intake_book([*intake_rows(4, 100), [*intake_rows(1, 101)[0][:9], "Dallas", *intake_rows(1, 101)[0][10:]]])),
    {"k.xlsx": quarantined(3, 2, "KEY_CONFLICT")})  # fmt: skip


def _two_entries() -> openpyxl.Workbook:
    rows = note_rows(4, 100)
    later = list(rows[1])
    later[3], later[7] = datetime(2021, 12, 1, 8), 45
    return notes_book([*rows, later])


add(51, "a-date-decides", saved("k.xlsx", _two_entries), {"k.xlsx": loaded(5, quarantined=0)})
add(52, "orphan", saved("o.xlsx", lambda: notes_with("Client ID", "TX-90001")), {"o.xlsx": loaded(12)})


def _merged_upstream(inbox: Path) -> None:
    notes_with("Client ID", "TX-00099").save(inbox / "m.xlsx")
    (inbox.parent / "aliases.csv").write_text(
        "client_id_raw,client_id,reason\nTX-00099,TX-00003,merged upstream\n", encoding="utf-8"
    )


add(53, "merged-clients", _merged_upstream, {"m.xlsx": loaded(12)},
    query="SELECT client_id_raw, client_id FROM control.client_aliases", answer=[("TX-00099", "TX-00003")])  # fmt: skip
for n, text in enumerate(
    ("{{ env_var('HOME') }}", "'); DROP TABLE raw.intake; --", "!!python/object/apply:os.system ['true']")
):
    add(59, f"code-{n}", saved("c.xlsx", lambda t=text: notes_with("Narrative", t)), {"c.xlsx": loaded(12)},
        query="SELECT narrative FROM raw.case_notes WHERE record_id = '1000102'", answer=[(text,)])  # fmt: skip
