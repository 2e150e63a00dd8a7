"""Handing rows to a project: from the published build to a folder of files, a receipt and a line in the ledger.

Rows come from the research database that passed its gates, IDs and consents from the agency zone. The folder holds what
the receiver needs and no more: the rows, what their columns mean, and the conditions. The receipt stays at home.
"""

import csv
import hashlib
import io
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from assets.errors import ConfigError, DataError
from assets.home import Home
from assets.keys import load_key
from assets.publish.codebook import Column, read_codebook
from assets.publish.privacy.handover_sav import write_rows_sav
from assets.publish.privacy.ledger import ledger_path
from assets.publish.privacy.policy import load_policy
from assets.publish.privacy.projects import (
    Grounds,
    Project,
    Receipt,
    consented_clients,
    load_project,
    neutral,
    project_ids,
    release_rows,
    to_csv,
)
from assets.publish.privacy.risk import RiskReport
from assets.publish.privacy.trail import append, record

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

ROWS, ROWS_SAV = "rows.csv", "rows.sav"


@dataclass(frozen=True)
class HandedOver:
    """What was made: the folder to hand over, the receipt and the risk report kept in the agency zone."""

    folder: Path
    receipt_file: Path
    receipt: Receipt
    report: RiskReport


def releases(home: Home) -> Path:
    """Return the folder of receipts: ``agency/releases``, one JSON file and one risk report a release."""
    return home.agency / "releases"


def hand_over(
    home: Home, working: "duckdb.DuckDBPyConnection", name: str, today: date, out: Path | None = None
) -> HandedOver:
    """Release the rows of the newest published build to the project ``name`` and return what was written where.

    ``working`` is open for writing on the working database: it keeps the project's IDs. ``out`` is the folder to fill
    (default: one beside the receipt). Raises ``ConfigError`` for a missing condition of the project, ``DataError``
    where a rule of the data forbids the release; a refusal is written into the audit trail, and no file is.
    """
    key = load_key(home)
    try:
        project = load_project(home.config, name, today)
        folder = _free_folder(home, out)
        made = _make(home, working, name, project, today)
    except (ConfigError, DataError):
        record(home, "refuse", key, zone="project")
        raise
    rows, receipt, report, columns = made
    files = {
        ROWS: to_csv(rows),
        "columns.csv": _columns_file(project, columns),
        "conditions.txt": _conditions(project, receipt).encode(),
    }
    release_id = secrets.token_hex(6)
    releases(home).mkdir(exist_ok=True, mode=0o700)
    folder = folder or releases(home) / f"{name}-{release_id}"
    hashes = _write(folder, files, lambda path: write_rows_sav(path, rows, project, columns))
    entry = {"zone": "project", "release_id": release_id, "sha256": receipt.sha256, "clients": receipt.clients}
    receipt = replace(
        receipt, release_id=release_id, files=hashes, ledger=append(ledger_path(home), {**entry, "k": receipt.k}, key)
    )
    kept = releases(home) / f"{name}-{release_id}.json"
    _keep(kept, receipt.as_json())
    _keep(kept.with_suffix(".risk"), report.as_json())
    record(home, "release", key, zone="project", release=release_id, sha256=receipt.sha256, k=receipt.k,
           clients=receipt.clients)  # fmt: skip
    return HandedOver(folder, kept, receipt, report)


def _write(folder: Path, files: dict[str, bytes], write_sav: Callable[[Path], None]) -> dict[str, str]:
    """Fill the folder and return the files' hashes; when one cannot be written none stays, for none has a receipt."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        for file, content in files.items():
            (folder / file).write_bytes(content)
        write_sav(folder / ROWS_SAV)
        for path in folder.iterdir():
            path.chmod(0o600)
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
    except BaseException:
        for path in folder.iterdir():
            path.unlink()
        raise


def _make(
    home: Home, working: "duckdb.DuckDBPyConnection", name: str, project: Project, today: date
) -> tuple["pd.DataFrame", Receipt, RiskReport, list[Column]]:
    import duckdb

    if not home.research_db.is_file():
        raise DataError("NOTHING_PUBLISHED", "rows are released from a published build, and there is none")
    with duckdb.connect(str(home.research_db), read_only=True) as published:
        rows = published.execute("select * from marts.client_study order by client_id").df()
        build = published.execute("select build_id, code_version, config_hash from meta.build").fetchone()
        columns = read_codebook(published)
    crosswalk = dict(working.execute("select source_client_id, client_id from control.crosswalk").fetchall())
    grounds = Grounds(
        name=name,
        project=project,
        policy=load_policy(home.config),
        consented=consented_clients(home.agency / "consent.csv", name, today, crosswalk),
        today=today,
        build=build or ("", "", ""),
    )
    return *release_rows(grounds, rows, columns, project_ids(working, name)), columns


def _free_folder(home: Home, out: Path | None) -> Path | None:
    """Refuse a folder that would mix the release with other files, or lay rows where anybody reads."""
    if out is None:
        return None
    place = out.resolve()
    for zone in (home.research.resolve(), home.public.resolve()):
        if place == zone or zone in place.parents:
            raise ConfigError("--out: rows of a project do not go into research/ or public/")
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise ConfigError("--out: the folder is not empty, and a release is a folder of its own")
    return place


def _columns_file(project: Project, columns: list[Column]) -> bytes:
    """What each column of the rows means, as CSV."""
    told = {column.name: column for column in columns if column.table == "marts.client_study"}
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(["column", "label", "meaning", "unit", "values", "form"])
    writer.writerow(["client_id", "Client", "A random ID of this project: no other project has it", "", "", ""])
    for name in project.variables:
        column = told[name]
        form = f"lower end of bands of {project.bands[name]}" if name in project.bands else ""
        form = "levels merged" if name in project.merge else form
        values = "" if name in project.merge else " | ".join(column.values)
        writer.writerow(
            [neutral(text) for text in (name, column.label, column.meaning, column.unit or "", values, form)]
        )
    return buffer.getvalue().encode()


def _conditions(project: Project, receipt: Receipt) -> str:
    return (
        f"{receipt.clients} rows, one a client, released to {project.receiver} until {project.expires.isoformat()}.\n"
        f"Legal basis: {project.legal_basis}.\n"
        f"{ROWS_SAV} holds the same cells for SPSS.\n"
        "Nobody may try to find out whose row a row is, join it with other data about persons, or hand it on.\n"
        f"When the agreement ends, destroy every copy and say so to the agency. SHA-256 of {ROWS}: {receipt.sha256}\n"
    )


def _keep(path: Path, text: str) -> None:
    path.write_text(text + "\n", "utf-8")
    path.chmod(0o600)
