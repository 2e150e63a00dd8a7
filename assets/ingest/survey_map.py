"""Which survey a header is, and which of its columns holds which question."""

from dataclasses import dataclass, field, replace
from typing import Literal

from assets.ingest.config import Feeds, Question, SurveyFeed
from assets.ingest.qualtrics_header import SurveyColumn, SurveyHeader
from assets.ingest.survey_multi import MultiColumns, locate_multi
from assets.ingest.texts import fold

Kind = Literal["code", "moment", "few", "unread"]
IGNORED = frozenset(
    [
        "ipAddress",
        "recipientLastName",
        "recipientFirstName",
        "recipientEmail",
        "externalDataReference",
        "locationLatitude",
        "locationLongitude",
        "locationAccuracy",
        "responseSet",
        "recipientName",
    ]
)
"""Qualtrics' own columns that nobody needs and that identify people: they stay in the vault."""
DATED = ("startDate", "endDate", "recordedDate")
_FEW = frozenset(["status", "finished", "progress", "userLanguage", "distributionChannel"])


@dataclass(frozen=True)
class SurveyMap:
    """Which survey a header is, and which column of the file holds which question."""

    feed: SurveyFeed
    client_id: SurveyColumn
    items: dict[str, SurveyColumn]
    others: tuple[SurveyColumn, ...]
    confidence: float
    multi: dict[str, MultiColumns] = field(default_factory=dict)
    learned: dict[str, dict[str, int]] = field(default_factory=dict)
    """Item → folded label → code, from survey definitions: asked where the map's own labels have no answer."""
    contested: dict[str, int] = field(default_factory=dict)
    """Item → labels to which the newest definition gives another code than the map."""

    @property
    def side(self) -> frozenset[int]:
        """Places of the columns that stand beside a multi-select and hold no choice of it."""
        return frozenset(column.place for columns in self.multi.values() for column in columns.side)


def recognise_survey(header: SurveyHeader, feeds: Feeds) -> SurveyMap | None:
    """The survey whose questions are most nearly those of the file, by ImportId where the file has them, else by name.

    Rank: share of shared questions among all questions of either; then shared names; then the feed's name.
    """
    best: tuple[tuple[float, float, str], SurveyMap] | None = None
    asked = [column for column in header.columns if not column.is_metadata]
    for name, feed in feeds.surveys.items():
        found = _map(header, feed, asked)
        if found is None:
            continue
        shared = len(found.items) + len(found.multi) + 1
        union = len(feed.items) + len(feed.multi) + 1 + len(found.others) - len(found.side)
        by_name = sum(1 for item, column in found.items.items() if _named(column, feed.items[item]))
        rank = (shared / union, by_name / max(1, len(feed.items)), name)
        if best is None or rank > best[0]:
            best = (rank, found)
    if best is None:
        return None
    name = best[1].feed.feed
    return replace(best[1], learned=feeds.learned.get(name, {}), contested=feeds.contested.get(name, {}))


def _named(column: SurveyColumn, question: Question) -> bool:
    return fold(column.name) in {fold(name) for name in question.names}


def _map(header: SurveyHeader, feed: SurveyFeed, asked: list[SurveyColumn]) -> SurveyMap | None:
    by_key = {(column.import_id, column.choice_id): column for column in reversed(asked) if column.import_id}
    by_name = {fold(column.name): column for column in reversed(asked)}
    keyed = header.generation in ("modern", "transitional")

    def locate(question: Question) -> SurveyColumn | None:
        if keyed and (question.import_id, None) in by_key:
            return by_key[(question.import_id, None)]
        if keyed:
            return None
        return next((by_name[fold(n)] for n in (*question.names, question.import_id) if fold(n) in by_name), None)

    client_id = locate(feed.client_id)
    items = {name: column for name, q in feed.items.items() if (column := locate(q)) is not None}
    if client_id is None:
        return None
    used = {client_id.place, *(column.place for column in items.values())}
    free = [column for column in asked if column.place not in used]
    located = {name: locate_multi(question, free, keyed=keyed) for name, question in feed.multi.items()}
    multi = {name: columns for name, columns in located.items() if columns is not None}
    n, of = len(items) + len(multi), len(feed.items) + len(feed.multi)
    if n < max(1, of // 2):
        return None
    used |= {column.place for columns in multi.values() for column in columns.answers}
    others = tuple(column for column in asked if column.place not in used)
    return SurveyMap(feed, client_id, items, others, n / of, multi)


def own_labels(feed: SurveyFeed, name: str) -> dict[str, int]:
    """Folded label → code of an item or a multi-select in its feed's map."""
    if name not in feed.multi:
        return map_labels(feed, feed.items[name])
    options = feed.multi[name].options
    return {fold(text): code for code, option in options.items() for text in (option.es, option.en)}


def map_labels(feed: SurveyFeed, question: Question) -> dict[str, int]:
    """Folded label → code of the question's own label table, English before Spanish."""
    labels = feed.labels.get(question.labels or "", {})
    return {fold(text): code for code, title in labels.items() for text in (title.es, title.en)}


def column_kinds(survey: SurveyMap, header: SurveyHeader) -> dict[int, Kind]:
    """What the columns at some places hold, for a reader that can use it (see ``survey_text.survey_columns``)."""
    kinds: dict[int, Kind] = {}
    for column in header.columns:
        if column.import_id in IGNORED:
            kinds[column.place] = "unread"
        elif column.import_id in DATED:
            kinds[column.place] = "moment"
        elif column.import_id in _FEW:
            kinds[column.place] = "few"
    return kinds | {column.place: "code" for column in survey.items.values()}
