"""Footnotes tell n, rule and meaning, agree with the tables, and hold no causal verb."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from assets.study.draft import draft_spec
from assets.study.footnotes import footnotes, number, p_text
from assets.study.replicate import run_on_wide
from assets.study.run import run_study
from assets.study.spec import parse_spec
from assets.study.wide import WideFile, read_wide

CAUSAL = re.compile(
    r"\b(caus\w*|leads?|led|impact\w*|affect\w*|influenc\w*|improv\w*|reduc\w*|increas\w*|decreas\w*|because of|"
    r"results? in|due to|drive[sn]?|effect of|predicts?|works?)\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def study() -> tuple[dict[str, pd.DataFrame], dict[str, list[str]]]:
    rng = np.random.default_rng(2)
    n = 60
    x = rng.normal(size=n)
    stage = np.array(["pre-contemplation", "contemplation", "preparation/action"])[rng.choice(3, n, p=[0.4, 0.5, 0.1])]
    frame = pd.DataFrame(
        {
            "id": range(n),
            "x": x,
            "flag": rng.random(n) < 0.5,
            "g": rng.choice(["a", "b"], n),
            "y": 4 + x + rng.normal(size=n),
            "stage": stage,
        }
    )
    frame["y6"] = frame["y"] + rng.normal(size=n)
    frame.loc[:5, "y"] = np.nan
    spec = parse_spec(
        {
            "id": "id",
            "categories": {"g": ["a", "b"], "stage": ["pre-contemplation", "contemplation", "preparation/action"]},
            "describe": ["x", "g"],
            "associations": [["g", "stage"]],
            "pairs": [{"name": "y", "t0": "y", "t6": "y6"}],
            "models": [
                {"name": "lin", "family": "ols", "outcome": "y", "predictors": ["x", "flag", "g"], "missing": "fiml"},
                {
                    "name": "multi",
                    "family": "multinomial",
                    "outcome": "stage",
                    "predictors": ["x"],
                    "reference": "pre-contemplation",
                },
                {"name": "none", "family": "ols", "outcome": "y", "predictors": ["stage"]},
            ],
        },
        "s",
    )
    tables = run_study(frame, spec)
    return tables, footnotes(tables, spec, {"y": "the support score", "flag": "the flag"})


def test_no_footnote_has_a_causal_verb(study: tuple[dict[str, pd.DataFrame], dict[str, list[str]]]) -> None:
    for notes in study[1].values():
        for note in notes:
            assert not CAUSAL.search(note), note
    assert CAUSAL.search("Support leads directly to exit")


def test_models_tell_n_and_what_each_coefficient_means(
    study: tuple[dict[str, pd.DataFrame], dict[str, list[str]]],
) -> None:
    tables, notes = study
    lines = notes["model:lin"]
    assert lines[0] == "n = 54 clients; 6 left out because the outcome or a predictor is missing (listwise)."
    row = tables["coefficients"].query("model == 'lin' and term == 'x' and method == 'ml'").iloc[0]
    told = f"Per unit of x: the support score {number(row['b'])} points higher on average"
    assert any(line.startswith(told) and p_text(row["p"]) in line for line in lines)
    assert any("g b against the reference category" in line for line in lines)
    assert any("fiml rows use every client" in line for line in lines)
    assert any("One group was observed" in line for line in lines)
    assert any("not tell this from no difference" in line for line in lines)


def test_a_rare_category_is_told(study: tuple[dict[str, pd.DataFrame], dict[str, list[str]]]) -> None:
    lines = study[1]["model:multi"]
    assert any("penalised estimates" in line for line in lines)
    assert any("odds of contemplation against pre-contemplation" in line for line in lines)
    assert any("cannot exceed 14" in line for line in study[1]["urica_stages"])


def test_numbers_in_words() -> None:
    assert [number(value) for value in (0.125, -0.125, 2.675, -0.001)] == ["0.13", "-0.13", "2.68", "0.00"]
    assert number(2.5, 0) == "3"
    assert [p_text(value) for value in (0.0004, 0.0335, 0.5, 0.9999)] == [
        "p < .001",
        "p = .034",
        "p = .500",
        "p > .999",
    ]
    assert p_text(float("nan")) == "p not defined"


def test_a_draft_of_the_minimal_data_set_loads_and_runs(shared_dir: Path) -> None:
    wide = read_wide(shared_dir / "fixtures/agency/minimal_dataset.sav")
    spec = parse_spec(yaml.safe_load(draft_spec(wide)), "draft")
    assert spec.id == "id"
    assert spec.missing_codes == [-99]
    assert spec.categories["race"] == ["black", "latinx", "white", "multiracial", "other"]
    assert [pair.name for pair in spec.pairs] == ["mspss", "mspss_fam", "mspss_fri", "mspss_so", "copse", "readiness"]
    models = {model.name: model.predictors for model in spec.models}
    assert models == {
        "mspss_composite": ["age", "county_out", "goals_set", "services_0", "minority"],
        "cope_se": ["confirmed", "months_service", "minority"],
        "readiness": ["mspss_0", "copse_0", "age"],
    }
    tables = run_on_wide(wide, spec, "draft")
    assert set(tables["models"]["status"]) == {"ok"}


def test_a_draft_of_any_spss_file_loads_and_runs(shared_dir: Path) -> None:
    for path in sorted((shared_dir / "fixtures/real/spss").glob("*.sav")):
        wide = read_wide(path)
        tables = run_on_wide(wide, parse_spec(yaml.safe_load(draft_spec(wide)), "draft"), "draft")
        assert len(tables["models"]) == 0 or set(tables["models"]["status"]) <= {"ok", "not_estimable"}


def test_a_draft_finds_pre_and_post_and_says_what_it_did_not_find() -> None:
    frame = pd.DataFrame({"case": [1, 2, 3], "hope_pre": [1.0, 2, 3], "hope_post": [2.0, 2, 4], "sex": ["f", "m", "f"]})
    text = draft_spec(WideFile(frame))
    spec = parse_spec(yaml.safe_load(text), "draft")
    assert [(pair.name, pair.t0, pair.t6) for pair in spec.pairs] == [("hope", "hope_pre", "hope_post")]
    assert spec.categories == {"sex": ["f", "m"]}
    assert "# No model readiness" in text
