"""Wilcoxon's signed-rank test as SPSS's NPAR TESTS computes it, with its exact p and effect sizes."""

import math
from typing import Any

import numpy as np

from assets.study.distributions import NAN, p_normal
from assets.study.frame import Floats, StudyFrame

Row = dict[str, Any]

# Averages of items read from a file differ in the last digits: in the reference set 7 of 30 differences are zero only
# after rounding. Half a unit of any scale in use is above 1e-3.
DECIMALS = 9
# Adding one rank to the exact distribution costs one addition per possible sum; 6e10 additions take about a minute.
MAX_ADDITIONS = 6e10


def average_ranks(values: Floats) -> Floats:
    """Ranks from 1, ties sharing the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], dtype=np.float64)


def exact_signed_rank_p(ranks: Floats, statistic: float) -> float | None:
    """Two-sided exact p of a rank sum given the (tied) ranks, by convolution over the 2^n sign patterns.

    None where it would take over a minute (about 4,900 pairs), judged by the number of additions.
    """
    n = ranks.size
    if n == 0:
        return None
    doubled = np.rint(2 * ranks).astype(np.int64)  # tied ranks are whole halves
    total = int(doubled.sum())
    if float(n) * total > MAX_ADDITIONS:
        return None
    low = round(min(2 * statistic, total - 2 * statistic))
    # Sums above the smaller rank sum are never asked for, and small ranks first keep the reached ones few: a third of
    # the time with 2,900 pairs.
    chance = np.zeros(low + 1)
    chance[0] = 1.0
    reached = 0
    for rank in np.sort(doubled):
        shifted = chance[: reached + 1] * 0.5
        chance[: reached + 1] = shifted
        reached = min(reached + int(rank), low)
        if rank <= low:
            chance[rank : reached + 1] += shifted[: reached + 1 - rank]
    return min(1.0, 2.0 * float(chance.sum()))


def hodges_lehmann(differences: Floats) -> float:
    """Median of all pairwise means of the differences, each with itself included (Walsh averages)."""
    n = differences.size
    if n == 0:
        return NAN
    ordered = np.sort(differences)
    count = n * (n + 1) // 2
    if n <= 2000:
        i, j = np.triu_indices(n)
        return float(np.median((ordered[i] + ordered[j]) / 2))
    low, high = _kth_sum(ordered, (count + 1) // 2), _kth_sum(ordered, count // 2 + 1)
    return (low + high) / 4


def _kth_sum(ordered: Floats, k: int) -> float:
    """The k-th smallest x_i + x_j (i <= j), by bisection on the value: n^2 / 2 sums need not be held."""
    n = ordered.size
    first = np.arange(n)

    def at_most(value: float) -> int:
        last = np.searchsorted(ordered, value - ordered, side="right")
        return int(np.maximum(last - first, 0).sum())

    low, high = 2 * float(ordered[0]) - 1.0, 2 * float(ordered[-1])
    while high - low > 1e-10 * max(1.0, abs(low), abs(high)):
        middle = (low + high) / 2
        if at_most(middle) >= k:
            high = middle
        else:
            low = middle
    return high


def signed_rank_z(differences: Floats) -> tuple[Floats, Floats, float]:
    """Non-zero differences, their ranks, and SPSS's z (never positive; NaN without a non-zero difference)."""
    used = differences[differences != 0]
    n = used.size
    if n == 0:
        return used, used, NAN
    ranks = average_ranks(np.abs(used))
    _, ties = np.unique(ranks, return_counts=True)
    variance = n * (n + 1) * (2 * n + 1) / 24 - float((ties.astype(float) ** 3 - ties).sum()) / 48
    smaller = min(float(ranks[used > 0].sum()), float(ranks[used < 0].sum()))
    return used, ranks, (smaller - n * (n + 1) / 4) / math.sqrt(variance)


def signed_rank_p(differences: Floats) -> float:
    """Asymptotic two-sided p of the signed-rank test, as SPSS."""
    return min(1.0, p_normal(z)) if not math.isnan(z := signed_rank_z(differences)[2]) else NAN


def signed_rank(before: Floats, after: Floats) -> Row:
    """One row of `study.paired_tests` (without name and adjusted p): ``after`` minus ``before``.

    Zeros are dropped, ties share ranks, no continuity correction; z is never positive: the rank sums tell the
    direction. The Hodges-Lehmann shift is over the same non-zero differences, as in R's wilcox.test.
    """
    paired = ~np.isnan(before) & ~np.isnan(after)
    differences = np.round(after[paired] - before[paired], DECIMALS)
    used, ranks, z = signed_rank_z(differences)
    positive, negative = float(ranks[used > 0].sum()), float(ranks[used < 0].sum())
    n = used.size
    row: Row = {
        "n_pairs": int(differences.size),
        "n_zero": int(differences.size - n),
        "n_positive": int((used > 0).sum()),
        "n_negative": int((used < 0).sum()),
        "rank_sum_positive": positive,
        "rank_sum_negative": negative,
    }
    row |= dict.fromkeys(("z", "p", "p_exact", "rank_biserial"), NAN)
    row["hodges_lehmann"] = hodges_lehmann(used)
    if n == 0:
        return row
    row["z"], row["p"] = z, min(1.0, p_normal(z))
    exact = exact_signed_rank_p(ranks, positive)
    row["p_exact"] = NAN if exact is None else exact
    row["rank_biserial"] = (positive - negative) / (positive + negative)
    return row


def holm(p: Floats) -> Floats:
    """Holm's adjusted p; NaN stay NaN and do not count as tests."""
    return _adjust(p, lambda ordered, m: np.maximum.accumulate(ordered * (m - np.arange(m))))


def benjamini_hochberg(p: Floats) -> Floats:
    """Benjamini and Hochberg's adjusted p (false discovery rate); NaN stay NaN and do not count as tests."""
    return _adjust(p, lambda ordered, m: np.minimum.accumulate((ordered * m / np.arange(1, m + 1))[::-1])[::-1])


def _adjust(p: Floats, rule: Any) -> Floats:
    adjusted = np.full(p.size, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    if known.size:
        order = known[np.argsort(p[known], kind="stable")]
        adjusted[order] = np.minimum(1.0, rule(p[order], order.size))
    return adjusted


def paired_tests(data: StudyFrame) -> tuple[list[Row], list[Row]]:
    """Rows of `study.paired_tests`, and `study.diagnostics` rows for what was not computed and why."""
    rows: list[Row] = []
    notes: list[Row] = []
    for pair in data.spec.pairs:
        row = {"name": pair.name, **signed_rank(data.numeric(pair.t0), data.numeric(pair.t6))}
        if row["n_pairs"] == 0:
            notes.append({"model": pair.name, "check": "no_pairs", "value": 0.0})
        elif row["n_pairs"] == row["n_zero"]:
            notes.append({"model": pair.name, "check": "every_difference_is_zero", "value": float(row["n_pairs"])})
        elif math.isnan(row["p_exact"]):
            notes.append({"model": pair.name, "check": "exact_p_over_a_minute", "value": float(row["n_pairs"])})
        rows.append(row)
    p = np.array([row["p"] for row in rows], dtype=np.float64)
    for row, adjusted_holm, adjusted_bh in zip(rows, holm(p), benjamini_hochberg(p), strict=True):
        row["p_holm"], row["p_bh"] = float(adjusted_holm), float(adjusted_bh)
    return rows, notes
