"""One model of a specification curve on plain arrays: what the worker processes of the curve run."""

import math
from dataclasses import dataclass

import numpy as np

from assets.study.distributions import p_chi2, p_normal
from assets.study.fiml import fit_fiml
from assets.study.frame import Floats
from assets.study.multinomial import Standardised, fit_multinomial
from assets.study.ols import fit_ols


@dataclass(frozen=True)
class Member:
    """One model of the family; ``focal`` is among ``predictors`` or None for the overall test."""

    family: str
    outcome: str
    predictors: tuple[str, ...]
    focal: str | None
    missing: str


@dataclass(frozen=True)
class Outcome:
    """Cases, test statistic, p and (for a focal predictor of a linear model) the standardised estimate."""

    n: int
    estimate: float
    statistic: float
    p: float


NOT_ESTIMABLE = (math.nan, math.nan, math.nan)

Columns = dict[str, Floats]


def fit_member(member: Member, columns: dict[str, Columns], outcome: Floats) -> Outcome:
    """Fit one model. ``columns`` maps a predictor to its design columns (term -> n values, NaN missing)."""
    terms = [(name, values) for name in member.predictors for values in columns[name].values()]
    x = np.column_stack([values for _, values in terms])
    owners = [name for name, _ in terms]
    complete = ~(np.isnan(outcome) | np.isnan(x).any(axis=1))
    n = int(complete.sum())
    kept = x[complete]
    if n:
        varies = kept.max(axis=0) > kept.min(axis=0)
        x, owners = x[:, varies], [name for name, keep in zip(owners, varies, strict=True) if keep]
    if not owners or (member.focal is not None and member.focal not in owners):
        return Outcome(n, *NOT_ESTIMABLE)
    try:
        if member.family == "multinomial":
            found = _multinomial(member, x[complete], owners, outcome[complete])
        elif member.missing == "fiml":
            found = _fiml(member, x, owners, outcome)
            n = int((~np.isnan(np.column_stack([outcome, x])).all(axis=1)).sum())
        else:
            found = _linear(member, x[complete], owners, outcome[complete])
    except np.linalg.LinAlgError:
        found = NOT_ESTIMABLE
    return Outcome(n, *found)


def _linear(member: Member, x: Floats, owners: list[str], y: Floats) -> tuple[float, float, float]:
    if y.size <= x.shape[1] + 1 or y.max() == y.min() or not _full_rank(x):
        return NOT_ESTIMABLE
    fit = fit_ols(y, x)
    if member.focal is None:
        return fit.r2, fit.f, fit.p_f
    i = 1 + owners.index(member.focal)
    return float(fit.beta[i]), float(fit.t[i]), float(fit.p[i])


def _fiml(member: Member, x: Floats, owners: list[str], y: Floats) -> tuple[float, float, float]:
    if member.focal is None:
        return NOT_ESTIMABLE
    fit = fit_fiml(y, x)
    i = 1 + owners.index(member.focal)
    z = float(fit.b[i] / fit.se[i])
    return float(fit.beta[i]), z, p_normal(z)


def _multinomial(member: Member, x: Floats, owners: list[str], codes: Floats) -> tuple[float, float, float]:
    occurring, y = np.unique(codes, return_inverse=True)
    classes = occurring.size
    if classes < 2 or y.size < (classes - 1) * (x.shape[1] + 1) or not _full_rank(x):
        return NOT_ESTIMABLE
    loglik = _loglik(y, x, classes)
    if member.focal is None:
        counts = np.bincount(y)
        reduced, df = float((counts * np.log(counts / y.size)).sum()), x.shape[1]
    else:
        keep = [i for i, owner in enumerate(owners) if owner != member.focal]
        reduced, df = _loglik(y, x[:, keep], classes), x.shape[1] - len(keep)
    chi2 = max(0.0, 2 * (loglik - reduced))
    return 1 - math.exp(-chi2 / y.size), chi2, p_chi2(chi2, df * (classes - 1))


def _loglik(y: "np.ndarray", x: Floats, classes: int) -> float:
    """The likelihood-ratio test needs the likelihood only, which has its limit under separation too."""
    return fit_multinomial(y, Standardised.of(x).z, classes, look_for_separation=False).loglik


def _full_rank(x: Floats) -> bool:
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    return bool(np.linalg.svd(scaled, compute_uv=False)[-1] > 1e-7 * math.sqrt(len(x)))
