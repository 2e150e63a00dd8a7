"""How dbt comes to the working database: we attach it to dbt's own connection, so no profile or variable holds a key.

dbt loads this by its name in ``dbt_project/profiles.yml``. ``assets.warehouse.dbt`` says which file; dbt's command line
by hand says it in ``OUTCOMES_DBT_DB`` (a plain file).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from assets.keys import Key
from assets.warehouse.database import ALIAS, attach_working

_handed: list[tuple[Path, Path, Key | None]] = []


@contextmanager
def handed(path: Path, temp: Path, key: Key | None) -> Iterator[None]:
    """Let dbt open the database at ``path`` for as long as this lasts."""
    _handed.append((path, temp, key))
    try:
        yield
    finally:
        _handed.pop()


class Plugin(BasePlugin):  # type: ignore[misc]
    """Attaches the working database where there is one; a parse or a compilation has none."""

    def configure_connection(self, conn: Any) -> None:
        """Attach before dbt's profile looks for the name."""
        place = _place()
        if place is not None:
            attach_working(conn, *place)

    def configure_cursor(self, cursor: Any) -> None:
        """A cursor starts at the connection's first database again."""
        if _place() is not None:
            cursor.execute(f"use {ALIAS}")


def _place() -> tuple[Path, Path, Key | None] | None:
    if _handed:
        return _handed[-1]
    named = os.environ.get("OUTCOMES_DBT_DB")
    return (Path(named), Path(named).parent / "tmp", None) if named else None
