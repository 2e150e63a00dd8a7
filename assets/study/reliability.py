"""Reliability of a scale from its items: Cronbach's alpha and McDonald's omega, per wave."""

import numpy as np

from assets.study.distributions import NAN
from assets.study.frame import Floats
from assets.study.rows import Row
from assets.study.scales import ItemTables, cronbach_alpha

MAX_STEPS = 20_000


def mcdonald_omega(items: Floats) -> float:
    """Omega total of one common factor, fitted by maximum likelihood to complete respondents (McDonald 1999).

    (sum of loadings)^2 / ((sum of loadings)^2 + sum of unique variances); NaN below 3 items or without variance.
    """
    complete = items[~np.isnan(items).any(axis=1)]
    n, k = complete.shape
    if k < 3 or n <= k:
        return NAN
    cov = np.cov(complete, rowvar=False, bias=True)
    variances = np.diag(cov)
    if (variances <= 0).any():
        return NAN
    loadings, unique = _one_factor(cov / np.sqrt(np.outer(variances, variances)))
    total = float((loadings * np.sqrt(variances)).sum()) ** 2
    return total / (total + float((unique * variances).sum()))


def _one_factor(correlation: Floats) -> tuple[Floats, Floats]:
    """EM for one factor (Rubin and Thayer 1982); unique variances are held above 0.005 as SPSS does (Heywood)."""
    values, vectors = np.linalg.eigh(correlation)
    loadings = vectors[:, -1] * np.sqrt(values[-1])
    loadings = loadings if loadings.sum() >= 0 else -loadings
    unique = np.maximum(1 - loadings**2, 0.005)
    for _ in range(MAX_STEPS):
        weighted = loadings / unique
        beta = weighted / (1 + float(loadings @ weighted))
        cross = correlation @ beta
        second = 1 - float(beta @ loadings) + float(beta @ cross)
        new = cross / second
        unique = np.maximum(np.diag(correlation) - new * cross, 0.005)
        change, loadings = float(np.abs(new - loadings).max()), new
        if change < 1e-11:
            break
    return loadings, unique


def reliability(items: ItemTables) -> list[Row]:
    """Rows of `study.reliability`: scale, wave, complete respondents, items, alpha and omega."""
    rows: list[Row] = []
    for scale in sorted(items):
        for wave in sorted(items[scale]):
            answers = items[scale][wave][1]
            complete = ~np.isnan(answers).any(axis=1)
            rows.append(
                {
                    "scale": scale,
                    "wave": wave,
                    "n": int(complete.sum()),
                    "n_items": answers.shape[1],
                    "alpha": cronbach_alpha(answers),
                    "omega": mcdonald_omega(answers),
                }
            )
    return rows
