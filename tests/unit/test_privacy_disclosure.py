"""Public tables: no count of 1 to k-1 is shown, nor can one be solved for; checked by brute force and from outside."""

import itertools
import math
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.errors import ConfigError
from assets.home import PROJECT_ROOT
from assets.publish.privacy.cells import System
from assets.publish.privacy.disclosure import PublicRelease, to_public, visible_small_counts
from assets.publish.privacy.policy import Policy, load_policy
from assets.study.run import run_study
from assets.study.spec import parse_spec

TODAY = date(2026, 1, 1)
POLICY = Policy.model_validate({"public": {"k": 11}})


def descriptives(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The study's tables of counts for a frame of categorical columns, in the contract's columns."""
    rows, missing = [], []
    for name in frame.columns:
        valid = frame[name].dropna()
        absent = len(frame) - len(valid)
        missing.append({"variable": name, "n_missing": absent, "percent": 100 * absent / len(frame),
                        "n_valid": len(valid), "n_declared": 0})  # fmt: skip
        for level in sorted(frame[name].dropna().unique()):
            n = int((valid == level).sum())
            rows.append({"variable": name, "level": level, "n": n, "missing": absent, "percent": 100 * n / len(valid),
                         "denominator": len(valid), "mean": None, "min": None, "max": None})  # fmt: skip
    return {"descriptives": pd.DataFrame(rows), "missingness": pd.DataFrame(missing)}


@st.composite
def agencies(draw: st.DrawFn) -> pd.DataFrame:
    """Random clients: 25 to 200, one to four columns of two to five levels, some rare, some missing."""
    n = draw(st.integers(25, 200))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    columns = {}
    for number in range(draw(st.integers(1, 4))):
        levels = [f"level {letter}" for letter in "abcde"[: draw(st.integers(2, 5))]]
        weights = generator.dirichlet(np.full(len(levels), 0.6))
        values = generator.choice(levels, n, p=weights).astype(object)
        values[generator.random(n) < draw(st.sampled_from([0.0, 0.02, 0.3]))] = None
        columns[f"column {number}"] = values
    return pd.DataFrame(columns).dropna(axis=1, how="all")


def attack(release: PublicRelease, clients: int, k: int) -> list[str]:
    """What a reader gets from the shown tables alone, by subtraction: variables with a solvable hidden count."""
    shown, missing = release.tables["descriptives"], release.tables["missingness"].set_index("variable")
    broken = []
    for variable, rows in shown.groupby("variable"):
        counts = [*rows["n"], None if rows["missing"].isna().any() else rows["missing"].iloc[0]]
        told = missing.loc[variable, "n_missing"]
        if counts[-1] is None and not pd.isna(told):
            counts[-1] = told
        hidden = [count for count in counts if pd.isna(count)]
        rest = clients - sum(count for count in counts if not pd.isna(count))
        if hidden and (len(hidden) == 1 or rest < k):
            broken.append(str(variable))
    return broken


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(agencies())
def test_no_small_count_is_shown_or_left_over(frame: pd.DataFrame) -> None:
    if frame.empty:
        return
    release = to_public(descriptives(frame), POLICY, TODAY)
    assert visible_small_counts(release.tables, 11) == []
    assert attack(release, len(frame), 11) == []
    assert release.system.audit(11) == []
    shown = release.tables["descriptives"]
    hidden = shown["n"].isna()
    assert shown.loc[hidden, "percent"].isna().all()
    assert shown.loc[shown["denominator"].isna(), "percent"].isna().all()
    visible = shown[~shown["percent"].isna()]
    # One decimal of a percentage of up to 200 clients still gives the count back to the nearest whole number.
    counts = (visible["percent"] * visible["denominator"].astype(float) / 100).round()
    assert ((counts == 0) | (counts >= 11)).all()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3), min_size=2, max_size=3),
    st.integers(0, 2**16 - 1),
)
def test_the_interval_is_what_brute_force_finds(table: list[list[int]], mask: int) -> None:
    """A small table with all margins visible: every way to fill the hidden cells is tried."""
    system, cells = System(), []
    for i, row in enumerate(table):
        system.add(f"row {i}", sum(row), "total")
        for j, value in enumerate(row):
            system.add(f"{i},{j}", value, "level")
            cells.append(f"{i},{j}")
        system.adds_up([f"{i},{j}" for j in range(3)], f"row {i}")
    for j in range(3):
        system.add(f"column {j}", sum(row[j] for row in table), "total")
        system.adds_up([f"{i},{j}" for i in range(len(table))], f"column {j}")
    system.hidden = {cell for position, cell in enumerate(cells) if mask >> position & 1}
    if not 0 < len(system.hidden) <= 6:
        return
    order = sorted(system.hidden)
    most = max(system.cells[f"row {i}"].value for i in range(len(table)))
    fits: dict[str, set[int]] = {cell: set() for cell in order}
    for values in itertools.product(range(most + 1), repeat=len(order)):
        guess = {name: cell.value for name, cell in system.cells.items()} | dict(zip(order, values, strict=True))
        if all(sum(factor * guess[cell] for cell, factor in equation.items()) == 0 for equation in system.equations):
            for cell, value in zip(order, values, strict=True):
                fits[cell].add(value)
    for cell, (low, high) in system.bounds(order).items():
        assert (round(low, 6), round(high, 6)) == (min(fits[cell]), max(fits[cell]))


def table(name: str, rows: list[dict[str, object]], **more: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {name: pd.DataFrame(rows), **more}


def test_small_categories_are_merged_before_anything_is_hidden() -> None:
    frame = pd.DataFrame({"race_ethnicity": ["black"] * 40 + ["white"] * 30 + ["multiracial"] * 16 + ["other"] * 3})
    shown = to_public(descriptives(frame), load_policy(PROJECT_ROOT / "config"), TODAY).tables["descriptives"]
    counts = dict(zip(shown["level"], shown["n"], strict=True))
    assert counts == {"black": 40, "white": 30, "multiracial or other": 19}


def test_a_few_missing_go_with_the_largest_level() -> None:
    frame = pd.DataFrame({"answer": ["no"] * 60 + ["yes"] * 30 + [None] * 4})
    release = to_public(descriptives(frame), POLICY, TODAY)
    shown = release.tables["descriptives"]
    assert dict(zip(shown["level"], shown["n"], strict=True)) == {"no or not recorded": 64, "yes": 30}
    assert release.tables["missingness"][["n_missing", "n_valid", "percent"]].isna().all(axis=None)


def test_what_holds_for_everybody_is_not_shown() -> None:
    frame = pd.DataFrame({"trait": ["yes"] * 50, "other": ["a"] * 25 + ["b"] * 25})
    tables = descriptives(frame)
    tables["descriptives"] = pd.concat(
        [
            tables["descriptives"],
            pd.DataFrame(
                [{"variable": "trait", "level": "no", "n": 0, "missing": 0, "percent": 0.0, "denominator": 50}]
            ),
        ]
    )
    release = to_public(tables, POLICY, TODAY)
    shown = release.tables["descriptives"]
    assert shown.loc[shown["variable"] == "trait", ["n", "percent"]].isna().all(axis=None)


def test_the_mean_of_all_but_a_few_is_not_shown_beside_the_mean_of_all() -> None:
    scores = [
        {"scale": "mspss", "wave": "t0", "matched": False, "n": 70, "mean": 4.8, "sd": 1.0, "alpha": 0.9},
        {"scale": "mspss", "wave": "t0", "matched": True, "n": 33, "mean": 4.7, "sd": 1.0, "alpha": 0.9},
        {"scale": "mspss", "wave": "t6", "matched": False, "n": 35, "mean": 4.9, "sd": 1.0, "alpha": 0.9},
        {"scale": "mspss", "wave": "t6", "matched": True, "n": 33, "mean": 4.8, "sd": 1.0, "alpha": 0.9},
    ]
    flow = pd.DataFrame([{"step": "participants", "n": 95, "reason": None}])
    missing = pd.DataFrame(
        [{"variable": "mspss_t6", "n_missing": 60, "n_valid": 35, "percent": 63.2, "n_declared": 0},
         {"variable": "mspss_t0", "n_missing": 25, "n_valid": 70, "percent": 26.3, "n_declared": 0}]
    )  # fmt: skip
    shown = to_public(table("scale_scores", scores, participant_flow=flow, missingness=missing), POLICY, TODAY).tables
    means = shown["scale_scores"]["mean"].tolist()
    assert means[:2] == [4.8, 4.7]
    assert pd.isna(means[2])
    assert means[3] == 4.8
    assert pd.isna(shown["missingness"].loc[0, "n_missing"])
    assert shown["missingness"].loc[1, "n_missing"] == 25


def test_few_ties_take_the_rank_sums_with_them() -> None:
    row = {"name": "mspss", "n_pairs": 40, "n_zero": 3, "n_positive": 20, "n_negative": 17, "rank_sum_positive": 380.0,
           "rank_sum_negative": 323.0, "z": -0.4, "p": 0.7, "hodges_lehmann": 0.1}  # fmt: skip
    shown = to_public(table("paired_tests", [row]), POLICY, TODAY).tables["paired_tests"].iloc[0]
    assert shown["n_pairs"] == 40
    assert shown["hodges_lehmann"] == 0.1
    assert shown[["n_zero", "rank_sum_positive", "rank_sum_negative", "z", "p"]].isna().all()


def model(**changes: object) -> dict[str, object]:
    return {"model": "m", "family": "ols", "outcome": "y", "missing": "listwise", "n": 75, "n_excluded": 20,
            "df_model": 5, "df_resid": 69, "statistic": 2.0, "p": 0.1, "r2": 0.1, "adj_r2": 0.05, "aic": 200.0,
            "bic": 210.0, "minus2ll": 190.0, "nagelkerke": None, "status": "ok",
            "message": "3 clients left out"} | changes  # fmt: skip


COEFFICIENT = {"model": "m", "equation": None, "term": "age", "method": "ml", "b": 0.5, "se": 0.1, "beta": 0.2,
               "statistic": 5.0, "df": 69, "p": 0.01, "ci_low": 0.3, "ci_high": 0.7}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "kept", "gone"),
    [
        ({}, ["n", "r2", "aic", "p"], ["message"]),
        ({"n": 90, "n_excluded": 5}, ["r2"], ["n", "n_excluded", "df_resid", "statistic", "adj_r2", "aic", "bic", "p"]),
        ({"n": 14, "n_excluded": 81, "df_resid": 8}, ["status"], ["n", "r2", "statistic", "aic"]),
        ({"family": "multinomial", "df_resid": None}, ["status"], ["n", "r2", "aic"]),
    ],
)
def test_models_show_what_their_n_allows(changes: dict[str, object], kept: list[str], gone: list[str]) -> None:
    tables = table("models", [model(**changes)], coefficients=pd.DataFrame([COEFFICIENT]))
    clients = pd.DataFrame({"y": np.arange(95.0), "age": np.arange(95.0)})
    shown = to_public(tables, POLICY, TODAY, clients).tables
    row, coefficient = shown["models"].iloc[0], shown["coefficients"].iloc[0]
    assert row[kept].notna().all()
    assert row[gone].isna().all()
    if "r2" in gone:
        assert coefficient[["b", "se", "p"]].isna().all()
    elif "n" in gone:
        assert coefficient[["b", "se"]].notna().all()
        assert coefficient[["df", "p", "ci_low", "ci_high", "statistic"]].isna().all()


def count_behind(row: pd.Series, fit: pd.Series) -> float:
    """What a reader works out of a printed linear model: the clients on the smaller side of a yes-or-no predictor."""
    residual = math.exp((fit["minus2ll"] / fit["n"]) - 1 - math.log(2 * math.pi)) * fit["n"] / fit["df_resid"]
    spread = residual * row["vif"] / row["se"] ** 2 / fit["n"]  # p (1 - p)
    return fit["n"] * (0.5 - math.sqrt(max(0.25 - spread, 0)))


@pytest.mark.parametrize(("members", "is_shown"), [(6, False), (10, False), (30, True)])
def test_a_standard_error_that_counts_a_small_group_is_not_shown(members: int, is_shown: bool) -> None:
    generator = np.random.default_rng(5)
    frame = pd.DataFrame({"age": generator.normal(16, 2, 75), "minority": np.arange(75) < members})
    frame["y"] = 0.1 * frame["age"] + generator.normal(size=75)
    spec = parse_spec(
        {"id": "client_id", "models": [{"name": "m", "family": "ols", "outcome": "y",
                                        "predictors": ["age", "minority"], "missing": "listwise"}]}, "test"
    )  # fmt: skip
    tables = run_study(frame.assign(client_id=range(75)), spec)
    fit = tables["models"].iloc[0]
    exact = tables["coefficients"].set_index("term").loc["minority"]
    assert count_behind(exact, fit) == pytest.approx(members, abs=0.5)
    for clients, shown in ((frame, is_shown), (None, False)):
        row = to_public(tables, POLICY, TODAY, clients).tables["coefficients"].set_index("term").loc["minority"]
        assert not pd.isna(row["b"])
        assert row[["se", "statistic", "p", "ci_low", "ci_high", "beta", "vif", "se_hc3"]].notna().all() == shown
        assert ("class" in row["suppressed"]) != shown


def test_extremes_and_thin_percentiles_are_never_shown() -> None:
    base = {"level": None, "percent": None, "denominator": None, "mean": 5.0, "sd": 1.0, "median": 5.0, "q1": 4.0,
            "q3": 6.0, "min": 0.0, "max": 99.0}  # fmt: skip
    rows = [{"variable": f"v{n}", "n": n, "missing": 95 - n, **base} for n in (60, 30, 15)]
    shown = to_public(table("descriptives", rows), POLICY, TODAY).tables["descriptives"].set_index("variable")
    assert shown[["min", "max"]].isna().all(axis=None)
    assert shown.loc["v60", ["median", "q1", "mean"]].notna().all()
    assert shown.loc["v30", ["q1", "q3"]].isna().all()
    assert not pd.isna(shown.loc["v30", "median"])
    assert pd.isna(shown.loc["v15", "median"])


def test_one_client_with_most_of_the_services_hides_their_mean() -> None:
    row = {"variable": "services_total", "level": None, "n": 20, "missing": 20, "mean": 50.0, "sd": 9.0, "median": 3.0,
           "percent": None, "denominator": None, "min": 1, "max": 900}  # fmt: skip
    few, even = [900.0] + [5.0] * 19, [50.0] * 20
    for values, hidden in ((few, True), (even, False)):
        clients = pd.DataFrame({"services_total": values})
        shown = to_public(table("descriptives", [row]), POLICY, TODAY, clients).tables["descriptives"].iloc[0]
        assert pd.isna(shown["mean"]) == hidden
        assert ("dominance" in shown["suppressed"]) == hidden


def test_a_test_of_association_is_shown_only_over_large_cells() -> None:
    row = {"row_variable": "a", "column_variable": "b", "n": 60, "chi2": 4.1, "df": 1, "p": 0.04, "cramers_v": 0.3}
    large = pd.DataFrame({"a": ["x", "y"] * 30, "b": ["u"] * 30 + ["v"] * 30})
    small = large.assign(b=["u"] * 55 + ["v"] * 5)
    for clients, shown_chi2 in ((large, True), (small, False), (None, False)):
        shown = to_public(table("associations", [row]), POLICY, TODAY, clients).tables["associations"].iloc[0]
        assert (not pd.isna(shown["chi2"])) == shown_chi2


def test_less_than_the_floor_needs_leave_in_force_and_is_watermarked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="override"):
        to_public({}, Policy.model_validate({"public": {"k": 5}}), TODAY)
    leave = {"zone": "public", "k": 5, "approver": "Director of Evaluation", "reason": "allowed by the protocol"}
    granted = {"public": {"k": 5}, "overrides": [{**leave, "expires": "2026-06-30"}]}
    release = to_public({}, Policy.model_validate(granted), TODAY)
    assert release.k == 5
    assert release.watermark is not None
    assert "Director of Evaluation" in release.watermark
    expired = {"public": {"k": 5}, "overrides": [{**leave, "expires": "2025-12-31"}]}
    with pytest.raises(ConfigError, match="override"):
        to_public({}, Policy.model_validate(expired), TODAY)
    (tmp_path / "disclosure.yml").write_text("overrides: [{zone: public, k: 5, reason: because we can do so}]")
    with pytest.raises(ConfigError, match=r"disclosure\.yml: overrides\.0\.approver"):
        load_policy(tmp_path)
    assert load_policy(PROJECT_ROOT / "config").watermark(TODAY) is None
