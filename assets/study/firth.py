"""Firth's penalised multinomial model: finite under separation, less biased in small classes."""

from dataclasses import dataclass

import numpy as np

from assets.study.frame import Floats, Ints
from assets.study.multinomial import information, log_probabilities


@dataclass
class FirthFit:
    """Estimates on the standardised scale; ``loglik`` is the penalised one."""

    b: Floats
    cov: Floats
    loglik: float
    converged: bool


# Scoring steps settle ordinary models in under 15; near separation they cycle and Newton steps take over.
SCORING_STEPS = 15
MAX_STEPS = 200
GRADIENT = 1e-9
# With coefficients in the thousands (perfect order in a large sample) rounding keeps the gradient above its limit.
STEP = 1e-9


def fit_firth(y: Ints, z: Floats, classes: int) -> FirthFit:
    """Maximise log-likelihood + half the log determinant of the information (Firth 1993; R: brglm2 ``AS_mean``).

    ``z`` is n x columns with its own intercept, ``y`` the class with 0 the reference. The modified score's penalty
    part is 1/2 sum_i x_i sum_ab (third cumulant of case i) (x_i' V_ab x_i), V the inverse information. Raises
    LinAlgError where the information is singular.
    """
    target = np.zeros((len(y), classes))
    target[np.arange(len(y)), y] = 1.0
    b = np.zeros((classes - 1, z.shape[1]))
    value = _penalised(b, y, z)
    converged = False
    for step_number in range(MAX_STEPS):
        score = modified_score(b, target, z)
        if np.abs(score).max() < GRADIENT:
            converged = True
            break
        if step_number < SCORING_STEPS:
            curvature = information(z, np.exp(log_probabilities(z, b)))
        else:
            curvature = _curvature(b, target, z)
        step = np.linalg.solve(curvature, score.ravel()).reshape(b.shape)
        if np.abs(step).max() < STEP * max(1.0, float(np.abs(b).max())):
            converged = True
            break
        factor = min(1.0, max(5.0, float(np.abs(b).max())) / float(np.abs(step).max()))
        slope = float((score * step).sum())
        while True:
            trial = _penalised(b + factor * step, y, z)
            # Close to the maximum the value stands still in its last digits: a small step is then taken as it is.
            if trial >= value + 1e-4 * factor * slope - 1e-11 * max(1.0, abs(value)) or factor < 1e-9:
                break
            factor /= 2
        b, value = b + factor * step, trial
    cov = np.asarray(np.linalg.inv(information(z, np.exp(log_probabilities(z, b)))), dtype=np.float64)
    return FirthFit(b, cov, value, converged)


def modified_score(b: Floats, target: Floats, z: Floats) -> Floats:
    """Gradient of the penalised log-likelihood, the shape of ``b``."""
    p = np.exp(log_probabilities(z, b))
    cov = np.asarray(np.linalg.inv(information(z, p)), dtype=np.float64)
    return np.asarray(((target - p)[:, 1:] + _penalty_residual(z, p, cov)).T @ z)


def _curvature(b: Floats, target: Floats, z: Floats) -> Floats:
    """Minus the Hessian by central differences of the score, lifted until it is positive definite."""
    size, h = b.size, 1e-5 * max(1.0, float(np.abs(b).max()))
    hessian = np.empty((size, size))
    for j in range(size):
        shift = np.zeros(b.shape)
        shift.flat[j] = h
        hessian[j] = ((modified_score(b - shift, target, z) - modified_score(b + shift, target, z)) / (2 * h)).ravel()
    hessian = (hessian + hessian.T) / 2
    values, vectors = np.linalg.eigh(hessian)
    values = np.maximum(np.abs(values), 1e-10 * float(np.abs(values).max()))
    return np.asarray((vectors * values) @ vectors.T)


def _penalised(b: Floats, y: Ints, z: Floats) -> float:
    logs = log_probabilities(z, b)
    sign, determinant = np.linalg.slogdet(information(z, np.exp(logs)))
    if sign <= 0:
        return -np.inf
    return float(logs[np.arange(len(y)), y].sum() + determinant / 2)


def _penalty_residual(z: Floats, p: Floats, cov: Floats) -> Floats:
    """Per case and equation, half the trace of (inverse information x derivative of the case's information)."""
    equations, columns = p.shape[1] - 1, z.shape[1]
    blocks = cov.reshape(equations, columns, equations, columns)
    q = (np.tensordot(z, blocks, axes=(1, 1)) * z[:, None, None, :]).sum(axis=-1)
    pi = p[:, 1:]
    out = np.empty((len(z), equations))
    for k in range(equations):
        # d w_ab / d eta_k for w_ab = p_a (1[a = b] - p_b)
        d_p = pi * ((np.arange(equations) == k)[None, :] - pi[:, [k]])
        d_w = np.einsum("ia,ab->iab", d_p, np.eye(equations))
        d_w -= np.einsum("ia,ib->iab", d_p, pi) + np.einsum("ia,ib->iab", pi, d_p)
        out[:, k] = np.einsum("iab,iab->i", q, d_w) / 2
    return out
