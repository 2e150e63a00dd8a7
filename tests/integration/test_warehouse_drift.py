"""Drift: what today's data would change in a frozen publication, one kind of news at a time, by variable and count."""

import copy
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from warehouse_agencies import load, random_agency
from warehouse_models import shipped_compiler, shipped_config, shipped_models
from warehouse_oracle import Agency, client_study

from assets.study_config import StudyConfig, study_config
from assets.warehouse.compiled import CompiledModel, run_models
from assets.warehouse.drift import Drift, drift
from assets.warehouse.frozen import freeze

NEXT_EXPORT = datetime(2022, 3, 1, 6)
NOBODY = {"(clients added)": (0, 0, 0), "(clients gone)": (0, 0, 0)}
Counts = dict[str, tuple[int, int, int]]


def night(agency: Agency, models: tuple[CompiledModel, ...]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    load(agency, connection)
    run_models(connection, models)
    return connection


@pytest.fixture(scope="module")
def agency() -> Agency:
    """Everything stands in one export a feed, so that the next one says all that is new."""
    agency = random_agency(33, 40)
    for feed, exports in agency.exports.items():
        agency.exports[feed] = exports[-1:]
    return agency


@pytest.fixture(scope="module")
def folder(agency: Agency, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("frozen")
    with night(agency, shipped_models()) as connection:
        freeze(connection, place, "paper", shipped_config(), shipped_models(), code_version="1")
    return place


def drifted(folder: Path, agency: Agency, models: tuple[CompiledModel, ...] | None = None) -> Counts:
    with night(agency, models or shipped_models()) as connection:
        rows = drift(connection, folder, "paper")
    assert len({row.variable for row in rows}) == len(rows)
    return {row.variable: (row.changed, row.filled, row.emptied) for row in rows}


def newer(agency: Agency, feed: str, change: Callable[[list[dict[str, Any]]], object]) -> Agency:
    """The agency after one more export of a feed, changed in place."""
    later = copy.deepcopy(agency)
    rows = copy.deepcopy(later.exports[feed][-1][2])
    change(rows)
    for position, row in enumerate(rows, start=2):
        row["row_number"] = position
    later.exports[feed].append((NEXT_EXPORT, f"{feed}-next", rows))
    return later


def by_the_loops(before: Agency, after: Agency) -> Counts:
    """The same counts from the oracle's rows, without SQL."""
    old, new = client_study(before, shipped_config()), client_study(after, shipped_config())
    both = [(old[client], new[client]) for client in old.keys() & new.keys()]
    counts = {
        name: (
            sum(o[name] != n[name] and None not in (o[name], n[name]) for o, n in both),
            sum(o[name] is None and n[name] is not None for o, n in both),
            sum(n[name] is None and o[name] is not None for o, n in both),
        )
        for name in both[0][0]
    }
    edges = {"(clients added)": (len(new.keys() - old), 0, 0), "(clients gone)": (len(old.keys() - new), 0, 0)}
    return edges | {name: found for name, found in counts.items() if any(found)}


def within_study(person: dict[str, Any]) -> bool:
    return person["intake_date"] is not None and person["intake_date"] < date(2021, 6, 1)


def test_a_new_service_moves_the_total_of_one_client(folder: Path, agency: Agency) -> None:
    client = next(row["client_id"] for row in agency.exports["intake"][-1][2] if within_study(row))
    note = {
        "client_id": client, "client_id_raw": client, "record_id": "late", "service_date": date(2021, 10, 31),
        "entered_on": None, "contact_type": "crisis_response", "service_type": "group|referral", "minutes": 5,
    }  # fmt: skip
    later = newer(agency, "case_notes", lambda rows: rows.append(note))

    assert drifted(folder, later) == NOBODY | {"services_total": (1, 0, 0)} == by_the_loops(agency, later)


def test_a_late_edit_moves_what_depends_on_it_and_nothing_else(folder: Path, agency: Agency) -> None:
    """Exits that were never noted come in at last, and one intake date turns out to be unknown."""

    def edit(rows: list[dict[str, Any]]) -> None:
        for row in [row for row in rows if row["exit_date"] is None and within_study(row)]:
            row["exit_date"] = date(2021, 7, 1)
        next(row for row in rows if within_study(row))["intake_date"] = None

    later = newer(agency, "intake", edit)
    found = drifted(folder, later)

    assert found == by_the_loops(agency, later)
    assert found["months_of_service_total"][0] > 5, "changed"
    assert found["months_of_service_total"][2] == found["services_total"][2] == 1, "emptied"
    assert not found.keys() & {"age", "goals_set", "minority", "classification"}


def test_a_record_that_vanished_is_kept_and_changes_nothing(folder: Path, agency: Agency) -> None:
    """Neither a note nor a person that the newest export lacks leaves the tables: both are marked absent."""
    without_notes = newer(agency, "case_notes", lambda rows: rows.__delitem__(slice(0, len(rows), 3)))
    without_people = newer(agency, "intake", lambda rows: rows.__delitem__(slice(0, 4)))

    assert drifted(folder, without_notes) == NOBODY
    assert drifted(folder, without_people) == NOBODY == by_the_loops(agency, without_people)
    with night(without_notes, shipped_models()) as connection:
        absent = "select count(absent_since) from staging.stg_case_management__case_notes"
        assert connection.execute(absent).fetchall()[0][0] > 20


def test_answers_that_came_late_fill_what_was_empty(folder: Path, agency: Agency) -> None:
    """Of clients without a 6-month answer; an answer also moves the wave's date and the services until then."""
    frozen = client_study(agency, shipped_config())
    silent = [row for row in agency.exports["intake"][-1][2] if frozen[row["client_id"]]["services_t6"] is None]
    silent = [row for row in silent if within_study(row)][:3]

    def answer(rows: list[dict[str, Any]]) -> None:
        for row in silent:
            day = max(row["intake_date"], shipped_config().study.start) + timedelta(
                days=200
            )  # within 45 days of 182, and of 60 + 182
            rows.append(
                {
                    "client_id": row["client_id"], "client_id_raw": row["client_id"],
                    "response_id": f"R_late_{row['record_id']}", "recorded_on": day,
                    "recorded_at_utc": datetime(day.year, day.month, day.day, 15), "status": 0, "finished": True,
                    **{f"mspss_{item}": 6 for item in range(1, 13)},
                }
            )  # fmt: skip

    later = newer(agency, "survey_mspss", answer)
    found = drifted(folder, later)

    assert found == by_the_loops(agency, later)
    assert len(silent) == 3
    scores = ("mspss_t6", "mspss_family_t6", "mspss_friends_t6", "mspss_significant_other_t6", "services_t6")
    assert {name: found[name] for name in scores} == dict.fromkeys(scores, (0, 3, 0))
    assert found.keys() == NOBODY.keys() | set(scores)


def test_settings_of_today_play_no_part(folder: Path, agency: Agency) -> None:
    """The agency counts notes and completed months by now: the frozen definitions are what both sides are read by."""
    settings = shipped_config().model_dump(mode="json")
    settings["services"]["unit"] = "note"
    settings["months_of_service"]["method"] = "completed"
    settings["study"]["end"] = "2021-12-31"
    other: StudyConfig = study_config(settings, "changed")
    models = shipped_compiler().compile(other)

    assert drifted(folder, agency, models) == NOBODY
    later = newer(agency, "goal_plans", lambda rows: [row.update(status="met") for row in rows])
    found = drifted(folder, later, models)
    assert found == drifted(folder, later) == by_the_loops(agency, later)
    assert found["goals_met"][0] > 5
    assert found["goal_completion_rate"][0] > 5


def test_a_client_who_was_erased_is_gone_and_not_changed(folder: Path, agency: Agency) -> None:
    later = copy.deepcopy(agency)
    gone = later.exports["intake"][-1][2][0]["client_id"]
    for exports in later.exports.values():
        for _, _, rows in exports:
            rows[:] = [row for row in rows if row["client_id"] != gone]

    found = drifted(folder, later)
    assert found == NOBODY | {"(clients gone)": (1, 0, 0)}


def test_the_most_changed_variable_comes_first(folder: Path, agency: Agency) -> None:
    later = newer(
        agency, "intake", lambda rows: [row.update(county="wise", classification="confirmed") for row in rows]
    )
    with night(later, shipped_models()) as connection:
        rows = drift(connection, folder, "paper")
    moved = [row.changed + row.filled + row.emptied for row in rows[2:]]
    assert isinstance(rows[0], Drift)
    assert moved == sorted(moved, reverse=True)
    assert len(moved) == 3
