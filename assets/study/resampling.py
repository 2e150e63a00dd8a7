"""Resampling: BCa bootstrap of linear models, permutation of the multinomial test, leave-one-out of conclusions."""

import math
from dataclasses import dataclass

import numpy as np

from assets.study.design import Design
from assets.study.distributions import p_t
from assets.study.frame import Floats, Ints
from assets.study.multinomial import fit_multinomial
from assets.study.ols import OlsFit
from assets.study.paired import signed_rank_p

# Holds one chunk of resampling weights (chunk x n doubles) to about 80 MB.
CHUNK_CELLS = 10_000_000


def bootstrap_bca(y: Floats, x: Floats, fit: OlsFit, resamples: int, seed: int) -> Floats:
    """95 % BCa intervals of the coefficients (k + 1 x 2), cases resampled (Efron 1987).

    NaN for a coefficient that over 5 % of the resamples could not estimate (a dummy without a case).
    """
    draws = _bootstrap_draws(y, x, resamples, seed)
    jackknife = _jackknife(y, x, fit)
    out = np.full((fit.k + 1, 2), np.nan)
    for i in range(fit.k + 1):
        values = draws[:, i]
        values = np.sort(values[np.isfinite(values)])
        if values.size < 0.95 * resamples:
            continue
        below = (values < fit.b[i]).mean() + (values == fit.b[i]).mean() / 2
        if not 0 < below < 1:
            continue
        out[i] = _bca(values, float(below), jackknife[:, i])
    return out


def _bca(values: Floats, below: float, jackknife: Floats) -> tuple[float, float]:
    from scipy.special import ndtr, ndtri

    away = jackknife.mean() - jackknife
    cubes = float((away**2).sum()) ** 1.5
    acceleration = float((away**3).sum()) / (6 * cubes) if cubes > 0 else 0.0
    bias = float(ndtri(below))
    ends = []
    for probability in (0.025, 0.975):
        q = bias + float(ndtri(probability))
        ends.append(float(np.quantile(values, float(ndtr(bias + q / (1 - acceleration * q))))))
    return ends[0], ends[1]


def _bootstrap_draws(y: Floats, x: Floats, resamples: int, seed: int) -> Floats:
    """Coefficients of every resample: weighted normal equations on standardised predictors, solved in batches."""
    rng = np.random.default_rng(seed)
    n, k = x.shape
    means, scales = x.mean(axis=0), x.std(axis=0)
    z = np.column_stack([np.ones(n), (x - means) / scales])
    products = np.einsum("ni,nj->nij", z, z).reshape(n, -1)
    moments = z * (y - y.mean())[:, None]
    out = np.full((resamples, k + 1), np.nan)
    size = max(1, CHUNK_CELLS // n)
    for start in range(0, resamples, size):
        count = min(size, resamples - start)
        weights = np.stack([np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(count)]).astype(np.float64)
        left = (weights @ products).reshape(count, k + 1, k + 1)
        good = np.linalg.cond(left) < 1e10
        if good.any():
            solved = np.linalg.solve(left[good], (weights @ moments)[good][:, :, None])[:, :, 0]
            out[start : start + count][good] = solved
    out[:, 1:] /= scales
    out[:, 0] += y.mean() - out[:, 1:] @ means
    return out


def _jackknife(y: Floats, x: Floats, fit: OlsFit) -> Floats:
    """Coefficients without each case, in closed form: b - (X'X)^-1 x_i e_i / (1 - h_i)."""
    design = np.column_stack([np.ones(len(y)), x])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = fit.residuals / (1 - fit.leverage)
    ratio = np.where(1 - fit.leverage > 1e-10, ratio, 0.0)
    return np.asarray(fit.b[None, :] - (design * ratio[:, None]) @ np.linalg.pinv(design.T @ design))


@dataclass(frozen=True)
class LeaveOneOut:
    """How one conclusion fares when each case is left out in turn: range of p, and how often p crosses .05."""

    p: float
    p_lowest: float
    p_highest: float
    n_refits: int
    n_changed: int


def _summarise(p: float, refits: Floats) -> LeaveOneOut:
    refits = refits[np.isfinite(refits)]
    if not refits.size:
        return LeaveOneOut(p, math.nan, math.nan, 0, 0)
    changed = int(((refits < 0.05) != (p < 0.05)).sum())
    return LeaveOneOut(p, float(refits.min()), float(refits.max()), int(refits.size), changed)


def leave_one_out_ols(y: Floats, x: Floats, fit: OlsFit) -> list[LeaveOneOut]:
    """Leave-one-out of every predictor's t-test, in closed form from one fit."""
    deleted = _jackknife(y, x, fit)
    df = fit.df_resid - 1
    if df < 1:
        return []
    rss = fit.sigma**2 * fit.df_resid
    usable = 1 - fit.leverage > 1e-10
    design = np.column_stack([np.ones(len(y)), x])
    inverse = np.linalg.pinv(design.T @ design)
    out = []
    for i in range(1, fit.k + 1):
        column = design @ inverse[i]
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = inverse[i, i] + column**2 / (1 - fit.leverage)
            s2 = (rss - fit.residuals**2 / (1 - fit.leverage)) / df
            t = deleted[:, i] / np.sqrt(variance * s2)
        p = np.array([p_t(value, df) for value in t[usable]])
        out.append(_summarise(float(fit.p[i]), p))
    return out


def leave_one_out_pairs(differences: Floats) -> LeaveOneOut:
    """Leave-one-out of the signed-rank test (asymptotic p) of differences."""
    p = signed_rank_p(differences)
    refits = [signed_rank_p(np.delete(differences, case)) for case in range(differences.size)]
    return _summarise(p, np.array(refits))


def leave_one_out_multinomial(design: Design, z: Floats, p: float, p_of: "object") -> LeaveOneOut:
    """Leave-one-out of the overall likelihood-ratio test; ``p_of`` maps (chi2, df) to p."""
    y, classes = np.asarray(design.outcome, dtype=np.intp), len(design.levels)
    values = []
    for case in range(len(y)):
        keep = np.arange(len(y)) != case
        chi2 = likelihood_ratio(y[keep], z[keep], classes)
        df = (classes - 1) * (z.shape[1] - 1)
        values.append(p_of(chi2, df) if math.isfinite(chi2) else math.nan)  # type: ignore[operator]
    return _summarise(p, np.array(values))


def likelihood_ratio(y: Ints, z: Floats, classes: int) -> float:
    """Overall likelihood-ratio chi-square of a multinomial model; NaN where a class is empty or nothing converged."""
    counts = np.bincount(y, minlength=classes)
    if counts.min() == 0:
        return math.nan
    fit = fit_multinomial(y, z, classes)
    if not (fit.converged or fit.separated):
        return math.nan
    return max(0.0, 2 * (fit.loglik - float((counts * np.log(counts / y.size)).sum())))


def permutation_p(y: Ints, z: Floats, classes: int, permutations: int, seed: int) -> float:
    """P of the overall likelihood-ratio test under random relabelling of the outcome: (1 + b) / (1 + permutations)."""
    rng = np.random.default_rng(seed)
    observed = likelihood_ratio(y, z, classes)
    if not math.isfinite(observed):
        return math.nan
    beyond = 0
    for _ in range(permutations):
        value = likelihood_ratio(y[rng.permutation(y.size)], z, classes)
        beyond += not math.isfinite(value) or value >= observed * (1 - 1e-9)
    return (1 + beyond) / (1 + permutations)
