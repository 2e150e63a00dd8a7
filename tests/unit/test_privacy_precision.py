"""Public figures are rounded so that no hidden n can be read off their digits; the attack is carried out here."""

import math
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.publish.privacy.disclosure import to_public
from assets.publish.privacy.policy import Policy
from assets.publish.privacy.precision import decimals_without_n, round_release

K = 11
POLICY = Policy.model_validate({"public": {"k": K}})


def possible_n(mean: float, sd: float, candidates: range, decimals: int) -> set[int]:
    """Every n for which whole numbers with this printed mean and standard deviation exist (GRIM and GRIMMER)."""
    unit = 0.5 * 10.0**-decimals + 1e-9
    found = set()
    for n in candidates:
        for total in range(math.ceil((mean - unit) * n), math.floor((mean + unit) * n) + 1):
            low = (n - 1) * max(sd - unit, 0) ** 2 + total**2 / n
            high = (n - 1) * (sd + unit) ** 2 + total**2 / n
            squares = math.floor(high) - (math.floor(high) - total) % 2  # a sum of squares is as odd as the sum
            if squares >= low:
                found.add(n)
    return found


def study_tables(values: pd.Series) -> dict[str, pd.DataFrame]:
    valid = values.dropna()
    missing = len(values) - len(valid)
    row = {"variable": "services", "level": None, "n": len(valid), "missing": missing, "percent": None,
           "denominator": None, "mean": valid.mean(), "sd": valid.std(), "median": valid.median(),
           "q1": valid.quantile(0.25), "q3": valid.quantile(0.75), "min": valid.min(), "max": valid.max(),
           "skewness": valid.skew(), "kurtosis": valid.kurt()}  # fmt: skip
    absent = {"variable": "services", "n_missing": missing, "percent": 0.0, "n_valid": len(valid), "n_declared": 0}
    return {"descriptives": pd.DataFrame([row]), "missingness": pd.DataFrame([absent])}


@settings(max_examples=60, deadline=None)
@given(st.integers(40, 240), st.integers(1, K - 1), st.integers(0, 2**32 - 1), st.sampled_from([1.5, 8.0, 60.0]))
def test_a_hidden_n_cannot_be_read_off_the_mean(clients: int, missing: int, seed: int, size: float) -> None:
    values = pd.Series(np.random.default_rng(seed).poisson(size, clients).astype(float))
    values.iloc[:missing] = None
    tables = study_tables(values)
    exact = tables["descriptives"].iloc[0]
    shown = to_public(tables, POLICY, date(2026, 1, 1), clients=values.to_frame("services"))
    row = shown.tables["descriptives"].iloc[0]
    assert pd.isna(row["n"])
    assert pd.isna(row["missing"])
    assert row[["q1", "q3", "skewness", "kurtosis"]].isna().all()
    assert row["median"] == int(row["median"])
    decimals = 1 if clients - missing - K < 100 else 2
    assert row["mean"] == round(row["mean"], decimals)
    candidates = range(clients - K + 1, clients + 1)
    assert possible_n(row["mean"], row["sd"], candidates, decimals) == set(candidates)
    assert abs(row["mean"] - exact["mean"]) <= 0.5 * 10**-decimals + 1e-9


def test_the_attack_succeeds_on_full_precision() -> None:
    """Positive control: the same reader finds n at once in sixteen digits."""
    values = np.random.default_rng(7).poisson(60, 91).astype(float)
    found = possible_n(float(values.mean()), float(values.std(ddof=1)), range(85, 96), 9)
    assert found == {91}


@pytest.mark.parametrize(("n", "step", "decimals"), [(94, 1, 1), (120, 1, 2), (5000, 1, 2), (94, 0.5, 2), (40, 0.5, 1)])
def test_decimals_follow_the_distance_between_two_means(n: int, step: float, decimals: int) -> None:
    assert decimals_without_n(n, K, step) == decimals
    assert 10.0**-decimals >= step / (n - K) or decimals == 2


def pseudo_r2(first: int, n: int, chi2: float) -> tuple[float, float]:
    """Nagelkerke's and McFadden's R² of a model of two classes with ``first`` of ``n`` in one (statistics.md, 2.4)."""
    null = -2 * sum(count * math.log(count / n) for count in (first, n - first))
    nagelkerke = (1 - math.exp(-chi2 / n)) / (1 - math.exp(-null / n))
    return nagelkerke, chi2 / null


def test_two_pseudo_r2_leave_many_n() -> None:
    shown = pseudo_r2(13, 42, 34.2)
    table = pd.DataFrame([{"model": "readiness", "nagelkerke": shown[0], "mcfadden": shown[1]}])
    row = round_release({"models": table}, K, {}, frozenset())["models"].iloc[0]

    def agree(digits: tuple[float, float], unit: float) -> set[int]:
        found = set()
        for n in range(25, 70):
            for first in range(K, n - K + 1):
                null = pseudo_r2(first, n, 1.0)[1] ** -1
                told = pseudo_r2(first, n, digits[1] * null)
                if abs(told[0] - digits[0]) <= unit:
                    found.add(n)
        return found

    assert agree(shown, 1e-9) == {42}
    assert len(agree((row["nagelkerke"], row["mcfadden"]), 0.01)) >= K


def test_small_figures_keep_a_digit_that_counts() -> None:
    table = pd.DataFrame([{"model": "m", "b": 0.000412, "se": 0.00213, "p": 2.7e-08, "statistic": 0.1934, "df": 69.0}])
    row = round_release({"coefficients": table}, K, {}, frozenset())["coefficients"].iloc[0]
    assert row["b"] == 0.0004
    assert row["p"] == 3e-08
    assert row["statistic"] == 0.19
    assert row["df"] == 69
    assert row["se"] == 0.0021
