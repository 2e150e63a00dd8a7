"""Faults of surveys: rows 54 and 55 of the table."""

import io
import json
from functools import partial
from typing import Any

import openpyxl

from tests.faults.answers import EN, ES, ROWS
from tests.faults.answers import survey as same_survey
from tests.faults.case import Outcome, Registry, loaded, rejected
from tests.faults.files import book_bytes, zipped
from tests.faults.good import (
    SURVEY_META,
    mspss_questions,
    responses,
    survey_csv,
)

SURVEYS = Registry()
add = SURVEYS.add
survey = partial(same_survey, SURVEYS)


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


survey(
    54,
    "unknown-status",
    "s.csv",
    lambda: survey_csv([{**row, "status": "Brandneu", "finished": "True"} for row in ROWS]),
    rejected("UNKNOWN_LABEL"),
    same=False,
)
survey(
    54,
    "one-question-twice",
    "s.csv",
    lambda: survey_csv(ROWS, [*mspss_questions(), ("MSPSS_1_again", "QID2_1")]),
    rejected("DUPLICATE_COLUMN"),
    same=False,
)
survey(
    54,
    "unreadable-duration",
    "s.csv",
    lambda: survey_csv([{**ROWS[0], "duration": "long"}, *ROWS[1:]]),
    Outcome("loaded", None, 6, 0, quarantine=frozenset({"NUMBER_INVALID"})),
)


def transitional() -> str:
    """The layout of 2016 and 2017: a Python dict in row 3, other names, no RecordedDate, no zone."""
    text = survey_csv(ROWS, zone=None)
    lines = text.split("\r\n")
    names = (
        lines[0].replace("ResponseId", "ResponseID").replace("RecipientLastName", "panel-RecipientLastName").split(",")
    )
    own = {"_recordId": "responseId", "recipientLastName": "panel-RecipientLastName"}
    keys = [str({"ImportId": own.get(key, key.replace("_", "-"))}) for _, key in [*SURVEY_META, *mspss_questions()]]
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
