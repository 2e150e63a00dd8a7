"""What the nightly report is made from: the study's tables, labels from the codebook, the night's arithmetic."""

from typing import TYPE_CHECKING, Any

import duckdb

from assets.home import Home
from assets.study_config import StudyConfig, load_study_config

if TYPE_CHECKING:
    import pandas as pd

    from assets.publish.report import ReportContext
    from assets.study.spec import Spec

SAID_BY_THE_TABLE = ("n = ", "F(", "chi2(", "B is the difference", "Exp(B) is", "Second wave minus first")
"""Beginnings of sentences whose content the report's own note under the same table already gives."""

QUALITY_TABLES = ("files", "checks", "quarantine_counts", "override_counts")


def report_inputs(connection: duckdb.DuckDBPyConnection, home: Home) -> "tuple[dict[str, pd.DataFrame], ReportContext]":
    """Return the ``study.*`` tables by name, and the frame of the agency-zone report around them."""
    from assets.publish.report import ReportContext
    from assets.study.spec import parse_spec

    config = load_study_config(home.config / "study.yml")
    names = [
        row[0]
        for row in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'study' order by table_name"
        ).fetchall()
    ]
    tables = {name: connection.execute(f'select * from study."{name}"').df() for name in names}
    build = connection.execute("select build_id, built_at, code_version, config_hash from meta.build").fetchone()
    build_id, built_at, code_version, config_hash = build or ("", "", "", "")
    clients = connection.execute("select count(*) from marts.client_study").fetchone()
    labels = _labels(connection)
    context = ReportContext(
        title="Coping self-efficacy and social support: the study's tables on this agency's data",
        zone="agency",
        build_id=build_id,
        built_at=built_at,
        code_version=code_version,
        config_hash=config_hash,
        n_clients=clients[0] if clients else None,
        study_period=(config.study.start, config.study.end),
        labels=labels,
        footnotes=report_footnotes(tables, parse_spec(config.analysis, "config/study.yml: analysis"), labels),
        references={m["name"]: m["reference"] for m in config.analysis.get("models", []) if "reference" in m},
        quality={name: connection.execute(f"select * from quality.{name}").df() for name in QUALITY_TABLES},
        pairs=_pairs(connection, config),
        reconciliation=_reconciliation(connection),
    )
    return tables, context


def report_footnotes(tables: "dict[str, pd.DataFrame]", spec: "Spec", labels: dict[str, str]) -> dict[str, list[str]]:
    """The study's sentences under each table, by the names the report knows: table, or model."""
    from assets.study.footnotes import footnotes

    notes = footnotes(tables, spec, labels)
    return {
        key.removeprefix("model:"): [sentence for sentence in sentences if not sentence.startswith(SAID_BY_THE_TABLE)]
        for key, sentences in notes.items()
        if key != "urica_stages"
    }


def _labels(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    rows = connection.execute(
        'select "column", label from meta.codebook where "table" = \'marts.client_study\' and label is not null'
    ).fetchall()
    return {column: label for column, label in rows if label}


def _pairs(connection: duckdb.DuckDBPyConnection, config: StudyConfig) -> "pd.DataFrame | None":
    """One row a client and scale with both waves; drawn as lines in the agency zone only."""
    pairs: list[dict[str, Any]] = list(config.analysis.get("pairs", []))
    if not pairs:
        return None
    parts = " union all ".join(
        f'select ? as pair, "{pair["t0"]}" as t0, "{pair["t6"]}" as t6 from marts.client_study' for pair in pairs
    )
    frame: pd.DataFrame = connection.execute(
        f"select * from ({parts}) where t0 is not null and t6 is not null order by all", [p["name"] for p in pairs]
    ).df()
    return frame


def _reconciliation(connection: duckdb.DuckDBPyConnection) -> "dict[str, pd.DataFrame]":
    """The agreement with the published data set, where one was compared."""
    there = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'reconciliation' and table_name <> 'differences'"
    ).fetchall()
    return {name: connection.execute(f"from reconciliation.{name}").df() for (name,) in there}
