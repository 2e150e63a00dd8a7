"""How easily could a row be recognised? The risk report that goes with every release of rows.

Two clients are alike when they agree in all quasi-identifiers; k is the smallest group of alike clients, l the smallest
number of different values of a sensitive column within a group. With 95 clients and exact ages, services and months
nearly everybody is alone in a group: the report says which column costs most and what banding would mend.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

BANDS = (2, 3, 5, 10, 20, 50)
"""Widths tried for numeric columns, narrow to wide."""


@dataclass(frozen=True)
class RiskReport:
    """Figures on one set of rows and one choice of quasi-identifiers. Shares run from 0 to 1."""

    n: int
    quasi: tuple[str, ...]
    k: int
    unique_share: float
    below_5_share: float
    mean_risk: float
    """Mean over clients of 1 / size of the group: the chance that a guess within the group hits."""
    histogram: Mapping[int, int]
    """Group size → number of groups."""
    l_values: Mapping[str, int]
    """Sensitive column → fewest different values in a group."""
    cost: Mapping[str, float]
    """Quasi-identifier → by how much the unique share falls when the column is left out; costliest first."""
    bandings: Mapping[str, int]
    """Numeric quasi-identifier → narrowest band tried that brings k to the wanted size, with all of them banded so."""

    @property
    def costliest(self) -> str | None:
        """The column whose removal would help most."""
        return next(iter(self.cost), None)


def risk_report(
    rows: "pd.DataFrame", quasi: Sequence[str], sensitive: Sequence[str] = (), wanted_k: int = 5
) -> RiskReport:
    """Judge ``rows`` (one a client); a missing value is a value of its own. ``KeyError`` for an absent column."""
    names = list(quasi)
    sizes = _sizes(rows, names)
    counts = Counter(sizes.tolist())
    unique = float((sizes == 1).mean()) if len(rows) else 0.0
    cost = {
        name: unique - float((_sizes(rows, [other for other in names if other != name]) == 1).mean())
        for name in names
        if len(rows)
    }
    return RiskReport(
        n=len(rows),
        quasi=tuple(names),
        k=int(sizes.min()) if len(rows) else 0,
        unique_share=unique,
        below_5_share=float((sizes < 5).mean()) if len(rows) else 0.0,
        mean_risk=float((1.0 / sizes).mean()) if len(rows) else 0.0,
        histogram={size: number // size for size, number in sorted(counts.items())},
        l_values={name: _l(rows, names, name) for name in sensitive},
        cost=dict(sorted(cost.items(), key=lambda item: (-item[1], item[0]))),
        bandings=_suggest(rows, names, wanted_k),
    )


def band(rows: "pd.DataFrame", widths: Mapping[str, int]) -> "pd.DataFrame":
    """Return the rows with each named numeric column replaced by the lower end of its band."""
    banded = rows.copy()
    for name, width in widths.items():
        banded[name] = (banded[name].astype("float64") // width) * width
    return banded


def _key(rows: "pd.DataFrame", names: Sequence[str]) -> "pd.Series[Any]":
    import pandas as pd

    if not names:
        return pd.Series(0, index=rows.index)
    return rows[list(names)].astype("object").where(rows[list(names)].notna(), None).apply(tuple, axis=1)


def _sizes(rows: "pd.DataFrame", names: Sequence[str]) -> "pd.Series[int]":
    key = _key(rows, names)
    return key.map(key.value_counts()).astype(int)


def _l(rows: "pd.DataFrame", names: Sequence[str], column: str) -> int:
    if not len(rows):
        return 0
    values = rows[column].astype("object").where(rows[column].notna(), "missing")
    return int(values.groupby(_key(rows, [name for name in names if name != column])).nunique().min())


def _suggest(rows: "pd.DataFrame", names: Sequence[str], wanted_k: int) -> dict[str, int]:
    """Try the same step of the ladder for all numeric columns at once; the first that reaches ``wanted_k`` wins."""
    import pandas as pd

    numeric = [
        name
        for name in names
        if pd.api.types.is_numeric_dtype(rows[name]) and not pd.api.types.is_bool_dtype(rows[name])
    ]
    for width in BANDS:
        widths = dict.fromkeys(numeric, width)
        if numeric and len(rows) and int(_sizes(band(rows, widths), names).min()) >= wanted_k:
            return widths
    return {}
