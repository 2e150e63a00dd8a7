"""``outcomes explain``, ``trace`` and ``reconcile``: where a number comes from, and whether the published one is it."""

import json
import sys
from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer

from orchestration.commands import HomeOption, built_home, fail, out, told_plainly


def explain(
    column: Annotated[str, typer.Argument(help="TABLE.COLUMN, e.g. client_study.services_t0 or study.models.r2")],
    home: HomeOption = None,
) -> None:
    """Tell how a column comes about: formula in words, settings, SQL from step to step, sources, n."""
    with told_plainly():
        from assets.publish.codebook import read_descriptions, read_metadata
        from assets.study.inputs import behind
        from assets.study.spec import parse_spec
        from assets.study_config import load_study_config
        from assets.warehouse import DbtPaths
        from assets.warehouse.compiled import ModelCompiler
        from assets.warehouse.database import connect
        from assets.warehouse.explain import explain as tell
        from assets.warehouse.explain_made import Elsewhere
        from assets.warehouse.explanation import Built
        from assets.warehouse.lineage import Lineage, source_columns
        from assets.warehouse.row_sources import row_sources

        place = built_home(home)
        config = load_study_config(place.config / "study.yml")
        spec = parse_spec(config.analysis, "study.yml: analysis")
        elsewhere = Elsewhere(read_metadata(), read_descriptions(), partial(behind, spec))
        with out.status("Reading the models …"), connect(place, read_only=True) as connection:
            models = ModelCompiler(DbtPaths.of(place), config).compile(config)
            manifest = json.loads(place.manifest.read_text("utf-8"))
            lineage = Lineage(models, source_columns(connection))
            built = Built(connection, manifest, lineage, config, row_sources(connection, models))
            told = tell(column, built, elsewhere)
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


def reconcile(
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
) -> None:
    """Compare the published minimal data set (SAV) with what is derived, variable by variable and client by client.

    Where they differ, each alternative definition is tried: does another reading give the published values? Cases and
    clients of the differences are in `reconciliation.differences` of the agency database.
    """
    with told_plainly():
        from assets.publish.report.reconciliation import by_reason
        from assets.study_config import load_study_config
        from assets.warehouse import DbtPaths
        from assets.warehouse.compiled import ModelCompiler
        from assets.warehouse.database import connect
        from assets.warehouse.readings import better_readings, told, totals
        from assets.warehouse.reconcile import Links
        from assets.warehouse.reconcile import reconcile as compare

        place = built_home(home)
        config = load_study_config(place.config / "study.yml")
        with out.status("Comparing …"), connect(place, read_only=True) as connection:
            found = compare(connection, config.minimal_dataset)
            if found is None:
                fail("no minimal data set (SAV) is loaded")
            readings = []
            if any(row.n_equal < row.n_both for row in found.agreement):
                readings = better_readings(connection, ModelCompiler(DbtPaths.of(place), config), config, found)
        links = Links.of(found)
        if as_json:
            whole = {
                "links": asdict(links),
                "totals": dict(totals(found)),
                "agreement": [asdict(row) for row in found.agreement],
                "differences": [asdict(row) for row in found.differences],
                "readings": [asdict(reading) for reading in readings],
            }
            sys.stdout.write(json.dumps(whole, indent=1) + "\n")
            return
        out.print(f"{links.n_linked} of {links.n_cases} published cases are plainly one of {links.n_clients} clients")
        heads = ("both", "equal", "rounded", "differ", "only publ.", "only der.")
        line = f"{'variable':<20}{'column':<40}{''.join(f'{head:>11}' for head in heads)}"
        out.print(f"[bold]{line}[/bold]", soft_wrap=True)
        for row in found.agreement:
            counts = (row.n_both, row.n_equal, row.n_rounded, row.n_differs, row.n_only_published, row.n_only_derived)
            out.print(
                f"{row.variable:<20}{row.column:<40}{''.join(f'{count:>11}' for count in counts)}", soft_wrap=True
            )
        for line in by_reason(found.differences):
            out.print(line, soft_wrap=True)
        for reading in readings:
            out.print(f"[yellow]![/yellow] {told(reading)}", soft_wrap=True)
        if found.differences:
            out.print('case and client of each: outcomes sql "from reconciliation.differences"', soft_wrap=True)
        else:
            out.print("[green]✓[/green] every value known on either side is equal")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(explain)
    app.command()(trace)
    app.command()(reconcile)
