"""The codebook: what every published column means, from the one place where its table is described.

Columns of ``marts`` are described in the dbt project and reach us in dbt's manifest; columns that Python fills
(``study``, ``quality``, ``meta``) are described in ``metadata.yml`` beside this module.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from assets.errors import ConfigError, DataError, Place
from assets.yamlfile import read_yaml

METADATA = Path(__file__).with_name("metadata.yml")
TAGS = ("none", "quasi", "sensitive", "direct", "free_text")
"""What a column may be tagged: the last two never leave the agency zone."""


@dataclass(frozen=True)
class Column:
    """One column as the codebook tells it.

    ``values`` are the only texts the column may hold; ``kind`` names a pattern instead where a list would be endless
    (``gate.py``). ``privacy`` is one of ``TAGS``, None where nobody has tagged the column yet.
    """

    table: str
    name: str
    label: str
    meaning: str
    unit: str | None
    source: str | None
    privacy: str | None
    values: tuple[str, ...] = field(default=())
    kind: str | None = None


def read_manifest(path: Path) -> list[Column]:
    """Read the columns of every ``marts`` model from dbt's ``manifest.json``; ``DataError`` when it is absent."""
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        raise DataError("NO_MANIFEST", "dbt has left no manifest, so the codebook cannot be written") from None
    nodes = [
        node for node in manifest["nodes"].values() if node["resource_type"] == "model" and node["schema"] == "marts"
    ]
    return [
        _from_dbt(f"{node['schema']}.{node.get('alias') or node['name']}", column)
        for node in sorted(nodes, key=lambda node: str(node["name"]))
        for column in node["columns"].values()
    ]


def _from_dbt(table: str, column: Mapping[str, Any]) -> Column:
    meta = {**(column.get("config") or {}).get("meta", {}), **(column.get("meta") or {})}
    return _column(table, str(column["name"]), {"meaning": column.get("description"), **meta}, source="dbt model")


def read_metadata(path: Path = METADATA) -> list[Column]:
    """Read the columns that Python fills: ``schema → table → column → {label, meaning, …}``.

    A column's source is its own, or that of its table.
    """
    content = read_yaml(path.read_text("utf-8"))
    columns = []
    for schema, tables in content["tables"].items():
        for table, entries in tables.items():
            for name, given in entries.items():
                defaults = {"privacy": "none", **content["defaults"].get(name, {})}
                full = f"{schema}.{table}"
                columns.append(_column(full, name, {**defaults, **(given or {})}, source=content["sources"][full]))
    return columns


def read_descriptions(path: Path = METADATA) -> dict[str, str]:
    """Read what each table that Python fills holds, by ``schema.table``."""
    return dict(read_yaml(path.read_text("utf-8"))["descriptions"])


def _column(table: str, name: str, meta: Mapping[str, Any], source: str) -> Column:
    privacy = meta.get("privacy")
    if privacy is not None and privacy not in TAGS:
        raise ConfigError(f"column {table}.{name}: privacy is none of {', '.join(TAGS)}")
    values = meta.get("values") or ()
    return Column(
        table=table,
        name=name,
        label=str(meta.get("label") or name.replace("_", " ")),
        meaning=" ".join(str(meta.get("meaning") or "").split()),
        unit=_text(meta.get("unit")),
        source=_text(meta.get("source")) or source,
        privacy=privacy,
        values=tuple(str(value) for value in values),
        kind=_text(meta.get("kind")),
    )


def _text(value: object) -> str | None:
    return None if value is None else " ".join(str(value).split())


def write_codebook(connection: duckdb.DuckDBPyConnection, columns: list[Column]) -> None:
    """Fill ``meta.codebook`` for the columns that exist in the database, in the order of the tables.

    Raises ``DataError`` for a published column that nobody has described.
    """
    described = {(column.table, column.name): column for column in columns}
    connection.execute("create schema if not exists meta")
    connection.execute(
        'create or replace table meta.codebook ("table" varchar, "column" varchar, label varchar, meaning varchar,'
        ' unit varchar, source varchar, "values" varchar, privacy varchar)'
    )
    existing = connection.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns()"
        " where database_name = current_database() and schema_name in ('marts', 'study', 'quality', 'meta')"
        " order by schema_name, table_name, column_index"
    ).fetchall()
    rows = []
    for table, name in existing:
        column = described.get((table, name))
        if column is None:
            raise DataError(
                "UNTAGGED_COLUMN",
                f"column {name} of {table} is described nowhere, so it is not published",
                Place(column=name),
            )
        values = " | ".join(column.values) or (f"<{column.kind}>" if column.kind else None)
        rows.append([table, name, column.label, column.meaning, column.unit, column.source, values, column.privacy])
    # One statement: executemany commits each row by itself, which took 1.5 s for 300 rows.
    places = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?)"] * len(rows))
    connection.execute(f"insert into meta.codebook values {places}", [value for row in rows for value in row])


def read_codebook(connection: duckdb.DuckDBPyConnection) -> list[Column]:
    """Read ``meta.codebook`` back: what the gate goes by. Raises ``DataError`` when it was not written."""
    try:
        rows = connection.execute(
            'select "table", "column", label, meaning, unit, source, privacy, "values" from meta.codebook'
        ).fetchall()
    except duckdb.CatalogException:
        raise DataError("NO_CODEBOOK", "meta.codebook has not been written, so nothing is published") from None
    columns = []
    for *told, values in rows:
        kind = values[1:-1] if values and values.startswith("<") else None
        listed = tuple(values.split(" | ")) if values and not kind else ()
        table, name, label, meaning, unit, source, privacy = told
        columns.append(Column(table, name, label, meaning, unit, source, privacy, listed, kind))
    return columns
