"""Beyond the paper: effect sizes, robustness of each conclusion, attrition, reliability, the protocol's own tests."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from assets.study.attrition import attrition, attrition_model
from assets.study.counts import CountFit, fit_negative_binomial, fit_poisson
from assets.study.design import Design, build_design
from assets.study.detectable import smallest_dz, smallest_f2, smallest_log_likelihood_effect
from assets.study.distributions import p_chi2, p_normal, p_t, quantile_normal, quantile_t
from assets.study.effects import (
    average_marginal_effects,
    cohen_dz_interval,
    differences_of,
    f2_interval,
    hodges_lehmann_interval,
    ols_effects,
    paired_t,
    rank_biserial_interval,
)
from assets.study.extended_rows import EXTENDED_COLUMNS
from assets.study.firth import fit_firth
from assets.study.frame import StudyFrame
from assets.study.models import run_model
from assets.study.multinomial import Standardised, fit_multinomial
from assets.study.ols import OlsFit, fit_ols
from assets.study.paired import benjamini_hochberg, holm, paired_tests
from assets.study.reliability import reliability
from assets.study.resampling import (
    LeaveOneOut,
    bootstrap_bca,
    leave_one_out_multinomial,
    leave_one_out_ols,
    leave_one_out_pairs,
    permutation_p,
)
from assets.study.rows import Row, table
from assets.study.run import pairs_are_numeric
from assets.study.scales import read_items
from assets.study.spec import ModelSpec, Spec
from assets.study.staging import stage_conventions

if TYPE_CHECKING:
    import pandas as pd

SEED = 20210101
RESAMPLES = 2000
PERMUTATIONS = 499
# Refitting a multinomial model without each case is for samples of a study's size, not for a register.
MAX_REFITS = 2000

Progress = Callable[[str], None]


def run_extended(
    frame: "pd.DataFrame",
    spec: Spec,
    items: "pd.DataFrame | None" = None,
    *,
    resamples: int = RESAMPLES,
    permutations: int = PERMUTATIONS,
    seed: int = SEED,
    progress: Progress | None = None,
) -> "dict[str, pd.DataFrame]":
    """The tables of `EXTENDED_COLUMNS`; seconds where `run_study` takes tenths, so it is asked for apart.

    Seeded: equal inputs give equal intervals and permutation p. ``progress`` is called with a sentence a step.
    """
    tell = progress or (lambda sentence: None)
    data = StudyFrame(frame, spec)
    pairs_are_numeric(data)
    answers = read_items(items, spec.missing_codes)
    rows: dict[str, list[Row]] = {name: [] for name in EXTENDED_COLUMNS}
    tell("paired differences")
    _pairs(data, rows)
    for model in spec.models:
        tell(f"model {model.name}: effect sizes, bootstrap, leave-one-out")
        design = build_design(data, model)
        if design.fatal or not design.terms:
            continue
        if model.family == "ols":
            _linear(model, design, rows, resamples, seed)
        else:
            _multinomial(model, design, rows, permutations, seed)
    tell("multiplicity, attrition, reliability, counts")
    rows["multiplicity"] = multiplicity(data)
    rows["attrition"] = attrition(data)
    rows["attrition_model"] = attrition_model(data)
    rows["reliability"] = reliability(answers)
    rows["stage_conventions"] = stage_conventions(answers)
    rows["protocol_tests"] += _counts(data)
    return {name: table(name, rows[name], columns) for name, columns in EXTENDED_COLUMNS.items()}


def multiplicity(data: StudyFrame) -> list[Row]:
    """Rows of `study.multiplicity`: all pairs and all models of the spec as one declared family."""
    rows: list[Row] = [{"source": "paired_tests", "test": row["name"], "p": row["p"]} for row in paired_tests(data)[0]]
    for model in data.spec.models:
        result = run_model(data, model).model
        rows.append({"source": "models", "test": model.name, "p": result.get("p", math.nan)})
    p = np.array([row["p"] for row in rows], dtype=np.float64)
    tests = int((~np.isnan(p)).sum())
    for row, by_holm, by_bh in zip(rows, holm(p), benjamini_hochberg(p), strict=True):
        row |= {"p_holm": by_holm, "p_bh": by_bh, "p_bonferroni": min(1.0, row["p"] * tests)}
        if math.isnan(row["p"]):
            row["p_bonferroni"] = math.nan
    return rows


def _pairs(data: StudyFrame, rows: dict[str, list[Row]]) -> None:
    for pair in data.spec.pairs:
        differences = differences_of(data.numeric(pair.t0), data.numeric(pair.t6))
        used = differences[differences != 0]
        for quantity, found in (
            ("rank_biserial", rank_biserial_interval(used)),
            ("hodges_lehmann", hodges_lehmann_interval(used)),
            ("cohen_dz", cohen_dz_interval(differences)),
        ):
            rows["effect_sizes"].append(_effect((pair.name, None, None, quantity), differences.size, found))
        rows["protocol_tests"].append({"name": pair.name, "test": "paired_t", **paired_t(differences)})
        if differences.size <= MAX_REFITS:
            loo = leave_one_out_pairs(differences)
            row: Row = {"model": pair.name, "term": None, "n": differences.size, "p": loo.p, **_left_out(loo)}
            rows["robustness"].append(row)
        smallest = smallest_dz(differences.size)
        rows["sensitivity"].append(_smallest(pair.name, "cohen_dz", differences.size, smallest))


def _effect(where: tuple[str, str | None, str | None, str], n: int, found: tuple[float, float, float]) -> Row:
    """A row of `effect_sizes`; ``where`` is analysis, term, equation, quantity, ``found`` estimate and interval."""
    row: Row = dict(zip(("analysis", "term", "equation", "quantity"), where, strict=True))
    return row | {"n": n, **dict(zip(("estimate", "ci_low", "ci_high"), found, strict=True))}


def _left_out(loo: LeaveOneOut) -> Row:
    return {
        "loo_p_lowest": loo.p_lowest,
        "loo_p_highest": loo.p_highest,
        "loo_refits": loo.n_refits,
        "loo_conclusion_changes": loo.n_changed,
    }


def _smallest(analysis: str, quantity: str, n: int, effect: float) -> Row:
    return {"analysis": analysis, "quantity": quantity, "n": n, "power": 0.8, "smallest_effect": effect}


def _linear(model: ModelSpec, design: Design, rows: dict[str, list[Row]], resamples: int, seed: int) -> None:
    y, k = np.asarray(design.outcome, dtype=np.float64), design.x.shape[1]
    if design.n <= k + 1 or y.max() == y.min():
        return
    fit = fit_ols(y, design.x)
    if 1 - fit.r2 < 1e-14:
        return
    effects = rows["effect_sizes"]
    effects.append(_effect((model.name, None, None, "f2"), fit.n, f2_interval(fit.r2, k, fit.df_resid)))
    for term, (beta, low, high, own_f2) in zip(design.terms, ols_effects(fit), strict=True):
        effects.append(_effect((model.name, term, None, "standardised_beta"), fit.n, (beta, low, high)))
        effects.append(_effect((model.name, term, None, "f2"), fit.n, (own_f2, math.nan, math.nan)))
    rows["sensitivity"].append(_smallest(model.name, "f2", fit.n, smallest_f2(k, fit.n)))
    rows["robustness"] += _robust_rows(model, design, fit, bootstrap_bca(y, design.x, fit, resamples, seed))


def _robust_rows(model: ModelSpec, design: Design, fit: OlsFit, bca: "np.ndarray") -> list[Row]:
    y = np.asarray(design.outcome, dtype=np.float64)
    left_out = leave_one_out_ols(y, design.x, fit)
    half = quantile_t(0.975, fit.df_resid)
    found: list[Row] = []
    for i, term in enumerate(["intercept", *design.terms]):
        hc3, b = float(fit.se_hc3[i]), float(fit.b[i])
        row: Row = {"model": model.name, "term": term, "n": fit.n, "b": b, "p": fit.p[i], "se_hc3": hc3}
        row |= {"p_hc3": p_t(b / hc3, fit.df_resid), "hc3_low": b - half * hc3, "hc3_high": b + half * hc3}
        row |= {"bca_low": bca[i, 0], "bca_high": bca[i, 1]}
        if i and left_out:
            row |= _left_out(left_out[i - 1])
        found.append(row)
    return found


def _multinomial(model: ModelSpec, design: Design, rows: dict[str, list[Row]], permutations: int, seed: int) -> None:
    classes, k = len(design.levels), design.x.shape[1]
    if design.n < (classes - 1) * (k + 1):
        return
    y, scaled = np.asarray(design.outcome, dtype=np.intp), Standardised.of(design.x)
    fit = fit_multinomial(y, scaled.z, classes)
    if not (fit.converged or fit.separated):
        return
    rows["effect_sizes"] += _marginal_rows(model, design, y, scaled)
    df = (classes - 1) * k
    null = np.bincount(y, minlength=classes)
    chi2 = max(0.0, 2 * (fit.loglik - float((null * np.log(null / y.size)).sum())))
    row: Row = {"model": model.name, "term": None, "n": design.n, "p": p_chi2(chi2, df)}
    if design.n <= MAX_REFITS:
        row["p_permutation"] = permutation_p(y, scaled.z, classes, permutations, seed)
        row |= _left_out(leave_one_out_multinomial(design, scaled.z, row["p"], p_chi2))
    rows["robustness"].append(row)
    smallest = smallest_log_likelihood_effect(df, design.n)
    rows["sensitivity"].append(_smallest(model.name, "cox_snell_r2", design.n, smallest))


def _marginal_rows(model: ModelSpec, design: Design, y: "np.ndarray", scaled: Standardised) -> list[Row]:
    """Average marginal effects; from Firth's estimates where the data are separated, and named so."""
    classes = len(design.levels)
    fit = fit_multinomial(y, scaled.z, classes)
    b, cov, quantity = fit.b, fit.cov, "average_marginal_effect"
    if cov is None:
        penalised = fit_firth(y, scaled.z, classes)
        b, cov, quantity = penalised.b, penalised.cov, "average_marginal_effect_firth"
    transform = np.kron(np.eye(classes - 1), scaled.back)
    effect, se = average_marginal_effects(design.x, b @ scaled.back.T, transform @ cov @ transform.T)
    z = quantile_normal(0.975)
    return [
        _effect(
            (model.name, term, level, quantity),
            design.n,
            (float(effect[j, k]), float(effect[j, k] - z * se[j, k]), float(effect[j, k] + z * se[j, k])),
        )
        for j, level in enumerate(design.levels)
        for k, term in enumerate(design.terms)
    ]


def _counts(data: StudyFrame) -> list[Row]:
    """The protocol's Poisson models, their quasi-Poisson standard errors, and the negative binomial beside them."""
    rows: list[Row] = []
    for count in data.spec.counts:
        model = ModelSpec(name=count.name, family="ols", outcome=count.outcome, predictors=count.predictors)
        design = build_design(data, model)
        y = np.asarray(design.outcome, dtype=np.float64)
        if design.fatal or not design.terms or design.n <= len(design.terms) + 1 or y.min() < 0 or y.max() == 0:
            continue
        poisson = fit_poisson(y, design.x)
        rows += _count_rows(count.name, "poisson", design, poisson, 1.0)
        rows += _count_rows(count.name, "quasi_poisson", design, poisson, poisson.dispersion)
        rows += _count_rows(count.name, "negative_binomial", design, fit_negative_binomial(y, design.x), 1.0)
    return rows


def _count_rows(name: str, test: str, design: Design, fit: CountFit, dispersion: float) -> list[Row]:
    """Coefficients are logs of rate ratios; ``effect_size`` is the rate ratio; one row more tells the dispersion."""
    half = quantile_normal(0.975)
    rows: list[Row] = []
    for i, term in enumerate(["intercept", *design.terms]):
        b, se = float(fit.b[i]), float(fit.se[i]) * math.sqrt(dispersion)
        row: Row = {"name": name, "test": test, "term": term, "n": fit.n, "estimate": b, "se": se}
        row |= {"statistic": b / se, "p": p_normal(b / se), "ci_low": b - half * se, "ci_high": b + half * se}
        rows.append(row | {"effect_size": math.exp(min(700.0, b))})
    told = {"poisson": ("pearson_dispersion", fit.dispersion), "negative_binomial": ("theta", fit.theta)}
    if test in told:
        term, value = told[test]
        rows.append({"name": name, "test": test, "term": term, "n": fit.n, "estimate": value})
    return rows
