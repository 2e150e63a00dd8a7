"""The specification curve: the whole family, the same with any number of workers, and honest about chance."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from assets.errors import ConfigError
from assets.study.curve import specification_curve
from assets.study.curve_family import default_curves, members_of
from assets.study.fiml import fit_fiml
from assets.study.ols import fit_ols
from assets.study.scales import STAGES
from assets.study.spec import Spec, parse_spec
from assets.study.staging import SUBSCALES, by_cutoff

X = [f"x{i}" for i in range(6)]


def data(seed: int, effect: float = 0.0, n: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({name: rng.normal(size=n) for name in X})
    frame["y"] = effect * frame["x0"] + rng.normal(size=n)
    frame["stage"] = rng.choice(["a", "b", "c"], size=n)
    frame.loc[:4, "x1"] = np.nan
    return frame.assign(id=range(n))


def spec(**curve: Any) -> Spec:
    base: dict[str, Any] = {"name": "c", "family": "ols", "outcomes": ["y"], "predictors": X[1:], "focal": "x0"}
    models = [
        {"name": "m", "family": "ols", "outcome": "y", "predictors": ["x0", "x1"]},
        {"name": "s", "family": "multinomial", "outcome": "stage", "predictors": X[:3]},
    ]
    base |= curve
    return parse_spec({"id": "id", "categories": {"stage": ["a", "b", "c"]}, "models": models, "curves": [base]}, "s")


def test_every_member_is_fitted_as_the_plain_model_is() -> None:
    frame = data(1, effect=1.0)
    tables = specification_curve(frame, spec(missing=["listwise", "fiml"]), permutations=0, workers=1)
    rows = tables["specification_curve"]
    assert len(rows) == 2 * 2**5
    chosen = rows[(rows["predictors"] == "x0 + x1 + x3")].set_index("missing")
    complete = frame.dropna()
    plain = fit_ols(complete["y"].to_numpy(), complete[["x0", "x1", "x3"]].to_numpy())
    assert chosen.loc["listwise", "p"] == pytest.approx(plain.p[1], rel=1e-12)
    assert chosen.loc["listwise", "estimate"] == pytest.approx(plain.beta[1], rel=1e-12)
    fiml = fit_fiml(frame["y"].to_numpy(), frame[["x0", "x1", "x3"]].to_numpy())
    assert chosen.loc["fiml", "statistic"] == pytest.approx(fiml.b[1] / fiml.se[1], rel=1e-12)
    assert chosen["n"].to_dict() == {"listwise": 75, "fiml": 80}
    summary = tables["specification_summary"].iloc[0]
    assert summary["n_models"] == summary["n_estimable"] == 64
    assert summary["share_agreeing"] == 1.0
    assert summary["declared_p"] == pytest.approx(
        rows.query("predictors == 'x0 + x1' and missing == 'listwise'")["p"].iloc[0]
    )


def test_the_number_of_workers_changes_nothing() -> None:
    frame, family = data(2), spec(size=[0, 5])
    ticks: list[tuple[int, int]] = []
    one = specification_curve(frame, family, permutations=70, workers=1)
    two = specification_curve(frame, family, permutations=70, workers=2, progress=lambda *tick: ticks.append(tick))
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, two[name])
    assert ticks[-1] == (32 * 71, 32 * 71)
    assert len(ticks) > 20


def test_noise_agrees_with_its_own_permutations() -> None:
    shares, expected = [], []
    for seed in range(12):
        summary = specification_curve(data(seed), spec(size=[1, 2]), permutations=10, workers=1)
        shares.append(summary["specification_summary"]["share_significant"].iloc[0])
        expected.append(summary["specification_summary"]["expected_share_significant"].iloc[0])
    assert np.mean(expected) == pytest.approx(0.05, abs=0.04)
    assert np.mean(shares) < 0.25


def test_a_true_effect_is_beyond_chance() -> None:
    tables = specification_curve(data(3, effect=0.8), spec(), permutations=15, workers=1)
    summary = tables["specification_summary"].iloc[0]
    assert summary["chance_of_smallest_p"] == 0.0
    assert summary["share_same_sign"] == 1.0


def test_multinomial_family_without_a_focal_predictor() -> None:
    family = spec(family="multinomial", outcomes=["stage"], predictors=X, focal=None, size=[3, 3], reference="a")
    tables = specification_curve(data(4), family, permutations=3, workers=1)
    assert len(tables["specification_curve"]) == 20
    summary = tables["specification_summary"].iloc[0]
    declared = tables["specification_curve"].query("predictors == 'x0 + x1 + x2'")["p"].iloc[0]
    assert summary["declared_p"] == declared
    assert 0 <= summary["chance_of_declared_p"] <= 1


def test_what_cannot_be_estimated_is_counted_not_hidden() -> None:
    frame = data(5).assign(x1=1.0)
    frame["x2"] = frame["x3"] * 2
    tables = specification_curve(frame, spec(), permutations=0, workers=1)
    summary = tables["specification_summary"].iloc[0]
    assert summary["n_models"] == 32
    assert summary["n_estimable"] == 24  # x2 and x3 together are collinear; a constant x1 drops out
    assert tables["specification_curve"]["p"].isna().sum() == 8


def test_curves_are_drawn_from_the_models_where_none_are_declared() -> None:
    plain = parse_spec({**spec().model_dump(exclude={"curves"})}, "s")
    curves = default_curves(plain)
    assert [curve.name for curve in curves] == ["m", "s"]
    assert [len(members_of(curve)) for curve in curves] == [2, 1]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"size": [3, 9]}, "`size` must be"),
        ({"family": "multinomial", "missing": ["fiml"]}, "for ols only"),
        ({"focal": None, "size": [0, 2]}, "no test"),
        ({"focal": "x1"}, "two roles"),
    ],
)
def test_a_curve_that_makes_no_sense_is_told(change: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        spec(**change)


def test_other_scorings_of_the_same_answers_join_the_family() -> None:
    rng = np.random.default_rng(6)
    n = 60
    answers = {part: rng.integers(1, 8, size=(n, 4)).astype(float) for part in ("mspss_family", "mspss_friends")}
    answers["mspss_family"][0, :2] = np.nan
    answers |= {part: rng.integers(1, 6, size=(n, 3)).astype(float) for part in SUBSCALES}
    answers["mspss"] = np.column_stack([answers["mspss_family"], answers["mspss_friends"]])
    items = pd.DataFrame(
        [
            {"client_id": client, "scale": scale, "wave": "t0", "item": item, "value": value}
            for scale, table in answers.items()
            for client, row in enumerate(table)
            for item, value in enumerate(row)
        ]
    )
    means = np.column_stack([answers[part].mean(axis=1) for part in SUBSCALES])
    readiness = means[:, 1:].sum(axis=1) - means[:, 0]
    frame = pd.DataFrame({"id": range(n), "x": rng.normal(size=n), "z": rng.normal(size=n), "readiness_t0": readiness})
    frame["mspss_t0"], frame["mspss_t6"] = np.nanmean(answers["mspss"], axis=1), np.nan
    frame["stage_t0"] = [STAGES[code] for code in by_cutoff(means)]
    plain = parse_spec(
        {
            "id": "id",
            "categories": {"stage_t0": list(STAGES)},
            "pairs": [{"name": "mspss", "t0": "mspss_t0", "t6": "mspss_t6"}],
            "stages": {"t0": {"stage": "stage_t0", "readiness": "readiness_t0"}},
            "models": [
                {"name": "lin", "family": "ols", "outcome": "mspss_t0", "predictors": ["x", "z"]},
                {"name": "multi", "family": "multinomial", "outcome": "stage_t0", "predictors": ["x"]},
            ],
        },
        "s",
    )
    rows = specification_curve(frame, plain, items, permutations=2, workers=1)["specification_curve"]
    linear = rows[rows["curve"] == "lin"].drop_duplicates("outcome").set_index("outcome")["n"].to_dict()
    assert linear == {"mspss_t0": 60, "mspss_t0~all_items": 59, "mspss_t0~sum_of_subscale_means": 59}
    staged = set(rows[rows["curve"] == "multi"]["outcome"])
    rules = ("nearest_mean", "highest_subscale_tie_earlier", "highest_subscale_tie_later")
    assert staged == {"stage_t0", *(f"stage_t0~{rule}" for rule in rules)}
    without = specification_curve(frame, plain, permutations=0, workers=1)["specification_curve"]
    assert set(without["outcome"]) == {"mspss_t0", "stage_t0", "stage_t0~nearest_mean"}
