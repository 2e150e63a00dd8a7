"""Which feed a table is, and where its header stands: told by the header's names, never by the file's name."""

from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

from assets.errors import DataError
from assets.ingest.cells import cell_text
from assets.ingest.config import Feeds, TableFeed
from assets.ingest.structure import stated_export
from assets.ingest.texts import fold
from assets.ingest.versions import Version, last_day

ENOUGH = 0.5
"""Share of a feed's required columns that must be named before a row counts as its header."""


@dataclass(frozen=True)
class Header:
    """A header row found: 0-based place in the head, rows it spans, and for each 0-based column its name and
    meaning."""

    feed: TableFeed
    place: int
    rows: int
    names: tuple[str | None, ...]
    columns: dict[int, str]
    synonyms: frozenset[int]
    duplicates: frozenset[str]
    version: Version
    missing: tuple[str, ...]
    confidence: float
    made: date | None = None
    """The day on which the titles above say that the export was made."""

    @property
    def last_day(self) -> date | None:
        """The last day on which this edition of the form was in use; None for the one in use."""
        return last_day(self.feed.versions, self.version.name)

    @property
    def was_in_use(self) -> bool:
        """True unless the export was made when this edition was not in use."""
        last = self.last_day
        return self.made is None or (self.version.since <= self.made and (last is None or self.made <= last))

    def nearest(self) -> dict[str, int]:
        """For each missing column, the 0-based place of the unrecognised name that is most like it."""
        unknown = {fold(name): i for i, name in enumerate(self.names) if name and i not in self.columns}
        found: dict[str, int] = {}
        for column in self.missing:
            spellings = self.feed.columns[column].known_headers
            near = [m for s in sorted(spellings) for m in get_close_matches(s, list(unknown), n=1, cutoff=0.6)]
            if near:
                found[column] = unknown[near[0]]
        return found


def unknown_form(heads: list[list[list[Any]]], feeds: Feeds) -> DataError:
    """The refusal of a file none of whose sheets has a known header: ``WRONG_KIND`` with the nearest feed, or
    ``NO_HEADER``."""
    found = [header for head in heads if (header := best_header(head, feeds)) is not None]
    if not found:
        return DataError("NO_HEADER", "no header of a known form in the first rows")
    nearest = max(found, key=lambda header: (header.confidence, header.feed.feed))
    share = f"{nearest.confidence:.0%} of its required columns"
    return DataError("WRONG_KIND", f"nearest feed: {nearest.feed.feed} ({share})")


def find_header(head: list[list[Any]], feeds: Feeds) -> Header | None:
    """The best header for any table feed, or None where no row names half of a feed's required columns."""
    best = best_header(head, feeds)
    return best if best is not None and best.confidence >= ENOUGH else None


def best_header(head: list[list[Any]], feeds: Feeds) -> Header | None:
    """The row of the first ones that names most of a feed's columns, at least two of them.

    More required columns win, then more columns at all, then fewer header rows, then the edition in use on the
    day that the titles state, then fewer synonyms, then the newer edition; the feed's name breaks the last tie.
    """
    best: tuple[tuple[float, float, int, bool, int, date, str], Header] | None = None
    editions = [(v, feed, _lookup(feed)) for _, base in sorted(feeds.tables.items()) for v, feed in base.editions()]
    for place, row in enumerate(head[: max((feed.header_within for _, feed, _ in editions), default=0)]):
        made = _made_on(head[:place])
        for rows, names in _readings(head, place, row):
            folded = [fold(name) if name else "" for name in names]
            for version, feed, lookup in editions:
                if place >= feed.header_within or sum(1 for text in folded if text in lookup) < 2:
                    continue
                match = _Match(feed, version, lookup, made)
                header = match.header(place=place, rows=rows, names=names, folded=folded)
                rank = (
                    header.confidence,
                    float(len(header.columns)) / len(feed.columns),
                    -rows,
                    header.was_in_use,
                    -len(header.synonyms),
                    version.since,
                    feed.feed,
                )
                if best is None or rank > best[0]:
                    best = (rank, header)
    return best[1] if best is not None else None


def confidences(head: list[list[Any]], feeds: Feeds) -> dict[str, float]:
    """For each table feed of which at least two columns are named, how surely the rows hold its header."""
    found = {}
    for name, feed in feeds.tables.items():
        header = best_header(head, feeds.model_copy(update={"tables": {name: feed}}))
        if header is not None:
            found[name] = header.confidence
    return found


def _made_on(titles: list[list[Any]]) -> date | None:
    """The day on which the export was made, where a line above the header says so."""
    stated = stated_export([text for row in titles for cell in row if (text := cell_text(cell))])
    try:
        return date.fromisoformat(stated[:10]) if stated else None
    except ValueError:
        return None


def _readings(head: list[list[Any]], place: int, row: list[Any]) -> list[tuple[int, tuple[str | None, ...]]]:
    """A row as a header by itself and, where it has gaps, together with the row below (two-row and merged headers)."""
    single = tuple(cell_text(cell) for cell in row)
    readings: list[tuple[int, tuple[str | None, ...]]] = [(1, single)]
    if place + 1 < len(head) and any(single) and None in single:
        lower = tuple(cell_text(cell) for cell in head[place + 1])
        width = max(len(single), len(lower))
        upper: list[str | None] = []
        for i in range(width):
            above = single[i] if i < len(single) else None
            upper.append(above if above else None)
        both = tuple((lower[i] if i < len(lower) and lower[i] else upper[i]) for i in range(width))
        readings.append((2, both))
    return readings


def _lookup(feed: TableFeed) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, column in feed.columns.items():
        found.setdefault(fold(column.header), name)
    for name, column in feed.columns.items():
        for text in sorted(column.known_headers):
            found.setdefault(text, name)
    return found


@dataclass(frozen=True)
class _Match:
    """One edition of one feed, held against a row of names."""

    feed: TableFeed
    version: Version
    lookup: dict[str, str]
    made: date | None

    def header(self, *, place: int, rows: int, names: tuple[str | None, ...], folded: list[str]) -> Header:
        claims: dict[str, list[int]] = {}
        for i, text in enumerate(folded):
            if text in self.lookup:
                claims.setdefault(self.lookup[text], []).append(i)
        columns: dict[int, str] = {}
        synonyms: set[int] = set()
        duplicates: set[str] = set()
        for name, places in claims.items():
            own = [i for i in places if folded[i] == fold(self.feed.columns[name].header)]
            # A column's own name beats a synonym that happens to stand beside it; two equals are a fault.
            if len(own or places) > 1:
                duplicates.add(name)
            columns[(own or places)[0]] = name
            if not own:
                synonyms.add(places[0])
        required = [name for name, column in self.feed.columns.items() if column.required]
        missing = tuple(name for name in required if name not in claims)
        return Header(
            self.feed,
            place,
            rows,
            names,
            columns,
            frozenset(synonyms),
            frozenset(duplicates),
            self.version,
            missing,
            (len(required) - len(missing)) / max(1, len(required)),
            self.made,
        )
