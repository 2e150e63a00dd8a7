"""The columns said to be behind a table of the study: shuffling one moves the table, shuffling the others does not."""

import numpy as np
import pandas as pd
import pytest

from assets.study.inputs import NAMED_BY, columns_behind, is_a_word, parts
from assets.study.rules import rules
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


OVER_ALL_PAIRS = ["p_holm", "p_bh"]


def named(table: str, frame: pd.DataFrame) -> pd.Series:
    """The words by which a row tells its entry of the spec."""
    return frame[list(NAMED_BY[table])].agg(" x ".join, axis=1) if len(frame) else pd.Series(dtype=object)


def test_the_rows_of_an_entry_move_with_its_columns_alone(spec: Spec, frame: pd.DataFrame) -> None:
    """Entries of one name, a model and a pair, are told apart by nothing in the tables; none are in this spec."""
    plain = run_study(frame, spec)
    asked = parts(spec)
    assert set(asked) == set(plain) == set(NAMED_BY)
    for table, rows in plain.items():
        known = {name for part in asked[table] for name in part.names}
        assert set(named(table, rows)) - {"participants"} <= known, table

    for column in sorted(spec.columns().keys() - {"id"}):
        moved = run_study(redrawn(frame, [column]), spec)
        for table, entries in asked.items():
            before, after = (found[table].drop(columns=OVER_ALL_PAIRS, errors="ignore") for found in (plain, moved))
            for part in entries:
                if column not in part.columns:
                    rows = [found[named(table, found).isin(part.names).to_numpy()] for found in (before, after)]
                    pd.testing.assert_frame_equal(*(one.reset_index(drop=True) for one in rows))


def test_stages_that_the_spec_does_not_list_are_behind_their_table_too(frame: pd.DataFrame) -> None:
    levels = ["pre-contemplation", "contemplation", "maintenance"]
    asked = {**SPEC, "categories": {**SPEC["categories"], "stage": levels}, "models": []}
    spec = parse_spec({**asked, "stages": {}, "describe": ["stage"]}, "here")
    assert [(part.names, part.columns) for part in parts(spec)["urica_stages"]] == [(("t0",), ("stage",))]
    staged = frame.assign(stage=frame["stage"].map(dict(zip(["low", "mid", "high"], levels, strict=True))))
    assert set(run_study(staged, spec)["urica_stages"]["wave"]) == {"t0"}


def test_the_page_of_the_statistics_has_a_rule_for_every_table(spec: Spec) -> None:
    told = rules()
    assert set(told) == set(parts(spec))
    assert all(rule and all(len(line) > 20 and "`" not in line for line in rule) for rule in told.values())
    assert any("QR" in line for line in told["coefficients"])
