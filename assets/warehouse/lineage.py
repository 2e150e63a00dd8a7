"""Which source columns stand behind a column, read from the models' own SQL."""

import hashlib
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from assets.warehouse.compiled import CompiledModel
from assets.warehouse.dbt import DbtRun

DIALECT = "duckdb"


class ColumnName(NamedTuple):
    """A column by schema, table and name."""

    schema: str
    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}.{self.column}"


@dataclass(frozen=True)
class Lineage:
    """The models under one set of settings, and the columns of the tables they read (``source_columns``)."""

    models: Sequence[CompiledModel]
    schema: Mapping[str, Mapping[str, Mapping[str, str]]]
    database: str = "memory"
    _roots: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], CompiledModel]:
        return {(model.schema, model.name): model for model in self.models}

    def parents(self, column: ColumnName) -> list[ColumnName]:
        """Columns of other tables that the column's value is computed from, one step back, in alphabetical order.

        Filters, joins and the order of windows decide which rows count but are no part of a value. Empty for a plain
        count of rows and for columns of source tables.
        """
        root = self._root(column)
        if root is None:
            return []
        from sqlglot import exp

        found = {
            ColumnName(node.expression.db, node.expression.name, node.name.split(".")[-1].strip('"'))
            for node in root.walk()
            if isinstance(node.expression, exp.Table)
        }
        return sorted(found)

    def _root(self, column: ColumnName) -> Any:
        """The column's lineage within its own model; all columns of a model are followed at once and kept."""
        with warnings.catch_warnings():
            # sqlglot's older accelerator, a dependency of dagster-dbt, announces its own end at import.
            warnings.simplefilter("ignore", DeprecationWarning)
            from sqlglot.lineage import lineage

        model = self._by_name.get(column[:2])
        if model is None:
            return None
        if column[:2] not in self._roots:
            self._roots[column[:2]] = lineage(None, model.sql, {self.database: self.schema}, dialect=DIALECT)
        return self._roots[column[:2]][column.column]

    def tables_read(self, schema: str, table: str) -> list[tuple[str, str]]:
        """Schema and name of the tables a model reads; empty for a source table."""
        from sqlglot import exp

        model = self._by_name.get((schema, table))
        if model is None:
            return []
        tree = _parse(model.sql)
        return sorted({(found.db, found.name) for found in tree.find_all(exp.Table) if found.db})

    def sources(self, column: ColumnName) -> list[ColumnName]:
        """Columns of ``raw`` and ``control`` that the value goes back to, through all models."""
        seen: set[ColumnName] = set()
        ends: set[ColumnName] = set()
        open_columns = [column]
        while open_columns:
            current = open_columns.pop()
            if current in seen:
                continue
            seen.add(current)
            if (current.schema, current.table) in self._by_name:
                open_columns.extend(self.parents(current))
            else:
                ends.add(current)
        return sorted(ends)

    def expression(self, column: ColumnName) -> str | None:
        """The SQL that gives the column its value in its own model: the last computing step, one for each branch."""
        root = self._root(column)
        if root is None:
            return None
        return "\n-- or\n".join(dict.fromkeys(_computed(root)))


def column_lineage(
    run: DbtRun, connection: duckdb.DuckDBPyConnection, cache: Path
) -> dict[str, dict[str, list[ColumnName]]]:
    """Model (``schema.name``) → column → the columns it is computed from, for every model of a build.

    Following the columns takes a second or two, so each model's answer is kept in ``cache`` (JSON, names only) for as
    long as its SQL and the columns of the tables it names stay the same; other tables come and go with later steps.
    What an incremental model takes from itself is no parent.
    """
    columns = source_columns(connection)
    kept: dict[str, Any] = json.loads(cache.read_text("utf-8")) if cache.is_file() else {}
    database = str(connection.execute("select current_database()").fetchall()[0][0])
    models = [
        CompiledModel(node.schema, node.name, node.sql)
        for node in run.nodes
        if node.resource_type == "model" and node.status == "success"
    ]
    lineage = Lineage(models, columns, database)
    changed = False
    for model in models:
        name, stamp = f"{model.schema}.{model.name}", _stamp(model, columns)
        if kept.get(name, {}).get("stamp") == stamp:
            continue
        parents = {
            column: [
                parent
                for parent in lineage.parents(ColumnName(model.schema, model.name, column))
                if parent[:2] != (model.schema, model.name)
            ]
            for column in columns.get(model.schema, {}).get(model.name, {})
        }
        kept[name] = {"stamp": stamp, "columns": parents}
        changed = True
    if changed:
        cache.write_text(json.dumps(kept), "utf-8")
    names = (f"{model.schema}.{model.name}" for model in models)
    return {
        name: {column: [ColumnName(*parent) for parent in parents] for column, parents in kept[name]["columns"].items()}
        for name in names
    }


def _stamp(model: CompiledModel, columns: Mapping[str, Mapping[str, Mapping[str, str]]]) -> str:
    """Hash of a model's SQL and of the columns of every table whose name occurs in it, the model's own among them."""
    named = {
        f"{schema}.{table}": found
        for schema, tables in columns.items()
        for table, found in tables.items()
        if table in model.sql or (schema, table) == (model.schema, model.name)
    }
    return hashlib.sha256((model.sql + json.dumps(named, sort_keys=True)).encode()).hexdigest()


def source_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, dict[str, str]]]:
    """Schema → table → column → type of everything in the current database."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for schema, table, column, kind in connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns()"
        " where not internal and database_name = current_database() order by all"
    ).fetchall():
        found.setdefault(schema, {}).setdefault(table, {})[column] = kind
    return found


def _parse(sql: str) -> Any:
    import sqlglot

    return sqlglot.parse_one(sql, dialect=DIALECT)


def _computed(node: Any) -> list[str]:
    """SQL of the nearest nodes that are more than a column handed on."""
    from sqlglot import exp

    shown = node.expression.this if isinstance(node.expression, exp.Alias) else node.expression
    inner = [below for below in node.downstream if not isinstance(below.expression, exp.Table)]
    handed_on = isinstance(shown, exp.Column | exp.Union | exp.Subquery | exp.Select)
    if handed_on and inner:
        return [sql for below in inner for sql in _computed(below)]
    return [str(shown.sql(dialect=DIALECT, pretty=True))]
