"""``outcomes status`` and ``outcomes follow-up``: what an operator and a case manager look at first."""

import json
import sys
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from assets.home import Home
from orchestration.commands import HomeOption, built_home, fail, home_of, out, told_plainly

if TYPE_CHECKING:
    from assets.publish.status import Status

JsonOption = Annotated[bool, typer.Option("--json", help="Print it as JSON on standard output.")]


def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Tell how the home stands on one screen: last build, what is new, what waits for a person, when the next night is.

    Counts, codes and file tokens only. Exit code 0 whatever it says.
    """
    with told_plainly():
        from assets.news import news
        from assets.publish.status import read_status
        from orchestration.lock import holder

        place = home_of(home)
        if not place.root.is_dir():
            fail(f"no home folder at {place.root}", 2)
        running = holder(place.lock) if place.lock.exists() else None
        found = read_status(place, news(place), _next_night(place, datetime.now(UTC)), running)
        if as_json:
            sys.stdout.write(json.dumps(found.as_dict(), indent=2, ensure_ascii=False) + "\n")
        else:
            _show(found)


def _next_night(home: Home, now: datetime) -> datetime:
    """The next time the schedule looks, by the agency's clock."""
    from zoneinfo import ZoneInfo

    from assets.agency_time import time_zone
    from orchestration.settings import NIGHT_HOUR

    zone = ZoneInfo(time_zone(home.config))
    local = now.astimezone(zone)
    day = local.date() + timedelta(days=int(local.hour >= NIGHT_HOUR))
    return datetime(day.year, day.month, day.day, NIGHT_HOUR, tzinfo=zone)


def _show(found: "Status") -> None:
    out.print(f"[bold]{found.home}[/bold]", soft_wrap=True)
    if found.running:
        out.print(
            f"[yellow]![/yellow] process {found.running} is writing here now; what waits is told when it has ended"
        )
    if found.build:
        when = datetime.fromisoformat(found.build["finished_at"])
        ago = datetime.now(UTC) - when
        out.print(
            f"Build    {found.build['build_id']}, published {when:%Y-%m-%d %H:%M} UTC ({_ago(ago)} ago),"
            f" code {found.build['code_version']}, settings {found.build['settings']}",
            soft_wrap=True,
        )
    out.print(f"New      {found.news}", soft_wrap=True)
    out.print(f"Next     {found.next_night} by the schedule of `outcomes ui`, if it runs", soft_wrap=True)
    if found.files:
        out.print("Files    " + ", ".join(f"{n} {state}" for state, n in found.files.items()))
    for row in found.waiting_files:
        out.print(
            f"         {row['file_token']} {row['kind']} {row['status']} {row['reason']}: {row['means']}",
            soft_wrap=True,
        )
    for row in found.quarantine:
        out.print(f"         {row['n']} × {row['kind']} {row['rule_code']}: {row['means']}", soft_wrap=True)
    if found.checks:
        out.print(f"Checks   {found.checks['passed']} of {found.checks['total']} passed")
    for row in found.failed_checks:
        mark = "[red]✗[/red]" if row["severity"] == "error" else "[yellow]![/yellow]"
        out.print(f"         {mark} {row['asset']}: {row['name']} ({row['n_failed'] or 0} rows)", soft_wrap=True)
    for row in found.stale_feeds:
        out.print(f"Late     {row['kind']}: newest export is {row['days']} days old")
    if found.follow_up:
        out.print(f"To do    {sum(found.follow_up.values())} items for case managers (`outcomes follow-up`)")
    how = found.encryption
    out.print(
        f"Key      {how['key']}; working database {how['working_database']}, agency.duckdb {how['agency_database']},"
        f" disk {how['disk']}"
    )
    for line in found.attention:
        out.print(f"[yellow]![/yellow] {line}", soft_wrap=True)
    if not found.attention:
        out.print("[green]✓[/green] Nothing waits for a person.")


def _ago(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def follow_up(
    home: HomeOption = None,
    on: Annotated[
        str | None, typer.Option("--on", help="The day to make it for, YYYY-MM-DD (default: today at the agency).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write agency/follow_up.xlsx: who needs what next, one sheet a case manager. Prints counts only.

    Surveys due, goals not reviewed, clients without a service, notes and intakes with gaps, surveys nobody is matched
    to. Made from what the last night loaded; facts dated after the day are not looked at.
    """
    with told_plainly():
        from assets.agency_time import local_day
        from assets.publish.follow_up_desk import make_follow_up
        from assets.warehouse.database import connect
        from orchestration.lock import writing

        place = built_home(home)
        try:
            day = date.fromisoformat(on) if on else local_day(place.config, datetime.now(UTC))
        except ValueError:
            fail("--on takes a day as YYYY-MM-DD", 2)
        with writing(place.lock), connect(place, read_only=True) as connection:
            counts = make_follow_up(place, connection, day, keep=False)
        if as_json:
            told = {
                "day": day.isoformat(),
                "items": sum(counts.values()),
                "kinds": counts,
                "path": str(place.follow_up),
            }
            sys.stdout.write(json.dumps(told, indent=2) + "\n")
            return
        for kind, n in counts.items():
            out.print(f"{n:>6}  {kind.replace('_', ' ')}")
        out.print(f"[green]✓[/green] {place.follow_up} as of {day.isoformat()}", soft_wrap=True)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(status)
    app.command("follow-up")(follow_up)
