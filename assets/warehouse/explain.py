"""``outcomes explain TABLE.COLUMN``: formula in words, settings, SQL, sources and n of one published number."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from assets.errors import ConfigError
from assets.study_config import StudyConfig
from assets.warehouse.lineage import ColumnName, Lineage

BARE = re.compile(r"\w+\.\w+")
SETTING = re.compile(r"settings? ([a-z0-9_.]+(?:(?:, | and )[a-z0-9_.]+)*)")


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

    def as_text(self) -> str:
        """Return the explanation as a page of plain text."""
        unit = f" ({self.unit})" if self.unit else ""
        lines = [f"{self.column}", f"  {self.label}{unit}", "", f"  {self.meaning}"]
        lines += [f"  Grain: {self.grain}. Privacy: {self.privacy}.", f"  n = {self.n_known} of {self.n_rows} rows."]
        if self.settings:
            lines += ["", "Settings (config/study.yml)"]
            lines += [f"  {key}: {value}" for key, value in self.settings.items()]
        lines += ["", "SQL, from the table back to the sources (columns handed on unchanged are left out)"]
        for step in self.steps:
            if BARE.fullmatch(step.sql) and step is not self.steps[0]:
                continue
            lines.append(f"  {step.column}   ({step.file})")
            lines += [f"      {line}" for line in step.sql.splitlines()]
            lines.append(f"      rows of {', '.join(step.reads)}")
        lines += ["", "Source columns", *(f"  {source}" for source in _in_short(self.sources))]
        lines += ["", "Source tables whose rows are counted or chosen", *(f"  {table}" for table in self.row_sources)]
        return "\n".join(lines)


def explain(
    name: str,
    connection: duckdb.DuckDBPyConnection,
    manifest: Mapping[str, Any],
    lineage: Lineage,
    config: StudyConfig,
) -> Explanation:
    """Explain ``TABLE.COLUMN`` (a schema in front is allowed) of the database ``connection`` is open on.

    ``manifest`` is dbt's. Raises ``ConfigError`` naming near columns when there is none of that name.
    """
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
        settings=_settings(" ".join(described), config),
        steps=tuple(steps),
        sources=tuple(lineage.sources(start)),
        row_sources=tuple(_row_sources(steps, lineage)),
        n_rows=int(counted[0]),
        n_known=int(counted[1]),
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


def _row_sources(steps: Sequence[Step], lineage: Lineage) -> list[str]:
    """Raw tables behind the models on the way: what a count counts is in no column, so columns alone do not name it.

    The first model is left out where there are others: the study table reads every mart.
    """
    waiting = [(step.column.schema, step.column.table) for step in (steps[1:] or steps)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        table = waiting.pop()
        if table not in seen:
            seen.add(table)
            waiting += lineage.tables_read(*table)
    return sorted(f"{schema}.{table}" for schema, table in seen if schema == "raw")


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
            value: Any = config
            for part in key.split("."):
                value = getattr(value, part)
            found[key] = str(value) if value is not None else "study.end"
    return found
