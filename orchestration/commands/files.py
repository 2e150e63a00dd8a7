"""``outcomes sample`` and ``outcomes inspect``."""

import json
import re
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from orchestration.commands import HomeOption, built_home, fail, home_of, out, told_plainly


def sample(
    out_dir: Annotated[Path, typer.Option("--out", help="Folder to write the exports and the truth file into.")],
    clients: Annotated[int, typer.Option("--clients", min=1, max=20_000, help="How many clients.")] = 95,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same bytes.")] = 1,
    inbox: Annotated[Path | None, typer.Option("--inbox", help="Also copy the exports into this inbox folder.")] = None,
) -> None:
    """Make a synthetic agency: the three workbooks, the three surveys, the SAV, and a truth file to check against.

    Nobody in it is real. `truth.json` holds every derived variable of every client, computed by plain loops.
    """
    with told_plainly():
        from assets.sample import write_sample

        with out.status("Making a synthetic agency …") as status:
            made = write_sample(out_dir, clients, seed, progress=status.update)
            if inbox:
                inbox.mkdir(parents=True, exist_ok=True)
                for export in made.exports:
                    shutil.copyfile(export, inbox / export.name)
        out.print(f"[green]✓[/green] {len(made.exports)} exports of {clients} clients in {out_dir}", soft_wrap=True)


def inspect(
    file: Annotated[Path, typer.Argument(help="Any file: a workbook, a survey download, an SPSS file, a .qsf.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print everything found as JSON.")] = False,
    draft: Annotated[
        bool, typer.Option("--draft", help="Print a draft: a map for a new form, a study spec for an SPSS file.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Tell what a file is, where its header is, how its columns map, and what is wrong. Nothing is loaded.

    Findings carry reason codes (`docs/reason-codes.md`), sheet, row and column; never a cell's value.
    """
    with told_plainly():
        from assets.ingest import inspect_file, load_feeds
        from assets.warehouse.database import connect

        if not file.exists() and not file.is_symlink():
            raise FileNotFoundError(2, "no such file", str(file))
        if draft:
            sys.stdout.write(_draft(file))
            return
        place = home_of(home)
        feeds = load_feeds(place.config)
        with out.status("Reading …"), ExitStack() as opened:
            # With a working database at hand the drift against the last file of that feed is told as well.
            known = place.work_db.is_file()
            connection = opened.enter_context(connect(place, read_only=True)) if known else None
            found = inspect_file(file, feeds, connection=connection)
        if as_json:
            sys.stdout.write(json.dumps(found.as_dict(), indent=2, ensure_ascii=False, default=str) + "\n")
        else:
            sys.stdout.write(found.as_text() + "\n")


def confirm(
    token: Annotated[str, typer.Argument(help="The file's token, as the summary and `quality.files` show it.")],
    home: HomeOption = None,
) -> None:
    """Let a held export load at the next run: one that lost more than 5 % of the records of the export before it."""
    with told_plainly():
        import getpass
        from datetime import UTC, datetime

        from assets.ingest.history import confirm_file
        from assets.warehouse.database import connect
        from orchestration.lock import writing

        place = built_home(home)
        with writing(place.lock), connect(place) as connection:
            now = datetime.now(UTC).replace(tzinfo=None)
            if not confirm_file(connection, token, getpass.getuser(), now):
                fail("no held file has that token")
        out.print(f"[green]✓[/green] {token} loads at the next run")


def _draft(file: Path) -> str:
    """A spec for `replicate` from an SPSS file's labels, else a map of a new form for a person to approve."""
    if file.suffix.lower() in {".sav", ".zsav", ".por"}:
        from assets.study.draft import draft_spec
        from assets.study.wide import read_wide

        return draft_spec(read_wide(file))
    from assets.ingest.draft import draft_map

    return draft_map(file, re.sub(r"[^a-z0-9]+", "_", file.stem.lower()).strip("_") or "new_form")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(sample)
    app.command()(inspect)
    app.command()(confirm)
