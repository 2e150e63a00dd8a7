"""A response as a row of a workbook that people mend: written so that the survey's reader knows it again.

Such a row has one header line, so every column goes by a name that is known without ImportIds. The zone that the export
stated in its third line stands in a column of its own; it is never invented.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from assets.ingest.config import SurveyFeed
from assets.ingest.hand_back import Origin
from assets.ingest.qualtrics_header import METADATA, SurveyHeader
from assets.ingest.survey_map import DATED
from assets.ingest.texts import fold

ZONE = "time_zone"
RAW_NAMES = {
    "startDate": "start_date",
    "endDate": "end_date",
    "recordedDate": "recorded_date",
    "_recordId": "response_id",
    "status": "status",
    "finished": "finished",
    "progress": "progress",
    "duration": "duration_seconds",
    "userLanguage": "user_language",
    "distributionChannel": "distribution_channel",
}
"""Qualtrics' own fields that are kept → their column in raw."""


def plain_name(feed: SurveyFeed, name: str, target: str | None) -> str:
    """The name in the file if the survey is known by it, else its ImportId, which is a name as well.

    ``target`` is the field or question that the column holds; a column that holds none keeps its name.
    """
    if target in METADATA:
        known, otherwise = METADATA[target], METADATA[target][0]
    else:
        question = feed.client_id if target == "client_id" else feed.items.get(target or "")
        if question is None:
            return name
        known, otherwise = question.names, question.import_id
    return name if fold(name) in {fold(text) for text in known} else otherwise


def response_cells(
    feed: SurveyFeed, columns: Iterable[tuple[str, str | None]], row: Mapping[str, Any]
) -> dict[str, str | None]:
    """A row of ``raw`` under the names of its form, in codes; ``columns`` are (name in the file, what it holds).

    A multi-select has one cell whatever the form had; an answer that was left open has its declared code again.
    """
    left_open = json.loads(row.get("missing_items") or "{}")
    cells: dict[str, str | None] = {}
    for name, target in columns:
        raw = "client_id_raw" if target == "client_id" else RAW_NAMES.get(target or "", target)
        if raw is None or raw not in row:
            continue
        multi = feed.multi.get(raw)
        header = next(iter((*multi.names, multi.import_id))) if multi else plain_name(feed, name, target)
        cells[header] = _written(left_open.get(raw, row[raw]), is_multi=multi is not None)
    if row.get(ZONE):
        cells[ZONE] = str(row[ZONE])
    return cells


def _written(value: Any, *, is_multi: bool) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(int(value))
    if is_multi:
        return str(value).replace("|", ",") or "0"
    return str(value)


def without_zone(header: SurveyHeader) -> tuple[SurveyHeader, int | None]:
    """The header without the column of the zone, and where that column stands."""
    place = next((c.place for c in header.columns if c.name == ZONE and c.import_id is None), None)
    kept = tuple(column for column in header.columns if column.place != place)
    return replace(header, columns=kept), place


def by_export(
    header: SurveyHeader, zone_place: int | None, rows: Sequence[Sequence[str | None]], origins: Sequence[Origin | None]
) -> Iterator[tuple[SurveyHeader, list[int]]]:
    """Rows that came from one export and are written alike (codes or words, one zone), each set with its header.

    What a file says as a whole is asked of each export by itself: rows of several lie in one workbook.
    """
    status = header.metadata("status")
    sets: dict[tuple[str, bool, str], list[int]] = {}
    for position, (row, origin) in enumerate(zip(rows, origins, strict=True)):
        word = row[status.place] if status is not None and status.place < len(row) else None
        zone = row[zone_place] if zone_place is not None and zone_place < len(row) else None
        key = (origin[0] if origin else "", bool(word) and not str(word).isdigit(), zone or "")
        sets.setdefault(key, []).append(position)
    for (_, _, zone), positions in sorted(sets.items()):
        columns = tuple(
            replace(column, time_zone=zone or None) if column.import_id in DATED else column
            for column in header.columns
        )
        yield replace(header, columns=columns), positions
