"""A sheet of a workbook or a text file as rows of cells, read once, in batches: a million rows never stand in
memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

HEAD_ROWS = 40
"""Rows looked at to find a header (the rules say 30; the rest is for two-row headers and the first data)."""
BATCH_ROWS = 20_000

Row = list[Any]


@dataclass
class Grid:
    """Rows of one sheet, in order. ``sheet`` is None for text files; ``first_row`` is the 1-based number of the
    first row.

    ``faults`` holds cells that a reader would lose, as (row number, 0-based column) → reason code.
    """

    sheet: str | None
    rows: Iterator[Row]
    first_row: int = 1
    is_text: bool = False
    faults: dict[tuple[int, int], str] = field(default_factory=dict)
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)
    notes: list[tuple[str, int]] = field(default_factory=list)

    def head(self) -> list[Row]:
        """The first rows, without consuming them."""
        found = list(islice(self.rows, HEAD_ROWS))
        self.rows = chain(found, self.rows)
        return found

    def batches(self, size: int = BATCH_ROWS) -> Iterator[tuple[int, list[Row]]]:
        """(number of the first row, rows) until the sheet ends."""
        number = self.first_row
        while batch := list(islice(self.rows, size)):
            yield number, batch
            number += len(batch)
            del batch  # else its cells stand in memory beside those of the next one
