"""Where the published data set differs: would another reading of a definition have given its values?"""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from assets.study_config import StudyConfig
from assets.warehouse.compiled import ModelCompiler
from assets.warehouse.reconcile import Reconciliation, reconcile
from assets.warehouse.sensitivity import client_studies

TABLES = ("raw.minimal_dataset", "raw.minimal_dataset_variables", "control.files")


@dataclass(frozen=True)
class Reading:
    """The definition under which most of a variable's values are as published, beside the one in force."""

    variable: str
    definition: str
    n_both: int
    n_equal: int
    n_equal_in_force: int


def better_readings(
    connection: duckdb.DuckDBPyConnection, compiler: ModelCompiler, config: StudyConfig, found: Reconciliation
) -> list[Reading]:
    """Return, for each variable that differs, the alternative that agrees most, where one agrees more than ours.

    Every alternative of ``sensitivity.ALTERNATIVES`` is tried, one at a time; of equal ones the first counts.
    ``connection`` is open on the working database; read-only is enough.
    """
    in_force = {row.variable: row.n_equal for row in found.agreement if row.n_equal < row.n_both}
    best: dict[str, Reading] = {}
    if not in_force:
        return []
    with duckdb.connect() as memory:
        _hand_over(connection, memory)
        for alternative, _, frame in client_studies(connection, compiler, config):
            if alternative is None:
                continue
            memory.register("frame", frame)
            memory.execute("create or replace table marts.client_study as from frame")
            memory.unregister("frame")
            under = reconcile(memory, config.minimal_dataset)
            for row in under.agreement if under else ():
                before = best[row.variable].n_equal if row.variable in best else in_force.get(row.variable)
                if before is not None and row.n_equal > before:
                    best[row.variable] = Reading(
                        row.variable, alternative.label, row.n_both, row.n_equal, in_force[row.variable]
                    )
    return [best[name] for name in in_force if name in best]


def _hand_over(source: duckdb.DuckDBPyConnection, memory: duckdb.DuckDBPyConnection) -> None:
    memory.execute("create schema raw; create schema control; create schema marts")
    for table in TABLES:
        memory.register("handed", source.execute(f"from {table}").to_arrow_table())
        memory.execute(f"create table {table} as from handed")
        memory.unregister("handed")


def told(reading: Reading) -> str:
    """Say it in one line."""
    return (
        f"{reading.variable}: {reading.n_equal} of {reading.n_both} are as published under {reading.definition},"
        f" {reading.n_equal_in_force} under the setting in force"
    )


def totals(found: Reconciliation) -> Mapping[str, int]:
    """Counts over all variables, for people and for metadata."""
    return {
        "variables": len(found.agreement),
        "values_on_both_sides": sum(row.n_both for row in found.agreement),
        "values_equal": sum(row.n_equal for row in found.agreement),
        "values_rounded": sum(row.n_rounded for row in found.agreement),
        "values_differ": sum(row.n_differs for row in found.agreement),
        "only_published": sum(row.n_only_published for row in found.agreement),
        "only_derived": sum(row.n_only_derived for row in found.agreement),
    }
