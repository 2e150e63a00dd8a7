"""The SQL equals plain loops over small made-up agencies, under every alternative of every definition."""

import copy
import math
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warehouse_agencies import load, random_agency, side_by_side
from warehouse_models import shipped_compiler
from warehouse_oracle import client_study
from warehouse_oracle_marts import marts

from assets.study_config import StudyConfig, study_config
from assets.warehouse.compiled import CompiledModel, run_models
from assets.warehouse.sensitivity import ALTERNATIVES

AS_SHIPPED = ("service_type", "fractional", "all", "mean", "cutoff")
ADVOCACY = {"funder_group": "personal_advocacy"}
# Each line changes several definitions at once; every alternative of the contract's section 2 stands in one at least.
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
        "scales.urica.nearest_means": [7, 8.5, 10],
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
        name: (config, compiler.compile(config, ["+client_study", "+fct_services"])) for name, config in configs.items()
    }


Table = dict[tuple[Any, ...], dict[str, Any]]
KEYS = {
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
    found = {"client_study": study, **marts(agency, config)}
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


AGENCIES_AT_ONCE = 10
"""Planning the models' SQL takes most of a run, so several agencies share one: 3 times 10 for each of 7 variants."""


@pytest.mark.parametrize("variant", list(VARIANTS))
@settings(
    max_examples=3,
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
    agency = side_by_side([random_agency(seed, n_clients, block) for block, seed in enumerate(seeds)])
    assert differences(derived(agency, models), expected(agency, config)) == []


def test_every_alternative_is_tried_in_a_fair_share_of_the_agencies() -> None:
    """Each other value of section 2's settings stands in one variant of seven at least, so in thirty agencies."""
    tried: dict[str, set[str]] = {}
    for changes in VARIANTS.values():
        for key, value in changes.items():
            tried.setdefault(key, set()).add(str(value))
    for alternative in ALTERNATIVES:
        if alternative.key in ("waves.t0", "waves.t6") or alternative.value in AS_SHIPPED:
            continue
        if alternative.value == "study.start":  # the day itself, in a variant with a study of its own
            assert any(v.get("age.as_of") == v.get("study", {}).get("start", "") for v in VARIANTS.values())
            continue
        assert str(alternative.value) in tried[alternative.key], alternative.label
    for key in ("waves.t0", "waves.t6", "study", "age.as_of", "residence.main_counties", "scales.urica.key"):
        assert tried[key], key
    assert {"earlier", "later"} - tried["scales.urica.highest_tie"] == {"earlier"}, "earlier is shipped"
    assert tried["surveys.scoreable_items"]


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_a_larger_agency_has_every_kind_of_value(variants: dict[str, tuple[StudyConfig, Any]], variant: str) -> None:
    """Guards the oracle itself: what never occurs in the drawn agencies would be compared in vain."""
    config, models = variants[variant]
    agency = random_agency(7, 120)
    found = derived(agency, models)
    assert differences(found, expected(agency, config)) == []

    for table, rows in found.items():
        for name in next(iter(rows.values())):
            values = {row[name] for row in rows.values()}
            if name == "funder_group" and not config.service_types:
                continue
            assert len(values - {None}) > 1, f"{table}.{name} never varies"
    if variant == "as shipped":
        rows = found["client_study"]
        assert all(None in {row[name] for row in rows.values()} for name in ("services_t0", "mspss_t0", "age"))
