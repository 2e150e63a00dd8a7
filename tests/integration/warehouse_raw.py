"""Raw tables as ``docs/architecture.md`` describes them, and a way to fill them with records of a made-up agency."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

N_ITEMS = {"mspss": 12, "copse": 26, "urica": 12}
_ORIGIN = {"file_token": "varchar", "sheet": "varchar", "row_number": "integer", "row_hash": "varchar"}
_CLIENT = {"client_id_raw": "varchar", "client_id": "varchar"}
_RESPONSE = {
    "response_id": "varchar",
    "start_date": "timestamp",
    "end_date": "timestamp",
    "recorded_date": "timestamp",
    "time_zone": "varchar",
    "recorded_at_utc": "timestamp",
    "recorded_on": "date",
    "status": "integer",
    "progress": "integer",
    "duration_seconds": "integer",
    "finished": "boolean",
    "user_language": "varchar",
    "distribution_channel": "varchar",
    "missing_items": "varchar",
    "copy_quality": "smallint",
}


def _survey(name: str) -> dict[str, str]:
    behavior = {"urica_behavior": "smallint"} if name == "urica" else {}
    return {**_RESPONSE, **behavior, **{f"{name}_{item}": "smallint" for item in range(1, N_ITEMS[name] + 1)}}


COLUMNS: dict[str, dict[str, str]] = {
    "raw.intake": {
        "record_id": "varchar", "client_name": "varchar", "date_of_birth": "date", "intake_date": "date",
        "exit_date": "date", "race_ethnicity": "varchar", "gender": "varchar", "sexual_orientation": "varchar",
        "county": "varchar", "classification": "varchar", "cse_it_score": "integer",
        "secondary_victimization": "varchar", "special_classification": "varchar", "primary_language": "varchar",
        "case_manager": "varchar",
    },
    "raw.case_notes": {
        "record_id": "varchar", "service_date": "date", "entered_on": "timestamp", "staff": "varchar",
        "contact_type": "varchar", "service_type": "varchar", "minutes": "integer", "narrative": "varchar",
    },
    "raw.goal_plans": {
        "goal_id": "varchar", "goal_category": "varchar", "goal": "varchar", "set_date": "date",
        "review_month": "date", "status": "varchar", "staff": "varchar",
    },
    **{f"raw.survey_{name}": _survey(name) for name in N_ITEMS},
}  # fmt: skip

_CONTROL = """
create table control.files (
    file_token varchar, sha256 varchar, name varchar, kind varchar, form_version varchar, status varchar,
    reason varchar, exported_at timestamp, first_seen timestamp, loaded_at timestamp, bytes bigint,
    rows_loaded bigint, rows_erased bigint, map_hash varchar,
    first_loaded_at timestamp);
create table control.quarantine (
    quarantine_id varchar, file_token varchar, scope varchar, state varchar, record_key varchar);
create table control.client_aliases (client_id_raw varchar, client_id varchar, reason varchar);
create table control.crosswalk (client_id varchar, source_client_id varchar);
create table raw.minimal_dataset (
    file_token varchar, sheet varchar, row_number integer, row_hash varchar, case_number integer, variable varchar,
    value_number double, value_text varchar, missing_reason varchar);
"""


def create_raw(connection: duckdb.DuckDBPyConnection) -> None:
    """Make every raw and control table the warehouse reads, empty."""
    connection.execute("create schema raw; create schema control;" + _CONTROL)
    for table, columns in COLUMNS.items():
        listed = ", ".join(f"{name} {kind}" for name, kind in {**_ORIGIN, **_CLIENT, **columns}.items())
        connection.execute(f"create table {table} ({listed})")


def add_file(connection: duckdb.DuckDBPyConnection, token: str, kind: str, exported_at: datetime) -> None:
    """Register one loaded export."""
    connection.execute(
        "insert into control.files (file_token, kind, status, exported_at) values (?, ?, 'loaded', ?)",
        [token, kind, exported_at],
    )


def add_rows(
    connection: duckdb.DuckDBPyConnection, table: str, token: str, rows: Sequence[Mapping[str, Any]], sheet: str | None
) -> None:
    """Append rows to a raw table; the row number is the position unless the row says otherwise."""
    if not rows:
        return
    names = [*_ORIGIN, *_CLIENT, *COLUMNS[table]]
    full = [
        {
            **{name: row.get(name) for name in names},
            "file_token": token,
            "sheet": sheet,
            "row_number": row.get("row_number", position),
            "row_hash": f"{token}-{sheet}-{row.get('row_number', position)}",
        }
        for position, row in enumerate(rows, start=2)
    ]
    frame = pa.Table.from_pylist(full)
    casts = ", ".join(
        f"cast({name} as {kind}) as {name}" for name, kind in {**_ORIGIN, **_CLIENT, **COLUMNS[table]}.items()
    )
    connection.register("incoming", frame)
    connection.execute(f"insert into {table} select {casts} from incoming")
    connection.unregister("incoming")
