"""A multinomial model of the spec as rows: fit, Wald tests, Firth's estimates, likelihood-ratio tests, checks."""

import math
from dataclasses import dataclass

import numpy as np

from assets.study.design import Design
from assets.study.distributions import NAN, p_chi2, quantile_normal
from assets.study.firth import fit_firth
from assets.study.frame import Floats, Ints
from assets.study.multinomial import MultinomialFit, Standardised, fit_multinomial, raw_scale
from assets.study.result import ModelResult, fail
from assets.study.rows import Row
from assets.study.spec import ModelSpec

# A class this small gets Firth's estimates beside the maximum-likelihood ones (contract, fine print).
RARE_CLASS = 10
# A larger standard error on standardised predictors is near separation: nothing a sample of this size can tell.
LARGE_SE = 10.0


@dataclass(frozen=True)
class _Task:
    """The complete cases of one model; ``y`` is the class with 0 the reference, ``counts`` the cases of each."""

    model: ModelSpec
    design: Design
    y: Ints
    scaled: Standardised
    counts: Ints

    @property
    def classes(self) -> int:
        return len(self.design.levels)

    @property
    def columns(self) -> int:
        return int(self.design.x.shape[1]) + 1


def run_multinomial(model: ModelSpec, design: Design, result: ModelResult) -> None:
    """Fit ``model`` and add its rows to ``result``; what the data do not allow becomes a status and a sentence."""
    y = np.asarray(design.outcome, dtype=np.intp)
    counts = np.bincount(y, minlength=len(design.levels))
    task = _Task(model, design, y, Standardised.of(design.x), counts)
    if design.n < (task.classes - 1) * task.columns:
        return fail(design, f"{design.n} complete cases cannot carry {(task.classes - 1) * task.columns} coefficients")
    fit = fit_multinomial(y, task.scaled.z, task.classes)
    if not (fit.converged or fit.separated):
        return fail(design, f"Newton's method found no maximum of the likelihood (gradient {fit.max_gradient:.1e})")
    result.model |= _fit_statistics(fit, counts, task.columns)
    b, se = raw_scale(fit.b, fit.cov, task.scaled.back)
    if fit.separated:
        result.model["status"] = "separated"
        design.messages.append(
            "a combination of the predictors separates the categories: the maximum-likelihood coefficients are infinite"
            " and left null; likelihood-ratio figures are the limits, the firth rows are finite"
        )
        b, se = np.full_like(b, np.nan), np.full_like(se, np.nan)
    elif fit.cov is None or _largest_slope_se(fit.cov, task.columns) > LARGE_SE:
        result.model["status"] = "near_separation"
        design.messages.append(
            "a standard error above 10 on standardised predictors: nearly separated categories, read the firth rows"
        )
    result.coefficients += _wald_rows(task, "ml", b, se)
    if result.model["status"] != "ok" or counts.min() < RARE_CLASS:
        result.coefficients += _firth_rows(task)
    result.effect_tests += _effect_tests(task, fit)
    result.diagnostics += _checks(task, fit)
    return None


def _fit_statistics(fit: MultinomialFit, counts: Ints, columns: int) -> Row:
    n = int(counts.sum())
    null = float((counts * np.log(counts / n)).sum())
    df = (counts.size - 1) * (columns - 1)
    chi2 = max(0.0, 2 * (fit.loglik - null))
    cox_snell = 1 - math.exp(-chi2 / n)
    return {
        "df_model": df,
        "statistic": chi2 if df else NAN,
        "p": p_chi2(chi2, df),
        "minus2ll_null": -2 * null,
        "minus2ll": -2 * fit.loglik,
        "cox_snell": cox_snell,
        "nagelkerke": cox_snell / (1 - math.exp(2 * null / n)),
        "mcfadden": 1 - fit.loglik / null,
        "aic": -2 * fit.loglik + 2 * fit.b.size,
        "bic": -2 * fit.loglik + math.log(n) * fit.b.size,
    }


def _largest_slope_se(cov: Floats, columns: int) -> float:
    return float(np.sqrt(np.diag(cov)).reshape(-1, columns)[:, 1:].max()) if columns > 1 else 0.0


def _wald_rows(task: _Task, method: str, b: Floats, se: Floats) -> list[Row]:
    """Rows in the order of the spec's terms; those left out, and those of a separated model, stay null."""
    design, rows = task.design, []
    for e, equation in enumerate(design.levels[1:]):
        for term in ("intercept", *design.all_terms):
            row: Row = {"model": task.model.name, "equation": equation, "term": term, "method": method}
            rows.append(row)
            if term == "intercept" or term in design.terms:
                i = 0 if term == "intercept" else 1 + design.terms.index(term)
                row |= _wald(float(b[e, i]), float(se[e, i]))
    return rows


def _wald(b: float, se: float) -> Row:
    if math.isnan(b):
        return {}
    row: Row = {"b": b, "exp_b": _exp(b)}
    if not math.isnan(se):
        z, wald = quantile_normal(0.975), (b / se) ** 2
        low, high = b - z * se, b + z * se
        row |= {"se": se, "statistic": wald, "df": 1, "p": p_chi2(wald, 1), "ci_low": low, "ci_high": high}
        row |= {"exp_ci_low": _exp(low), "exp_ci_high": _exp(high)}
    return row


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def _firth_rows(task: _Task) -> list[Row]:
    try:
        fit = fit_firth(task.y, task.scaled.z, task.classes)
    except np.linalg.LinAlgError:
        fit = None
    if fit is None or not fit.converged:
        task.design.messages.append("Firth's penalised estimates were not found")
        return []
    b, se = raw_scale(fit.b, fit.cov, task.scaled.back)
    return _wald_rows(task, "firth", b, se)


def _effect_tests(task: _Task, fit: MultinomialFit) -> list[Row]:
    """Likelihood-ratio test of dropping each effect on the same cases; the intercept too, as SPSS's NOMREG prints."""
    design, rows = task.design, []
    effects = np.array(design.effects)
    for effect in ("intercept", *dict.fromkeys(design.effects)) if design.effects else ():
        if effect == "intercept":
            reduced_z, width = design.x / design.x.std(axis=0), 1
        else:
            keep = effects != effect
            reduced_z, width = Standardised.of(design.x[:, keep]).z, int((~keep).sum())
        reduced = fit_multinomial(task.y, reduced_z, task.classes)
        row: Row = {"model": task.model.name, "term": effect}
        if reduced.converged or reduced.separated:
            df = (task.classes - 1) * width
            chi2 = max(0.0, 2 * (fit.loglik - reduced.loglik))
            row |= {"chi2": chi2, "df": df, "p": p_chi2(chi2, df)}
        rows.append(row)
    return rows


def _checks(task: _Task, fit: MultinomialFit) -> list[Row]:
    y, rarest = task.y, int(task.counts.min())
    checks: list[Row] = [
        {"check": "max_abs_gradient", "value": fit.max_gradient},
        {"check": "iterations", "value": fit.iterations},
        {"check": "rarest_class_n", "value": rarest},
        {"check": "rarest_class_per_parameter", "value": rarest / task.columns},
        {"check": "classified_correctly_percent", "value": 100 * float((fit.probabilities.argmax(axis=1) == y).mean())},
        *_goodness_of_fit(task, fit),
    ]
    return [{"model": task.model.name, **check} for check in checks]


def _goodness_of_fit(task: _Task, fit: MultinomialFit) -> list[Row]:
    """Pearson and deviance over the distinct covariate patterns, as NOMREG; meaningless where each case is its own."""
    _, pattern = np.unique(task.design.x, axis=0, return_inverse=True)
    pattern = pattern.ravel()
    observed = np.zeros((int(pattern.max()) + 1, task.classes))
    np.add.at(observed, (pattern, task.y), 1)
    expected = np.zeros_like(observed)
    np.add.at(expected, pattern, fit.probabilities)
    df = observed.shape[0] * (task.classes - 1) - fit.b.size
    rows: list[Row] = [{"check": "n_covariate_patterns", "value": observed.shape[0]}]
    if df <= 0:
        return rows
    filled = observed > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        cells = np.where(expected > 0, (observed - expected) ** 2 / expected, 0.0)
    deviance = float(2 * (observed[filled] * np.log(observed[filled] / expected[filled])).sum())
    for check, value in (("pearson", float(cells.sum())), ("deviance", deviance)):
        rows.append({"check": f"goodness_of_fit_{check}", "statistic": value, "df": df, "p": p_chi2(value, df)})
    return rows
