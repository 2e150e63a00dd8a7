"""The editions of a form: from when to when each was in use, and what was different then."""

from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from assets.ingest.config import TableFeed


class ColumnThen(BaseModel):
    """What an edition has otherwise than the map says for today; what is not given stays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    header: str | None = None
    synonyms: tuple[str, ...] | None = None
    required: bool | None = None
    codes: str | None = None
    strict: bool | None = None
    low: float | None = None
    high: float | None = None
    fill_down: bool | None = None
    decimal_comma: bool | None = None


class Version(BaseModel):
    """One edition of a form: in use from ``since`` to ``until``, both days in (default: until the next one began).

    ``lacks`` names columns it did not have yet, ``columns`` what was headed or coded otherwise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    since: date
    until: date | None = None
    lacks: tuple[str, ...] = ()
    columns: dict[str, ColumnThen] = {}
    date_order: str | None = None


def check_dates(versions: tuple[Version, ...]) -> None:
    """Raise ``ValueError`` naming the edition where two overlap, leave days between them, or share a name."""
    names = [version.name for version in versions]
    ordered = in_order(versions)
    for earlier, later in pairwise(ordered):
        if earlier.since == later.since:
            raise ValueError(f"'{earlier.name}' and '{later.name}' begin on one day")
        if earlier.until is not None and earlier.until >= later.since:
            raise ValueError(f"'{earlier.name}' overlaps '{later.name}': until must lie before {later.since}")
        if earlier.until is not None and earlier.until + timedelta(days=1) < later.since:
            raise ValueError(f"days between '{earlier.name}' and '{later.name}' belong to neither")
    if len(names) != len(set(names)):
        raise ValueError("two editions carry one name")
    if any(v.until is not None and v.until < v.since for v in versions):
        raise ValueError("an edition ends before it begins")


def in_order(versions: tuple[Version, ...]) -> list[Version]:
    """The editions, oldest first."""
    return sorted(versions, key=lambda version: version.since)


def last_day(versions: tuple[Version, ...], name: str) -> date | None:
    """The last day on which the edition ``name`` was in use; None for the one in use."""
    ordered = in_order(versions)
    place = next(i for i, version in enumerate(ordered) if version.name == name)
    if ordered[place].until is not None:
        return ordered[place].until
    return ordered[place + 1].since - timedelta(days=1) if place + 1 < len(ordered) else None


def edition(feed: "TableFeed", version: Version) -> "TableFeed":
    """The feed's map as it was under ``version``: the same columns, with that edition's headers, codes and limits."""
    columns = {}
    for name, column in feed.columns.items():
        then = version.columns.get(name)
        changes = then.model_dump(exclude_none=True) if then is not None else {}
        if "header" in changes:
            changes["synonyms"] = (column.header, *changes.get("synonyms", column.synonyms))
        if name in version.lacks:
            changes["required"] = False
        columns[name] = column.model_copy(update=changes) if changes else column
    changed = {"columns": columns} | ({"date_order": version.date_order} if version.date_order else {})
    return feed.model_copy(update=changed)
