"""The marts as known on a past day: the same models on the exports up to then."""

from datetime import date
from pathlib import Path

import duckdb

from assets.errors import ConfigError
from assets.study_config import StudyConfig
from assets.warehouse.compiled import ModelCompiler, run_models
from assets.warehouse.drift import hand_over


def write_as_of(
    connection: duckdb.DuckDBPyConnection, compiler: ModelCompiler, config: StudyConfig, day: date, out: Path
) -> int:
    """Write ``marts.*`` as known at the end of ``day`` to the new DuckDB file ``out``; returns the number of clients.

    ``connection`` is open on the working database; read-only is enough. Rows are in the order of research IDs and hold
    no dates, like the published ones. Raises ``ConfigError`` when no intake export is that old, or ``out`` exists.
    """
    if out.exists():
        raise ConfigError(f"as-of: {out.name} exists already")
    models = compiler.compile(config, extra_vars={"as_of": f"{day.isoformat()} 23:59:59.999999"})
    with duckdb.connect() as memory:
        hand_over(connection, memory)
        run_models(memory, models)
        known = int(memory.execute("select count(*) from marts.client_study").fetchall()[0][0])
        if not known:
            raise ConfigError(f"as-of: no intake export of {day.isoformat()} or earlier is known")
        out.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        memory.execute(f"attach '{str(out).replace(chr(39), chr(39) * 2)}' as past; create schema past.marts")
        for model in models:
            if model.schema == "marts":
                memory.execute(f'create table past.marts."{model.name}" as from memory.marts."{model.name}"')
        memory.execute("detach past")
    out.chmod(0o600)
    return known
