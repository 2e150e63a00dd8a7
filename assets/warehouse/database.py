"""Connections to the working database: one writer, capped in memory and spill, closed as soon as the step is done.

The file is attached under one name to a connection in memory, because only ``attach`` takes a key. With a key the file,
its write-ahead log and whatever spills to disk are encrypted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from assets.encryption import attach
from assets.home import Home
from assets.keys import Key, load_key

ALIAS = "warehouse"
"""The name of the working database inside every connection, whatever its file is called."""
STORAGE = "v1.4.0"
"""DuckDB's format of a plain working database (docs/decisions/0307)."""
MEMORY_LIMIT = "4GB"
TEMP_LIMIT = "8GB"
"""Without a cap on the spill folder one careless GROUP BY filled 58 GB of disk before it failed."""


@contextmanager
def connect(home: Home, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the working database of a home and close it again, whatever happens inside.

    Raises ``ConfigError`` when another program holds the file for writing, and for a missing or
    wrong key, and for a key on a file that is still plain (a night encrypts it).
    """
    with duckdb.connect() as connection:
        attach_working(connection, home.work_db, home.temp, load_key(home), read_only=read_only)
        yield connection


def attach_working(
    connection: duckdb.DuckDBPyConnection, path: Path, temp: Path, key: Key | None, *, read_only: bool = False
) -> None:
    """Attach the working database at ``path`` to an in-memory connection and make it the current one.

    ``temp`` is the spill folder; both folders are made for a writer.
    """
    if not read_only:
        for folder in (path.parent, temp):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = {
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(temp),
        "max_temp_directory_size": TEMP_LIMIT,
        # DuckDB fetches an extension it thinks it needs from the network; all that is needed is installed.
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    for name, value in settings.items():
        connection.execute(f"set {name} = '{value.replace(chr(39), chr(39) * 2)}'")
    attach(connection, path, ALIAS, key, read_only=read_only, storage=STORAGE)
    connection.execute(f"use {ALIAS}")


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """One commit for all statements inside; none of them holds when one fails."""
    connection.execute("begin")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
