"""``outcomes run`` and ``outcomes ui``."""

import json
import sys
from typing import Annotated

import typer
from rich.console import Console

from assets.home import Home
from orchestration.commands import HomeOption, err, fail, home_of, out, told_plainly

RequireKey = Annotated[bool, typer.Option("--require-encryption", help="Refuse to start without OUTCOMES_KEY_FILE.")]
RequireDisk = Annotated[
    bool, typer.Option("--require-encrypted-disk", help="Refuse to start unless the disk is seen to be encrypted.")
]


def run(
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON on standard output.")] = False,
    if_changed: Annotated[
        bool, typer.Option("--if-changed", help="Do nothing when inbox, configuration and code are as last built.")
    ] = False,
    require_encryption: RequireKey = False,
    require_encrypted_disk: RequireDisk = False,
) -> None:
    """Run the nightly job once: ingest what is in the inbox, build, check, fit, publish.

    Files stay in the inbox; a file already loaded is recognised by its content and left alone. When a gate fails the
    run ends with exit code 1 and the files published before stay as they are.
    """
    with told_plainly():
        place = home_of(home)
        if not place.root.is_dir():
            fail(f"no home folder at {place.root}; make one with an inbox/ folder in it, or try `outcomes sample`", 2)
        if not place.inbox.is_dir():
            fail(f"there is no inbox folder at {place.inbox}; if it lies on a network share, the share may be away")
        from assets.news import news

        _refuse_unprotected(place, key=require_encryption, disk=require_encrypted_disk)
        found = news(place)
        if if_changed and not found.anything:
            told = json.dumps({"status": "skipped", "reason": found.reason}) if as_json else found.reason
            sys.stdout.write(told + "\n")
            return
        from orchestration.night import run_night
        from orchestration.summary import show, summarise

        console = Console(stderr=True, highlight=False) if as_json else out
        console.print(f"[bold]Nightly run[/bold] in {place.root}", soft_wrap=True)
        _show_encryption(place)
        result = run_night(place, console)
        summary = summarise(place, result)
        if as_json:
            sys.stdout.write(json.dumps(summary, indent=2, ensure_ascii=False, default=str) + "\n")
        else:
            show(summary, out)
        if not result.succeeded:
            raise typer.Exit(1)


def _refuse_unprotected(home: Home, *, key: bool, disk: bool) -> None:
    """Refuse a missing, wrong or open key, and what the switches ask for beyond it, before anything is read."""
    from assets.keys import load_key, require_encryption
    from assets.publish import require_encrypted_disk

    load_key(home)
    if key:
        require_encryption(home)
    if disk:
        require_encrypted_disk(home)


def _show_encryption(home: Home) -> None:
    """Say how the agency's files lie on the disk; a home that was plain before its key is encrypted here."""
    from assets.keys import load_key
    from assets.publish import prepare_home, start_notices
    from assets.publish.privacy.encrypt_home import encrypt_home
    from orchestration.lock import writing

    prepare_home(home)
    for notice in start_notices(home):
        err.print(f"[yellow]![/yellow] {notice}", soft_wrap=True)
    key = load_key(home)
    with writing(home.lock):  # another run is told of here, before anything starts
        if key:
            encrypt_home(home, key, lambda told: err.print(f"[green]✓[/green] {told}", soft_wrap=True))


def ui(
    home: HomeOption = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 3000,
    require_encryption: RequireKey = False,
    require_encrypted_disk: RequireDisk = False,
) -> None:
    """Open the Dagster UI and the daemon (schedules) on 127.0.0.1, until Ctrl-C."""
    from orchestration.server import serve

    with told_plainly():
        from assets.publish import start_notices

        place = home_of(home)
        _refuse_unprotected(place, key=require_encryption, disk=require_encrypted_disk)
        for notice in start_notices(place):
            err.print(f"[yellow]![/yellow] {notice}", soft_wrap=True)
        raise typer.Exit(serve(place, port, out))


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(run)
    app.command()(ui)
