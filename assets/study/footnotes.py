"""Plain-language footnotes: which n, which rule, what a number means; no causal verb, for one group was observed."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from assets.study.rows import is_null, records
from assets.study.spec import ModelSpec, Spec

if TYPE_CHECKING:
    import pandas as pd

ONE_GROUP = (
    "One group was observed without a comparison group: the figures tell what goes together, not what one thing does to"
    " another."
)
HIGHEST_READINESS = (
    "Readiness is contemplation + action + maintenance - pre-contemplation, each a mean from 1 to 5, so it cannot"
    " exceed 14; the maintenance stage begins above 14 and is empty by construction."
)

Labels = Mapping[str, str]


def number(value: float, decimals: int = 2) -> str:
    """A number for running text, rounded half away from zero as SPSS prints it; a true minus sign is not used."""
    if is_null(value):
        return "not defined"
    factor = 10**decimals
    rounded = math.floor(abs(float(value)) * factor + 0.5 + 1e-9) / factor
    sign = "-" if value < 0 and rounded else ""
    return f"{sign}{rounded:.{decimals}f}"


def p_text(p: float) -> str:
    """P in APA style: no leading zero, three decimals, "< .001" below that."""
    if is_null(p):
        return "p not defined"
    if p < 0.001:
        return "p < .001"
    text = number(p, 3)
    return "p > .999" if p > 0.9995 else f"p = {text.removeprefix('0')}"


def footnotes(tables: "dict[str, pd.DataFrame]", spec: Spec, labels: Labels | None = None) -> dict[str, list[str]]:
    """Footnotes of each table under its name, of each model under ``model:<name>``; ``labels`` name the columns."""
    named = labels or {}
    notes = {
        "descriptives": _descriptives(tables),
        "associations": _associations(tables),
        "normality": _normality(),
        "scale_scores": _scale_scores(),
        "paired_tests": _paired(tables),
        "urica_stages": [_stage_n(tables), HIGHEST_READINESS],
        "effect_tests": [
            "Each row compares the model with the one that lacks this predictor, on the same clients; a small p says"
            " that the categories differ in this predictor beyond what the other predictors show."
        ],
        "missingness": _missingness(tables),
    }
    models = {row["model"]: row for row in records(tables["models"])}
    for model in spec.models:
        if model.name in models:
            notes[f"model:{model.name}"] = _model(model, models[model.name], tables, named)
    return notes


def _descriptives(tables: "dict[str, pd.DataFrame]") -> list[str]:
    rows = tables["descriptives"]
    total = int((rows["n"] + rows["missing"])[rows["level"].isna()].max()) if rows["level"].isna().any() else None
    first = f"{total} clients have a row. " if total is not None else ""
    return [
        first + "A percentage is of the clients whose answer is known; the number of them stands as its denominator.",
        "Median and quartiles are at position p(n + 1) of the sorted values, as SPSS prints them; SD divides by n - 1.",
    ]


def _associations(tables: "dict[str, pd.DataFrame]") -> list[str]:
    small = int((tables["associations"]["cells_below_5"].fillna(0) > 0).sum())
    notes = ["Pearson's chi-square without Yates' correction. The exact p counts every table with the same margins."]
    if small:
        notes.append(
            f"{small} of {len(tables['associations'])} tables have expected counts below 5: read their exact p."
        )
    if tables["associations"]["p_exact"].isna().any():
        notes.append("An exact p that would take over a minute is left out, not simulated.")
    return notes


def _normality() -> list[str]:
    return [
        "Shapiro-Wilk, and Kolmogorov-Smirnov against the fitted normal with Lilliefors' p. With many clients a small p"
        " says little: look at the skewness too."
    ]


def _scale_scores() -> list[str]:
    return [
        "Unmatched: everybody with a score at that wave. Matched: those with a score at both waves; only these can show"
        " change.",
        "Alpha is Cronbach's, of the clients who answered every item of the scale at that wave.",
    ]


def _paired(tables: "dict[str, pd.DataFrame]") -> list[str]:
    rows = tables["paired_tests"]
    notes = [
        "Second wave minus first, for clients with both. Differences are rounded to 1e-9 before zeros are dropped; ties"
        " share ranks; no continuity correction. z is never positive: the larger rank sum tells the direction.",
        f"Holm's and Benjamini-Hochberg's p run over the {int(rows['p'].notna().sum())} tests of this table.",
        "Rank-biserial: -1 when every rank belongs to a fall, +1 when every rank belongs to a rise, 0 when they"
        " balance. Hodges-Lehmann: the typical change in points among clients who changed.",
        ONE_GROUP,
    ]
    known = rows[rows["p"].notna()]
    if len(known):
        unclear = int((known["p_holm"] >= 0.05).sum())
        notes.append(
            f"For {unclear} of {len(known)} scales the data do not tell a change from none after Holm's correction;"
            " that is not evidence of no change."
        )
    return notes


def _stage_n(tables: "dict[str, pd.DataFrame]") -> str:
    rows = tables["urica_stages"]
    parts = [f"{int(part['n'].sum())} at {wave}" for wave, part in rows.groupby("wave", sort=True)]
    return "Clients with a stage: " + (", ".join(parts) or "none") + ". Percentages are of these."


def _missingness(tables: "dict[str, pd.DataFrame]") -> list[str]:
    notes = ["Missing counts blanks, declared missing codes and infinite values; declared codes stand in a column too."]
    checks = tables["diagnostics"]
    for row in records(checks[checks["check"] == "little_mcar_ml_covariance"]):
        verdict = "do not contradict" if row["p"] >= 0.05 else "contradict"
        notes.append(
            f"Little's test for model {row['model']}: chi2({int(row['df'])}) = {number(row['statistic'])},"
            f" {p_text(row['p'])}; the data {verdict} values missing completely at random."
        )
    return notes


def _model(model: ModelSpec, fit: Mapping[str, Any], tables: "dict[str, pd.DataFrame]", labels: Labels) -> list[str]:
    notes = [_cases(fit)]
    if not is_null(fit["message"]):
        notes.append(f"Note: {fit['message']}.")
    if fit["status"] == "not_estimable":
        return notes
    rows = tables["coefficients"]
    terms = rows[(rows["model"] == model.name) & (rows["term"] != "intercept") & rows["b"].notna()]
    if model.family == "ols":
        notes += _linear(model, fit, records(terms[terms["method"] == "ml"]), labels)
        if (terms["method"] == "fiml").any():
            notes.append(
                "The fiml rows use every client with any of these values, treating all variables as normal, binary ones"
                " too; they rest on values being missing at random."
            )
    else:
        notes += _multinomial(model, fit, records(terms), labels)
    return [*notes, ONE_GROUP]


def _cases(fit: Mapping[str, Any]) -> str:
    n, left = int(fit["n"]), int(fit["n_excluded"])
    return f"n = {n} clients; {left} left out because the outcome or a predictor is missing (listwise)."


def _linear(model: ModelSpec, fit: Mapping[str, Any], terms: list[dict[str, Any]], labels: Labels) -> list[str]:
    outcome = labels.get(model.outcome, model.outcome)
    df = f"{fit['df_model']}, {fit['df_resid']}"
    notes = [
        f"F({df}) = {number(fit['statistic'])}, {p_text(fit['p'])}, R2 = {number(100 * fit['r2'], 1)} %: the predictors"
        f" together account for that share of the differences in {outcome}.",
        "B is the difference in points of the outcome between clients who differ by one unit of the predictor and are"
        " alike in the others; beta is the same in standard deviations. HC3 errors hold without equal variances.",
    ]
    for row in terms:
        if is_null(row["se"]):
            continue
        way = "higher" if row["b"] > 0 else "lower"
        doubt = "" if row["p"] < 0.05 else "; the data do not tell this from no difference"
        notes.append(
            f"{_unit(row['term'], labels)}: {outcome} {number(abs(row['b']))} points {way} on average"
            f" (95 % interval {number(row['ci_low'])} to {number(row['ci_high'])}, {p_text(row['p'])}){doubt}."
        )
    return notes


def _unit(term: str, labels: Labels) -> str:
    if "[" in term:
        name, level = term.rstrip("]").split("[", 1)
        return f"{labels.get(name, name)} {level} against the reference category"
    return f"Per unit of {labels.get(term, term)}"


def _multinomial(model: ModelSpec, fit: Mapping[str, Any], terms: list[dict[str, Any]], labels: Labels) -> list[str]:
    reference = model.reference or "the first category"
    notes = [
        f"chi2({fit['df_model']}) = {number(fit['statistic'])}, {p_text(fit['p'])}, Nagelkerke R2 ="
        f" {number(100 * fit['nagelkerke'], 1)} %. Every row compares its category with {reference}.",
        "Exp(B) is an odds ratio: how the odds of the category against the reference differ per unit of the predictor."
        " Odds are not probabilities; the average marginal effects tell the difference in probability.",
    ]
    methods = {row["method"] for row in terms}
    if "firth" in methods:
        notes.append(
            "A category has few clients (or the categories are separated): the firth rows are penalised estimates that"
            " stay finite, and the p of the likelihood-ratio test is too small for so few."
        )
    wanted = "ml" if "ml" in methods else "firth"
    for row in terms:
        if row["method"] == wanted and not is_null(row["exp_b"]):
            doubt = "" if row["p"] < 0.05 else "; the data do not tell this from equal odds"
            notes.append(
                f"{_unit(row['term'], labels)}: odds of {row['equation']} against {reference}"
                f" {number(row['exp_b'])} times as high (95 % interval {number(row['exp_ci_low'])} to"
                f" {number(row['exp_ci_high'])}, {p_text(row['p'])}){doubt}."
            )
    return notes
