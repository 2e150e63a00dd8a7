"""Multinomial logistic regression by Newton's method, with proof of convergence and of separation."""

from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from assets.study.frame import Floats, Ints

GRADIENT = 1e-8
MAX_STEPS = 200
# Standardised coefficients beyond this are infinite for every purpose; the likelihood stands still long before.
FAR = 1e8
# Measured: at 1e-14 relative the likelihood of a separated model agrees with its limit to 10 digits.
LOGLIK_STILL = 1e-13


@dataclass
class MultinomialFit:
    """``b`` and ``cov`` are on the standardised scale, equation by equation with the intercept first."""

    b: Floats
    cov: Floats | None
    loglik: float
    iterations: int
    max_gradient: float
    converged: bool
    separated: bool
    probabilities: Floats = field(repr=False)


@dataclass(frozen=True)
class Standardised:
    """Predictors with mean 0 and SD 1 behind a column of ones, and the way back to the raw scale."""

    z: Floats
    back: Floats

    @classmethod
    def of(cls, x: Floats) -> "Standardised":
        """``x`` is n x k without intercept and without constant columns."""
        means, scales = x.mean(axis=0), x.std(axis=0)
        k = x.shape[1]
        back = np.eye(k + 1)
        if k:
            back[0, 1:] = -means / scales
            back[1:, 1:] = np.diag(1 / scales)
        return cls(np.column_stack([np.ones(len(x)), (x - means) / scales]), back)


def log_probabilities(z: Floats, b: Floats) -> Floats:
    """Log of the class probabilities (n x J); ``b`` is (J - 1) x columns, the reference has zeros."""
    eta = np.column_stack([np.zeros(len(z)), z @ b.T])
    top = eta.max(axis=1, keepdims=True)
    return np.asarray(eta - top - np.log(np.exp(eta - top).sum(axis=1, keepdims=True)))


def information(z: Floats, p: Floats) -> Floats:
    """Observed (= expected) information of the coefficients, equations stacked."""
    equations, columns = p.shape[1] - 1, z.shape[1]
    out = np.empty((equations * columns, equations * columns))
    for a in range(equations):
        for c in range(a, equations):
            weight = p[:, a + 1] * ((a == c) - p[:, c + 1])
            block = z.T @ (z * weight[:, None])
            out[a * columns : (a + 1) * columns, c * columns : (c + 1) * columns] = block
            out[c * columns : (c + 1) * columns, a * columns : (a + 1) * columns] = block.T
    return out


def fit_multinomial(y: Ints, z: Floats, classes: int, *, look_for_separation: bool = True) -> MultinomialFit:
    """Maximum likelihood of class ``y`` (0 is the reference) on the columns of ``z`` (which has its own intercept).

    Newton with step halving. Convergence is a gradient below 1e-8, not a solver's flag. Where the data are separated
    the estimates are infinite: the likelihood is then followed to its limit and ``separated`` is set (unless
    ``look_for_separation`` is off, where only the likelihood is wanted).
    """
    columns = z.shape[1]
    target = np.zeros((len(y), classes))
    target[np.arange(len(y)), y] = 1.0
    b = np.zeros((classes - 1, columns))
    logs = log_probabilities(z, b)
    loglik = float(logs[np.arange(len(y)), y].sum())
    iterations, gradient = 0, np.full(b.size, np.inf)
    still = 0
    while iterations < MAX_STEPS:
        iterations += 1
        p = np.exp(logs)
        gradient = ((target - p)[:, 1:].T @ z).ravel()
        step = _solve(information(z, p), gradient).reshape(b.shape)
        factor, previous = 1.0, loglik
        while True:
            trial = log_probabilities(z, b + factor * step)
            value = float(trial[np.arange(len(y)), y].sum())
            if value >= previous - 1e-12 * abs(previous) or factor < 1e-8:
                break
            factor /= 2
        b, logs, loglik = b + factor * step, trial, value
        small = np.abs(step).max() * factor < 1e-11 * max(1.0, float(np.abs(b).max()))
        still = still + 1 if abs(loglik - previous) <= LOGLIK_STILL * max(1.0, abs(loglik)) else 0
        if small or still >= 4 or np.abs(b).max() > FAR:
            break
    p = np.exp(logs)
    gradient = ((target - p)[:, 1:].T @ z).ravel()
    converged = bool(np.abs(gradient).max() < GRADIENT)
    doubtful = look_for_separation and not _proved_finite(y, p, gradient, converged)
    separated = doubtful and is_separated(y, z, classes)
    cov = None if separated else _inverse(information(z, p))
    return MultinomialFit(b, cov, loglik, iterations, float(np.abs(gradient).max()), converged, separated, p)


def _solve(matrix: Floats, vector: Floats) -> Floats:
    with suppress(np.linalg.LinAlgError):
        step = np.linalg.solve(matrix, vector)
        if np.isfinite(step).all():
            return np.asarray(step)
    # Information vanishes along the direction of separation: a ridge keeps the step finite and uphill.
    ridge = 1e-8 * float(np.trace(matrix)) / len(matrix) + 1e-12
    return np.asarray(np.linalg.solve(matrix + ridge * np.eye(len(matrix)), vector))


def _inverse(matrix: Floats) -> Floats | None:
    scale = np.sqrt(np.diag(matrix))
    if (scale <= 0).any():
        return None
    scaled = matrix / np.outer(scale, scale)
    if np.linalg.cond(scaled) > 1e13:
        return None
    return np.asarray(np.linalg.inv(scaled) / np.outer(scale, scale))


def _proved_finite(y: Ints, p: Floats, gradient: Floats, converged: bool) -> bool:
    """A zero gradient at a point where no probability is tiny rules separation out without a linear program.

    Along a separating direction the log-likelihood would rise by at least (smallest probability) x (gain), so the
    gradient could not vanish.
    """
    others = np.where(np.arange(p.shape[1])[None, :] == y[:, None], 1.0, p)
    return converged and float(others.min()) > 1e-3


def is_separated(y: Ints, z: Floats, classes: int) -> bool:
    """Whether some direction classifies no case worse and one case better (complete or quasi-complete separation).

    Linear programme (Konis 2007, for each pair of a case's class and another): maximise the sum of
    x_i'(d_yi - d_k) subject to each being >= 0 and |d| <= 1; a positive optimum is a separating direction.
    """
    from scipy.optimize import linprog

    rows = _pairwise(y, z, classes)
    # Equal rows bound the same direction; with binary predictors most are equal.
    rows = np.unique(np.round(rows, 12), axis=0)
    result = linprog(
        -rows.sum(axis=0), A_ub=-rows, b_ub=np.zeros(len(rows)), bounds=[(-1, 1)] * rows.shape[1], method="highs"
    )
    # The programme is homogeneous: a true direction reaches the bounds, the solver's own tolerance does not.
    return bool(result.status == 0 and -result.fun > 1e-7 and np.abs(result.x).max() > 0.5)


def _pairwise(y: Ints, z: Floats, classes: int) -> Floats:
    columns = z.shape[1]
    blocks = []
    for own in range(classes):
        cases = z[y == own]
        for other in range(classes):
            if other == own:
                continue
            block = np.zeros((len(cases), (classes - 1) * columns))
            if own:
                block[:, (own - 1) * columns : own * columns] = cases
            if other:
                block[:, (other - 1) * columns : other * columns] -= cases
            blocks.append(block)
    return np.concatenate(blocks)


def raw_scale(b: Floats, cov: Floats | None, back: Floats) -> tuple[Floats, Floats]:
    """Coefficients and standard errors on the predictors' own scale, both (J - 1) x columns."""
    raw = b @ back.T
    if cov is None:
        return raw, np.full(raw.shape, np.nan)
    equations = b.shape[0]
    transform = np.kron(np.eye(equations), back)
    variances = np.einsum("ij,jk,ik->i", transform, cov, transform)
    return raw, np.sqrt(variances).reshape(raw.shape)
