"""The answer to "a file got out": whose data it held, how much, whether it was encrypted, who had it.

Texas law gives 60 days for notice to people and asks for the number of Texans concerned; the first hour asks the same.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from assets.home import Home
from assets.publish.privacy.encryption import MAGIC


@dataclass(frozen=True)
class Incident:
    """What a file of this home holds. ``clients`` is None where that cannot be told without opening it."""

    what: str
    clients: int | None
    variables: tuple[str, ...]
    encrypted: bool
    receivers: tuple[str, ...]


def incident(home: Home, sha256: str) -> Incident | None:
    """Find the file with this SHA-256 among receipts, published files and the vault; None when it is none of ours."""
    for path in sorted((home.agency / "releases").glob("*.json")):
        receipt = json.loads(path.read_text("utf-8"))
        if receipt.get("sha256") == sha256:
            return Incident(
                what=f"rows released to the project {receipt['project']}",
                clients=int(receipt["clients"]),
                variables=tuple(receipt["variables"]),
                encrypted=False,
                receivers=(str(receipt["receiver"]),),
            )
    for folder, zone in ((home.research, "research"), (home.agency, "agency")):
        for path in sorted(folder.glob(f"{zone}-*.duckdb")):
            if hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
                return _database(path, zone)
    for path in sorted(home.vault.rglob(f"{sha256}*")):
        sealed = path.read_bytes()[: len(MAGIC)] == MAGIC
        return Incident("an original export in the vault", None, ("everything in the export",), sealed, ())
    return None


def _database(path: Path, zone: str) -> Incident:
    import duckdb

    try:
        connection = duckdb.connect(str(path), read_only=True)
    except duckdb.CatalogException:
        return Incident(f"the {zone} database", None, ("everything",), True, ())
    with connection:
        count = connection.execute("select count(*) from marts.client_study").fetchone()
        tables = connection.execute(
            "select distinct schema_name || '.' || table_name as name from duckdb_tables() order by name"
        ).fetchall()
    return Incident(
        what=f"the {zone} database",
        clients=int(count[0]) if count else None,
        variables=tuple(row[0] for row in tables),
        encrypted=False,
        receivers=(),
    )
