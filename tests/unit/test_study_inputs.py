"""The columns said to be behind a table of the study: shuffling one moves the table, shuffling the others does not."""

import numpy as np
import pandas as pd
import pytest

from assets.study.inputs import columns_behind, is_a_word
from assets.study.run import run_study
from assets.study.spec import Spec, parse_spec

N = 120
SPEC = {
    "id": "id",
    "categories": {"group": ["a", "b", "c"], "stage": ["low", "mid", "high"], "sex": ["f", "m"]},
    "describe": ["age", "group"],
    "associations": [["group", "sex"]],
    "pairs": [{"name": "score", "t0": "score_0", "t6": "score_6"}],
    "scales": [{"name": "extra", "t0": "extra_0", "t6": "extra_6"}],
    "stages": {"t0": {"stage": "stage", "readiness": "ready"}},
    "models": [
        {"name": "m", "family": "ols", "outcome": "score_0", "predictors": ["age", "dose"], "missing": "listwise"},
        {"name": "s", "family": "multinomial", "outcome": "stage", "reference": "low", "predictors": ["dose"]},
    ],
}


@pytest.fixture(scope="module")
def spec() -> Spec:
    return parse_spec(SPEC, "here")


@pytest.fixture(scope="module")
def frame(spec: Spec) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    made = pd.DataFrame({"id": [f"c{number}" for number in range(N)]})
    for column in sorted(spec.columns().keys() - {"id"}):
        levels = spec.categories.get(column)
        values = rng.choice(levels, N) if levels else rng.normal(10, 2, N).round(3)
        made[column] = pd.Series(values, dtype=object if levels else float).mask(rng.random(N) < 0.08)
    return made


def redrawn(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Other values, and others missing, in some columns."""
    rng = np.random.default_rng(6)
    other = frame.copy()
    for column in columns:
        mixed = frame[column].sample(frac=1, random_state=7).to_numpy()
        numeric = pd.api.types.is_numeric_dtype(frame[column])
        drawn = mixed * 1.5 if numeric else np.where(rng.random(N) < 0.7, frame[column].dropna().iloc[0], mixed)
        other[column] = pd.Series(drawn, dtype=frame[column].dtype).mask(rng.random(N) < 0.2)
    return other


def test_a_table_moves_with_each_column_behind_it_and_with_no_other(spec: Spec, frame: pd.DataFrame) -> None:
    behind = columns_behind(spec)
    every = sorted(spec.columns().keys() - {"id"})
    plain = run_study(frame, spec)
    assert set(behind) == set(plain)

    for column in every:
        moved = run_study(redrawn(frame, [column]), spec)
        for table, columns in behind.items():
            stays = moved[table].equals(plain[table])
            if table == "diagnostics":  # reads every column, and says nothing of one that is in order
                assert stays or column in columns, column
                continue
            assert stays is (column not in columns), (table, column)
            words = [name for name in moved[table].columns if is_a_word(table, name)]
            if len(moved[table]) == len(plain[table]):
                pd.testing.assert_frame_equal(moved[table][words], plain[table][words])
