"""Parquet copies of the marts, for tools that read no DuckDB file: one folder a build, swapped in by one symlink."""

import shutil
from pathlib import Path

import duckdb

from assets.files import sync
from assets.publish.zones import SHARED_FILE, SHARED_FOLDER


def write_parquet(connection: duckdb.DuckDBPyConnection, database: str, folder: Path, build_id: str) -> list[Path]:
    """Write every table of ``marts`` of the attached ``database`` to ``folder``, which is made anew; returns the files.

    The database has passed the gate of the research zone. Rows are in its order. A file's own metadata holds the
    table's comment and the build, nothing else of ours.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tables = connection.execute(
        "select table_name, coalesce(comment, '') from duckdb_tables()"
        " where database_name = ? and schema_name = 'marts' order by table_name",
        [database],
    ).fetchall()
    written = []
    for table, comment in tables:
        path = folder / f"{table}.parquet"
        place, told = str(path).replace("'", "''"), str(comment).replace("'", "''")
        connection.execute(
            f'copy (from "{database}".marts."{table}") to \'{place}\''
            f" (format parquet, compression zstd, kv_metadata {{description: '{told}', build_id: '{build_id}'}})"
        )
        path.chmod(SHARED_FILE)
        sync(path)
        written.append(path)
    folder.chmod(SHARED_FOLDER)
    return written
