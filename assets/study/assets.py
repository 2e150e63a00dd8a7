"""The study's tables as assets: refitted when the clients' data, the spec or the code changed, kept when not."""

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import duckdb
from dagster import AssetExecutionContext, AssetKey, MaterializeResult, ResourceParam, multi_asset

from assets.builds import code_version
from assets.catalog import from_where, lineage_metadata, table_metadata, table_spec
from assets.errors import value_free
from assets.home import Home
from assets.study_config import load_study_config
from assets.warehouse.database import connect

if TYPE_CHECKING:
    import pandas as pd

STUDY_TABLES = {
    "descriptives": "Table 1: one row a numeric variable, or a category, with percentiles as SPSS prints them.",
    "associations": "Chi-square tests of association, Pearson without Yates, G2 and exact p.",
    "normality": "Shapiro-Wilk and Lilliefors for each numeric variable.",
    "scale_scores": "Table 2: scale scores by wave, all and matched respondents, with Cronbach's alpha.",
    "paired_tests": "Table 3: Wilcoxon signed-rank tests, second wave minus first.",
    "models": "One row a model: fit, n, status in words.",
    "coefficients": "Tables 4, 5 and 7: one row a term and method.",
    "effect_tests": "Table 8: likelihood-ratio test of dropping each effect.",
    "urica_stages": "Table 6: readiness stages by wave.",
    "diagnostics": "Assumption checks of each model, and Little's test.",
    "missingness": "Missing values by variable.",
    "participant_flow": "How the number of participants falls, step by step, with the reason.",
}
SOURCES = ("marts.client_study", "intermediate.int_survey_items", "intermediate.int_participant_flow")
# The flow's first column is its order; the study takes its rows as they come.


def _frames(connection: duckdb.DuckDBPyConnection) -> "list[pd.DataFrame]":
    """The frames of ``SOURCES``, in their order."""
    return [connection.execute(f"select * from {table} order by all").df() for table in SOURCES]


def _input_hash(connection: duckdb.DuckDBPyConnection, config_hash: str) -> str:
    """Hash the rows the study reads, the settings and the code: equal hashes give equal tables."""
    digest = hashlib.sha256(f"{config_hash} {code_version('assets/study')}".encode())
    for table in SOURCES:
        rows = connection.execute(
            f"select count(*), coalesce(bit_xor(hash(t)), 0), coalesce(sum(hash(t) % 1000000007), 0) from {table} t"
        ).fetchone()
        digest.update(f"{table} {rows}".encode())
    return digest.hexdigest()


def _is_current(connection: duckdb.DuckDBPyConnection, inputs: str) -> bool:
    connection.execute("create schema if not exists study")
    connection.execute("create table if not exists control.study_inputs (input_hash varchar)")
    have = connection.execute("select count(*) from duckdb_tables() where schema_name = 'study'").fetchone()
    stored = connection.execute("select input_hash from control.study_inputs").fetchone()
    return bool(stored and stored[0] == inputs and have and have[0] >= len(STUDY_TABLES))


@multi_asset(
    name="fit_study",
    specs=[
        table_spec(
            ("study", table),
            text,
            group="study",
            room="assets/study",
            kinds={"python", "duckdb"},
            deps=[tuple(source.split(".")) for source in SOURCES],
        )
        for table, text in STUDY_TABLES.items()
    ],
)
@value_free
def fit_study(context: AssetExecutionContext, home: ResourceParam[Home]) -> Iterator[MaterializeResult[None]]:
    """Fit every analysis of ``config/study.yml`` on ``marts.client_study`` and store the tidy tables."""
    from assets.publish.codebook import read_metadata
    from assets.study.inputs import parents as columns_of
    from assets.study.spec import parse_spec

    config = load_study_config(home.config / "study.yml")
    with connect(home) as connection:
        inputs = _input_hash(connection, config.hash)
        refit = not _is_current(connection, inputs)
        if refit:
            fit_and_store(connection, config.analysis)
            connection.execute("create or replace table control.study_inputs as select ? as input_hash", [inputs])
        context.log.info("study tables %s", "refitted" if refit else "kept: inputs, spec and code are unchanged")
        spec = parse_spec(config.analysis, "config/study.yml: analysis")
        meanings = {(column.table, column.name): column.meaning for column in read_metadata()}
        for table in STUDY_TABLES:
            described = connection.execute(f'select * from study."{table}" limit 0').description
            parents = {column[0]: columns_of(spec, table, column[0]) for column in described}
            told = {
                column: " ".join(filter(None, (meanings.get((f"study.{table}", column)), from_where(found))))
                for column, found in parents.items()
            }
            metadata = table_metadata(connection, "study", table, told) | lineage_metadata(parents)
            metadata |= {"refitted": refit, "input_hash": inputs[:12]}
            yield MaterializeResult(asset_key=AssetKey(["study", table]), metadata=metadata)


def fit_and_store(connection: duckdb.DuckDBPyConnection, analysis: dict[str, object]) -> None:
    """Fit the analyses on ``SOURCES`` of the current database and write ``study.*`` there."""
    connection.execute("create schema if not exists study")
    frame, items, flow = _frames(connection)
    _store(connection, frame, items, flow, analysis)


def _store(
    connection: duckdb.DuckDBPyConnection,
    frame: "pd.DataFrame",
    items: "pd.DataFrame",
    flow: "pd.DataFrame",
    analysis: dict[str, object],
) -> None:
    import pyarrow

    from assets.study.run import run_study
    from assets.study.spec import parse_spec

    tables = run_study(frame, parse_spec(analysis, "config/study.yml: analysis"), items=items, flow=flow)
    for name, table in tables.items():
        # Through Arrow, because a float column registered from pandas brings NaN where the table means null.
        connection.register("result", pyarrow.Table.from_pandas(table, preserve_index=False))
        connection.execute(f'create or replace table study."{name}" as select * from result')
        connection.unregister("result")
