"""A published minimal data set is linked by what it says, and each kind of difference is told apart."""

import json
import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import pytest
from warehouse_agencies import load, random_agency
from warehouse_models import shipped_compiler, shipped_config, shipped_models
from warehouse_raw import add_file

from assets.errors import ConfigError
from assets.warehouse.compiled import run_models
from assets.warehouse.readings import better_readings, told, totals
from assets.warehouse.reconcile import Difference, reconcile, store

STAGES = ["pre-contemplation", "contemplation", "preparation/action", "maintenance"]


@pytest.fixture
def night() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        load(random_agency(31, 40), connection)
        connection.execute(
            "create table raw.minimal_dataset_variables (file_token varchar, position integer, variable varchar,"
            " label varchar, measure varchar, format varchar, value_labels varchar, user_missing varchar)"
        )
        run_models(connection, shipped_models())
        yield connection


def publish(connection: duckdb.DuckDBPyConnection, changes: dict[tuple[int, str], Any]) -> dict[int, str]:
    """Write the mart as a minimal data set in shuffled order; returns case number → client."""
    mapping = shipped_config().minimal_dataset
    add_file(connection, "sav", "minimal_dataset", datetime(2022, 1, 1))
    labels = {"race": ["black", "latinx", "white", "multiracial", "other"], "stage_0": STAGES, "stage_6": STAGES}
    for position, variable in enumerate(mapping):
        codes = {str(code): label for code, label in enumerate(labels.get(variable, []), start=1)}
        connection.execute(
            "insert into raw.minimal_dataset_variables (file_token, position, variable, value_labels)"
            " values ('sav', ?, ?, ?)",
            [position, variable, json.dumps(codes) if codes else None],
        )
    columns = ", ".join(mapping.values())
    rows = connection.execute(f"select client_id, {columns} from marts.client_study order by client_id").fetchall()
    random.Random(4).shuffle(rows)
    cells = []
    for case, row in enumerate(rows, start=1):
        for variable, value in zip(mapping, row[1:], strict=True):
            number = labels[variable].index(value) + 1 if isinstance(value, str) else value
            number = changes.get((case, variable), number)
            cells.append([case, variable, None if number is None else float(number)])
    connection.executemany(
        "insert into raw.minimal_dataset (file_token, case_number, variable, value_number) values ('sav', ?, ?, ?)",
        cells,
    )
    return {case: row[0] for case, row in enumerate(rows, start=1)}


def test_without_such_a_file_there_is_nothing_to_compare(night: duckdb.DuckDBPyConnection) -> None:
    assert reconcile(night, shipped_config().minimal_dataset) is None


def test_the_same_data_agree_in_every_cell_whatever_the_order(night: duckdb.DuckDBPyConnection) -> None:
    cases = publish(night, {})
    found = reconcile(night, shipped_config().minimal_dataset)
    assert found is not None
    assert found.differences == ()
    assert found.n_linked + len(found.unlinked_cases) == len(cases)
    assert found.n_linked >= 30
    assert all(row.n_equal == row.n_both for row in found.agreement)
    assert [row.variable for row in found.agreement] == list(shipped_config().minimal_dataset)


def test_differences_are_told_by_reason(night: duckdb.DuckDBPyConnection) -> None:
    cases = publish(night, {})
    first = reconcile(night, shipped_config().minimal_dataset)
    assert first is not None
    linked = [case for case in cases if case not in first.unlinked_cases]

    def value(case: int, variable: str) -> Any:
        return night.execute(
            "select value_number from raw.minimal_dataset where case_number = ? and variable = ?", [case, variable]
        ).fetchall()[0][0]

    def pick(variable: str, known: bool) -> int:
        return next(case for case in linked if (value(case, variable) is not None) == known)

    rounded, wrong, gone, added = pick("mspss_0", True), pick("goals_set", True), pick("age", True), pick("age", False)
    changes = {
        (rounded, "mspss_0"): value(rounded, "mspss_0") + 0.004,
        (wrong, "goals_set"): value(wrong, "goals_set") + 1,
        (gone, "age"): None,
        (added, "age"): 15,
    }
    for table in ("raw.minimal_dataset", "raw.minimal_dataset_variables"):
        night.execute(f"delete from {table}")
    publish(night, changes)
    found = reconcile(night, shipped_config().minimal_dataset)

    assert found is not None
    assert set(found.differences) == {
        Difference(rounded, cases[rounded], "mspss_0", "rounded"),
        Difference(wrong, cases[wrong], "goals_set", "differs"),
        Difference(gone, cases[gone], "age", "only_derived"),
        Difference(added, cases[added], "age", "only_published"),
    }
    told = {row.variable: row for row in found.agreement}
    assert (told["goals_set"].n_differs, told["goals_set"].max_difference) == (1, 1.0)
    assert told["mspss_0"].n_rounded == 1

    store(night, found)
    assert night.execute("select count(*) from reconciliation.differences").fetchone() == (4,)
    assert night.execute("select count(*) from reconciliation.agreement").fetchone() == (len(told),)


def test_a_case_like_nobody_stays_unlinked(night: duckdb.DuckDBPyConnection) -> None:
    mapping = shipped_config().minimal_dataset
    publish(night, {(1, variable): 77 for variable in mapping})
    found = reconcile(night, mapping)
    assert found is not None
    assert 1 in found.unlinked_cases


def test_a_column_that_does_not_exist_is_told_by_file_and_key(night: duckdb.DuckDBPyConnection) -> None:
    publish(night, {})
    with pytest.raises(ConfigError, match=r"study\.yml: minimal_dataset: client_study has no column ages"):
        reconcile(night, {"age": "ages"})


def test_a_definition_that_gives_the_published_values_is_found(night: duckdb.DuckDBPyConnection) -> None:
    """The data set was made with closed goals only as the denominator; whoever derives otherwise is told so."""
    cases = publish(night, {})
    place = {client: case for case, client in cases.items()}
    closed = night.execute("select client_id, rate_closed_only from marts.fct_goal_completion").fetchall()
    for table in ("raw.minimal_dataset", "raw.minimal_dataset_variables"):
        night.execute(f"delete from {table}")
    publish(night, {(place[client], "goal_rate"): rate for client, rate in closed})
    found = reconcile(night, shipped_config().minimal_dataset)
    assert found is not None
    assert {difference.variable for difference in found.differences} == {"goal_rate"}
    counts = totals(found)
    assert counts["values_on_both_sides"] - counts["values_equal"] == counts["values_differ"] + counts["values_rounded"]

    (reading,) = better_readings(night, shipped_compiler(), shipped_config(), found)
    assert (reading.variable, reading.definition) == ("goal_rate", "goals.denominator: closed_only")
    assert reading.n_equal == reading.n_both > reading.n_equal_in_force
    assert "under goals.denominator: closed_only" in told(reading)


def test_the_tables_are_there_and_empty_without_a_data_set(night: duckdb.DuckDBPyConnection) -> None:
    store(night, reconcile(night, shipped_config().minimal_dataset))
    for table in ("agreement", "differences", "links"):
        assert night.execute(f"select count(*) from reconciliation.{table}").fetchone() == (0,)
    assert "VARCHAR" in {row[1] for row in night.execute("describe reconciliation.differences").fetchall()}
