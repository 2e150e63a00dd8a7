"""Who was erased, as keyed marks: enough to keep a person out, not enough to read a name off.

An old export that is dropped again would bring an erased client back. The list therefore holds HMAC-SHA256 marks of
client IDs under a secret of the home. Ingestion asks ``control.erased_clients``; that is a view which computes, for
every ID the agency's pattern allows, whether its mark is listed: no ID of an erased client is stored anywhere.
"""

import hmac
import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from assets.errors import ConfigError
from assets.home import Home
from assets.yamlfile import read_yaml

if TYPE_CHECKING:
    import duckdb

MOST_DIGITS = 6
"""A million possible IDs take about two seconds a question; longer IDs would need another way."""

_VIEW = """
create or replace view control.erased_clients as
select client_id
from (select '{prefix}-' || lpad(cast(number as varchar), {digits}, '0') as client_id from range({count}) t(number))
where erasure_mark(client_id) in (select mark from control.erasure_list)
"""


def secret_path(home: Home) -> Path:
    """Return the place of the list's secret: in the agency zone, mode 600, in no database and in no backup of one."""
    return home.agency / "erasure-secret"


def mark(home: Home, client_id: str) -> str:
    """Return the mark of a client ID: 64 hex digits that cannot be made or undone without the secret."""
    return hmac.digest(_secret(home), client_id.encode(), "sha256").hex()


def add(connection: "duckdb.DuckDBPyConnection", home: Home, client_id: str) -> str:
    """Put a client on the list and return the mark; ``connection`` is open on the working database."""
    connection.execute("create schema if not exists control")
    connection.execute("create table if not exists control.erasure_list (mark varchar)")
    made = mark(home, client_id)
    if not connection.execute("select 1 from control.erasure_list where mark = ?", [made]).fetchone():
        connection.execute("insert into control.erasure_list values (?)", [made])
    register(connection, home)
    prefix, digits = _pattern(home.config)
    connection.execute(_VIEW.format(prefix=prefix, digits=digits, count=10**digits))
    return made


def register(connection: "duckdb.DuckDBPyConnection", home: Home) -> None:
    """Make ``erasure_mark`` known to a connection; to be called before ingestion on its connection.

    Without it the view cannot be read and ingestion stops: an erased client never slips in by an omission.
    """
    import duckdb
    import pyarrow as pa

    if not _exists(connection):
        return
    secret = _secret(home)  # read once: a question marks 100,000 possible IDs

    try:
        connection.create_function(
            "erasure_mark",
            # In batches, and as a lambda: DuckDB evaluates the annotations of a function it is given.
            lambda ids: pa.array([hmac.digest(secret, text.encode(), "sha256").hex() for text in ids.to_pylist()]),
            ["VARCHAR"],
            "VARCHAR",
            type="arrow",
        )
    except (duckdb.NotImplementedException, duckdb.CatalogException):
        return  # this connection has it already


def sweep(connection: "duckdb.DuckDBPyConnection", home: Home) -> int:
    """Take out what an old export of an erased client brought along; to be called after ingestion.

    A row with an unreadable cell waits in quarantine before anybody asks whose it is: it goes, in any usual way of
    writing the ID, and counts as erased. So does the vault's copy of a file that holds rows of an erased client.
    Returns the number of rows taken out of quarantine.
    """
    from assets.ingest import load_feeds, normalise_client_id

    if not _exists(connection):
        return 0
    register(connection, home)
    marks = {row[0] for row in connection.execute("select mark from control.erasure_list").fetchall()}
    pattern, secret = load_feeds(home.config).agency.client_id, _secret(home)
    swept = set()
    for token, sheet, number, cells in connection.execute(
        "select file_token, sheet, row_number, cells::varchar from control.quarantine"
    ).fetchall():
        texts = json.loads(cells).values() if cells else ()
        ids = {normalise_client_id(text, pattern) for text in texts if isinstance(text, str)} - {None}
        if any(hmac.digest(secret, str(one).encode(), "sha256").hex() in marks for one in ids):
            swept.add((token, sheet, number))
    for token, sheet, number in sorted(swept, key=repr):
        connection.execute(
            "delete from control.quarantine where file_token = ? and sheet is not distinct from ?"
            " and row_number is not distinct from ?",
            [token, sheet, number],
        )
        connection.execute(
            "update control.files set rows_quarantined = rows_quarantined - 1, rows_erased = rows_erased + 1"
            " where file_token = ?",
            [token],
        )
    for (token,) in connection.execute("select file_token from control.files where rows_erased > 0").fetchall():
        for copy in home.vault.glob(f"{token[:2]}/{token}*"):
            copy.unlink()
    return len(swept)


def _exists(connection: "duckdb.DuckDBPyConnection") -> bool:
    found = connection.execute(
        "select 1 from duckdb_tables() where database_name = current_database()"
        " and schema_name = 'control' and table_name = 'erasure_list'"
    ).fetchone()
    return found is not None


def _secret(home: Home) -> bytes:
    path = secret_path(home)
    if path.exists():
        return path.read_bytes()
    if home.work_db.exists() and (home.agency / "erasures").is_dir():
        raise ConfigError("agency/erasure-secret is missing: without it erased clients cannot be kept out; restore it")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    made = secrets.token_bytes(32)
    with os.fdopen(handle, "wb") as file:
        file.write(made)
    return made


def _pattern(config: Path) -> tuple[str, int]:
    agency = read_yaml((config / "agency.yml").read_text("utf-8"))
    prefix, digits = str(agency["client_id"]["prefix"]), int(agency["client_id"]["digits"])
    if digits > MOST_DIGITS or not prefix.isalnum():
        raise ConfigError(f"agency.yml: client_id: erasure works for IDs of up to {MOST_DIGITS} digits")
    return prefix, digits
