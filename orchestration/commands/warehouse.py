"""``outcomes freeze``, ``rebuild``, ``drift`` and ``sensitivity``: the warehouse through time and definitions."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assets.home import Home
from orchestration.commands import HomeOption, built_home, fail, out, told_plainly

if TYPE_CHECKING:
    import pandas as pd

    from assets.study_config import StudyConfig
    from assets.warehouse.sensitivity import Finding

NameArgument = Annotated[str, typer.Argument(help="Name of the publication: lower-case letters, digits, - and _.")]


def freeze(name: NameArgument, home: HomeOption = None) -> None:
    """Keep data, settings, SQL, code version and environment of a publication, under one hash."""
    with told_plainly():
        from assets.builds import code_version
        from assets.keys import load_key
        from assets.publish.privacy.trail import record
        from assets.study.assets import fit_and_store
        from assets.warehouse.database import connect
        from assets.warehouse.drift import confirm
        from assets.warehouse.frozen import attach_with
        from assets.warehouse.frozen import freeze as keep
        from orchestration.lock import writing

        place = built_home(home)
        frozen = place.agency / "frozen"
        with writing(place.lock), out.status("Freezing …"):
            config, models = _models(place)
            with connect(place) as connection:
                found = connection.execute("select max(build_id) from control.builds").fetchone()
                kept = keep(
                    connection,
                    frozen,
                    name,
                    config,
                    models,
                    code_version=code_version(),
                    build_id=found[0] if found else None,
                    attach=attach_with(load_key(place)),
                )
            confirm(frozen, name, attach=attach_with(load_key(place)), study=fit_and_store)
            record(place, "freeze", load_key(place), name=kept.name, hash=kept.hash, zone="agency")
        out.print(f"[green]✓[/green] {kept.name} is frozen: {len(kept.tables)} tables, hash {kept.hash[:12]}")


def rebuild(name: NameArgument, home: HomeOption = None) -> None:
    """Make a frozen publication's tables again from its own data and SQL; exit 1 unless they are byte-identical."""
    with told_plainly():
        from assets.keys import load_key
        from assets.study.assets import fit_and_store
        from assets.warehouse.drift import rebuild as make
        from assets.warehouse.frozen import attach_with

        place = built_home(home)
        again = make(place.agency / "frozen", name, attach=attach_with(load_key(place)), study=fit_and_store)
        for table, same in sorted(again.tables.items()):
            out.print(f"{'[green]✓[/green]' if same else '[red]✗[/red]'} {table}")
        for package, (then, now) in sorted(again.environment.items()):
            out.print(f"[yellow]![/yellow] {package} was {then}, is {now}")
        if not again.identical:
            raise typer.Exit(1)


def drift(name: NameArgument, home: HomeOption = None) -> None:
    """List what today's data would change in a frozen publication, by variable and count of clients."""
    with told_plainly():
        from assets.keys import load_key
        from assets.warehouse.database import connect
        from assets.warehouse.drift import drift as compare
        from assets.warehouse.frozen import attach_with

        place = built_home(home)
        with connect(place, read_only=True) as connection:
            rows = compare(connection, place.agency / "frozen", name, attach=attach_with(load_key(place)))
        out.print(f"[bold]{'variable':<44}{'changed':>8}{'filled':>8}{'emptied':>8}[/bold]")
        for row in rows:
            out.print(f"{row.variable:<44}{row.changed:>8}{row.filled:>8}{row.emptied:>8}")


def sql(
    query: Annotated[str, typer.Argument(help='One query, e.g. "from control.files".')],
    working: Annotated[
        bool, typer.Option("--working", help="Ask the working database, as after a failed night, not agency.duckdb.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Ask the agency's database, encrypted or not, and print the answer as CSV. Read-only; for agency staff."""
    with told_plainly():
        import csv

        import duckdb

        from assets.encryption import attach
        from assets.keys import load_key

        place = built_home(home)
        path = place.work_db if working else place.agency_db.resolve()
        if not path.is_file():
            fail(f"nothing is published in {place.root} yet; --working asks the working database")
        with duckdb.connect() as connection:
            attach(connection, path, "agency", load_key(place), read_only=True)
            connection.execute("use agency")
            connection.execute("set enable_external_access = false")  # a query reads this file and writes none
            try:
                answer = connection.execute(query)
                names = [column[0] for column in answer.description or []]
                rows = answer.fetchall()
            except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as error:
                fail(str(error))  # about names; the others may quote a cell
            except duckdb.Error as error:
                fail(f"the query does not run: {type(error).__name__}")
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)


def sensitivity(
    out_dir: Annotated[Path, typer.Option("--out", help="Folder for sensitivity.html, .csv and .svg.")],
    home: HomeOption = None,
) -> None:
    """Rerun the headline numbers under each alternative definition: which findings survive?"""
    with told_plainly():
        from assets.publish.report import ReportContext
        from assets.publish.report.sensitivity import render_sensitivity
        from assets.study_config import load_study_config
        from assets.warehouse import DbtPaths
        from assets.warehouse.compiled import ModelCompiler
        from assets.warehouse.database import connect
        from assets.warehouse.sensitivity import plot_sensitivity
        from assets.warehouse.sensitivity import sensitivity as rerun

        place = built_home(home)
        config = load_study_config(place.config / "study.yml")
        with out.status("Rereading the definitions …") as status:
            compiler = ModelCompiler(DbtPaths.of(place), config)
            with connect(place, read_only=True) as connection:
                table = rerun(connection, compiler, config, _findings, progress=status.update)
                n_clients = connection.execute("select count(*) from marts.client_study").fetchall()[0][0]
                found = connection.execute("select max(build_id) from control.builds").fetchone()
        out_dir.mkdir(parents=True, exist_ok=True)
        table.to_csv(out_dir / "sensitivity.csv", index=False)
        plot_sensitivity(table, out_dir / "sensitivity.svg")
        context = ReportContext(
            title="Which findings survive another definition?",
            build_id=(found and found[0]) or "",
            config_hash=config.hash,
            n_clients=n_clients,
            study_period=(config.study.start, config.study.end),
        )
        svg = (out_dir / "sensitivity.svg").read_text("utf-8")
        page = render_sensitivity(table, svg[svg.index("<svg") :], context)
        (out_dir / "sensitivity.html").write_text(page, "utf-8")
        counts = table.loc[table["definition"] != "(in force)", "verdict"].value_counts()
        for verdict, n in counts.items():
            out.print(f"{n:>5}  {verdict}")
        for name in ("sensitivity.html", "sensitivity.csv", "sensitivity.svg"):
            out.print(f"[green]✓[/green] {out_dir / name}", soft_wrap=True)


def _models(home: Home) -> "tuple[StudyConfig, Any]":
    from assets.study_config import load_study_config
    from assets.warehouse import DbtPaths
    from assets.warehouse.compiled import ModelCompiler

    config = load_study_config(home.config / "study.yml")
    return config, ModelCompiler(DbtPaths.of(home), config).compile(config)


def _findings(frame: "pd.DataFrame", config: "StudyConfig") -> "dict[str, Finding]":
    """Every coefficient and paired test of the study, as the sensitivity table compares them."""
    from assets.study.replicate import records
    from assets.study.run import run_study
    from assets.study.spec import parse_spec
    from assets.warehouse.sensitivity import Finding, described

    tables = run_study(frame, parse_spec(config.analysis, "config/study.yml: analysis"))
    n = {row["model"]: row["n"] for row in records(tables["models"])}
    found = described(frame, config)
    for row in records(tables["coefficients"]):
        if row["method"] == "ml" and row["term"] != "intercept":
            name = " ".join(part for part in (row["model"], row["equation"], row["term"]) if part)
            found[name] = Finding(n[row["model"]], row["b"], row["p"])
    for row in records(tables["paired_tests"]):
        found[f"change in {row['name']}"] = Finding(row["n_pairs"], row["hodges_lehmann"], row["p"])
    return found


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (freeze, rebuild, drift, sql, sensitivity):
        app.command()(command)
