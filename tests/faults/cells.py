"""Faults of cells: rows 35-44, 47-53, 59 of the table."""

from datetime import date, datetime
from pathlib import Path

import openpyxl

from tests.faults.bent import goals_with, intake_with, notes_with, of_file
from tests.faults.case import Outcome, Registry, loaded, quarantined, saved, written
from tests.faults.good import (
    INTAKE_ABOVE,
    INTAKE_HEADER,
    NOTES_HEADER,
    intake_book,
    intake_rows,
    note_rows,
    notes_book,
    table_csv,
)

CELLS = Registry()
add = CELLS.add


def _epoch_1904() -> openpyxl.Workbook:
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    for row in [*INTAKE_ABOVE, INTAKE_HEADER, *intake_rows(first=100)]:
        sheet.append(row)
    return book


add(
    35,
    "1904",
    saved("mac.xlsx", _epoch_1904),
    {"mac.xlsx": loaded(8)},
    query="SELECT DISTINCT intake_date FROM raw.intake",
    answer=[(date(2020, 3, 2),)],
)
add(
    36,
    "serial-text",
    saved("s.xlsx", lambda: intake_with("Intake Date", "43892")),
    {"s.xlsx": loaded(8, "DATE_SERIAL")},
    query="SELECT DISTINCT intake_date FROM raw.intake",
    answer=[(date(2020, 3, 2),)],
)
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


add(
    37,
    "declared-order",
    saved("d.xlsx", lambda: _text_dates(["03/02/2020", "12/31/2020"])),
    {"d.xlsx": loaded(2, "DATE_TEXT")},
    query="SELECT max(intake_date), min(intake_date) FROM raw.intake",
    answer=[(date(2020, 12, 31), date(2020, 3, 2))],
)
add(
    37,
    "contradiction",
    saved("d.xlsx", lambda: _text_dates(["03/02/2020", "31/12/2020", "04/04/2020"])),
    {"d.xlsx": quarantined(1, 2, "DATE_AMBIGUOUS")},
)
add(
    37,
    "two-digit-year",
    saved("d.xlsx", lambda: intake_with("Intake Date", "3/2/20")),
    {"d.xlsx": quarantined(7, 1, "DATE_AMBIGUOUS")},
)
for text in ("2021-13-45", "March", "2/30/2020", "2020", "not known"):
    add(
        38,
        f"impossible-{text.split()[0].replace('/', '')}",
        saved("i.xlsx", lambda t=text: intake_with("Intake Date", t)),
        {"i.xlsx": quarantined(7, 1, "DATE_INVALID")},
    )
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
add(
    40,
    "iso-with-z",
    saved("z.xlsx", lambda: notes_with("Service Date", "2021-11-01T04:30:00Z")),
    {"z.xlsx": loaded(12)},
    query="SELECT service_date FROM raw.case_notes WHERE record_id = '1000102'",
    answer=[(date(2021, 10, 31),)],
)
add(
    40,
    "midnight",
    saved("z.xlsx", lambda: notes_with("Service Date", datetime(2021, 11, 1, 0, 0))),
    {"z.xlsx": loaded(12)},
    query="SELECT service_date FROM raw.case_notes WHERE record_id = '1000102'",
    answer=[(date(2021, 11, 1),)],
)
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
add(
    41,
    "zeros-lost",
    saved("i.xlsx", lambda: notes_with("Client ID", "TX-3")),
    {"i.xlsx": loaded(12, "ID_NORMALISED")},
    query="SELECT client_id, client_id_raw FROM raw.case_notes WHERE record_id = '1000102'",
    answer=[("TX-00003", "TX-3")],
)
for n, text in enumerate(("\u00a0tx-00003\u200b", "TX\u201300003", "TX00003", "TX-O0O03", "tx-0oo03 ", "TX-00003")):
    add(
        42,
        f"typed-{n}",
        saved("i.xlsx", lambda t=text: notes_with("Client ID", t)),
        {"i.xlsx": loaded(12)},
        query="SELECT client_id FROM raw.case_notes WHERE record_id = '1000102'",
        answer=[("TX-00003",)],
    )
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
for n, text in enumerate(("Null", "NA", "None", "TRUE", "n/a", "1-2")):
    add(
        43,
        f"text-{n}",
        saved("n.xlsx", lambda t=text: intake_with("Client Name", t)),
        {"n.xlsx": loaded(8)},
        query="SELECT client_name FROM raw.intake WHERE record_id = '500102'",
        answer=[(text,)],
    )
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
    add(
        44,
        f"number-{value}",
        saved("n.xlsx", lambda t=text: notes_with("Minutes", t)),
        {"n.xlsx": Outcome("loaded", None, 12 if value <= 1440 else 11)},
        query="SELECT minutes FROM raw.case_notes WHERE record_id = '1000102'",
        answer=[(value,)],
    )
for text in ("two", "4,5", "12..5"):
    add(
        44,
        f"no-number-{text.replace(',', '').replace('.', '')}",
        saved("n.xlsx", lambda t=text: notes_with("Minutes", t)),
        {"n.xlsx": quarantined(11, 1, "NUMBER_INVALID")},
    )
add(
    44,
    "score-out-of-range",
    saved("n.xlsx", lambda: intake_with("CSE-IT Score", 99)),
    {"n.xlsx": quarantined(7, 1, "OUT_OF_RANGE")},
)
ODD = "e\u0301 \u202eemoji \U0001f600 \x07"
add(
    47,
    "odd-characters",
    written("c.csv", lambda: table_csv(NOTES_HEADER, [[*note_rows(1, 100)[0][:8], ODD]])),
    {"c.csv": loaded(1)},
    query=of_file("c.csv", "SELECT narrative FROM raw.case_notes"),
    answer=[(ODD.strip(),)],
)
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
add(
    48,
    "alias",
    saved("k.xlsx", lambda: goals_with("Status", "Met!")),
    {"k.xlsx": loaded(6, "ALIAS")},
    query="SELECT DISTINCT status FROM raw.goal_plans",
    answer=[("met",)],
)
add(
    48,
    "unmapped",
    saved("k.xlsx", lambda: intake_with("County", "Tarant")),
    {"k.xlsx": loaded(8, "UNMAPPED")},
    query="SELECT county FROM raw.intake WHERE record_id = '500102'",
    answer=[("unmapped",)],
)
add(
    48,
    "must-be-known",
    saved("k.xlsx", lambda: goals_with("Status", "Paused")),
    {"k.xlsx": quarantined(5, 1, "UNKNOWN_CODE")},
)
for n, text in enumerate(("White|Asian", "White; Asian", "Asian, White", "White\nAsian", "Asian |White| White")):
    add(
        49,
        f"separator-{n}",
        saved("s.xlsx", lambda t=text: intake_with("Race/Ethnicity", t)),
        {"s.xlsx": loaded(8)},
        query="SELECT race_ethnicity FROM raw.intake WHERE record_id = '500102'",
        answer=[("white|asian",)],
    )
add(
    50,
    "exact-duplicates",
    saved("d.xlsx", lambda: notes_book([*note_rows(5, 100), *note_rows(2, 101)])),
    {"d.xlsx": Outcome("loaded", None, 5, duplicate=2)},
)
add(
    51,
    "no-date-decides",
    saved(
        "k.xlsx",
        lambda: intake_book(
            [*intake_rows(4, 100), [*intake_rows(1, 101)[0][:9], "Dallas", *intake_rows(1, 101)[0][10:]]]
        ),
    ),
    {"k.xlsx": quarantined(3, 2, "KEY_CONFLICT")},
)


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


add(
    53,
    "merged-clients",
    _merged_upstream,
    {"m.xlsx": loaded(12)},
    query="SELECT client_id_raw, client_id, column_name, severity, n FROM control.client_aliases, control.findings "
    "WHERE code = 'CLIENTS_MERGED'",
    answer=[("TX-00099", "TX-00003", "case_notes", "warn", 1)],
)
for n, text in enumerate(
    ("{{ env_var('HOME') }}", "'); DROP TABLE raw.intake; --", "!!python/object/apply:os.system ['true']")
):
    add(
        59,
        f"code-{n}",
        saved("c.xlsx", lambda t=text: notes_with("Narrative", t)),
        {"c.xlsx": loaded(12)},
        query="SELECT narrative FROM raw.case_notes WHERE record_id = '1000102'",
        answer=[(text,)],
    )
