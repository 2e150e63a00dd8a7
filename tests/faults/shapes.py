"""Faults of texts, surveys and SPSS files: rows 45, 46, 54-57, 63 of the table."""

import io
import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyreadstat

from tests.faults.case import Outcome, Registry, loaded, quarantined, rejected, written
from tests.faults.files import book_bytes, with_members, zipped
from tests.faults.good import (
    NOTES_HEADER,
    SURVEY_META,
    intake_book,
    mspss_questions,
    note_rows,
    responses,
    survey_csv,
    table_csv,
)

SHAPES = Registry()
add = SHAPES.add
NUNEZ = "Invented N\u00fa\u00f1ez \u2013 \u201cquoted\u201d"
ROWS = responses(6, 100)
SUM = "SELECT count(*), sum(mspss_1 + mspss_12), min(recorded_on) FROM raw.survey_mspss WHERE response_id LIKE 'R_invented001%'"
EXPECTED = [(6, sum(int(r["QID2_1"]) + int(r["QID2_12"]) for r in ROWS), date(2021, 3, 17))]
EN = {
    str(c): label
    for c, label in enumerate(
        (
            "Very strongly disagree",
            "Strongly disagree",
            "Mildly disagree",
            "Neutral",
            "Mildly agree",
            "Strongly agree",
            "Very strongly agree",
        ),
        1,
    )
}
ES = {
    str(c): label
    for c, label in enumerate(
        (
            "Muy en total desacuerdo",
            "Totalmente en desacuerdo",
            "Algo en desacuerdo",
            "Neutral",
            "Algo de acuerdo",
            "Totalmente de acuerdo",
            "Muy en total acuerdo",
        ),
        1,
    )
}


def survey(number: int, name: str, file: str, make: Any, outcome: Outcome, same: bool = True, **more: Any) -> None:
    """A survey file that must give the same responses as the plain numeric CSV, unless told otherwise."""
    if same:
        more = {"query": SUM, "answer": EXPECTED, **more}
    add(number, name, written(file, make), {file: outcome}, **more)


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


def in_words(labels: dict[str, str], finished: str = "True") -> list[dict[str, str]]:
    rows = [{k: labels.get(v, v) if k.startswith("QID2_") else v for k, v in row.items()} for row in ROWS]
    return [{**row, "status": "IP Address", "finished": finished} for row in rows]


survey(54, "english-labels", "s.csv", lambda: survey_csv(in_words(EN)), loaded(6))
survey(
    54, "spanish-labels", "s.csv", lambda: survey_csv(in_words(ES), texts={"startDate": "Fecha de inicio"}), loaded(6)
)
survey(
    54,
    "unknown-label",
    "s.csv",
    lambda: survey_csv(in_words({**EN, "4": "Meh"})),
    rejected("UNKNOWN_LABEL"),
    same=False,
)
survey(
    54,
    "label-in-numeric",
    "s.csv",
    lambda: survey_csv([{**ROWS[0], "QID2_1": "Neutral"}, *ROWS[1:]]),
    rejected("UNKNOWN_LABEL"),
    same=False,
)
survey(
    54,
    "renumbered",
    "s.csv",
    lambda: survey_csv(ROWS, [("client_id", "QID1_TEXT"), *[(f"Q13_{i}", f"QID2_{i}") for i in range(1, 13)]]),
    loaded(6),
)
survey(
    54,
    "duplicate-names",
    "s.csv",
    lambda: survey_csv(ROWS, [("Q", "QID1_TEXT"), *[("Q", f"QID2_{i}") for i in range(1, 13)]]),
    loaded(6),
)
survey(54, "one-header-row", "s.csv", lambda: survey_csv(ROWS, headers=1), loaded(6, "NO_TIME_ZONE"))
survey(
    54,
    "two-header-rows",
    "s.csv",
    lambda: survey_csv(
        ROWS, headers=2, texts={"startDate": "Start Date", "endDate": "End Date", "status": "Response Type"}
    ),
    loaded(6, "NO_TIME_ZONE"),
)
survey(54, "no-zone", "s.csv", lambda: survey_csv(ROWS, zone=None), loaded(6, "NO_TIME_ZONE"))


def _flagged() -> list[dict[str, str]]:
    rows = responses(6, 100)
    for row, status in zip(rows, ("1", "2", "8", "9", "16", "0"), strict=True):
        row["status"] = status
    return rows


survey(
    54,
    "preview-test-spam",
    "s.csv",
    lambda: survey_csv(_flagged()),
    loaded(6, "PREVIEW", "TEST", "SPAM"),
    query="SELECT status FROM raw.survey_mspss WHERE response_id LIKE 'R_invented001%' ORDER BY row_number",
    answer=[(1,), (2,), (8,), (9,), (16,), (0,)],
)
survey(
    54,
    "declared-missing",
    "s.csv",
    lambda: survey_csv([{**ROWS[0], "QID2_1": "-99", "QID2_2": ""}, *ROWS[1:]]),
    loaded(6, "DECLARED_MISSING"),
    query="SELECT mspss_1, mspss_2, missing_items FROM raw.survey_mspss WHERE response_id = 'R_invented00100'",
    answer=[(None, None, '{"mspss_1": -99}')],
)
survey(
    54,
    "other-negative",
    "s.csv",
    lambda: survey_csv([{**ROWS[0], "QID2_1": "-1"}, *ROWS[1:]]),
    Outcome("loaded", None, 6, 0, quarantine=frozenset({"OUT_OF_RANGE"})),
    same=False,
)


def transitional() -> str:
    """The layout of 2016 and 2017: a Python dict in row 3, other names, no RecordedDate, no zone."""
    text = survey_csv(ROWS, zone=None)
    lines = text.split("\r\n")
    names = (
        lines[0].replace("ResponseId", "ResponseID").replace("RecipientLastName", "panel-RecipientLastName").split(",")
    )
    keys = [str({"ImportId": key}) for _, key in [*SURVEY_META, *mspss_questions()]]
    body = [line.split(",") for line in lines[3:] if line]
    drop = {i for i, name in enumerate(names) if name in ("Progress", "Duration (in seconds)", "RecordedDate")}
    out = io.StringIO()
    import csv

    writer = csv.writer(out, lineterminator="\r\n")
    for row in [names, lines[1].split(","), keys, *body]:
        writer.writerow([cell for i, cell in enumerate(row) if i not in drop])
    return out.getvalue()


def legacy() -> bytes:
    """The layout before 2016: V1 to V10 above their labels, no third row, a trailing comma, a byte-order mark."""
    labels = [
        "ResponseID",
        "ResponseSet",
        "Name",
        "ExternalDataReference",
        "EmailAddress",
        "IPAddress",
        "Status",
        "StartDate",
        "EndDate",
        "Finished",
    ]
    keys = ["_recordId", "", "", "", "", "ipAddress", "status", "startDate", "endDate", "finished"]
    names = [name for name, _ in mspss_questions()]
    lines = [",".join([*(f"V{i}" for i in range(1, 11)), *names]) + ",", ",".join([*labels, *names]) + ","]
    lines += [
        ",".join([*(row.get(k, "") for k in keys), *(row.get(q, "") for _, q in mspss_questions())]) + ","
        for row in ROWS
    ]
    return b"\xef\xbb\xbf" + "\r\n".join(lines).encode() + b"\r\n"


survey(54, "transitional", "s.csv", transitional, loaded(6, "NO_TIME_ZONE"))
survey(54, "legacy", "s.csv", legacy, loaded(6, "NO_TIME_ZONE"))
survey(
    54,
    "tsv-utf16",
    "s.tsv",
    lambda: survey_csv(ROWS, delimiter="\t").encode("utf-16"),
    loaded(6, "DELIMITER", "ENCODING_DETECTED"),
)
survey(54, "zip-of-csv", "s.zip", lambda: zipped({"Survey.csv": survey_csv(ROWS).encode()}), loaded(6))
survey(
    54,
    "zip-of-tsv",
    "s.zip",
    lambda: zipped({"Survey.tsv": survey_csv(ROWS, delimiter="\t").encode("utf-16")}),
    loaded(6),
)


def api(zone: str = "Z") -> list[dict[str, Any]]:
    """The API's objects: UTC with milliseconds, floats among the numbers."""
    found = []
    for row in ROWS:
        values: dict[str, Any] = {}
        for key, value in row.items():
            if key.endswith("Date"):
                day, clock = value.split(" ")
                hour = int(clock[:2]) + (6 if day < "2021-03-14" else 5)
                values[key] = f"{day}T{hour:02d}{clock[2:]}.123{zone}"
            elif value.isdigit():
                values[key] = float(value) if key == "QID2_1" else int(value)
            else:
                values[key] = value
        found.append(
            {"responseId": row["_recordId"], "values": values, "labels": {"finished": "True"}, "displayedFields": []}
        )
    return found


survey(54, "json", "s.json", lambda: json.dumps({"responses": api()}), loaded(6))
survey(54, "ndjson", "s.ndjson", lambda: "\n".join(json.dumps(r) for r in api()), loaded(6))
survey(
    54,
    "json-cut-off",
    "s.json",
    lambda: json.dumps({"responses": api()})[:-40],
    rejected("CORRUPT"),
    same=False,
    nights=2,
)


def resaved() -> bytes:
    """The CSV opened and saved as a workbook: dates become dates, numbers become floats."""
    book = openpyxl.Workbook()
    import csv

    for line in csv.reader(io.StringIO(survey_csv(ROWS))):
        book.active.append([int(cell) if cell.isdigit() else cell for cell in line])
    return book_bytes(book)


def resaved_csv() -> str:
    rows = []
    for row in ROWS:
        changed = dict(row, finished="TRUE")
        for key in ("startDate", "endDate", "recordedDate"):
            day, clock = row[key].split(" ")
            year, month, d = day.split("-")
            changed[key] = f"{int(month)}/{int(d)}/{year} {int(clock[:2])}:{clock[3:5]}"
        rows.append(changed)
    return survey_csv(rows)


survey(54, "saved-by-excel", "s.xlsx", resaved, loaded(6))
survey(54, "saved-by-excel-as-csv", "s.csv", resaved_csv, loaded(6))
survey(
    54,
    "definition",
    "s.qsf",
    lambda: json.dumps({"SurveyEntry": {}, "SurveyElements": []}),
    Outcome("ignored", "SURVEY_DEFINITION"),
    same=False,
)
survey(
    55,
    "outside-the-scale",
    "s.csv",
    lambda: survey_csv([{**ROWS[0], "QID2_1": "9"}, *ROWS[1:]]),
    Outcome("loaded", None, 6, 0, quarantine=frozenset({"OUT_OF_RANGE"})),
    same=False,
)
survey(
    55,
    "whole-column-shifted",
    "s.csv",
    lambda: survey_csv([{**row, "QID2_1": str(10 + i)} for i, row in enumerate(ROWS)]),
    rejected("SCALE_MISMATCH"),
    same=False,
)


def sav(frame: pd.DataFrame, suffix: str = ".sav", **options: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x{suffix}"
        if suffix == ".por":
            pyreadstat.write_por(frame, path)
        else:
            pyreadstat.write_sav(frame, path, compress=suffix == ".zsav", **options)
        return path.read_bytes()


MINIMAL = [
    "id",
    "age",
    "race",
    "minority",
    "orient_min",
    "county_out",
    "confirmed",
    "csa",
    "dv",
    "homeless",
    "months_service",
    "months_total",
    "services_0",
    "services_6",
    "services_total",
    "goals_set",
    "goals_met",
    "goal_rate",
]


def minimal(**columns: list[Any]) -> pd.DataFrame:
    frame = pd.DataFrame({name: [float(i), float(i + 1), -99.0] for i, name in enumerate(MINIMAL)})
    for name, values in columns.items():
        frame[name] = values
    return frame


def survey_sav(finished: dict[int, str]) -> bytes:
    frame = pd.DataFrame(
        {
            name.replace(" (in seconds)", "__in_seconds_"): [row.get(key, "") for row in ROWS]
            for name, key in SURVEY_META
        }
    )
    for name in ("StartDate", "EndDate", "RecordedDate"):
        frame[name] = pd.to_datetime(frame[name])
    for name in ("Status", "Progress", "Duration__in_seconds_"):
        frame[name] = frame[name].astype(float)
    frame["Finished"] = float(next(code for code, label in finished.items() if label == "True"))
    for name, key in mspss_questions():
        values = [row[key] for row in ROWS]
        frame[name] = values if key == "QID1_TEXT" else [float(v) for v in values]
    return sav(
        frame,
        variable_value_labels={"Finished": finished, "MSPSS_1": {1.0: "Very strongly disagree", 2.0: "Something else"}},
    )


survey(
    56,
    "qualtrics-sav",
    "s.sav",
    lambda: survey_sav({0: "False", 1: "True"}),
    loaded(6, "NO_TIME_ZONE", "LABELS_DISAGREE"),
)
survey(
    56,
    "finished-1-false-2-true",
    "s.sav",
    lambda: survey_sav({1: "False", 2: "True"}),
    loaded(6),
    query="SELECT count(*) FROM raw.survey_mspss WHERE finished AND response_id LIKE 'R_invented001%'",
    answer=[(6,)],
)
add(56, "truncated", written("m.sav", lambda: sav(minimal())[:-120]), {"m.sav": rejected("CORRUPT")}, nights=2)
for suffix in (".sav", ".zsav"):
    add(
        56,
        f"user-missing{suffix.replace('.', '-')}",
        written(f"m{suffix}", lambda s=suffix: sav(minimal(), s, missing_ranges={"age": [{"lo": -99, "hi": -1}]})),
        {f"m{suffix}": loaded(3, kind="minimal_dataset")},
        query="SELECT value_number, missing_reason FROM raw.minimal_dataset WHERE variable = 'age' ORDER BY case_number",
        answer=[(1.0, None), (2.0, None), (None, "code -99")],
    )
add(
    56,
    "por",
    written(
        "m.por",
        lambda: sav(
            minimal().rename(columns=lambda name: name[:8].upper()).iloc[:, [*range(11), 12, 15, 16, 17]], ".por"
        ),
    ),
    {"m.por": loaded(3, kind="minimal_dataset")},
)
add(
    56,
    "padding-and-umlauts",
    written("m.sav", lambda: sav(minimal(note=["N\u00fa\u00f1ez   ", "", "x" * 400]))),
    {"m.sav": loaded(3, "NEW_COLUMN")},
    query="SELECT value_text FROM raw.minimal_dataset WHERE variable = 'note' ORDER BY case_number",
    answer=[("N\u00fa\u00f1ez",), (None,), ("x" * 400,)],
)
add(
    56,
    "unknown-file",
    written("m.sav", lambda: sav(pd.DataFrame({"a": [1.0], "b": [2.0]}))),
    {"m.sav": rejected("WRONG_KIND")},
)
for column in ("client_name", "email", "dob"):
    add(
        63,
        column,
        written("m.sav", lambda c=column: sav(minimal(**{c: ["Invented", "b", "c"]}))),
        {"m.sav": rejected("PII_IN_RESEARCH_DROP")},
    )
add(
    63,
    "in-a-label",
    written("m.sav", lambda: sav(minimal(x1=["Invented", "b", "c"]), column_labels={"x1": "Date of birth"})),
    {"m.sav": rejected("PII_IN_RESEARCH_DROP")},
)


def _full_sheet() -> bytes:
    """A sheet whose last filled row is the last one Excel has."""
    import zipfile

    content = book_bytes(intake_book(total=False))
    xml = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    last = xml[xml.rfind(b"<row ") : xml.find(b"</sheetData>")]
    moved = last.replace(b'r="13"', b'r="1048576"')
    for letter in "ABCDEFGHIJKLMNOP":
        moved = moved.replace(f'r="{letter}13"'.encode(), f'r="{letter}1048576"'.encode())
    return with_members(content, {}, {"xl/worksheets/sheet1.xml": xml.replace(last, moved)})


add(57, "last-row-of-excel", written("full.xlsx", _full_sheet), {"full.xlsx": loaded(8, "MAYBE_CUT_OFF")})
