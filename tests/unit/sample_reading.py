"""Reads an agency's files back into plain records, with openpyxl and csv alone; knows no room but the sample."""

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl

from assets.sample.records import AgencyRecords, Response
from assets.sample.shape import GOAL_COLUMNS, INTAKE_COLUMNS, NOTE_COLUMNS, SURVEYS

INTAKE_KEYS = (
    "record_id",
    "client_id",
    "client_name",
    "date_of_birth",
    "intake_date",
    "exit_date",
    "races",
    "gender",
    "orientation",
    "county",
    "classification",
    "cse_it",
    "victimizations",
    "specials",
    "language",
    "case_manager",
)
NOTE_KEYS = (
    "record_id",
    "client_id",
    "service_date",
    "entered_on",
    "staff",
    "contact_type",
    "service_types",
    "minutes",
    "narrative",
)
GOAL_KEYS = ("goal_id", "client_id", "category", "goal", "set_date", "review_month", "status", "staff")
DATES = {"date_of_birth", "intake_date", "exit_date", "service_date", "set_date", "review_month"}


def _sheet_rows(path: Path, header: tuple[str, ...], keys: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = []
    for sheet in openpyxl.load_workbook(path, read_only=True).worksheets:
        started = False
        for cells in sheet.iter_rows(values_only=True):
            if not started:
                started = tuple(cells) == header
            elif cells[1] is not None:
                row = dict(zip(keys, cells, strict=True))
                for key in DATES & row.keys():
                    row[key] = row[key].date() if row[key] is not None else None
                rows.append(row)
    return rows


def _responses(path: Path, instrument: str) -> list[Response]:
    with path.open(encoding="utf-8", newline="") as handle:
        names, _, third, *lines = list(csv.reader(handle))
    zone = json.loads(third[names.index("RecordedDate")])["timeZone"]
    rows: list[Response] = []
    for line in lines:
        cell = dict(zip(names, line, strict=True))
        rows.append(
            Response(
                response_id=cell["ResponseId"],
                client_id=cell["client_id"],
                start_date=datetime.fromisoformat(cell["StartDate"]),
                end_date=datetime.fromisoformat(cell["EndDate"]),
                recorded_date=datetime.fromisoformat(cell["RecordedDate"]),
                zone=zone,
                status=int(cell["Status"]),
                progress=int(cell["Progress"]),
                finished=cell["Finished"] == "1",
                language=cell["UserLanguage"],
                channel=cell["DistributionChannel"],
                ip_address=cell["IPAddress"],
                latitude=cell["LocationLatitude"],
                longitude=cell["LocationLongitude"],
                behavior=cell.get("URICA_behavior", ""),
                items=tuple(cell[name] for name in SURVEYS[instrument].items),
            )
        )
    return rows


def read_agency(folder: Path) -> AgencyRecords:
    """Read an agency's files with openpyxl and csv alone."""
    return AgencyRecords(
        intake=_sheet_rows(folder / "intake.xlsx", INTAKE_COLUMNS, INTAKE_KEYS),  # type: ignore[arg-type]
        notes=_sheet_rows(folder / "case_notes.xlsx", NOTE_COLUMNS, NOTE_KEYS),  # type: ignore[arg-type]
        goals=_sheet_rows(folder / "goal_plans.xlsx", GOAL_COLUMNS, GOAL_KEYS),  # type: ignore[arg-type]
        responses={key: _responses(folder / survey.file, key) for key, survey in SURVEYS.items()},
    )
