"""What a reader hands over: typed batches, and everything noticed on the way, by place and reason code."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

Sink = Callable[[str, pa.Table], None]
"""Takes a batch of typed rows for the raw table named first."""


class SinkError(Exception):
    """The database refused a batch: a failure of the night, not of the file."""


class ReadAgainError(Exception):
    """What a row tells changes how rows must be read that were handed on before it."""


@dataclass(frozen=True)
class Quarantined:
    """One bad cell. ``scope`` is ``row`` when the whole row waits, ``cell`` when the row loads without this cell.

    ``key`` is that of the row's record as ``raw`` would hold it, parts joined by ``/``; None where it cannot be read.
    """

    sheet: str | None
    row_number: int
    column: str | None
    code: str
    cells: dict[str, str | None]
    scope: str = "row"
    key: str | None = None


def joined_key(parts: Iterable[Any]) -> str | None:
    """A record's key in one text; None when a part is missing."""
    known = list(parts)
    return None if any(part in (None, "") for part in known) else "/".join(map(str, known))


@dataclass
class Parsed:
    """One file, read: its feed, its counts, its findings. The rows themselves went to the sink."""

    kind: str | None = None
    form_version: str | None = None
    confidence: float = 0.0
    rows_read: int = 0
    structural: int = 0
    rows_out: int = 0
    stated_at: datetime | None = None
    property_at: datetime | None = None
    findings: Counter[tuple[str | None, str | None, str]] = field(default_factory=Counter)
    quarantined: list[Quarantined] = field(default_factory=list)
    headers: list["HeaderMap"] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    def begin_again(self, findings: Counter[tuple[str | None, str | None, str]]) -> None:
        """Forget all that was read; ``findings`` were there before."""
        vars(self).update(vars(Parsed(findings=Counter(findings))))

    def note(self, code: str, n: int = 1, *, sheet: str | None = None, column: str | None = None) -> None:
        """Count a finding at a sheet and column."""
        if n:
            self.findings[(sheet, column, code)] += n

    @property
    def quarantined_rows(self) -> set[tuple[str | None, int]]:
        """Places of the rows that wait in quarantine as a whole."""
        return {(q.sheet, q.row_number) for q in self.quarantined if q.scope == "row"}


@dataclass(frozen=True)
class HeaderMap:
    """How one sheet's header was read: 1-based row, and for each column of the file what it became."""

    sheet: str | None
    row: int
    rows: int
    columns: tuple[tuple[str, str | None, str], ...]
    """(name in the file, column of the feed or None, how: ``name``, ``synonym``, ``import_id``, ``new``,
    ``side`` (text, order or topics beside a multi-select), ``ignored``)"""


def as_texts(values: Iterable[Any]) -> pa.Array:
    """A text column from Python texts and None."""
    return pa.array(values, type=pa.string())
