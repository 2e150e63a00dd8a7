"""What every asset shows in the Dagster UI: owner, kinds, row counts, columns. For the rooms' ``assets.py``."""

from collections.abc import Sequence
from typing import Any

import duckdb
from dagster import AssetKey, AssetSpec, MetadataValue, TableColumn, TableSchema

from assets.builds import code_version

OWNERS = ["team:evaluation"]


def table_spec(  # noqa: D103 - private to the catalogue's readers, described by its arguments
    key: Sequence[str],
    description: str,
    *,
    group: str,
    room: str,
    kinds: set[str],
    deps: Sequence[Sequence[str]] = (),
) -> AssetSpec:
    return AssetSpec(
        AssetKey(list(key)),
        description=description,
        group_name=group,
        owners=OWNERS,
        kinds=kinds,
        deps=[AssetKey(list(dep)) for dep in deps],
        code_version=code_version(room),
    )


def table_metadata(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> dict[str, Any]:
    """Row count and column schema of a table, for the UI: names and types only, never a row."""
    columns = connection.execute(
        "select column_name, data_type, comment from duckdb_columns()"
        " where schema_name = ? and table_name = ? order by column_index",
        [schema, table],
    ).fetchall()
    quoted = f'"{schema}"."{table}"'
    count = connection.execute(f"select count(*) from {quoted}").fetchone()
    return {
        "dagster/row_count": int(count[0]) if count else 0,
        "dagster/table_name": f"{schema}.{table}",
        "dagster/column_schema": MetadataValue.table_schema(
            TableSchema([TableColumn(name, str(kind).lower(), description=comment) for name, kind, comment in columns])
        ),
    }
