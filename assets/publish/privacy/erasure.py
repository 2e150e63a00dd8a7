"""Erasing a person: from every table, every file and every copy this program can reach, with an honest receipt.

DuckDB keeps deleted and overwritten values in its file (measured: all of 5,000 names survived DELETE, CHECKPOINT and
VACUUM), so the database is copied into a new file, and published files of earlier builds are removed. What cannot be
reached (exports still in the inbox, backups, what was handed to others) is listed, not passed over.
"""

import json
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from assets.encryption import attach, is_encrypted, load_crypto
from assets.errors import DataError
from assets.home import Home
from assets.keys import Key, load_key
from assets.publish.privacy import erasure_list
from assets.publish.privacy.erasure_files import (
    by_hand,
    destroy_vault,
    frozen_sets,
    remaining,
    remove_files,
    remove_published,
)
from assets.publish.privacy.needles import Identities
from assets.publish.privacy.retention import Retention, refuse_if_held
from assets.publish.privacy.scanner import Scanner
from assets.publish.privacy.trail import record

if TYPE_CHECKING:
    import duckdb

ID_COLUMNS = ("client_id", "client_id_raw", "source_client_id", "project_client_id")
LONG = 8
"""From so many characters on a text is looked for anywhere in the bytes of a file."""
ROW_KEYS = ("file_token", "sheet", "row_number")
RECORD_KEYS = ("record_id", "goal_id", "response_id")


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
    """How often any form of the person's names and IDs was still found, ``counted_at``, in ``remaining_in``."""
    remaining_in: list[str] = field(default_factory=list)
    unopened_files: int = 0
    counted_at: str = ""
    looked_for: Identities = field(default_factory=Identities, repr=False)
    """What was searched for: in memory only, never on the receipt."""

    def as_json(self) -> str:
        """The receipt as stored in ``agency/erasures`` and shown to the person who asked for it."""
        told = {name: value for name, value in asdict(self).items() if name != "looked_for"}
        return json.dumps(told, indent=1, sort_keys=True)


@dataclass
class _Person:
    """Everything the database knows of one client that is needed to find the rest."""

    ids: set[str]
    names: set[str]
    responses: set[str]
    records: set[str]
    """The source system's own keys of the person's rows (records, goals)."""
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
    receipt.looked_for = _identities(person)
    scanner = Scanner(receipt.looked_for)
    receipt.published_files = remove_published(home)
    receipt.vault_files, closed = destroy_vault(home, person.tokens, scanner)
    receipt.other_files = remove_files(home, scanner)
    gone, kept = frozen_sets(home, scanner, erase=retention.frozen == "erase")
    receipt.other_files += [f"frozen/{name}" for name in gone]
    receipt.not_reached = _not_reached(home, scanner, retention, kept, closed)
    _count_rest(home, scanner, receipt)
    record(home, "erase", key, receipt=receipt.receipt_id, rows=sum(receipt.rows.values()),
           files=len(receipt.vault_files), remaining=receipt.remaining_hits)  # fmt: skip
    return receipt


def _identities(person: _Person) -> Identities:
    """What is searched for in files: long texts in every form, short ones as whole cells."""
    short = {text for text in person.ids | person.names | person.responses if len(text) < LONG} | person.records
    return Identities(
        names=tuple(sorted((person.names | person.responses) - short)),
        ids=tuple(sorted(person.ids - short)),
        cells=tuple(sorted(short)),
    )


def look_again(home: Home, receipt: ErasureReceipt) -> None:
    """Count once more after the night that follows, and put the figure on the stored receipt.

    The night makes files anew and reads the inbox again: only after it the receipt tells how things are.
    """
    _count_rest(home, Scanner(receipt.looked_for), receipt)


def _count_rest(home: Home, scanner: Scanner, receipt: ErasureReceipt) -> None:
    hits, closed = remaining(home, scanner)
    receipt.remaining_hits, receipt.unopened_files = len(hits), closed
    receipt.remaining_in = sorted({hit.path for hit in hits})
    receipt.counted_at = datetime.now(UTC).isoformat(timespec="seconds")
    folder = home.agency / "erasures"
    folder.mkdir(exist_ok=True, mode=0o700)
    path = folder / f"{receipt.receipt_id}.json"
    path.write_text(receipt.as_json())
    path.chmod(0o600)


def _not_reached(home: Home, scanner: Scanner, retention: Retention, frozen: list[str], closed: int) -> list[str]:
    """Say what still holds the person and is for people to settle."""
    told = []
    inbox = scanner.scan([home.inbox], home.root) if home.inbox.exists() else None
    if inbox and (inbox.hits or inbox.opaque):
        n = len({hit.path for hit in inbox.hits} | set(inbox.closed))
        told.append(f"{n} exports in the inbox: erase the client at the source, export anew, remove them")
    told += [f"backup: {text}" for text in retention.backups]
    told += [f"frozen publication {name}: kept by the setting retention.frozen" for name in frozen]
    if closed:
        told.append(f"{closed} files of the vault are protected, damaged or too large, and could not be looked into")
    handed = sum(1 for _ in (home.agency / "releases").glob("*.json"))
    if handed:
        told.append(f"{handed} releases to projects made before: ask each receiver to delete")
    if (home.public / "report.html").exists():
        told.append("public pages made before still count the client, in groups too large to tell anyone from")
    return told + by_hand(home, scanner)


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
    person = _Person(ids, set(), set(), set(), set(), set(), None, None)
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
        for name, kept in (("client_name", person.names), ("record_id", person.records), ("goal_id", person.records),
                           ("response_id", person.responses)):  # fmt: skip
            if name in columns:
                kept.update(_values(connection, f"select {name} from {table} where {where}", parameters))
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


def _forget_suggestions(connection: "duckdb.DuckDBPyConnection", ids: list[str]) -> None:
    """Take the person out of what is suggested for the responses of others, which stay in the review."""
    for column in sorted(_columns(connection).get("control.survey_review", ())):
        if column.startswith("suggestion_"):
            connection.execute(
                f"update control.survey_review set {column} = null where {column} in (select unnest(?))", [ids]
            )


def _delete(connection: "duckdb.DuckDBPyConnection", person: _Person) -> dict[str, int]:
    """Delete the person's rows from every table: by ID, by response, by place in a file, and by text in quarantine."""
    removed = {}
    ids, responses = sorted(person.ids), sorted(person.responses)
    connection.execute(
        "create or replace temp table erased_rows (file_token varchar, sheet varchar, row_number bigint)"
    )
    everything = person.ids | person.names | person.responses | person.records
    texts = [text for text in sorted(everything) if len(text) >= 5]
    texts_of = _columns(connection, "VARCHAR")
    places = sorted(person.rows | _rows_that_say(connection, texts_of, texts), key=repr)
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
    _forget_suggestions(connection, ids)
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
            if _is_feed(table, columns):
                break  # erased_rows names them
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
    if "control.files_staged" in texts_of:
        connection.execute("delete from control.files_staged")  # staging is made anew from what is left
    return removed


def _is_feed(table: str, columns: set[str]) -> bool:
    return table.startswith("raw.") and {*ROW_KEYS, "client_id"} <= columns


def _rows_that_say(
    connection: "duckdb.DuckDBPyConnection", texts_of: dict[str, set[str]], texts: list[str]
) -> set[tuple[str, str | None, int]]:
    """Rows of others with a cell that is the person's name or ID, e.g. a note of a sibling whose narrative is it.

    Keys of records are not compared: each form numbers its own, so the same number is another person's elsewhere.
    """
    found: set[tuple[str, str | None, int]] = set()
    for table, columns in sorted(_columns(connection).items()):
        named = sorted(texts_of.get(table, set()) - {*ID_COLUMNS, *ROW_KEYS, *RECORD_KEYS})
        if _is_feed(table, columns) and named:
            where = " or ".join(f'"{column}" in (select unnest($1))' for column in named)
            found |= set(
                connection.execute(
                    f"select file_token, sheet, row_number from {table} where {where}", [texts]
                ).fetchall()
            )
    return found
