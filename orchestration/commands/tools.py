"""``outcomes extended``, ``specification-curve``, ``plan`` and ``consistency``: beyond the paper's own tables."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assets.home import Home
from orchestration.commands import HomeOption, fail, home_of, out, told_plainly

if TYPE_CHECKING:
    import pandas as pd

    from assets.study.spec import Spec

FileArgument = Annotated[
    Path | None,
    typer.Argument(help="One row a participant: SAV, CSV or XLSX. Without it: the home's published study table."),
]
SpecOption = Annotated[Path | None, typer.Option("--spec", help="The spec of FILE (default: config/study.yml).")]
OutOption = Annotated[Path, typer.Option("--out", help="Folder for the tables, one CSV each.")]
SeedOption = Annotated[int | None, typer.Option("--seed", min=0, help="Same seed, same numbers.")]


def extended(
    out_dir: OutOption,
    file: FileArgument = None,
    spec: SpecOption = None,
    home: HomeOption = None,
    seed: SeedOption = None,
) -> None:
    """Effect sizes, robust and bootstrap intervals, influence, attrition, counts, reliability, sensitivity.

    What a careful statistician would ask after reading Tables 1-8, as tidy CSV files.
    """
    with told_plainly():
        from assets.study.extended import run_extended

        frame, chosen, items = _data(file, spec, home_of(home))
        with out.status("Resampling …") as status:
            tables = run_extended(frame, chosen, items, progress=status.update, **_seeded(seed))
        _write(tables, out_dir)


def specification_curve(
    out_dir: OutOption,
    file: FileArgument = None,
    spec: SpecOption = None,
    home: HomeOption = None,
    seed: SeedOption = None,
) -> None:
    """Fit every model of the declared families, and the same on permuted outcomes: how often does chance do as well?"""
    with told_plainly():
        from rich.progress import Progress

        from assets.study.curve import specification_curve as fit

        frame, chosen, items = _data(file, spec, home_of(home))
        with Progress(console=out, transient=True) as bar:
            task = bar.add_task("Fitting models")
            tables = fit(
                frame,
                chosen,
                items,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
                **_seeded(seed),
            )
        _write(tables, out_dir)


def plan(
    out_dir: OutOption,
    file: FileArgument = None,
    spec: SpecOption = None,
    home: HomeOption = None,
    clients: Annotated[str, typer.Option("--clients", help="Sizes of the new sample, e.g. 95,190,380.")] = "95,190,380",
    seed: SeedOption = None,
) -> None:
    """Plan a replication: power and precision for new samples of N clients, simulated from the fitted models."""
    with told_plainly():
        from assets.study.planning import plan as simulate

        try:
            sizes = [int(size) for size in clients.split(",")]
        except ValueError:
            fail("--clients takes whole numbers, separated by commas", 2)
        frame, chosen, _ = _data(file, spec, home_of(home))
        with out.status("Simulating …") as status:
            table = simulate(frame, chosen, sizes, progress=status.update, **_seeded(seed))
        _write({"plan": table}, out_dir)


def consistency(
    file: Annotated[
        Path | None, typer.Argument(help="Printed figures as YAML or CSV. Without it: the published paper's.")
    ] = None,
    out_dir: Annotated[Path | None, typer.Option("--out", help="Also write the table as CSV into this folder.")] = None,
) -> None:
    """Check what printed figures imply about each other: p and R² from F, percentages and df against n, GRIM."""
    with told_plainly():
        from assets.study.consistency import consistency as check

        table = check(file or home_of(None).config / "published" / "twis_2024.yml")
        for row in table.itertuples():
            agrees = row.verdict == "consistent"
            mark = "[green]✓[/green]" if agrees else "[yellow]![/yellow]"
            name = f"[bold]{row.finding}[/bold] " if isinstance(row.finding, str) else ""
            out.print(f"{mark} {name}{row.where}: {row.verdict}", soft_wrap=True)
            out.print(f"    {row.explanation}", style="dim", soft_wrap=True)
        disagree = int((table["verdict"] != "consistent").sum())
        out.print(f"{len(table)} checks, {disagree} to look at")
        if out_dir:
            _write({"consistency": table}, out_dir)


def _seeded(seed: int | None) -> dict[str, int]:
    return {} if seed is None else {"seed": seed}


def _data(file: Path | None, spec: Path | None, home: Home) -> "tuple[pd.DataFrame, Spec, pd.DataFrame | None]":
    """Return frame, spec and items: a wide file with its own spec, or the home's study table with its item answers."""
    from assets.study.spec import load_spec

    if file is not None:
        if spec is None:
            fail("a file needs its spec: --spec SPEC.yml", 2)
        from assets.study.wide import labelled_frame, read_wide

        chosen = load_spec(spec)
        return labelled_frame(read_wide(file), chosen), chosen, None
    if not home.research_db.exists():
        fail(f"nothing is published in {home.root} yet: run `outcomes run` first, or name a file")
    from assets.warehouse.database import connect

    with connect(home, read_only=True) as connection:
        frame = connection.execute("select * from marts.client_study order by client_id").df()
        items = connection.execute("select * from intermediate.int_survey_items order by all").df()
    return frame, load_spec(spec) if spec else _nightly_spec(home), items


def _nightly_spec(home: Home) -> "Spec":
    from assets.study.spec import parse_spec
    from assets.study_config import load_study_config

    return parse_spec(load_study_config(home.config / "study.yml").analysis, "config/study.yml: analysis")


def _write(tables: "dict[str, pd.DataFrame]", folder: Path) -> None:
    from assets.study.replicate import write_csv

    for path in write_csv(tables, folder):
        out.print(f"[green]✓[/green] {path}", soft_wrap=True)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(extended)
    app.command("specification-curve")(specification_curve)
    app.command()(plan)
    app.command()(consistency)
