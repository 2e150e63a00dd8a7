"""An inbox over several nights, and the quarantine workbook as a person mends it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import openpyxl

from assets.ingest import Feeds, IngestPaths, ingest

NOW = datetime(2022, 2, 1, 8, tzinfo=UTC)
STATES = "SELECT row_number, rule_code, state FROM control.quarantine WHERE file_token = ? ORDER BY ALL"


class Desk:
    """An inbox over several nights."""

    def __init__(self, folder: Path, feeds: Feeds) -> None:
        self.inbox = folder / "inbox"
        self.inbox.mkdir()
        self.book = folder / "agency" / "quarantine.xlsx"
        self.paths = IngestPaths(
            self.inbox, folder / "v", folder / "r", folder / "t", quarantine_book=self.book, settle_seconds=0
        )
        self.con = duckdb.connect(config={"threads": 1})
        self.feeds, self.nights = feeds, 0

    def night(self) -> None:
        ingest(self.paths, self.con, self.feeds, now=NOW + timedelta(days=self.nights))
        self.nights += 1

    def token(self, name: str) -> str:
        return self.con.execute("SELECT file_token FROM control.files WHERE name = ?", [name]).fetchone()[0]

    def states(self, name: str) -> list[tuple]:
        return self.con.execute(STATES, [self.token(name)]).fetchall()

    def counts(self, name: str) -> tuple:
        select = "SELECT status, kind, rows_loaded, rows_quarantined, exported_at FROM control.files WHERE name = ?"
        return self.con.execute(select, [name]).fetchone()


def mended(book: Path, **cells: dict[int, object]) -> openpyxl.Workbook:
    """The quarantine workbook with cells of its only sheet changed: header name → {line: value}."""
    found = openpyxl.load_workbook(book)
    sheet = found.worksheets[0]
    header = [cell.value for cell in sheet[1]]
    for name, values in cells.items():
        for line, value in values.items():
            sheet.cell(row=line, column=header.index(name.replace("_", " ")) + 1, value=value)
    return found
