"""What a reader does not tell of a sheet: cells it shows as empty, formulas, what is hidden, what is merged."""

from dataclasses import dataclass, field

from assets.errors import DataError
from assets.ingest.safety import MAX_CELLS

MOST_FAULTS = 500_000
"""Error cells of one sheet that are kept by place: about 100 MB. A sheet with more of them is no export."""

Place = tuple[int, int]


@dataclass
class SheetFacts:
    """Facts of one sheet. Cells of ``faults`` are (row number from 1, column from 0) → reason code; ``merged`` holds
    0-based corners."""

    faults: dict[Place, str] = field(default_factory=dict)
    merged: list[tuple[Place, Place]] = field(default_factory=list)
    is_hidden: bool = False
    has_formulas: bool = False

    def fault(self, row: int, column: int, code: str) -> None:
        """Remember a cell that would read as empty. Raises :class:`DataError` ``TOO_BIG`` beyond the limit."""
        if len(self.faults) >= MOST_FAULTS:
            raise DataError("TOO_BIG", "a sheet holds more error cells than the limit")
        self.faults[(row, column)] = code


def check_extent(rows: int, columns: int) -> None:
    """Refuse a sheet that a reader would hold as more cells than the limit: readers keep sheets dense."""
    if rows * columns > MAX_CELLS:
        raise DataError("TOO_BIG", "a sheet spans more cells than the limit")
