"""A column that Python fills, explained: from the codebook, and one of the study from the analyses that ask for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import duckdb

from assets.errors import ConfigError
from assets.warehouse.explanation import Analysis, Built, Explanation
from assets.warehouse.lineage import ColumnName
from assets.warehouse.settings_behind import settings_behind


class Described(Protocol):
    """A column that Python fills, as the codebook describes it."""

    @property
    def table(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def meaning(self) -> str: ...  # noqa: D102
    @property
    def unit(self) -> str | None: ...  # noqa: D102
    @property
    def source(self) -> str | None: ...  # noqa: D102
    @property
    def privacy(self) -> str | None: ...  # noqa: D102
    @property
    def values(self) -> Sequence[str]: ...  # noqa: D102


class Asked(Protocol):
    """An entry of the study's spec: its key, what it asks, the words that its rows bear, the columns it reads."""

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def told(self) -> str: ...  # noqa: D102
    @property
    def names(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def columns(self) -> Sequence[str]: ...  # noqa: D102


class Behind(Protocol):
    """What stands behind a column of ``study.*``, as the study's room tells it."""

    @property
    def parts(self) -> Sequence[Asked]: ...  # noqa: D102
    @property
    def named_by(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def parents(self) -> Sequence[tuple[str, str, str]]: ...  # noqa: D102
    @property
    def keys(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def rules(self) -> Sequence[str]: ...  # noqa: D102


@dataclass(frozen=True)
class Elsewhere:
    """The tables that Python fills: their columns, what each holds, and what stands behind those of the study."""

    columns: Sequence[Described]
    tables: Mapping[str, str]
    study: Callable[[str, str], Behind]

    def matching(self, schema_and_table: Sequence[str]) -> list[Described]:
        """The columns of one table, whose schema may be left out."""
        n = len(schema_and_table)
        return [one for one in self.columns if n and one.table.split(".")[-n:] == list(schema_and_table)]


def explain_made(column: Described, built: Built, elsewhere: Elsewhere) -> Explanation:
    """Explain a column of ``study``, ``quality`` or ``meta``; ``ConfigError`` when its table is not built yet."""
    schema, table = column.table.split(".")
    connection = built.connection
    there = connection.execute(
        "select count(*) from duckdb_columns() where database_name = current_database()"
        " and schema_name = ? and table_name = ? and column_name = ?",
        [schema, table, column.name],
    ).fetchone()
    if there == (0,):
        raise ConfigError(f"explain: {column.table} is not built yet")
    counted = connection.execute(f'select count(*), count("{column.name}") from "{schema}"."{table}"').fetchone()
    n_rows, n_known = counted or (0, 0)
    behind = elsewhere.study(table, column.name) if schema == "study" else None
    analyses, unused = _analyses(connection, table, column.name, behind) if behind else ((), frozenset())
    parents = [ColumnName(*parent) for parent in behind.parents if parent[2] not in unused] if behind else []
    settings = {parent: settings_behind(parent.table, parent.column, built.config) for parent in parents}
    in_force = {key: value for found in settings.values() for key, value in found.items()}
    keys = behind.keys.items() if behind else ()
    asked = {f"analysis.{key}": value for key, value in keys if key.removeprefix("categories.") not in unused}
    return Explanation(
        column=ColumnName(schema, table, column.name),
        label=column.label,
        meaning=column.meaning,
        table_told=elsewhere.tables[column.table],
        unit=column.unit,
        privacy=column.privacy or "none",
        settings=asked | {key: in_force[key] for key in sorted(in_force)},
        sources=tuple(sorted({source for parent in parents for source in built.lineage.sources(parent)})),
        row_sources=tuple(sorted({raw for parent in parents for raw in built.counted_rows.get(parent[1:], ())})),
        n_rows=int(n_rows),
        n_known=int(n_known),
        values=tuple(column.values),
        made_by=column.source or "",
        rules=tuple(behind.rules) if behind else (),
        analyses=analyses,
        behind={parent: tuple(settings[parent]) for parent in parents},
    )


def _analyses(
    connection: duckdb.DuckDBPyConnection, table: str, column: str, behind: Behind
) -> tuple[tuple[Analysis, ...], frozenset[str]]:
    """The entries of the spec with the rows each gave the table; and columns that no entry with a value reads.

    Entries whose rows bear the same words cannot be told apart, and are told together.
    """
    words = ", ".join(f'"{name}"' for name in behind.named_by)
    rows = connection.execute(
        f'select concat_ws(\' x \', {words}), count(*), count("{column}") from study."{table}" group by all'
    ).fetchall()
    counts = {str(name): (int(n_rows), int(n_known)) for name, n_rows, n_known in rows}
    alike: dict[tuple[str, ...], list[Asked]] = {}
    for part in behind.parts:
        alike.setdefault(tuple(part.names), []).append(part)
    found: list[Analysis] = []
    used: set[str] = set()
    for names, parts in alike.items():
        mine = [counts.get(name, (0, 0)) for name in names]
        n_rows, n_known = (sum(column) for column in zip(*mine, strict=True))
        key, told = (", ".join(part.key for part in parts), "; ".join(part.told for part in parts))
        found.append(Analysis(key, told, n_rows, n_known))
        if n_known:
            used |= {name for part in parts for name in part.columns}
    every = {name for part in behind.parts for name in part.columns}
    return tuple(found), frozenset(every - used if used else ())
