"""A Qualtrics survey exported as SAV: column names for keys, labels for questions, no time zone, -99 an ordinary
number."""

import math
from typing import Any

import pyarrow as pa

from assets.ingest.config import SurveyFeed
from assets.ingest.parsed import Parsed
from assets.ingest.qualtrics_header import SurveyHeader, read_header
from assets.ingest.spss import SpssFile, SpssVariable, spss_moment
from assets.ingest.survey_map import SurveyMap
from assets.ingest.surveys import SurveyInput
from assets.ingest.texts import clean, fold


def spss_survey_header(file: SpssFile) -> SurveyHeader | None:
    """The header of a Qualtrics SAV by its variable names, or None where they are no survey's."""
    return read_header([[variable.name for variable in file.variables]])


def survey_from_spss(file: SpssFile, header: SurveyHeader, parsed: Parsed) -> SurveyInput:
    """All cases as text columns, numbered from 1; user-missing values as their codes, which the feed declares."""
    arrays: dict[int, pa.Array] = {}
    for column in header.columns:
        variable = file.variables[column.place]
        texts = [_text(value, variable) for value in file.columns[variable.name]]
        if column.import_id == "finished" and variable.value_labels:
            # One file labels 1 = False and 2 = True: the label is what was meant.
            labels = {_text(code, variable): label for code, label in variable.value_labels.items()}
            texts = [labels.get(text, text) for text in texts]
        arrays[column.place] = pa.array(texts, pa.string())
    parsed.rows_read += file.rows
    plain = SurveyHeader(header.generation, 0, header.columns)
    return SurveyInput(plain, arrays, pa.array(range(1, file.rows + 1), pa.int64()))


def _text(value: Any, variable: SpssVariable) -> str | None:
    if variable.is_text:
        return clean(str(value or "")) or None
    number = float(value)
    if math.isnan(number):
        return None
    if variable.is_moment:
        moment = spss_moment(number)
        return moment.isoformat(sep=" ") if moment is not None else "outside the calendar"
    return str(int(number)) if abs(number) < 1e15 and number == int(number) else repr(number)


def note_label_disagreement(file: SpssFile, survey: SurveyMap, feed: SurveyFeed, parsed: Parsed) -> None:
    """Note ``LABELS_DISAGREE`` for items whose value labels differ from the feed's label table, in both languages."""
    for name, column in survey.items.items():
        ours = feed.labels.get(feed.items[name].labels or "", {})
        theirs = file.variables[column.place].value_labels
        wrong = 0
        for code, label in theirs.items():
            title = ours.get(int(code)) if isinstance(code, int | float) and code == int(code) else None
            if title is not None and fold(label) not in (fold(title.en), fold(title.es)):
                wrong += 1
        parsed.note("LABELS_DISAGREE", wrong, column=name)
