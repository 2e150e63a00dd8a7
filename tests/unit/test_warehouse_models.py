"""What dbt readers expect of every model: its name, its grain told and tested, its columns told, its measures shown."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "dbt_project" / "models"
NAMES = {
    "staging": re.compile(r"stg_(case_management|qualtrics)__[a-z_]+"),
    "intermediate": re.compile(r"int_[a-z_]+_[a-z]+"),
    "marts": re.compile(r"(dim|fct)_[a-z_]+|client_month"),
    "research": re.compile(r"client_study"),
}
TAGS = {"none", "quasi", "sensitive", "direct"}


def described() -> dict[str, dict[str, Any]]:
    return {
        model["name"]: {**model, "layer": path.parent.name}
        for path in sorted(MODELS.rglob("_*.yml"))
        for model in yaml.safe_load(path.read_text("utf-8")).get("models", [])
    }


DESCRIBED = described()
WRITTEN = {path.stem: path for path in sorted(MODELS.rglob("*.sql"))}
PUBLISHED = sorted(name for name, model in DESCRIBED.items() if model["layer"] in ("marts", "research"))


def shown() -> dict[str, set[str]]:
    """Model → columns that some unit test of it tells the value of."""
    found: dict[str, set[str]] = {}
    for path in sorted(MODELS.rglob("_unit_tests*.yml")):
        for test in yaml.safe_load(path.read_text("utf-8"))["unit_tests"]:
            for row in test["expect"]["rows"]:
                found.setdefault(test["model"], set()).update(row)
    return found


SHOWN = shown()


def test_every_model_is_described_and_every_description_has_its_model() -> None:
    assert set(DESCRIBED) == set(WRITTEN)


@pytest.mark.parametrize("name", sorted(DESCRIBED))
def test_a_model_tells_its_grain_and_tests_it(name: str) -> None:
    model = DESCRIBED[name]
    layer = WRITTEN[name].relative_to(MODELS).parts[0]
    assert NAMES[layer].fullmatch(name)
    assert model["description"].count("Grain: one row") == 1
    assert model["config"]["meta"]["grain"].startswith("one row"), "the grain for machines"
    tests = model.get("data_tests", []) + [t for column in model["columns"] for t in column.get("data_tests", [])]
    kinds = [test if isinstance(test, str) else next(iter(test)) for test in tests]
    assert {"grain", "unique"} & set(kinds), "its key is tested"


@pytest.mark.parametrize("name", sorted(DESCRIBED))
def test_every_column_is_described_and_tagged(name: str) -> None:
    for column in DESCRIBED[name]["columns"]:
        assert column["description"].rstrip().endswith("."), column["name"]
        assert column["config"]["meta"]["privacy"] in TAGS, column["name"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_columns_have_a_type_a_label_and_a_source(name: str) -> None:
    for column in DESCRIBED[name]["columns"]:
        assert column["data_type"], column["name"]
        assert column["config"]["meta"]["label"], column["name"]
        assert column["config"]["meta"]["privacy"] != "direct", column["name"]
    project = yaml.safe_load((ROOT / "dbt_project" / "dbt_project.yml").read_text("utf-8"))
    assert project["models"]["outcomes"][DESCRIBED[name]["layer"]]["+contract"] == {"enforced": True}


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_measure_is_shown_by_an_example(name: str) -> None:
    columns = {column["name"] for column in DESCRIBED[name]["columns"]}
    assert columns - SHOWN.get(name, set()) == set()


@pytest.mark.parametrize("name", sorted(name for name, model in DESCRIBED.items() if model["layer"] == "intermediate"))
def test_every_measure_made_on_the_way_is_shown_by_an_example(name: str) -> None:
    """What staging does not know by that name was made here, or in an intermediate model before."""
    staged = {
        column["name"] for model in DESCRIBED.values() if model["layer"] == "staging" for column in model["columns"]
    }
    made = {column["name"] for column in DESCRIBED[name]["columns"]} - staged - {"client_id"}
    everywhere = set().union(*(SHOWN.get(other, set()) for other in DESCRIBED if other.startswith("int_")))
    assert made - everywhere == set()
