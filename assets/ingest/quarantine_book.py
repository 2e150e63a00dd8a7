"""The quarantine as a workbook: bad rows in their form's own column order, why, and closing when the corrected row
arrives."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from assets.ingest.config import Feeds
from assets.ingest.reasons import sentence
from assets.ingest.texts import fold
from assets.workbook import add_row


def close_corrected(con: Any, feeds: Feeds, now: datetime) -> int:
    """Close open entries whose record has since been loaded from another file; return how many rows were closed.

    A record is known by its feed's key; entries without a readable key stay open until a person closes them. Cells that
    wait alone (``scope`` cell) close when a later file brings the record with that cell filled.
    """
    closed = 0
    open_rows = con.execute(
        """SELECT q.quarantine_id, f.kind, q.scope, q.column_name, q.cells, q.file_token, q.sheet, q.row_number
        FROM control.quarantine AS q JOIN control.files AS f USING (file_token)
        WHERE q.state = 'open' ORDER BY q.quarantine_id"""
    ).fetchall()
    for identity, kind, scope, column, cells, token, sheet, number in open_rows:
        feed = feeds.tables.get(kind) or feeds.surveys.get(kind)
        if feed is None:
            continue
        if scope == "cell":
            found = _cell_filled(con, kind, feed.key, column, (token, sheet, number))
        else:
            found = _row_loaded(con, kind, feed.key, _key(feed, json.loads(cells)), token)
        if found:
            con.execute(
                "UPDATE control.quarantine SET state = 'closed', closed_at = ? WHERE quarantine_id = ?", [now, identity]
            )
            closed += 1
    return closed


def _key(feed: Any, cells: dict[str, str | None]) -> list[str] | None:
    """The record's key among the cells, under the column's own name or any header it goes by."""
    by_name = {fold(name): text for name, text in cells.items()}
    key = []
    for name in feed.key:
        column = getattr(feed, "columns", {}).get(name)
        spellings = [fold(name), *(column.known_headers if column is not None else ("responseid",))]
        text = next((by_name[s] for s in sorted(spellings) if by_name.get(s)), None)
        if text is None:
            return None
        key.append(text)
    return key


def _row_loaded(con: Any, kind: str, names: tuple[str, ...], key: list[str] | None, token: str) -> bool:
    if key is None:
        return False
    where = " AND ".join(f"CAST({name} AS VARCHAR) = ?" for name in names)
    sql = f"SELECT count(*) FROM raw.{kind} WHERE {where} AND file_token <> ?"
    return bool(con.execute(sql, [*key, token]).fetchone()[0])


def _cell_filled(con: Any, kind: str, names: tuple[str, ...], column: str, origin: tuple[Any, ...]) -> bool:
    keys = ", ".join(names)
    sql = (
        f"SELECT count(*) FROM raw.{kind} WHERE {column} IS NOT NULL AND file_token <> ? AND ({keys}) IN "
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
    """Write all open entries to ``path`` (identified zone), one sheet a feed; return the number of rows.

    Columns: file, sheet, row, reason in English and Spanish, then the form's columns in their original order. Cells
    that
    start like a formula are written as text, so that opening the book never runs anything.
    """
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    written = 0
    rows = con.execute(
        """SELECT f.kind, f.name, q.sheet, q.row_number, q.column_name, q.rule_code, q.cells
        FROM control.quarantine AS q JOIN control.files AS f USING (file_token)
        WHERE q.state = 'open' ORDER BY f.kind, f.name, q.sheet NULLS FIRST, q.row_number, q.column_name, q.rule_code"""
    ).fetchall()
    for kind in dict.fromkeys(row[0] for row in rows):
        sheet = book.create_sheet((kind or "unknown")[:31])
        mine = [row for row in rows if row[0] == kind]
        names = list(dict.fromkeys(name for row in mine for name in json.loads(row[6])))
        sheet.append(["File", "Sheet", "Row", "Column", "Code", "Reason", "Motivo", *names])
        for _, name, tab, number, column, code, cells in mine:
            values = json.loads(cells)
            line = [
                name,
                tab,
                number,
                column,
                code,
                sentence(code),
                sentence(code, "es"),
                *(values.get(n) for n in names),
            ]
            written += 1
            add_row(sheet, line)
        sheet.freeze_panes = "A2"
    if not book.sheetnames:
        book.create_sheet("nothing waits")
    book.properties.creator = ""  # the library writes its own name; ours would name the machine's user
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(".tmp.xlsx")
    book.save(draft)
    draft.chmod(0o600)
    draft.replace(path)
    return written
