"""The numbered tables for a word processor: real tables in APA style, one after the other, ready to be copied.

The cells are those of the page: both print the same ``ReportTable``.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from assets.publish.report.context import Frame, ReportContext
from assets.publish.report.labels import Labels
from assets.publish.report.numbered import main_tables
from assets.publish.report.records import StudyTables
from assets.publish.report.table import ReportTable, spans
from assets.publish.report.text import clean, runs, to_plain

_EPOCH = (1980, 1, 1, 0, 0, 0)
_THICK, _THIN = 12, 4  # eighths of a point
_CHARACTER, _PADDING = 0.078, 0.22  # inches: a character of a cell in a wide typeface, the margins of a cell
_PAGE_WIDTH, _WIDEST_LABEL, _NARROWEST_LABEL = 9.4, 3.0, 1.3  # inches
_BODY_SIZE, _TABLE_SIZE, _NOTE_SIZE = 11, 9, 8.5  # points


def render_docx(tables: Mapping[str, Frame], context: ReportContext) -> bytes:
    """Return a DOCX file with Tables 1 to 8 (more with more models).

    The file names no author, computer or time, so the same tables and context give the same bytes.
    """
    from docx import Document
    from docx.enum.section import WD_ORIENT
    from docx.shared import Inches, Pt, RGBColor

    study = StudyTables(tables)
    labels = Labels(context, [row.get("outcome") for row in study["models"]])
    document = Document()
    _forget_origin(document, context)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(_BODY_SIZE)
    normal.paragraph_format.space_after = Pt(0)
    section = document.sections[0]
    section.orientation, section.page_width, section.page_height = WD_ORIENT.LANDSCAPE, Inches(11), Inches(8.5)
    section.left_margin = section.right_margin = Inches(0.8)
    section.top_margin = section.bottom_margin = Inches(0.8)
    section.header.paragraphs[0].add_run(context.banner).bold = True
    section.footer.paragraphs[0].add_run(f"Build {clean(context.build_id) or 'not told'}").font.size = Pt(_NOTE_SIZE)
    document.add_heading(clean(context.title), level=1).runs[0].font.color.rgb = RGBColor(0, 0, 0)
    for position, table in enumerate(main_tables(study, context, labels)):
        _add_table(document, table, new_page=position > 0)
    out = io.BytesIO()
    document.save(out)
    return _without_times(out.getvalue())


def _forget_origin(document: Any, context: ReportContext) -> None:
    """Replace what the library's template says of its maker, drop its preview; a fixed day stands for every time."""
    properties, parts = document.core_properties, document.part.package.rels
    for key in [key for key, relation in parts.items() if relation.reltype.endswith("/thumbnail")]:
        del parts[key]
    day = datetime(2000, 1, 1, tzinfo=UTC)
    properties.author = properties.last_modified_by = properties.comments = properties.keywords = ""
    properties.title = clean(context.title)
    properties.created = properties.modified = day
    properties.revision = 1


def _without_times(content: bytes) -> bytes:
    """Rewrite the archive without the clock's time on its members."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            member = zipfile.ZipInfo(name, date_time=_EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(member, source.read(name))
    return out.getvalue()


def _add_table(document: Any, table: ReportTable, new_page: bool) -> None:
    from docx.shared import Pt

    number = document.add_paragraph()
    number.paragraph_format.page_break_before = new_page
    number.paragraph_format.keep_with_next = True
    number.paragraph_format.space_before = Pt(0 if new_page else 12)
    number.add_run(table.number).bold = True
    title = document.add_paragraph()
    title.paragraph_format.keep_with_next = True
    title.paragraph_format.space_after = Pt(4)
    title.add_run(table.title).italic = True
    if table.is_empty:
        document.add_paragraph().add_run(table.empty).italic = True
        return
    _fill(document, table)
    if table.notes:
        note = document.add_paragraph()
        note.paragraph_format.space_before = Pt(4)
        _write(note, "\ue000Note.\ue001 " + " ".join(table.notes), _NOTE_SIZE)


def _fill(document: Any, table: ReportTable) -> None:
    columns = len(table.columns) + 1
    spanners = spans(table.columns)
    head = 2 if spanners else 1
    groups = [row.group for row in table.rows]
    headings = sum(1 for at, group in enumerate(groups) if group and (at == 0 or groups[at - 1] != group))
    grid = document.add_table(rows=head + len(table.rows) + headings, cols=columns)
    rows = grid.rows
    # python-docx finds a row's cells by walking the whole table; once is enough.
    cells = [list(row.cells) for row in rows]
    for start, members, label in spanners:
        merged = cells[0][start + 1].merge(cells[0][start + members])
        _cell(merged, label, centred=True)
        _border(merged, bottom=_THIN)
    for at, text in enumerate((table.stub, *(column.label for column in table.columns))):
        _cell(cells[head - 1][at], text, right=at > 0 and not table.columns[at - 1].words)
    line, previous = head, ""
    for row in table.rows:
        if row.group and row.group != previous:
            heading = cells[line][0].merge(cells[line][columns - 1])
            _cell(heading, row.group, bold=True)
            line += 1
        previous = row.group
        for at, text in enumerate((row.label, *row.cells)):
            _cell(
                cells[line][at],
                text,
                right=at > 0 and not table.columns[at - 1].words,
                indent=bool(row.group and at == 0),
            )
        line += 1
    for at in range(columns):
        _border(cells[0][at], top=_THICK, bottom=_THIN if spanners and _spanned(spanners, at) else None)
        _border(cells[head - 1][at], bottom=_THIN)
        _border(cells[-1][at], bottom=_THICK)
    _repeat_head(rows, head)
    _set_widths(grid, cells, widths(table))


def widths(table: ReportTable) -> list[float]:
    """Column widths in inches from what the columns hold, since word processors guess badly; labels give way first."""
    label = max(len(to_plain(text)) for text in (table.stub, *(row.label for row in table.rows)))
    numbers = [
        max(
            *(len(to_plain(word)) for word in (*column.label.split(), "")),
            *(len(row.cells[at]) for row in table.rows),
        )
        for at, column in enumerate(table.columns)
    ]
    taken = [_CHARACTER * size + _PADDING for size in numbers]
    room = max(_PAGE_WIDTH - sum(taken), _NARROWEST_LABEL)
    first = min(_CHARACTER * (label + 2) + _PADDING, room, _WIDEST_LABEL)
    squeeze = min(1.0, (_PAGE_WIDTH - first) / sum(taken))
    return [first, *(width * squeeze for width in taken)]


def _set_widths(grid: Any, cells: list[list[Any]], inches: list[float]) -> None:
    from docx.shared import Inches

    grid.autofit = False
    for column, width in zip(grid.columns, inches, strict=True):
        column.width = Inches(width)
    for line in cells:
        # A merged cell stands in its row once for each column it covers: it gets the sum.
        for cell in {id(cell._tc): cell for cell in line}.values():
            covered = [width for width, other in zip(inches, line, strict=True) if other._tc is cell._tc]
            cell.width = Inches(sum(covered))


def _spanned(spanners: Sequence[tuple[int, int, str]], at: int) -> bool:
    return any(start < at <= start + members for start, members, _ in spanners)


def _repeat_head(rows: Any, head: int) -> None:
    """Repeat the heading on every page, and keep a row whole."""
    from docx.oxml import OxmlElement

    for at, row in enumerate(rows):
        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if at < head:
            properties.append(OxmlElement("w:tblHeader"))


def _cell(
    cell: Any, text: str, *, right: bool = False, centred: bool = False, bold: bool = False, indent: bool = False
) -> None:
    from docx.enum.table import WD_ALIGN_VERTICAL
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Inches

    cell.vertical_alignment = WD_ALIGN_VERTICAL.BOTTOM
    paragraph = cell.paragraphs[0]
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    elif centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if indent:
        paragraph.paragraph_format.left_indent = Inches(0.15)
    _write(paragraph, text, _TABLE_SIZE, bold)


def _write(paragraph: Any, text: str, size: float, bold: bool = False) -> None:
    from docx.shared import Pt

    for part, italic in runs(text):
        run = paragraph.add_run(part)
        run.italic, run.bold, run.font.size = italic or None, bold or None, Pt(size)


def _border(cell: Any, **edges: int | None) -> None:
    """Draw the given edges of a cell, in eighths of a point."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    properties = cell._tc.get_or_add_tcPr()
    borders = properties.find(qn("w:tcBorders"))
    if borders is None:
        borders = OxmlElement("w:tcBorders")
        properties.append(borders)
    for edge, size in edges.items():
        if size is None:
            continue
        line = borders.find(qn(f"w:{edge}"))
        if line is None:
            line = OxmlElement(f"w:{edge}")
            borders.append(line)
        for name, value in (("val", "single"), ("sz", str(size)), ("space", "0"), ("color", "000000")):
            line.set(qn(f"w:{name}"), value)
