"""Whatever the data are like: a status and a sentence, never a traceback, never a number that is not valid."""

import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from assets.study.replicate import results_json
from assets.study.run import run_study
from assets.study.spec import parse_spec

N = 40


def frame(**changes: Any) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    x, z = rng.normal(size=N), rng.normal(size=N)
    stage = rng.choice(["pre", "con", "act"], size=N, p=[0.4, 0.4, 0.2])
    return pd.DataFrame(
        {"id": [f"P{i:03d}" for i in range(N)], "x": x, "z": z, "y": x + rng.normal(size=N), "stage": stage, **changes}
    )


def fit(data: pd.DataFrame, family: str, predictors: list[str], **extra: Any) -> dict[str, pd.DataFrame]:
    outcome = "y" if family == "ols" else "stage"
    model = {"name": "m", "family": family, "outcome": outcome, "predictors": predictors, **extra}
    spec = {"id": "id", "missing_codes": [-99], "categories": {"stage": ["pre", "con", "act"]}, "models": [model]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tables = run_study(data, parse_spec(spec, "s"))
    results_json(tables)
    return tables


def row(tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    return dict(tables["models"].iloc[0])


def ml(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    rows = tables["coefficients"]
    return rows[rows["method"] == "ml"].set_index("term")


@pytest.mark.parametrize("family", ["ols", "multinomial"])
def test_constant_predictor_is_left_out_and_the_rest_fitted(family: str) -> None:
    tables = fit(frame(c=3), family, ["x", "c"])
    assert row(tables)["status"] == "ok"
    assert "c is constant" in row(tables)["message"]
    rows = ml(tables)
    assert rows.loc[["c"], "b"].isna().all()
    assert rows.loc[["x"], "se"].notna().all()
    without = ml(fit(frame(), family, ["x"]))
    assert list(rows.loc[["x"], "b"]) == list(without.loc[["x"], "b"])


@pytest.mark.parametrize("family", ["ols", "multinomial"])
def test_collinear_predictor_is_left_out(family: str) -> None:
    data = frame()
    data["twice"] = 2 * data["x"] - 1
    tables = fit(data, family, ["x", "twice"])
    assert "twice is determined by the predictors before it" in row(tables)["message"]
    assert ml(tables).loc[["twice"], "b"].isna().all()
    assert row(tables)["df_model"] == (1 if family == "ols" else 2)


@pytest.mark.parametrize("family", ["ols", "multinomial"])
def test_variable_mostly_missing_is_left_out_and_told(family: str) -> None:
    data = frame()
    data["gone"] = np.where(np.arange(N) < 7, 1.0 * np.arange(N), np.nan)
    tables = fit(data, family, ["x", "gone"])
    assert "gone is left out: missing in 82%" in row(tables)["message"]
    assert row(tables)["n"] == N


@pytest.mark.parametrize("family", ["ols", "multinomial"])
def test_outcome_entirely_missing(family: str) -> None:
    data = frame(**({"y": np.nan} if family == "ols" else {"stage": None}))
    tables = fit(data, family, ["x"], **({"missing": "fiml"} if family == "ols" else {}))
    assert row(tables)["status"] == "not_estimable"
    assert "missing in 100%" in row(tables)["message"]
    assert tables["coefficients"]["b"].isna().all()


def test_constant_outcome() -> None:
    tables = fit(frame(y=2.0), "ols", ["x"])
    assert row(tables)["status"] == "not_estimable"
    assert "constant" in row(tables)["message"]


def test_one_class_only() -> None:
    tables = fit(frame(stage="pre"), "multinomial", ["x"])
    assert row(tables)["status"] == "not_estimable"
    assert "single category" in row(tables)["message"]


def test_reference_that_does_not_occur() -> None:
    data = frame()
    data["stage"] = data["stage"].replace("pre", "con")
    tables = fit(data, "multinomial", ["x"], reference="pre")
    assert row(tables)["status"] == "not_estimable"
    assert "'pre' has no complete case" in row(tables)["message"]


def test_fewer_cases_than_parameters() -> None:
    tables = fit(frame().head(3), "ols", ["x", "z"])
    assert row(tables)["status"] == "not_estimable"
    assert "3 complete cases cannot carry 3 coefficients" in row(tables)["message"]
    tables = fit(frame().head(4), "multinomial", ["x", "z"])
    assert row(tables)["status"] == "not_estimable"


def test_separation_is_told_and_firth_is_finite() -> None:
    data = frame()
    data["x"] = data["stage"].map({"pre": 0.0, "con": 1.0, "act": 2.0}) + np.linspace(0, 0.1, N)
    tables = fit(data, "multinomial", ["x", "z"])
    assert row(tables)["status"] == "separated"
    assert ml(tables)["b"].isna().all()
    counts = data["stage"].value_counts().to_numpy()
    limit = -2 * float((counts * np.log(counts / N)).sum())
    assert row(tables)["statistic"] == pytest.approx(limit, rel=1e-9)  # a perfect fit: the likelihood tends to 1
    firth = tables["coefficients"].query("method == 'firth'")
    assert len(firth) == 6
    assert np.isfinite(firth["b"]).all()
    assert (firth["se"] > 0).all()
    tests = tables["effect_tests"].set_index("term")
    assert tests.loc["x", "chi2"] > 30


def test_quasi_separation_by_a_binary_predictor() -> None:
    data = frame()
    data["flag"] = ((data["stage"] == "act") & (np.arange(N) % 2 == 0)).astype(float)
    tables = fit(data, "multinomial", ["flag"])
    assert row(tables)["status"] == "separated"
    assert 0 < row(tables)["p"] < 1


def test_infinite_values_are_missing_and_told() -> None:
    data = frame()
    data.loc[0, "x"] = math.inf
    tables = fit(data, "ols", ["x"])
    assert row(tables)["n"] == N - 1
    assert "1 infinite values of x" in row(tables)["message"]
    notes = tables["diagnostics"].set_index("check")
    assert notes.loc["infinite_values_treated_as_missing", "value"] == 1


def test_declared_codes_are_missing() -> None:
    data = frame()
    data.loc[[1, 2], "x"] = -99
    tables = fit(data, "ols", ["x"])
    assert row(tables)["n"] == N - 2
    assert tables["missingness"].set_index("variable").loc["x", "n_declared"] == 2


def test_text_predictor_is_refused_with_advice() -> None:
    tables = fit(frame(word="high"), "ols", ["x", "word"])
    assert row(tables)["status"] == "not_estimable"
    assert "list it under `categories`" in row(tables)["message"]
    assert "high" not in row(tables)["message"]


def test_values_outside_the_listed_categories() -> None:
    data = frame()
    data.loc[0, "stage"] = "other"
    tables = fit(data, "multinomial", ["x"])
    assert row(tables)["n"] == N - 1
    assert "1 values of stage are not among its listed categories" in row(tables)["message"]


def test_exact_fit_has_no_standard_errors() -> None:
    data = frame()
    data["y"] = 3 * data["x"] + 1
    tables = fit(data, "ols", ["x"])
    assert "exactly" in row(tables)["message"]
    assert ml(tables).loc["x", "b"] == pytest.approx(3)
    assert ml(tables)["se"].isna().all()


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_hardly_any_row(rows: int) -> None:
    data = frame(flag=True, later=np.arange(N) / 7).head(rows)
    spec = {
        "id": "id",
        "categories": {"stage": ["pre", "con", "act"]},
        "describe": ["x", "stage", "flag"],
        "associations": [["stage", "flag"]],
        "pairs": [{"name": "p", "t0": "x", "t6": "later"}],
        "models": [
            {"name": "a", "family": "ols", "outcome": "y", "predictors": ["x"], "missing": "fiml"},
            {"name": "b", "family": "multinomial", "outcome": "stage", "predictors": ["x"]},
        ],
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tables = run_study(data, parse_spec(spec, "s"))
    assert set(tables["models"]["status"]) == {"not_estimable"}
    assert list(tables["models"]["n"]) == [rows, rows]


def test_pairs_without_a_difference() -> None:
    data = frame()
    data["later"] = data["x"] + 1e-12
    spec = {"id": "id", "pairs": [{"name": "p", "t0": "x", "t6": "later"}]}
    tables = run_study(data, parse_spec(spec, "s"))
    test = tables["paired_tests"].iloc[0]
    assert test["n_zero"] == N
    assert math.isnan(test["p"])
    assert "every_difference_is_zero" in set(tables["diagnostics"]["check"])


def test_near_separation_is_finite_and_told() -> None:
    x = np.concatenate([np.linspace(-2, -0.2, 19), [0.0, 0.001], np.linspace(0.2, 2, 19)])
    stage = np.where(x < 0.0005, "pre", "con")
    stage[19], stage[20] = "con", "pre"  # one pair in the wrong order, a thousandth apart
    data = frame(x=x, stage=stage)
    tables = fit(data, "multinomial", ["x"])
    assert row(tables)["status"] == "near_separation"
    assert "above 10 on standardised predictors" in row(tables)["message"]
    slope = ml(tables).loc["x"]
    assert np.isfinite(slope["b"])
    assert slope["se"] * x.std() > 10
    assert set(tables["coefficients"]["method"]) == {"ml", "firth"}
