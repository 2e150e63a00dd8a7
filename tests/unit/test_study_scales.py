"""Alpha, scale scores by wave and stages of change."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assets.errors import DataError
from assets.study.run import run_study
from assets.study.scales import cronbach_alpha
from assets.study.spec import parse_spec

SCALES = {
    "mspss_12": [f"mspss_{i}" for i in range(1, 13)],
    "mspss_so": ["mspss_1", "mspss_2", "mspss_5", "mspss_10"],
    "mspss_fam": ["mspss_3", "mspss_4", "mspss_8", "mspss_11"],
    "mspss_fri": ["mspss_6", "mspss_7", "mspss_9", "mspss_12"],
    "copse_26": [f"copse_{i}" for i in range(1, 27)],
    "urica_PC": ["urica_1", "urica_5", "urica_9"],
}


@pytest.mark.parametrize("scale", SCALES)
def test_alpha_equals_psych(shared_dir: Path, scale: str) -> None:
    items = pd.read_csv(shared_dir / "reference/instruments_items.csv")
    expected = json.loads((shared_dir / "reference/instruments.json").read_text())["cronbach"][scale]
    answers = items[SCALES[scale]].to_numpy(dtype=float)
    assert (~np.isnan(answers).any(axis=1)).sum() == expected["n"]
    assert cronbach_alpha(answers) == pytest.approx(expected["raw_alpha"], rel=1e-12)


def study() -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = pd.DataFrame(
        {
            "id": [3, 1, 2, 4],
            "a0": [1.0, 2.0, 4.0, np.nan],
            "a6": [2.0, np.nan, 5.0, 3.0],
            "stage_0": ["pre-contemplation", "contemplation", "contemplation", None],
            "readiness_0": [7.0, 9.0, 10.0, None],
        }
    )
    long = [
        {"client_id": client, "scale": "a", "wave": wave, "item": item, "value": value}
        for wave, answers in {
            "t0": {1: [2, 3, 1], 2: [4, 4, 5], 3: [1, 1, 2]},
            "t6": {2: [5, 4, 5], 3: [2, 2, -99], 4: [3, 3, 3]},
        }.items()
        for client, values in answers.items()
        for item, value in enumerate(values)
    ]
    return frame, pd.DataFrame(long)


SPEC = {
    "id": "id",
    "missing_codes": [-99],
    "categories": {"stage_0": ["pre-contemplation", "contemplation", "preparation/action", "maintenance"]},
    "describe": ["readiness_0", "stage_0"],
    "pairs": [{"name": "a", "t0": "a0", "t6": "a6"}],
}


def test_matched_and_unmatched_scores_with_alpha() -> None:
    frame, items = study()
    rows = run_study(frame, parse_spec(SPEC, "s"), items=items)["scale_scores"].set_index(["wave", "matched"])
    assert rows.loc[("t0", False), ["n", "mean"]].tolist() == [3, pytest.approx(7 / 3)]
    assert rows.loc[("t0", True), ["n", "mean"]].tolist() == [2, 2.5]
    assert rows.loc[("t6", True), ["n", "mean"]].tolist() == [2, 3.5]
    answers = np.array([[2, 3, 1], [4, 4, 5], [1, 1, 2]], dtype=float)
    assert rows.loc[("t0", False), "alpha"] == pytest.approx(cronbach_alpha(answers))
    assert rows.loc[("t0", True), "alpha"] == pytest.approx(cronbach_alpha(answers[1:]))


def test_a_scale_of_items_only_is_scored_from_complete_answers() -> None:
    frame, items = study()
    rows = run_study(frame, parse_spec({**SPEC, "pairs": []}, "s"), items=items)["scale_scores"]
    rows = rows.set_index(["wave", "matched"])
    assert rows.loc[("t6", False), ["n", "mean"]].tolist() == [2, pytest.approx((14 / 3 + 3) / 2)]
    assert rows.loc[("t6", True), "n"] == 1


def test_an_item_answered_twice_is_refused_without_its_value() -> None:
    frame, items = study()
    with pytest.raises(DataError, match="ITEM_TWICE"):
        run_study(frame, parse_spec(SPEC, "s"), items=pd.concat([items, items.head(1)]))


def test_stages_are_found_by_their_names_and_counted_with_readiness() -> None:
    frame, _ = study()
    rows = run_study(frame, parse_spec(SPEC, "s"))["urica_stages"].set_index("stage")
    assert list(rows["n"]) == [1, 2, 0, 0]
    assert rows.loc["contemplation", "mean_readiness"] == 9.5
    assert rows.loc["contemplation", "percent"] == pytest.approx(200 / 3)
    assert set(rows["wave"]) == {"t0"}
    assert np.isnan(rows.loc["maintenance", "mean_readiness"])


def test_flow_comes_first_and_models_last() -> None:
    frame, _ = study()
    flow = pd.DataFrame({"step": ["clients"], "n": [9], "reason": ["intake"]})
    rows = run_study(frame, parse_spec(SPEC, "s"), flow=flow)["participant_flow"]
    assert list(rows["step"]) == ["clients", "a: t0", "a: t6", "a: both"]
    assert list(rows["n"]) == [9, 3, 3, 2]
