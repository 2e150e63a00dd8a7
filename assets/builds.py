"""One row a build in ``control.builds``, and what its checks said in ``control.check_results``.

A build is one run of the orchestrator, whole or part. Its ID starts with the time, so IDs sort as builds do, and ends
with the run's own ID, so that a figure in a published file can be found again in the run history.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import duckdb

from assets.home import PROJECT_ROOT

VERSION = "0.1.0"
CODE_FOLDERS = ("assets", "dbt_project", "expectations", "orchestration")
CODE_SUFFIXES = {".py", ".sql", ".yml", ".csv"}

_SCHEMA = """
create schema if not exists control;
create table if not exists control.builds (
    build_id varchar primary key, run_id varchar not null unique, started_at timestamp not null,
    finished_at timestamp, status varchar not null, code_version varchar not null, config_hash varchar not null,
    inputs varchar, content_hash varchar
);
create table if not exists control.check_results (
    build_id varchar not null, name varchar not null, asset varchar not null, severity varchar not null,
    passed boolean not null, n_failed bigint
);
"""


@dataclass(frozen=True)
class CheckRow:
    """One check's outcome as it is published: how many rows failed, never which or with what value."""

    name: str
    asset: str
    severity: str
    passed: bool
    n_failed: int | None


def _hash_files(paths: Iterable[Path], root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@cache
def code_version(*folders: str) -> str:
    """Version and a hash of the sources in ``folders`` (default: all rooms), e.g. ``0.1.0+3f9c02ab71de``."""
    chosen = folders or CODE_FOLDERS
    files = [
        path
        for folder in chosen
        for path in (PROJECT_ROOT / folder).rglob("*")
        if path.suffix in CODE_SUFFIXES and not {"target", "logs", "__pycache__"} & set(path.parts)
    ]
    return f"{VERSION}+{_hash_files(files, PROJECT_ROOT)[:12]}"


def config_hash(config: Path) -> str:
    """Hash of every file a person edits under ``config/``: 64 hex digits."""
    return _hash_files((path for path in config.rglob("*") if path.is_file()), config)


def begin_build(connection: duckdb.DuckDBPyConnection, run_id: str, config: Path) -> str:
    """Return the build ID of this run, writing its row when the run has none yet."""
    connection.execute(_SCHEMA)
    found = connection.execute("select build_id from control.builds where run_id = ?", [run_id]).fetchone()
    if found:
        return str(found[0])
    now = datetime.now(UTC)
    build_id = f"{now:%Y%m%dT%H%M%SZ}-{run_id[:8]}"
    connection.execute(
        "insert into control.builds (build_id, run_id, started_at, status, code_version, config_hash)"
        " values (?, ?, ?, 'running', ?, ?)",
        [build_id, run_id, now.replace(tzinfo=None), code_version(), config_hash(config)],
    )
    return build_id


def note_inputs(connection: duckdb.DuckDBPyConnection, build_id: str, inputs: str) -> None:
    """Keep what the build is made from (``assets.news.current_state``), as it was before anything was read."""
    connection.execute("update control.builds set inputs = ? where build_id = ?", [inputs, build_id])


def noted_inputs(connection: duckdb.DuckDBPyConnection, build_id: str) -> str | None:
    """Return what ``note_inputs`` kept; None when this build did not read the inbox (a rerun of a part)."""
    found = connection.execute("select inputs from control.builds where build_id = ?", [build_id]).fetchone()
    return found[0] if found else None


def finish_build(connection: duckdb.DuckDBPyConnection, build_id: str, content_hash: str) -> None:
    """Close the build's row with the hash of what it made."""
    connection.execute(
        "update control.builds set finished_at = ?, status = 'published', content_hash = ? where build_id = ?",
        [datetime.now(UTC).replace(tzinfo=None), content_hash, build_id],
    )


def record_checks(connection: duckdb.DuckDBPyConnection, build_id: str, rows: Iterable[CheckRow]) -> None:
    """Store what checks said in this build; a check that runs again in the same build replaces its row."""
    for row in rows:
        connection.execute(
            "delete from control.check_results where build_id = ? and name = ? and asset = ?",
            [build_id, row.name, row.asset],
        )
        connection.execute(
            "insert into control.check_results values (?, ?, ?, ?, ?, ?)",
            [build_id, row.name, row.asset, row.severity, row.passed, row.n_failed],
        )


def latest_checks(connection: duckdb.DuckDBPyConnection) -> list[CheckRow]:
    """Return the newest outcome of every check (a rerun of a part leaves the other checks' rows standing)."""
    rows = connection.execute(
        "select name, asset, severity, passed, n_failed from control.check_results"
        " qualify row_number() over (partition by name, asset order by build_id desc) = 1 order by asset, name"
    ).fetchall()
    return [CheckRow(*row) for row in rows]
