"""The format that the working database is written in."""

from pathlib import Path

import duckdb

from assets.home import Home
from assets.warehouse.database import ALIAS, connect


def test_a_plain_database_of_the_old_format_is_raised_and_keeps_its_rows(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.work_db.parent.mkdir(parents=True)
    with duckdb.connect(str(home.work_db)) as old:
        old.execute("create table t as select range as n, 'word ' || range % 3 as w from range(5000)")
        assert _format(old, home.work_db.stem) == "v1.0.0+"
        before = old.execute("select sum(n), count(distinct w) from t").fetchone()
    with connect(home) as connection:
        connection.execute("insert into t values (0, 'word 0')")
    with connect(home, read_only=True) as connection:
        assert _format(connection, ALIAS) == "v1.4.0+"
        assert connection.execute("select sum(n), count(distinct w) from t").fetchone() == before


def _format(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    found = connection.execute(
        "select tags['storage_version'] from duckdb_databases() where database_name = ?", [name]
    ).fetchone()
    return str(found[0]) if found else ""
