"""The three workbooks, byte for byte the same for the same records.

openpyxl stamps the clock into ``docProps/core.xml`` and into every member of the zip; both are replaced by the
moment the report was run.
"""

import re
import shutil
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from assets.sample.records import GoalRow, IntakeRow, NoteRow
from assets.sample.shape import EXPORT_RUN, GOAL_COLUMNS, INTAKE_COLUMNS, NOTE_COLUMNS

DATE_FORMAT = "m/d/yyyy"
ENTERED_FORMAT = "yyyy-mm-dd hh:mm"
AGENCY_NAME = "Example Youth Services"


class _DatedZip(ZipFile):
    """A zip whose members all bear one moment."""

    def __init__(self, path: Path, moment: datetime) -> None:
        super().__init__(path, "w", compression=ZIP_DEFLATED, allowZip64=True)
        self._moment = moment

    def _info(self, name: str) -> ZipInfo:
        info = ZipInfo(name, self._moment.timetuple()[:6])
        info.compress_type = ZIP_DEFLATED
        return info

    def write(self, filename: Any, arcname: Any = None, compress_type: Any = None, compresslevel: Any = None) -> None:
        with Path(filename).open("rb") as source, self.open(self._info(str(arcname or filename)), "w") as target:
            shutil.copyfileobj(source, target)

    def writestr(self, zinfo_or_arcname: Any, data: Any, compress_type: Any = None, compresslevel: Any = None) -> None:
        name = zinfo_or_arcname.filename if isinstance(zinfo_or_arcname, ZipInfo) else str(zinfo_or_arcname)
        if name == "docProps/core.xml":
            text = data.decode("utf-8") if isinstance(data, bytes) else data
            stamp = self._moment.strftime("%Y-%m-%dT%H:%M:%SZ")
            data = re.sub(r"(<dcterms:(?:created|modified)[^>]*>)[^<]*", rf"\g<1>{stamp}", text)
        super().writestr(self._info(name), data)


def _save(
    path: Path, moment: datetime, sheets: Iterable[tuple[str, Iterable[Sequence[Any]]]], dates: dict[int, str]
) -> None:
    """Write sheets of rows; ``dates`` gives the number format by column index for cells that hold dates."""
    import openpyxl
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.writer.excel import ExcelWriter

    book = openpyxl.Workbook(write_only=True)
    book.properties.creator = AGENCY_NAME
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        cells = {}
        for column, number_format in dates.items():
            cells[column] = WriteOnlyCell(sheet)
            cells[column].number_format = number_format
        for row in rows:
            line = list(row)
            for column, cell in cells.items():
                if column < len(line) and isinstance(line[column], date):
                    cell.value = line[column]
                    line[column] = cell
            sheet.append(line)
    with _DatedZip(path, moment) as archive:
        ExcelWriter(book, archive).save()


def write_intake(path: Path, rows: list[IntakeRow]) -> None:
    """Three title rows, a blank one, the header in row 5, a totals row at the end."""
    lines: list[Sequence[Any]] = [
        (AGENCY_NAME,),
        ("Client intake, all programs",),
        (f"Report run {EXPORT_RUN:%Y-%m-%d %H:%M}",),
        (),
        INTAKE_COLUMNS,
        *(tuple(row.values()) for row in rows),
        ("Total", None, len(rows)),
    ]
    _save(path, EXPORT_RUN, [("Client Intake", lines)], {3: DATE_FORMAT, 4: DATE_FORMAT, 5: DATE_FORMAT})


def write_case_notes(path: Path, rows: list[NoteRow]) -> int:
    """One sheet a year with two title rows and the header in row 3; returns how many sheets there are."""
    moment = EXPORT_RUN + timedelta(minutes=2)
    years: dict[int, list[NoteRow]] = {}
    for row in rows:
        years.setdefault(row["service_date"].year, []).append(row)
    for year in (EXPORT_RUN.year - 1, EXPORT_RUN.year):
        years.setdefault(year, [])
    sheets = (
        (
            f"Case Notes {year}",
            [
                (f"Case notes {year}",),
                (f"Report run {moment:%Y-%m-%d %H:%M}",),
                NOTE_COLUMNS,
                *(tuple(row.values()) for row in years[year]),
            ],
        )
        for year in sorted(years)
    )
    _save(path, moment, sheets, {2: "yyyy-mm-dd", 3: ENTERED_FORMAT})
    return len(years)


def write_goal_plans(path: Path, rows: list[GoalRow]) -> None:
    """Header in row 1, one row a goal and review month."""
    lines = [GOAL_COLUMNS, *(tuple(row.values()) for row in rows)]
    _save(path, EXPORT_RUN, [("Goal Plans", lines)], {4: DATE_FORMAT, 5: DATE_FORMAT})
