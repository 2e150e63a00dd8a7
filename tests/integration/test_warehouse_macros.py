"""What an analyst finds beside the tables: macros that agree with the marts, and comments."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from warehouse_agencies import load, random_agency
from warehouse_models import shipped_compiler, shipped_config, shipped_models

from assets.warehouse.analyst_macros import comment_tables, create_macros
from assets.warehouse.compiled import run_models


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("macros")
    config, compiler = shipped_config(), shipped_compiler()
    with duckdb.connect(config={"threads": 1}) as connection:
        load(random_agency(11, 60), connection)
        run_models(connection, shipped_models())
        connection.execute(f"attach '{folder / 'published.duckdb'}' as published; create schema published.marts")
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' and database_name = 'memory'"
        ).fetchall():
            connection.execute(f"create table published.marts.{name} as from memory.marts.{name}")
        for place in ("memory", "published"):
            connection.execute(
                f"create schema {place}.meta; create table {place}.meta.codebook as select 'marts.client_study' as"
                " \"table\", 'age' as \"column\", 'Age' as label, 'Years.' as meaning, null as unit,"
                " null as \"values\", null as source, 'quasi' as privacy"
            )
        assert create_macros(connection, "published") == [
            "services_between", "goal_completion", "scale_change", "services_by_type", "dose_curve", "codebook",
        ]  # fmt: skip
        manifest = compiler.manifest()
        assert comment_tables(connection, manifest, config.hash, "published") == 8
    return folder / "published.duckdb"


@pytest.fixture
def reader(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(file), read_only=True) as connection:
        yield connection


def test_services_between_intake_and_ever_is_the_total(reader: duckdb.DuckDBPyConnection) -> None:
    unequal = reader.execute(
        "select count(*), count(*) filter (where b.services_listed <> c.services_listed or b.notes <> c.notes"
        " or b.client_days <> c.client_days) from services_between(0, 100000) as b"
        " join marts.fct_service_counts as c using (client_id) where c.period = 'total'"
    ).fetchone()
    assert unequal is not None
    assert unequal[0] > 30
    assert unequal[1] == 0


def test_periods_that_touch_add_up_and_clients_without_services_stay(reader: duckdb.DuckDBPyConnection) -> None:
    parts = "select client_id, services_listed as n from services_between({}, {})"
    whole = dict(reader.execute(parts.format(0, 90)).fetchall())
    first, second = (dict(reader.execute(parts.format(*days)).fetchall()) for days in ((0, 30), (31, 90)))
    assert whole == {client: first[client] + second[client] for client in whole}
    assert 0 in whole.values()


def test_services_by_type_add_up_to_services(reader: duckdb.DuckDBPyConnection) -> None:
    by_type = reader.execute(
        "select client_id, sum(services_listed) from services_by_type(0, 120) group by client_id order by client_id"
    ).fetchall()
    whole = reader.execute(
        "select client_id, services_listed from services_between(0, 120) where services_listed > 0 order by client_id"
    ).fetchall()
    assert by_type == whole
    assert len(reader.execute("select distinct service_type from services_by_type(0, 120)").fetchall()) > 3


def test_the_dose_curve_leaves_small_months_out(reader: duckdb.DuckDBPyConnection) -> None:
    months = reader.execute("from marts.client_month").df()
    enrolled = months[months["is_enrolled"]].groupby("month_number")["services_listed"].agg(["size", "mean"])
    wanted = enrolled[enrolled["size"] >= 11]
    found = reader.execute("from dose_curve(11)").df().set_index("month_number")
    assert 0 < len(wanted) < len(enrolled)
    assert found["clients"].tolist() == wanted["size"].tolist()
    assert found["services_per_client"].tolist() == pytest.approx(wanted["mean"].tolist())
    sums = (
        months[months["is_enrolled"]]
        .groupby("month_number")[["services_listed", "days_enrolled"]]
        .sum()
        .loc[wanted.index]
    )
    rate = sums["services_listed"] / sums["days_enrolled"] * 30.4375
    assert found["services_per_enrolled_month"].tolist() == pytest.approx(rate.tolist())
    assert (found["services_per_enrolled_month"] >= found["services_per_client"] * 30.4375 / 31).all()


def test_the_codebook_of_a_table_is_found_with_or_without_its_schema(reader: duckdb.DuckDBPyConnection) -> None:
    for name in ("client_study", "marts.client_study"):
        assert reader.execute('select "column", label from codebook(?)', [name]).fetchall() == [("age", "Age")]


@pytest.mark.parametrize("rule", ["all", "minus_discontinued", "closed_only"])
def test_goal_completion_follows_the_rule(reader: duckdb.DuckDBPyConnection, rule: str) -> None:
    found = reader.execute(f"select client_id, goal_completion_rate from goal_completion('{rule}')").fetchall()
    wanted = reader.execute(f"select client_id, rate_{rule} from marts.fct_goal_completion order by 1").fetchall()
    assert found == wanted


def test_an_unknown_rule_is_refused(reader: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.Error, match="rule is all, minus_discontinued or closed_only"):
        reader.execute("from goal_completion('any')").fetchall()


def test_change_is_second_minus_first_wave(reader: duckdb.DuckDBPyConnection) -> None:
    found = reader.execute("select client_id, change from scale_change('mspss')").fetchall()
    wanted = reader.execute(
        "select client_id, mspss_t6 - mspss_t0 from marts.client_study"
        " where mspss_t0 is not null and mspss_t6 is not null order by client_id"
    ).fetchall()
    assert found == wanted
    assert found


def test_every_mart_says_what_a_row_is_and_under_which_settings(reader: duckdb.DuckDBPyConnection) -> None:
    comments = reader.execute("select comment from duckdb_tables() where schema_name = 'marts'").fetchall()
    assert len(comments) == 8
    assert all("Grain: one row a" in text and " Settings " in text for (text,) in comments)


def test_the_months_of_the_spine_hold_the_services_of_their_days(reader: duckdb.DuckDBPyConnection) -> None:
    """A month begins where the days of the months before it end: counted again by days, it holds the same services."""
    unequal = reader.execute(
        "with months as (select *, sum(days) over (partition by client_id order by month_number) - days as first_day"
        " from marts.client_month), counted as (select m.client_id, m.month_number, count(s.client_id) as n"
        " from months as m left join marts.fct_services as s on s.client_id = m.client_id and s.is_counted"
        " and s.days_since_intake >= m.first_day and s.days_since_intake < m.first_day + m.days group by all)"
        " select count(*), count(*) filter (where n <> services_listed), sum(n)"
        " from counted join months using (client_id, month_number)"
    ).fetchone()
    assert unequal is not None
    assert unequal[0] > 500
    assert unequal[1] == 0
    assert unequal[2] > 50
