"""Rows that people have mended in the quarantine workbook itself and dropped into the inbox again.

Such a workbook is no export: it belongs to the exports its rows come from, is dated like the newest of them, and is not
held against them. A row that loads closes its items; one that is still bad waits on in its new place.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from assets.ingest.cells import cell_text
from assets.ingest.grid import Grid, Row
from assets.ingest.parsed import Parsed

LEAD = ("File", "Sheet", "Row", "Column", "Code", "Reason", "Motivo")
"""The columns of the workbook that stand before the form's own."""
_TOKEN = re.compile(r"([0-9a-f]{12})$")
Origin = tuple[str, str | None, int]


def file_cell(name: str, token: str) -> str:
    """A file as the workbook names it: for people by its name, for us by its token."""
    return f"{name} · {token}"


def handed_back(grid: Grid, parsed: Parsed) -> Grid:
    """The grid without the leading columns of the quarantine workbook; any other grid as it is.

    Where each row came from is kept in ``parsed.details["handed_back"]``: (sheet, row number) → origin.
    """
    head = grid.head()
    if not head or tuple(cell_text(cell) for cell in head[0][: len(LEAD)]) != LEAD:
        return grid
    origins: dict[tuple[str | None, int], Origin] = parsed.details.setdefault("handed_back", {})
    faults = {(row, column - len(LEAD)): code for (row, column), code in grid.faults.items() if column >= len(LEAD)}
    return Grid(sheet=grid.sheet, rows=_rows(grid, origins), first_row=grid.first_row, faults=faults)


def _rows(grid: Grid, origins: dict[tuple[str | None, int], Origin]) -> Iterator[Row]:
    for number, row in enumerate(grid.rows, start=grid.first_row):
        token = _TOKEN.search(cell_text(row[0]) or "")
        place = cell_text(row[2]) if len(row) > 2 else None
        if token and place and place.isdigit():
            origins[(grid.sheet, number)] = (token[1], cell_text(row[1]), int(place))
        yield row[len(LEAD) :]


def is_handed_back(grid: Grid, parsed: Parsed) -> bool:
    """True for a sheet of the quarantine workbook."""
    return any(sheet == grid.sheet for sheet, _ in parsed.details.get("handed_back", {}))


def forget_handed_back(sheet: str | None, parsed: Parsed) -> None:
    """Forget the rows of a sheet that is not loaded after all: their items stay open."""
    origins = parsed.details.get("handed_back", {})
    for place in [place for place in origins if place[0] == sheet]:
        del origins[place]


def date_handed_back(con: Any, parsed: Parsed) -> bool:
    """Give rows that were handed back the moment of the newest export they come from; True if there are any.

    They come an instant after it: a response that had loaded without its bad cell is then replaced by the mended one.
    """
    origins = parsed.details.get("handed_back")
    if not origins:
        return False
    tokens = sorted({token for token, _, _ in origins.values()})
    places = ", ".join("?" * len(tokens))
    found = con.execute(f"SELECT max(exported_at) FROM control.files WHERE file_token IN ({places})", tokens).fetchone()
    if found[0] is not None:
        parsed.stated_at, parsed.property_at = None, found[0] + timedelta(microseconds=1)
    parsed.note("HANDED_BACK", len(origins))
    return True


def close_handed_back(con: Any, parsed: Parsed, now: datetime) -> int:
    """Close the items of the rows that were handed back; return how many. A row that waits again does so as a new
    item."""
    origins: dict[tuple[str | None, int], Origin] = parsed.details.get("handed_back", {})
    waiting = {(q.sheet, q.row_number) for q in parsed.quarantined}
    closed = 0
    for place, (token, sheet, row) in sorted(origins.items(), key=str):
        closed += con.execute(
            "UPDATE control.quarantine SET state = ?, closed_at = ? WHERE state = 'open' AND file_token = ? "
            "AND sheet IS NOT DISTINCT FROM ? AND row_number = ?",
            ["replaced" if place in waiting else "fixed", now, token, sheet, row],
        ).fetchone()[0]
    return closed
