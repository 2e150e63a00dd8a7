"""A name that nothing bears is told before a night begins, with its key and with what may have been meant."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from assets.errors import ConfigError
from assets.near import instead
from assets.publish.privacy.policy import load_policy
from assets.publish.privacy.policy_names import check_names
from assets.study.contract import Promised, check_spec
from assets.study.spec import Spec, parse_spec
from assets.warehouse.follow_up import load_follow_up

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "dbt_project" / "models" / "research" / "_research.yml"
SOURCE = "study.yml: analysis"


@pytest.fixture(scope="module")
def contract() -> dict[str, Promised]:
    """The columns of ``marts.client_study`` as its contract states them, read here without dbt."""
    (model,) = yaml.safe_load(MODELS.read_text("utf-8"))["models"]
    return {
        column["name"]: Promised(
            column["data_type"] == "string",
            column["data_type"] == "boolean",
            tuple(column["config"]["meta"].get("values", ())),
        )
        for column in model["columns"]
    }


def analysis() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "config" / "study.yml").read_text("utf-8"))["analysis"])


def spec_with(*path: Any, value: Any) -> Spec:
    asked = analysis()
    place: Any = asked
    for part in path[:-1]:
        place = place[part]
    if path[-1] == "+":
        place.append(value)
    else:
        place[path[-1]] = value
    return parse_spec(asked, SOURCE)


def test_the_shipped_analyses_fit_the_contract(contract: dict[str, Promised]) -> None:
    check_spec(parse_spec(analysis(), SOURCE), contract, SOURCE)


MODEL = {"name": "m", "family": "ols", "outcome": "mspss_t0", "predictors": ["age"]}
CURVE = {"name": "c", "family": "ols", "outcomes": ["mspss_t0"], "predictors": ["age", "minority"]}


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("id",), "client", "id: client_study has no column 'client'; did you mean 'client_id'?"),
        (("describe", 0), "agee", "describe[0]: client_study has no column 'agee'; did you mean 'age'?"),
        (("describe", 0), "Age", "describe[0]: client_study has no column 'Age'; did you mean 'age'?"),
        (("describe", 0), "zzz", "describe[0]: client_study has no column 'zzz'; there are: client_id, age, race_"),
        (("associations", 0), ["race", "minority"], "associations[0]: client_study has no column 'race'; did you mean"),
        (("pairs", 1, "t6"), "mspss_so_6", "pairs[1].t6: client_study has no column 'mspss_so_6'; did you mean 'mspss"),
        (("scales", 0, "t0"), "urica_t0", "scales[0].t0: client_study has no column 'urica_t0'; did you mean 'urica_"),
        (("stages", "t0", "stage"), "stage_t0", "stages.t0.stage: client_study has no column 'stage_t0'"),
        (("models", 0, "outcome"), "mspss", "models[0].outcome: client_study has no column 'mspss'; did you mean 'msp"),
        (("models", 0, "predictors", "+"), "services", "models[0].predictors: client_study has no column 'services'"),
        (("counts", 1, "predictors", "+"), "months", "counts[1].predictors: client_study has no column 'months'"),
        (("attrition", "+"), "minorty", "attrition[7]: client_study has no column 'minorty'; did you mean 'minority'?"),
        (("curves",), [{**CURVE, "focal": "confirmd"}], "curves[0].predictors: client_study has no column 'confirmd'"),
        (("categories", "race"), ["white"], "categories.race: client_study has no column 'race'; did you mean 'race"),
        (("categories", "race_ethnicity"), ["Black", "white"], "categories.race_ethnicity: 'Black' is no value of the"),
        (("models",), [{**MODEL, "family": "multinomial", "outcome": "classification", "reference": "high risk"}],
         "models[0].reference: not one of the categories of 'classification'; did you mean 'High Risk'?"),
        (("pairs", 0, "t0"), "urica_stage_t0", "pairs[0].t0: urica_stage_t0 holds text, and numbers are needed"),
        (("stages", "t6", "readiness"), "urica_stage_t6", "stages.t6.readiness: urica_stage_t6 holds text, and"),
        (("models", 0, "outcome"), "classification", "models[0].outcome: classification holds text, and numbers are"),
        (("counts", 0, "outcome"), "classification", "counts[0].outcome: classification holds text, and numbers are"),
        (("models", "+"), {**MODEL, "predictors": ["client_id"]}, "models[3].predictors: client_id holds text; list"),
    ],
)  # fmt: skip
def test_what_the_table_cannot_hold_is_told_with_its_key(
    contract: dict[str, Promised], path: tuple[Any, ...], value: Any, told: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        check_spec(spec_with(*path, value=value), contract, SOURCE)
    assert str(caught.value).startswith(f"{SOURCE}: {told}")


def test_a_reference_is_looked_up_where_no_categories_are_listed(contract: dict[str, Promised]) -> None:
    model = {**MODEL, "family": "multinomial", "outcome": "classification", "reference": "high risk"}
    with pytest.raises(
        ConfigError, match=r"models\[0\]\.reference: 'high risk' is no value of classification; did you"
    ):
        check_spec(parse_spec({"id": "client_id", "models": [model]}, SOURCE), contract, SOURCE)


def test_every_mistake_is_told_at_once(contract: dict[str, Promised]) -> None:
    asked = analysis()
    asked["describe"][:2] = ["agee", "rase_ethnicity"]
    asked["models"][1]["predictors"].append("agee")
    with pytest.raises(ConfigError) as caught:
        check_spec(parse_spec(asked, SOURCE), contract, SOURCE)
    keys = [line.split(": ")[2] for line in str(caught.value).splitlines()]
    assert keys == ["describe[0]", "describe[1]", "models[1].predictors"]


def test_a_column_that_an_agency_adds_to_the_model_may_be_asked_for(contract: dict[str, Promised]) -> None:
    more = {**contract, "phq9_t0": Promised(), "shelter": Promised(is_text=True)}
    asked = analysis()
    asked["describe"] += ["phq9_t0", "shelter"]
    asked["categories"]["shelter"] = ["none", "any"]
    asked["models"].append({**MODEL, "outcome": "phq9_t0", "predictors": ["age", "shelter"]})
    check_spec(parse_spec(asked, SOURCE), more, SOURCE)


@pytest.mark.parametrize(
    "change",
    [
        {"categories": {"minority": [0, 1], "confirmed": ["false", "true"], "goals_met": [0, 1, 2]}},
        {"categories": {"race_ethnicity": ["white", "black"]}, "describe": ["race_ethnicity"]},
        {"missing_codes": [-99, -98]},
    ],
)
def test_nothing_valid_is_refused(contract: dict[str, Promised], change: dict[str, Any]) -> None:
    check_spec(parse_spec({"id": "client_id", "models": [MODEL], **change}, SOURCE), contract, SOURCE)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "config", tmp_path / "config"))


Change = Callable[[dict[str, Any]], Any]


def edited(path: Path, change: Change) -> None:
    content = yaml.safe_load(path.read_text("utf-8"))
    change(content)
    path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda p: p["collapse"].update(race=p["collapse"].pop("race_ethnicity")), "collapse.race: client_study has"),
        (lambda p: p["collapse"]["race_ethnicity"][0].update(levels=["multi", "other"]),
         "collapse.race_ethnicity.0.levels: 'multi' is no level of it; did you mean 'multiracial"),
        (lambda p: p["same"].append(["minorty=false", "race_ethnicity=white"]), "same.3: client_study has no column"),
        (lambda p: p["same"].append(["minority=no", "race_ethnicity=white"]), "same.3: 'no' is no level of minority"),
        (lambda p: p["nested"].append(["urica_readines_t0.valid", "urica_action_t0.valid"]),
         "nested.12: there is no variable and no scale 'urica_readines_t0'; did you mean 'urica_readiness_t0'"),
        (lambda p: p["nested"].append(["urica_action.pairs", "urica_act.pairs"]), "nested.12: there is no variable"),
        (lambda p: p["sums"].update(victims=["minority=true"]), "sums.victims: client_study has no column"),
        (lambda p: p["sums"]["n_victimizations"].append("bullying=true"), "sums.n_victimizations: client_study has no"),
    ],
)  # fmt: skip
def test_a_misspelt_name_in_the_disclosure_policy_is_no_rule_without_effect(
    config: Path, contract: dict[str, Promised], change: Change, told: str
) -> None:
    levels = {name: p.values or (("false", "true") if p.is_flag else None) for name, p in contract.items()}
    scales = ["mspss", "urica_precontemplation", "urica_contemplation", "urica_action", "urica_maintenance"]
    check_names(load_policy(config), levels, scales)
    edited(config / "disclosure.yml", change)
    with pytest.raises(ConfigError) as caught:
        check_names(load_policy(config), levels, scales)
    assert str(caught.value).startswith(f"disclosure.yml: {told}")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda f: f.update(goal_review=f.pop("goal_review_days")), "goal_review: is no setting; did you mean 'goal"),
        (lambda f: f.update(no_service_days=[30, 14]), "no_service_days: must rise from each step to the next"),
        (lambda f: f.update(survey_notice_days=-1), "survey_notice_days: must be at least 0"),
        (lambda f: f.update(survey_notice_days="soon"), "survey_notice_days: must be a whole number"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_follow_up_says_what_is_allowed(config: Path, change: Change, told: str) -> None:
    edited(config / "follow_up.yml", change)
    with pytest.raises(ConfigError) as caught:
        load_follow_up(config / "follow_up.yml")
    assert str(caught.value).startswith(f"follow_up.yml: {told}")


def test_a_name_like_no_other_is_answered_with_all_there_are_or_with_their_number() -> None:
    assert instead("ag", ["age", "race"]) == "did you mean 'age'?"
    assert instead("x", ["age", "race"]) == "there are: age, race"
    assert instead("zzz", [f"county_{number}" for number in range(254)]) == "none of 254 names is like it"
