"""Which bands, and which columns left out, bring k to the wanted size at the least loss?

Each quasi-identifier has a ladder: as it is, merged (levels that ``collapse`` in ``config/disclosure.yml`` names) or in
bands (numbers, narrow to wide), left out. One step of each ladder together is a node of the lattice. The loss of a step
is the share of the column's entropy that it takes away, the loss of a node the sum over its columns: 0 for rows as they
are, the number of columns when nothing is left. A few rows that stay rare may be withheld instead: one client of
eleven years would otherwise cost everybody's age.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

BANDS = (1, 2, 3, 5, 10, 20, 50)
"""Widths tried for numeric columns, narrow to wide; 1 takes the decimals off."""
LEFT_OUT: Literal["left out"] = "left out"
MERGED: Literal["merged"] = "merged"
Step = int | Literal["left out", "merged"] | None
WITHHELD = 0.05
"""Share of clients whose rows a suggestion may hold back."""
MOST_NODES = 20_000
"""Above this many nodes (half a second at 95 clients) the search goes step by step instead of through all."""


@dataclass(frozen=True)
class Suggestion:
    """Column → width of its bands, ``merged`` or ``left out``; columns that may stay as they are do not stand here.

    ``withheld`` is the number of clients whose rows stay behind, ``loss`` the mean share of information given up, 0 to
    1. ``exact`` says that the whole lattice was searched, so that no other choice of these steps loses less.
    """

    steps: dict[str, int | Literal["left out", "merged"]]
    withheld: int
    loss: float
    exact: bool

    def in_words(self) -> str:
        """The suggestion in a line."""
        steps = [f"{name} {step}" if isinstance(step, str) else f"{name} in bands of {step}"
                 for name, step in self.steps.items()]  # fmt: skip
        if self.withheld:
            steps.append(f"{self.withheld} rows withheld")
        how = "the least loss of all choices" if self.exact else "found step by step"
        return f"{', '.join(steps)} ({100 * self.loss:.0f} % of the information lost; {how})"


@dataclass(frozen=True)
class _Ladder:
    name: str
    steps: list[Step]
    codes: list[NDArray[np.int64]]
    losses: list[float]


def suggest(
    rows: "pd.DataFrame",
    names: Sequence[str],
    wanted_k: int,
    merges: Mapping[str, Mapping[str, str]] | None = None,
    withheld: float = WITHHELD,
) -> Suggestion | None:
    """Return the cheapest way found to make every group of alike clients at least ``wanted_k`` strong.

    ``merges`` is column → level → merged level. At most the share ``withheld`` of rows stays behind. None when there
    are fewer rows than ``wanted_k``: then nothing but more clients would help.
    """
    if len(rows) < max(wanted_k, 1) or not names:
        return None
    ladders = [_ladder(rows, name, (merges or {}).get(name, {})) for name in sorted(names)]
    most = int(len(rows) * withheld)
    exact = math.prod(len(ladder.steps) for ladder in ladders) <= MOST_NODES
    search = _all_nodes if exact else _step_by_step
    chosen = search(ladders, wanted_k, most)
    steps = {
        ladder.name: step
        for ladder, place in zip(ladders, chosen, strict=True)
        if (step := ladder.steps[place]) is not None
    }
    lost = sum(ladder.losses[place] for ladder, place in zip(ladders, chosen, strict=True))
    return Suggestion(steps, _rare(ladders, chosen, wanted_k), lost / len(ladders), exact)


def merged_levels(steps: Sequence[Any]) -> dict[str, str]:
    """Level → the level it ends in when every step (``into``, ``levels``) of a ladder of merges is taken."""
    found: dict[str, str] = {}
    for step in steps:
        found |= dict.fromkeys((*step.levels, *(old for old, new in found.items() if new in step.levels)), step.into)
    return found


def _ladder(rows: "pd.DataFrame", name: str, merges: Mapping[str, str]) -> _Ladder:
    import pandas as pd

    column = rows[name]
    own = _codes(column)
    steps: list[Step] = [None]
    codes = [own]
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        for width in BANDS:
            banded = _codes(column.astype("float64") // width)
            if 1 < len(np.unique(banded)) < len(np.unique(codes[-1])):  # one that joins nothing, or all, is no step
                steps.append(width)
                codes.append(banded)
    elif merges:
        steps.append(MERGED)
        codes.append(_codes(column.replace(dict(merges))))
    if len(np.unique(own)) > 1:
        steps.append(LEFT_OUT)
        codes.append(np.zeros(len(rows), np.int64))
    whole = _entropy(own)
    losses = [1.0 - _entropy(one) / whole if whole else 0.0 for one in codes]
    return _Ladder(name, steps, codes, losses)


def _codes(column: "pd.Series[Any]") -> NDArray[np.int64]:
    import pandas as pd

    codes, _ = pd.factorize(column, sort=True, use_na_sentinel=True)
    return np.asarray(codes, np.int64) + 1  # a missing value is a value of its own


def _entropy(codes: NDArray[np.int64]) -> float:
    shares = np.unique(codes, return_counts=True)[1] / len(codes)
    return float(-(shares * np.log(shares)).sum())


def _group_sizes(ladders: Sequence[_Ladder], places: Sequence[int]) -> NDArray[np.int64]:
    """For each row, how many rows agree with it in all columns at these steps."""
    key = np.zeros(len(ladders[0].codes[0]), np.int64)
    for ladder, place in zip(ladders, places, strict=True):
        codes = ladder.codes[place]
        key = np.unique(key * (int(codes.max()) + 1) + codes, return_inverse=True)[1]
    sizes: NDArray[np.int64] = np.bincount(key)[key]
    return sizes


def _rare(ladders: Sequence[_Ladder], places: Sequence[int], wanted_k: int) -> int:
    return int((_group_sizes(ladders, places) < wanted_k).sum())


def _all_nodes(ladders: Sequence[_Ladder], wanted_k: int, most: int) -> tuple[int, ...]:
    nodes = itertools.product(*(range(len(ladder.steps)) for ladder in ladders))
    priced = sorted(
        (round(sum(one.losses[place] for one, place in zip(ladders, node, strict=True)), 9), node) for node in nodes
    )
    return next(node for _, node in priced if _rare(ladders, node, wanted_k) <= most)


def _step_by_step(ladders: Sequence[_Ladder], wanted_k: int, most: int) -> tuple[int, ...]:
    """Always the step that brings most clients into large groups for its loss; then back where it was too much."""
    places = [0] * len(ladders)
    while (rare := _rare(ladders, places, wanted_k)) > most:
        offers = []
        for number, ladder in enumerate(ladders):
            for place in range(places[number] + 1, len(ladder.steps)):
                gained = rare - _rare(ladders, [*places[:number], place, *places[number + 1 :]], wanted_k)
                price = max(ladder.losses[place] - ladder.losses[places[number]], 1e-9)
                offers.append((-gained / price, price, number, place))
        _, _, number, place = min(offers)
        places[number] = place
    for number in sorted(range(len(ladders)), key=lambda one: (-ladders[one].losses[places[one]], one)):
        for place in range(places[number]):
            tried = [*places[:number], place, *places[number + 1 :]]
            if _rare(ladders, tried, wanted_k) <= most:
                places = tried
                break
    return tuple(places)
