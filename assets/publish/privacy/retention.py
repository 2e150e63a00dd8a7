"""How long things are kept: floors that forbid erasing, holds that forbid everything, and the purge of what is over.

The numbers are settings (``retention`` in ``config/disclosure.yml``): the record a law speaks of is usually the
agency's case management system, and this warehouse a copy that may go earlier. Not legal advice.
"""

import csv
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from assets.errors import DataError, Place
from assets.home import Home
from assets.keys import load_key
from assets.publish.privacy.trail import record


class Retention(BaseModel):
    """Settings of retention. ``official_record`` says whether the floor binds this warehouse."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    official_record: bool = False
    years_after_exit: Annotated[int, Field(ge=0)] = 7
    until_age: Annotated[int, Field(ge=0)] = 23
    keep_days: dict[str, Annotated[int, Field(ge=1)]] = {}
    """Folder of the agency zone → days its files are kept: ``rejected``, ``vault``, ``dagster``, ``dbt``."""
    purge: Literal["by_hand", "nightly"] = "by_hand"
    """Whether each night deletes what is past its date, or only counts it until somebody does."""
    frozen: Literal["keep", "erase"] = "keep"
    """Whether a frozen publication that holds an erased client is kept, and told on the receipt, or removed."""
    backups: tuple[str, ...] = ()
    """Copies of the home that others keep, in words, for the receipts of erasures."""


@dataclass(frozen=True)
class Purged:
    """One file that is past its date: the folder it lies in, its age in days, and whether it was deleted."""

    folder: str
    days: int
    deleted: bool


def floor_date(retention: Retention, born: date | None, exited: date | None) -> date | None:
    """Return the day before which an official record is kept: the later of exit plus years and the birthday.

    22 TAC 781.309 for minors as shipped: seven years after services end, or the 23rd birthday. None without dates.
    """
    ends = [_plus_years(exited, retention.years_after_exit), _plus_years(born, retention.until_age)]
    known = [day for day in ends if day is not None]
    return max(known) if known else None


def refuse_if_held(
    home: Home, retention: Retention, source_id: str, dates: tuple[date | None, date | None], today: date
) -> None:
    """Raise ``DataError`` ``LEGAL_HOLD`` or ``RETAINED`` when the client may not be erased today.

    ``dates`` are the client's birth date and exit date, where known.

    Holds stand in ``agency/holds.csv`` (client_id, until, reason; an empty ``until`` has no end).
    """
    holds = home.agency / "holds.csv"
    if holds.exists():
        with holds.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.DictReader(file), 2):
                try:
                    until = date.fromisoformat(row["until"]) if row.get("until") else None
                    held = row["client_id"].strip() == source_id
                except (KeyError, ValueError, AttributeError):
                    raise DataError("BAD_HOLD", "a hold cannot be read", Place(sheet="holds.csv", row=number)) from None
                if held and (until is None or until >= today):
                    raise DataError("LEGAL_HOLD", "a legal hold forbids erasing", Place(sheet="holds.csv", row=number))
    floor = floor_date(retention, *dates) if retention.official_record else None
    if floor is not None and today < floor:
        raise DataError("RETAINED", f"this is the official record and is kept until {floor.isoformat()}")


def purge(home: Home, retention: Retention, today: date, *, dry_run: bool = True) -> list[Purged]:
    """List, and unless ``dry_run`` delete, the files of the agency zone that are past their date; nothing earlier.

    Goes by the files' own times. The vault's files are named by what they hold; those of the last load are kept
    by their date as well.
    """
    found = []
    for folder, days in sorted(retention.keep_days.items()):
        place = _place(home, folder)
        for path in sorted(place.rglob("*")) if place.is_dir() else []:
            if not path.is_file() or path.is_symlink():
                continue
            made = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
            if made + timedelta(days=days) < today:
                if not dry_run:
                    path.unlink()
                found.append(Purged(folder, (today - made).days, not dry_run))
    if found and not dry_run:
        record(home, "purge", load_key(home), files=len(found))
    return found


def _place(home: Home, folder: str) -> Path:
    allowed = {"rejected": home.rejected, "vault": home.vault, "dagster": home.dagster, "dbt": home.dbt}
    if folder not in allowed:
        raise DataError("BAD_SETTING", "retention.keep_days names a folder that is not purged by date")
    return allowed[folder]


def _plus_years(day: date | None, years: int) -> date | None:
    if day is None:
        return None
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # born on 29 February
        return date(day.year + years, 3, 1)
