"""A table on its way to paper: cells are finished strings, so that HTML and DOCX cannot differ in a number."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assets.publish.report.text import DASH


@dataclass(frozen=True)
class Column:
    """One column.

    ``spanner`` groups neighbours under a shared heading; an ``optional`` column goes when no row fills it;
    ``words`` are set left and may wrap, numbers right.
    """

    label: str
    spanner: str = ""
    optional: bool = False
    words: bool = False


@dataclass(frozen=True)
class Row:
    """One row; ``group`` is the heading it stands under ('' for none)."""

    label: str
    cells: tuple[str, ...]
    group: str = ""


@dataclass(frozen=True)
class ReportTable:
    """A numbered table; ``empty`` is what to say when there are no rows."""

    anchor: str
    number: str
    title: str
    stub: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    empty: str = "No rows: nothing to show here."

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tabulate."""
        return not self.rows


def without_unused(table: ReportTable) -> ReportTable:
    """Drop optional columns in which no row has a number."""
    keep = [
        index
        for index, column in enumerate(table.columns)
        if not column.optional or any(row.cells[index] not in {"", DASH} for row in table.rows)
    ]
    if len(keep) == len(table.columns):
        return table
    return replace(
        table,
        columns=tuple(table.columns[index] for index in keep),
        rows=tuple(replace(row, cells=tuple(row.cells[index] for index in keep)) for row in table.rows),
    )


def sentences(*groups: Sequence[str]) -> tuple[str, ...]:
    """Join groups of footnote sentences, each once, empty ones left out."""
    return tuple(dict.fromkeys(sentence for group in groups for sentence in group if sentence))


def spans(columns: Sequence[Column]) -> list[tuple[int, int, str]]:
    """Return the shared headings as (first column, number of columns, heading), columns counted from 0."""
    found: list[tuple[int, int, str]] = []
    for at, column in enumerate(columns):
        if found and column.spanner == found[-1][2] and sum(found[-1][:2]) == at:
            found[-1] = (found[-1][0], found[-1][1] + 1, column.spanner)
        elif column.spanner:
            found.append((at, 1, column.spanner))
    return found
