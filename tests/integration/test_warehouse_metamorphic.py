"""What must not matter: order of rows and drops, copies and parts of a file, strangers, and the calendar itself."""

import copy
import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pytest
from warehouse_agencies import load, random_agency
from warehouse_models import shipped_compiler, shipped_config, shipped_models
from warehouse_oracle import Agency

from assets.study_config import StudyConfig, study_config
from assets.warehouse.compiled import CompiledModel, ModelCompiler, run_models

Rows = dict[str, dict[str, Any]]
SEEDS = (101, 102, 103)
DAYS = 97


@pytest.fixture(scope="module")
def config() -> StudyConfig:
    return shipped_config()


@pytest.fixture(scope="module")
def compiler() -> ModelCompiler:
    return shipped_compiler()


@pytest.fixture(scope="module")
def models(config: StudyConfig, compiler: ModelCompiler) -> tuple[CompiledModel, ...]:
    return compiler.compile(config, ["+client_study"])


@pytest.fixture(scope="module")
def every_model() -> tuple[CompiledModel, ...]:
    return shipped_models()


def derived(agency: Agency, models: tuple[CompiledModel, ...]) -> Rows:
    with duckdb.connect(config={"threads": 1}) as connection:
        load(agency, connection)
        run_models(connection, models)
        cursor = connection.execute(
            "select source_client_id, study.* exclude (client_id) from marts.client_study as study"
            " join control.crosswalk using (client_id)"
        )
        names = [column[0] for column in cursor.description[1:]]
        return {row[0]: dict(zip(names, row[1:], strict=True)) for row in cursor.fetchall()}


def every_mart(agency: Agency, models: tuple[CompiledModel, ...]) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all marts by the client they are about."""
    with duckdb.connect(config={"threads": 1}) as connection:
        load(agency, connection)
        run_models(connection, models)
        found: dict[str, list[tuple[Any, ...]]] = {}
        for model in models:
            if model.schema == "marts":
                rows = connection.execute(
                    f"select source_client_id, mart.* exclude (client_id) from marts.{model.name} as mart"
                    " join control.crosswalk using (client_id) order by all"
                ).fetchall()
                for client, *cells in rows:
                    found.setdefault(client, []).append((model.name, *cells))
        assert {row[0] for rows in found.values() for row in rows} >= {"client_study", "client_month", "fct_services"}
        return found


def shuffled(agency: Agency) -> Agency:
    draw = random.Random(1)
    for exports in agency.exports.values():
        for _, _, rows in exports:
            draw.shuffle(rows)
            for position, row in enumerate(rows, start=2):
                row["row_number"] = position
    return agency


def dropped_in_reverse(agency: Agency) -> Agency:
    agency.exports = {feed: exports[::-1] for feed, exports in reversed(agency.exports.items())}
    return agency


def dropped_again(agency: Agency) -> Agency:
    """The newest export of each feed lies in the inbox twice, once with other bytes (another token, a later hour)."""
    for feed, exports in agency.exports.items():
        moment, _, rows = exports[-1]
        exports.append((moment + timedelta(hours=5), f"{feed}-again", copy.deepcopy(rows)))
    return agency


def in_three_parts(agency: Agency) -> Agency:
    for feed, exports in agency.exports.items():
        moment, token, rows = exports.pop()
        for part in range(3):
            exports.append((moment + timedelta(minutes=part), f"{token}-{part}", rows[part::3]))
        assert sum(len(rows) for _, _, rows in exports) or feed
    return agency


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("change", [shuffled, dropped_in_reverse, dropped_again, in_three_parts])
def test_how_the_files_came_does_not_matter(
    every_model: tuple[CompiledModel, ...], change: Callable[[Agency], Agency], seed: int
) -> None:
    agency = random_agency(seed, 15)
    plain = every_mart(agency, every_model)
    assert every_mart(change(copy.deepcopy(agency)), every_model) == plain
    assert len(plain) > 10


def test_a_stranger_changes_nobody_else(every_model: tuple[CompiledModel, ...]) -> None:
    agency = random_agency(104, 12)
    plain = every_mart(agency, every_model)
    stranger = random_agency(105, 1, block=3)
    both = copy.deepcopy(agency)
    for feed, exports in stranger.exports.items():
        moment, token, rows = exports[-1]
        newest = both.exports[feed][-1]
        offset = len(newest[2]) + 100
        newest[2].extend({**row, "row_number": row["row_number"] + offset} for row in rows)
        assert (moment, token) == (newest[0], newest[1])
    found = every_mart(both, every_model)
    assert {client: found[client] for client in plain} == plain
    assert len(found) == len(plain) + 1


def test_only_distances_matter_not_the_calendar(
    models: tuple[CompiledModel, ...], compiler: ModelCompiler, config: StudyConfig
) -> None:
    """Everything, the study's period included, happens some days later: only age, a matter of birthdays, may differ."""
    agency = random_agency(106, 20)
    plain = derived(agency, models)

    later = copy.deepcopy(agency)
    for exports in later.exports.values():
        for _, _, rows in exports:
            for row in rows:
                for name, value in row.items():
                    if isinstance(value, date | datetime) and name != "date_of_birth":
                        row[name] = value + timedelta(days=DAYS)
    settings = config.model_dump(mode="json")
    settings["study"] = {
        "start": (config.study.start + timedelta(days=DAYS)).isoformat(),
        "end": (config.study.end + timedelta(days=DAYS)).isoformat(),
    }
    found = derived(later, compiler.compile(study_config(settings, "shifted"), ["+client_study"]))

    for rows in (plain, found):
        for row in rows.values():
            del row["age"]
    assert found == plain


@pytest.mark.parametrize("days", [1, 29, 40])
def test_one_history_told_some_days_later_keeps_its_distances_and_touches_nobody(
    models: tuple[CompiledModel, ...], config: StudyConfig, days: int
) -> None:
    """Of a client admitted within the study, so that the anchor moves with the intake."""
    agency = random_agency(108, 40)
    plain = derived(agency, models)
    people = agency.exports["intake"][-1][2]
    moved = [
        row["client_id"]
        for row in people
        if row["intake_date"] is not None and config.study.start <= row["intake_date"] <= config.study.end
        and plain[row["client_id"]]["mspss_t0"] is not None
    ]  # fmt: skip
    later = copy.deepcopy(agency)
    for exports in later.exports.values():
        for _, _, rows in exports:
            for row in rows:
                if row["client_id"] == moved[0]:
                    for name, value in row.items():
                        if isinstance(value, date | datetime) and name != "date_of_birth":
                            row[name] = value + timedelta(days=days)
    found = derived(later, models)

    assert {client: row for client, row in found.items() if client != moved[0]} == {
        client: row for client, row in plain.items() if client != moved[0]
    }
    kept = [name for name in plain[moved[0]] if name.endswith("_t0")]
    assert {name: found[moved[0]][name] for name in kept} == {name: plain[moved[0]][name] for name in kept}


def test_research_rows_stand_in_the_order_of_random_ids(models: tuple[CompiledModel, ...]) -> None:
    agency = random_agency(107, 40)
    with duckdb.connect(config={"threads": 1}) as connection:
        load(agency, connection)
        connection.execute("update control.crosswalk set client_id = md5(source_client_id)")
        run_models(connection, models)
        ids = [row[0] for row in connection.execute("select client_id from marts.client_study").fetchall()]
        intake = [
            row[0]
            for row in connection.execute(
                "select c.intake_date from marts.client_study join intermediate.int_clients_identified as c"
                " using (client_id) where c.intake_date is not null order by client_id"
            ).fetchall()
        ]
    assert ids == sorted(ids)
    assert intake != sorted(intake)
