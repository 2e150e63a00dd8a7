"""A frozen publication comes out again row for row, and says what today's data would change."""

import copy
import json
import stat
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from warehouse_agencies import load, random_agency
from warehouse_models import shipped_compiler, shipped_config, shipped_models
from warehouse_oracle import Agency

from assets.errors import ConfigError, DataError
from assets.study_config import StudyConfig
from assets.study_settings import Goals
from assets.warehouse.as_of import write_as_of
from assets.warehouse.compiled import CompiledModel, ModelCompiler, run_models
from assets.warehouse.drift import Drift, confirm, drift, hand_over, rebuild
from assets.warehouse.frozen import INPUTS, freeze, frozen_config, read_freeze


@pytest.fixture(scope="module")
def config() -> StudyConfig:
    return shipped_config()


@pytest.fixture(scope="module")
def compiler() -> ModelCompiler:
    return shipped_compiler()


@pytest.fixture(scope="module")
def models() -> tuple[CompiledModel, ...]:
    return shipped_models()


def night(agency: Agency, models: tuple[CompiledModel, ...]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1})
    load(agency, connection)
    run_models(connection, models)
    connection.execute("create schema study; create table study.descriptives as select 'age' as variable, 16.5 as mean")
    return connection


@pytest.fixture(scope="module")
def agency() -> Agency:
    return random_agency(21, 40)


@pytest.fixture
def frozen(agency: Agency, models: tuple[CompiledModel, ...], config: StudyConfig, tmp_path: Path) -> Path:
    with night(agency, models) as connection:
        freeze(connection, tmp_path / "frozen", "plos-2024", config, models, code_version="0.1.0+abc")
    return tmp_path / "frozen"


def test_a_freeze_is_made_again_row_for_row(frozen: Path, config: StudyConfig) -> None:
    record = read_freeze(frozen, "plos-2024")
    again = rebuild(frozen, "plos-2024")

    assert again.identical
    assert set(again.tables) == {name for name in record.tables if name.startswith("marts.")}
    assert len(again.tables) == 8
    assert "study.descriptives" in record.tables
    assert again.environment == {}
    assert frozen_config(frozen, "plos-2024").hash == record.config_hash == config.hash
    assert record.code_version == "0.1.0+abc"


def test_a_freeze_outlives_the_tables_and_the_sql_of_its_day(
    frozen: Path, agency: Agency, models: tuple[CompiledModel, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later version reads a table more, and has dropped a column: the freeze still has all that its own SQL reads."""
    later = {**INPUTS, "control": (*INPUTS["control"], "invented_later")}
    monkeypatch.setattr("assets.warehouse.frozen.INPUTS", later)
    monkeypatch.setattr("assets.warehouse.drift.INPUTS", later)
    assert rebuild(frozen, "plos-2024").identical

    with night(agency, models) as today:
        today.execute("create table control.invented_later (n integer)")
        assert len(drift(today, frozen, "plos-2024")) == 2
        today.execute("alter table raw.intake drop column county")
        with pytest.raises(DataError, match="FROZEN_SQL"):
            drift(today, frozen, "plos-2024")
        with duckdb.connect() as memory:
            hand_over(today, memory)
            with pytest.raises(ConfigError, match=r"clients: .*made by another version"):
                run_models(memory, models)


def test_a_freeze_that_was_tampered_with_shows(frozen: Path) -> None:
    path = frozen / "plos-2024" / "frozen.duckdb"
    path.chmod(0o600)
    with duckdb.connect(str(path)) as connection:
        connection.execute("update raw.intake set county = 'wise' where county = 'tarrant'")
    again = rebuild(frozen, "plos-2024")
    assert not again.identical
    assert not again.tables["marts.dim_clients"]
    assert again.tables["marts.fct_services"]


def test_a_freeze_holds_no_names_and_no_free_text_and_is_private(frozen: Path) -> None:
    place = frozen / "plos-2024"
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.iterdir()} == {0o400}
    with duckdb.connect(str(place / "frozen.duckdb"), read_only=True) as connection:
        names = {row[0] for row in connection.execute("select column_name from duckdb_columns()").fetchall()}
    assert not names & {"client_name", "narrative", "staff"}


def test_a_freeze_is_never_overwritten_and_a_wrong_name_is_told(
    frozen: Path, agency: Agency, models: tuple[CompiledModel, ...], config: StudyConfig
) -> None:
    with night(agency, models) as connection:
        with pytest.raises(ConfigError, match="exists already"):
            freeze(connection, frozen, "plos-2024", config, models, code_version="x")
        with pytest.raises(ConfigError, match="lower-case"):
            freeze(connection, frozen, "../elsewhere", config, models, code_version="x")
    with pytest.raises(ConfigError, match="there are: plos-2024"):
        read_freeze(frozen, "plos-2025")


def test_a_failed_freeze_leaves_nothing(models: tuple[CompiledModel, ...], config: StudyConfig, tmp_path: Path) -> None:
    with duckdb.connect() as connection, pytest.raises(duckdb.Error):
        freeze(connection, tmp_path, "empty", config, models, code_version="x")
    assert list(tmp_path.iterdir()) == []


def test_tables_of_other_settings_are_not_kept_under_these(
    agency: Agency, models: tuple[CompiledModel, ...], compiler: ModelCompiler, config: StudyConfig, tmp_path: Path
) -> None:
    """The settings were changed after the last night: such a freeze could never be made again."""
    other = config.model_copy(update={"goals": Goals(denominator="closed_only")})
    later = (*compiler.compile(other), CompiledModel("marts", "of_a_later_version", "select invented from raw.intake"))
    with night(agency, models) as connection:
        freeze(connection, tmp_path, "paper", config, models, code_version="1")
        confirm(tmp_path, "paper")
        freeze(connection, tmp_path, "other-settings", other, later[:-1], code_version="1")
        with pytest.raises(ConfigError, match=r"\(marts.client_study, marts.fct_goal_completion\); run `outcomes run`"):
            confirm(tmp_path, "other-settings")
        freeze(connection, tmp_path, "other-program", other, later, code_version="1")
        with pytest.raises(ConfigError, match="made by another version"):
            confirm(tmp_path, "other-program")
    assert [place.name for place in tmp_path.iterdir()] == ["paper"]
    assert rebuild(tmp_path, "paper").identical


def test_nothing_drifts_while_nothing_happens(frozen: Path, agency: Agency, models: tuple[CompiledModel, ...]) -> None:
    with night(agency, models) as connection:
        assert drift(connection, frozen, "plos-2024") == [
            Drift("(clients added)", 0, 0, 0),
            Drift("(clients gone)", 0, 0, 0),
        ]


def test_drift_counts_what_a_late_edit_would_change(
    frozen: Path, agency: Agency, models: tuple[CompiledModel, ...]
) -> None:
    """A newer export: every High Risk client is confirmed by now, one client's county is told, one client is new."""
    later = copy.deepcopy(agency)
    people = copy.deepcopy(later.exports["intake"][-1][2])
    reclassified = [row for row in people if row["classification"] == "high_risk"]
    for row in reclassified:
        row["classification"] = "confirmed"
    untold = next(row for row in people if row["county"] is None)
    untold["county"] = "wise"
    new: dict[str, Any] = {**people[0], "record_id": "new", "client_id": "TX-88888", "client_id_raw": "TX-88888"}
    new["row_number"] = 999
    later.exports["intake"].append((datetime(2022, 3, 1, 6), "intake-c", [*people, new]))

    with night(later, models) as connection:
        found = {row.variable: row for row in drift(connection, frozen, "plos-2024")}

    assert found["(clients added)"].changed == 1
    assert found["(clients gone)"].changed == 0
    assert found["classification"].changed == found["confirmed"].changed == len(reclassified) > 3
    assert found["county_outlying"] == Drift("county_outlying", 0, 1, 0)
    assert set(found) == {"(clients added)", "(clients gone)", "classification", "confirmed", "county_outlying"}


def test_as_of_a_past_day_gives_the_marts_known_then(
    config: StudyConfig, compiler: ModelCompiler, models: tuple[CompiledModel, ...]
) -> None:
    """The warehouse of today, asked for the day before the newest exports, equals the warehouse without them."""
    drawn = (random_agency(seed, 25) for seed in range(1000))
    agency = next(one for one in drawn if all(len(one.exports[feed]) == 2 for feed in ("intake", "case_notes")))
    before = copy.deepcopy(agency)
    newest = max(moment for exports in agency.exports.values() for moment, _, _ in exports)
    for feed, exports in before.exports.items():
        before.exports[feed] = [export for export in exports if export[0] < newest]
    day = (newest - timedelta(days=1)).isoformat()
    past_models = compiler.compile(config, extra_vars={"as_of": day})

    with night(agency, past_models) as today, night(before, models) as then:
        for table in ("marts.client_study", "marts.fct_services", "marts.client_month"):
            query = f"select * from {table} order by all"
            rows = then.execute(query).fetchall()
            assert today.execute(query).fetchall() == rows
        assert rows
        assert date.fromisoformat(day[:10]) < newest.date()


def test_the_settings_are_kept_as_they_were(frozen: Path, config: StudyConfig) -> None:
    kept = json.loads((frozen / "plos-2024" / "study.json").read_text("utf-8"))
    assert kept == config.model_dump(mode="json")


def test_a_past_day_can_be_written_to_a_file_of_its_own(
    config: StudyConfig, compiler: ModelCompiler, models: tuple[CompiledModel, ...], tmp_path: Path
) -> None:
    drawn = (random_agency(seed, 25) for seed in range(1000))
    agency = next(one for one in drawn if all(len(one.exports[feed]) == 2 for feed in ("intake", "goal_plans")))
    first, last = (export[0].date() for export in agency.exports["intake"])

    with night(agency, models) as connection:
        n = write_as_of(connection, compiler, config, last, tmp_path / "now.duckdb")
        assert n == len(connection.execute("from marts.client_study").fetchall())
        write_as_of(connection, compiler, config, first, tmp_path / "then.duckdb")
        with pytest.raises(ConfigError, match="exists already"):
            write_as_of(connection, compiler, config, first, tmp_path / "then.duckdb")
        with pytest.raises(ConfigError, match="no intake export"):
            write_as_of(connection, compiler, config, first - timedelta(days=1), tmp_path / "before.duckdb")
        today = connection.execute("from marts.client_study order by all").fetchall()

    with duckdb.connect(str(tmp_path / "now.duckdb"), read_only=True) as reader:
        assert reader.execute("from marts.client_study order by all").fetchall() == today
        comments = [row[0] for row in reader.execute("select comment from duckdb_tables()").fetchall()]
        assert len(comments) == 8
        assert all(text.endswith(f"Settings {config.hash[:12]}.") for text in comments)
        bare = "select column_name from duckdb_columns() where comment is null and not internal"
        assert reader.execute(bare).fetchall() == []
    with duckdb.connect(str(tmp_path / "then.duckdb"), read_only=True) as reader:
        assert reader.execute("from marts.client_study order by all").fetchall() != today
    assert not (tmp_path / "before.duckdb").exists()
