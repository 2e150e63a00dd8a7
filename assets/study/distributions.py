"""Tail probabilities, from scipy.special: a tenth of the import time of scipy.stats, and the same functions below."""

import math

NAN = float("nan")


def p_chi2(statistic: float, df: float) -> float:
    """Upper tail of the chi-square distribution; NaN where it is not defined."""
    from scipy.special import chdtrc

    if not math.isfinite(statistic) or df <= 0:
        return NAN
    return float(chdtrc(df, max(statistic, 0.0)))


def p_f(statistic: float, df1: float, df2: float) -> float:
    """Upper tail of the F distribution."""
    from scipy.special import fdtrc

    if not math.isfinite(statistic) or df1 <= 0 or df2 <= 0:
        return NAN
    return float(fdtrc(df1, df2, statistic))


def p_t(statistic: float, df: float) -> float:
    """Two-sided p of a t statistic; from the lower tail, so that small p keep their digits."""
    from scipy.special import stdtr

    if not math.isfinite(statistic) or df <= 0:
        return NAN
    return float(2 * stdtr(df, -abs(statistic)))


def p_normal(statistic: float) -> float:
    """Two-sided p of a standard normal statistic."""
    from scipy.special import ndtr

    return float(2 * ndtr(-abs(statistic))) if math.isfinite(statistic) else NAN


def quantile_t(probability: float, df: float) -> float:
    """Quantile of the t distribution."""
    from scipy.special import stdtrit

    return float(stdtrit(df, probability)) if df > 0 else NAN


def quantile_normal(probability: float) -> float:
    """Quantile of the standard normal distribution."""
    from scipy.special import ndtri

    return float(ndtri(probability))
