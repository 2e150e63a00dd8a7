"""The answer to "a file got out": whose data it held, how much, whether it was encrypted, who had it.

Texas law gives 60 days for notice to people and asks for the number of Texans concerned; the first hour asks the same.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assets.encryption import attach, is_encrypted
from assets.home import Home
from assets.keys import Key, load_key
from assets.sealing import is_sealed

TOKEN = 12
"""Digits of a SHA-256 that name a file: fewer could mean two."""
WHOLE = {
    "quarantine.xlsx": "the workbook of rows that wait for a person",
    "report.html": "the report of the agency zone",
}


@dataclass(frozen=True)
class Incident:
    """What a file of this home holds. ``clients`` is None where that cannot be told without opening it."""

    what: str
    clients: int | None
    variables: tuple[str, ...]
    encrypted: bool
    receivers: tuple[str, ...]


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def incident(home: Home, sha256: str) -> Incident | None:
    """Find the file with this SHA-256 (or its first 12 digits or more) among receipts, the vault and the home's files.

    None when it is none of ours. A file that was removed in the meantime is known by its receipt or ledger only.
    """
    for path in sorted((home.agency / "releases").glob("*.json")):
        receipt = json.loads(path.read_text("utf-8"))
        hashes = {receipt.get("sha256"): "rows", **{held: name for name, held in receipt.get("files", {}).items()}}
        if named := next((name for held, name in hashes.items() if str(held).startswith(sha256)), None):
            rows = named in {"rows", "rows.csv", "rows.sav"}
            return Incident(
                what=f"{'rows' if rows else named} released to the project {receipt['project']}",
                clients=int(receipt["clients"]) if rows else 0,
                variables=tuple(receipt["variables"]) if rows else (),
                encrypted=False,
                receivers=(str(receipt["receiver"]),),
            )
    key = load_key(home)
    for path in sorted(home.vault.rglob(f"{sha256}*")):
        sealed = is_sealed(path)
        clients = _clients_of_file(home, key, path.name[:TOKEN])
        return Incident("an original export in the vault", clients, ("everything in the export",), sealed, ())
    for path in _files(home):
        if hash_of(path).startswith(sha256):
            return _known(home, key, path)
    return None


def _files(home: Home) -> Iterator[Path]:
    """Every file of the home that people could copy, published databases first."""
    found = [path for zone in (home.agency, home.research, home.public, home.inbox) for path in zone.rglob("*")]
    for path in sorted(found, key=lambda path: (path.suffix != ".duckdb", path)):
        if path.is_file() and not path.is_symlink() and home.dagster not in path.parents:
            yield path


def _known(home: Home, key: Key | None, path: Path) -> Incident:
    if path.suffix == ".duckdb":
        zone = "research" if home.research in path.parents else "working" if home.work in path.parents else "agency"
        return _database(path, zone, key)
    sealed = is_sealed(path)
    if home.public in path.parents:
        return Incident("a file of the public zone: no client can be told from it", 0, (), False, ("everybody",))
    if home.inbox in path.parents:
        clients = _clients_of_file(home, key, hash_of(path)[:TOKEN])
        return Incident("an export in the inbox", clients, ("everything in the export",), sealed, ())
    what = WHOLE.get(path.name, f"a file of the agency zone ({path.relative_to(home.root).parts[1]})")
    return Incident(what, None, ("see the file itself",), sealed, ())


def _clients_of_file(home: Home, key: Key | None, token: str) -> int | None:
    """How many clients have a row from this file in the newest agency database; None where nothing tells."""
    import duckdb

    if not home.agency_db.is_file():
        return None
    with duckdb.connect() as connection:
        path = home.agency_db.resolve()
        attach(connection, path, "agency", key if is_encrypted(path) else None, read_only=True)
        holders = connection.execute(
            "select table_name from duckdb_columns() where database_name = 'agency' and schema_name = 'raw'"
            " and column_name in ('client_id', 'file_token') group by table_name having count(*) = 2 order by 1"
        ).fetchall()
        if not holders:
            return None
        union = " union ".join(
            f'select client_id from agency.raw."{name}" where file_token = $token' for (name,) in holders
        )
        row = connection.execute(f"select count(distinct client_id) from ({union})", {"token": token}).fetchone()
    return int(row[0]) if row and row[0] else None


def _database(path: Path, zone: str, key: Key | None) -> Incident:
    import duckdb

    encrypted = bool(is_encrypted(path))
    if encrypted and key is None:
        return Incident(f"the {zone} database", None, ("everything",), True, ())
    with duckdb.connect() as connection:
        attach(connection, path, "found", key if encrypted else None, read_only=True)
        tables = connection.execute(
            "select schema_name || '.' || table_name as name from duckdb_tables()"
            " where database_name = 'found' and not internal order by name"
        ).fetchall()
        names = tuple(row[0] for row in tables)
        count = None
        if "marts.client_study" in names:
            count = connection.execute("select count(*) from found.marts.client_study").fetchone()
    return Incident(
        what=f"the {zone} database",
        clients=int(count[0]) if count else None,
        variables=names,
        encrypted=encrypted,
        receivers=(),
    )
