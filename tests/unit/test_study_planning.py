"""Planning by simulation agrees with formulas where there are formulas, and grows with the sample."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from assets.errors import ConfigError
from assets.study.detectable import power_f
from assets.study.planning import plan, wilson
from assets.study.spec import Spec, parse_spec


def data() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    n = 100
    x, z = rng.normal(size=n), rng.normal(size=n)
    y = 0.35 * x + rng.normal(size=n)
    eta = np.column_stack([np.zeros(n), 0.2 + x, -0.3 - z]) + rng.gumbel(size=(n, 3))
    frame = pd.DataFrame(
        {"id": range(n), "x": x, "z": z, "y": y, "stage": np.array(["a", "b", "c"])[eta.argmax(axis=1)]}
    )
    frame["y6"] = np.where(np.arange(n) < 40, y + rng.normal(0.4, 1, size=n), np.nan)
    frame.loc[90:, "z"] = np.nan
    return frame


def spec(*families: str) -> Spec:
    models: dict[str, dict[str, Any]] = {
        "ols": {"name": "lin", "family": "ols", "outcome": "y", "predictors": ["x", "z"]},
        "multinomial": {"name": "multi", "family": "multinomial", "outcome": "stage", "predictors": ["x", "z"]},
    }
    return parse_spec(
        {
            "id": "id",
            "categories": {"stage": ["a", "b", "c"]},
            "pairs": [{"name": "y", "t0": "y", "t6": "y6"}],
            "models": [models[family] for family in families],
        },
        "s",
    )


def test_simulated_power_of_f_is_near_its_formula() -> None:
    rows = plan(data(), spec("ols"), [100], simulations=400)
    overall = rows[(rows["analysis"] == "lin") & rows["term"].isna()].iloc[0]
    assert overall["n_analysed"] == 90
    f2 = overall["effect"] / (1 - overall["effect"])
    assert overall["power"] == pytest.approx(power_f(f2, 2, 90), abs=0.08)
    assert overall["power_low"] < overall["power"] < overall["power_high"]


def test_power_grows_and_intervals_shrink_with_the_sample() -> None:
    rows = plan(data(), spec("ols", "multinomial"), [100, 400], simulations=60)
    for _, part in rows.groupby(["analysis", "equation", "term"], dropna=False):
        small, large = part.sort_values("n_clients").to_dict("records")
        assert large["power"] >= small["power"] - 0.15
        if np.isfinite(small["half_width"]):
            assert large["half_width"] == pytest.approx(small["half_width"] / 2, rel=0.3)
    pairs = rows[rows["analysis"] == "y"].set_index("n_clients")["n_analysed"]
    assert pairs.to_dict() == {100: 40, 400: 160}


def test_the_plan_is_seeded() -> None:
    one, two = (plan(data(), spec("ols", "multinomial"), [60], simulations=10) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)


def test_separation_in_a_small_sample_is_counted() -> None:
    rows = plan(data(), spec("multinomial"), [22], simulations=40)
    slopes = rows[(rows["analysis"] == "multi") & rows["term"].notna()]
    assert slopes["share_not_estimable"].max() > 0


def test_a_plan_without_clients_is_refused() -> None:
    with pytest.raises(ConfigError):
        plan(data(), spec("ols"), [1])


def test_wilson() -> None:
    low, high = wilson(5, 10)
    assert (low, high) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(0, 10)[0] == 0.0
