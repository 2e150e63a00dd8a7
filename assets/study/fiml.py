"""Linear regression by full-information maximum likelihood: every case with any value counts.

All variables are treated as jointly normal (lavaan's ``missing="fiml", fixed.x=FALSE``), binary predictors too.
"""

import math
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

    Standard errors: the observed information of mean and covariance (analytic second derivatives), inverted, and
    carried to the coefficients by the delta method. Raises LinAlgError where the data are singular.
    """
    data = np.column_stack([y, x])
    data = data[~np.isnan(data).all(axis=1)]
    em = fit_em(data)
    centre, scale = em.mean, np.sqrt(np.diag(em.cov))
    correlation = em.cov / np.outer(scale, scale)
    information = _observed_information(patterns_of((data - centre) / scale), correlation)
    slopes = np.linalg.solve(correlation[1:, 1:], correlation[1:, 0])
    jacobian = _jacobian(correlation, slopes)
    back = _back(centre, scale)
    b = back @ np.concatenate([[0.0], slopes])
    b[0] += centre[0]
    spread = back @ jacobian
    se = np.sqrt(np.diag(spread @ np.linalg.inv(information) @ spread.T))
    explained = float(slopes @ correlation[1:, 0])
    beta = np.concatenate([[math.nan], slopes])
    return FimlFit(len(data), b, se, beta, explained, float(em.cov[0, 0] * (1 - explained)), em)


def _back(centre: Floats, scale: Floats) -> Floats:
    """From standardised intercept and slopes to raw ones (the outcome's mean is added apart)."""
    k = scale.size - 1
    back: Floats = np.eye(k + 1) * scale[0]
    back[0, 1:] = -scale[0] * centre[1:] / scale[1:]
    back[1:, 1:] = np.diag(scale[0] / scale[1:])
    return back


def _duplication(p: int) -> Floats:
    """The matrix that writes a symmetric p x p matrix, as a vector, from its lower triangle."""
    rows, columns = np.tril_indices(p)
    matrix = np.zeros((p * p, rows.size))
    matrix[rows * p + columns, np.arange(rows.size)] = 1.0
    matrix[columns * p + rows, np.arange(rows.size)] = 1.0
    return matrix


def _observed_information(groups: list[Pattern], cov: Floats) -> Floats:
    """Minus the second derivatives of the log-likelihood in mean 0 and the lower triangle of ``cov``.

    With A the inverse covariance of what a pattern shows, d its mean and M = scatter + d d':
    mean-mean n A; mean-cov n (A x Ad); cov-cov n/2 (AMA x A + A x AMA - A x A), x the Kronecker product.
    """
    p = cov.shape[0]
    mean_mean, mean_cov, cov_cov = np.zeros((p, p)), np.zeros((p, p * p)), np.zeros((p * p, p * p))
    for group in groups:
        seen = group.observed
        inverse = np.zeros((p, p))
        inverse[np.ix_(seen, seen)] = np.linalg.inv(cov[np.ix_(seen, seen)])
        away, second = np.zeros(p), np.zeros((p, p))
        away[seen] = group.mean
        second[np.ix_(seen, seen)] = group.scatter
        second += np.outer(away, away)
        shown = inverse @ second @ inverse
        mean_mean += group.n * inverse
        mean_cov += group.n * np.kron(inverse, (inverse @ away)[None, :])
        cov_cov += group.n / 2 * (np.kron(shown, inverse) + np.kron(inverse, shown) - np.kron(inverse, inverse))
    double = _duplication(p)
    cross = mean_cov @ double
    information: Floats = np.block([[mean_mean, cross], [cross.T, double.T @ cov_cov @ double]])
    return information


def _jacobian(cov: Floats, slopes: Floats) -> Floats:
    """Derivatives of intercept and slopes by mean and covariance, at mean 0: d b = Sxx^-1 (d sxy - d Sxx b)."""
    p = cov.shape[0]
    inverse = np.linalg.inv(cov[1:, 1:])
    direct = np.zeros((p - 1, p * p))
    for row in range(1, p):
        direct[:, row * p] = inverse[:, row - 1]
        for column in range(1, p):
            direct[:, row * p + column] = -inverse[:, row - 1] * slopes[column - 1]
    rows, columns = np.tril_indices(p)
    # Only the blocks xy and xx are read: an off-diagonal covariance of xx stands in both of its places.
    by_cov = direct[:, rows * p + columns] + np.where(
        (rows != columns) & (columns > 0), direct[:, columns * p + rows], 0.0
    )
    jacobian = np.zeros((p, p + rows.size))
    jacobian[0, 0] = 1.0
    jacobian[0, 1:p] = -slopes
    jacobian[1:, p:] = by_cov
    return jacobian
