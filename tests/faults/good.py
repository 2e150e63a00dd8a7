"""Small good exports of every feed, and writers that a fault can bend. All people are made up."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl

INTAKE_HEADER = [
    "Record ID",
    "Client ID",
    "Client Name",
    "Date of Birth",
    "Intake Date",
    "Exit Date",
    "Race/Ethnicity",
    "Gender",
    "Sexual Orientation",
    "County",
    "Classification",
    "CSE-IT Score",
    "Secondary Victimization",
    "Special Classification",
    "Primary Language",
    "Case Manager",
]
NOTES_HEADER = [
    "Record ID",
    "Client ID",
    "Service Date",
    "Entered On",
    "Staff",
    "Contact Type",
    "Service Type",
    "Minutes",
    "Narrative",
]
GOALS_HEADER = ["Goal ID", "Client ID", "Goal Category", "Goal", "Set Date", "Review Month", "Status", "Staff"]
SURVEY_META = [
    ("StartDate", "startDate"),
    ("EndDate", "endDate"),
    ("Status", "status"),
    ("IPAddress", "ipAddress"),
    ("Progress", "progress"),
    ("Duration (in seconds)", "duration"),
    ("Finished", "finished"),
    ("RecordedDate", "recordedDate"),
    ("ResponseId", "_recordId"),
    ("RecipientLastName", "recipientLastName"),
    ("RecipientFirstName", "recipientFirstName"),
    ("RecipientEmail", "recipientEmail"),
    ("ExternalReference", "externalDataReference"),
    ("LocationLatitude", "locationLatitude"),
    ("LocationLongitude", "locationLongitude"),
    ("DistributionChannel", "distributionChannel"),
    ("UserLanguage", "userLanguage"),
]
DATED = {"startDate", "endDate", "recordedDate"}


def intake_rows(n: int = 8, first: int = 1) -> list[list[Any]]:
    return [
        [
            500_000 + i,
            f"TX-{i:05d}",
            f"Invented Person {i}",
            date(2005, 1, 1) + timedelta(days=37 * (i % 60)),
            date(2020, 3, 2),
            None,
            "White | Hispanic/Latinx",
            "Female",
            "Straight",
            "Tarrant",
            "Confirmed",
            9,
            "Bullying",
            "",
            "English",
            "Worker S01",
        ]
        for i in range(first, first + n)
    ]


def note_rows(n: int = 12, first: int = 1) -> list[list[Any]]:
    return [
        [
            1_000_000 + i,
            f"TX-{i % 8 + 1:05d}",
            date(2021, 2, 1) + timedelta(days=i),
            datetime(2021, 2, 3, 9, 30) + timedelta(days=i),
            "Worker S01",
            "Communication with client",
            "Referral | Group",
            30,
            f"Invented note {i}",
        ]
        for i in range(first, first + n)
    ]


def goal_rows(n: int = 6, first: int = 1) -> list[list[Any]]:
    return [
        [
            f"G-{i:05d}",
            f"TX-{i % 8 + 1:05d}",
            "Educational",
            "Invented goal",
            date(2021, 1, 5),
            date(2021, 2, 1),
            "Met",
            "Worker S01",
        ]
        for i in range(first, first + n)
    ]


def write_sheet(
    book: openpyxl.Workbook, title: str, above: Sequence[Sequence[Any]], header: Sequence[Any], rows: Sequence[Any]
) -> Any:
    sheet = book.create_sheet(title)
    for row in [*above, header, *rows]:
        sheet.append(list(row))
    return sheet


def workbook(*sheets: tuple[str, Sequence[Sequence[Any]], Sequence[Any], Sequence[Any]]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for sheet in sheets:
        write_sheet(book, *sheet)
    return book


INTAKE_ABOVE = [["Example Youth Services"], ["Client intake"], ["Report run 2022-01-07 06:00"], []]


def intake_book(
    rows: Sequence[Any] | None = None, header: Sequence[Any] = INTAKE_HEADER, total: bool = True
) -> openpyxl.Workbook:
    body = list(intake_rows(first=100) if rows is None else rows)
    if total:
        body.append(["Total", None, len(body)])
    return workbook(("Client Intake", INTAKE_ABOVE, header, body))


def notes_book(rows: Sequence[Any] | None = None, header: Sequence[Any] = NOTES_HEADER) -> openpyxl.Workbook:
    above = [["Case notes 2021"], ["Report run 2022-01-07 06:02"]]
    return workbook(("Case Notes 2021", above, header, note_rows(first=100) if rows is None else rows))


def goals_book(rows: Sequence[Any] | None = None, header: Sequence[Any] = GOALS_HEADER) -> openpyxl.Workbook:
    return workbook(("Goal Plans", [], header, goal_rows(first=100) if rows is None else rows))


def table_csv(header: Sequence[str], rows: Sequence[Sequence[Any]], delimiter: str = ",") -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows([["" if c is None else str(c) for c in row] for row in rows])
    return text.getvalue()


def mspss_questions() -> list[tuple[str, str]]:
    return [("client_id", "QID1_TEXT"), *[(f"MSPSS_{i}", f"QID2_{i}") for i in range(1, 13)]]


def responses(n: int = 6, first: int = 1) -> list[dict[str, str]]:
    found = []
    for i in range(first, first + n):
        day = f"2021-03-{i % 28 + 1:02d}"
        row = {
            "startDate": f"{day} 10:00:00",
            "endDate": f"{day} 10:09:00",
            "status": "0",
            "ipAddress": "192.0.2.1",
            "progress": "100",
            "duration": "540",
            "finished": "1",
            "recordedDate": f"{day} 10:09:01",
            "_recordId": f"R_invented{i:05d}",
            "distributionChannel": "qr",
            "userLanguage": "EN",
            "QID1_TEXT": f"TX-{i % 8 + 1:05d}",
        }
        row |= {f"QID2_{q}": str((i + q) % 7 + 1) for q in range(1, 13)}
        found.append(row)
    return found


def survey_csv(
    rows: list[dict[str, str]],
    questions: list[tuple[str, str]] | None = None,
    zone: str | None = "America/Chicago",
    headers: int = 3,
    delimiter: str = ",",
    newline: str = "\r\n",
    texts: dict[str, str] | None = None,
) -> str:
    columns = [*SURVEY_META, *(questions or mspss_questions())]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=newline)
    writer.writerow([name for name, _ in columns])
    if headers > 1:
        writer.writerow([(texts or {}).get(key, f"About {name}") for name, key in columns])
    if headers > 2:
        keys = [{"ImportId": key} | ({"timeZone": zone} if key in DATED and zone else {}) for _, key in columns]
        writer.writerow([json.dumps(key, separators=(",", ":")) for key in keys])
    writer.writerows([[row.get(key, "") for _, key in columns] for row in rows])
    return out.getvalue()


@cache
def _good_files() -> dict[str, bytes]:
    books = {
        "good_intake.xlsx": intake_book(intake_rows()),
    }
    files = {"good_mspss.csv": survey_csv(responses()).encode()}
    for name, book in books.items():
        buffer = io.BytesIO()
        book.save(buffer)
        files[name] = buffer.getvalue()
    return files


def write_good(inbox: Path) -> dict[str, int]:
    """The good files of a night, and how many rows each must load."""
    for name, content in _good_files().items():
        (inbox / name).write_bytes(content)
    return {"good_intake.xlsx": 8, "good_mspss.csv": 6}
