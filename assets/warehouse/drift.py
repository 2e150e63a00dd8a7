"""A frozen publication held against itself made again, and against today's data."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from assets.errors import ConfigError, DataError
from assets.warehouse.compiled import run_models
from assets.warehouse.frozen import (
    INPUTS,
    UNREAD,
    Attach,
    copy_inputs,
    environment,
    kept_inputs,
    plain_attach,
    read_freeze,
    read_models,
    table_hash,
)

Study = Callable[[duckdb.DuckDBPyConnection, dict[str, Any]], None]


@dataclass(frozen=True)
class Rebuilt:
    """Table → whether it came out with the very same content; ``environment`` lists versions that differ by now."""

    tables: Mapping[str, bool]
    environment: Mapping[str, tuple[str, str]]

    @property
    def identical(self) -> bool:
        """Whether every table did."""
        return all(self.tables.values())


@dataclass(frozen=True)
class Drift:
    """What today's data would change in one column of ``client_study``, among the clients of both; or the clients."""

    variable: str
    changed: int
    filled: int
    emptied: int


def rebuild(folder: Path, name: str, *, attach: Attach = plain_attach, study: Study | None = None) -> Rebuilt:
    """Make the marts again from the frozen data by the frozen SQL and compare them, table by table, row by row.

    ``study`` fits the analyses of the frozen settings into ``study.*`` of the connection's database; without it the
    frozen study tables are not made again. Settings of today play no part.
    """
    record = read_freeze(folder, name)
    with duckdb.connect() as connection:
        attach(connection, folder / name / "frozen.duckdb", "frozen")
        copy_inputs(connection, "frozen", "memory", kept_inputs(connection, "frozen"))
        run_models(connection, read_models(folder / name))
        wanted = [table for table in record.tables if study or table.startswith("marts.")]
        if study:
            study(connection, json.loads((folder / name / "study.json").read_text("utf-8"))["analysis"])
        present = {
            f"{schema}.{table}"
            for schema, table in connection.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'memory'"
            ).fetchall()
        }
        made = {table: table_hash(connection, table) if table in present else None for table in wanted}
    now = environment()
    return Rebuilt(
        tables={table: made[table] == record.tables[table] for table in made},
        environment={key: (old, now.get(key, "-")) for key, old in record.environment.items() if now.get(key) != old},
    )


def confirm(folder: Path, name: str, *, attach: Attach = plain_attach, study: Study | None = None) -> None:
    """Take a new freeze back unless its own data, settings and SQL give the very tables that it holds.

    They do not where the settings or the program have changed since the tables were made, or where a night failed
    half-way: such a freeze could never be made again. Raises ``ConfigError`` naming the tables that differ.
    """
    try:
        again = rebuild(folder, name, attach=attach, study=study)
        others = ", ".join(sorted(table for table, same in again.tables.items() if not same))
        if others:
            raise ConfigError(
                f"freeze: the settings or the program in force do not make the tables there are ({others});"
                " run `outcomes run` first"
            )
    except BaseException:
        shutil.rmtree(folder / name, ignore_errors=True)
        raise


def drift(
    connection: duckdb.DuckDBPyConnection, folder: Path, name: str, *, attach: Attach = plain_attach
) -> list[Drift]:
    """List what today's data would change under the frozen definitions, by variable and count.

    ``connection`` is open on today's working database; read-only is enough. The first two rows count clients added and
    gone; then come the variables that changed among the clients of both, the most changed first. Raises ``DataError``
    where today's tables no longer have what the frozen SQL reads.
    """
    read_freeze(folder, name)
    with duckdb.connect() as today:
        hand_over(connection, today)
        try:
            run_models(today, read_models(folder / name))
        except (duckdb.Error, ConfigError):
            raise DataError(
                "FROZEN_SQL", "today's tables have not what the frozen SQL reads, so they cannot be compared"
            ) from None
        attach(today, folder / name / "frozen.duckdb", "frozen")
        described = today.execute("select * from memory.marts.client_study limit 0").description
        names = [column[0] for column in described if column[0] != "client_id"]
        counted = ", ".join(
            f"count(*) filter (where n.{c} is distinct from o.{c} and n.{c} is not null and o.{c} is not null),"
            f" count(*) filter (where o.{c} is null and n.{c} is not null),"
            f" count(*) filter (where n.{c} is null and o.{c} is not null)"
            for c in names
        )
        pair = "memory.marts.client_study as n join frozen.marts.client_study as o using (client_id)"
        counts = today.execute(f"select {counted} from {pair}").fetchone() or ()
        added, gone = (
            today.execute(
                f"select count(*) from {one}.marts.client_study anti join {other}.marts.client_study using (client_id)"
            ).fetchall()[0][0]
            for one, other in (("memory", "frozen"), ("frozen", "memory"))
        )
    rows = [Drift(column, *counts[3 * place : 3 * place + 3]) for place, column in enumerate(names)]
    moved = sorted(
        (row for row in rows if row.changed + row.filled + row.emptied),
        key=lambda row: (-(row.changed + row.filled + row.emptied), row.variable),
    )
    return [Drift("(clients added)", added, 0, 0), Drift("(clients gone)", gone, 0, 0), *moved]


def hand_over(source: duckdb.DuckDBPyConnection, target: duckdb.DuckDBPyConnection) -> None:
    """Give an in-memory database what the models read, from a connection that may be read-only or keyed."""
    for schema, tables in INPUTS.items():
        target.execute(f'create schema if not exists "{schema}"')
        for table in tables:
            rows = source.execute(f'select * from "{schema}"."{table}"').to_arrow_table()
            kept = rows.select([name for name in rows.column_names if name not in UNREAD])
            target.register("handed", kept)
            target.execute(f'create table "{schema}"."{table}" as from handed')
            target.unregister("handed")
