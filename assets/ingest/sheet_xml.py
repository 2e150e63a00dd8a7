"""What a sheet's XML tells that its reader does not (.xlsx): error cells and formulas that were never calculated.

The XML is looked at as it unpacks, row by row, so that a million rows never stand in memory.
"""

import re
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import PurePosixPath
from typing import IO

from assets.errors import DataError
from assets.ingest.safety import ArchiveScan
from assets.ingest.sheet_facts import SheetFacts

_TOKEN = re.compile(rb"<(?:\w+:)?(?:(row)\b([^>]*)>|c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>))", re.DOTALL)
_REFERENCE = re.compile(rb"""\br=["']([A-Z]{1,3})(\d{1,7})["']""")
_ROW_NUMBER = re.compile(rb"""\br=["'](\d{1,7})["']""")
_IS_ERROR = re.compile(rb"""\bt=["']e["']""")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_VALUE = re.compile(rb"<(?:\w+:)?(?:v\b[^>]*>[^<]|is>)")
_EMPTY_TEXT = re.compile(rb"<(?:\w+:)?v\b")
_IS_TEXT = re.compile(rb"""\bt=["']str["']""")
_ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_PIECE = 1 << 22
_LONGEST_ROW = 1 << 27


def xlsx_facts(archive: zipfile.ZipFile, scan: ArchiveScan) -> dict[str, SheetFacts]:
    """Facts by sheet name; only members in which the safety scan saw something are looked at again."""
    facts: dict[str, SheetFacts] = {}
    for name, member in sheet_members(archive).items():
        shown = {flag for flag, members in scan.members_with.items() if member in members}
        found = facts[name] = SheetFacts(is_hidden="hidden" in shown)
        if shown & {"error_cell", "formula"}:
            with archive.open(member) as source:
                _look(source, found)
    return facts


def sheet_members(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name → member of the zip, by the workbook's own relations."""
    try:
        book = archive.read("xl/workbook.xml")
        targets = relation_targets(archive.read("xl/_rels/workbook.xml.rels"))
    except KeyError:
        return {}
    found: dict[str, str] = {}
    for tag in re.findall(rb"<(?:\w+:)?sheet\b[^>]*>", book):
        attributes = _attributes(tag)
        relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
        if relation in targets:
            found[attributes.get("name", "")] = targets[relation]
    return found


def relation_targets(relations: bytes) -> dict[str, str]:
    """Relation → member of the zip, of a workbook's relations."""
    targets: dict[str, str] = {}
    for tag in re.findall(rb"<(?:\w+:)?Relationship\b[^>]*>", relations):
        attributes = _attributes(tag)
        target = attributes.get("Target", "")
        is_absolute = target.startswith("/")
        targets[attributes.get("Id", "")] = target.lstrip("/") if is_absolute else str(PurePosixPath("xl") / target)
    return targets


def _attributes(tag: bytes) -> dict[str, str]:
    return {
        key.decode("utf-8", "replace"): unescape((double or single).decode("utf-8", "replace"))
        for key, double, single in _ATTRIBUTE.findall(tag)
    }


def _rows(source: IO[bytes]) -> Iterator[bytes]:
    """The XML in pieces that end with the tag of a row."""
    left = b""
    while piece := source.read(_PIECE):
        left += piece
        end = left.rfind(b"row>") + len(b"row>")
        if end >= len(b"row>"):
            yield left[:end]
            left = left[end:]
        elif len(left) > _LONGEST_ROW:
            raise DataError("TOO_BIG", "a row of a sheet is longer than the limit")
    yield left


def _look(source: IO[bytes], facts: SheetFacts) -> None:
    row = column = 0
    for piece in _rows(source):
        for is_row, of_row, of_cell, inner in _TOKEN.findall(piece):
            if is_row:
                stated = _ROW_NUMBER.search(of_row)
                row, column = (int(stated[1]) if stated else row + 1), 0
                continue
            reference = _REFERENCE.search(of_cell)
            if reference:
                row, column = int(reference[2]), _column(reference[1])
            code = _code(of_cell, inner, facts)
            if code is not None:
                facts.fault(row, column, code)
            column += 1


def _code(of_cell: bytes, inner: bytes, facts: SheetFacts) -> str | None:
    is_formula = b"f" in inner and bool(_FORMULA.search(inner))
    facts.has_formulas = facts.has_formulas or is_formula
    if _IS_ERROR.search(of_cell):
        return "ERROR_CELL"
    if not is_formula or _VALUE.search(inner):
        return None
    # A formula whose result is an empty text has been calculated: Excel marks it as a text and keeps an empty value.
    is_blank = _IS_TEXT.search(of_cell) and _EMPTY_TEXT.search(inner)
    return None if is_blank else "UNCACHED_FORMULA"


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
