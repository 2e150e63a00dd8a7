"""The study's regression models as tables: a status and a sentence for whatever the data do not allow."""

import numpy as np

from assets.study.design import Design, build_design, read_predictors
from assets.study.distributions import p_normal, quantile_normal
from assets.study.em import fit_em, little_test
from assets.study.fiml import FimlFit, fit_fiml
from assets.study.frame import StudyFrame
from assets.study.models_multinomial import run_multinomial
from assets.study.ols import OlsFit, fit_ols, ols_diagnostics
from assets.study.result import ModelResult, fail, null_rows
from assets.study.rows import Row
from assets.study.spec import ModelSpec


def run_model(data: StudyFrame, model: ModelSpec) -> ModelResult:
    """Fit one model of the spec; never raises for what the data hold."""
    design = build_design(data, model)
    result = ModelResult(
        {
            "model": model.name,
            "family": model.family,
            "outcome": model.outcome,
            "missing": model.missing,
            "n": design.n,
            "n_excluded": design.n_excluded,
            "status": "ok",
        }
    )
    if not design.fatal:
        (_run_ols if model.family == "ols" else run_multinomial)(model, design, result)
    if design.fatal:
        result.model["status"] = "not_estimable"
        result.coefficients = null_rows(model, design)
    if model.family == "ols":
        _incomplete_data(data, model, design, result)
    result.model["message"] = "; ".join(design.messages) or None
    return result


def _run_ols(model: ModelSpec, design: Design, result: ModelResult) -> None:
    k = design.x.shape[1]
    if design.n <= k + 1:
        return fail(design, f"{design.n} complete cases cannot carry {k + 1} coefficients")
    if design.outcome.max() == design.outcome.min():
        return fail(design, f"the outcome {model.outcome} is constant among the complete cases")
    fit = fit_ols(np.asarray(design.outcome, dtype=np.float64), design.x)
    exact = 1 - fit.r2 < 1e-14
    if exact:
        design.messages.append("the predictors determine the outcome exactly: no standard errors, no tests")
    result.model |= {"df_model": k, "df_resid": fit.df_resid, "r2": fit.r2, "adj_r2": fit.adj_r2}
    result.model |= {"minus2ll_null": -2 * fit.loglik_null}
    if not exact:
        result.model |= {"statistic": fit.f, "p": fit.p_f, "minus2ll": -2 * fit.loglik, "aic": fit.aic, "bic": fit.bic}
    result.coefficients = [
        {"model": model.name, "equation": None, "term": term, "method": "ml", **_ols_term(fit, design, term, exact)}
        for term in ("intercept", *design.all_terms)
    ]
    if k and not exact:
        result.diagnostics += [
            {"model": model.name, "check": check, "statistic": s, "df": df, "p": p, "value": value}
            for check, (s, df, p, value) in ols_diagnostics(fit, design.x).items()
        ]
    return None


def _ols_term(fit: OlsFit, design: Design, term: str, exact: bool) -> Row:
    if term != "intercept" and term not in design.terms:
        return {}
    i = 0 if term == "intercept" else 1 + design.terms.index(term)
    row: Row = {"b": fit.b[i], "beta": fit.beta[i], "vif": fit.vif[i]}
    if not exact:
        row |= {"se": fit.se[i], "statistic": fit.t[i], "df": fit.df_resid, "p": fit.p[i], "se_hc3": fit.se_hc3[i]}
        row |= {"ci_low": fit.ci[i, 0], "ci_high": fit.ci[i, 1]}
    return row


def _incomplete_data(data: StudyFrame, model: ModelSpec, design: Design, result: ModelResult) -> None:
    """Little's test for every linear model with missing values, FIML rows where the spec asks for them."""
    kept = [term for term in design.terms if not design.fatal]
    if not kept:
        if model.missing == "fiml":
            result.coefficients += null_rows(model, design, "fiml")
        return
    columns, terms, _, _, _ = read_predictors(data, model, [])
    x = np.column_stack([columns[terms.index(term)] for term in kept])
    y = data.numeric(model.outcome)
    both = np.column_stack([y, x])
    try:
        if np.isnan(both).any():
            chi2, df, p = little_test(fit_em(both))
            row = {"check": "little_mcar_ml_covariance", "statistic": chi2, "df": df, "p": p}
            result.diagnostics.append({"model": model.name, **row})
        if model.missing == "fiml":
            fit = fit_fiml(y, x)
            result.coefficients += _fiml_rows(fit, kept, model, design)
            for check, value in (("fiml_n", fit.n), ("fiml_r2", fit.r2), ("fiml_minus2ll", -2 * fit.em.loglik)):
                result.diagnostics.append({"model": model.name, "check": check, "value": float(value)})
    except np.linalg.LinAlgError:
        design.messages.append(
            "mean and covariance of the incomplete data are not estimable: no Little's test, no fiml"
        )
        if model.missing == "fiml":
            result.coefficients += null_rows(model, design, "fiml")


def _fiml_rows(fit: FimlFit, kept: list[str], model: ModelSpec, design: Design) -> list[Row]:
    z = quantile_normal(0.975)
    rows: list[Row] = []
    for term in ("intercept", *design.all_terms):
        row: Row = {"model": model.name, "equation": None, "term": term, "method": "fiml"}
        if term == "intercept" or term in kept:
            i = 0 if term == "intercept" else 1 + kept.index(term)
            b, se = float(fit.b[i]), float(fit.se[i])
            row |= {"b": b, "se": se, "beta": fit.beta[i], "statistic": b / se, "p": p_normal(b / se)}
            row |= {"ci_low": b - z * se, "ci_high": b + z * se}
        rows.append(row)
    return rows
