"""The models as plain SQL under any settings, to be run anywhere: in memory, on frozen data, many times over.

A dbt build of 95 clients takes seconds, its SQL a tenth of one. Where the models run again and again under other
definitions (sensitivity, the tests' oracle) or must run years later as they ran then (a frozen publication), dbt only
compiles, once for each set of settings, and DuckDB does the rest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from assets.errors import ConfigError
from assets.study_config import StudyConfig
from assets.warehouse.dbt import IN_MEMORY, DbtPaths, run_dbt


@dataclass(frozen=True)
class CompiledModel:
    """One model's SQL under one set of settings; relations are named ``memory.<schema>.<name>``."""

    schema: str
    name: str
    sql: str = field(repr=False)


class ModelCompiler:
    """Parses the project once, then compiles it under as many settings as wanted (about 0.5 s each)."""

    def __init__(self, paths: DbtPaths, config: StudyConfig) -> None:
        """Parse the project. Artefacts go to ``paths.target``; the database is not touched."""
        self._paths = replace(paths, database=IN_MEMORY)
        self._manifest = run_dbt(self._paths, config, ["parse", "--no-partial-parse"], writes=False).result

    def manifest(self) -> dict[str, Any]:
        """Return the parsed project as dbt's ``manifest.json`` would hold it."""
        return dict(self._manifest.writable_manifest().to_dict(omit_none=False))

    def compile(
        self, config: StudyConfig, select: Sequence[str] = (), extra_vars: Mapping[str, Any] | None = None
    ) -> tuple[CompiledModel, ...]:
        """Return every selected model (default: all) in an order in which they can be run."""
        words = ["compile", "--indirect-selection", "empty", "--select", *(select or ["resource_type:model"])]
        outcome = run_dbt(
            self._paths, config, words, writes=False, extra_vars=extra_vars, manifest=self._manifest.deepcopy()
        )
        nodes = {result.node.unique_id: result.node for result in outcome.result.results}
        ordered: dict[str, CompiledModel] = {}

        def add(unique_id: str) -> None:
            if unique_id in ordered or unique_id not in nodes:
                return
            node = nodes[unique_id]
            for parent in sorted(node.depends_on.nodes):
                add(parent)
            ordered[unique_id] = CompiledModel(str(node.schema), str(node.name), str(node.compiled_code))

        for unique_id in sorted(nodes):
            add(unique_id)
        return tuple(ordered.values())


def run_models(connection: duckdb.DuckDBPyConnection, models: Iterable[CompiledModel]) -> None:
    """Make the models' tables in a database called ``memory``, replacing what is there.

    Raises ``ConfigError`` where a table or column that the SQL reads is not there: they were made by another version.
    """
    for model in models:
        connection.execute(f'create schema if not exists "{model.schema}"')
        try:
            connection.execute(f'create or replace table "{model.schema}"."{model.name}" as ({model.sql}\n)')
        except (duckdb.BinderException, duckdb.CatalogException):
            raise ConfigError(
                f"{model.name}: a table or column it reads is missing, for the tables here were made by another"
                " version; after the next night they will do"
            ) from None
