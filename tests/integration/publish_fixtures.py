"""A small home with a working database of the real shape, for tests of publishing."""

import json
from pathlib import Path
from typing import Any

import duckdb

from assets.home import Home
from assets.publish import prepare_home, write_meta, write_quality
from assets.publish.codebook import read_metadata
from assets.warehouse.research_ids import check_character

CANARY = "Zorblatt-Núñez"
MARTS: dict[str, dict[str, dict[str, Any]]] = {
    "client_study": {
        "client_id": {"privacy": "quasi", "kind": "research_id"},
        "age": {"privacy": "quasi", "unit": "years"},
        "race_ethnicity": {"privacy": "quasi", "values": ["black", "latinx", "white"]},
        "confirmed": {"privacy": "sensitive"},
    },
    "fct_services": {
        "client_id": {"privacy": "quasi", "kind": "research_id"},
        "day": {"privacy": "quasi", "unit": "days since intake"},
        "build": {"privacy": "none"},
    },
}


def research_id(number: int) -> str:
    """An ID of the real form that does not follow the number's order."""
    body = f"{(number * 7919 + 13) % 9973:09d}"
    return body + check_character(body)


def write_manifest(home: Home, tables: dict[str, dict[str, dict[str, Any]]] = MARTS) -> Path:
    """A manifest in dbt's shape, with what the codebook reads of it."""
    nodes = {
        f"model.outcomes.{table}": {
            "resource_type": "model",
            "schema": "marts",
            "name": table,
            "columns": {
                name: {"name": name, "description": f"Meaning of {name}.", "config": {"meta": meta}}
                for name, meta in columns.items()
            },
        }
        for table, columns in tables.items()
    }
    path = home.dbt / "manifest.json"
    path.write_text(json.dumps({"nodes": nodes}))
    return path


def make_home(root: Path, clients: int = 40) -> Home:
    """Folders, manifest and a working database with every schema a night fills."""
    home = Home(root)
    prepare_home(home)
    write_manifest(home)
    with duckdb.connect(str(home.work_db)) as connection:
        connection.execute("begin")
        fill(connection, clients)
        connection.execute("commit")
        begin(connection, home, 1)
    return home


def fill(connection: duckdb.DuckDBPyConnection, clients: int) -> None:
    for schema in ("raw", "control", "marts", "study", "quality", "meta"):
        connection.execute(f"create schema {schema}")
    connection.execute(
        f"create table raw.intake as select '{CANARY}' as client_name, date '2004-02-29' as date_of_birth"
    )
    connection.execute("create table control.crosswalk (client_id varchar, source_client_id varchar)")
    connection.execute(
        "create table marts.client_study (client_id varchar, age int, race_ethnicity varchar, confirmed bool)"
    )
    connection.execute("comment on column marts.client_study.age is 'Completed years'")
    connection.execute("create table marts.fct_services (client_id varchar, day int, build int)")
    for number in range(clients):
        key = research_id(number)
        connection.execute("insert into control.crosswalk values (?, ?)", [key, f"TX-{number:05d}"])
        race = ["black", "latinx", "white"][number % 3]
        connection.execute(
            "insert into marts.client_study values (?, ?, ?, ?)", [key, 12 + number % 10, race, number % 2 == 0]
        )
        connection.execute("insert into marts.fct_services values (?, ?, 1)", [key, number])
    for table, columns in _study_columns().items():
        connection.execute(f"create table {table} ({columns})")
    connection.execute("insert into study.descriptives (variable, level, n) values ('race_ethnicity', 'black', 14)")
    connection.execute(
        "create table control.files (file_token varchar, sha256 varchar, kind varchar, status varchar, reason varchar,"
        " name varchar, rows_read int, rows_loaded int, rows_quarantined int, rows_duplicate int, rows_structural int,"
        " rows_erased int)"
    )
    connection.execute(
        "insert into control.files values (?, ?, 'intake', 'loaded', null, ?, 45, 40, 1, 0, 4, 0)",
        ["ab" * 6, "ab" * 32, f"{CANARY}.xlsx"],
    )
    connection.execute(
        "create table control.quarantine (file_token varchar, rule_code varchar, state varchar, cells varchar)"
    )
    connection.execute(
        "insert into control.quarantine values (?, 'DATE_AMBIGUOUS', 'open', ?)", ["ab" * 6, f'{{"Name": "{CANARY}"}}']
    )
    connection.execute("create table control.overrides (feed varchar, record_key varchar, state varchar)")
    connection.execute("insert into control.overrides values ('intake', ?, 'unused')", [CANARY])
    connection.execute(
        "create table control.builds (build_id varchar, started_at timestamp, finished_at timestamp,"
        " code_version varchar, config_hash varchar)"
    )


def _study_columns() -> dict[str, str]:
    tables: dict[str, list[str]] = {}
    for column in read_metadata():
        if column.table.startswith("study."):
            kind = "varchar" if column.values or column.kind else "double"
            tables.setdefault(column.table, []).append(f'"{column.name}" {kind}')
    return {table: ", ".join(columns) for table, columns in tables.items()}


def build_id(number: int) -> str:
    return f"20211101T0200{number:02d}Z-run{number}"


def begin(connection: duckdb.DuckDBPyConnection, home: Home, number: int) -> str:
    """Start build ``number``: its row, its quality tables, and its number in every row of the facts."""
    identity = build_id(number)
    connection.execute(
        "insert into control.builds values (?, timestamp '2021-11-01 02:00:00', null, '0.1.0+0123456789ab', ?)",
        [identity, "cd" * 32],
    )
    connection.execute("update marts.fct_services set build = ?", [number])
    connection.execute("update study.descriptives set n = ?", [number])
    write_quality(connection, [])
    write_meta(connection, identity, home.dbt / "manifest.json")
    return identity
