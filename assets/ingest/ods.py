"""What an OpenDocument spreadsheet says of its cells that its reader does not: errors, formulas, merged cells, hidden
rows."""

import re
import zipfile
from html import unescape

from assets.errors import DataError
from assets.ingest.sheet_facts import SheetFacts, check_extent

_TAG = re.compile(
    rb"<(/?)table:(table-row|table-cell|covered-table-cell|table-column|table)(?=[\s/>])"
    rb'((?:[^>"]|"[^"]*")*+)>'
)
_ERROR = re.compile(rb'calcext:value-type="error"')
_ERROR_TEXT = re.compile(rb"<text:p>(?:#[A-Z][A-Z0/]*[!?A]|#DIV/0!|Err:\d+)<")
"""How an error is shown by programs that mark its cell as a text."""
_REPEATED = re.compile(rb'table:number-(?:rows|columns)-repeated="(\d{1,9})"')
_SPANNED = re.compile(rb'table:number-(columns|rows)-spanned="(\d{1,7})"')
_NAME = re.compile(rb'table:name="([^"]*)"')
_HIDDEN = re.compile(rb'table:visibility="(?:collapse|filter)"')
_FORMULA = b"table:formula="
_VALUE = b"value-type="
_TEXT = b"<text:p>"


def ods_facts(archive: zipfile.ZipFile) -> dict[str, SheetFacts]:
    """Walk ``content.xml`` once and give the facts by sheet name.

    Raises ``KeyError`` without that member and :class:`DataError` ``PASSWORD``, or ``TOO_BIG`` for a sheet that spans
    too much.
    """
    if b"encryption-data" in archive.read("META-INF/manifest.xml"):
        raise DataError("PASSWORD", "the spreadsheet is encrypted")
    content = archive.read("content.xml")
    sheets: dict[str, SheetFacts] = {}
    facts = SheetFacts()
    row = column = 0
    repeat = 1
    for tag in _TAG.finditer(content):
        is_end, kind, attributes = tag[1], tag[2], tag[3]
        if kind == b"table":
            if not is_end:
                facts, row = sheets.setdefault(_sheet_name(attributes), SheetFacts()), 0
        elif kind == b"table-row":
            if not is_end:
                row, column, repeat = row + 1, 0, _times(attributes)
                facts.is_hidden = facts.is_hidden or bool(_HIDDEN.search(attributes))
            if is_end or attributes.endswith(b"/"):
                row += repeat - 1
        elif kind == b"table-column":
            facts.is_hidden = facts.is_hidden or bool(_HIDDEN.search(attributes))
        elif not is_end:
            times = _times(attributes)
            if _VALUE in attributes or _FORMULA in attributes:
                check_extent(row + repeat - 1, column + times)
                _cell(facts, (row, column), (repeat, times), attributes, content[tag.end() : tag.end() + 40])
            if b"-spanned=" in attributes:
                _note_span(facts, row - 1, column, attributes)
            column += times
    return sheets


def _cell(facts: SheetFacts, place: tuple[int, int], times: tuple[int, int], attributes: bytes, after: bytes) -> None:
    is_formula = _FORMULA in attributes
    facts.has_formulas = facts.has_formulas or is_formula
    if _ERROR.search(attributes) or (is_formula and _ERROR_TEXT.match(after)):
        code = "ERROR_CELL"
    elif is_formula and _VALUE not in attributes and not after.startswith(_TEXT):
        code = "UNCACHED_FORMULA"
    else:
        return
    for row in range(place[0], place[0] + times[0]):
        for column in range(place[1], place[1] + times[1]):
            facts.fault(row, column, code)


def _note_span(facts: SheetFacts, row: int, column: int, attributes: bytes) -> None:
    spans = {name: int(n) for name, n in _SPANNED.findall(attributes)}
    bottom, right = row + spans.get(b"rows", 1) - 1, column + spans.get(b"columns", 1) - 1
    if (bottom, right) != (row, column):
        facts.merged.append(((row, column), (bottom, right)))


def _times(attributes: bytes) -> int:
    match = _REPEATED.search(attributes)
    return int(match[1]) if match else 1


def _sheet_name(attributes: bytes) -> str:
    match = _NAME.search(attributes)
    return unescape(match[1].decode("utf-8", "replace")) if match else ""
