"""Which source tables' rows a column hangs on, found by taking each table away and building again.

What a count counts, and whose date decides what counts, is in no column, so following columns does not name it; naming
every table behind a model names too many. In memory the models of 95 clients run in a fraction of a second.
"""

from collections.abc import Mapping, Sequence

import duckdb

from assets.warehouse.compiled import CompiledModel, run_models
from assets.warehouse.drift import hand_over
from assets.warehouse.frozen import INPUTS

Prints = Mapping[tuple[str, str], int | None]


def row_sources(
    connection: duckdb.DuckDBPyConnection, models: Sequence[CompiledModel]
) -> dict[tuple[str, str], tuple[str, ...]]:
    """Mart and column → the raw tables without whose rows its values are others, in alphabetical order.

    ``connection`` is open on the working database; read-only is enough. Exact for the data at hand: a table without
    rows is behind nothing.
    """
    found: dict[tuple[str, str], list[str]] = {}
    with duckdb.connect() as memory:
        hand_over(connection, memory)
        run_models(memory, models)
        whole = _prints(memory)
        for table in sorted(INPUTS["raw"]):
            memory.execute("begin")
            memory.execute(f'delete from raw."{table}"')
            run_models(memory, models)
            without = _prints(memory)
            memory.execute("rollback")
            for column, value in whole.items():
                if without.get(column) != value:
                    found.setdefault(column, []).append(f"raw.{table}")
    return {column: tuple(found.get(column, ())) for column in whole}


def _prints(connection: duckdb.DuckDBPyConnection) -> Prints:
    """For each column of the marts a sum over its values with their clients, the same in any order of rows."""
    columns: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = 'marts'"
        " and database_name = current_database() order by table_name, column_index"
    ).fetchall():
        columns.setdefault(table, []).append(column)
    prints: dict[tuple[str, str], int | None] = {}
    for table, names in columns.items():
        sums = ", ".join(f"""sum(hash(client_id, "{name}"))""" for name in names)
        values = connection.execute(f'select {sums} from marts."{table}"').fetchone() or ()
        prints |= {(table, name): value for name, value in zip(names, values, strict=True)}
    return prints
