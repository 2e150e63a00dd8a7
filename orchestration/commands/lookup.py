"""``outcomes explain`` and ``trace``: where a number comes from, as a definition and as rows of the sources."""

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from orchestration.commands import HomeOption, built_home, out, told_plainly


def explain(
    column: Annotated[str, typer.Argument(help="TABLE.COLUMN, e.g. client_study.services_t0 or study.models.r2")],
    home: HomeOption = None,
) -> None:
    """Tell how a column comes about: formula in words, settings, SQL from step to step, sources, n."""
    with told_plainly():
        from assets.publish.codebook import read_metadata
        from assets.study_config import load_study_config
        from assets.warehouse import DbtPaths
        from assets.warehouse.compiled import ModelCompiler
        from assets.warehouse.database import connect
        from assets.warehouse.explain import explain as tell
        from assets.warehouse.lineage import Lineage, source_columns
        from assets.warehouse.row_sources import row_sources

        place = built_home(home)
        config = load_study_config(place.config / "study.yml")
        with out.status("Reading the models …"), connect(place, read_only=True) as connection:
            models = ModelCompiler(DbtPaths.of(place), config).compile(config)
            manifest = json.loads(place.manifest.read_text("utf-8"))
            lineage = Lineage(models, source_columns(connection))
            told = tell(
                column,
                connection,
                manifest,
                lineage,
                config,
                counted_rows=row_sources(connection, models),
                described_elsewhere=read_metadata(),
            )
        sys.stdout.write(told.as_text() + "\n")


def trace(
    table: Annotated[str, typer.Argument(help="A mart, e.g. client_study or fct_services.")],
    client: Annotated[str, typer.Argument(help="The client, by research ID or by the agency's own.")],
    row: Annotated[
        str | None,
        typer.Option("--row", help="One row: note number, period, month number, or scale and wave ('mspss t0')."),
    ] = None,
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the places as JSON.")] = False,
) -> None:
    """Name file, sheet and row of every source row behind a client's rows of a mart. Agency staff only; no cell values.

    A row stands there because a value is taken from it, or because its date decides what counts.
    """
    with told_plainly():
        from assets.warehouse.database import connect
        from assets.warehouse.trace import as_text
        from assets.warehouse.trace import trace as follow

        place = built_home(home)
        with connect(place, read_only=True) as connection:
            rows = follow(connection, table, client, row)
        if as_json:
            sys.stdout.write(json.dumps([asdict(one) for one in rows], indent=1, ensure_ascii=False) + "\n")
        else:
            sys.stdout.write((as_text(rows) or "No source row stands behind it.") + "\n")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(explain)
    app.command()(trace)
