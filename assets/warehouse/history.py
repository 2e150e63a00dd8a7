"""What was said of a client, export after export: late edits, reclassification, records that moved or are gone.

``raw`` keeps every version of every record, so nothing is stored for it: the table macro ``history(client)`` of the
agency's file reads the client's records alone. Agency zone only: it holds dates and what the cells said.
"""

from collections.abc import Mapping

import duckdb

from assets.warehouse.analyst_macros import create_table_macro

FACTS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "intake": (
        "coalesce(record_id, client_id, client_id_raw)",
        "stg_case_management__clients.record_key",
        (
            "date_of_birth", "intake_date", "exit_date", "race_ethnicity", "gender", "sexual_orientation", "county",
            "classification", "cse_it_score", "secondary_victimization", "special_classification", "case_manager",
        ),
    ),
    "case_notes": (
        "coalesce(record_id, row_hash)",
        "stg_case_management__case_notes.note_key",
        ("service_date", "entered_on", "contact_type", "service_type", "minutes"),
    ),
    "goal_plans": (
        "goal_id || '/' || coalesce(cast(review_month as varchar), '')",
        "stg_case_management__goal_reviews.review_key",
        ("goal_category", "set_date", "status"),
    ),
    **{
        f"survey_{name}": (
            "coalesce(response_id, row_hash)",
            "stg_qualtrics__responses.response_id",
            ("recorded_on", "status", "finished", *(f"{name}_{item}" for item in range(1, n_items + 1))),
        )
        for name, n_items in (("mspss", 12), ("copse", 26), ("urica", 12))
    },
}  # fmt: skip
"""Feed → what a record is, the staging column that holds the same, and the columns whose changes are told: those that
models read; names and free text are not."""


def _versions(feed: str) -> str:
    """Every version of the client's records of a feed, one row a column; whose the record is counts as one."""
    record, staged, columns = FACTS[feed]
    table, key = staged.split(".")
    told = ("client_id", *columns)
    texts = ", ".join(f"cast({name} as varchar) as {name}" for name in told)
    instrument = f" and s.instrument = '{feed.removeprefix('survey_')}'" if feed.startswith("survey_") else ""
    return f"""
        select '{feed}' as feed, record, exported_at, file_token, sheet, source_row, column_name, value from (
            select {record} as record, f.exported_at, r.file_token, r.sheet, r.row_number as source_row, {texts}
            from raw.{feed} as r join files as f on r.file_token = f.file_token
            where r.client_id in (from ids) or {record} in (
                select s.{key} from staging.{table} as s
                join intermediate.int_client_ids_matched as m on s.client_key = m.client_key
                where m.matched_client_id in (from ids){instrument}
            )
        ) unpivot include nulls (value for column_name in ({", ".join(told)}))"""


def _absences(feed: str) -> str:
    _, staged, _ = FACTS[feed]
    table, key = staged.split(".")
    own = f"instrument = '{feed.removeprefix('survey_')}'" if feed.startswith("survey_") else "true"
    return f"select '{feed}' as feed, {key} as record, absent_since from staging.{table} where {own}"


HISTORY = f"""
    with ids as (
        select source_client_id from control.crosswalk
        where upper(trim(client)) in (upper(client_id), upper(source_client_id))
    ),
    files as (select file_token, exported_at from control.files where status = 'loaded'),
    versions as ({" union all ".join(_versions(feed) for feed in FACTS)}),
    compared as (
        select *, lag(value) over told as before, row_number() over told as nth
        from versions
        window told as (
            partition by feed, record, column_name order by exported_at, file_token, sheet nulls first, source_row
        )
    ),
    absences as ({" union all ".join(_absences(feed) for feed in FACTS)})
    select
        cast(exported_at as date) as exported_on, feed, record,
        case when nth = 1 then 'new' else 'changed' end as what,
        case when nth > 1 then column_name end as column_name,
        case when nth > 1 then before end as before,
        case when nth > 1 then value end as after,
        file_token, sheet, source_row
    from compared
    where (nth = 1 and column_name = 'client_id') or (nth > 1 and value is distinct from before)
    union all
    select
        absences.absent_since, absences.feed, absences.record, 'absent', null, null, null, null, null, null
    from absences
    where absences.absent_since is not null and (absences.feed, absences.record) in (select feed, record from versions)
    order by 1, 2, 3, 4 desc, 5, file_token, sheet, source_row
"""
"""``client`` (research ID or the agency's own) is the macro's parameter. A record is ``new`` in its first export,
``changed`` column by column (``client_id``: it is another client's since), and ``absent`` since the first full export
without it. Exports stand in the order in which they were made, whenever they reached us."""


def create_history_macro(connection: duckdb.DuckDBPyConnection, database: str) -> bool:
    """Create the table macro ``history(client)`` in a published agency file; False for a file without ``raw``."""
    needs = ("raw.intake", "control.crosswalk", "control.files", "intermediate.int_client_ids_matched")
    return create_table_macro(connection, database, "history(client)", HISTORY, needs)
