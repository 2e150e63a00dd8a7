"""Workbooks through python-calamine (the named engine), with what it loses put back beside it.

calamine gives an empty text for error cells and for formulas that were never calculated; both are found in the
sheet's XML
and carried along as faults, so that no cell is silently empty.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from assets.errors import DataError
from assets.ingest.grid import Grid
from assets.ingest.ods import OdsFacts, ods_facts
from assets.ingest.safety import ArchiveScan

_CELL = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
_REF = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_MODIFIED = re.compile(rb"<dcterms:modified[^>]*>([^<]+)<")
_SHEET_TAG = re.compile(rb"<sheet\b[^>]*>")
_ATTRIBUTE = re.compile(rb'([\w:]+)="([^"]*)"')


@dataclass
class Workbook:
    """An open workbook: its grids in sheet order, its own clock, what is odd about it."""

    grids: list[Grid]
    modified: datetime | None = None
    findings: list[tuple[str, str | None]] = field(default_factory=list)


def open_workbook(path: Path, scan: ArchiveScan | None) -> Workbook:
    """Open a workbook of any of the four kinds; ``scan`` is the safety scan of a zip-based one.

    Raises :class:`DataError` (``PASSWORD``, ``NO_SHEETS``, ``READER_FAILED``).
    """
    import python_calamine as calamine

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
    facts = ods_facts(path) if scan is not None and scan.kind == "ods" else OdsFacts()
    members = _sheet_members(path) if scan is not None and scan.kind == "xlsx" else {}
    workbook = Workbook(grids=[], modified=_modified(path) if scan is not None else None)
    for sheet in sheets:
        if sheet.visible != calamine.SheetVisibleEnum.Visible:
            workbook.findings.append(("HIDDEN", sheet.name))
        faults = _sheet_findings(path, scan, members.get(sheet.name), sheet.name, workbook)
        faults |= facts.errors.get(sheet.name, {})
        if sheet.name in facts.hidden:
            workbook.findings.append(("HIDDEN", sheet.name))
        workbook.grids.append(_grid(book, sheet.name, faults))
    if scan is None or scan.kind == "xlsb":
        workbook.findings.append(("ERRORS_UNSEEN", None))
    if scan is not None and "external" in scan.flags:
        workbook.findings.append(("EXTERNAL_CONTENT", None))
    return workbook


def _grid(book: Any, name: str, faults: dict[tuple[int, int], str]) -> Grid:
    try:
        sheet = book.get_sheet_by_name(name)
        merged = [(tuple(a), tuple(b)) for a, b in (sheet.merged_cell_ranges or [])]
        rows: Iterator[list[Any]] = iter(()) if sheet.start is None else _rows(sheet, sheet.start[1])
    except Exception:
        raise DataError("READER_FAILED", "a sheet cannot be read") from None
    return Grid(sheet=name.strip(), rows=rows, faults=faults, merged=merged)


def _rows(sheet: Any, indent: int) -> Iterator[list[Any]]:
    """Rows from the sheet's first one, as wide as the sheet: calamine keeps blank rows above the data but not blank
    columns."""
    pad: list[Any] = [None] * indent
    for row in sheet.iter_rows():
        yield pad + row if indent else row


def _sheet_members(path: Path) -> dict[str, str]:
    """Sheet name → member of the zip, by the workbook's own relations."""
    from html import unescape

    with zipfile.ZipFile(path) as archive:
        try:
            book = archive.read("xl/workbook.xml")
            relations = archive.read("xl/_rels/workbook.xml.rels")
        except KeyError:
            return {}
    targets: dict[bytes, str] = {}
    for tag in re.findall(rb"<(?:\w+:)?Relationship\b[^>]*>", relations):
        attributes = dict(_ATTRIBUTE.findall(tag))
        target = attributes.get(b"Target", b"").decode("utf-8", "replace")
        full = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
        targets[attributes.get(b"Id", b"")] = full
    found: dict[str, str] = {}
    for tag in re.findall(rb"<(?:\w+:)?sheet\b[^>]*>", book):
        attributes = dict(_ATTRIBUTE.findall(tag))
        name = unescape(attributes.get(b"name", b"").decode("utf-8", "replace"))
        relation = next((v for k, v in attributes.items() if k.endswith(b":id")), b"")
        if relation in targets:
            found[name] = targets[relation]
    return found


def _sheet_findings(
    path: Path, scan: ArchiveScan | None, member: str | None, sheet: str, workbook: Workbook
) -> dict[tuple[int, int], str]:
    if scan is None or member is None:
        return {}
    has = {flag: member in scan.members_with.get(flag, set()) for flag in ("error_cell", "formula", "hidden")}
    if has["hidden"] and (("HIDDEN", sheet) not in workbook.findings):
        workbook.findings.append(("HIDDEN", sheet))
    if not (has["error_cell"] or has["formula"]):
        return {}
    with zipfile.ZipFile(path) as archive:
        xml = archive.read(member)
    faults: dict[tuple[int, int], str] = {}
    formulas = False
    for match in _CELL.finditer(xml):
        attributes, inner = match[1], match[2] or b""
        is_formula = b"<f" in inner
        formulas = formulas or is_formula
        if b't="e"' in attributes:
            code = "ERROR_CELL"
        elif is_formula and (b"<v" not in inner or b"<v></v>" in inner or b"<v/>" in inner) and b"<is>" not in inner:
            code = "UNCACHED_FORMULA"
        else:
            continue
        reference = _REF.search(attributes)
        if reference:
            faults[(int(reference[2]), _column(reference[1]))] = code
    if formulas:
        workbook.findings.append(("FORMULA", sheet))
    return faults


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


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
