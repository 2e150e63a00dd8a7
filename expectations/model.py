"""What an expectation, a suite and a result are. No heavy import in here: reading a suite costs nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

Severity = Literal["error", "warn"]
FailingRows = Callable[["pd.DataFrame"], "pd.Series[bool]"]
"""A frame in, one boolean a row out: True where the row breaks the expectation; nothing recorded breaks nothing."""


@dataclass(frozen=True)
class Expectation:
    """One sentence about a table that must hold.

    ``severity`` ``error`` stops the night, ``warn`` is told and counted. ``tolerance`` is the share of the judged rows
    that may break it (0 = none). ``gx_type`` and ``gx_arguments`` say it to Great Expectations, ``failing`` says it a
    second time in pandas: the first decides, the second counts, because results of the first that carry counts also
    carry values.
    """

    name: str
    why: str
    severity: Severity
    columns: tuple[str, ...]
    gx_type: str
    gx_arguments: Mapping[str, Any]
    failing: FailingRows
    tolerance: float = 0.0
    derived: Callable[["pd.DataFrame"], "pd.Series[Any]"] | None = None
    """For rules over several columns: the column of True and False that Great Expectations then judges."""


@dataclass(frozen=True)
class SuiteInfo:
    """The expectations on one table.

    ``title`` names the table in plain words; ``asset`` is the table as ``schema.table``; ``sql`` fetches the frame
    that the suite judges (only the columns it needs: narratives and names stay in the database); ``blocking`` says
    whether a failed ``error`` stops what follows.
    """

    name: str
    title: str
    asset: str
    sql: str
    expectations: tuple[Expectation, ...]
    blocking: bool = True

    def __post_init__(self) -> None:
        names = [expectation.name for expectation in self.expectations]
        if len(names) != len(set(names)):
            raise ValueError(f"suite {self.name} names an expectation twice")


@dataclass(frozen=True)
class CheckResult:
    """How one expectation ended. Numbers and names only: no field can hold a value of the data."""

    name: str
    asset: str
    severity: Severity
    passed: bool
    n_failed: int
    n_rows: int = field(default=0)

    @property
    def blocks(self) -> bool:
        """Whether the night must stop here."""
        return not self.passed and self.severity == "error"


def newest_load(feed: str) -> str:
    """Give the SQL condition that keeps a raw table to what the latest loading night of ``feed`` brought.

    Raw tables keep every load. Judged together, a spoilt export would hide behind the good ones before it: with one
    good month loaded, an intake list without a single intake date was only half wrong, and passed.
    """
    loaded = f"from control.files where kind = '{feed}' and status = 'loaded'"
    return f"file_token in (select file_token {loaded} and loaded_at = (select max(loaded_at) {loaded}))"
