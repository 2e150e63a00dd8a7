"""Publishing: fresh database files beside the old ones, and a symlink that changes in one step.

DuckDB lets one process write or many read. So the working database stays private; readers open a published copy
through a symlink. A reader who holds yesterday's file keeps it (its inode lives on), the writer never waits for one.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from assets.encryption import attach
from assets.files import sync
from assets.home import Home
from assets.keys import Key, load_key, remember_key
from assets.publish.codebook import Column, read_codebook
from assets.publish.gate import RESEARCH_SCHEMAS, check_research
from assets.publish.parquet import write_parquet
from assets.publish.privacy.trail import record
from assets.publish.zones import PRIVATE_FILE, SHARED_FILE, tighten
from assets.warehouse.database import transaction

KEEP = 3
"""Builds kept beside the newest, for readers of a symlink's target and for a look back."""


@dataclass(frozen=True)
class Publication:
    """The two files of a build, by their own names (not the symlinks)."""

    research: Path
    agency: Path


def publish(
    home: Home,
    connection: duckdb.DuckDBPyConnection,
    build_id: str,
    *,
    keep: int = KEEP,
    finish: Callable[[duckdb.DuckDBPyConnection, str], None] | None = None,
) -> Publication:
    """Write ``research-<build>.duckdb``, ``agency-<build>.duckdb`` and ``parquet-<build>/``; point the symlinks there.

    ``connection`` is open on the working database and holds no transaction. All files are complete, checked and on
    disk before any symlink moves; after a failure the symlinks stand as before and nothing half-written is left.
    ``finish`` is called with the connection and the name of each attached file, to add what is no table (macros,
    comments). The agency's file is encrypted when a key is set, and modes in the agency zone are tightened. Raises
    ``DataError`` when the research file breaks a rule of its zone, ``ConfigError`` for a missing or wrong key.
    """
    columns = read_codebook(connection)
    key = load_key(home)
    if key:
        remember_key(home, key)
    home.temp.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (
        _fresh(home.temp / "research.duckdb.part") as research,
        _fresh(home.temp / "agency.duckdb.part") as agency,
        _fresh(home.temp / "parquet.part") as parquet,
    ):
        with _attached(connection, research, None) as name:
            _copy(connection, name, _tables(connection, RESEARCH_SCHEMAS), columns)
            check_research(connection, name, columns, home.config)
            _finish(finish, connection, name)
            write_parquet(connection, name, parquet, build_id)
        with _attached(connection, agency, key) as name:
            _copy(connection, name, _tables(connection, None), columns)
            _finish(finish, connection, name)
        _settle(research, SHARED_FILE)
        _settle(agency, PRIVATE_FILE)
        done = Publication(
            research=_place(research, _free_name(home.research, "research", build_id)),
            agency=_place(agency, _free_name(home.agency, "agency", build_id)),
        )
        copies = _place_folder(parquet, home.research / done.research.stem.replace("research", "parquet", 1))
    _swap(home.research_db, done.research)
    _swap(home.parquet, copies)
    _swap(home.agency_db, done.agency)
    _prune(home.research, "research", done.research, keep)
    _prune(home.agency, "agency", done.agency, keep)
    _prune_parquet(home.research)
    tighten(home)
    record(home, "publish", key, build_id=build_id, zones=["research", "agency"], encrypted=key is not None)
    return done


def _finish(
    finish: Callable[[duckdb.DuckDBPyConnection, str], None] | None, connection: duckdb.DuckDBPyConnection, name: str
) -> None:
    if finish:
        finish(connection, name)


@contextmanager
def _fresh(path: Path) -> Iterator[Path]:
    """A path that holds nothing before, and nothing after unless it was moved away."""
    _remove(path)
    try:
        yield path
    finally:
        _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".wal").unlink(missing_ok=True)


@contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, path: Path, key: Key | None) -> Iterator[str]:
    name = "published"
    attach(connection, path, name, key)
    try:
        yield name
        connection.execute(f"checkpoint {name}")
    finally:
        connection.execute(f"detach {name}")


def _tables(connection: duckdb.DuckDBPyConnection, schemas: Iterable[str] | None) -> list[tuple[str, str]]:
    rows = connection.execute(
        "select schema_name, table_name from duckdb_tables()"
        " where database_name = current_database() and not internal and not temporary order by all"
    ).fetchall()
    return [(schema, table) for schema, table in rows if schemas is None or schema in schemas]


def _copy(
    connection: duckdb.DuckDBPyConnection, target: str, tables: list[tuple[str, str]], columns: list[Column]
) -> None:
    meanings = {(column.table, column.name): column.meaning for column in columns}
    with transaction(connection):  # several hundred comments would each be a commit
        for schema, table in tables:
            _copy_table(connection, target, schema, table, meanings)


def _copy_table(
    connection: duckdb.DuckDBPyConnection, target: str, schema: str, table: str, meanings: dict[tuple[str, str], str]
) -> None:
    names = connection.execute(
        "select column_name, comment from duckdb_columns() where database_name = current_database()"
        " and schema_name = ? and table_name = ? order by column_index",
        [schema, table],
    ).fetchall()
    order = _order([name for name, _ in names]) if schema == "marts" else "order by rowid"
    place = f'{target}."{schema}"."{table}"'
    connection.execute(f'create schema if not exists {target}."{schema}"')
    connection.execute(f'create table {place} as select * from "{schema}"."{table}" {order}')
    for name, comment in names:
        told = comment or meanings.get((f"{schema}.{table}", name))
        if told:
            connection.execute(f"""comment on column {place}."{name}" is '{told.replace("'", "''")}'""")


def _order(names: list[str]) -> str:
    """Order rows of clients by the random ID and then by all columns: no order of files or dates survives."""
    first = [name for name in names if name == "client_id"]
    quoted = [f'"{name}"' for name in [*first, *(name for name in names if name not in first)]]
    return "order by " + ", ".join(quoted)


def _settle(path: Path, mode: int) -> None:
    path.chmod(mode)
    sync(path)


def _free_name(folder: Path, zone: str, build_id: str) -> Path:
    """A name no reader can hold: a second publication of one build gets a number."""
    candidate = folder / f"{zone}-{build_id}.duckdb"
    number = 2
    while candidate.exists():
        candidate = folder / f"{zone}-{build_id}.{number}.duckdb"
        number += 1
    return candidate


def _place(source: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.stat().st_dev != target.parent.stat().st_dev:
        beside = target.with_name(f".{target.name}.part")
        shutil.copy2(source, beside)
        sync(beside)
        source.unlink()
        source = beside
    source.replace(target)
    sync(target.parent)
    return target


def _place_folder(source: Path, target: Path) -> Path:
    """Put a finished folder of files in its place; across devices it is copied beside the place first."""
    beside = target.with_name(f".{target.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.move(source, beside)
    beside.replace(target)
    sync(target.parent)
    return target


def _swap(link: Path, target: Path) -> None:
    """Point ``link`` at ``target`` (a file beside it) by one rename."""
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target.name)
    fresh.replace(link)
    sync(link.parent)


def _prune(folder: Path, zone: str, current: Path, keep: int) -> None:
    """Remove all but the newest ``keep`` earlier files; who has one open keeps reading it."""
    earlier = sorted(
        (path for path in folder.glob(f"{zone}-*.duckdb") if path != current), key=lambda path: path.stat().st_mtime_ns
    )
    for path in earlier[: max(len(earlier) - keep, 0)]:
        path.unlink()


def _prune_parquet(folder: Path) -> None:
    """Remove the Parquet copies of builds whose database file is gone."""
    for copies in folder.glob("parquet-*/"):
        if not copies.with_name(copies.name.replace("parquet", "research", 1) + ".duckdb").exists():
            shutil.rmtree(copies)
