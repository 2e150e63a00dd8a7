"""Every block of the reference results (R 4.2.2 and packages) at the stated tolerances."""

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from assets.study.em import fit_em, little_test
from assets.study.fiml import fit_fiml
from assets.study.multinomial import is_separated
from assets.study.run import run_study
from assets.study.spec import parse_spec

STAGES = ["pre-contemplation", "contemplation", "preparation/action", "maintenance"]
CROSSTABS = {
    "race_x_urica": ["race", "urica_stage"],
    "confirmed_x_urica": ["confirmed", "urica_stage"],
    "minority_x_county_out": ["minority", "county_out"],
    "confirmed_x_minority": ["confirmed", "minority"],
}


def spec_for(reference: dict[str, Any]) -> Any:
    return parse_spec(
        {
            "id": "client_id",
            "categories": {"urica_stage": STAGES, "race": ["White", "Black", "Latinx", "Multiracial", "Other"]},
            "describe": [*reference["descriptives"], "race", "urica_stage"],
            "associations": list(CROSSTABS.values()),
            "pairs": [{"name": name, "t0": f"{name}_0", "t6": f"{name}_6"} for name in reference["wilcoxon"]],
            "models": [
                {"name": name, "family": "ols", "outcome": outcome, "predictors": predictors, "missing": "fiml"}
                for name, outcome, predictors in (
                    ("mspss5", "mspss_0", ["age", "county_out", "goals_set", "services_0", "minority"]),
                    ("copse3", "copse_0", ["confirmed", "months_service", "minority"]),
                    ("mspss_race", "mspss_0", ["age", "race"]),
                )
            ]
            + [
                {
                    "name": "paper3",
                    "family": "multinomial",
                    "outcome": "urica_stage",
                    "reference": "pre-contemplation",
                    "predictors": ["mspss_0", "copse_0", "months_service"],
                }
            ],
        },
        "test",
    )


@pytest.fixture(scope="module", params=["study_a", "study_b"])
def study(request: pytest.FixtureRequest, shared_dir: Path) -> SimpleNamespace:
    folder = shared_dir / "reference"
    reference = json.loads((folder / f"{request.param}.json").read_text())
    frame = pd.read_csv(folder / f"{request.param}.csv")
    tables = run_study(frame, spec_for(reference))
    return SimpleNamespace(reference=reference, frame=frame, tables=tables)


def close(value: float, expected: float | None, tolerance: float) -> None:
    if expected is None:
        assert math.isnan(value)
    else:
        assert value == pytest.approx(expected, rel=tolerance, abs=1e-300 if expected else 1e-12)


def check(table: Any, expected: Any) -> dict[str, Any]:
    return table.loc[(table["check"] == expected[1]) & (table["model"] == expected[0])].iloc[0].to_dict()


def test_descriptives(study: SimpleNamespace) -> None:
    rows = study.tables["descriptives"].set_index("variable")
    for name, expected in study.reference["descriptives"].items():
        row = rows.loc[name]
        for column, key in {
            "n": "n",
            "mean": "mean",
            "sd": "sd",
            "median": "median",
            "min": "min",
            "max": "max",
            "skewness": "skewness_G1",
            "kurtosis": "kurtosis_G2",
        }.items():
            close(row[column], expected[key], 1e-12)
        close(row["q1"], expected["percentiles_haverage_type6"]["p25"], 1e-12)
        close(row["q3"], expected["percentiles_haverage_type6"]["p75"], 1e-12)


def test_frequencies(study: SimpleNamespace) -> None:
    rows = study.tables["descriptives"].set_index(["variable", "level"])
    expected = study.reference["frequencies"]["race"]
    for level, count in expected["counts"].items():
        assert rows.loc[("race", level), "n"] == count
        assert rows.loc[("race", level), "missing"] == expected["n_missing"]
        assert rows.loc[("race", level), "denominator"] == expected["n_valid"]
        close(rows.loc[("race", level), "percent"], expected["valid_percent"][level], 1e-12)


def test_normality(study: SimpleNamespace) -> None:
    rows = study.tables["normality"].set_index("variable")
    for name, expected in study.reference["descriptives"].items():
        close(rows.loc[name, "shapiro_w"], expected["shapiro_wilk"]["W"], 1e-9)
        close(rows.loc[name, "shapiro_p"], expected["shapiro_wilk"]["p"], 1e-6)
        close(rows.loc[name, "lilliefors_d"], expected["ks_lilliefors"]["D"], 1e-12)
        close(rows.loc[name, "lilliefors_p"], expected["ks_lilliefors"]["p"], 1e-10)


def test_crosstabs(study: SimpleNamespace) -> None:
    rows = study.tables["associations"].set_index(["row_variable", "column_variable"])
    for key, pair in CROSSTABS.items():
        row, expected = rows.loc[tuple(pair)], study.reference["crosstabs"][key]
        assert row["n"] == expected["n"]
        assert row["df"] == expected["pearson"]["df"]
        assert row["cells_below_5"] == expected["cells_expected_lt5"]
        close(row["chi2"], expected["pearson"]["chi2"], 1e-12)
        close(row["p"], expected["pearson"]["p"], 1e-12)
        close(row["g2"], expected["likelihood_ratio"]["G2"], 1e-12)
        close(row["p_g2"], expected["likelihood_ratio"]["p"], 1e-12)
        close(row["p_exact"], expected["fisher_exact_p"], 1e-10)
        close(row["cramers_v"], expected["cramers_v"], 1e-12)
        close(row["min_expected"], expected["min_expected"], 1e-12)


def test_wilcoxon(study: SimpleNamespace) -> None:
    rows = study.tables["paired_tests"].set_index("name")
    for name, expected in study.reference["wilcoxon"].items():
        row = rows.loc[name]
        for column, key in {
            "n_pairs": "n_pairs",
            "n_zero": "n_zero",
            "n_positive": "n_pos",
            "n_negative": "n_neg",
            "rank_sum_positive": "T_plus",
            "rank_sum_negative": "T_minus",
            "z": "Z_spss",
            "p": "p_asymp_2s",
            "p_exact": "exact_p_coin",
            "rank_biserial": "rank_biserial",
        }.items():
            close(row[column], expected[key], 1e-12)
        assert row["hodges_lehmann"] == pytest.approx(expected["hodges_lehmann"], abs=2e-9)


@pytest.mark.parametrize("name", ["mspss5", "copse3", "mspss_race"])
def test_linear_models(study: SimpleNamespace, name: str) -> None:
    expected = study.reference["ols"][name]
    row = study.tables["models"].set_index("model").loc[name]
    for column, key in {
        "n": "n",
        "df_model": "df1",
        "df_resid": "df2",
        "statistic": "F",
        "p": "p",
        "r2": "R2",
        "adj_r2": "adj_R2",
        "aic": "AIC",
        "bic": "BIC",
    }.items():
        close(row[column], expected[key], 1e-10)
    coefficients = study.tables["coefficients"]
    rows = coefficients[(coefficients["model"] == name) & (coefficients["method"] == "ml")].set_index("term")
    for r_name, term in expected["terms"].items():
        mine = "intercept" if r_name == "(Intercept)" else r_name
        if "relevel" in r_name:
            mine = f"race[{r_name.rsplit(')', 1)[1]}]"
        for column, key in {"b": "B", "se": "SE", "statistic": "t", "p": "p", "beta": "beta", "vif": "VIF"}.items():
            close(rows.loc[mine, column], term[key], 1e-10)
        close(rows.loc[mine, "se_hc3"], term["SE_HC3"], 1e-10)
        close(rows.loc[mine, "ci_low"], term["ci95"][0], 1e-9)
        close(rows.loc[mine, "ci_high"], term["ci95"][1], 1e-9)


@pytest.mark.parametrize("name", ["mspss5", "copse3", "mspss_race"])
def test_linear_diagnostics(study: SimpleNamespace, name: str) -> None:
    expected, table = study.reference["ols"][name], study.tables["diagnostics"]
    close(check(table, (name, "durbin_watson"))["statistic"], expected["durbin_watson"], 1e-10)
    breusch = check(table, (name, "breusch_pagan_studentized"))
    close(breusch["statistic"], expected["breusch_pagan_studentized"]["BP"], 1e-10)
    close(breusch["p"], expected["breusch_pagan_studentized"]["p"], 1e-10)
    close(check(table, (name, "shapiro_residuals"))["statistic"], expected["shapiro_residuals"]["W"], 1e-9)
    for key, reference in {
        "max_cooks": "max_cooks",
        "n_cooks_above_4_over_n": "n_cooks_gt_4n",
        "max_centred_leverage": "max_centred_leverage_spss",
        "max_abs_studentized_deleted": "max_abs_studentized_deleted",
    }.items():
        close(check(table, (name, key))["value"], expected[reference], 1e-10)
    close(check(table, (name, "max_condition_index"))["value"], expected["condition_indices"][-1], 1e-10)


def test_multinomial_model(study: SimpleNamespace) -> None:
    expected = study.reference["multinomial"]["paper3"]
    row = study.tables["models"].set_index("model").loc["paper3"]
    for column, key in {
        "n": "n",
        "df_model": "LR_df",
        "statistic": "LR_chi2",
        "p": "LR_p",
        "minus2ll_null": "minus2LL_intercept_kernel",
        "minus2ll": "minus2LL_final_kernel",
        "cox_snell": "cox_snell",
        "nagelkerke": "nagelkerke",
        "mcfadden": "mcfadden",
        "aic": "AIC",
        "bic": "BIC",
    }.items():
        close(row[column], expected[key], 1e-10)
    assert row["status"] == "ok"
    table = study.tables["diagnostics"]
    for key in ("pearson", "deviance"):
        found = check(table, ("paper3", f"goodness_of_fit_{key}"))
        close(found["statistic"], expected["goodness_of_fit"][key], 1e-9)
        assert found["df"] == expected["goodness_of_fit"]["df"]
    correct = check(table, ("paper3", "classified_correctly_percent"))["value"]
    close(correct, expected["classification"]["correct_pct"], 1e-12)


def test_multinomial_coefficients(study: SimpleNamespace) -> None:
    expected = study.reference["multinomial"]["paper3"]
    coefficients = study.tables["coefficients"]
    rows = coefficients[coefficients["model"] == "paper3"].set_index(["method", "equation", "term"])
    for equation, terms in expected["logits"].items():
        for r_name, term in terms.items():
            mine = ("ml", equation, "intercept" if r_name == "(Intercept)" else r_name)
            columns = {"b": "B", "se": "SE", "statistic": "wald", "p": "p", "exp_b": "expB"}
            for column, key in columns.items():
                close(rows.loc[mine, column], term[key], 1e-10)
            close(rows.loc[mine, "exp_ci_low"], term["ci95_expB"][0], 1e-9)
            close(rows.loc[mine, "exp_ci_high"], term["ci95_expB"][1], 1e-9)
    for equation, estimates in expected["firth_brmultinom"]["coef"].items():
        errors = expected["firth_brmultinom"]["se"][equation]
        for term, b, se in zip(["intercept", *expected["predictors"]], estimates, errors, strict=True):
            close(rows.loc[("firth", equation, term), "b"], b, 1e-5)
            close(rows.loc[("firth", equation, term), "se"], se, 1e-5)


def test_effect_tests(study: SimpleNamespace) -> None:
    rows = study.tables["effect_tests"].set_index(["model", "term"])
    for r_name, expected in study.reference["multinomial"]["paper3"]["lr_tests"].items():
        row = rows.loc[("paper3", "intercept" if r_name == "Intercept" else r_name)]
        close(row["chi2"], expected["chi2"], 1e-6)
        assert row["df"] == expected["df"]
        close(row["p"], expected["p"], 1e-6)


def test_em_and_little(study: SimpleNamespace) -> None:
    expected = study.reference["em_saturated"]
    fit = fit_em(study.frame[expected["vars"]].to_numpy(dtype=float))
    assert fit.converged
    assert len(fit.patterns) == expected["n_patterns"]
    for name, value in zip(expected["vars"], fit.mean, strict=True):
        close(value, expected["mean"][name], 1e-10)
    assert np.allclose(fit.cov, expected["cov_ml"], rtol=1e-10, atol=0)
    close(fit.loglik, expected["loglik"], 1e-12)
    chi2, df, p = little_test(fit)
    close(chi2, expected["little_mcar"]["chi2_ml_cov"], 1e-10)
    assert df == expected["little_mcar"]["df"]
    close(p, expected["little_mcar"]["p_ml_cov"], 1e-10)


@pytest.mark.parametrize("name", ["mspss5", "copse3"])
def test_fiml(study: SimpleNamespace, name: str) -> None:
    expected = study.reference["fiml"][name]
    coefficients = study.tables["coefficients"]
    rows = coefficients[(coefficients["model"] == name) & (coefficients["method"] == "fiml")].set_index("term")
    for term in expected["x"]:
        close(rows.loc[term, "b"], expected["coef"][term], 1e-5)
        close(rows.loc[term, "se"], expected["se_observed"][term], 1e-5)
        close(rows.loc[term, "statistic"], expected["z"][term], 2e-5)
        close(rows.loc[term, "beta"], expected["beta_std"][term], 1e-5)
    close(rows.loc["intercept", "b"], expected["intercept"], 1e-5)
    close(rows.loc["intercept", "se"], expected["intercept_se"], 1e-5)
    fit = fit_fiml(study.frame[expected["y"]].to_numpy(float), study.frame[expected["x"]].to_numpy(float))
    close(fit.r2, expected["R2"], 1e-5)
    close(fit.residual_variance, expected["residual_variance"], 1e-5)
    close(fit.em.loglik, expected["loglik_raw_units"], 1e-9)
    assert fit.n == expected["n_used"]


def test_no_separation_in_the_reference_model(study: SimpleNamespace) -> None:
    predictors = ["mspss_0", "copse_0", "months_service"]
    frame = study.frame.dropna(subset=[*predictors, "urica_stage"])
    x = frame[predictors].to_numpy(float)
    z = np.column_stack([np.ones(len(x)), (x - x.mean(axis=0)) / x.std(axis=0)])
    y = frame["urica_stage"].map(STAGES.index).to_numpy(dtype=np.intp)
    expected = study.reference["multinomial"]["paper3"]["converged_finite"]
    assert is_separated(y, z, 3) is (not expected)
