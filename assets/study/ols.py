"""Linear regression: what SPSS's REGRESSION prints, with HC3, Breusch-Pagan and information criteria beside it."""

import math
from dataclasses import dataclass, field

import numpy as np

from assets.study.distributions import NAN, p_chi2, p_f, p_t, quantile_t
from assets.study.frame import Floats


@dataclass
class OlsFit:
    """Arrays have the intercept first; lengths k + 1. ``residuals`` and ``leverage`` have a value a case."""

    n: int
    k: int
    b: Floats
    se: Floats
    t: Floats
    p: Floats
    ci: Floats
    beta: Floats
    vif: Floats
    se_hc3: Floats
    r2: float
    adj_r2: float
    f: float
    p_f: float
    sigma: float
    loglik: float
    loglik_null: float
    residuals: Floats = field(repr=False)
    leverage: Floats = field(repr=False)

    @property
    def df_resid(self) -> int:
        """Residual degrees of freedom."""
        return self.n - self.k - 1

    @property
    def aic(self) -> float:
        """Akaike's criterion; sigma counts as a parameter, as in R (statsmodels is lower by 2)."""
        return -2 * self.loglik + 2 * (self.k + 2)

    @property
    def bic(self) -> float:
        """Schwarz's criterion; sigma counts as a parameter."""
        return -2 * self.loglik + math.log(self.n) * (self.k + 2)


def fit_ols(y: Floats, x: Floats) -> OlsFit:
    """Least squares of ``y`` (n) on ``x`` (n x k, without intercept, full column rank) and an intercept.

    Solved by QR of the standardised predictors and transformed back: on the raw scale a condition number of 6e5
    costs seven of sixteen digits. Needs n > k + 1.
    """
    n, k = x.shape
    means, scales = x.mean(axis=0), x.std(axis=0)
    z = (x - means) / scales
    q, r = np.linalg.qr(np.column_stack([np.ones(n), z]))
    r_inverse = np.linalg.inv(r)
    back = _back_transform(means, scales)
    standardised = r_inverse @ (q.T @ y)
    residuals = y - q @ (q.T @ y)
    leverage = np.minimum((q**2).sum(axis=1), 1.0)
    df = n - k - 1
    rss = float(residuals @ residuals)
    tss = float(((y - y.mean()) ** 2).sum())
    sigma2 = rss / df
    b = back @ standardised
    root = back @ r_inverse
    se = np.sqrt(sigma2 * (root**2).sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = b / se
        r2 = 1 - rss / tss if tss > 0 else NAN
        f = (r2 / k) / ((1 - r2) / df) if k and r2 < 1 else NAN
    half = quantile_t(0.975, df) * se
    sd_y = math.sqrt(tss / (n - 1))
    beta = np.full(k + 1, np.nan)
    beta[1:] = b[1:] * x.std(axis=0, ddof=1) / sd_y if sd_y > 0 else np.nan
    return OlsFit(
        n=n,
        k=k,
        b=b,
        se=se,
        t=t,
        p=np.array([p_t(value, df) for value in t]),
        ci=np.column_stack([b - half, b + half]),
        beta=beta,
        vif=np.concatenate([[np.nan], (z**2).sum(axis=0) * (r_inverse[1:] ** 2).sum(axis=1)]),
        se_hc3=_hc3(root, q, residuals, leverage),
        r2=r2,
        adj_r2=1 - (1 - r2) * (n - 1) / df,
        f=f,
        p_f=p_f(f, k, df),
        sigma=math.sqrt(sigma2),
        loglik=_loglik(rss, n),
        loglik_null=_loglik(tss, n),
        residuals=residuals,
        leverage=leverage,
    )


def _back_transform(means: Floats, scales: Floats) -> Floats:
    """The matrix A with b = A b*, from standardised predictors to raw ones; covariances follow as A V A'."""
    k = means.size
    back = np.eye(k + 1)
    back[0, 1:] = -means / scales
    back[1:, 1:] = np.diag(1 / scales)
    return back


def _loglik(ss: float, n: int) -> float:
    return -n / 2 * (math.log(2 * math.pi) + math.log(ss / n) + 1) if ss > 0 else NAN


def _hc3(root: Floats, q: Floats, residuals: Floats, leverage: Floats) -> Floats:
    """MacKinnon and White's HC3; a case with leverage 1 makes it undefined."""
    if (1 - leverage).min() < 1e-10:
        return np.full(root.shape[0], np.nan)
    influence = (q * (residuals / (1 - leverage))[:, None]) @ root.T
    return np.asarray(np.sqrt((influence**2).sum(axis=0)))


def ols_diagnostics(fit: OlsFit, x: Floats) -> dict[str, tuple[float, float, float, float]]:
    """Checks of one fit as name -> (statistic, df, p, value); cases count in the order of their IDs."""
    from assets.study.descriptives import shapiro

    e, h, k = fit.residuals, fit.leverage, fit.k
    rss = float(e @ e)
    checks: dict[str, tuple[float, float, float, float]] = {}
    checks["durbin_watson"] = (float((np.diff(e) ** 2).sum()) / rss, NAN, NAN, NAN)
    auxiliary = fit_ols(e**2, x)
    bp = fit.n * auxiliary.r2
    checks["breusch_pagan_studentized"] = (bp, k, p_chi2(bp, k), NAN)
    w, p = shapiro(e)
    checks["shapiro_residuals"] = (w, NAN, p, NAN)
    with np.errstate(divide="ignore", invalid="ignore"):
        cooks = e**2 / ((k + 1) * fit.sigma**2) * h / (1 - h) ** 2
        internal2 = e**2 / (fit.sigma**2 * (1 - h))
        deleted = np.sign(e) * np.sqrt(internal2 * (fit.df_resid - 1) / (fit.df_resid - internal2))
    checks["max_cooks"] = (NAN, NAN, NAN, _largest(cooks))
    checks["n_cooks_above_4_over_n"] = (NAN, NAN, NAN, float((cooks > 4 / fit.n).sum()))
    checks["max_centred_leverage"] = (NAN, NAN, NAN, float(h.max() - 1 / fit.n))
    checks["max_abs_studentized_deleted"] = (NAN, NAN, NAN, _largest(np.abs(deleted)))
    checks["max_condition_index"] = (NAN, NAN, NAN, float(condition_indices(x)[-1]))
    return checks


def _largest(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.max()) if known.size else NAN


def condition_indices(x: Floats) -> Floats:
    """Belsley's condition indices as SPSS: columns with the constant, scaled to length 1, not centred; ascending."""
    columns = np.column_stack([np.ones(len(x)), x])
    singular = np.linalg.svd(columns / np.linalg.norm(columns, axis=0), compute_uv=False)
    return np.asarray(singular[0] / singular)


def cooks_distance(fit: OlsFit) -> Floats:
    """Cook's distance of each case."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = fit.leverage / (1 - fit.leverage) ** 2
    return np.asarray(fit.residuals**2 / ((fit.k + 1) * fit.sigma**2) * ratio)
