"""Erasing a person: from every table, every file and every copy this program can reach, with an honest receipt.

DuckDB keeps deleted and overwritten values in its file (measured: all of 5,000 names survived DELETE, CHECKPOINT and
VACUUM), so the database is copied into a new file, and published files of earlier builds are removed. What cannot be
reached (exports still in the inbox, backups, what was handed to others) is listed, not passed over.
"""

import json
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from assets.encryption import attach, is_encrypted, load_crypto
from assets.errors import DataError
from assets.home import Home
from assets.ingest.vault import read_vault
from assets.keys import Key, load_key
from assets.publish.privacy import erasure_list
from assets.publish.privacy.needles import Identities
from assets.publish.privacy.retention import Retention, refuse_if_held
from assets.publish.privacy.scanner import Scanner
from assets.publish.privacy.trail import record

if TYPE_CHECKING:
    import duckdb

ID_COLUMNS = ("client_id", "client_id_raw", "source_client_id", "project_client_id")
OWN_LISTS = ("aliases.csv", "holds.csv", "consent.csv")
"""Files that staff keep by hand: the program reads them and never writes them."""
ROW_KEYS = ("file_token", "sheet", "row_number")


@dataclass
class ErasureReceipt:
    """What was removed and what was not. It names no person: ``mark`` is the keyed mark of the ID."""

    receipt_id: str
    mark: str
    erased_at: str
    rows: dict[str, int] = field(default_factory=dict)
    vault_files: list[str] = field(default_factory=list)
    published_files: int = 0
    other_files: list[str] = field(default_factory=list)
    not_reached: list[str] = field(default_factory=list)
    remaining_hits: int = 0

    def as_json(self) -> str:
        """The receipt as stored in ``agency/erasures`` and shown to the person who asked for it."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)


@dataclass
class _Person:
    """Everything the database knows of one client that is needed to find the rest."""

    ids: set[str]
    names: set[str]
    responses: set[str]
    rows: set[tuple[str, str | None, int]]
    tokens: set[str]
    born: date | None
    exited: date | None


def erase_client(home: Home, source_id: str, retention: Retention, today: date) -> ErasureReceipt:
    """Erase the client with the agency's ID ``source_id`` (in its normal form) and return the receipt.

    The caller holds the home's writer lock and runs a night afterwards, so that results are computed without the
    client. Raises ``DataError``: ``NOBODY`` when nothing is known of that ID, ``RETAINED`` or ``LEGAL_HOLD`` when it
    may not be erased; then nothing was touched.
    """
    key = load_key(home)
    with _working(home, key) as connection:
        person = _find(connection, source_id)
        refuse_if_held(home, retention, source_id, (person.born, person.exited), today)
        now = datetime.now(UTC)
        receipt = ErasureReceipt(secrets.token_hex(6), "", now.isoformat(timespec="seconds"))
        receipt.rows = _delete(connection, person)
        receipt.mark = erasure_list.add(connection, home, source_id)
        _rebuild(connection, home)
    receipt.published_files = _remove_published(home)
    receipt.vault_files = _destroy_vault(home, person.tokens)
    identities = Identities(names=tuple(sorted(person.names | person.responses)), ids=tuple(sorted(person.ids)))
    _clean_tools(home, identities, receipt)
    _list_rest(home, identities, person, retention, receipt)
    folder = home.agency / "erasures"
    folder.mkdir(exist_ok=True, mode=0o700)
    path = folder / f"{receipt.receipt_id}.json"
    path.write_text(receipt.as_json())
    path.chmod(0o600)
    record(home, "erase", key, receipt=receipt.receipt_id, rows=sum(receipt.rows.values()),
           files=len(receipt.vault_files), remaining=receipt.remaining_hits)  # fmt: skip
    return receipt


class _working:
    """The working database, attached as ``warehouse`` to a connection in memory, whether encrypted or plain."""

    def __init__(self, home: Home, key: Key | None) -> None:
        self.home, self.key = home, key

    def __enter__(self) -> "duckdb.DuckDBPyConnection":
        import duckdb

        if not self.home.work_db.exists():
            raise DataError("NOBODY", "this home has no database yet")
        self.connection = duckdb.connect()
        encrypted = is_encrypted(self.home.work_db)
        attach(self.connection, self.home.work_db, "warehouse", self.key if encrypted else None)
        self.connection.execute("use warehouse")
        erasure_list.register(self.connection, self.home)
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def _rebuild(connection: "duckdb.DuckDBPyConnection", home: Home) -> None:
    """Copy the database into a new file and put it in the old one's place: only then deleted bytes are gone."""
    fresh = home.work_db.with_suffix(".rebuilt")
    fresh.unlink(missing_ok=True)
    key = load_key(home)
    encrypted = connection.execute(
        "select encrypted from duckdb_databases() where database_name = 'warehouse'"
    ).fetchone()
    if encrypted and encrypted[0] and key:
        load_crypto(connection)
    attach(connection, fresh, "rebuilt", key if encrypted and encrypted[0] else None)
    connection.execute("copy from database warehouse to rebuilt")
    connection.execute("checkpoint rebuilt")
    connection.execute("use memory")
    connection.execute("detach rebuilt")
    connection.execute("detach warehouse")
    fresh.chmod(0o600)
    fresh.replace(home.work_db)
    home.work_db.with_name(home.work_db.name + ".wal").unlink(missing_ok=True)


def _columns(connection: "duckdb.DuckDBPyConnection", data_type: str = "%") -> dict[str, set[str]]:
    rows = connection.execute(
        "select t.schema_name || '.' || t.table_name, c.column_name from duckdb_tables() t"
        " join duckdb_columns() c using (database_name, schema_name, table_name)"
        " where t.database_name = 'warehouse' and not t.internal and c.data_type like ?",
        [data_type],
    ).fetchall()
    tables: dict[str, set[str]] = {}
    for table, column in rows:
        tables.setdefault(table, set()).add(column)
    return tables


def _values(connection: "duckdb.DuckDBPyConnection", sql: str, parameters: list[Any]) -> set[Any]:
    return {row[0] for row in connection.execute(sql, parameters).fetchall() if row[0] is not None}


def _find(connection: "duckdb.DuckDBPyConnection", source_id: str) -> _Person:
    """Follow the ID through crosswalk, aliases and raw rows until nothing new turns up."""
    tables = _columns(connection)
    ids, before = {source_id}, 0
    while len(ids) != before:
        before = len(ids)
        for table, columns in tables.items():
            known = [column for column in ID_COLUMNS if column in columns]
            for column in known:
                for other in known:
                    sql = f'select distinct "{other}" from {table} where "{column}" in (select unnest(?))'
                    ids |= _values(connection, sql, [sorted(ids)])
    listed = [sorted(ids)]
    person = _Person(ids, set(), set(), set(), set(), None, None)
    for table, columns in tables.items():
        where = " or ".join(f'"{column}" in (select unnest(?))' for column in ID_COLUMNS if column in columns)
        if not where or not table.startswith("raw."):
            continue
        parameters = listed * where.count("?")
        if set(ROW_KEYS) <= columns:
            person.rows |= set(
                connection.execute(
                    f"select file_token, sheet, row_number from {table} where {where}", parameters
                ).fetchall()
            )
        if "client_name" in columns:
            person.names |= _values(connection, f"select client_name from {table} where {where}", parameters)
        if "response_id" in columns:
            person.responses |= _values(connection, f"select response_id from {table} where {where}", parameters)
        if "date_of_birth" in columns:
            born = _values(connection, f"select max(date_of_birth) from {table} where {where}", parameters)
            exited = _values(connection, f"select max(exit_date) from {table} where {where}", parameters)
            person.born, person.exited = next(iter(born), None), next(iter(exited), None)
    person.tokens = {token for token, _, _ in person.rows}
    in_crosswalk = _values(
        connection, "select client_id from control.crosswalk where source_client_id = ?", [source_id]
    )
    if not person.rows and not in_crosswalk:
        raise DataError("NOBODY", "nothing is known of a client with this ID")
    return person


def _delete(connection: "duckdb.DuckDBPyConnection", person: _Person) -> dict[str, int]:
    """Delete the person's rows from every table: by ID, by response, by place in a file, and by text in quarantine."""
    removed = {}
    ids, responses = sorted(person.ids), sorted(person.responses)
    connection.execute(
        "create or replace temp table erased_rows (file_token varchar, sheet varchar, row_number bigint)"
    )
    places = sorted(person.rows, key=repr)
    if places:
        connection.execute(
            "insert into erased_rows select unnest(?), unnest(?), unnest(?)",
            [list(column) for column in zip(*places, strict=True)],
        )
    connection.execute(
        "update control.files as f set rows_loaded = rows_loaded - e.n, rows_erased = coalesce(rows_erased, 0) + e.n"
        " from (select file_token, count(*) as n from erased_rows group by file_token) e"
        " where e.file_token = f.file_token and f.status = 'loaded'"
    )
    texts = [text for text in sorted(person.ids | person.names | person.responses) if len(text) >= 5]
    texts_of = _columns(connection, "VARCHAR")
    for table, columns in sorted(_columns(connection).items()):
        conditions: list[str] = []
        parameters: list[Any] = []
        for column in ID_COLUMNS:
            if column in columns:
                conditions.append(f'"{column}" in (select unnest(?))')
                parameters.append(ids)
        if "response_id" in columns and responses:
            conditions.append("response_id in (select unnest(?))")
            parameters.append(responses)
        if set(ROW_KEYS) <= columns:
            conditions.append(
                "exists (select 1 from erased_rows e where e.file_token = t.file_token and e.row_number = t.row_number"
                " and e.sheet is not distinct from t.sheet)"
            )
        for column in sorted(texts_of.get(table, set()) - set(ID_COLUMNS)):
            conditions.append(f'"{column}" in (select unnest(?))')  # an ID as somebody typed it, under any name
            parameters.append(texts)
        if "cells" in columns:
            conditions.append(
                "list_bool_or(list_transform(?::varchar[], x -> contains(lower(cells::varchar), lower(x))))"
            )
            parameters.append(texts)
        if conditions:
            where = " or ".join(conditions)
            count = connection.execute(f"select count(*) from {table} t where {where}", parameters).fetchone()
            if count and count[0]:
                connection.execute(f"delete from {table} as t where {where}", parameters)
                removed[table] = int(count[0])
    connection.execute("drop table erased_rows")
    return removed


def _remove_published(home: Home) -> int:
    """Remove every published database: each holds the person. The night that follows publishes anew."""
    removed = 0
    for folder, zone in ((home.agency, "agency"), (home.research, "research")):
        for path in [*folder.glob(f"{zone}-*.duckdb"), folder / f"{zone}.duckdb"]:
            if path.exists() or path.is_symlink():
                path.unlink()
                removed += 1
    (home.research / "spss").unlink(missing_ok=True)
    for bundle in home.research.glob("spss-*"):
        shutil.rmtree(bundle)
        removed += 1
    return removed


def _destroy_vault(home: Home, tokens: Iterable[str]) -> list[str]:
    """Destroy the vault's copies of the files the person stands in; the inbox and the source system still have them."""
    destroyed = []
    wanted = set(tokens)
    for path in sorted(home.vault.rglob("*")):
        if path.is_file() and path.name[:12] in wanted:
            path.unlink()
            destroyed.append(path.name[:12])
    return destroyed


def _clean_tools(home: Home, identities: Identities, receipt: ErasureReceipt) -> None:
    """Remove what the tools wrote about the person: logs and artefacts that nothing depends on."""
    home.follow_up.unlink(missing_ok=True)  # the night that follows writes it anew
    scanner = Scanner(identities)
    for place in (home.dbt, home.temp, home.rejected, home.dagster, home.report.parent):
        report = scanner.scan([place], home.root) if place.exists() else None
        if place == home.dbt and report and report.hits:
            shutil.rmtree(place)  # all of it is made anew, and its parts vouch for each other
            place.mkdir(mode=0o700)
            receipt.other_files.append(place.name)
            continue
        for name in sorted({hit.path for hit in report.hits}) if report else []:
            path = home.root / name
            if path.is_file():
                path.unlink()
                receipt.other_files.append(place.name)
            else:
                receipt.not_reached.append(f"a file in {place.name}, by its name")


def _list_rest(
    home: Home, identities: Identities, person: _Person, retention: Retention, receipt: ErasureReceipt
) -> None:
    """Say what still holds the person, and prove that the rest of the home does not."""
    scanner, key = Scanner(identities), load_key(home)
    inbox = scanner.scan([home.inbox], home.root) if home.inbox.exists() else None
    if inbox and (inbox.hits or inbox.opaque):
        n = len({hit.path for hit in inbox.hits} | set(inbox.opaque))
        receipt.not_reached.append(
            f"{n} exports in the inbox: erase the client at the source, export anew, remove them"
        )
    for path in sorted(home.vault.rglob("*")):
        if path.is_file() and scanner.scan_bytes(read_vault(path, key)):
            path.unlink()
            receipt.vault_files.append(path.name[:12])
    receipt.not_reached += [f"backup: {told}" for told in retention.backups]
    frozen = home.agency / "frozen"
    if frozen.is_dir() and any(frozen.iterdir()):
        receipt.not_reached.append(f"{sum(1 for _ in frozen.iterdir())} frozen publication sets")
    handed = home.agency / "releases"
    if handed.is_dir() and any(handed.glob("*.json")):
        receipt.not_reached.append(f"{sum(1 for _ in handed.glob('*.json'))} releases to projects made before")
    elsewhere = [home.agency, home.research, home.public]
    rest = scanner.scan([place for place in elsewhere if place.exists()], home.root)
    own_lists = {hit.path for hit in rest.hits if home.root / hit.path in (home.agency / name for name in OWN_LISTS)}
    receipt.not_reached += [f"{path}: remove the client's lines by hand" for path in sorted(own_lists)]
    receipt.remaining_hits = len([hit for hit in rest.hits if hit.path not in own_lists])
