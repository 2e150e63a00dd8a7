"""Faults of text files: rows 45 and 46 of the table."""

from functools import partial

from tests.faults.answers import NUNEZ, ROWS
from tests.faults.answers import survey as same_survey
from tests.faults.case import Registry, loaded, quarantined, rejected, written
from tests.faults.good import (
    NOTES_HEADER,
    note_rows,
    responses,
    survey_csv,
    table_csv,
)

TEXTS = Registry()
add = TEXTS.add
survey = partial(same_survey, TEXTS)


def notes_text(narrative: str) -> str:
    rows = note_rows(3, 100)
    rows[0][8] = narrative
    return table_csv(NOTES_HEADER, rows)


def narrative_of(name: str) -> str:
    where = f"file_token = (SELECT file_token FROM control.files WHERE name = '{name}')"
    return f"SELECT narrative FROM raw.case_notes WHERE {where} AND record_id = '1000100'"


for label, encode in {
    "bom": lambda t: b"\xef\xbb\xbf" + t.encode(),
    "utf16": lambda t: t.encode("utf-16"),
    "utf16-no-bom": lambda t: t.encode("utf-16-le"),
    "cp1252": lambda t: t.encode("cp1252"),
    "mixed": lambda t: t.encode() + t.encode("cp1252").split(b"\r\n")[1].replace(b"1000100", b"1000900") + b"\r\n",
}.items():
    codes = () if label == "bom" else ("ENCODING_DETECTED",)
    n = 4 if label == "mixed" else 3
    add(
        45,
        label,
        written("e.csv", lambda encode=encode: encode(notes_text(NUNEZ))),
        {"e.csv": loaded(n, *codes)},
        query=narrative_of("e.csv"),
        answer=[(NUNEZ,)],
    )
add(
    45,
    "undecodable",
    written("e.csv", lambda: notes_text("x").encode() + b"1,\x81\x8d\n"),
    {"e.csv": rejected("ENCODING")},
)
add(
    45,
    "mojibake",
    written("e.csv", lambda: notes_text("N\u00c3\u00ba\u00c3\u00b1ez")),
    {"e.csv": loaded(3, "MOJIBAKE")},
)
for label, delimiter in {"semicolon": ";", "tab": "\t", "bar": "|"}.items():
    rows = note_rows(3, 100)
    for row in rows:
        row[6] = "Referral"
    add(
        46,
        label,
        written("d.csv", lambda d=delimiter, r=rows: table_csv(NOTES_HEADER, r, d)),
        {"d.csv": loaded(3, "DELIMITER")},
    )
add(
    46,
    "line-feeds-in-cells",
    written("d.csv", lambda: notes_text('First\nsecond, "quoted"')),
    {"d.csv": loaded(3)},
    query=narrative_of("d.csv"),
    answer=[('First\nsecond, "quoted"',)],
)
add(
    46,
    "nul-bytes",
    written("d.csv", lambda: notes_text("a\x00b")),
    {"d.csv": loaded(3, "NUL_BYTE")},
    query=narrative_of("d.csv"),
    answer=[("ab",)],
)
add(
    46,
    "uneven-row",
    written("d.csv", lambda: table_csv(NOTES_HEADER, [*note_rows(30, 100), [1, "TX-00001"]])),
    {"d.csv": quarantined(30, 1, "ROW_UNEVEN")},
)
add(
    46,
    "many-uneven-rows",
    written("d.csv", lambda: table_csv(NOTES_HEADER, [*note_rows(5, 100), [1], [2]])),
    {"d.csv": rejected("UNEVEN_ROWS")},
)
add(
    46,
    "open-quote",
    written("d.csv", lambda: table_csv(NOTES_HEADER, note_rows(3, 100)) + '1,"never closed\r\n'),
    {"d.csv": rejected("CORRUPT")},
    nights=2,
)
survey(
    46,
    "uneven-response",
    "d.csv",
    lambda: survey_csv(responses(40, 100)) + "2021-01-01,too short\r\n",
    quarantined(40, 1, "ROW_UNEVEN"),
    same=False,
)
survey(
    46,
    "line-feed-survey",
    "d.csv",
    lambda: survey_csv(ROWS, newline="\n", texts={"QID2_1": "Two\nlines <b>&nbsp;bold</b>"}),
    loaded(6),
)
