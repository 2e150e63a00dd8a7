"""Persisted macros and table comments for those who open a published file in a DuckDB client."""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from assets.errors import ConfigError

MACROS: Mapping[str, tuple[str, str]] = {
    "services_between": (
        "(from_day, to_day)",
        """
        select
            clients.client_id,
            count(services.client_id) as services_listed,
            count(distinct services.note_number) as notes,
            count(distinct services.days_since_intake) as client_days
        from marts.dim_clients as clients
        left join marts.fct_services as services
            on clients.client_id = services.client_id
            and services.is_counted
            and services.days_since_intake between from_day and to_day
        where clients.has_intake_date
        group by clients.client_id
        order by clients.client_id
        """,
    ),
    "goal_completion": (
        "(rule)",
        """
        select
            client_id,
            goals_set,
            goals_met,
            case rule
                when 'all' then rate_all
                when 'minus_discontinued' then rate_minus_discontinued
                when 'closed_only' then rate_closed_only
                else error('goal_completion: rule is all, minus_discontinued or closed_only')
            end as goal_completion_rate
        from marts.fct_goal_completion
        order by client_id
        """,
    ),
    "scale_change": (
        "(scale_name)",
        """
        select
            first.client_id,
            first.score as score_t0,
            second.score as score_t6,
            second.score - first.score as change
        from marts.fct_scale_scores as first
        join marts.fct_scale_scores as second
            on first.client_id = second.client_id and second.scale = first.scale and second.wave = 't6'
        where first.scale = scale_name and first.wave = 't0' and first.score is not null and second.score is not null
        order by first.client_id
        """,
    ),
    "services_by_type": (
        "(from_day, to_day)",
        """
        select
            client_id,
            service_type,
            count(*) as services_listed,
            count(distinct note_number) as notes,
            sum(minutes)::bigint as minutes
        from marts.fct_services
        where is_counted and days_since_intake between from_day and to_day
        group by client_id, service_type
        order by client_id, service_type
        """,
    ),
    "dose_curve": (
        "(min_clients)",
        """
        select * from (
            select
                month_number,
                count(*) as clients,
                avg(services_listed) as services_per_client,
                sum(services_listed) * 30.4375 / sum(days_enrolled) as services_per_enrolled_month,
                avg((services_listed > 0)::integer) as share_with_a_service,
                avg(goals_open) as open_goals_per_client
            from marts.client_month
            where is_enrolled
            group by month_number
        )
        where clients >= min_clients
        order by month_number
        """,
    ),
    "codebook": (
        "(table_name)",
        """
        select "column", label, meaning, unit, "values", source, privacy
        from meta.codebook
        where "table" = table_name or "table" = 'marts.' || table_name
        """,
    ),
}
"""Name → parameters and query: services between two days since intake (both in; clients without any have 0) and by type
(only types a client had), goal completion under a rule, change of a scale between the waves, the dose by month since
intake among those enrolled, and what a table's columns mean."""


def create_macros(connection: duckdb.DuckDBPyConnection, database: str | None = None) -> list[str]:
    """Create the macros in schema ``main`` of ``database`` (default: the current one) and return their names.

    They read ``marts`` of whatever file is open when they are called.
    """
    place = f'"{database}".main.' if database else "main."
    for name, (parameters, query) in MACROS.items():
        connection.execute(f"create or replace macro {place}{name}{parameters} as table ({query})")
    return list(MACROS)


def create_table_macro(
    connection: duckdb.DuckDBPyConnection, database: str, signature: str, query: str, needs: Sequence[str]
) -> bool:
    """Create the table macro ``signature`` in a published file; False for a file that lacks a table it ``needs``."""
    found = connection.execute(
        "select count(*) from duckdb_tables() where database_name = ? and schema_name || '.' || table_name in"
        " (select unnest(?))",
        [database, list(needs)],
    ).fetchone()
    if found != (len(needs),):
        return False
    connection.execute(f'create or replace macro "{database}".main.{signature} as table ({query})')
    return True


def comment_tables(
    connection: duckdb.DuckDBPyConnection,
    manifest: Mapping[str, Any],
    config_hash: str,
    database: str | None = None,
    described: Mapping[str, str] | None = None,
) -> int:
    """Write each table's description, grain and the hash of the settings into its comment; returns how many were told.

    ``manifest`` is dbt's, read from ``DbtPaths.manifest``; ``described`` says the same of tables dbt does not make,
    by ``schema.table``. Raises ``ConfigError`` for a model without a description.
    """
    place = f'"{database}".' if database else ""
    wanted = dict(described or {})
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model":
            wanted[f"{node['schema']}.{node['name']}"] = node["description"]
    present = connection.execute(
        "select schema_name, table_name from duckdb_tables()"
        " where database_name = coalesce(?, current_database()) order by all",
        [database],
    ).fetchall()
    told = 0
    for schema, table in present:
        description = wanted.get(f"{schema}.{table}")
        if description is None:
            continue
        if not description:
            raise ConfigError(f"dbt_project: {table}: description is missing")
        text = f"{description} Settings {config_hash[:12]}.".replace("'", "''")
        connection.execute(f'comment on table {place}"{schema}"."{table}" is \'{text}\'')
        told += 1
    return told


def comment_columns(
    connection: duckdb.DuckDBPyConnection,
    manifest: Mapping[str, Any],
    database: str | None = None,
    described: Mapping[tuple[str, str, str], str] | None = None,
) -> int:
    """Write the meaning of each column of dbt's models into its comment, where it bears none; returns how many.

    ``described`` says the same of columns of other tables, by schema, table and name.
    """
    meanings = dict(described or {}) | {
        (node["schema"], node["name"], name): column["description"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        for name, column in node["columns"].items()
    }
    bare = connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns()"
        " where database_name = coalesce(?, current_database()) and comment is null order by all",
        [database],
    ).fetchall()
    place = f'"{database}".' if database else ""
    told = [(*column, meanings[column]) for column in bare if meanings.get(column)]
    for schema, table, name, meaning in told:
        quoted = meaning.replace("'", "''")
        connection.execute(f'comment on column {place}"{schema}"."{table}"."{name}" is \'{quoted}\'')
    return len(told)


def comment_items(
    connection: duckdb.DuckDBPyConnection, texts: Mapping[tuple[str, str], str], database: str | None = None
) -> int:
    """Write what a survey asks into the comment of the item's column in ``raw``; returns how many were told.

    ``texts`` are by table and column. A file without ``raw`` (the research file) gains nothing.
    """
    present = connection.execute(
        "select table_name, column_name from duckdb_columns()"
        " where database_name = coalesce(?, current_database()) and schema_name = 'raw' order by all",
        [database],
    ).fetchall()
    place = f'"{database}".' if database else ""
    told = [(table, column, texts[table, column]) for table, column in present if (table, column) in texts]
    for table, column, text in told:
        quoted = text.replace("'", "''")
        connection.execute(f'comment on column {place}raw."{table}"."{column}" is \'{quoted}\'')
    return len(told)
