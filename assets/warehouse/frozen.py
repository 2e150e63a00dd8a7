"""Frozen publications: data, settings, SQL, code version and environment under one name and one hash.

``freeze`` copies what the models read and what they made into ``<folder>/<name>/frozen.duckdb`` and writes beside it
what is needed to make it again: the settings, the compiled SQL and the versions (``drift.py`` does it). Names and free
text are not copied: no model reads them. The folder belongs in the identified zone.
"""

import hashlib
import json
import platform
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from assets.encryption import attach as attach_file
from assets.errors import ConfigError
from assets.keys import Key
from assets.study_config import StudyConfig, study_config
from assets.warehouse.compiled import CompiledModel

INPUTS = {
    "raw": ("intake", "case_notes", "goal_plans", "survey_mspss", "survey_copse", "survey_urica"),
    "control": ("files", "quarantine", "client_aliases", "crosswalk"),
}
UNREAD = ("client_name", "staff", "narrative", "primary_language", "name", "cells")
OUTPUTS = ("marts", "study")
PACKAGES = ("duckdb", "dbt-core", "dbt-duckdb", "pandas", "numpy", "scipy", "statsmodels")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

Attach = Callable[[duckdb.DuckDBPyConnection, Path, str], None]
"""Open the database file under the given name, creating it when absent; the place where a key comes in."""


@dataclass(frozen=True)
class Freeze:
    """What a frozen publication says of itself (``freeze.json``)."""

    name: str
    frozen_at: str
    config_hash: str
    code_version: str
    environment: Mapping[str, str]
    build_id: str | None
    tables: Mapping[str, str]
    hash: str


def attach_with(key: Key | None) -> Attach:
    """Make the function that opens frozen files of a home with this key; one that exists is never written again."""

    def attached(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
        attach_file(connection, path, name, key, read_only=path.exists())

    return attached


plain_attach = attach_with(None)


def freeze(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    name: str,
    config: StudyConfig,
    models: Sequence[CompiledModel],
    *,
    code_version: str,
    build_id: str | None = None,
    attach: Attach = plain_attach,
) -> Freeze:
    """Keep the state of the working database that ``connection`` is open on.

    ``models`` are all models under ``config`` (``ModelCompiler.compile``). Raises ``ConfigError`` for a name that is
    taken or is no plain word; a half-written freeze is removed.
    """
    if not NAME.fullmatch(name):
        raise ConfigError("freeze: the name must be lower-case letters, digits, - and _")
    place = folder / name
    if place.exists():
        raise ConfigError(f"freeze: {name} exists already; a frozen publication is never overwritten")
    place.mkdir(parents=True, mode=0o700)
    try:
        working = connection.execute("select current_database()").fetchall()[0][0]
        attach(connection, place / "frozen.duckdb", "frozen")
        try:
            copy_inputs(connection, working, "frozen")
            tables = _copy_outputs(connection, working, "frozen")
            connection.execute("checkpoint frozen")
        finally:
            connection.execute("detach frozen")
        (place / "study.json").write_text(json.dumps(config.model_dump(mode="json"), indent=2), "utf-8")
        (place / "models.json").write_text(json.dumps([asdict(model) for model in models], indent=1), "utf-8")
        record = Freeze(
            name=name,
            frozen_at=datetime.now(UTC).isoformat(timespec="seconds"),
            config_hash=config.hash,
            code_version=code_version,
            environment=environment(),
            build_id=build_id,
            tables=tables,
            hash=_digest(json.dumps(tables, sort_keys=True), config.hash, (place / "models.json").read_text("utf-8")),
        )
        (place / "freeze.json").write_text(json.dumps(asdict(record), indent=2), "utf-8")
        for path in place.iterdir():
            path.chmod(0o400)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return record


def read_freeze(folder: Path, name: str) -> Freeze:
    """Return what the freeze says of itself; ``ConfigError`` naming the freezes there are when there is none."""
    path = folder / name / "freeze.json"
    if not NAME.fullmatch(name) or not path.is_file():
        known = ", ".join(sorted(entry.name for entry in folder.glob("*/") if (entry / "freeze.json").is_file()))
        raise ConfigError(f"no frozen publication of that name; there are: {known or 'none'}")
    return Freeze(**json.loads(path.read_text("utf-8")))


def frozen_config(folder: Path, name: str) -> StudyConfig:
    """Return the settings of the freeze."""
    read_freeze(folder, name)
    return study_config(json.loads((folder / name / "study.json").read_text("utf-8")), f"{name}/study.json")


def table_hash(connection: duckdb.DuckDBPyConnection, table: str, database: str = "memory") -> str:
    """SHA-256 over names, types and all rows in the order of all columns; every float in full."""
    schema, name = table.split(".")
    cursor = connection.execute(f'select * from "{database}"."{schema}"."{name}" order by all')
    header = [(column[0], str(column[1])) for column in cursor.description]
    digest = hashlib.sha256(repr(header).encode())
    for row in cursor.fetchall():
        digest.update(repr(row).encode())
    return digest.hexdigest()


def environment() -> dict[str, str]:
    """Versions that can move a number: Python, the machine's kind, and the packages that compute."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        **{package: version(package) for package in PACKAGES},
    }


def read_models(place: Path) -> tuple[CompiledModel, ...]:
    """Return the SQL of the freeze in the folder ``place``."""
    return tuple(CompiledModel(**model) for model in json.loads((place / "models.json").read_text("utf-8")))


def kept_inputs(connection: duckdb.DuckDBPyConnection, frozen: str) -> dict[str, list[str]]:
    """Tables of ``INPUTS``' schemas in a freeze: what its own SQL reads, whatever today's reads besides."""
    rows = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = ? order by all", [frozen]
    ).fetchall()
    return {schema: [table for place, table in rows if place == schema] for schema in INPUTS}


def copy_inputs(
    connection: duckdb.DuckDBPyConnection, source: str, target: str, inputs: Mapping[str, Sequence[str]] = INPUTS
) -> None:
    """Copy what the models read from one attached database to another, without names and free text."""
    for schema, tables in inputs.items():
        connection.execute(f'create schema if not exists "{target}"."{schema}"')
        for table in tables:
            kept = ", ".join(f'"{name}"' for name in _columns(connection, source, schema, table) if name not in UNREAD)
            connection.execute(
                f'create table "{target}"."{schema}"."{table}" as select {kept} from "{source}"."{schema}"."{table}"'
            )


def _copy_outputs(connection: duckdb.DuckDBPyConnection, source: str, target: str) -> dict[str, str]:
    hashes = {}
    listed = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = ? order by all", [source]
    ).fetchall()
    for schema, table in listed:
        if schema not in OUTPUTS:
            continue
        connection.execute(f'create schema if not exists "{target}"."{schema}"')
        connection.execute(
            f'create table "{target}"."{schema}"."{table}" as select * from "{source}"."{schema}"."{table}"'
        )
        hashes[f"{schema}.{table}"] = table_hash(connection, f"{schema}.{table}", target)
    return hashes


def _columns(connection: duckdb.DuckDBPyConnection, database: str, schema: str, table: str) -> list[str]:
    rows = connection.execute(
        "select column_name from duckdb_columns() where database_name = ? and schema_name = ? and table_name = ?"
        " order by column_index",
        [database, schema, table],
    ).fetchall()
    return [str(row[0]) for row in rows]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
