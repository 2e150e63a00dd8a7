"""The SQL equals plain loops over small made-up agencies, under every alternative of every definition."""

import copy
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import duckdb
import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from warehouse_agencies import load, side_by_side
from warehouse_mess import messy_agency
from warehouse_models import shipped_compiler
from warehouse_oracle import client_study
from warehouse_oracle_marts import marts
from warehouse_oracle_months import client_month

from assets.study_config import StudyConfig, study_config
from assets.warehouse.compiled import CompiledModel, run_models

ADVOCACY = {"funder_group": "personal_advocacy"}
# Each line changes several definitions at once; every setting of the file is changed in one at least.
VARIANTS: dict[str, dict[str, Any]] = {
    "as shipped": {},
    "notes, completed months, sums, later ties": {
        "services.unit": "note",
        "months_of_service.method": "completed",
        "goals.denominator": "minus_discontinued",
        "scales.mspss.composite": "sum",
        "scales.urica.staging": "highest_subscale",
        "scales.urica.highest_tie": "later",
        "surveys.accept_unfinished": False,
    },
    "days, closed goals, sums of means, nearest means": {
        "services.unit": "client_day",
        "service_types": [
            {"service_type": "referral", "counts_as_service": False, **ADVOCACY},
        ],
        "services.non_counting_contact_types": [],
        "goals.denominator": "closed_only",
        "scales.mspss.composite": "sum_of_means",
        "scales.urica.staging": "nearest_mean",
        "waves.t6": {"target_days": 182, "within_days": 60},
        "residence.main_counties": ["wise"],
    },
    "strict scales, earlier ties, another period and form": {
        "scales.mspss.missing": "strict",
        "scales.cope_se.missing": "strict",
        "scales.urica.staging": "highest_subscale",
        "scales.urica.key": {
            "precontemplation": [1, 2, 3], "contemplation": [4, 5, 6], "action": [7, 8, 9], "maintenance": [10, 11, 12],
        },
        "study": {"start": "2020-02-29", "end": "2021-02-28"},
        "age.as_of": "2020-02-29",
        "services.non_counting_contact_types": ["attempt_to_contact", "crisis_response"],
        "service_types": [
            {"service_type": "group", "valid_to": "2020-06-30", "counts_as_service": False, **ADVOCACY},
            {"service_type": "group", "valid_from": "2020-07-01", **ADVOCACY},
            {"service_type": "referral", "counts_as_service": False, **ADVOCACY},
        ],
        "surveys.scoreable_items": {"mspss": 6, "copse": 20, "urica": 11},
    },
    "wide and overlapping windows": {
        "waves.t0": {"first_day": -30, "last_day": 200},
        "waves.t6": {"target_days": 60, "within_days": 90},
        "months_of_service.method": "completed",
        "scales.urica.cutoffs": [9, 10, 11],
        "scales.mspss.min_answered": 6,
    },
    "strict sums of means over other items, one unlike service": {
        "scales.mspss.missing": "strict",
        "scales.mspss.composite": "sum_of_means",
        "scales.mspss.subscales": {
            "significant_other": {"items": [1, 2, 3], "min_answered": 2},
            "family": {"items": [4, 5, 6, 7], "min_answered": 2},
            "friends": {"items": [8, 9, 10, 11, 12], "min_answered": 2},
        },
        "services.unit": "note",
        "goals.denominator": "minus_discontinued",
        "months_of_service.method": "completed",
        "scales.urica.staging": "nearest_mean",
        "scales.urica.nearest_means": [7, 9, 11],
        "surveys.accept_unfinished": False,
        "waves.t6": {"target_days": 182, "within_days": 20},
    },
    "strict sums, few items, client days, a short study": {
        "scales.mspss.missing": "strict",
        "scales.mspss.composite": "sum",
        "scales.cope_se.min_answered": 20,
        "scales.cope_se.subscales.social_support": {"items": [4, 16, 17, 26], "min_answered": 1},
        "services.unit": "client_day",
        "goals.denominator": "closed_only",
        "scales.urica.staging": "highest_subscale",
        "age.as_of": "2022-02-28",
        "study": {"start": "2021-01-01", "end": "2021-08-31"},
        "waves.t0": {"first_day": 1, "last_day": 30},
        "residence.main_counties": ["wise", "el_paso", "tarrant"],
    },
    "shorter forms with subscales of unlike size": {
        "scales.mspss.n_items": 11,
        "scales.mspss.min_answered": 8,
        "scales.mspss.composite": "sum",
        "scales.mspss.subscales.friends": {"items": [6, 7, 9], "min_answered": 1},
        "scales.cope_se.n_items": 20,
        "scales.cope_se.min_answered": 18,
        "scales.cope_se.subscales": {
            "problem_focused": {"items": [3, 5, 6, 7, 8], "min_answered": 3},
            "unpleasant_emotions": {"items": [10, 12, 15, 19, 20], "min_answered": 5},
            "social_support": {"items": [4, 16], "min_answered": 2},
        },
        "scales.urica.n_items": 11,
        "scales.urica.key": {
            "precontemplation": [1, 5], "contemplation": [2, 6, 10], "action": [3, 7, 11, 9], "maintenance": [4],
        },
        "scales.urica.staging": "highest_subscale",
        "scales.urica.highest_tie": "later",
        "services.unit": "client_day",
        "service_types": [
            {"service_type": "mentorship", "counts_as_service": False, "funder_group": "justice_assistance"},
            {"service_type": "not_recorded", "counts_as_service": False, "funder_group": "emotional_support_safety"},
            {"service_type": "basic_needs", "funder_group": "shelter_housing"},
            {"service_type": "referral", "funder_group": "information_referral"},
        ],
        "study": {"start": "2020-06-30", "end": "2022-02-28"},
    },
}  # fmt: skip


def changed(shipped: dict[str, Any], changes: dict[str, Any]) -> StudyConfig:
    result = copy.deepcopy(shipped)
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = result
        for key in parents:
            place = place[key]
        place[last] = value
    return study_config(result, "study.yml")


@pytest.fixture(scope="module")
def variants(project_root: Path) -> dict[str, tuple[StudyConfig, Any]]:
    shipped = yaml.safe_load((project_root / "config" / "study.yml").read_text("utf-8"))
    configs = {name: changed(shipped, changes) for name, changes in VARIANTS.items()}
    compiler = shipped_compiler()
    return {
        name: (config, compiler.compile(config, ["+client_study", "+fct_services", "+client_month"]))
        for name, config in configs.items()
    }


Table = dict[tuple[Any, ...], dict[str, Any]]
KEYS = {
    "client_month": ("client_id", "month_number"),
    "client_study": ("client_id",),
    "fct_goal_completion": ("client_id",),
    "fct_months_of_service": ("client_id",),
    "fct_scale_scores": ("client_id", "scale", "wave"),
    "fct_service_counts": ("client_id", "period"),
    "fct_services": ("client_id", "note_number", "service_type"),
}


def derived(agency: Any, models: tuple[CompiledModel, ...]) -> dict[str, Table]:
    """Every compared mart by the keys of its rows, under the source IDs."""
    connection = duckdb.connect(config={"threads": 1})
    try:
        load(agency, connection)
        run_models(connection, models)
        return {name: keyed(name, _rows(connection, name)) for name in KEYS}
    finally:
        connection.close()


def _rows(connection: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    cursor = connection.execute(
        f"select mart.* replace (source_client_id as client_id) from marts.{name} as mart"
        " join control.crosswalk using (client_id)"
    )
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def keyed(name: str, rows: list[dict[str, Any]]) -> Table:
    found = {tuple(row[key] for key in KEYS[name]): row for row in rows}
    assert len(found) == len(rows), f"{name}: a key twice"
    return found


def expected(agency: Any, config: StudyConfig) -> dict[str, Table]:
    study = [{"client_id": client, **row} for client, row in client_study(agency, config).items()]
    found = {"client_study": study, "client_month": client_month(agency, config), **marts(agency, config)}
    return {name: keyed(name, found.get(name, [])) for name in KEYS}


def differences(found: dict[str, Table], wanted: dict[str, Table]) -> list[str]:
    return [f"{name}: {line}" for name in KEYS for line in _differences(found[name], wanted[name])]


def _differences(found: Table, wanted: Table) -> list[str]:
    lines = [f"row {client}" for client in sorted(set(found) ^ set(wanted), key=str)]
    for client in sorted(set(found) & set(wanted), key=str):
        assert set(found[client]) == set(wanted[client])
        for name, value in wanted[client].items():
            other = found[client][name]
            if isinstance(value, float) and isinstance(other, float):
                equal = math.isclose(value, other, rel_tol=0, abs_tol=1e-8)
            else:
                equal = value == other and (value is None) == (other is None)
            if not equal:
                lines.append(f"{client}.{name}: SQL {other}, loops {value}")
    return lines


AGENCIES_AT_ONCE = 100
"""Planning the models' SQL takes most of a run, so many agencies share one: 200 for each variant in two runs."""


@pytest.mark.parametrize("variant", list(VARIANTS))
@settings(
    max_examples=2,
    phases=[Phase.generate],  # a seed has nothing to shrink, and trying took five minutes
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seeds=st.lists(st.integers(0, 2**32), min_size=AGENCIES_AT_ONCE, max_size=AGENCIES_AT_ONCE, unique=True),
    n_clients=st.integers(1, 4),
)
def test_every_cell_equals_the_loops(
    variants: dict[str, tuple[StudyConfig, Any]], seeds: list[int], n_clients: int, variant: str
) -> None:
    config, models = variants[variant]
    agency = side_by_side([messy_agency(seed, n_clients, block) for block, seed in enumerate(seeds)])
    assert differences(derived(agency, models), expected(agency, config)) == []


NO_TABLE_DEPENDS_ON = {
    "scales.mspss.range", "scales.cope_se.range", "scales.urica.range",  # what the expectations allow
}  # fmt: skip


def settings_of(group: BaseModel, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield each setting below a group: its key, its type and its value."""
    for name, field in type(group).model_fields.items():
        key, value = f"{path}{name}", getattr(group, name)
        if key in ("analysis", "minimal_dataset") or (key == "service_types" and not value):
            continue
        parts = value.items() if isinstance(value, dict) else [("", value)]
        for part, inner in parts:
            if isinstance(inner, BaseModel):
                yield from settings_of(inner, f"{key}.{part}." if part else f"{key}.")
            elif isinstance(inner, tuple) and any(isinstance(line, BaseModel) for line in inner):
                for line in inner:
                    yield from settings_of(line, f"{key}.")
            else:
                yield key, field.annotation, inner


def test_every_setting_and_every_listed_value_of_it_is_tried(variants: dict[str, tuple[StudyConfig, Any]]) -> None:
    """Each in one variant of eight at least, so in two hundred agencies."""
    tried: dict[str, set[Any]] = {}
    listed: dict[str, set[Any]] = {}
    for config, _ in variants.values():
        for key, kind, value in settings_of(config):
            tried.setdefault(key, set()).add(value)
            named = get_args(kind) if get_origin(kind) is Literal else (True, False) if kind is bool else ()
            listed[key] = set(named)
    for key, values in tried.items():
        assert listed[key] <= values, key
        assert len(values) > 1 or len(listed[key]) == 1 or key in NO_TABLE_DEPENDS_ON, key
    assert len(tried) > 40


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_a_larger_agency_has_every_kind_of_value(variants: dict[str, tuple[StudyConfig, Any]], variant: str) -> None:
    """Guards the oracle itself: what never occurs in the drawn agencies would be compared in vain."""
    config, models = variants[variant]
    agency = messy_agency(11, 120)
    found = derived(agency, models)
    assert differences(found, expected(agency, config)) == []

    constant = {f"services_{line.service_type}" for line in config.service_types if not line.counts_as_service}
    constant |= set() if config.service_types else {"funder_group"}
    for table, rows in found.items():
        for name in next(iter(rows.values())):
            values = {row[name] for row in rows.values()}
            if name in constant:
                continue
            assert len(values - {None}) > 1, f"{table}.{name} never varies"
    if variant == "as shipped":
        rows = found["client_study"]
        assert all(None in {row[name] for row in rows.values()} for name in ("services_t0", "mspss_t0", "age"))
