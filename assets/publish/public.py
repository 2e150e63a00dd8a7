"""The public zone: tables with small cells suppressed, released only when no earlier release gives them away."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from assets.home import Home
from assets.publish.privacy.disclosure import PublicRelease, to_public
from assets.publish.privacy.keys import load_key
from assets.publish.privacy.ledger import Verdict, check, enter
from assets.publish.privacy.policy import load_policy
from assets.publish.privacy.projects import to_csv
from assets.publish.privacy.trail import record

if TYPE_CHECKING:
    import duckdb

Render = Callable[[PublicRelease], str]
"""Makes the public page of a release; it must show ``release.watermark`` when there is one."""


@dataclass(frozen=True)
class PublicOutcome:
    """What became of a public release: its files, or the verdict that holds it back (the old files then stay)."""

    files: tuple[Path, ...]
    verdict: Verdict
    release: PublicRelease


def publish_public(
    home: Home, connection: "duckdb.DuckDBPyConnection", build_id: str, today: date, render: Render | None = None
) -> PublicOutcome:
    """Release the public form of ``study.*``: ``public/tables/<name>.csv``, with ``render`` ``public/report.html`` too.

    ``connection`` is open on the working database. Nothing is replaced when the ledger holds the release back. Raises
    ``ConfigError`` for a policy below the floor without leave, ``AuditError`` when the tables cannot be protected.
    """
    names = connection.execute(
        "select table_name from duckdb_tables() where database_name = current_database() and schema_name = 'study'"
        " order by table_name"
    ).fetchall()
    tables = {name: connection.execute(f'select * from study."{name}"').df() for (name,) in names}
    clients = connection.execute("select * from marts.client_study").df()
    release = to_public(tables, load_policy(home.config), today, clients)
    verdict, key = check(home, release), load_key(home)
    if not verdict.allowed:
        record(
            home, "refuse", key, build_id=build_id, zone="public", cells=verdict.cells, held_by=list(verdict.held_by)
        )
        return PublicOutcome((), verdict, release)
    folder = home.public / "tables"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    written = [_put(folder / f"{name}.csv", to_csv(table)) for name, table in release.tables.items()]
    if render is not None:
        written.append(_put(home.public / "report.html", render(release).encode()))
    enter(home, build_id, release, key)
    record(home, "release", key, build_id=build_id, zone="public", k=release.k, files=len(written),
           by_leave=release.watermark is not None)  # fmt: skip
    return PublicOutcome(tuple(written), verdict, release)


def _put(path: Path, content: bytes) -> Path:
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(content)
    fresh.chmod(0o644)
    fresh.replace(path)
    return path
