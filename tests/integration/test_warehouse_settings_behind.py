"""What is said to stand behind a number, by trial: each setting is changed, and exactly such columns may move."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from warehouse_agencies import load, random_agency
from warehouse_models import shipped_compiler, shipped_config
from warehouse_oracle_months import TYPES

from assets.study_config import StudyConfig, study_config
from assets.warehouse.compiled import CompiledModel, run_models
from assets.warehouse.settings_behind import BEHIND, settings_behind, value_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("settings")]  # a warehouse for each value of each setting

OTHERWISE: dict[str, tuple[Any, ...]] = {
    "study.start": ("2020-06-01",),
    "study.end": ("2021-06-30",),
    "age.as_of": ("2020-01-01",),
    "waves.t0.first_day": (30,),
    "waves.t0.last_day": (0,),
    "waves.t6.target_days": (100,),
    "waves.t6.within_days": (0,),
    "surveys.accept_unfinished": (False,),
    "surveys.scoreable_items.mspss": (12,),
    "surveys.scoreable_items.copse": (26,),
    "surveys.scoreable_items.urica": (6,),
    "services.unit": ("note",),
    "services.non_counting_contact_types": (["crisis_response"],),
    "service_types": (
        [
            {"service_type": code, "counts_as_service": False, "funder_group": "justice_assistance"}
            for code in (*TYPES, "equine_therapy", "not_recorded")
        ],
    ),
    "months_of_service.method": ("completed",),
    "goals.denominator": ("closed_only",),
    "residence.main_counties": (["wise"],),
    "scales.mspss.composite": ("sum", "sum_of_means"),
    "scales.mspss.missing": ("strict",),
    "scales.mspss.min_answered": (4,),
    "scales.mspss.subscales": (
        {"significant_other": {"items": [1, 2, 3], "min_answered": 1},
         "family": {"items": [4, 5, 6], "min_answered": 1}, "friends": {"items": [7, 8, 9], "min_answered": 1}},
    ),
    "scales.cope_se.missing": ("strict",),
    "scales.cope_se.min_answered": (10,),
    "scales.cope_se.subscales": (
        {"problem_focused": {"items": [1, 2], "min_answered": 1}, "social_support": {"items": [4], "min_answered": 1},
         "unpleasant_emotions": {"items": [10], "min_answered": 1}},
    ),
    "scales.urica.key": (
        {"precontemplation": [1, 2], "contemplation": [4, 5, 6], "action": [7, 8, 9], "maintenance": [10, 11, 12]},
    ),
    "scales.urica.staging": ("nearest_mean",),
    "scales.urica.cutoffs": ([3, 4, 5],),
}  # fmt: skip
KEYS = {
    "fct_scale_scores": ("client_id", "wave", "scale"),
    "fct_service_counts": ("client_id", "period"),
    "client_month": ("client_id", "month_number"),
    "fct_services": ("client_id", "note_number", "service_type"),
    "int_survey_items": ("client_id", "wave", "scale", "item"),
    "int_participant_flow": ("position", "step", "reason"),
}
RARE = 18
"""An agency in which an unfinished answer, once accepted, takes the place of a scoreable one."""
Columns = dict[str, list[tuple[Any, ...]]]


def other(key: str, value: Any) -> StudyConfig:
    settings = shipped_config().model_dump(mode="json")
    place = settings
    *parents, last = key.split(".")
    for parent in parents:
        place = place[parent]
    place[last] = value
    return study_config(settings, key)


def columns(models: tuple[CompiledModel, ...], seed: int) -> Columns:
    """Each column that the study or an analyst reads, with its rows' keys: rows that come and go move it too."""
    found: Columns = {}
    with duckdb.connect(config={"threads": 1}) as connection:
        load(random_agency(seed, 120), connection)
        run_models(connection, models)
        for schema, table in ((model.schema, model.name) for model in models):
            if schema != "marts" and table not in KEYS:
                continue
            keyed_by = KEYS.get(table, ("client_id",))
            cursor = connection.execute(f"from {schema}.{table} order by {', '.join(keyed_by)}")
            names = [column[0] for column in cursor.description]
            rows = cursor.fetchall()
            keys = [tuple(row[names.index(key)] for key in keyed_by) for row in rows]
            for place, name in enumerate(names):
                found[f"{table}.{name}"] = [(key, row[place]) for key, row in zip(keys, rows, strict=True)]
    return found


def changes() -> Iterator[tuple[str, StudyConfig]]:
    for key, values in OTHERWISE.items():
        for value in values:
            yield key, other(key, value)


@pytest.fixture(scope="module")
def moved() -> dict[str, set[str]]:
    """Column → the settings that moved it."""
    compiler = shipped_compiler()
    as_shipped = compiler.compile(shipped_config())
    plain = {seed: columns(as_shipped, seed) for seed in (7, RARE)}
    found: dict[str, set[str]] = {column: set() for column in plain[7]}
    for key, config in changes():
        models = compiler.compile(config)
        for seed in (7, RARE) if key.startswith("surveys.") else (7,):
            for column, rows in columns(models, seed).items():
                if rows != plain[seed][column]:
                    found[column].add(key)
    return found


def test_no_setting_moves_a_column_in_silence(moved: dict[str, set[str]]) -> None:
    for column, keys in moved.items():
        told = settings_behind(*column.split("."), shipped_config())
        assert keys <= set(told), column


def test_no_setting_is_named_in_vain(moved: dict[str, set[str]]) -> None:
    """Each setting moves one column at least of every line that names it."""
    for patterns, keys in BEHIND:
        mine = [found for column, found in moved.items() if matches(column, patterns)]
        assert set(keys) <= set().union(*mine), patterns


def matches(column: str, patterns: tuple[str, ...]) -> bool:
    from fnmatch import fnmatchcase

    return any(fnmatchcase(column, pattern) for pattern in patterns)


def test_every_setting_that_a_table_depends_on_is_tried() -> None:
    listed = {key for _, keys in BEHIND for key in keys}
    assert listed | {"scales.urica.cutoffs"} == set(OTHERWISE)


def test_the_values_are_told_as_the_file_writes_them() -> None:
    config = shipped_config()
    told = {key: value_of(key, config) for key in OTHERWISE}
    assert told["surveys.accept_unfinished"] == "true"
    assert told["residence.main_counties"] == "tarrant, dallas"
    assert told["scales.mspss.subscales"].startswith("significant_other 1, 2, 5, 10; family ")
    assert told["scales.urica.key"].startswith("precontemplation 1, 5, 9; ")
    assert told["service_types"].endswith(" lines")
    assert value_of("services.non_counting_contact_types", other("services.non_counting_contact_types", [])) == "none"
