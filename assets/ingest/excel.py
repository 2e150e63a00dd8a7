"""Workbooks through python-calamine (the named engine), with what it loses put back beside it.

calamine gives an empty text for error cells and for formulas that were never calculated. Both are found in the
records of the file (``sheet_xml.py``, ``xlsb.py``, ``biff.py``, ``ods.py``) and carried along as faults: no cell is
silently empty.
"""

import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assets.errors import DataError
from assets.ingest.biff import BookFacts, xls_facts
from assets.ingest.grid import Grid
from assets.ingest.ods import ods_facts
from assets.ingest.safety import ArchiveScan
from assets.ingest.sheet_facts import SheetFacts
from assets.ingest.sheet_xml import xlsx_facts
from assets.ingest.spss_probe import probe_workbook
from assets.ingest.xlsb import xlsb_facts

_MODIFIED = re.compile(rb"<dcterms:modified[^>]*>([^<]+)<")


@dataclass
class Workbook:
    """An open workbook: its grids in sheet order, its own clock, what is odd about it."""

    grids: list[Grid]
    modified: datetime | None = None
    findings: list[tuple[str, str | None]] = field(default_factory=list)


def open_workbook(path: Path, scan: ArchiveScan | None) -> Workbook:
    """Open a workbook of any of the four kinds; ``scan`` is the safety scan of a zip-based one.

    Raises :class:`DataError` (``PASSWORD``, ``MACROS``, ``TOO_BIG``, ``NO_SHEETS``, ``READER_FAILED``).
    """
    import python_calamine as calamine

    facts = _facts(path, scan)
    if scan is None or scan.kind == "xlsb":
        probe_workbook(str(path))
    try:
        book = calamine.CalamineWorkbook.from_path(path)
        metadata = list(book.sheets_metadata)
    except calamine.PasswordError:
        raise DataError("PASSWORD", "the workbook is encrypted") from None
    except Exception as error:  # calamine raises its own and OS errors, whose texts may quote the file
        code = "PASSWORD" if "password" in str(error).lower() else "READER_FAILED"
        raise DataError(code, "the workbook cannot be opened") from None
    sheets = [sheet for sheet in metadata if sheet.typ == calamine.SheetTypeEnum.WorkSheet]
    if not sheets:
        raise DataError("NO_SHEETS", "no worksheet can be read")
    workbook = Workbook(grids=[], modified=_modified(path) if scan is not None else None)
    if facts is None:
        facts = BookFacts()
        workbook.findings.append(("ERRORS_UNSEEN", None))
    for sheet in sheets:
        of_sheet = facts.sheets.get(sheet.name, SheetFacts())
        if of_sheet.is_hidden or sheet.visible != calamine.SheetVisibleEnum.Visible:
            workbook.findings.append(("HIDDEN", sheet.name))
        if of_sheet.has_formulas:
            workbook.findings.append(("FORMULA", sheet.name))
        workbook.grids.append(_grid(book, sheet.name, of_sheet))
    if "external" in facts.flags or (scan is not None and "external" in scan.flags):
        workbook.findings.append(("EXTERNAL_CONTENT", None))
    return workbook


def _facts(path: Path, scan: ArchiveScan | None) -> BookFacts | None:
    """What the file's own records tell; None where they cannot be followed although a reader may still manage."""
    if scan is None:
        facts = xls_facts(path.read_bytes())
        if facts is not None and "macros" in facts.flags:
            raise DataError("MACROS", "the workbook holds macro sheets")
        return facts
    try:
        with zipfile.ZipFile(path) as archive:
            if scan.kind == "ods":
                return BookFacts(ods_facts(archive))
            return BookFacts(xlsb_facts(archive) if scan.kind == "xlsb" else xlsx_facts(archive, scan))
    except (KeyError, ValueError, IndexError, struct.error):
        return None


def _grid(book: Any, name: str, facts: SheetFacts) -> Grid:
    try:
        sheet = book.get_sheet_by_name(name)
        merged = [(tuple(a), tuple(b)) for a, b in (sheet.merged_cell_ranges or [])]
        rows: Iterator[list[Any]] = iter(()) if sheet.start is None else _rows(sheet, sheet.start[1])
    except Exception:
        raise DataError("READER_FAILED", "a sheet cannot be read") from None
    return Grid(sheet=name.strip(), rows=rows, faults=facts.faults, merged=merged or facts.merged)


def _rows(sheet: Any, indent: int) -> Iterator[list[Any]]:
    """Rows from the sheet's first one, as wide as the sheet: calamine keeps blank rows above the data but not blank
    columns."""
    pad: list[Any] = [None] * indent
    for row in sheet.iter_rows():
        yield pad + row if indent else row


def _modified(path: Path) -> datetime | None:
    """The workbook's modification property, as naive UTC."""
    with zipfile.ZipFile(path) as archive:
        for member in ("docProps/core.xml", "meta.xml"):
            try:
                xml = archive.read(member)
            except KeyError:
                continue
            match = _MODIFIED.search(xml) or re.search(rb"<dc:date>([^<]+)<", xml)
            if match:
                return _parse_utc(match[1].decode("ascii", "replace"))
    return None


def _parse_utc(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
