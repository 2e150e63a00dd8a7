"""Effect sizes with confidence intervals: of paired differences, linear models and multinomial models."""

import math

import numpy as np

from assets.study.distributions import NAN, p_t, quantile_normal, quantile_t
from assets.study.frame import Floats
from assets.study.multinomial import log_probabilities
from assets.study.ols import OlsFit
from assets.study.paired import DECIMALS, average_ranks, hodges_lehmann
from assets.study.rows import Row


def differences_of(before: Floats, after: Floats) -> Floats:
    """Second minus first wave of the pairs, rounded to 1e-9."""
    paired = ~np.isnan(before) & ~np.isnan(after)
    return np.asarray(np.round(after[paired] - before[paired], DECIMALS))


def rank_biserial_interval(used: Floats) -> tuple[float, float, float]:
    """Matched-pairs rank-biserial r = (T+ - T-) / (T+ + T-) with a 95 % interval on Fisher's z.

    Standard error sqrt((2 n^2 + 3 n + 1) / (6 n)) / ((n + 1) / 2) of the signed-rank sum (Kerby 2014; jamovi and
    JASP print the same interval). ``used`` holds the non-zero differences.
    """
    n = used.size
    if n == 0:
        return NAN, NAN, NAN
    ranks = average_ranks(np.abs(used))
    r = float((ranks * np.sign(used)).sum() / ranks.sum())
    if n < 2 or abs(r) == 1:
        return r, NAN, NAN
    se = math.sqrt((2 * n**2 + 3 * n + 1) / (6 * n)) / ((n + 1) / 2)
    half = quantile_normal(0.975) * se
    return r, math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


def hodges_lehmann_interval(used: Floats) -> tuple[float, float, float]:
    """Hodges-Lehmann shift with its 95 % interval: Walsh averages cut off by the normal approximation of T."""
    n = used.size
    shift = hodges_lehmann(used)
    if n < 6 or n > 2000:  # below 6 pairs no cut-off reaches 95 %; above, the averages are too many to hold
        return shift, NAN, NAN
    i, j = np.triu_indices(n)
    walsh = np.sort((used[i] + used[j]) / 2)
    spread = quantile_normal(0.975) * math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    cut = max(0, math.floor(n * (n + 1) / 4 - spread))
    return shift, float(walsh[cut]), float(walsh[walsh.size - 1 - cut])


def paired_t(differences: Floats) -> Row:
    """The protocol's paired t-test: t, df, p, mean difference with its interval, and Cohen's d_z."""
    n = differences.size
    row: Row = dict.fromkeys(("statistic", "p", "estimate", "ci_low", "ci_high", "effect_size"), NAN)
    row |= {"n": n, "df": n - 1 if n > 1 else None}
    if n < 2:
        return row
    mean, sd = float(differences.mean()), float(differences.std(ddof=1))
    row["estimate"] = mean
    if sd <= 1e-12 * max(1.0, abs(mean)):
        return row
    half = quantile_t(0.975, n - 1) * sd / math.sqrt(n)
    t = mean / (sd / math.sqrt(n))
    row |= {"statistic": t, "p": p_t(t, n - 1), "ci_low": mean - half, "ci_high": mean + half, "effect_size": mean / sd}
    return row


def cohen_dz_interval(differences: Floats) -> tuple[float, float, float]:
    """Cohen's d_z with the interval from the noncentral t distribution."""
    n = differences.size
    row = paired_t(differences)
    if math.isnan(row["effect_size"]):
        return NAN, NAN, NAN
    low, high = _noncentral_interval(row["statistic"], n - 1)
    return row["effect_size"], low / math.sqrt(n), high / math.sqrt(n)


def _noncentral_interval(t: float, df: int) -> tuple[float, float]:
    from scipy.optimize import brentq
    from scipy.special import nctdtr

    def bound(probability: float) -> float:
        def gap(delta: float) -> float:
            return float(nctdtr(df, delta, t)) - probability

        low = high = t
        while gap(low) < 0:
            low -= 0.5
        while gap(high) > 0:
            high += 0.5
        return float(brentq(gap, low, high)) if low < high else t

    return bound(0.975), bound(0.025)


def f2_interval(r2: float, k: int, df: int) -> tuple[float, float, float]:
    """Cohen's f2 of a model with its 95 % interval from the noncentral F distribution (lambda = f2 n)."""
    from scipy.optimize import brentq
    from scipy.special import ncfdtr

    if not 0 <= r2 < 1 or k < 1 or df < 1:
        return NAN, NAN, NAN
    f2, n = r2 / (1 - r2), k + df + 1
    f = f2 * df / k

    def bound(probability: float) -> float:
        def gap(noncentrality: float) -> float:
            return float(ncfdtr(k, df, noncentrality, f)) - probability

        if gap(0.0) < 0:
            return 0.0
        high = 1.0
        while gap(high) > 0:
            high *= 1.5
        return float(brentq(gap, 0.0, high)) / n

    return f2, bound(0.975), bound(0.025)


def ols_effects(fit: OlsFit) -> list[tuple[float, float, float, float]]:
    """Per predictor: standardised beta, its interval (B's interval rescaled), and its own f2 (t^2 / df)."""
    rows = []
    for i in range(1, fit.k + 1):
        scale = fit.beta[i] / fit.b[i] if fit.b[i] else NAN
        low, high = fit.ci[i] * scale
        rows.append((float(fit.beta[i]), float(low), float(high), float(fit.t[i] ** 2 / fit.df_resid)))
    return rows


def average_marginal_effects(x: Floats, b: Floats, cov: Floats) -> tuple[Floats, Floats]:
    """Average change of each category's probability per unit of each predictor, and its standard error.

    ``x`` n x k raw predictors; ``b`` (J - 1) x (k + 1) and ``cov`` belong to raw predictors, intercept first. A
    predictor with the two values 0 and 1 is changed from 0 to 1, any other by its slope. Returns J x k arrays.
    """
    z = np.column_stack([np.ones(len(x)), x])
    estimate = _marginal(z, b)
    jacobian = np.empty((estimate.size, b.size))
    scale = np.maximum(np.sqrt(np.diag(cov)), 1e-12) * 1e-4
    for j in range(b.size):
        shift = np.zeros(b.size)
        shift[j] = scale[j]
        up, down = _marginal(z, b + shift.reshape(b.shape)), _marginal(z, b - shift.reshape(b.shape))
        jacobian[:, j] = ((up - down) / (2 * scale[j])).ravel()
    variance = np.einsum("ij,jk,ik->i", jacobian, cov, jacobian)
    return estimate, np.sqrt(np.maximum(variance, 0)).reshape(estimate.shape)


def _marginal(z: Floats, b: Floats) -> Floats:
    p = np.exp(log_probabilities(z, b))
    slopes = np.vstack([np.zeros(b.shape[1]), b])
    out = np.empty((p.shape[1], z.shape[1] - 1))
    for k in range(1, z.shape[1]):
        if set(np.unique(z[:, k])) <= {0.0, 1.0}:
            on, off = z.copy(), z.copy()
            on[:, k], off[:, k] = 1.0, 0.0
            out[:, k - 1] = (np.exp(log_probabilities(on, b)) - np.exp(log_probabilities(off, b))).mean(axis=0)
        else:
            mean_slope = p @ slopes[:, k]
            out[:, k - 1] = (p * (slopes[:, k][None, :] - mean_slope[:, None])).mean(axis=0)
    return out
