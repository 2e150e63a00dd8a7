"""Survey files of every physical shape, led to one reading: text, workbook, SAV, JSON."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

import pyarrow as pa

from assets.errors import DataError
from assets.ingest.cells import cell_text
from assets.ingest.config import Feeds
from assets.ingest.grid import Grid
from assets.ingest.hand_back import is_handed_back
from assets.ingest.parsed import Parsed, Sink
from assets.ingest.qualtrics_header import SurveyHeader, read_header
from assets.ingest.spss import SpssFile
from assets.ingest.survey_json import survey_from_json
from assets.ingest.survey_map import SurveyMap, column_kinds, recognise_survey
from assets.ingest.survey_rows import by_export, without_zone
from assets.ingest.survey_spss import note_label_disagreement, spss_survey_header, survey_from_spss
from assets.ingest.survey_text import survey_columns, survey_header
from assets.ingest.surveys import SurveyInput, load_survey
from assets.ingest.textfile import TextFile


def try_survey_text(file: TextFile, feeds: Feeds, parsed: Parsed, sink: Sink, *, sheet: str | None = None) -> bool:
    """Load a text file if it is a survey; False when it has no Qualtrics header."""
    header = survey_header(file)
    if header is None:
        return False
    survey = _known(header, feeds, parsed)
    data = survey_columns(file, header, parsed, column_kinds(survey, header))
    data.sheet = sheet
    load_survey(data, survey, feeds.agency, parsed, sink)
    return True


def try_survey_sheet(grid: Grid, feeds: Feeds, parsed: Parsed, sink: Sink) -> bool:
    """Load a sheet that is a survey export saved again by a spreadsheet; False when it has no Qualtrics header."""
    head = [[cell_text(cell) or "" for cell in row] for row in islice(grid.head(), 3)]
    header = read_header(head)
    if header is None:
        return False
    is_back, zone_place = is_handed_back(grid, parsed), None
    if is_back:
        header, zone_place = without_zone(header)
    survey = recognise_survey(header, feeds)
    # The quarantine workbook may hold sheets of several surveys; it loads one of them.
    if survey is None or (is_back and parsed.kind not in (None, survey.feed.feed)):
        return False
    _take(survey, parsed)
    rows = _sheet_rows(grid)
    for _ in range(header.rows):
        next(rows, None)
    numbers: list[int] = []
    kept: list[list[Any]] = []
    blank = 0
    for number, row in enumerate(rows, start=grid.first_row + header.rows):
        texts = [cell_text(cell) for cell in row]
        if any(texts):
            numbers.append(number)
            kept.append(texts)
        else:
            blank += 1
    parsed.rows_read += header.rows + len(kept) + blank
    parsed.structural += header.rows + blank
    sets = [(header, list(range(len(kept))))]
    if is_back:
        origins = [parsed.details["handed_back"].get((grid.sheet, number)) for number in numbers]
        sets = list(by_export(header, zone_place, kept, origins))
    for own, positions in sets:
        rows_of = [kept[position] for position in positions]
        columns = {
            c.place: pa.array([row[c.place] if c.place < len(row) else None for row in rows_of], pa.string())
            for c in own.columns
        }
        own_numbers = pa.array([numbers[position] for position in positions], pa.int64())
        load_survey(SurveyInput(own, columns, own_numbers, grid.sheet), survey, feeds.agency, parsed, sink)
    parsed.headers = list(dict.fromkeys(parsed.headers))
    return True


def _sheet_rows(grid: Grid) -> Iterator[list[Any]]:
    return chain.from_iterable(batch for _, batch in grid.batches())


def try_survey_spss(file: SpssFile, feeds: Feeds, parsed: Parsed, sink: Sink) -> bool:
    """Load a SAV if its variables are a survey's; False when they are not."""
    header = spss_survey_header(file)
    if header is None or header.metadata("_recordId") is None:
        return False
    survey = _known(header, feeds, parsed)
    note_label_disagreement(file, survey, survey.feed, parsed)
    load_survey(survey_from_spss(file, header, parsed), survey, feeds.agency, parsed, sink)
    return True


def read_survey_json(responses: list[dict[str, Any]], feeds: Feeds, parsed: Parsed, sink: Sink) -> None:
    """Load an API export."""
    data = survey_from_json(responses, parsed)
    load_survey(data, _known(data.header, feeds, parsed), feeds.agency, parsed, sink)


def _known(header: SurveyHeader, feeds: Feeds, parsed: Parsed) -> SurveyMap:
    survey = recognise_survey(header, feeds)
    if survey is None:
        raise DataError("WRONG_KIND", "a Qualtrics export of no known survey")
    _take(survey, parsed)
    return survey


def _take(survey: SurveyMap, parsed: Parsed) -> None:
    if parsed.kind not in (None, survey.feed.feed):
        raise DataError("ARCHIVE_LIMIT", "exports of more than one survey in one file")
    parsed.kind, parsed.confidence = survey.feed.feed, survey.confidence
    parsed.form_version = survey.feed.versions[-1].name
