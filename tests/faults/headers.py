"""Faults of headers and of whole rows: rows 18-31 and 33 of the table."""

import openpyxl

from tests.faults.bent import bent, intake_with, notes_with, of_file
from tests.faults.case import Registry, loaded, quarantined, rejected, saved, written
from tests.faults.files import book_bytes, with_members
from tests.faults.good import (
    INTAKE_HEADER,
    NOTES_HEADER,
    intake_book,
    intake_rows,
    note_rows,
    notes_book,
    table_csv,
    workbook,
)

HEADERS = Registry()
add = HEADERS.add


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


add(
    18,
    "cached",
    written("f.xlsx", lambda: _minutes_formula(b"<v>77</v>")),
    {"f.xlsx": loaded(12, "FORMULA")},
    query="SELECT count(*) FROM raw.case_notes WHERE minutes = 77",
    answer=[(1,)],
)
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
    add(
        19,
        f"text-{n}",
        written("t.csv", lambda rows=rows_of_text: table_csv(NOTES_HEADER, rows)),
        {"t.csv": loaded(3)},
        query=of_file("t.csv", "SELECT narrative FROM raw.case_notes") + " ORDER BY row_number LIMIT 1",
        answer=[(text,)],
    )
for error in ("#REF!", "#N/A", "#VALUE!"):
    add(
        20,
        f"needed-{error.strip('#!').lower()}",
        saved("e.xlsx", lambda e=error: intake_with("Intake Date", e)),
        {"e.xlsx": quarantined(7, 1, "ERROR_CELL")},
    )
add(
    20,
    "optional",
    saved("e.xlsx", lambda: intake_with("Primary Language", "#N/A")),
    {"e.xlsx": loaded(8, "ERROR_CELL_KEPT_EMPTY")},
)
add(20, "key", saved("e.xlsx", lambda: intake_with("Record ID", "#N/A")), {"e.xlsx": quarantined(7, 1, "ERROR_CELL")})
add(
    21,
    "many-titles",
    saved("h.xlsx", lambda: workbook(("S", [["Title"]] * 25, INTAKE_HEADER, intake_rows(first=100)))),
    {"h.xlsx": loaded(8, structural=26)},
)
add(
    21,
    "header-too-low",
    saved("h.xlsx", lambda: workbook(("S", [["Title"]] * 35, INTAKE_HEADER, intake_rows(first=100)))),
    {"h.xlsx": rejected("NO_HEADER")},
)


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


add(
    24,
    "totals-headers-footers",
    saved("t.xlsx", _with_totals),
    {"t.xlsx": loaded(8, structural=10)},
    query="SELECT count(*) FROM raw.intake WHERE client_name = 'Total Person'",
    answer=[(1,)],
)


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


add(
    27,
    "reordered",
    saved("r.xlsx", _reordered),
    {"r.xlsx": loaded(8)},
    query="SELECT count(*) FROM raw.intake WHERE race_ethnicity = 'latinx|white'",
    answer=[(16,)],
)
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
add(
    29,
    "dropped",
    saved(
        "m.xlsx",
        lambda: intake_book(
            [row[:9] + row[10:] for row in intake_rows(first=100)], INTAKE_HEADER[:9] + INTAKE_HEADER[10:]
        ),
    ),
    {"m.xlsx": rejected("MISSING_COLUMN")},
)
add(
    30,
    "new-column",
    saved(
        "n.xlsx",
        lambda: intake_book([[*row, "Invented"] for row in intake_rows(first=100)], [*INTAKE_HEADER, "Shoe Size"]),
    ),
    {"n.xlsx": loaded(8, "NEW_COLUMN")},
    query="SELECT column_name, count(*) FROM raw.unmapped_cells GROUP BY ALL",
    answer=[("Shoe Size", 8)],
)
add(
    31,
    "mapped",
    saved(
        "d.xlsx", lambda: intake_book([[*row, "Dallas"] for row in intake_rows(first=100)], [*INTAKE_HEADER, "County"])
    ),
    {"d.xlsx": rejected("DUPLICATE_COLUMN")},
)
add(
    31,
    "unmapped",
    saved(
        "d.xlsx",
        lambda: intake_book([[*row, "a", "b"] for row in intake_rows(first=100)], [*INTAKE_HEADER, "Memo", "Memo"]),
    ),
    {"d.xlsx": loaded(8, "NEW_COLUMN")},
)


def _extra_sheet() -> openpyxl.Workbook:
    book = intake_book()
    for row in (["Look-ups"], ["x", "y"], [1, 2]):
        (book["Notes"] if "Notes" in book.sheetnames else book.create_sheet("Notes")).append(row)
    return book


add(33, "unexpected-sheet", saved("x.xlsx", _extra_sheet), {"x.xlsx": loaded(8, "SHEET_SKIPPED", structural=9)})
