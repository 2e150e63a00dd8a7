"""``outcomes keygen``, ``erase``, ``purge`` and ``audit verify``: the privacy desk."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from assets.home import Home
from orchestration.commands import HomeOption, fail, home_of, out, told_plainly

audit = typer.Typer(help="The audit trail: append-only, hash-chained, value-free.", no_args_is_help=True)


def keygen(
    path: Annotated[Path, typer.Argument(help="Where to write the key: outside the home folder and its backups.")],
    home: HomeOption = None,
) -> None:
    """Make a key for the agency zone (mode 600) and say what to do with it: set OUTCOMES_KEY_FILE to its path."""
    with told_plainly():
        from assets.publish.privacy.keys import generate_key

        generate_key(path, home_of(home))
        out.print(f"[green]✓[/green] {path}: keep a copy on paper or in a safe; a lost key cannot be replaced")


def erase(
    client: Annotated[str, typer.Argument(help="The client's ID as the agency writes it.")],
    home: HomeOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a person everywhere this program can reach, then rebuild; prints a receipt that is honest about the rest.

    A retention floor or a legal hold refuses with its reason. An old export dropped again does not bring them back.
    """
    with told_plainly():
        from assets.ingest import load_feeds, normalise_client_id
        from assets.publish.privacy.erasure import erase_client
        from assets.publish.privacy.policy import load_policy
        from orchestration.lock import writing
        from orchestration.night import run_night

        place = _built(home)
        source_id = normalise_client_id(client, load_feeds(place.config).agency.client_id)
        if source_id is None:
            fail("that is not a client ID of this agency's pattern (config/agency.yml)", 2)
        if not yes:
            typer.confirm("Erase this client everywhere? This cannot be undone", abort=True)
        with writing(place.lock), out.status("Erasing …"):
            receipt = erase_client(place, source_id, load_policy(place.config).retention, date.today())
        sys.stdout.write(receipt.as_json() + "\n")
        if not run_night(place, out).succeeded:
            fail("the client is erased, but the build after it failed: nothing is published until a run succeeds")


def purge(
    home: HomeOption = None,
    really: Annotated[bool, typer.Option("--delete", help="Delete; without it only a list is printed.")] = False,
) -> None:
    """List what is past its date under config/disclosure.yml (a dry run), or delete it."""
    with told_plainly():
        from assets.publish.privacy.policy import load_policy
        from assets.publish.privacy.retention import purge as sweep
        from orchestration.lock import writing

        place = _built(home)
        with writing(place.lock):
            swept = sweep(place, load_policy(place.config).retention, date.today(), dry_run=not really)
        for item in swept:
            out.print(f"{'deleted' if item.deleted else 'past its date'}: {item.folder}, {item.days} days old")
        if not swept:
            out.print("Nothing is past its date.")


@audit.command()
def verify(home: HomeOption = None) -> None:
    """Find an edited, moved or missing line of the trail; exit 1 when there is one."""
    with told_plainly():
        from assets.publish.privacy.keys import load_key
        from assets.publish.privacy.trail import verify_trail

        place = home_of(home)
        broken = verify_trail(place, load_key(place))
        for line in broken:
            out.print(f"[red]✗[/red] line {line.line}: {line.reason}")
        if broken:
            raise typer.Exit(1)
        out.print("[green]✓[/green] the trail is whole")


def _built(option: Path | None) -> Home:
    home = home_of(option)
    if not home.work_db.is_file():
        fail(f"nothing is built in {home.root} yet: run `outcomes run` first")
    return home


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (keygen, erase, purge):
        app.command()(command)
    app.add_typer(audit, name="audit")
