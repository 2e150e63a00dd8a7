"""The smallest effect that a sample of the present size finds with 80 % power at the 5 % level."""

import math
from collections.abc import Callable

from assets.study.distributions import NAN, quantile_t

# Asymptotic efficiency of Wilcoxon's signed-rank test relative to the t-test under normality: 3 / pi.
WILCOXON_EFFICIENCY = 3 / math.pi


def power_f(f2: float, k: int, n: int) -> float:
    """Power of a model's overall F test: noncentrality f2 n (Cohen 1988, G*Power)."""
    from scipy.special import fdtri, ncfdtr

    df = n - k - 1
    if df < 1 or k < 1:
        return NAN
    return 1 - float(ncfdtr(k, df, f2 * n, float(fdtri(k, df, 0.95))))


def smallest_f2(k: int, n: int, power: float = 0.8) -> float:
    """Smallest f2 that the overall F test of ``k`` predictors finds with ``n`` cases."""
    if n - k - 1 < 1 or k < 1:
        return NAN
    return _smallest(lambda f2: power_f(f2, k, n), power)


def _smallest(power_of: Callable[[float], float], power: float) -> float:
    """Where a rising power curve reaches ``power``; the bracket grows from below, far tails are NaN in scipy."""
    from scipy.optimize import brentq

    high = 1e-3
    while power_of(high) < power:
        high *= 1.5
    return float(brentq(lambda effect: power_of(effect) - power, high / 1.5 if high > 1e-3 else 0.0, high))


def power_paired(dz: float, pairs: int) -> float:
    """Power of Wilcoxon's signed-rank test for a standardised difference, by its efficiency against paired t."""
    from scipy.special import nctdtr

    effective = pairs * WILCOXON_EFFICIENCY
    df = effective - 1
    if df <= 0:
        return NAN
    critical = quantile_t(0.975, df)
    delta = dz * math.sqrt(effective)
    tails = [float(nctdtr(df, delta, bound)) for bound in (critical, -critical)]
    # scipy gives NaN instead of a probability below about 1e-12.
    below, far = (0.0 if math.isnan(tail) else tail for tail in tails)
    return 1 - below + far


def smallest_dz(pairs: int, power: float = 0.8) -> float:
    """Smallest standardised difference d_z that the signed-rank test finds with so many pairs."""
    if pairs < 4:
        return NAN
    return _smallest(lambda dz: power_paired(dz, pairs), power)


def smallest_log_likelihood_effect(df: int, n: int, power: float = 0.8) -> float:
    """Smallest Cox-Snell R2 that a likelihood-ratio test with ``df`` degrees of freedom finds with ``n`` cases."""
    from scipy.special import chdtri, chndtr

    if df < 1 or n < 2:
        return NAN
    critical = float(chdtri(df, 0.05))
    lam = _smallest(lambda value: 1 - float(chndtr(critical, df, value)), power)
    return 1 - math.exp(-lam / n)
