"""``outcomes replicate``: the study's analyses on one wide file."""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.commands import out, told_plainly


def replicate(
    file: Annotated[Path, typer.Argument(help="One row a participant: SAV, CSV or XLSX.")],
    spec: Annotated[Path, typer.Option("--spec", help="Which variables and models: see docs/guide/replicate.md.")],
    out_dir: Annotated[Path, typer.Option("--out", help="Folder for results.json, the CSV tables and report.html.")],
) -> None:
    """Run the study's analyses on one wide file with the models named in the spec.

    Writes `results.json` (every table as a list of records, full precision), one CSV a table in `tables/`, and the
    report. A model that cannot be estimated has a status and a sentence; it is not a failure.
    """
    with told_plainly():
        from assets.publish.report import ReportContext, render_report
        from assets.publish.report_inputs import report_footnotes
        from assets.study.replicate import results_json, run_on_wide, write_csv
        from assets.study.spec import load_spec
        from assets.study.wide import read_wide

        for path in (file, spec):
            if not path.is_file():
                raise FileNotFoundError(2, "no such file", str(path))
        with out.status("Fitting …"):
            parsed, wide = load_spec(spec), read_wide(file)
            tables = run_on_wide(wide, parsed, str(spec))
        out_dir.mkdir(parents=True, exist_ok=True)
        (out_dir / "results.json").write_text(results_json(tables), "utf-8")
        write_csv(tables, out_dir / "tables")
        context = ReportContext(
            title="Replication of the study's analyses on one file",
            n_clients=len(wide.frame),
            labels=wide.labels,
            level_labels=wide.value_labels,
            references={
                model.name: model.reference
                for model in parsed.models
                if model.family == "multinomial" and model.reference
            },
            notes=wide.messages,
            footnotes=report_footnotes(tables, parsed, wide.labels),
        )
        (out_dir / "report.html").write_text(render_report(tables, context), "utf-8")
        for row in tables["models"].itertuples():
            mark = "[green]✓[/green]" if row.status == "ok" else "[yellow]![/yellow]"
            told = f" – {row.message}" if isinstance(row.message, str) and row.message else ""
            out.print(f"{mark} {row.model}: n = {row.n}, {row.status}{told}")
        out.print(f"Results: {out_dir / 'results.json'}   Report: {out_dir / 'report.html'}", soft_wrap=True)


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(replicate)
