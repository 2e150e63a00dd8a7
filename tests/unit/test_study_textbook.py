"""Textbook and certified results, and tables of any content: never a traceback, never an invalid number."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.errors import ConfigError
from assets.study.associations import association
from assets.study.curve import specification_curve
from assets.study.extended import run_extended
from assets.study.multinomial import Standardised, fit_multinomial, raw_scale
from assets.study.ols import fit_ols
from assets.study.paired import signed_rank
from assets.study.planning import plan
from assets.study.replicate import results_json
from assets.study.run import run_study
from assets.study.spec import parse_spec


def test_longley_has_the_certified_values_of_nist() -> None:
    from statsmodels.datasets import longley

    data = longley.load_pandas().data
    x = data[["GNPDEFL", "GNP", "UNEMP", "ARMED", "POP", "YEAR"]].to_numpy(dtype=float)
    fit = fit_ols(data["TOTEMP"].to_numpy(dtype=float), x)
    b = [
        -3482258.63459582,
        15.0618722713733,
        -0.0358191792925910,
        -2.02022980381683,
        -1.03322686717359,
        -0.0511041056535807,
        1829.15146461355,
    ]
    se = [
        890420.383607373,
        84.9149257747669,
        0.0334910077722432,
        0.488399681651699,
        0.214274163161675,
        0.226073200069370,
        455.478499142212,
    ]
    assert fit.b == pytest.approx(b, rel=1e-9)
    assert fit.se == pytest.approx(se, rel=1e-9)
    assert fit.r2 == pytest.approx(0.995479004577296, rel=1e-12)
    assert fit.f == pytest.approx(330.285339234588, rel=1e-9)
    assert fit.sigma == pytest.approx(304.854073561965, rel=1e-10)


def test_fishers_tea_tasting_and_agrestis_job_satisfaction() -> None:
    tea = association(np.array([[3, 1], [1, 3]]))[0]
    assert tea["p_exact"] == pytest.approx(34 / 70, rel=1e-12)
    job = np.array([[1, 3, 10, 6], [2, 3, 10, 7], [1, 6, 14, 12], [0, 1, 9, 11]])
    row = association(job)[0]
    assert row["p_exact"] == pytest.approx(0.7827, abs=5e-5)  # R's help page of fisher.test
    assert row["chi2"] == pytest.approx(5.9655, abs=5e-5)


def test_hollander_and_wolfes_depression_scale() -> None:
    first = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30])
    second = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])
    row = signed_rank(first, second)
    assert row["rank_sum_negative"] == 40
    assert row["p_exact"] == pytest.approx(20 / 512, rel=1e-12)
    assert row["hodges_lehmann"] == pytest.approx(-0.46, abs=1e-9)


def test_multinomial_equals_statsmodels_on_its_election_data() -> None:
    from statsmodels.datasets import anes96
    from statsmodels.discrete.discrete_model import MNLogit

    data = anes96.load_pandas().data
    x = data[["logpopul", "selfLR", "age", "educ", "income"]].to_numpy(dtype=float)
    y = data["PID"].to_numpy(dtype=np.intp)
    plain = MNLogit(y, np.column_stack([np.ones(len(x)), x])).fit(method="newton", disp=False, maxiter=100)
    scaled = Standardised.of(x)
    fit = fit_multinomial(y, scaled.z, 7)
    b, se = raw_scale(fit.b, fit.cov, scaled.back)
    assert fit.loglik == pytest.approx(plain.llf, rel=1e-12)
    assert b.T == pytest.approx(np.asarray(plain.params), rel=1e-6)  # noqa: SIM300
    assert se.T == pytest.approx(np.asarray(plain.bse), rel=1e-6)  # noqa: SIM300


CELLS = st.one_of(
    st.none(),
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-3, 3),
    st.booleans(),
    st.sampled_from(["a", "b", "c", "", " ", "1", "-99", "x y"]),
)
COLUMN = st.one_of(
    st.lists(CELLS, min_size=12, max_size=12),
    st.lists(st.integers(0, 2), min_size=12, max_size=12),
    st.lists(st.floats(-5, 5), min_size=12, max_size=12),
    st.lists(st.sampled_from([1e300, -1e300, 1e-300, 0.0]), min_size=12, max_size=12),
    st.lists(st.sampled_from(["a", "b", "c"]), min_size=12, max_size=12),
)


@given(columns=st.tuples(*[COLUMN] * 5), rows=st.integers(0, 12), copies=st.integers(1, 4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_table_gives_statuses_and_valid_numbers(columns: tuple[list[Any], ...], rows: int, copies: int) -> None:
    frame = pd.DataFrame({f"v{i}": pd.Series(cells, dtype=object) for i, cells in enumerate(columns)}).head(rows)
    frame = pd.concat([frame] * copies, ignore_index=True)
    frame["id"] = range(len(frame))
    spec = parse_spec(
        {
            "id": "id",
            "missing_codes": [-99],
            "categories": {"v3": ["a", "b", "c"], "v4": [0, 1, 2]},
            "describe": ["v0", "v1", "v2", "v3", "v4"],
            "associations": [["v3", "v4"], ["v0", "v4"]],
            "models": [
                {"name": "a", "family": "ols", "outcome": "v0", "predictors": ["v1", "v3"], "missing": "fiml"},
                {"name": "b", "family": "multinomial", "outcome": "v4", "predictors": ["v1", "v2"]},
                {"name": "c", "family": "ols", "outcome": "v1", "predictors": ["v0", "v2", "v4"], "missing": "fiml"},
            ],
        },
        "fuzz",
    )
    with np.errstate(all="ignore"):
        tables = run_study(frame, spec)
    results_json(tables)
    for name, column in (("models", "p"), ("coefficients", "p"), ("associations", "p_exact"), ("effect_tests", "p")):
        p = tables[name][column].dropna()
        assert ((p >= 0) & (p <= 1)).all()
    assert (tables["coefficients"]["se"].dropna() >= 0).all()
    assert set(tables["models"]["status"]) <= {"ok", "near_separation", "separated", "not_estimable"}
    told = tables["models"]["status"].eq("ok") | tables["models"]["message"].notna()
    assert told.all()


@given(columns=st.tuples(*[COLUMN] * 4))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_the_extended_tables_survive_any_table_too(columns: tuple[list[Any], ...]) -> None:
    frame = pd.DataFrame({f"v{i}": pd.Series(cells, dtype=object) for i, cells in enumerate(columns)})
    frame = pd.concat([frame] * 2, ignore_index=True).assign(id=range(24))
    spec = parse_spec(
        {
            "id": "id",
            "missing_codes": [-99],
            "categories": {"v3": ["a", "b", "c"]},
            "pairs": [{"name": "p", "t0": "v0", "t6": "v1"}],
            "counts": [{"name": "n", "outcome": "v2", "predictors": ["v0"]}],
            "attrition": ["v2", "v3"],
            "models": [
                {"name": "a", "family": "ols", "outcome": "v0", "predictors": ["v1", "v2"]},
                {"name": "b", "family": "multinomial", "outcome": "v3", "predictors": ["v0", "v1"]},
            ],
        },
        "fuzz",
    )
    text = [name for name in ("v0", "v1") if not _is_numeric(frame[name])]
    with np.errstate(all="ignore"):
        if text:  # a pair needs numbers, which is said with its key
            with pytest.raises(ConfigError, match="text"):
                run_study(frame, spec)
            return
        tables = run_extended(frame, spec, resamples=40, permutations=3)
        tables |= specification_curve(frame, spec, permutations=1, workers=1)
        tables["plan"] = plan(frame, spec, [30], simulations=3)
    results_json(tables)


def _is_numeric(cells: "pd.Series[Any]") -> bool:
    from assets.study.columns import read_column

    return read_column(cells, {-99.0}).numbers is not None
