"""Count outcomes: Poisson, its quasi-Poisson dispersion, and the negative binomial (NB2) model."""

import math
from dataclasses import dataclass

import numpy as np

from assets.study.frame import Floats
from assets.study.multinomial import Standardised

MAX_STEPS = 200


@dataclass
class CountFit:
    """Coefficients with the intercept first, raw scale; ``theta`` is the NB2 shape (variance = mu + mu^2 / theta)."""

    n: int
    b: Floats
    se: Floats
    loglik: float
    deviance: float
    dispersion: float
    theta: float
    converged: bool


def fit_poisson(y: Floats, x: Floats) -> CountFit:
    """Poisson regression with log link by Newton's method; ``x`` is n x k without intercept, ``y`` counts."""
    scaled = Standardised.of(x)
    b, cov, converged = _newton(y, scaled.z, math.inf)
    mu = np.exp(scaled.z @ b)
    pearson = float(((y - mu) ** 2 / mu).sum()) / max(1, y.size - b.size)
    return CountFit(
        n=y.size,
        b=scaled.back @ b,
        se=np.sqrt(np.diag(scaled.back @ cov @ scaled.back.T)),
        loglik=_loglik(y, mu, math.inf),
        deviance=float(2 * (_xlogy(y, y / mu) - (y - mu)).sum()),
        dispersion=pearson,
        theta=math.inf,
        converged=converged,
    )


def fit_negative_binomial(y: Floats, x: Floats) -> CountFit:
    """NB2 regression, theta by maximum likelihood on the profile (R: MASS::glm.nb, run to convergence).

    Without overdispersion theta is infinite: the Poisson fit is returned with that theta.
    """
    from scipy.optimize import minimize_scalar

    scaled = Standardised.of(x)

    def profile(log_theta: float) -> float:
        theta = math.exp(log_theta)
        b, _, _ = _newton(y, scaled.z, theta)
        return -_loglik(y, np.exp(scaled.z @ b), theta)

    grid = np.linspace(-4, 12, 17)
    values = [profile(value) for value in grid]
    best = int(np.argmin(values))
    if best == len(grid) - 1:
        return fit_poisson(y, x)
    bounds = (grid[max(0, best - 1)], grid[best + 1])
    found = minimize_scalar(profile, bounds=bounds, method="bounded", options={"xatol": 1e-10})
    theta = math.exp(float(found.x))
    b, cov, converged = _newton(y, scaled.z, theta)
    mu = np.exp(scaled.z @ b)
    deviance = float(2 * (_xlogy(y, y / mu) - (y + theta) * np.log((y + theta) / (mu + theta))).sum())
    pearson = float(((y - mu) ** 2 / (mu + mu**2 / theta)).sum()) / max(1, y.size - b.size)
    return CountFit(
        n=y.size,
        b=scaled.back @ b,
        se=np.sqrt(np.diag(scaled.back @ cov @ scaled.back.T)),
        loglik=_loglik(y, mu, theta),
        deviance=deviance,
        dispersion=pearson,
        theta=theta,
        converged=converged,
    )


def _newton(y: Floats, z: Floats, theta: float) -> tuple[Floats, Floats, bool]:
    """Fisher scoring for the coefficients at a fixed theta; the covariance is the inverse expected information."""
    b = np.zeros(z.shape[1])
    b[0] = math.log(max(float(y.mean()), 1e-8))
    value = _loglik(y, np.exp(z @ b), theta)
    converged = False
    for _ in range(MAX_STEPS):
        mu = np.exp(z @ b)
        shrink = 1.0 if math.isinf(theta) else 1 / (1 + mu / theta)
        gradient = z.T @ ((y - mu) * shrink)
        step = np.linalg.solve((z * (mu * shrink)[:, None]).T @ z, gradient)
        factor = 1.0
        while factor > 1e-8:
            trial = _loglik(y, np.exp(np.clip(z @ (b + factor * step), -700, 700)), theta)
            if trial >= value - 1e-12 * abs(value):
                break
            factor /= 2
        b, value = b + factor * step, trial
        if np.abs(step).max() < 1e-11 * max(1.0, float(np.abs(b).max())):
            converged = True
            break
    mu = np.exp(z @ b)
    shrink = 1.0 if math.isinf(theta) else 1 / (1 + mu / theta)
    cov: Floats = np.asarray(np.linalg.inv((z * (mu * shrink)[:, None]).T @ z), dtype=np.float64)
    return b, cov, converged


def _xlogy(a: Floats, b: Floats) -> Floats:
    from scipy.special import xlogy

    return np.asarray(xlogy(a, b))


def _loglik(y: Floats, mu: Floats, theta: float) -> float:
    from scipy.special import gammaln

    if math.isinf(theta):
        return float((_xlogy(y, mu) - mu - gammaln(y + 1)).sum())
    return float(
        (
            gammaln(y + theta)
            - gammaln(theta)
            - gammaln(y + 1)
            + theta * np.log(theta / (theta + mu))
            + _xlogy(y, mu / (theta + mu))
        ).sum()
    )
