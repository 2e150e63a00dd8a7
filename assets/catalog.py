"""What every asset shows in the Dagster UI: owner, kinds, row counts, columns. For the rooms' ``assets.py``."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
from dagster import (
    AssetKey,
    AssetSpec,
    MetadataValue,
    TableColumn,
    TableColumnDep,
    TableColumnLineage,
    TableSchema,
)

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


def table_metadata(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    table: str,
    meanings: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Row count and column schema of a table, for the UI: names and types only, never a row.

    ``meanings`` describes columns that bear no comment, ``tags`` gives their privacy tags.
    """
    told, marked = meanings or {}, tags or {}
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
            TableSchema(
                [
                    TableColumn(
                        name,
                        str(kind).lower(),
                        description=comment or told.get(name),
                        tags={"privacy": marked[name]} if name in marked else None,
                    )
                    for name, kind, comment in columns
                ]
            )
        ),
    }


def lineage_metadata(parents: Mapping[str, Iterable[Sequence[str]]]) -> dict[str, Any]:
    """Column lineage for the UI: ``parents`` is column → (key of an asset …, column) of those it is computed from."""
    deps = {
        column: [TableColumnDep(AssetKey(list(parent[:-1])), parent[-1]) for parent in found]
        for column, found in parents.items()
    }
    if not any(deps.values()):
        return {}
    return {"dagster/column_lineage": TableColumnLineage(deps)}


def from_where(parents: Sequence[Sequence[str]]) -> str:
    """Tell the columns that a column is computed from, e.g. ``← marts.dim_clients.age``; of many the first three."""
    if not parents:
        return ""
    more = f" and {len(parents) - 3} more" if len(parents) > 3 else ""
    return f"← {', '.join('.'.join(parent) for parent in parents[:3])}{more}"
