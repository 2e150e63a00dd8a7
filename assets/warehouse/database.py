"""Connections to the working database: one writer, capped in memory and spill, closed as soon as the step is done."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

MEMORY_LIMIT = "4GB"
TEMP_LIMIT = "8GB"
"""Without a cap on the spill folder one careless GROUP BY filled 58 GB of disk before it failed."""


@contextmanager
def connect(path: Path, *, read_only: bool = False, temp: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the DuckDB file at ``path`` and close it again, whatever happens inside.

    ``temp`` is the spill folder (default: ``tmp`` beside the file). Raises ``duckdb.IOException`` when another process
    holds the file for writing.
    """
    spill = temp or path.parent / "tmp"
    if not read_only:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        spill.mkdir(parents=True, exist_ok=True, mode=0o700)
    config = {"memory_limit": MEMORY_LIMIT, "temp_directory": str(spill), "max_temp_directory_size": TEMP_LIMIT}
    connection = duckdb.connect(str(path), read_only=read_only, config=config)
    try:
        yield connection
    finally:
        connection.close()
