"""``outcomes docs``: the pages that are made from the models' own descriptions."""

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from orchestration.commands import HomeOption, built_home, home_of, out, told_plainly


def docs(
    home: HomeOption = None,
    out_dir: Annotated[
        Path | None, typer.Option("--out", help="Folder for the pages (default: agency/docs in the home).")
    ] = None,
    dictionary: Annotated[
        Path | None, typer.Option("--dictionary", help="Write the data dictionary alone to this file; needs no home.")
    ] = None,
) -> None:
    """Write dbt's documentation as one page that opens offline, and the data dictionary. Neither holds data.

    dbt.html: models, columns, tests, SQL, lineage graph, and what people open (exposures). It quotes SQL of the
    agency zone. data-dictionary.md: every published table and column.
    """
    with told_plainly():
        if dictionary is not None:
            with tempfile.TemporaryDirectory() as folder:
                dictionary.write_text(_dictionary(home_of(home).config / "study.yml", Path(folder)), "utf-8")
            out.print(f"[green]✓[/green] {dictionary}", soft_wrap=True)
            return
        from assets.study_config import load_study_config
        from assets.warehouse import DbtPaths
        from assets.warehouse.docs import write_docs
        from orchestration.lock import writing

        place = built_home(home)
        target = out_dir or place.agency / "docs"
        with writing(place.lock), out.status("Writing …"), tempfile.TemporaryDirectory() as folder:
            page = write_docs(DbtPaths.of(place), load_study_config(place.config / "study.yml"), target / "dbt.html")
            told = target / "data-dictionary.md"
            told.write_text(_dictionary(place.config / "study.yml", Path(folder)), "utf-8")
        for path in (page, told):
            out.print(f"[green]✓[/green] {path}", soft_wrap=True)


def _dictionary(study: Path, folder: Path) -> str:
    """Parse the project in ``folder`` and write its columns and those that Python fills."""
    from assets.publish.codebook import read_descriptions, read_manifest, read_metadata
    from assets.publish.dictionary import as_markdown
    from assets.study_config import load_study_config
    from assets.warehouse import DbtPaths
    from assets.warehouse.compiled import ModelCompiler
    from assets.warehouse.dbt import IN_MEMORY

    config = load_study_config(study)
    manifest = ModelCompiler(DbtPaths(IN_MEMORY, folder / "dbt", folder / "tmp"), config).manifest()
    kept = folder / "manifest.json"
    kept.write_text(json.dumps(manifest), "utf-8")
    tables = {
        f"marts.{node['name']}": str(node["description"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }
    return as_markdown([*read_manifest(kept), *read_metadata()], tables | read_descriptions())


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(docs)
