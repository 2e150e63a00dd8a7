"""The same URICA answers under each staging convention: which one is used decides the result, so all are shown."""

from collections.abc import Callable

import numpy as np

from assets.study.frame import Floats, Ints
from assets.study.rows import Row
from assets.study.scales import STAGES, ItemTables

# Group means of the readiness score of the three stages, in their order (VCU Mid-Atlantic ATTC scoring sheet).
GROUP_MEANS = (9.3, 11.0, 12.6)
SUBSCALES = ("urica_precontemplation", "urica_contemplation", "urica_action", "urica_maintenance")
SHORT = ("urica_pc", "urica_c", "urica_a", "urica_m")


def by_cutoff(subscales: Floats) -> Ints:
    """Readiness C + A + M - PC: up to 8, 11 and 14; above is maintenance, which the sum of means cannot reach."""
    return np.asarray(np.searchsorted((8.0, 11.0, 14.0), np.round(_readiness(subscales), 9), side="left"))


def by_nearest_mean(subscales: Floats) -> Ints:
    """Nearest of the three published group means of readiness, ties to the earlier stage; no maintenance."""
    return nearest_mean_of(_readiness(subscales))


def nearest_mean_of(readiness: Floats) -> Ints:
    """The same from the readiness score itself."""
    away = np.abs(readiness[:, None] - np.array(GROUP_MEANS)[None, :])
    return np.asarray(np.round(away, 9).argmin(axis=1))


def by_highest_subscale(subscales: Floats, later: bool = False) -> Ints:
    """The stage whose subscale mean is highest; ties to the earlier stage, or to the later one."""
    rounded = np.round(subscales, 9)
    if later:
        return np.asarray(subscales.shape[1] - 1 - rounded[:, ::-1].argmax(axis=1))
    return np.asarray(rounded.argmax(axis=1))


def _readiness(subscales: Floats) -> Floats:
    return np.asarray(subscales[:, 1] + subscales[:, 2] + subscales[:, 3] - subscales[:, 0])


CONVENTIONS: dict[str, Callable[[Floats], Ints]] = {
    "cutoff": by_cutoff,
    "nearest_mean": by_nearest_mean,
    "highest_subscale_tie_earlier": by_highest_subscale,
    "highest_subscale_tie_later": lambda subscales: by_highest_subscale(subscales, later=True),
}


def stage_conventions(items: ItemTables) -> list[Row]:
    """Rows of `study.stage_conventions` for every wave whose four URICA subscales are among the items."""
    names = next((group for group in (SUBSCALES, SHORT) if set(group) <= set(items)), None)
    if names is None:
        return []
    rows: list[Row] = []
    waves = set.intersection(*(set(items[name]) for name in names))
    for wave in sorted(waves):
        means = [dict(zip(items[name][wave][0], items[name][wave][1].mean(axis=1), strict=True)) for name in names]
        clients = sorted(set.intersection(*(set(found) for found in means)))
        subscales = np.array([[found[client] for found in means] for client in clients]).reshape(-1, 4)
        subscales = subscales[~np.isnan(subscales).any(axis=1)]
        for convention, rule in CONVENTIONS.items():
            counts = np.bincount(rule(subscales), minlength=len(STAGES)) if len(subscales) else np.zeros(4, dtype=int)
            for stage, count in zip(STAGES, counts, strict=True):
                row: Row = {"wave": wave, "convention": convention, "stage": stage, "n": int(count)}
                row["percent"] = 100 * int(count) / len(subscales) if len(subscales) else None
                rows.append(row)
    return rows
