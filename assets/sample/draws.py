"""Drawing so that small agencies look like the study too.

Independent draws of 95 people miss a share of 28.7 % by five points in more than one seed of four; quotas and
stratified quantiles keep the marginals near the published ones for every seed, while who has what stays random.
"""

import math
from collections.abc import Callable, Sequence
from random import Random
from statistics import NormalDist
from typing import TypeVar

T = TypeVar("T")
NORMAL = NormalDist()


def quota(rng: Random, n: int, shares: Sequence[tuple[T, float]]) -> list[T]:
    """Return ``n`` values with each share met to the nearest whole person (largest remainders), in random order."""
    whole = sum(share for _, share in shares)
    exact = [n * share / whole for _, share in shares]
    counts = [math.floor(value) for value in exact]
    by_remainder = sorted(range(len(shares)), key=lambda i: (counts[i] - exact[i], i))
    for i in by_remainder[: n - sum(counts)]:
        counts[i] += 1
    values = [value for (value, _), count in zip(shares, counts, strict=True) for _ in range(count)]
    rng.shuffle(values)
    return values


def flags(rng: Random, n: int, share: float) -> list[bool]:
    """Return ``n`` flags of which the share is true."""
    return quota(rng, n, [(True, share), (False, 1 - share)])


def strata(rng: Random, n: int) -> list[float]:
    """Return one uniform number from each of ``n`` equal slices of (0, 1), in ascending order."""
    return [min(max((i + rng.random()) / n, 1e-6), 1 - 1e-6) for i in range(n)]


def gamma_quantile(p: float, mean: float, sd: float) -> float:
    """Quantile of a gamma distribution by the Wilson-Hilferty approximation, never negative."""
    shape = (mean / sd) ** 2
    cube = 1 - 1 / (9 * shape) + NORMAL.inv_cdf(p) / (3 * math.sqrt(shape))
    return mean * max(cube, 0.0) ** 3


def stratified(rng: Random, n: int, quantile: Callable[[float], float]) -> list[float]:
    """Return ``n`` numbers that follow the quantile function closely, in random order."""
    values = [quantile(p) for p in strata(rng, n)]
    rng.shuffle(values)
    return values


def coupled(rng: Random, leader: Sequence[float], rho: float, quantile: Callable[[float], float]) -> list[float]:
    """Return numbers following ``quantile``, with a normal-score correlation of about ``rho`` to ``leader``."""
    n = len(leader)
    order = sorted(range(n), key=lambda i: (leader[i], i))
    score = [0.0] * n
    for place, i in enumerate(order):
        z = NORMAL.inv_cdf((place + 0.5) / n)
        score[i] = rho * z + math.sqrt(1 - rho * rho) * rng.gauss(0, 1)
    values = [0.0] * n
    for p, i in zip(strata(rng, n), sorted(range(n), key=lambda i: (score[i], i)), strict=True):
        values[i] = quantile(p)
    return values


def some(n: int, share: float) -> int:
    """How many of ``n`` carry a kind of mess: at least one, except among a handful of clients."""
    return 0 if n < 20 else max(1, round(n * share))
