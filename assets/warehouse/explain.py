"""``outcomes explain TABLE.COLUMN``: formula in words, settings, SQL, sources and n of one published number."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Protocol

import duckdb

from assets.errors import ConfigError
from assets.study_config import StudyConfig
from assets.warehouse.lineage import ColumnName, Lineage
from assets.warehouse.settings_behind import settings_behind, value_of

BARE = re.compile(r"\w+\.\w+")
SETTING = re.compile(r"settings? ([a-z0-9_.]+(?:(?:, | and )[a-z0-9_.]+)*)")


WIDTH = 110
MAKERS = {
    "study": "assets/study from marts.client_study and config/study.yml, section analysis (docs/statistics.md)",
    "quality": "assets/publish/quality.py from the control tables and the checks of the build",
    "meta": "assets/publish/quality.py and codebook.py from control.builds, the dbt project and metadata.yml",
}


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
    def privacy(self) -> str | None: ...  # noqa: D102
    @property
    def values(self) -> Sequence[str]: ...  # noqa: D102


@dataclass(frozen=True)
class Step:
    """One model on the way: its column, the SQL that computes it, and the tables it takes rows from."""

    column: ColumnName
    sql: str
    reads: tuple[str, ...]
    file: str


@dataclass(frozen=True)
class Explanation:
    """Everything that is known of a column; holds counts, never a client's value."""

    column: ColumnName
    label: str
    meaning: str
    grain: str
    unit: str | None
    privacy: str
    settings: Mapping[str, Any]
    steps: tuple[Step, ...]
    sources: tuple[ColumnName, ...]
    row_sources: tuple[str, ...]
    n_rows: int
    n_known: int
    values: tuple[str, ...] = ()
    made_by: str = ""

    def as_text(self) -> str:
        """Return the explanation as a page of plain text."""
        unit = f" ({self.unit})" if self.unit else ""
        lines = [f"{self.column}", f"  {self.label}{unit}", ""]
        lines += [f"  {line}" for line in wrap(self.meaning, WIDTH)]
        if self.values:
            lines += [f"  {line}" for line in wrap(f"Values: {', '.join(self.values)}.", WIDTH)]
        grain = f"Grain: {self.grain}. " if self.grain else ""
        lines += [f"  {grain}Privacy: {self.privacy}.", f"  n = {self.n_known} of {self.n_rows} rows."]
        if self.made_by:
            lines += ["", "Made by", f"  {self.made_by}"]
        if self.settings:
            lines += ["", "Settings (config/study.yml)"]
            lines += [f"  {key}: {value}" for key, value in self.settings.items()]
        if self.steps:
            lines += ["", "SQL, from the table back to the sources (columns handed on unchanged are left out)"]
        for step in self.steps:
            if BARE.fullmatch(step.sql) and step is not self.steps[0]:
                continue
            lines.append(f"  {step.column}   ({step.file})")
            lines += [f"      {line}" for line in step.sql.splitlines()]
            lines += wrap(f"reads {', '.join(step.reads)}", WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 10)
        if self.sources:
            lines += ["", "Source columns", *(f"  {source}" for source in _in_short(self.sources))]
        if self.row_sources:
            lines += ["", "Source tables without whose rows the values would be others"]
            lines += [f"  {table}" for table in self.row_sources]
        return "\n".join(lines)


def explain(
    name: str,
    connection: duckdb.DuckDBPyConnection,
    manifest: Mapping[str, Any],
    lineage: Lineage,
    config: StudyConfig,
    *,
    counted_rows: Mapping[tuple[str, str], tuple[str, ...]],
    described_elsewhere: Sequence[Described] = (),
) -> Explanation:
    """Explain ``TABLE.COLUMN`` (a schema in front is allowed) of the database ``connection`` is open on.

    ``manifest`` is dbt's, ``counted_rows`` what ``row_sources`` found, ``described_elsewhere`` the columns
    that Python fills. Raises ``ConfigError`` naming near columns when there is none of that name.
    """
    made = _made_by_python(name, connection, config, described_elsewhere)
    if made is not None:
        return made
    node, column = _find(name, manifest)
    meta = column["config"]["meta"]
    start = ColumnName(node["schema"], node["name"], column["name"])
    steps = _steps(start, lineage, manifest)
    described = [column["description"], *(_description(step.column, manifest) for step in steps)]
    counted = connection.execute(
        f'select count(*), count("{start.column}") from "{start.schema}"."{start.table}"'
    ).fetchone() or (0, 0)
    return Explanation(
        column=start,
        label=str(meta.get("label") or start.column.replace("_", " ")),
        meaning=str(column["description"]),
        grain=str(node["config"]["meta"]["grain"]),
        unit=meta.get("unit"),
        privacy=str(meta["privacy"]),
        settings=_settings(" ".join(described), config) | settings_behind(start.table, start.column, config),
        steps=tuple(steps),
        sources=tuple(lineage.sources(start)),
        row_sources=counted_rows.get((start.table, start.column), ()),
        n_rows=int(counted[0]),
        n_known=int(counted[1]),
        values=tuple(str(value) for value in meta.get("values") or ()),
    )


def _made_by_python(
    name: str, connection: duckdb.DuckDBPyConnection, config: StudyConfig, described: Sequence[Described]
) -> Explanation | None:
    """Explain a column of ``study``, ``quality`` or ``meta``; None when the table is none of these."""
    parts = name.split(".")
    mine = [one for one in described if one.table.split(".")[-len(parts[:-1]) :] == parts[:-1]] if parts[1:] else []
    if not mine:
        return None
    column = next((one for one in mine if one.name == parts[-1]), None)
    if column is None:
        raise ConfigError(
            f"explain: {mine[0].table} has no column of that name; there are: {', '.join(one.name for one in mine)}"
        )
    schema, table = column.table.split(".")
    there = connection.execute(
        "select count(*) from duckdb_columns() where database_name = current_database()"
        " and schema_name = ? and table_name = ? and column_name = ?",
        [schema, table, column.name],
    ).fetchone()
    if there == (0,):
        raise ConfigError(f"explain: {column.table} is not built yet")
    counted = connection.execute(f'select count(*), count("{column.name}") from "{schema}"."{table}"').fetchone()
    n_rows, n_known = counted or (0, 0)
    return Explanation(
        column=ColumnName(schema, table, column.name),
        label=column.label,
        meaning=column.meaning,
        grain="",
        unit=column.unit,
        privacy=column.privacy or "none",
        settings=_settings(column.meaning, config),
        steps=(),
        sources=(),
        row_sources=(),
        n_rows=int(n_rows),
        n_known=int(n_known),
        values=tuple(column.values),
        made_by=MAKERS[schema],
    )


def _find(name: str, manifest: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    parts = name.split(".")
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    if len(parts) not in (2, 3):
        raise ConfigError("explain: say TABLE.COLUMN, for example client_study.services_t0")
    table, column = parts[-2:]
    for node in models:
        if node["name"] == table and (len(parts) == 2 or node["schema"] == parts[0]):
            if column in node["columns"]:
                return node, node["columns"][column]
            near = ", ".join(entry for entry in node["columns"] if column[:4] in entry) or ", ".join(node["columns"])
            raise ConfigError(f"explain: {table} has no column of that name; there are: {near}")
    tables = ", ".join(sorted(node["name"] for node in models if node["schema"] == "marts"))
    raise ConfigError(f"explain: there is no table of that name; there are: {tables}")


def _node(schema: str, table: str, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and (node["schema"], node["name"]) == (schema, table)
    )


def _description(column: ColumnName, manifest: Mapping[str, Any]) -> str:
    node = _node(column.schema, column.table, manifest)
    return str(node["columns"].get(column.column, {}).get("description", ""))


def _steps(start: ColumnName, lineage: Lineage, manifest: Mapping[str, Any]) -> list[Step]:
    steps: list[Step] = []
    seen: set[ColumnName] = set()
    open_columns = [start]
    while open_columns:
        column = open_columns.pop(0)
        sql = lineage.expression(column)
        if sql is None or column in seen:
            continue
        seen.add(column)
        reads = tuple(f"{schema}.{table}" for schema, table in lineage.tables_read(*column[:2]))
        file = str(_node(column.schema, column.table, manifest)["original_file_path"])
        steps.append(Step(column, sql, reads, file))
        open_columns.extend(lineage.parents(column))
    return steps


def _in_short(columns: Sequence[ColumnName]) -> list[str]:
    """One line a table; numbered columns that follow one another become a range, as ``mspss_1 … mspss_12``."""
    lines = []
    for schema, table in sorted({column[:2] for column in columns}):
        plain: list[str] = []
        numbered: dict[str, list[int]] = {}
        for column in columns:
            if column[:2] != (schema, table):
                continue
            stem, _, number = column.column.rpartition("_")
            if number.isdigit():
                numbered.setdefault(stem, []).append(int(number))
            else:
                plain.append(column.column)
        for stem, numbers in numbered.items():
            whole = sorted(numbers) == list(range(min(numbers), max(numbers) + 1)) and len(numbers) > 2
            plain += (
                [f"{stem}_{min(numbers)} … {stem}_{max(numbers)}"]
                if whole
                else [f"{stem}_{n}" for n in sorted(numbers)]
            )
        lines.append(f"{schema}.{table}: {', '.join(plain)}")
    return lines


def _settings(text: str, config: StudyConfig) -> dict[str, Any]:
    """Settings named in the descriptions, with their values; a short name after ``and`` belongs to the group before."""
    found: dict[str, Any] = {}
    for match in SETTING.finditer(text):
        group = ""
        for name in re.split(r", | and ", match[1]):
            key = name.rstrip(".")
            if "." not in key and group:
                key = f"{group}.{key}"
            group = key.rsplit(".", 1)[0]
            found[key] = value_of(key, config)
    return found
