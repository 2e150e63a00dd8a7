"""A failing test stops what is built on its model, and says so without a value."""

from datetime import date, datetime

import duckdb
import pytest
from warehouse_models import shipped_config
from warehouse_raw import add_file, add_rows, create_raw

from assets.warehouse import DbtPaths, DbtRun, build
from assets.warehouse.dbt import without_values

CANARY = "TX-00042"


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> DbtPaths:
    folder = tmp_path_factory.mktemp("gate")
    paths = DbtPaths(folder / "w.duckdb", folder / "dbt", folder / "tmp")
    with duckdb.connect(str(paths.database)) as connection:
        create_raw(connection)
        add_file(connection, "f", "intake", datetime(2022, 1, 7))
        person = {"record_id": "1", "client_id": CANARY, "client_id_raw": CANARY, "date_of_birth": date(2005, 5, 5)}
        add_rows(connection, "raw.intake", "f", [person], None)
        connection.execute("insert into control.crosswalk values ('R1', ?)", [CANARY])
    return paths


@pytest.fixture(scope="module")
def failed(paths: DbtPaths) -> DbtRun:
    assert build(paths, shipped_config()).success
    with duckdb.connect(str(paths.database)) as connection:
        connection.execute("create table control.before as from marts.client_study")
        connection.execute("insert into control.crosswalk values ('R2', ?)", [CANARY])
    return build(paths, shipped_config())


def test_the_failing_test_is_named_and_its_rows_counted(failed: DbtRun) -> None:
    assert not failed.success
    assert [(node.name, node.resource_type, node.status, node.failures) for node in failed.failed] == [
        ("int_clients_identified__one_research_id_each", "test", "fail", 1)
    ]


def test_a_client_without_a_research_id_stops_the_build(paths: DbtPaths, failed: DbtRun) -> None:
    with duckdb.connect(str(paths.database)) as connection:
        connection.execute("delete from control.crosswalk")
    run = build(paths, shipped_config(), select=["int_clients_identified"])
    assert [(node.name, node.failures) for node in run.failed] == [("int_clients_identified__loses_nobody", 1)]


def test_what_is_built_on_it_is_skipped_and_stays_as_it_was(paths: DbtPaths, failed: DbtRun) -> None:
    status = {node.name: node.status for node in failed.nodes}
    assert status["client_study"] == "skipped"
    with duckdb.connect(str(paths.database), read_only=True) as connection:
        rows = connection.execute("from marts.client_study").fetchall()
        assert rows == connection.execute("from control.before").fetchall()


def test_no_value_leaves_with_the_result_nor_stays_in_json(paths: DbtPaths, failed: DbtRun) -> None:
    assert CANARY not in repr(failed)
    assert not (paths.target / "run_results.json").exists()


def test_a_broken_model_is_an_error_in_the_result_and_told_in_the_agencys_log(paths: DbtPaths) -> None:
    with duckdb.connect(str(paths.database)) as connection:
        connection.execute("alter table raw.intake drop column county")
    run = build(paths, shipped_config(), select=["stg_case_management__clients"])
    assert [(node.name, node.status) for node in run.failed] == [("stg_case_management__clients", "error")]
    assert "county" in paths.errors.read_text("utf-8")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (
            "Runtime Error in model stg_x (models/stg_x.sql)\n  Conversion Error: Could not convert string 'TX-00042'",
            "Runtime Error in model stg_x; Conversion Error",
        ),
        (
            'Runtime Error in model m (m.sql)\n  Constraint Error: Duplicate key "client_id: TX-00042"',
            "Runtime Error in model m; Constraint Error",
        ),
        (
            "Runtime Error in model m (m.sql)\n  Invalid Input Error: TX-00042\n Binder Error: x",
            "Runtime Error in model m; Invalid Input Error; Binder Error",
        ),
        ("TX-00042 is odd", "an error outside of a node"),
    ],
)
def test_of_an_error_that_may_quote_a_cell_only_the_kind_is_kept(said: str, kept: str) -> None:
    assert without_values(said) == kept


def test_an_error_about_names_is_kept_whole() -> None:
    said = 'Runtime Error in model m (models/m.sql)\n  Binder Error: Referenced column "county" not found'
    assert without_values(said) == said
