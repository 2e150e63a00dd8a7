"""``outcomes as-of``: the marts as known on a past day."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.commands import HomeOption, built_home, out, told_plainly

if TYPE_CHECKING:
    from assets.warehouse.as_of import Known


def as_of(
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="A past day, e.g. 2022-01-31; its end counts.")],
    to: Annotated[Path, typer.Option("--out", help="The new DuckDB file; it must not exist yet.")],
    loaded: Annotated[
        bool, typer.Option("--loaded", help="What this warehouse had loaded by then, not what was exported by then.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Write the marts as known at the end of a past day, under today's definitions."""
    with told_plainly():
        from assets.agency_time import time_zone
        from assets.study_config import load_study_config
        from assets.warehouse import DbtPaths
        from assets.warehouse.as_of import write_as_of
        from assets.warehouse.compiled import ModelCompiler
        from assets.warehouse.database import connect

        place = built_home(home)
        config = load_study_config(place.config / "study.yml")
        zone = time_zone(place.config)
        known: Known = "loaded" if loaded else "exported"
        with out.status("Going back …"), connect(place, read_only=True) as connection:
            compiler = ModelCompiler(DbtPaths.of(place), config)
            clients = write_as_of(connection, compiler, config, day.date(), to, known=known, time_zone=zone)
        out.print(f"[green]✓[/green] {to}: {clients} clients as {known} by {day.date()}", soft_wrap=True)


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command(name="as-of")(as_of)
