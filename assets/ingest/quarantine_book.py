"""The quarantine as a workbook: bad rows in their form's own column order, why, and closing when the corrected row
arrives."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from assets.ingest.config import Feeds, SurveyFeed
from assets.ingest.hand_back import LEAD, file_cell
from assets.ingest.reasons import sentence
from assets.ingest.survey_rows import RAW_NAMES, plain_name, response_cells
from assets.workbook import add_row

_LATER = """SELECT l.file_token FROM control.files AS l JOIN control.files AS e ON e.file_token = ?
    WHERE l.file_token <> e.file_token AND l.status = 'loaded'
    AND (l.exported_at, l.first_seen) > (e.exported_at, e.first_seen)"""


def close_corrected(con: Any, feeds: Feeds, now: datetime) -> int:
    """Close open entries whose record has since been loaded from another file; return how many rows were closed.

    A record is known by its feed's key; entries without a readable key close when their row is handed back mended
    (``hand_back.py``). Cells that wait alone (``scope`` cell) close when a later file brings the record with that cell
    filled. A good copy in an *older* export closes nothing: the newer one is what needs mending.
    """
    closed = 0
    open_rows = con.execute(
        """SELECT q.quarantine_id, f.kind, q.scope, q.column_name, q.record_key, q.file_token, q.sheet, q.row_number
        FROM control.quarantine AS q JOIN control.files AS f USING (file_token)
        WHERE q.state = 'open' ORDER BY q.quarantine_id"""
    ).fetchall()
    for identity, kind, scope, column, key, token, sheet, number in open_rows:
        feed = feeds.tables.get(kind) or feeds.surveys.get(kind)
        if feed is None:
            continue
        if scope == "cell":
            found = _cell_filled(con, kind, feed.key, column, (token, sheet, number))
        else:
            found = _row_loaded(con, kind, feed.key, key, token)
        if found:
            con.execute(
                "UPDATE control.quarantine SET state = 'fixed', closed_at = ? WHERE quarantine_id = ?", [now, identity]
            )
            closed += 1
    return closed


def _row_loaded(con: Any, kind: str, names: tuple[str, ...], key: str | None, token: str) -> bool:
    if key is None:
        return False
    written = " || '/' || ".join(f"CAST({name} AS VARCHAR)" for name in names)
    sql = f"SELECT count(*) FROM raw.{kind} WHERE {written} = ? AND file_token IN ({_LATER})"
    return bool(con.execute(sql, [key, token]).fetchone()[0])


def _cell_filled(con: Any, kind: str, names: tuple[str, ...], column: str, origin: tuple[Any, ...]) -> bool:
    keys = ", ".join(names)
    sql = (
        f"SELECT count(*) FROM raw.{kind} WHERE {column} IS NOT NULL AND file_token IN ({_LATER}) AND ({keys}) IN "
        f"(SELECT ({keys}) FROM raw.{kind} WHERE file_token = ? AND sheet IS NOT DISTINCT FROM ? AND row_number = ?)"
    )
    return bool(con.execute(sql, [origin[0], *origin]).fetchone()[0])


def refresh_quarantine_book(con: Any, feeds: Feeds, path: Path) -> None:
    """Write the book when rows wait, remove it when none does any more."""
    waiting = con.execute("SELECT count(*) FROM control.quarantine WHERE state = 'open'").fetchone()[0]
    if waiting:
        write_quarantine_book(con, feeds, path)
    else:
        path.unlink(missing_ok=True)


def write_quarantine_book(con: Any, feeds: Feeds, path: Path) -> int:
    """Write all open entries to ``path`` (identified zone), one sheet a feed and one line a row; return the number of
    lines.

    Columns: file, sheet, row, what is wrong in English and Spanish, then the form's columns in their original order,
    the bad cells marked. Mended and dropped into the inbox the workbook closes its own entries. Cells that start like a
    formula are written as text, so that opening the book never runs anything.
    """
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    written = 0
    for title, lines in _sheets(con, feeds):
        sheet = book.create_sheet(title)
        names = list(dict.fromkeys(name for line in lines for name in line.cells))
        _write_head(sheet, names)
        for number, line in enumerate(lines, start=2):
            written += 1
            _write_line(sheet, number, line, names)
    if not book.sheetnames:
        book.create_sheet("nothing waits")
    book.properties.creator = ""  # the library writes its own name; ours would name the machine's user
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(".tmp.xlsx")
    book.save(draft)
    draft.chmod(0o600)
    draft.replace(path)
    return written


@dataclass
class _Line:
    """One row that waits, with everything that is wrong in it; ``names`` are the bad columns as the warehouse says."""

    place: tuple[str, str | None, int]
    lead: list[Any]
    cells: dict[str, str | None]
    columns: list[str]
    codes: list[str]
    names: list[str] = field(default_factory=list)


def _sheets(con: Any, feeds: Feeds) -> list[tuple[str, list[_Line]]]:
    """A sheet a feed; a survey has one for each set of columns that its exports have: one header would fit none."""
    sheets: list[tuple[str, list[_Line]]] = []
    for kind, lines in _waiting(con):
        survey = feeds.surveys.get(kind or "")
        if survey is None:
            sheets.append(((kind or "unknown")[:31], lines))
            continue
        shapes: dict[tuple[str, ...], list[_Line]] = {}
        for line in lines:
            _complete(con, survey, line)
            shapes.setdefault(tuple(line.cells), []).append(line)
        for number, shaped in enumerate(shapes.values(), start=1):
            sheets.append((survey.feed[:28] + (f" {number}" if number > 1 else ""), shaped))
    return sheets


def _complete(con: Any, survey: SurveyFeed, line: _Line) -> None:
    """Show the whole response of cells that wait alone, under names by which its reader knows it again."""
    token, sheet, number = line.place
    columns = con.execute(
        "SELECT name, column_name FROM control.file_columns WHERE file_token = ? AND sheet IS NOT DISTINCT FROM ? "
        "ORDER BY position",
        [token, sheet],
    ).fetchall()
    targets = {raw: target for target, raw in RAW_NAMES.items()}
    named = {target: plain_name(survey, name, target) for name, target in columns if target}
    headed = {column: named.get(targets.get(column, column), column) for column in (*line.names, *line.cells)}
    line.columns = [headed[name] for name in line.names]
    found = con.execute(
        f"SELECT * FROM raw.{survey.feed} WHERE file_token = ? AND sheet IS NOT DISTINCT FROM ? AND row_number = ?",
        [token, sheet, number],
    )
    row = found.fetchone()
    if row is not None:
        whole = dict(zip([item[0] for item in found.description], row, strict=True))
        line.cells = response_cells(survey, columns, whole) | {headed[name]: text for name, text in line.cells.items()}


def _waiting(con: Any) -> list[tuple[str | None, list[_Line]]]:
    """The rows that wait, by feed, in the order of their files."""
    headed = {
        (token, sheet, column): name
        for token, sheet, column, name in con.execute(
            "SELECT file_token, sheet, column_name, name FROM control.file_columns WHERE column_name IS NOT NULL"
        ).fetchall()
    }
    rows = con.execute(
        """SELECT f.kind, f.name, q.file_token, q.sheet, q.row_number, q.column_name, q.rule_code, q.cells
        FROM control.quarantine AS q JOIN control.files AS f USING (file_token)
        WHERE q.state = 'open'
        ORDER BY f.kind, f.name, q.file_token, q.sheet NULLS FIRST, q.row_number, q.column_name, q.rule_code"""
    ).fetchall()
    by_feed: dict[str | None, dict[tuple[Any, ...], _Line]] = {}
    for kind, name, token, sheet, number, column, code, cells in rows:
        lines = by_feed.setdefault(kind, {})
        lead = [file_cell(name, token), sheet, number]
        place = (token, sheet, number)
        line = lines.setdefault(place, _Line(place, lead, {}, [], []))
        line.cells |= json.loads(cells)
        line.names.append(column or "")
        line.columns.append(headed.get((token, sheet, column), column or ""))
        line.codes.append(code)
    return [(kind, list(lines.values())) for kind, lines in by_feed.items()]


def _write_head(sheet: Any, names: list[str]) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Font

    add_row(sheet, [*LEAD, *names])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet["A1"].comment = Comment(_HOW_TO, "Outcomes Warehouse", height=160, width=420)
    for letter, width in zip("ABCDEFG", (26, 16, 6, 18, 18, 48, 48), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"


_HOW_TO = (
    "Correct the marked cells, leave the first seven columns as they are, save the workbook as .xlsx and drop it into "
    "the inbox. Better still: correct the source and export again.\n"
    "Corrija las celdas marcadas, no cambie las siete primeras columnas, guarde el libro como .xlsx y déjelo en la "
    "bandeja de entrada. Mejor aún: corrija la fuente y exporte de nuevo."
)


def _write_line(sheet: Any, number: int, line: _Line, names: list[str]) -> None:
    from openpyxl.styles import Alignment, PatternFill

    codes = list(dict.fromkeys(line.codes))
    told = [
        "; ".join(dict.fromkeys(line.columns)),
        "; ".join(codes),
        " ".join(map(sentence, codes)),
        " ".join(sentence(code, "es") for code in codes),
    ]
    add_row(sheet, [*line.lead, *told, *(line.cells.get(name) for name in names)])
    for column in (6, 7):
        sheet.cell(row=number, column=column).alignment = Alignment(wrap_text=True, vertical="top")
    for place, name in enumerate(names, start=len(LEAD) + 1):
        if name in line.columns:
            sheet.cell(row=number, column=place).fill = PatternFill("solid", fgColor="FFF2B3")
