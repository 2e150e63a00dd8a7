"""What an OpenDocument spreadsheet says of its cells that its reader does not: errors, and hidden rows and sheets."""

import re
import zipfile
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

_TAG = re.compile(rb"<(/?)table:(table-row|table-cell|covered-table-cell|table)(?=[\s/>])([^>]*?)(/?)>")
_ERROR = re.compile(rb'calcext:value-type="error"')
_REPEATED = re.compile(rb'table:number-(?:rows|columns)-repeated="(\d{1,9})"')
_NAME = re.compile(rb'table:name="([^"]*)"')
_HIDDEN = re.compile(rb'table:visibility="(?:collapse|filter)"')


@dataclass
class OdsFacts:
    """By sheet name: cells that hold an error, as (row number from 1, column from 0); sheets with hidden rows."""

    errors: dict[str, dict[tuple[int, int], str]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)


def ods_facts(path: Path) -> OdsFacts:
    """Scan ``content.xml`` once. A file without errors or hidden rows costs one search."""
    with zipfile.ZipFile(path) as archive:
        content = archive.read("content.xml")
    facts = OdsFacts()
    if not _ERROR.search(content) and not _HIDDEN.search(content):
        return facts
    sheet, row, column, repeat = "", 0, 0, 1
    for closing, kind, attributes, empty in _TAG.findall(content):
        times = _times(attributes)
        if kind == b"table":
            if not closing:
                sheet, row = _sheet_name(attributes), 0
        elif kind == b"table-row":
            if not closing:
                row, column, repeat = row + 1, 0, times
                if _HIDDEN.search(attributes):
                    facts.hidden.add(sheet)
            if closing or empty:
                row += repeat - 1
        elif not closing:
            if _ERROR.search(attributes):
                found = facts.errors.setdefault(sheet, {})
                found |= {(row, column + i): "ERROR_CELL" for i in range(min(times, 1000))}
            column += times
    return facts


def _times(attributes: bytes) -> int:
    match = _REPEATED.search(attributes)
    return int(match[1]) if match else 1


def _sheet_name(attributes: bytes) -> str:
    match = _NAME.search(attributes)
    return unescape(match[1].decode("utf-8", "replace")) if match else ""
