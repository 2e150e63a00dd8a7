"""The source rows named for a row of a mart are the ones behind it: enough to make it, and none to spare."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import duckdb
import pytest
from warehouse_agencies import load, random_agency
from warehouse_models import shipped_models
from warehouse_raw import COLUMNS

from assets.errors import ConfigError
from assets.warehouse.compiled import run_models
from assets.warehouse.trace import STUDY_PARTS, TracedRow, as_text, create_trace_macro, trace

MARTS = (*STUDY_PARTS, "fct_services", "client_month", "client_study")
ROW_KEYS = {
    "fct_services": "note_number", "fct_service_counts": "period", "client_month": "month_number",
    "fct_scale_scores": "scale || ' ' || wave",
}  # fmt: skip
KEPT = {"file_token", "sheet", "row_number", "row_hash", "client_id_raw", "client_id", "record_id", "goal_id",
        "response_id", "review_month"}  # fmt: skip
"""Who and which record a row is; everything else of it can be blanked."""
Place = tuple[str, int]
Change = tuple[str, list[Any]]


class Agency(NamedTuple):
    connection: duckdb.DuckDBPyConnection
    clients: list[str]

    def rows(self, mart: str, client: str, condition: str = "true") -> list[Any]:
        return self.connection.execute(
            f"select * from marts.{mart} where client_id = ? and {condition} order by all", [client]
        ).fetchall()

    def rebuilt(
        self, statements: Sequence[tuple[str, list[Any]]], mart: str, client: str, condition: str = "true"
    ) -> list[Any]:
        """The client's rows of the mart after the statements on raw tables; they are undone."""
        self.connection.execute("begin")
        for statement, parameters in statements:
            self.connection.execute(statement, parameters)
        run_models(self.connection, shipped_models())
        found = self.rows(mart, client, condition)
        self.connection.execute("rollback")
        return found


@pytest.fixture(scope="module")
def agency() -> Iterator[Agency]:
    with duckdb.connect(config={"threads": 1}) as connection:
        load(random_agency(8, 25), connection)
        run_models(connection, shipped_models())
        clients = connection.execute(
            "select client_id from marts.client_study where goals_set > 0 and services_total > 1"
            " and services_t0 is not null order by mspss_t6 is null, cope_se_t6 is null, client_id"
        ).fetchall()
        yield Agency(connection, [row[0] for row in clients][:4])


def places(rows: Sequence[TracedRow]) -> dict[str, set[Place]]:
    """Raw table → file and row."""
    found: dict[str, set[Place]] = {}
    for row in rows:
        found.setdefault(f"raw.{row.feed}", set()).add((row.file_token, row.source_row))
    return found


def test_there_are_clients_with_everything(agency: Agency) -> None:
    assert len(agency.clients) == 4
    assert agency.rows("fct_scale_scores", agency.clients[0], "wave = 't6'")


@pytest.mark.parametrize("mart", MARTS)
def test_the_named_rows_alone_make_the_same_rows(agency: Agency, mart: str) -> None:
    """Every other row of every source table is taken away: nothing of what the client has in the mart changes."""
    for client in agency.clients:
        named = places(trace(agency.connection, mart, client))
        statements = []
        for table in COLUMNS:
            kept = sorted(named.get(table, ()))
            deletion = (
                f"delete from {table} as t where not exists (select 1 from"
                " (select unnest(?) as f, unnest(?) as r) as k where k.f = t.file_token and k.r = t.row_number)"
            )
            statements.append((deletion, [[place[0] for place in kept], [place[1] for place in kept]]))
        before = agency.rows(mart, client)
        assert before
        assert agency.rebuilt(statements, mart, client) == before, mart


def blanking(table: str, place: Place) -> Change:
    blanked = ", ".join(f"{name} = null" for name in COLUMNS[table] if name not in KEPT)
    return f"update {table} set {blanked} where file_token = ? and row_number = ?", list(place)


@pytest.mark.parametrize("mart", [mart for mart in MARTS if mart != "client_study"])
def test_a_row_changes_when_what_is_named_for_it_is_blanked(agency: Agency, mart: str) -> None:
    client = agency.clients[0]
    key = ROW_KEYS.get(mart)
    details = sorted({row.detail for row in trace(agency.connection, mart, client) if row.detail} if key else {None})
    assert details
    for detail in details[:6]:
        condition = f"cast({key} as varchar) = '{detail}'" if key else "true"
        before = agency.rows(mart, client, condition)
        assert before, detail
        named = trace(agency.connection, mart, client, detail)
        statements = [blanking(f"raw.{row.feed}", (row.file_token, row.source_row)) for row in named]
        assert agency.rebuilt(statements, mart, client, condition) != before, detail


@pytest.mark.parametrize(
    ("mart", "feed"),
    [("dim_clients", "intake"), ("fct_services", "case_notes"), ("fct_goal_completion", "goal_plans"),
     ("fct_service_counts", "case_notes"), ("client_month", "case_notes")],
)  # fmt: skip
def test_none_is_named_to_spare(agency: Agency, mart: str, feed: str) -> None:
    """Each single row from which a value is taken, blanked by itself, changes the client's rows of the mart."""
    for client in agency.clients[:2]:
        before = agency.rows(mart, client)
        named = {(row.file_token, row.source_row) for row in trace(agency.connection, mart, client) if row.feed == feed}
        assert named
        for place in sorted(named)[:5]:
            statements = [blanking(f"raw.{feed}", place)]
            if feed == "goal_plans":
                # One of several reviews that all say when the goal was set can be missed; all of them cannot.
                statements = [blanking(f"raw.{feed}", each) for each in named]
            assert agency.rebuilt(statements, mart, client) != before


def test_every_row_of_every_mart_is_traced(agency: Agency) -> None:
    for mart in MARTS:
        if mart == "client_study":
            continue
        key = f"cast({ROW_KEYS[mart]} as varchar)" if mart in ROW_KEYS else "null"
        untraced = agency.connection.execute(
            f"select count(*) from (select client_id, {key} as detail from marts.{mart}) as rows where not exists"
            " (select 1 from intermediate.int_rows_traced as traced where traced.client_id = rows.client_id"
            f" and traced.mart = '{mart}'"
            " and (traced.detail is null or traced.detail = rows.detail or rows.detail is null))"
        ).fetchone()
        assert untraced == (0,), mart


def test_a_client_is_known_by_both_ids_and_a_stranger_is_not_repeated(agency: Agency) -> None:
    client = agency.clients[0]
    rows = trace(agency.connection, "marts.client_study", client)
    assert trace(agency.connection, "client_study", f" {client[1:].lower()} ") == rows
    told = as_text(rows)
    assert "dim_clients  (every row)" in told
    assert "intake: (no name) (intake-" in told
    with pytest.raises(ConfigError, match="no client has that ID") as refused:
        trace(agency.connection, "client_study", "TX-98989")
    assert "98989" not in str(refused.value)
    with pytest.raises(ConfigError, match="there are: client_month, client_study, dim_clients"):
        trace(agency.connection, "client", client)


def test_the_macro_in_a_published_agency_file_says_the_same(agency: Agency) -> None:
    assert create_trace_macro(agency.connection, "memory")
    client = agency.clients[1]
    for mart in ("client_study", "fct_services"):
        asked = agency.connection.execute("from trace(?, ?)", [mart, client]).fetchall()
        assert [TracedRow(*row) for row in asked] == trace(agency.connection, mart, client)
    agency.connection.execute("attach ':memory:' as research")
    assert not create_trace_macro(agency.connection, "research")
