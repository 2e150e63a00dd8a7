"""The last rooms of a night as assets: what the checks said, the report, and the files people open."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from dagster import AssetExecutionContext, AssetKey, MaterializeResult, MetadataValue, ResourceParam, asset, multi_asset

from assets.agency_time import local_day
from assets.builds import begin_build, code_version, finish_build, latest_checks, noted_inputs
from assets.catalog import OWNERS, table_metadata, table_spec
from assets.errors import value_free
from assets.home import Home
from assets.news import remember
from assets.side import Side
from assets.warehouse.database import connect, transaction

if TYPE_CHECKING:
    import duckdb

STUDY_KEYS = [
    "descriptives", "associations", "normality", "scale_scores", "paired_tests", "models", "coefficients",
    "effect_tests", "urica_stages", "diagnostics", "missingness", "participant_flow",
]  # fmt: skip
QUALITY = {
    ("quality", "checks"): "One row a check: asset, severity, passed, how many rows failed.",
    ("quality", "files"): "One row a file: what became of it and its row arithmetic, by content token.",
    ("quality", "quarantine_counts"): "How many rows wait for a person, by feed and rule.",
    ("quality", "override_counts"): "How many corrections of single values were applied, unused or expired, by feed.",
    ("meta", "build"): "The build: when, by which code, configuration and inputs.",
    ("meta", "codebook"): "One row a column: label, meaning, unit, source, values.",
}


@multi_asset(
    name="quality",
    specs=[
        table_spec(
            key,
            text,
            group="quality",
            room="assets/publish",
            kinds={"python", "duckdb"},
            deps=[
                ("marts", "client_study"),
                ("control", "files"),
                ("reconciliation", "agreement"),
                *(("study", table) for table in STUDY_KEYS),
            ],
        )
        for key, text in QUALITY.items()
    ],
)
@value_free
def quality(context: AssetExecutionContext, home: ResourceParam[Home]) -> Iterator[MaterializeResult[None]]:
    """Write what the checks of this build said, the row arithmetic, the build's own row and the codebook."""
    from assets.publish import write_meta, write_quality
    from assets.publish.codebook import read_metadata

    told = read_metadata()
    with connect(home) as connection:
        build_id = begin_build(connection, context.run_id, home.config)
        write_quality(connection, latest_checks(connection))
        write_meta(connection, build_id, home.manifest)
        for schema, table in QUALITY:
            meanings = {column.name: column.meaning for column in told if column.table == f"{schema}.{table}"}
            yield MaterializeResult(
                asset_key=AssetKey([schema, table]), metadata=table_metadata(connection, schema, table, meanings)
            )


@asset(
    key=["publish", "report"],
    deps=[AssetKey(["quality", "checks"]), AssetKey(["meta", "build"])],
    group_name="publish",
    owners=OWNERS,
    kinds={"python", "html"},
    code_version=code_version("assets/publish"),
    description="The evaluator's report: Tables 1-8 and figures on one page. Agency zone: small cells are shown.",
)
@value_free
def report(home: ResourceParam[Home], side: ResourceParam[Side]) -> Iterator[MaterializeResult[None]]:
    """Render the page from ``study.*`` and put it in its place in one step."""
    from assets.publish.report_inputs import report_inputs

    with connect(home) as connection:
        tables, context = report_inputs(connection, home)
    page = str(side.call("assets.publish.report:render_report", tables, context))
    home.report.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = home.report.with_suffix(".new")
    fresh.write_text(page, "utf-8")
    fresh.chmod(0o600)
    fresh.replace(home.report)
    yield MaterializeResult(
        metadata={
            "path": MetadataValue.path(str(home.report)),
            "open": MetadataValue.url(home.report.as_uri()),
            "bytes": len(page.encode()),
        }
    )


@asset(
    key=["publish", "follow_up"],
    deps=[
        AssetKey(["intermediate", model])
        for model in ("int_clients_identified", "int_goals_reviewed", "int_responses_placed", "int_services_listed")
    ],
    group_name="publish",
    owners=OWNERS,
    kinds={"python", "duckdb", "excel"},
    code_version=code_version("assets/warehouse", "assets/publish"),
    description="Who needs what next, one sheet a case manager, and `follow_up.items`. Agency zone: it names clients.",
)
@value_free
def follow_up(home: ResourceParam[Home]) -> Iterator[MaterializeResult[None]]:
    """Make today's list and put the workbook in its place in one step."""
    from assets.publish.follow_up_desk import make_follow_up

    with connect(home) as connection:
        counts = make_follow_up(home, connection, local_day(home.config, datetime.now(UTC)))
    yield MaterializeResult(
        metadata={"path": MetadataValue.path(str(home.follow_up)), "items": sum(counts.values()), **counts}
    )


def _for_analysts(home: Home) -> "Callable[[duckdb.DuckDBPyConnection, str], None]":
    """What makes a published file pleasant to query: macros, and comments that say grain and settings.

    In the agency's file every table is told, and every column whose meaning is known; the items of a survey say what
    they ask, where its definition was dropped. The hash of the settings is the build's: the same digits stand in
    ``meta.build`` and on the report.
    """
    from assets.ingest import load_feeds
    from assets.ingest.definitions import item_texts
    from assets.publish.agency_comments import agency_comments
    from assets.publish.codebook import read_descriptions
    from assets.warehouse.analyst_macros import comment_columns, comment_items, comment_tables, create_macros
    from assets.warehouse.history import create_history_macro
    from assets.warehouse.trace import create_trace_macro

    manifest, feeds = json.loads(home.manifest.read_text("utf-8")), load_feeds(home.config)

    def finish(connection: "duckdb.DuckDBPyConnection", database: str) -> None:
        present = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() where database_name = ? order by all",
            [database],
        ).fetchall()
        told = agency_comments(manifest, feeds, present)
        create_macros(connection, database)
        create_trace_macro(connection, database)
        create_history_macro(connection, database)
        build = connection.execute("select config_hash from meta.build").fetchall()
        with transaction(connection):  # each of several hundred comments would be a commit
            described = {**told.tables, **read_descriptions()}
            comment_tables(connection, manifest, str(build[0][0]), database, described)
            comment_columns(connection, manifest, database, told.columns)
            comment_items(connection, item_texts(connection, feeds), database)

    return finish


@multi_asset(
    name="publish_databases",
    specs=[
        table_spec(
            ("publish", "public"),
            "public/: report, tables and figures with small cells suppressed, judged against every earlier release.",
            group="publish",
            room="assets/publish",
            kinds={"html", "file"},
            deps=[("publish", "report")],
        ),
        table_spec(
            ("publish", "research_db"),
            "research/research.duckdb: random IDs, no dates, no free text; for analysts, read-only.",
            group="publish",
            room="assets/publish",
            kinds={"duckdb", "file"},
            deps=[("publish", "report")],
        ),
        table_spec(
            ("publish", "spss"),
            "research/spss/: the study's rows as a labelled SAV, syntax, CSV and codebook.",
            group="publish",
            room="assets/publish",
            kinds={"spss", "file"},
            deps=[("publish", "report")],
        ),
        table_spec(
            ("publish", "agency_db"),
            "agency/agency.duckdb: the same, with crosswalk, raw rows and quarantine; for agency staff.",
            group="publish",
            room="assets/publish",
            kinds={"duckdb", "file"},
            deps=[("publish", "report"), ("publish", "follow_up")],
        ),
    ],
)
@value_free
def publish_databases(
    context: AssetExecutionContext, home: ResourceParam[Home], side: ResourceParam[Side]
) -> Iterator[MaterializeResult[None]]:
    """Write fresh files and swap them in; a file that breaks the research zone's rules is never swapped.

    The public release is audited and rendered by the side process meanwhile.
    """
    from assets.ingest import load_feeds
    from assets.publish import content_hash, publish
    from assets.publish.codebook import read_codebook
    from assets.publish.lineage_gate import check_lineage
    from assets.publish.privacy.policy import load_policy
    from assets.publish.privacy.retention import purge
    from assets.publish.report_inputs import report_inputs
    from assets.publish.research_risk import write_research_risk
    from assets.publish.spss_bundle import publish_spss
    from assets.publish.zones import SHARED_FILE

    with connect(home) as connection:
        build_id = begin_build(connection, context.run_id, home.config)
        check_lineage(home, connection)
        tables, frame = report_inputs(connection, home)
        clients = connection.execute("select * from marts.client_study order by client_id").df()
        public = side.ask("assets.publish.public_zone:publish_public", home, build_id, tables, clients, frame)
        hashed = content_hash(connection)
        finish_build(connection, build_id, hashed)
        done = publish(home, connection, build_id, finish=_for_analysts(home))
        risk = write_research_risk(home, connection, clients)
        lists, codebook = load_feeds(home.config).code_lists, read_codebook(connection)
        bundle = publish_spss(connection, codebook, home.research, build_id, SHARED_FILE, code_lists=lists)
        inputs = noted_inputs(connection, build_id)
    outcome = public()
    if inputs:
        remember(home, inputs)
    retention = load_policy(home.config).retention
    swept = purge(home, retention, date.today(), dry_run=retention.purge == "by_hand")
    yield MaterializeResult(
        asset_key=AssetKey(["publish", "public"]),
        metadata={
            "path": MetadataValue.path(str(home.public)),
            "status": outcome.status,
            "k": outcome.k,
            "rows_with_suppressed_cells": outcome.rows_suppressed,
            "held_by_earlier_releases": len(outcome.held_by),
        },
    )
    yield MaterializeResult(asset_key=AssetKey(["publish", "spss"]), metadata={"path": MetadataValue.path(str(bundle))})
    told: dict[str, dict[str, int | float]] = {
        "research_db": {"k": risk.k, "share_unique": risk.unique_share},
        "agency_db": {"files_past_their_date": len(swept), "deleted": sum(item.deleted for item in swept)},
    }
    for name, path in (("research_db", done.research), ("agency_db", done.agency)):
        yield MaterializeResult(
            asset_key=AssetKey(["publish", name]),
            metadata={
                "path": MetadataValue.path(str(path)),
                "content_hash": hashed[:12],
                "bytes": path.stat().st_size,
                **told[name],
            },
        )
