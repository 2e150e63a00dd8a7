"""The reference agency through the real ingest and the real build: every cell, wave and class of response."""

import gc
import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from assets.home import Home
from assets.ingest import IngestPaths, ingest, load_feeds
from assets.study_config import StudyConfig, load_study_config
from assets.warehouse import DbtPaths, DbtRun, assign_research_ids, build, check_research_id, ensure_manifest
from assets.warehouse.database import connect
from assets.warehouse.docs import write_docs
from assets.warehouse.lineage import ColumnName, column_lineage

EXPORTS = (
    "intake.xlsx", "case_notes.xlsx", "goal_plans.xlsx", "Support_Survey_MSPSS.csv", "Coping_CSES.csv", "URICA-12.csv",
    "minimal_dataset.sav",
)  # fmt: skip


@pytest.fixture(scope="module")
def config(project_root: Path) -> StudyConfig:
    return load_study_config(project_root / "config" / "study.yml")


@pytest.fixture(scope="module")
def home(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    home.inbox.mkdir()
    for name in EXPORTS:
        (home.inbox / name).write_bytes((shared_dir / "fixtures" / "agency" / name).read_bytes())
    with connect(home) as connection:
        ingest(IngestPaths.of(home), connection, load_feeds(home.config), now=datetime(2022, 1, 8, tzinfo=UTC))
        assign_research_ids(connection)
    return home


@pytest.fixture(scope="module")
def run(home: Home, config: StudyConfig) -> DbtRun:
    return build(DbtPaths.of(home), config)


@pytest.fixture(scope="module")
def truth(shared_dir: Path) -> dict[str, Any]:
    return dict(json.loads((shared_dir / "fixtures" / "agency" / "truth.json").read_text("utf-8")))


@pytest.fixture
def warehouse(home: Home, run: DbtRun) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(home, read_only=True) as connection:
        yield connection


def test_the_build_passes_every_test(run: DbtRun) -> None:
    assert run.success
    assert not run.failed
    assert Counter(node.resource_type for node in run.nodes)["model"] >= 20


def test_every_cell_of_client_study_equals_the_truth(
    warehouse: duckdb.DuckDBPyConnection, truth: dict[str, Any], project_root: Path
) -> None:
    cursor = warehouse.execute(
        "select crosswalk.source_client_id, study.* from marts.client_study as study"
        " join control.crosswalk using (client_id)"
    )
    names = [column[0] for column in cursor.description]
    rows = {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}
    assert set(rows) == set(truth["clients"])
    assert all(check_research_id(row["client_id"]) for row in rows.values())
    assert set(names[2:]) == set(truth["columns"])

    wrong = []
    for client, wanted in truth["clients"].items():
        for name, value in wanted.items():
            found = rows[client][name]
            same = abs(found - value) <= 1e-9 if isinstance(value, float) and found is not None else found == value
            if not same or (found is None) != (value is None):
                wrong.append((client, name, found, value))
    assert wrong == []


def test_the_columns_stand_in_the_contracts_order(
    warehouse: duckdb.DuckDBPyConnection, shared_dir: Path, truth: dict[str, Any]
) -> None:
    text = (shared_dir / "contract.md").read_text("utf-8")
    described = text[text.index("`marts.client_study`, one row a client") : text.index("`study.*`, tidy")]
    listed = [name for part in described.split("`")[1::2] for name in part.replace("\n", " ").split(",")]
    plain = [name.strip() for name in listed]
    wanted = [name for name in plain if name in truth["columns"]]
    for wave in ("t0", "t6"):
        wanted += [name[:-1] + wave for name in plain if name.endswith("_w")]
    found = warehouse.execute(
        "select column_name from duckdb_columns() where schema_name = 'marts' and table_name = 'client_study'"
        " order by column_index"
    ).fetchall()
    assert [row[0] for row in found] == ["client_id", *wanted]


def test_every_wave_uses_the_responses_of_the_truth(
    warehouse: duckdb.DuckDBPyConnection, truth: dict[str, Any]
) -> None:
    used: dict[tuple[str, str, str], list[str]] = {}
    for client, wave, instrument, response in warehouse.execute(
        "select source_client_id, wave, instrument, response_id from intermediate.int_responses_placed"
        " join control.crosswalk using (client_id) where wave is not null order by response_id"
    ).fetchall():
        used.setdefault((client, wave, instrument), []).append(response)
    wanted = {
        (client, wave, instrument): sorted(responses)
        for client, waves in truth["waves"].items()
        for wave in ("t0", "t6")
        for instrument, responses in waves[wave]["responses"].items()
    }
    assert used == wanted

    dates = {
        (client, wave): str(day)
        for client, wave, day in warehouse.execute(
            "select source_client_id, wave, assessment_date from intermediate.int_waves_dated"
            " join control.crosswalk using (client_id)"
        ).fetchall()
    }
    assert dates == {
        (client, wave): waves[wave]["date"]
        for client, waves in truth["waves"].items()
        for wave in ("t0", "t6")
        if waves[wave]["date"]
    }


def test_every_response_left_out_has_its_reason(warehouse: duckdb.DuckDBPyConnection, truth: dict[str, Any]) -> None:
    for instrument in ("mspss", "copse", "urica"):
        found = dict(
            warehouse.execute(
                "select coalesce(wave, excluded_reason), count(*) from intermediate.int_responses_placed"
                " where instrument = ? group by all",
                [instrument],
            ).fetchall()
        )
        wanted = next(
            entry["responses"] for entry in truth["totals"]["files"].values() if entry["kind"] == f"survey_{instrument}"
        )
        assert found == {reason: n for reason, n in wanted.items() if reason != "exact_duplicate_row"}


def test_reopened_goals_are_flagged(warehouse: duckdb.DuckDBPyConnection, truth: dict[str, Any]) -> None:
    found = warehouse.execute(
        "select goal_key from intermediate.int_goals_settled where is_reopened order by goal_key"
    ).fetchall()
    assert [row[0] for row in found] == sorted(truth["reopened_goals"])


def test_the_flow_starts_with_everybody_and_every_response_has_a_place(
    warehouse: duckdb.DuckDBPyConnection, truth: dict[str, Any]
) -> None:
    flow = warehouse.execute("select step, n, reason from intermediate.int_participant_flow").fetchall()
    assert flow[0] == ("clients in the intake export", truth["clients_n"], None)
    for instrument in ("mspss", "copse", "urica"):
        parts = [(step, n) for step, n, _ in flow if step.startswith(f"{instrument} responses")]
        assert parts[0][0].endswith("received")
        assert parts[0][1] == sum(n for _, n in parts[1:])


def test_reliability_reads_exactly_the_items_behind_the_scores(warehouse: duckdb.DuckDBPyConnection) -> None:
    unequal = warehouse.execute(
        "with items as (select client_id, scale, wave, avg(value) as mean, count(*) as n"
        "  from intermediate.int_survey_items where scale like 'mspss%' group by all)"
        " select count(*) from marts.fct_scale_scores as scores left join items using (client_id, scale, wave)"
        " where scale like 'mspss%' and n_answered > 0 and (items.n is distinct from n_answered or"
        "  (score is not null and abs(score - items.mean) > 1e-12))"
    ).fetchone()
    assert unequal == (0,)


def test_marts_hold_no_dates_no_source_ids_and_only_tagged_columns(
    warehouse: duckdb.DuckDBPyConnection, project_root: Path
) -> None:
    columns = warehouse.execute(
        "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'marts'"
    ).fetchall()
    assert not [row for row in columns if "DATE" in row[2] or "TIME" in row[2]]
    tagged = {}
    for path in (project_root / "dbt_project" / "models").rglob("_*.yml"):
        for model in yaml.safe_load(path.read_text("utf-8")).get("models", []):
            for column in model["columns"]:
                tagged[model["name"], column["name"]] = column["config"]["meta"]["privacy"]
    assert {tagged[table, column] for table, column, _ in columns} <= {"none", "quasi", "sensitive"}

    present = warehouse.execute(
        "select table_name, column_name from duckdb_columns() where schema_name in ('staging', 'intermediate')"
    ).fetchall()
    assert not set(present) - set(tagged), "every column of the agency zone is tagged as well"


def test_a_second_build_changes_no_row(home: Home, config: StudyConfig, run: DbtRun) -> None:
    def contents() -> dict[str, list[Any]]:
        with connect(home, read_only=True) as connection:
            tables = connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'marts' order by table_name"
            ).fetchall()
            return {name: connection.execute(f"select * from marts.{name}").fetchall() for (name,) in tables}

    before = contents()
    assert build(DbtPaths.of(home), config).success
    assert contents() == before


def test_the_manifest_is_parsed_only_when_something_changed(home: Home, config: StudyConfig, run: DbtRun) -> None:
    paths = DbtPaths.of(home)
    manifest = ensure_manifest(paths, config)
    first = manifest.stat().st_mtime_ns
    assert ensure_manifest(paths, config).stat().st_mtime_ns == first

    changed = config.model_copy(update={"services": config.services.model_copy(update={"unit": "note"})})
    assert ensure_manifest(paths, changed).stat().st_mtime_ns != first


def test_nothing_of_dbt_stays_behind(
    home: Home, config: StudyConfig, run: DbtRun, capfd: pytest.CaptureFixture[str]
) -> None:
    names: list[str] = []
    before = dict(os.environ)
    result = build(DbtPaths.of(home), config, select=["dim_clients"], progress=names.append)
    assert dict(os.environ) == before
    assert gc.isenabled()
    assert capfd.readouterr() == ("", "")
    assert names[0] == "dim_clients"
    assert len(names) == len(result.nodes)
    with connect(home) as connection:
        connection.execute("create or replace table control.writable as select 1")
        connection.execute("drop table control.writable")
    assert not (DbtPaths.of(home).target / "run_results.json").exists()


def test_every_column_of_the_marts_has_its_lineage_and_is_followed_once(
    home: Home, run: DbtRun, warehouse: duckdb.DuckDBPyConnection
) -> None:
    cache = DbtPaths.of(home).target / "column_lineage.json"
    found = column_lineage(run, warehouse, cache)
    assert found["marts.dim_clients"]["age"] == [ColumnName("intermediate", "int_clients_identified", "birth_date")]
    assert ColumnName("raw", "intake", "county") in found["staging.stg_case_management__clients"]["county"]
    assert {"marts.client_study", "marts.client_month", "intermediate.int_rows_traced"} <= set(found)

    first = cache.stat().st_mtime_ns
    assert column_lineage(run, warehouse, cache) == found
    assert cache.stat().st_mtime_ns == first


def test_the_documentation_is_one_page_that_connects_to_nowhere(home: Home, config: StudyConfig, run: DbtRun) -> None:
    paths = DbtPaths.of(home)
    page = write_docs(paths, config, home.agency / "dbt" / "docs" / "index.html")
    text = page.read_text("utf-8")
    assert "connect-src 'none'" in text[:2000]
    assert "fuzzed.getdbt.com" not in text
    assert "Counted services with intake" in text
    assert not (paths.target / "run_results.json").exists()
