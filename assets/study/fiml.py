"""Linear regression by full-information maximum likelihood: every case with any value counts.

All variables are treated as jointly normal (lavaan's ``missing="fiml", fixed.x=FALSE``), binary predictors too.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assets.study.em import EmFit, Pattern, fit_em, patterns_of
from assets.study.frame import Floats


@dataclass
class FimlFit:
    """Coefficients with the intercept first; ``se`` from the observed information; ``loglik`` of the joint model."""

    n: int
    b: Floats
    se: Floats
    beta: Floats
    r2: float
    residual_variance: float
    em: EmFit


def fit_fiml(y: Floats, x: Floats) -> FimlFit:
    """Regress ``y`` (n) on ``x`` (n x k), NaN where missing; the regression is read off the EM mean and covariance.

    Standard errors: the observed information of mean and covariance (central difference of the analytic score),
    inverted, and carried to the coefficients by the delta method. Raises LinAlgError where the data are singular.
    """
    data = np.column_stack([y, x])
    data = data[~np.isnan(data).all(axis=1)]
    em = fit_em(data)
    centre, scale = em.mean, np.sqrt(np.diag(em.cov))
    groups = patterns_of((data - centre) / scale)
    correlation = em.cov / np.outer(scale, scale)
    theta = _pack(np.zeros(scale.size), correlation)
    score = _score_function(groups, scale.size)
    hessian = np.empty((theta.size, theta.size))
    step = 1e-5
    for j in range(theta.size):
        shift = np.zeros(theta.size)
        shift[j] = step
        # Fourth-order difference: the second-order one leaves 1e-9 in the standard errors.
        near = score(theta + shift) - score(theta - shift)
        far = score(theta + 2 * shift) - score(theta - 2 * shift)
        hessian[j] = (8 * near - far) / (12 * step)
    cov_theta = np.linalg.inv(-(hessian + hessian.T) / 2)
    jacobian = np.empty((scale.size, theta.size))
    for j in range(theta.size):
        shift = np.zeros(theta.size)
        shift[j] = step
        jacobian[:, j] = (
            8 * (_regression(theta + shift) - _regression(theta - shift))
            - (_regression(theta + 2 * shift) - _regression(theta - 2 * shift))
        ) / (12 * step)
    standard = _regression(theta)
    back = _back(centre, scale)
    b = back @ standard
    b[0] += centre[0]
    se = np.sqrt(np.diag(back @ jacobian @ cov_theta @ jacobian.T @ back.T))
    explained = float(standard[1:] @ correlation[1:, 0])
    beta = np.concatenate([[math.nan], standard[1:]])
    return FimlFit(len(data), b, se, beta, explained, float(em.cov[0, 0] * (1 - explained)), em)


def _back(centre: Floats, scale: Floats) -> Floats:
    """From standardised intercept and slopes to raw ones (the outcome's mean is added apart)."""
    k = scale.size - 1
    back: Floats = np.eye(k + 1) * scale[0]
    back[0, 1:] = -scale[0] * centre[1:] / scale[1:]
    back[1:, 1:] = np.diag(scale[0] / scale[1:])
    return back


def _pack(mean: Floats, cov: Floats) -> Floats:
    return np.asarray(np.concatenate([mean, cov[np.tril_indices(mean.size)]]))


def _unpack(theta: Floats, p: int) -> tuple[Floats, Floats]:
    cov = np.zeros((p, p))
    cov[np.tril_indices(p)] = theta[p:]
    return theta[:p], cov + np.tril(cov, -1).T


def _regression(theta: Floats) -> Floats:
    p = int((math.sqrt(9 + 8 * theta.size) - 3) / 2)
    mean, cov = _unpack(theta, p)
    slopes = np.linalg.solve(cov[1:, 1:], cov[1:, 0])
    return np.asarray(np.concatenate([[mean[0] - slopes @ mean[1:]], slopes]))


def _score_function(groups: list[Pattern], p: int) -> Callable[[Floats], Floats]:
    rows, columns = np.tril_indices(p)
    double = np.where(rows == columns, 1.0, 2.0)  # an off-diagonal covariance stands in the matrix twice

    def score(theta: Floats) -> Floats:
        mean, cov = _unpack(theta, p)
        d_mean, d_cov = np.zeros(p), np.zeros((p, p))
        for group in groups:
            seen = group.observed
            inverse = np.linalg.inv(cov[np.ix_(seen, seen)])
            away = group.mean - mean[seen]
            d_mean[seen] += group.n * (inverse @ away)
            second = inverse @ (group.scatter + np.outer(away, away)) @ inverse - inverse
            d_cov[np.ix_(seen, seen)] += group.n / 2 * second
        return np.concatenate([d_mean, double * d_cov[rows, columns]])

    return score
