"""From the study's tables to public ones: collapse, hide, prove that nothing hidden can be solved for, then round.

Order and rules are those of ``config/disclosure.yml``. A hidden figure is null, and the added column ``suppressed`` of
its row says why: ``small`` (a count under k), ``complementary`` (it would give a small one away), ``extreme`` (a
minimum or maximum is one person), ``model`` (too few cases),
``class`` (too few clients on one side of a predictor), ``dominance`` (one client makes up most of it), ``cells``
(the table behind the statistic has small cells).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from assets.publish.privacy.cells import System
from assets.publish.privacy.collapse import collapse_descriptives, collapse_stages
from assets.publish.privacy.policy import Policy
from assets.publish.privacy.precision import round_release
from assets.publish.privacy.public_counts import CLIENTS
from assets.publish.privacy.public_tables import PublicTables

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PublicRelease:
    """The tables as they may be shown, the system they were audited with, the k in force, and the watermark if any."""

    tables: "dict[str, pd.DataFrame]"
    system: System
    k: int
    watermark: str | None


def to_public(
    tables: "Mapping[str, pd.DataFrame]",
    policy: Policy,
    today: date,
    clients: "pd.DataFrame | None" = None,
    withhold: Iterable[str] = (),
) -> PublicRelease:
    """Make the public form of the ``study.*`` tables.

    ``clients`` is ``marts.client_study``: with it associations are released where their cross table is large enough,
    and dominance is judged; without it both are withheld. ``withhold`` names cells the ledger wants hidden. Raises
    ``ConfigError`` when the policy asks for less than the floor without an override in force.
    """
    k = policy.public_k(today)
    collapsed = {name: table.copy() for name, table in tables.items()}
    merged: set[str] = set()
    if "descriptives" in collapsed:
        collapsed["descriptives"], merged = collapse_descriptives(collapsed["descriptives"], policy.collapse, k)
    if "urica_stages" in collapsed:
        collapsed["urica_stages"] = collapse_stages(collapsed["urica_stages"], policy.collapse, k)
    public = PublicTables(collapsed, policy, k, merged, clients)
    system = public.declare()
    link_same(system, policy)
    system.protect(k, also=[*public.whole_groups(), *(cell for cell in withhold if cell in system.cells)])
    shown = round_release(public.apply(), k, public.counts_hidden(), public.whole_numbers())
    return PublicRelease(shown, system, k, policy.watermark(today))


def link_same(system: System, policy: Policy) -> None:
    """State which counts stand in two places under two names."""
    for first, second in policy.same:
        if first in system.cells and second in system.cells:
            system.equal(first, second)
    for inner, outer in policy.nested:
        if inner in system.cells and outer in system.cells:
            system.nested(inner, outer)


def visible_small_counts(tables: "Mapping[str, pd.DataFrame]", k: int) -> list[str]:
    """Places of printed counts from 1 to k - 1 (``table.column``): empty for every public release."""
    found = []
    for name, table in tables.items():
        for column in table.columns:
            if column in COUNT_COLUMNS:
                values = [v for v in table[column].dropna() if not isinstance(v, str)]  # `missing` names a method too
                if any(0 < value < k for value in values):
                    found.append(f"{name}.{column}")
    return found


COUNT_COLUMNS = frozenset(
    {
        "n", "missing", "denominator", "n_pairs", "n_zero", "n_positive", "n_negative", "n_excluded", "n_missing",
        "n_valid", "n_declared",
    }
)  # fmt: skip
"""Columns of the study's tables that count clients."""

__all__ = ["CLIENTS", "COUNT_COLUMNS", "PublicRelease", "to_public", "visible_small_counts"]


def release_record(release: PublicRelease) -> dict[str, Any]:
    """What the ledger keeps of a release: the visible counts, what was hidden, and how the counts add up."""
    unknown = release.system.unknown()
    return {
        "k": release.k,
        "visible": {name: c.value for name, c in sorted(release.system.cells.items()) if name not in unknown},
        "unknown": sorted(unknown),
        "equations": release.system.equations,
    }
