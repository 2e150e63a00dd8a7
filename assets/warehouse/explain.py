"""``outcomes explain TABLE.COLUMN``: formula in words, settings, SQL, sources and n of one published number."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from assets.errors import ConfigError
from assets.study_config import StudyConfig
from assets.warehouse.explain_made import Elsewhere, explain_made
from assets.warehouse.explanation import Built, Explanation, Step
from assets.warehouse.lineage import ColumnName, Lineage
from assets.warehouse.settings_behind import settings_behind, value_of

SETTING = re.compile(r"settings? ([a-z0-9_.]+(?:(?:, | and )[a-z0-9_.]+)*)")


def explain(name: str, built: Built, elsewhere: Elsewhere) -> Explanation:
    """Explain ``TABLE.COLUMN`` (a schema in front is allowed) of a built warehouse.

    ``elsewhere`` are the tables that Python fills. Raises ``ConfigError`` naming near columns when there is none of
    that name.
    """
    *table, column = name.split(".")
    if len(table) not in (1, 2):
        raise ConfigError("explain: say TABLE.COLUMN, for example client_study.services_t0")
    made = elsewhere.matching(table)
    if made:
        one = next((one for one in made if one.name == column), None)
        if one is None:
            raise _no_column(made[0].table, column, [one.name for one in made])
        return explain_made(one, built, elsewhere)
    node = _find(table, column, built.manifest, elsewhere)
    return _of_a_model(node, node["columns"][column], built)


def _of_a_model(node: Mapping[str, Any], column: Mapping[str, Any], built: Built) -> Explanation:
    meta = column["config"]["meta"]
    start = ColumnName(node["schema"], node["name"], column["name"])
    steps = _steps(start, built.lineage, built.manifest)
    described = [column["description"], *(_description(step.column, built.manifest) for step in steps)]
    counted = built.connection.execute(
        f'select count(*), count("{start.column}") from "{start.schema}"."{start.table}"'
    ).fetchone() or (0, 0)
    return Explanation(
        column=start,
        label=str(meta.get("label") or start.column.replace("_", " ")),
        meaning=str(column["description"]),
        table_told=str(node["description"]),
        unit=meta.get("unit"),
        privacy=str(meta["privacy"]),
        settings=_settings(" ".join(described), built.config)
        | settings_behind(start.table, start.column, built.config),
        sources=tuple(built.lineage.sources(start)),
        row_sources=built.counted_rows.get((start.table, start.column), ()),
        n_rows=int(counted[0]),
        n_known=int(counted[1]),
        steps=tuple(steps),
        values=tuple(str(value) for value in meta.get("values") or ()),
    )


def _find(table: Sequence[str], column: str, manifest: Mapping[str, Any], elsewhere: Elsewhere) -> Mapping[str, Any]:
    """The model that has the column; else what there is instead, as an error."""
    nodes = manifest["nodes"].values()
    models: dict[str, Mapping[str, Any]] = {
        f"{node['schema']}.{node['name']}": node for node in nodes if node["resource_type"] == "model"
    }
    for full, node in models.items():
        if full.split(".")[-len(table) :] == list(table):
            if column in node["columns"]:
                return node
            raise _no_column(node["name"], column, list(node["columns"]))
    whole = f"{table[-1]}.{column}"
    made = [one.name for one in elsewhere.matching(whole.split("."))]
    columns = list(models.get(whole, {}).get("columns", made))
    if columns:
        raise ConfigError(f"explain: {whole} is a table; say a column too: {', '.join(columns)}")
    tables = [*sorted(full for full in models if full.startswith("marts.")), *elsewhere.tables]
    near = [full for full in tables if get_close_matches(table[-1], [full.split(".")[1]])]
    raise ConfigError(f"explain: there is no table of that name; there are: {', '.join(near or tables)}")


def _no_column(table: str, wanted: str, columns: Sequence[str]) -> ConfigError:
    alike = set(get_close_matches(wanted, columns))
    near = [entry for entry in columns if wanted[:4] in entry or entry in alike] or columns
    return ConfigError(f"explain: {table} has no column of that name; there are: {', '.join(near)}")


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
