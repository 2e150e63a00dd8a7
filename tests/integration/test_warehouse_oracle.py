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

from assets.study_config import StudyConfig, study_config
from assets.warehouse.compiled import CompiledModel, run_models

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
            "precontemplation": [1, 2, 3], "contemplation": [4, 5], "action": [6, 7, 8, 9], "maintenance": [10, 11, 12],
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
    return {name: (config, compiler.compile(config, ["+client_study"])) for name, config in configs.items()}


def derived(agency: Any, models: tuple[CompiledModel, ...]) -> dict[str, dict[str, Any]]:
    connection = duckdb.connect(config={"threads": 1})
    try:
        load(agency, connection)
        run_models(connection, models)
        cursor = connection.execute(
            "select crosswalk.source_client_id, study.* exclude (client_id)"
            " from marts.client_study as study join control.crosswalk using (client_id)"
        )
        names = [column[0] for column in cursor.description[1:]]
        return {row[0]: dict(zip(names, row[1:], strict=True)) for row in cursor.fetchall()}
    finally:
        connection.close()


def differences(found: dict[str, dict[str, Any]], wanted: dict[str, dict[str, Any]]) -> list[str]:
    lines = [f"client {client}" for client in sorted(set(found) ^ set(wanted))]
    for client in sorted(set(found) & set(wanted)):
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


AGENCIES_AT_ONCE = 8
"""Planning the models' SQL takes most of a run, so several agencies share one: 25 examples are 200 agencies."""


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seeds=st.lists(st.integers(0, 2**32), min_size=AGENCIES_AT_ONCE, max_size=AGENCIES_AT_ONCE, unique=True),
    n_clients=st.integers(1, 4),
    variant=st.sampled_from(list(VARIANTS)),
)
def test_every_cell_equals_the_loops(
    variants: dict[str, tuple[StudyConfig, Any]], seeds: list[int], n_clients: int, variant: str
) -> None:
    config, models = variants[variant]
    agency = side_by_side([random_agency(seed, n_clients, block) for block, seed in enumerate(seeds)])
    assert differences(derived(agency, models), client_study(agency, config)) == []


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_a_larger_agency_has_every_kind_of_value(variants: dict[str, tuple[StudyConfig, Any]], variant: str) -> None:
    """Guards the oracle itself: what never occurs in the drawn agencies would be compared in vain."""
    config, models = variants[variant]
    agency = random_agency(7, 120)
    found = derived(agency, models)
    assert differences(found, client_study(agency, config)) == []

    for name in next(iter(found.values())):
        values = {row[name] for row in found.values()}
        assert len(values - {None}) > 1, f"{name} never varies"
    if variant == "as shipped":
        assert all(None in {row[name] for row in found.values()} for name in ("services_t0", "mspss_t0", "age"))
