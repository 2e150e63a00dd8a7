"""Mistakes in a spec are told with file and key."""

from pathlib import Path

import pandas as pd
import pytest

from assets.errors import ConfigError
from assets.study.run import run_study
from assets.study.spec import load_spec, parse_spec

MODEL = {"name": "m", "family": "ols", "outcome": "y", "predictors": ["x"]}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"modles": []}, "modles: unknown key"),
        ({"id": None}, "id: "),
        ({"models": [{**MODEL, "family": "logit"}]}, "models[0].family"),
        ({"models": [{**MODEL, "referense": "a"}]}, "models[0].referense: unknown key"),
        ({"models": [{**MODEL, "reference": "a"}]}, "an ols model has none"),
        ({"models": [{**MODEL, "predictors": []}]}, "models[0].predictors"),
        ({"models": [{**MODEL, "predictors": ["y"]}]}, "one of its own predictors"),
        ({"models": [{**MODEL, "predictors": ["x", "x"]}]}, "listed twice"),
        ({"models": [MODEL, MODEL]}, "the name 'm' is used twice"),
        ({"models": [{**MODEL, "family": "multinomial", "missing": "fiml"}]}, "for ols only"),
        ({"models": [{**MODEL, "family": "multinomial", "reference": "c"}], "categories": {"y": ["a"]}}, "reference"),
        ({"pairs": [{"name": "p", "t0": "a"}]}, "pairs[0].t6: this key is required"),
        ({"associations": [["a"]]}, "associations[0]"),
        ({"categories": {"y": ["a", "a"]}}, "categories.y"),
        ({"missing_codes": ["none"]}, "missing_codes[0]"),
    ],
)
def test_a_mistake_names_its_key(change: dict[str, object], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_spec({"id": "id", **change}, "study.yml")
    assert str(caught.value).startswith("study.yml: ")
    assert expected in str(caught.value)


def test_a_file_that_is_no_yaml_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "spec.yml"
    path.write_text("id: a\n  models: [")
    with pytest.raises(ConfigError, match=r"spec\.yml: line 2: is not valid YAML"):
        load_spec(path)
    with pytest.raises(ConfigError, match="no such file"):
        load_spec(tmp_path / "absent.yml")


def test_an_absent_column_is_told_with_key_and_neighbour() -> None:
    spec = parse_spec({"id": "id", "models": [{**MODEL, "predictors": ["agee"]}]}, "s")
    with pytest.raises(
        ConfigError, match=r"models\[0\]\.predictors: the table has no column 'agee'; did you mean 'age'"
    ):
        run_study(pd.DataFrame({"id": [1], "y": [1], "age": [2]}), spec)


def test_text_in_a_pair_is_told_with_key() -> None:
    spec = parse_spec({"id": "id", "pairs": [{"name": "p", "t0": "a", "t6": "b"}]}, "s")
    with pytest.raises(ConfigError, match=r"pairs\[0\]\.t6"):
        run_study(pd.DataFrame({"id": [1], "a": [1], "b": ["high"]}), spec)


def test_categories_may_be_numbers_or_booleans() -> None:
    spec = parse_spec({"id": "id", "categories": {"a": [0, 1], "b": [False, True], "c": [1.0, 2.0]}}, "s")
    assert spec.categories == {"a": ["0", "1"], "b": ["false", "true"], "c": ["1", "2"]}
