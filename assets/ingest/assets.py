"""The inbox as assets: one step reads whatever lies there, by content, and fills every raw table."""

from collections.abc import Iterator
from datetime import UTC, datetime

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetSpec,
    MaterializeResult,
    ResourceParam,
    multi_asset,
)

from assets.builds import CheckRow, begin_build, code_version, config_hash, note_inputs, record_checks
from assets.catalog import OWNERS, lineage_metadata, table_metadata, table_spec
from assets.errors import value_free
from assets.home import Home
from assets.keys import load_key
from assets.news import current_state
from assets.warehouse.database import connect

INBOX = AssetSpec(
    AssetKey("inbox"),
    description="The folder where staff drop exports: workbooks, Qualtrics downloads, SPSS files, under any name.",
    group_name="ingest",
    owners=OWNERS,
    kinds={"excel", "csv", "file"},
)

RAW_TABLES: dict[tuple[str, str], str] = {
    ("raw", "intake"): "One row a client record of every intake export, mapped and cast, with file, sheet and row.",
    ("raw", "case_notes"): "One row a case note of every export; the narrative stays in the agency zone.",
    ("raw", "goal_plans"): "One row a goal and monthly review of every export.",
    ("raw", "survey_mspss"): "One row a response to the MSPSS survey (12 items, 1-7), previews and tests included.",
    ("raw", "survey_copse"): "One row a response to the Cop-SE survey (26 items, 0-10), previews and tests included.",
    ("raw", "survey_urica"): "One row a response to the URICA survey (behaviour and 12 items, 1-5).",
    ("raw", "minimal_dataset"): "One row a case and variable of an SPSS minimal data set; user-missing kept apart.",
    ("control", "files"): "One row a file ever seen: what it is, what became of it, and its row arithmetic.",
    ("control", "quarantine"): "One row a source row that waits for a person, with rule and place.",
    ("control", "client_aliases"): "One row a typed client ID that a person has settled, from agency/aliases.csv.",
    ("control", "overrides"): "One row a correction of config/overrides.csv: applied, unused or expired, and its hits.",
    ("control", "findings"): "What was normalised or warned about in each file, by reason code and place.",
}

_LOST_ROWS = """
select count(*) from control.files where status = 'loaded'
and rows_read <> rows_loaded + rows_quarantined + rows_duplicate + rows_structural + rows_erased
"""
_NEW_ROWS = """
select coalesce(sum(rows_read), 0)::bigint, coalesce(sum(rows_loaded), 0)::bigint from control.files
where file_token in (select unnest(?::varchar[]))
"""
_IDLE_OVERRIDES = "select state, count(*) from control.overrides where state <> 'applied' group by state"


@multi_asset(
    name="ingest",
    specs=[
        table_spec(
            key, text, group="ingest", room="assets/ingest", kinds={"python", "duckdb", "excel"}, deps=[("inbox",)]
        )
        for key, text in RAW_TABLES.items()
    ],
    check_specs=[
        AssetCheckSpec(
            "row_arithmetic",
            asset=AssetKey(["control", "files"]),
            blocking=True,
            description="Rows read = loaded + quarantined + duplicate + structural + erased, for every loaded file.",
        ),
        AssetCheckSpec(
            "corrections_in_force",
            asset=AssetKey(["control", "overrides"]),
            description="Every correction of config/overrides.csv matches what the source says and is within its date.",
        ),
    ],
)
@value_free
def ingest_inbox(
    context: AssetExecutionContext, home: ResourceParam[Home]
) -> Iterator[MaterializeResult[None] | AssetCheckResult]:
    """Read new files of the inbox into the raw tables; files read before are recognised by content and left alone."""
    from assets.ingest import IngestPaths, ingest, load_feeds
    from assets.publish.privacy.erasure_list import register, sweep
    from assets.publish.privacy.trail import record

    feeds = load_feeds(home.config)
    inputs = current_state(home)
    with connect(home) as connection:
        build_id = begin_build(connection, context.run_id, home.config)
        register(connection, home)
        note_inputs(connection, build_id, inputs)
        summary = ingest(IngestPaths.of(home), connection, feeds, now=datetime.now(UTC))
        sweep(connection, home)
        rows_in, rows_out = connection.execute(_NEW_ROWS, [summary.new_tokens]).fetchall()[0]
        record(
            home, "run", load_key(home), build_id=build_id, zone="agency", file_tokens=summary.new_tokens,
            config_hash=config_hash(home.config), code_version=code_version(), rows_in=rows_in, rows_out=rows_out,
        )  # fmt: skip
        context.log.info("inbox read: %s", summary.as_line())
        for schema, table in RAW_TABLES:
            form = feeds.tables.get(table) if schema == "raw" else None
            headers = {name: [("inbox", column.header)] for name, column in form.columns.items()} if form else {}
            yield MaterializeResult(
                asset_key=AssetKey([schema, table]),
                metadata=table_metadata(connection, schema, table) | lineage_metadata(headers),
            )
        found = connection.execute(_LOST_ROWS).fetchone()
        lost = int(found[0]) if found else 0
        idle = dict(connection.execute(_IDLE_OVERRIDES).fetchall())
        n_idle = sum(idle.values())
        checks = [
            CheckRow("row_arithmetic", "control.files", "error", lost == 0, lost),
            CheckRow("corrections_in_force", "control.overrides", "warn", n_idle == 0, n_idle),
        ]
        record_checks(connection, build_id, checks)
    yield AssetCheckResult(
        check_name="row_arithmetic",
        asset_key=AssetKey(["control", "files"]),
        passed=lost == 0,
        metadata={"files_with_lost_rows": lost},
    )
    yield AssetCheckResult(
        check_name="corrections_in_force",
        asset_key=AssetKey(["control", "overrides"]),
        passed=n_idle == 0,
        severity=AssetCheckSeverity.WARN,
        metadata={"unused": idle.get("unused", 0), "expired": idle.get("expired", 0)},
    )
