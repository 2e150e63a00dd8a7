"""``outcomes keygen``, ``release``, ``incident``, ``erase``, ``purge`` and ``audit verify``: the privacy desk."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from assets.home import Home
from orchestration.commands import HomeOption, err, fail, home_of, out, told_plainly

audit = typer.Typer(help="The audit trail: append-only, hash-chained, value-free.", no_args_is_help=True)


def keygen(
    path: Annotated[Path, typer.Argument(help="Where to write the key: outside the home folder and its backups.")],
    home: HomeOption = None,
) -> None:
    """Make a key for the agency zone (mode 600) and say what to do with it: set OUTCOMES_KEY_FILE to its path."""
    with told_plainly():
        from assets.keys import generate_key

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
        from assets.publish.privacy.erasure import erase_client, look_again
        from assets.publish.privacy.policy import load_policy
        from orchestration.lock import writing
        from orchestration.night import run_night
        from orchestration.temporary import private_temp

        place = _built(home)
        source_id = normalise_client_id(client, load_feeds(place.config).agency.client_id)
        if source_id is None:
            fail("that is not a client ID of this agency's pattern (config/agency.yml)", 2)
        if not yes:
            typer.confirm("Erase this client everywhere? This cannot be undone", abort=True)
        with writing(place.lock), private_temp(place), out.status("Erasing …"):
            receipt = erase_client(place, source_id, load_policy(place.config).retention, date.today())
        night = run_night(place, out)
        with writing(place.lock), private_temp(place), out.status("Looking once more …"):
            look_again(place, receipt)
        sys.stdout.write(receipt.as_json() + "\n")
        if not night.succeeded:
            fail(
                "the client is erased, but the build after it failed: nothing is published until a run succeeds."
                f" {night.message}"
            )
        if receipt.remaining_hits:
            fail("the client was still found: remaining_in on the receipt names the files")


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


def release(
    project: Annotated[str, typer.Argument(help="Name of a file in config/projects, without .yml.")],
    home: HomeOption = None,
    out_dir: Annotated[
        Path | None, typer.Option("--out", help="A new or empty folder for the files (default: in agency/releases).")
    ] = None,
) -> None:
    """Hand the rows of a research project over, with a risk report and a receipt; refuses (exit 1) with the reason.

    Needs legal basis, approver, receiver, end, consent rule and variables in `config/projects/PROJECT.yml`, and groups
    of alike clients as large as `config/disclosure.yml` asks for.
    """
    with told_plainly():
        from assets.publish.privacy.handover import hand_over
        from assets.publish.privacy.policy import load_policy
        from assets.publish.privacy.projects import TooRisky
        from assets.warehouse.database import connect
        from orchestration.lock import writing

        place = _built(home)
        policy = load_policy(place.config).research
        try:
            with writing(place.lock), connect(place) as connection:
                done = hand_over(place, connection, project, date.today(), out_dir)
        except TooRisky as refusal:
            for sentence in refusal.report.in_words():
                err.print(f"  {sentence}", soft_wrap=True)
            raise
        for sentence in done.report.in_words():
            out.print(f"  {sentence}", soft_wrap=True)
        if done.report.k < policy.warn_k:
            out.print(f"[yellow]![/yellow] k is {done.report.k}, under {policy.warn_k}: think of wider bands")
        thin = sorted(name for name, variety in done.report.l_values.items() if variety < policy.l)
        if thin:
            out.print(f"[yellow]![/yellow] all clients of some group are alike in: {', '.join(thin)}", soft_wrap=True)
        told = done.receipt
        out.print(f"[green]✓[/green] {told.clients} rows for {told.receiver} in {done.folder}", soft_wrap=True)
        out.print(f"  {told.without_consent} clients without consent, {told.withheld} too rare: left out")
        for name, sha256 in sorted(told.files.items()):
            out.print(f"  {sha256}  {name}", soft_wrap=True)
        out.print(f"  Receipt {done.receipt_file}", soft_wrap=True)


def public_table(
    rows: Annotated[str, typer.Option("--rows", help="A flag or a variable with levels, e.g. race_ethnicity.")],
    columns: Annotated[str | None, typer.Option("--columns", help="A second one: then a cross table.")] = None,
    home: HomeOption = None,
    file: Annotated[Path | None, typer.Option("--out", help="Write the table as CSV as well.")] = None,
) -> None:
    """Count clients for the public by one or two variables: suppressed like the report, judged by the same ledger.

    The only way to ask the public zone a question. Single clients, numbers and dates cannot be asked for; what was told
    once is remembered, so that no second table gives the first one's hidden counts away.
    """
    with told_plainly():
        from assets.publish.privacy.projects import to_csv
        from assets.publish.privacy.public_query import public_table as ask
        from orchestration.lock import writing

        place = _built(home)
        with writing(place.lock), out.status("Counting …"):
            told = ask(place, rows, columns, date.today())
        names = list(told.counts.columns)
        wide = [max(len(str(name)), 8) + 2 for name in names]
        wide[0] = max([wide[0], *(len(str(level)) + 2 for level in told.counts[names[0]])])
        out.print("".join(f"{name!s:<{w}}" for name, w in zip(names, wide, strict=True)), soft_wrap=True)
        for line in told.counts.itertuples(index=False, name=None):
            cells = ["—" if value is None else str(value) for value in line]
            out.print("".join(f"{text:<{w}}" for text, w in zip(cells, wide, strict=True)), soft_wrap=True)
        out.print(f"— not shown: it would tell of fewer than {told.k} clients", soft_wrap=True)
        if told.watermark:
            out.print(told.watermark, soft_wrap=True)
        if file:
            file.write_bytes(to_csv(told.counts))


def incident(
    file: Annotated[str, typer.Argument(help="A file, its SHA-256, or the first 12 digits of that.")],
    home: HomeOption = None,
) -> None:
    """A file got out: how many clients, which variables, encrypted or not, and who was given it; exit 1 if unknown."""
    with told_plainly():
        import re

        from assets.publish.privacy.incident import hash_of
        from assets.publish.privacy.incident import incident as look_up

        place = _built(home)
        path = Path(file)
        sha256 = hash_of(path) if path.is_file() else file.lower()
        if not re.fullmatch(r"[0-9a-f]{12,64}", sha256):
            fail("that is neither a file nor 12 to 64 digits of a SHA-256", 2)
        with out.status("Looking through receipts, vault and files …"):
            found = look_up(place, sha256)
        if found is None:
            fail("no receipt and no file of this home has that hash")
        clients = "how many clients cannot be told without opening it" if found.clients is None else found.clients
        out.print(f"What       {found.what}", soft_wrap=True)
        out.print(f"Clients    {clients}")
        out.print(f"Variables  {', '.join(found.variables) or 'none'}", soft_wrap=True)
        out.print(f"Encrypted  {'yes' if found.encrypted else 'no'}")
        out.print(f"Receivers  {', '.join(found.receivers) or 'none on record'}", soft_wrap=True)


@audit.command()
def verify(home: HomeOption = None) -> None:
    """Find an edited, moved or missing line of the trail and of the release ledger; exit 1 when there is one."""
    with told_plainly():
        from assets.keys import load_key
        from assets.publish.privacy.ledger import verify_ledger
        from assets.publish.privacy.trail import verify_trail

        place = home_of(home)
        key = load_key(place)
        found = {"the trail": verify_trail(place, key), "the release ledger": verify_ledger(place, key)}
        for name, broken in found.items():
            for line in broken:
                out.print(f"[red]✗[/red] {name}, line {line.line}: {line.reason}", soft_wrap=True)
            if not broken:
                out.print(f"[green]✓[/green] {name} is whole")
        if any(found.values()):
            raise typer.Exit(1)


def _built(option: Path | None) -> Home:
    home = home_of(option)
    if not home.work_db.is_file():
        fail(f"nothing is built in {home.root} yet: run `outcomes run` first")
    return home


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (keygen, release, public_table, incident, erase, purge):
        app.command()(command)
    app.add_typer(audit, name="audit")
