"""A small OpenDocument spreadsheet with typed cells, written by hand."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from tests.faults.binary_books import Error, Formula, Sheet

MEDIA = "application/vnd.oasis.opendocument.spreadsheet"
SPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (("office", "office"), ("table", "table"), ("text", "text"), ("style", "style"))
)


def cell(value: Any, attributes: str = "") -> str:
    if isinstance(value, Formula):
        return cell(value.value, f' table:formula="of:=1&gt;0"{attributes}')
    if value is None or value == "":
        return f"<table:table-cell{attributes}/>"
    if isinstance(value, Error):
        kind = 'office:value-type="string" office:string-value="" calcext:value-type="error"'
        return f"<table:table-cell{attributes} {kind}><text:p>{value}</text:p></table:table-cell>"
    if isinstance(value, date):
        return f'<table:table-cell{attributes} office:value-type="date" office:date-value="{value.isoformat()}"/>'
    if isinstance(value, int | float):
        return f'<table:table-cell{attributes} office:value-type="float" office:value="{value}"/>'
    text = escape(str(value))
    return f'<table:table-cell{attributes} office:value-type="string"><text:p>{text}</text:p></table:table-cell>'


def row(sheet: Sheet, number: int, values: Sequence[Any]) -> str:
    cells = []
    for column, value in enumerate(values):
        spans = [m for m in sheet.merged if m[0] == number and m[2] == column]
        covered = any(top <= number <= bottom and left <= column <= right for top, bottom, left, right in sheet.merged)
        if spans:
            top, bottom, left, right = spans[0]
            shape = f' table:number-rows-spanned="{bottom - top + 1}" table:number-columns-spanned="{right - left + 1}"'
            cells.append(cell(value, shape))
        else:
            cells.append("<table:covered-table-cell/>" if covered else cell(value))
    hidden = ' table:visibility="collapse"' if number in sheet.hidden_rows else ""
    return f"<table:table-row{hidden}>{''.join(cells)}</table:table-row>"


def table(sheet: Sheet) -> str:
    width = max((len(values) for values in sheet.rows), default=1)
    columns = "".join(
        f"<table:table-column{' table:visibility=' + quoteattr('collapse') if i in sheet.hidden_columns else ''}/>"
        for i in range(width)
    )
    style = ' table:style-name="hidden"' if sheet.is_hidden else ""
    body = "".join(row(sheet, number, values) for number, values in enumerate(sheet.rows))
    return f"<table:table table:name={quoteattr(sheet.name)}{style}>{columns}{body}</table:table>"


def ods(*sheets: Sheet, extra: dict[str, bytes] | None = None, encrypted: bool = False) -> bytes:
    """The spreadsheet as bytes; ``encrypted`` says in its manifest that the content is."""
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {SPACES} xmlns:calcext="urn:calcext">'
        '<office:automatic-styles><style:style style:name="hidden" style:family="table">'
        '<style:table-properties table:display="false"/></style:style></office:automatic-styles>'
        f"<office:body><office:spreadsheet>{''.join(map(table, sheets))}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    protection = '<manifest:encryption-data manifest:checksum="x"/>' if encrypted else ""
    manifest = (
        '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{MEDIA}"/>'
        f'<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml">{protection}'
        "</manifest:file-entry></manifest:manifest>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", MEDIA)
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", content)
        for name, data in (extra or {}).items():
            archive.writestr(name, data)
    return out.getvalue()


def repeated(times: tuple[int, int]) -> bytes:
    """One filled cell that says it is repeated over so many rows and columns."""
    plain = ods(Sheet("S", [["x"]]))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            content = content.replace(
                b"<table:table-row>", f'<table:table-row table:number-rows-repeated="{times[0]}">'.encode()
            )
            content = content.replace(
                b'<table:table-cell office:value-type="string">',
                f'<table:table-cell table:number-columns-repeated="{times[1]}" office:value-type="string">'.encode(),
            )
            target.writestr(name, content)
    return out.getvalue()
