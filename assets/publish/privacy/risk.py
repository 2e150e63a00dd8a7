"""How easily could a row be recognised? The risk report that goes with every release of rows.

Two clients are alike when they agree in all quasi-identifiers; k is the smallest group of alike clients, l the smallest
number of different values of a sensitive column within a group. With 95 clients and exact ages, services and months
nearly everybody is alone in a group: the report says which column costs most and what banding would mend.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from assets.publish.privacy.lattice import Suggestion, suggest

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RiskReport:
    """Figures on one set of rows and one choice of quasi-identifiers. Shares run from 0 to 1."""

    n: int
    quasi: tuple[str, ...]
    k: int
    unique_share: float
    wanted_k: int
    below_wanted_share: float
    """Share of clients in groups smaller than ``wanted_k``."""
    mean_risk: float
    """Mean over clients of 1 / size of the group: the chance that a guess within the group hits."""
    histogram: Mapping[int, int]
    """Group size → number of groups."""
    l_values: Mapping[str, int]
    """Sensitive column → fewest different values in a group."""
    cost: Mapping[str, float]
    """Quasi-identifier → by how much the unique share falls when the column is left out; costliest first."""
    suggestion: Suggestion | None
    """What would bring k to ``wanted_k`` at the least loss; None when it is reached, or there are too few clients."""

    @property
    def costliest(self) -> str | None:
        """The column whose removal would help most."""
        return next(iter(self.cost), None)

    def as_json(self) -> str:
        """The report as it is stored; it holds counts and names of columns only."""
        return json.dumps(asdict(self), indent=1)

    def in_words(self) -> list[str]:
        """The report as sentences for the person who decides about a release."""
        told = [
            f"{self.n} clients; the smallest group of alike clients has {self.k} (k), {100 * self.unique_share:.0f} %"
            f" are alone, {100 * self.below_wanted_share:.0f} % stand in groups under {self.wanted_k}",
            f"alike means equal in: {', '.join(self.quasi) or 'nothing (no quasi-identifier is among the columns)'}",
        ]
        if self.costliest and self.cost[self.costliest] > 0:
            fall = 100 * self.cost[self.costliest]
            told.append(f"{self.costliest} costs most: without it the share alone falls by {fall:.0f} points")
        if self.l_values:
            least = min(self.l_values, key=lambda name: (self.l_values[name], name))
            told.append(f"fewest different values of a sensitive column in a group: {self.l_values[least]} ({least})")
        if self.suggestion:
            told.append(f"to reach {self.wanted_k}: {self.suggestion.in_words()}")
        return told


def risk_report(
    rows: "pd.DataFrame",
    quasi: Sequence[str],
    sensitive: Sequence[str] = (),
    wanted_k: int = 5,
    merges: Mapping[str, Mapping[str, str]] | None = None,
) -> RiskReport:
    """Judge ``rows`` (one a client); a missing value is a value of its own. ``KeyError`` for an absent column.

    ``merges`` (column → level → merged level) are steps that the suggestion may take.
    """
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
        wanted_k=wanted_k,
        below_wanted_share=float((sizes < wanted_k).mean()) if len(rows) else 0.0,
        mean_risk=float((1.0 / sizes).mean()) if len(rows) else 0.0,
        histogram={size: number // size for size, number in sorted(counts.items())},
        l_values=_l_values(rows, names, sensitive),
        cost=dict(sorted(cost.items(), key=lambda item: (-item[1], item[0]))),
        suggestion=suggest(rows, names, wanted_k, merges) if len(rows) and int(sizes.min()) < wanted_k else None,
    )


def band(rows: "pd.DataFrame", widths: Mapping[str, int]) -> "pd.DataFrame":
    """Return the rows with each named numeric column replaced by the lower end of its band."""
    banded = rows.copy()
    for name, width in widths.items():
        banded[name] = (banded[name].astype("float64") // width) * width
    return banded


def without_rare(rows: "pd.DataFrame", quasi: Sequence[str], wanted_k: int, share: float) -> "pd.DataFrame":
    """Return the rows without those in groups under ``wanted_k``, where these are at most ``share`` of all."""
    rare = _sizes(rows, list(quasi)) < wanted_k
    return rows[~rare] if 0 < rare.sum() <= share * len(rows) else rows


def _key(rows: "pd.DataFrame", names: Sequence[str]) -> "pd.Series[Any]":
    import pandas as pd

    if not names:
        return pd.Series(0, index=rows.index)
    return rows[list(names)].astype("object").where(rows[list(names)].notna(), None).apply(tuple, axis=1)


def _sizes(rows: "pd.DataFrame", names: Sequence[str]) -> "pd.Series[int]":
    key = _key(rows, names)
    return key.map(key.value_counts()).astype(int)


def _l_values(rows: "pd.DataFrame", names: Sequence[str], sensitive: Sequence[str]) -> dict[str, int]:
    """For each sensitive column the fewest different values in a group; the column itself makes no groups."""
    if not len(rows):
        return dict.fromkeys(sensitive, 0)
    common = _key(rows, names)
    found = {}
    for column in sensitive:
        key = common if column not in names else _key(rows, [name for name in names if name != column])
        values = rows[column].astype("object").where(rows[column].notna(), "missing")
        found[column] = int(values.groupby(key).nunique().min())
    return found
