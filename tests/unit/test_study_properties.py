"""What must hold for any data: order, scale and reference change nothing but what they should."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.study import exact_table
from assets.study.associations import association
from assets.study.exact_table import least_cost, log_factorials
from assets.study.fiml import fit_fiml
from assets.study.ols import fit_ols
from assets.study.paired import exact_signed_rank_p, hodges_lehmann, signed_rank
from assets.study.replicate import results_json
from assets.study.run import run_study
from assets.study.spec import Spec, parse_spec

STAGES = ["pre", "con", "act"]


def make(seed: int, n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=n), rng.gamma(2, size=n)
    eta = np.column_stack([np.zeros(n), 0.8 * x, -0.5 + 0.6 * z]) + rng.gumbel(size=(n, 3))
    y = 1 + x - 0.3 * z + rng.normal(size=n)
    y[rng.random(n) < 0.1] = np.nan
    return pd.DataFrame(
        {
            "id": [f"P{i:04d}" for i in range(n)],
            "x": x,
            "z": z,
            "y": y,
            "y6": np.round(y + rng.normal(size=n), 1),
            "g": rng.choice(["a", "b", "c"], size=n),
            "stage": [STAGES[i] for i in eta.argmax(axis=1)],
        }
    )


def spec(**changes: Any) -> Spec:
    base: dict[str, Any] = {
        "id": "id",
        "categories": {"stage": STAGES, "g": ["a", "b", "c"]},
        "describe": ["x", "g"],
        "associations": [["g", "stage"]],
        "pairs": [{"name": "y", "t0": "y", "t6": "y6"}],
        "models": [
            {"name": "lin", "family": "ols", "outcome": "y", "predictors": ["x", "z", "g"], "missing": "fiml"},
            {
                "name": "multi",
                "family": "multinomial",
                "outcome": "stage",
                "predictors": ["x", "z"],
                "reference": "pre",
            },
        ],
    }
    return parse_spec({**base, **changes}, "s")


def coefficients(tables: dict[str, pd.DataFrame], model: str) -> pd.DataFrame:
    rows = tables["coefficients"]
    return rows[rows["model"] == model].set_index(["method", "equation", "term"]).sort_index()


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_row_order_changes_no_digit(seed: int) -> None:
    data = make(seed)
    shuffled = data.sample(frac=1, random_state=seed)
    assert results_json(run_study(data, spec())) == results_json(run_study(shuffled, spec()))


@given(seed=st.integers(0, 10_000), factor=st.sampled_from([1e-6, 0.01, 7.0, 1e6]))
@settings(max_examples=10, deadline=None)
def test_rescaling_a_predictor_rescales_its_coefficient(seed: int, factor: float) -> None:
    data = make(seed)
    before = run_study(data, spec())
    after = run_study(data.assign(x=data["x"] * factor), spec())
    for model in ("lin", "multi"):
        old, new = coefficients(before, model), coefficients(after, model)
        for key in old.index:
            scale = factor if key[2] == "x" else 1.0
            assert new.loc[key, "b"] * scale == pytest.approx(old.loc[key, "b"], rel=1e-7, abs=1e-10)
            assert new.loc[key, "se"] * scale == pytest.approx(old.loc[key, "se"], rel=1e-6)
    for column in ("statistic", "p", "aic"):
        assert np.allclose(after["models"][column], before["models"][column], rtol=1e-9)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_another_reference_keeps_the_likelihood_and_turns_the_sign(seed: int) -> None:
    data = make(seed)
    models = [
        {"name": ref, "family": "multinomial", "outcome": "stage", "predictors": ["x", "z"], "reference": ref}
        for ref in ("pre", "con")
    ]
    tables = run_study(data, spec(models=models))
    rows = tables["models"].set_index("model")
    assert rows.loc["con", "minus2ll"] == pytest.approx(rows.loc["pre", "minus2ll"], rel=1e-12)
    a, b = coefficients(tables, "pre"), coefficients(tables, "con")
    for term in ("intercept", "x", "z"):
        assert a.loc[("ml", "con", term), "b"] == pytest.approx(-b.loc[("ml", "pre", term), "b"], rel=1e-8)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_fiml_equals_listwise_without_missing_values(seed: int) -> None:
    data = make(seed).dropna()
    y, x = data["y"].to_numpy(), data[["x", "z"]].to_numpy()
    ols, fiml = fit_ols(y, x), fit_fiml(y, x)
    assert np.allclose(fiml.b, ols.b, rtol=1e-9, atol=1e-12)
    df_factor = np.sqrt(ols.df_resid / ols.n)  # maximum likelihood divides by n
    assert np.allclose(fiml.se, ols.se * df_factor, rtol=1e-6)
    assert fiml.r2 == pytest.approx(ols.r2, rel=1e-9)


@given(st.lists(st.integers(-6, 6), min_size=1, max_size=9))
@settings(max_examples=60, deadline=None)
def test_exact_signed_rank_p_counts_all_sign_patterns(values: list[int]) -> None:
    used = np.array([value for value in values if value], dtype=float)
    row = signed_rank(np.zeros(len(values)), np.array(values, dtype=float))
    if not used.size:
        assert np.isnan(row["p_exact"])
        return
    from scipy.stats import rankdata

    ranks = rankdata(np.abs(used))
    patterns = (np.arange(2**used.size)[:, None] >> np.arange(used.size)) & 1
    sums = patterns @ ranks
    centre = ranks.sum() / 2
    expected = (np.abs(sums - centre) >= abs(row["rank_sum_positive"] - centre) - 1e-9).mean()
    assert row["p_exact"] == pytest.approx(expected, rel=1e-12)


def test_exact_p_is_refused_by_its_work_not_by_the_clock() -> None:
    assert exact_signed_rank_p(np.arange(1.0, 6001.0), 100.0) is None
    assert exact_signed_rank_p(np.arange(1.0, 201.0), 10050.0) == pytest.approx(1.0)


def test_hodges_lehmann_of_many_pairs_equals_the_plain_median() -> None:
    values = np.round(np.random.default_rng(3).normal(0.3, 1, size=2500), 2)
    i, j = np.triu_indices(values.size)
    assert hodges_lehmann(values) == pytest.approx(np.median((values[i] + values[j]) / 2), abs=1e-9)


@given(st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3), min_size=2, max_size=3))
@settings(max_examples=40, deadline=None)
def test_exact_table_p_equals_enumeration(cells: list[list[int]]) -> None:
    from itertools import product
    from math import factorial, prod

    table = np.array(cells, dtype=np.int64)
    row, _ = association(table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0])
    if row["df"] is None:
        return
    rows, columns = table.sum(axis=1), table.sum(axis=0)

    def weight(candidate: np.ndarray) -> float:
        return 1 / prod(factorial(int(value)) for value in candidate.ravel())

    observed, total, extreme = weight(table), 0.0, 0.0
    for free in product(range(int(table.max()) * 3 + 1), repeat=2 * (len(rows) - 1)):
        top = np.array(free).reshape(len(rows) - 1, 2)
        left = rows[:-1] - top.sum(axis=1)
        if (left < 0).any() or prod(top.shape) > 4:
            continue
        upper = np.column_stack([top, left])
        last = columns - upper.sum(axis=0)
        if (last < 0).any():
            continue
        value = weight(np.vstack([upper, last]))
        total += value
        extreme += value if value <= observed * (1 + 1e-7) else 0.0
    if total:
        assert row["p_exact"] == pytest.approx(extreme / total, rel=1e-9)


def test_transposing_a_table_changes_nothing() -> None:
    table = np.array([[8, 9, 3], [5, 8, 0], [2, 8, 1], [0, 1, 0], [3, 2, 0]], dtype=np.int64)
    one, other = association(table)[0], association(table.T)[0]
    for key in ("chi2", "g2", "p_exact", "cramers_v"):
        assert one[key] == pytest.approx(other[key], rel=1e-12)


@given(st.lists(st.integers(0, 6), min_size=2, max_size=4), st.data())
def test_the_cheapest_last_columns_are_found_without_trying_them_all(left: list[int], data: st.DataObject) -> None:
    from itertools import product
    from math import factorial, log

    total = data.draw(st.integers(0, sum(left)))
    cheapest = min(
        sum(log(factorial(one) * factorial(all_ - one)) for one, all_ in zip(first, left, strict=True))
        for first in product(*(range(most + 1) for most in left))
        if sum(first) == total
    )
    found = least_cost(np.array([left], dtype=np.int64), total, log_factorials(sum(left)))
    assert found == pytest.approx([cheapest], abs=1e-9)


def test_a_table_of_hundreds_gets_its_exact_p() -> None:
    table = np.array([[160, 140, 60], [155, 160, 70], [40, 37, 25]], dtype=np.int64)
    row, _ = association(table)
    assert row["p_exact"] == pytest.approx(row["p"], rel=0.05)  # they meet as n grows


@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=3, max_size=4))
@settings(max_examples=60, deadline=None)
def test_a_refusal_at_first_sight_refuses_what_the_whole_count_refuses(cells: list[list[int]]) -> None:
    table = np.array(cells, dtype=np.int64)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(exact_table, "MAX_FILLINGS", 600)
        soon, _ = exact_table.exact_p(table)
        patched.setattr(exact_table, "work_in_the_middle", lambda *_: 0.0)
        late, _ = exact_table.exact_p(table)
    assert soon == late


def test_a_large_table_is_not_enumerated() -> None:
    table = np.random.default_rng(5).integers(150, 250, size=(6, 5))
    row, work = association(table)
    assert np.isnan(row["p_exact"])
    assert work > 3e6
    assert 0 < row["p"] < 1
