"""The marts as known on a past day: the same models on the exports up to then."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import duckdb

from assets.errors import ConfigError
from assets.study_config import StudyConfig
from assets.warehouse.analyst_macros import comment_columns, comment_tables
from assets.warehouse.compiled import ModelCompiler, run_models
from assets.warehouse.database import transaction
from assets.warehouse.drift import hand_over

Known = Literal["exported", "loaded"]


def known_by(day: date, known: Known, time_zone: str) -> dict[str, str]:
    """Return the variable that hides what was not known at the end of ``day`` where the agency is.

    Moments of export are local as the source states them, moments of loading are ours, in UTC.
    """
    end = datetime.combine(day, time.max, ZoneInfo(time_zone))
    if known == "exported":
        return {"as_of": str(end.replace(tzinfo=None))}
    return {"loaded_by": str(end.astimezone(UTC).replace(tzinfo=None))}


def write_as_of(
    connection: duckdb.DuckDBPyConnection,
    compiler: ModelCompiler,
    config: StudyConfig,
    day: date,
    out: Path,
    *,
    known: Known = "exported",
    time_zone: str = "UTC",
) -> int:
    """Write ``marts.*`` as known at the end of ``day`` to the new DuckDB file ``out``; returns the number of clients.

    ``known`` says by what: ``exported``, every export made up to then, whenever it reached us; ``loaded``, the files
    this warehouse had loaded by then, which is what it said that night. ``connection`` is open on the working database;
    read-only is enough. Rows are in the order of research IDs and hold no dates, like the published ones, and the
    comments say what they mean and under which settings. Raises
    ``ConfigError`` when no intake export was known, or ``out`` exists.
    """
    if out.exists():
        raise ConfigError(f"as-of: {out.name} exists already")
    models = compiler.compile(config, extra_vars=known_by(day, known, time_zone))
    with duckdb.connect() as memory:
        hand_over(connection, memory)
        run_models(memory, models)
        clients = int(memory.execute("select count(*) from marts.client_study").fetchall()[0][0])
        if not clients:
            raise ConfigError(f"as-of: no intake export was {known} by {day.isoformat()}")
        out.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        memory.execute(f"attach '{str(out).replace(chr(39), chr(39) * 2)}' as past; create schema past.marts")
        for model in models:
            if model.schema == "marts":
                memory.execute(f'create table past.marts."{model.name}" as from memory.marts."{model.name}"')
        manifest = compiler.manifest()
        with transaction(memory):
            comment_tables(memory, manifest, config.hash, "past")
            comment_columns(memory, manifest, "past")
        memory.execute("detach past")
    out.chmod(0o600)
    return clients
