"""The settings file: the contract's defaults as shipped, and mistakes told by file and key."""

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel

from assets.errors import ConfigError
from assets.ingest import load_feeds
from assets.study_config import StudyConfig, load_study_config, study_config

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def shipped(project_root: Path) -> Path:
    return project_root / "config" / "study.yml"


@pytest.fixture
def changed(shipped: Path, tmp_path: Path) -> Callable[[Change], Path]:
    def write(change: Change) -> Path:
        settings = yaml.safe_load(shipped.read_text("utf-8"))
        change(settings)
        path = tmp_path / "study.yml"
        path.write_text(yaml.safe_dump(settings), "utf-8")
        (tmp_path / "service_types.csv").write_bytes(shipped.with_name("service_types.csv").read_bytes())
        return path

    return write


def test_the_shipped_settings_are_the_contracts_defaults(shipped: Path) -> None:
    config = load_study_config(shipped)
    variables = config.dbt_vars()

    assert (config.study.start, config.study.end) == (date(2021, 1, 1), date(2021, 10, 31))
    assert variables["age_as_of"] == "2021-10-31"
    assert (variables["t0_first_day"], variables["t0_last_day"]) == (0, 60)
    assert (variables["t6_target_days"], variables["t6_within_days"]) == (182, 45)
    assert variables["scoreable_items"] == {"mspss": 9, "copse": 21, "urica": 12}
    assert variables["service_unit"] == "service_type"
    assert variables["non_counting_contact_types"] == ["attempt_to_contact"]
    assert variables["main_counties"] == ["tarrant", "dallas"]
    scales = {scale["name"]: scale for scale in variables["scales"]}
    assert scales["mspss"]["min_answered"] == 9
    assert scales["mspss_significant_other"]["items"] == [1, 2, 5, 10]
    assert (scales["cope_se"]["factor"], scales["cope_se"]["min_answered"]) == (26, 21)
    assert scales["urica_precontemplation"]["items"] == [1, 5, 9]
    assert variables["urica_weights"] == {"precontemplation": -1, "contemplation": 1, "action": 1, "maintenance": 1}
    assert variables["urica_divisor"] == 3


def test_the_analysis_names_columns_of_client_study_only(shipped: Path, project_root: Path) -> None:
    described = yaml.safe_load((project_root / "dbt_project/models/research/_research.yml").read_text("utf-8"))
    columns = {column["name"] for column in described["models"][0]["columns"]}
    analysis = load_study_config(shipped).analysis

    used = set(analysis["describe"]) | {name for pair in analysis["associations"] for name in pair}
    for model in analysis["models"]:
        used |= {model["outcome"], *model["predictors"]}
    for pair in analysis["pairs"]:
        used |= {pair["t0"], pair["t6"]}
    assert used <= columns


def _set(*path: str, value: Any) -> Change:
    def change(settings: dict[str, Any]) -> None:
        for key in path[:-1]:
            settings = settings[key]
        settings[path[-1]] = value

    return change


FAMILY = "scales.mspss.subscales.family.items"
PETS = "scales.mspss.subscales.pets.items"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (_set("services", "unit", value="hours"), "services.unit"),
        (_set("services", "units", value="note"), "services.units"),
        (_set("months_of_service", "method", value="calendar"), "months_of_service.method"),
        (_set("goals", "denominator", value="open"), "goals.denominator"),
        (_set("study", "end", value="2020-01-01"), "study.end"),
        (_set("study", "start", value="January"), "study.start"),
        (_set("waves", "t6", "within_days", value=-1), "waves.t6.within_days"),
        (_set("waves", "t0", "last_day", value=-5), "waves.t0.last_day"),
        (_set("residence", "main_counties", value=[]), "residence.main_counties"),
        (_set("residence", "main_counties", value=["Tarrant'; drop"]), "residence.main_counties.0"),
        (_set("scales", "mspss", "composite", value="median"), "scales.mspss.composite"),
        (_set("scales", "mspss", "min_answered", value=13), "scales.mspss.min_answered"),
        (_set("scales", "mspss", "subscales", "family", "items", value=[3, 3]), FAMILY),
        (_set("scales", "urica", "key", "action", value=[1, 7, 11]), "scales.urica.key.action"),
        (_set("scales", "urica", "cutoffs", value=[11, 8, 14]), "scales.urica.cutoffs"),
        (_set("scales", "urica", "staging", value="cluster"), "scales.urica.staging"),
        (_set("servces", value={}), "servces"),
        (_set("scales", "mspss", "weights", value=[1]), "scales.mspss.weights"),
        (_set("services", value=None), "services"),
        (_set("waves", "t6", "within_days", value="45"), "waves.t6.within_days"),
        (_set("waves", "t6", "target_days", value=True), "waves.t6.target_days"),
        (_set("waves", "t6", "target_days", value=0), "waves.t6.target_days"),
        (_set("waves", "t0", value={"first_day": 30, "last_day": 10}), "waves.t0.last_day"),
        (_set("waves", "t0", "first_day", value=-4000), "waves.t0.first_day"),
        (_set("surveys", "accept_unfinished", value="yes"), "surveys.accept_unfinished"),
        (_set("surveys", "scoreable_items", "copse", value=27), "surveys.scoreable_items.copse"),
        (_set("surveys", "scoreable_items", "mspss", value=0), "surveys.scoreable_items.mspss"),
        (_set("services", "non_counting_contact_types", value="attempt"), "services.non_counting_contact_types"),
        (_set("age", "as_of", value="2021-02-30"), "age.as_of"),
        (_set("scales", "mspss", "missing", value="mean"), "scales.mspss.missing"),
        (_set("scales", "mspss", "n_items", value=13), "scales.mspss.n_items"),
        (_set("scales", "mspss", "range", value=[7, 1]), "scales.mspss.range"),
        (_set("scales", "mspss", "subscales", "family", "items", value=[3, 4, 8, 13]), FAMILY),
        (
            _set("scales", "mspss", "subscales", "family", "items", value=[0, 4, 8, 11]),
            "scales.mspss.subscales.family.items.0",
        ),
        (
            _set("scales", "mspss", "subscales", "family", "items", value=[1, 4, 8, 11]),
            "scales.mspss.subscales.significant_other.items",
        ),
        (
            _set("scales", "mspss", "subscales", "family", "min_answered", value=5),
            "scales.mspss.subscales.family.min_answered",
        ),
        (_set("scales", "mspss", "subscales", "pets", value={"items": [8], "min_answered": 1}), PETS),
        (_set("scales", "mspss", "subscales", "family", value=None), "scales.mspss.subscales.family"),
        (
            _set("scales", "cope_se", "subscales", "social_support", "items", value=[3, 16, 17]),
            "scales.cope_se.subscales.social_support.items",
        ),
        (_set("scales", "cope_se", "min_answered", value=27), "scales.cope_se.min_answered"),
        (_set("scales", "urica", "key", "action", value=[3, 7, 13]), "scales.urica.key.action"),
        (_set("scales", "urica", "key", "action", value=[]), "scales.urica.key.action"),
        (_set("scales", "urica", "cutoffs", value=[8, 11]), "scales.urica.cutoffs"),
        (_set("scales", "urica", "cutoffs", value=[8, 8, 14]), "scales.urica.cutoffs"),
        (_set("scales", "urica", "cutoffs", value=["8", 11, 14]), "scales.urica.cutoffs.0"),
        (_set("scales", "urica", "nearest_means", value=[12, 11, 9]), "scales.urica.nearest_means"),
        (_set("scales", "urica", "highest_tie", value="first"), "scales.urica.highest_tie"),
    ],
)
def test_a_mistake_is_told_by_file_and_key(changed: Callable[[Change], Path], change: Change, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_study_config(changed(change))
    assert str(caught.value).startswith(f"study.yml: {key}: ")


NO_VALUE_OF_ANY_SETTING = {"?": "?"}
ROOT = Path(__file__).resolve().parents[2]


def keys_of(group: BaseModel, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each key below a group, and its type; of the service types, which are a table, and the analysis only the key."""
    for name, field in type(group).model_fields.items():
        value, here = getattr(group, name), (*above, name)
        yield here, field.annotation
        for part, inner in value.items() if isinstance(value, dict) and name == "subscales" else [("", value)]:
            if isinstance(inner, BaseModel):
                yield from keys_of(inner, (*here, part) if part else here)


EVERY_KEY = list(keys_of(load_study_config(ROOT / "config" / "study.yml")))


@pytest.mark.parametrize(("path", "kind"), EVERY_KEY, ids=[".".join(path) for path, _ in EVERY_KEY])
def test_a_wrong_value_of_any_setting_is_told_by_its_key_and_the_values_there_are(
    shipped: Path, path: tuple[str, ...], kind: Any
) -> None:
    settings = yaml.safe_load(shipped.read_text("utf-8"))
    if path == ("analysis",):
        wrong: Any = "?"
    else:
        wrong = NO_VALUE_OF_ANY_SETTING
    place = settings
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = wrong
    with pytest.raises(ConfigError) as caught:
        study_config(settings, "study.yml")

    message = str(caught.value)
    assert message.startswith(f"study.yml: {'.'.join(path)}"), message
    assert message[len(f"study.yml: {'.'.join(path)}")] in ":.", message
    for value in get_args(kind) if get_origin(kind) is Literal else ():
        assert repr(value) in message


def test_every_setting_of_the_shipped_file_is_among_them() -> None:
    assert len(EVERY_KEY) > 60


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("study", "end", value="2020-01-01"), "study.end: must not lie before start (2021-01-01)"),
        (_set("waves", "t0", "last_day", value=-5), "waves.t0.last_day: must not lie before first_day (0)"),
        (_set("scales", "mspss", "min_answered", value=13), "scales.mspss.min_answered: must be 1 to 12, which is"),
        (_set("scales", "urica", "key", "action", value=[1, 7, 11]), "holds item 1, as does key.precontemplation"),
        (_set("scales", "urica", "key", "action", value=[3, 7, 13]), "must hold items 1 to 12 (n_items), and holds 13"),
        (_set("scales", "urica", "cutoffs", value=[8, 8, 14]), "must rise from each value to the next"),
        (_set("servces", value={}), "servces: is no setting"),
    ],
)
def test_a_rule_over_several_settings_says_what_would_do(
    changed: Callable[[Change], Path], change: Change, message: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_study_config(changed(change))


def test_the_item_key_of_the_form_in_use_is_required(changed: Callable[[Change], Path]) -> None:
    with pytest.raises(ConfigError, match=r"study.yml: scales.urica.key: Field required"):
        load_study_config(changed(lambda settings: settings["scales"]["urica"].pop("key")))


@pytest.mark.parametrize("text", ["", "- a list", "study: {start: [", "\x00"])
def test_a_file_that_holds_no_settings_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "study.yml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"^study\.yml"):
        load_study_config(path)
    with pytest.raises(ConfigError, match=r"^absent\.yml"):
        load_study_config(tmp_path / "absent.yml")


def test_the_hash_follows_values_not_words(shipped: Path, changed: Callable[[Change], Path]) -> None:
    config = load_study_config(shipped)
    respelled = load_study_config(changed(lambda settings: settings["waves"].pop("t0")))
    other = load_study_config(changed(_set("services", "unit", value="note")))

    assert config.hash == respelled.hash
    assert config.hash != other.hash


def test_strict_scales_ask_for_every_item(changed: Callable[[Change], Path]) -> None:
    def strict(settings: dict[str, Any]) -> None:
        settings["scales"]["mspss"]["missing"] = "strict"
        settings["scales"]["cope_se"]["missing"] = "strict"

    needed = {s["name"]: s["min_answered"] for s in load_study_config(changed(strict)).dbt_vars()["scales"]}
    assert (needed["mspss"], needed["mspss_family"], needed["cope_se"]) == (12, 4, 26)


def test_readiness_stays_in_whole_numbers_when_subscales_differ_in_size(shipped: Path) -> None:
    settings: dict[str, Any] = yaml.safe_load(shipped.read_text("utf-8"))
    settings["scales"]["urica"]["key"] = {
        "precontemplation": [1, 5], "contemplation": [2, 6, 10], "action": [3, 7, 11, 9], "maintenance": [4, 8, 12],
    }  # fmt: skip
    variables = StudyConfig.model_validate(settings).dbt_vars()
    assert variables["urica_divisor"] == 12
    assert variables["urica_weights"] == {"precontemplation": -6, "contemplation": 4, "action": 3, "maintenance": 4}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["group,,,perhaps,personal_advocacy"], "service_types.csv: line 2: counts_as_service"),
        (["group,,,yes,lodging"], "service_types.csv: line 2: funder_group"),
        (["group,,,yes,personal_advocacy", "Group Work,,,yes,personal_advocacy"], "line 3: service_type"),
        (["group,2021-02-01,2021-01-01,yes,personal_advocacy"], "line 2: valid_to: must not lie before valid_from"),
        (["group,,2021-06-30,yes,personal_advocacy", "group,2021-06-30,,no,personal_advocacy"], "on the same day"),
    ],
)
def test_a_mistake_in_the_table_of_service_types_is_told_by_its_line(
    changed: Callable[[Change], Path], lines: list[str], message: str
) -> None:
    path = changed(lambda settings: None)
    header = "service_type,valid_from,valid_to,counts_as_service,funder_group"
    path.with_name("service_types.csv").write_text("\n".join([header, *lines]), "utf-8")
    with pytest.raises(ConfigError, match=message):
        load_study_config(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            _set("residence", "main_counties", value=["tarrant", "dalas"]),
            "study.yml: residence.main_counties: dalas is",
        ),
        (
            _set("services", "non_counting_contact_types", value=["attempt"]),
            "study.yml: services.non_counting_contact_types: attempt is no contact_type of code_lists.yml",
        ),
    ],
)
def test_a_code_that_no_list_knows_is_refused(
    changed: Callable[[Change], Path], project_root: Path, change: Change, message: str
) -> None:
    path = changed(change)
    assert load_study_config(path)
    shutil.copytree(project_root / "config" / "feeds", path.parent / "feeds")
    with pytest.raises(ConfigError, match=message):
        load_study_config(path)


def test_a_service_type_that_no_list_knows_is_refused(changed: Callable[[Change], Path], project_root: Path) -> None:
    path = changed(lambda settings: None)
    shutil.copytree(project_root / "config" / "feeds", path.parent / "feeds")
    with path.with_name("service_types.csv").open("a", encoding="utf-8") as table:
        table.write("surfing,,,yes,personal_advocacy\n")
    with pytest.raises(ConfigError, match=r"service_types.csv: service_type: surfing is no service_type"):
        load_study_config(path)


def test_every_county_of_the_list_can_be_a_main_one(changed: Callable[[Change], Path], project_root: Path) -> None:
    """The settings spell the codes of the counties as ingestion does."""
    counties = [code.code for code in load_feeds(project_root / "config").code_lists["county"].codes]
    path = changed(_set("residence", "main_counties", value=counties))
    shutil.copytree(project_root / "config" / "feeds", path.parent / "feeds")
    assert load_study_config(path).residence.main_counties == tuple(counties)
    assert len(counties) == 254


def test_every_service_type_of_the_form_is_mapped_and_counts(shipped: Path, project_root: Path) -> None:
    lists = yaml.safe_load((project_root / "config/feeds/code_lists.yml").read_text("utf-8"))
    config = load_study_config(shipped)
    assert [line.service_type for line in config.service_types] == [entry["code"] for entry in lists["service_type"]]
    assert all(line.counts_as_service for line in config.service_types)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.update(wave=s.pop("waves")), "wave: is no setting; did you mean 'waves'?"),
        (lambda s: s["study"].update(ends=s["study"].pop("end")), "study.ends: is no setting; did you mean 'end'?"),
        (_set("waves", "t12", value={}), "waves.t12: is no setting; there are: t0, t6"),
        (_set("surveys", "scoreable_items", "phq9", value=9), "scoreable_items.phq9: is no setting; there are: mspss,"),
        (_set("scales", "mspss", "subscales", "family", "itms", value=[]), "family.itms: is no setting; did you mean"),
        (_set("study", "start", value="01/02/2021"), "study.start: must be a day that exists, such as 2021-10-31"),
        (_set("study", "end", value="2021-02-30"), "study.end: must be a day that exists, such as 2021-10-31"),
        (_set("waves", "t0", "last_day", value="60 days"), "waves.t0.last_day: must be a whole number"),
        (_set("waves", "t6", "within_days", value=-1), "waves.t6.within_days: must be at least 0"),
        (_set("surveys", "scoreable_items", "mspss", value=13), "surveys.scoreable_items.mspss: must be at most 12"),
        (_set("surveys", "accept_unfinished", value="perhaps"), "surveys.accept_unfinished: must be true or false"),
        (_set("services", "non_counting_contact_types", value="attempt"), "contact_types: must be a list"),
        (_set("services", value=None), "services: must hold keys and values: unit, non_counting_contact_types"),
        (_set("residence", "main_counties", value=["Tarrant"]), "0: must be a code: lower-case letters, digits and _"),
        (_set("residence", "main_counties", value=[]), "residence.main_counties: must have at least 1 in its list"),
        (_set("scales", "mspss", "range", value=[7, 1]), "scales.mspss.range: must rise: the lowest answer, then the"),
        (_set("scales", "urica", "cutoffs", value=[8, 11]), "scales.urica.cutoffs: needs more than 2 values"),
    ],
)
def test_a_mistake_says_in_plain_words_what_is_allowed(
    changed: Callable[[Change], Path], change: Change, message: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_study_config(changed(change))


def test_a_key_that_stands_twice_is_a_mistake(shipped: Path, tmp_path: Path) -> None:
    """YAML takes the last one, and whoever edits the first one wonders."""
    path = tmp_path / "study.yml"
    path.write_text(
        shipped.read_text("utf-8").replace("  start: 2021-01-01", "  start: 2020-01-01\n  start: 2021-01-01")
    )
    with pytest.raises(ConfigError, match=r"^study\.yml: line 7: the key 'start' stands twice$"):
        load_study_config(path)
