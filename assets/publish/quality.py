"""The quality tables and the build's row: counts and tokens, made from the control tables."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import duckdb

from assets.errors import DataError
from assets.publish.codebook import METADATA, read_manifest, read_metadata, write_codebook


class Check(Protocol):
    """What one check said; ``expectations.model.CheckResult`` and the rows of a build's checks are of this shape."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def asset(self) -> str: ...  # noqa: D102
    @property
    def severity(self) -> str: ...  # noqa: D102
    @property
    def passed(self) -> bool: ...  # noqa: D102
    @property
    def n_failed(self) -> int | None: ...  # noqa: D102


_FILES = """
create or replace table quality.files as
select file_token, kind, status, reason, rows_read, rows_loaded, rows_quarantined, rows_duplicate, rows_structural,
       rows_erased,
       coalesce(rows_read, 0) = coalesce(rows_loaded, 0) + coalesce(rows_quarantined, 0) + coalesce(rows_duplicate, 0)
           + coalesce(rows_structural, 0) + coalesce(rows_erased, 0) as balanced
from control.files
order by file_token, status
"""

_QUARANTINE = """
create or replace table quality.quarantine_counts as
select f.kind, q.rule_code, q.state, count(*) as n
from control.quarantine q left join control.files f using (file_token)
group by all order by all
"""

_OVERRIDES = """
create or replace table quality.override_counts as
select feed, state, count(*) as n
from control.overrides
group by all order by all
"""

_BUILD = """
create or replace table meta.build as
select build_id, strftime(coalesce(finished_at, started_at), '%Y-%m-%dT%H:%M:%SZ') as built_at, code_version,
       config_hash,
       coalesce((select to_json(list(distinct sha256 order by sha256)) from control.files where status = 'loaded'),
                '[]')::varchar as input_hashes
from control.builds where build_id = ?
"""


def write_quality(connection: duckdb.DuckDBPyConnection, checks: Iterable[Check]) -> None:
    """Fill ``quality.checks``, ``.files``, ``.quarantine_counts`` and ``.override_counts`` in the working database."""
    connection.execute("create schema if not exists quality")
    connection.execute(
        "create or replace table quality.checks"
        " (name varchar, asset varchar, severity varchar, passed boolean, n_failed bigint)"
    )
    rows = sorted({(c.name, c.asset, c.severity, c.passed, c.n_failed) for c in checks}, key=lambda row: row[:3])
    if rows:
        places = ", ".join(["(?, ?, ?, ?, ?)"] * len(rows))
        connection.execute(f"insert into quality.checks values {places}", [value for row in rows for value in row])
    connection.execute(_FILES)
    connection.execute(_QUARANTINE)
    connection.execute(_OVERRIDES)


def write_meta(connection: duckdb.DuckDBPyConnection, build_id: str, manifest: Path, metadata: Path = METADATA) -> None:
    """Fill ``meta.build`` (one row, from ``control.builds`` and ``control.files``) and ``meta.codebook``.

    ``manifest`` is dbt's ``manifest.json``. Raises ``DataError`` for an unknown build, for a missing manifest and for a
    published column that is described nowhere.
    """
    connection.execute("create schema if not exists meta")
    connection.execute(_BUILD, [build_id])
    if connection.execute("select count(*) from meta.build").fetchone() != (1,):
        raise DataError("NO_BUILD", "the build has no row in control.builds")
    columns = [*read_manifest(manifest), *read_metadata(metadata)]
    write_codebook(connection, columns)


def content_hash(connection: duckdb.DuckDBPyConnection) -> str:
    """Hash what a build made: all rows of ``marts`` and ``study``, whatever their order; 64 hex digits.

    Each row's text is hashed with MD5 and the two halves are summed, so equal sets of rows give equal sums in any
    order and one pass; what stands in ``meta`` and ``quality`` (times, tokens) does not enter.
    """
    import hashlib

    digest = hashlib.sha256()
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables()"
        " where database_name = current_database() and schema_name in ('marts', 'study') order by all"
    ).fetchall()
    for schema, table in tables:
        columns = connection.execute(
            "select column_name, data_type from duckdb_columns()"
            " where database_name = current_database() and schema_name = ? and table_name = ? order by column_name",
            [schema, table],
        ).fetchall()
        packed = ", ".join(f'"{name}" := "{name}"' for name, _ in columns)
        sums = connection.execute(
            f"select count(*), sum(md5_number_lower(line)), sum(md5_number_upper(line))"
            f' from (select to_json(struct_pack({packed}))::varchar as line from "{schema}"."{table}")'
        ).fetchone()
        digest.update(repr((schema, table, columns, sums)).encode())
    return digest.hexdigest()
