"""The minimal data set: one wide SPSS file becomes one row a case and variable, the reason of a missing value beside
it."""

import json
import re
from dataclasses import dataclass
from datetime import time
from itertools import pairwise
from typing import Any

import numpy
import pyarrow as pa

from assets.errors import DataError, Place
from assets.ingest.config import Feeds, SpssFeed
from assets.ingest.parsed import HeaderMap, Parsed, Quarantined, Sink
from assets.ingest.sav_layout import MultipleResponseSet
from assets.ingest.spss import SpssFile, SpssVariable, json_labels, json_missing, spss_moment
from assets.ingest.texts import fold

_POR_NAME = 8
"""Letters of a variable name that the portable format keeps."""
OUTSIDE = "outside the calendar"
"""The reason of a moment that no calendar of Python's holds."""


def recognise_spss(file: SpssFile, feeds: Feeds) -> tuple[SpssFeed, float] | None:
    """The SPSS feed that shares the largest part of its variables with the file, if it is enough."""
    names = {variable.name.lower() for variable in file.variables}
    names |= {name for feed in feeds.spss.values() for name in feed.variables if name[:_POR_NAME] in names}
    best: tuple[float, str, SpssFeed] | None = None
    for name, feed in feeds.spss.items():
        share = sum(1 for variable in feed.variables if variable in names) / max(1, len(feed.variables))
        if share >= feed.known_at_least and (best is None or (share, name) > best[:2]):
            best = (share, name, feed)
    return (best[2], best[0]) if best else None


def check_identifying(file: SpssFile, feed: SpssFeed) -> None:
    """Refuse a de-identified file one of whose variables is named or labelled like an identifier."""
    words = {fold(word).replace(" ", "") for word in feed.identifying_words}
    for variable in file.variables:
        for text in (variable.name, variable.label or ""):
            parts = re.split(r"[^a-z0-9]+", fold(text))
            pairs = {a + b for a, b in pairwise(parts)}
            if words & ({*parts, fold(text).replace(" ", "")} | pairs):
                raise DataError("PII_IN_RESEARCH_DROP", "an identifying variable", Place(column=variable.name))


def load_minimal(file: SpssFile, feed: SpssFeed, parsed: Parsed, sink: Sink) -> None:
    """Hand on the variables' dictionary and the long table; the file's rows are its cases."""
    check_identifying(file, feed)
    known = {name.lower() for name in feed.variables}
    columns = []
    for variable in file.variables:
        is_known = variable.name.lower() in known
        columns.append((variable.name, variable.name.lower() if is_known else None, "name" if is_known else "new"))
        if not is_known:
            parsed.note("NEW_COLUMN", column=variable.name)
    parsed.headers.append(HeaderMap(None, 1, 0, tuple(columns)))
    parsed.rows_read += file.rows
    parsed.rows_out += file.rows
    sink(f"{feed.feed}_variables", _dictionary(file.variables))
    sink(f"{feed.feed}_sets", _sets(file.sets))
    sink(feed.feed, _long(file, parsed))


def _sets(sets: list[MultipleResponseSet]) -> pa.Table:
    return pa.table(
        {
            "position": pa.array(range(1, len(sets) + 1), pa.int32()),
            "name": pa.array([found.name for found in sets], pa.string()),
            "label": pa.array([found.label for found in sets], pa.string()),
            "kind": pa.array([found.kind for found in sets], pa.string()),
            "counted_value": pa.array([found.counted for found in sets], pa.string()),
            "members": pa.array([json.dumps(found.members) for found in sets], pa.string()),
        }
    )


def _dictionary(variables: list[SpssVariable]) -> pa.Table:
    return pa.table(
        {
            "position": pa.array(range(1, len(variables) + 1), pa.int32()),
            "variable": pa.array([v.name for v in variables], pa.string()),
            "label": pa.array([v.label for v in variables], pa.string()),
            "measure": pa.array([v.measure for v in variables], pa.string()),
            "format": pa.array([v.format for v in variables], pa.string()),
            "value_labels": pa.array([json_labels(v) for v in variables], pa.string()),
            "user_missing": pa.array([json_missing(v) for v in variables], pa.string()),
        }
    )


@dataclass(frozen=True)
class _Cases:
    """Columns that are the same for every variable: made once, shared by all."""

    numbers: pa.Array
    rows: pa.Array
    texts: pa.Array
    zeros: pa.Array

    @classmethod
    def of(cls, n: int) -> "_Cases":
        numbers = pa.array(numpy.arange(1, n + 1, dtype="int32"))
        zeros = pa.array(numpy.zeros(n, dtype="int8"))
        return cls(numbers, numbers.cast(pa.int64()), pa.nulls(n, pa.string()), zeros)


def _long(file: SpssFile, parsed: Parsed) -> pa.Table:
    """A clean value is null where the file declares the code missing; the code's label (or the code) is the reason.

    A moment keeps its seconds since 1582-10-14 as the number and says itself as text, with the time of day that a
    date's format may hide; one outside the calendar waits in quarantine by itself.
    """
    cases = _Cases.of(file.rows)
    return pa.concat_tables([_variable(v, file.columns[v.name], cases, parsed) for v in file.variables])


def _variable(variable: SpssVariable, cells: Any, cases: _Cases, parsed: Parsed) -> pa.Table:
    declared = variable.missing_places(cells)
    numbers, values, reasons = pa.nulls(len(cells), pa.float64()), cases.texts, cases.texts
    if variable.is_text:
        texts = [
            None if gone or text is None else str(text).rstrip(" ") or None
            for text, gone in zip(cells, declared, strict=True)
        ]
        values = pa.array(texts, pa.string())
        if declared.any():
            reasons = pa.array(
                [_text_reason(variable, text) if gone else None for text, gone in zip(cells, declared, strict=True)],
                pa.string(),
            )
    else:
        system = numpy.isnan(cells)
        blank = declared | system
        beyond = numpy.zeros(len(cells), dtype=bool)
        if variable.is_moment:
            values, beyond = _moments(cells, blank)
            _set_apart(variable, cells, beyond, parsed)
        gone = blank | beyond
        numbers = pa.array(cells, pa.float64(), mask=gone) if gone.any() else pa.array(cells, pa.float64())
        if gone.any():
            reasons = _reasons(variable, cells, declared=declared, system=system, beyond=beyond)
    return pa.table(
        {
            "sheet": cases.texts,
            "row_number": cases.rows,
            "case_number": cases.numbers,
            "variable": pa.DictionaryArray.from_arrays(cases.zeros, [variable.name]),
            "value_number": numbers,
            "value_text": values,
            "missing_reason": reasons,
        }
    )


def _moments(cells: Any, blank: Any) -> tuple[pa.Array, Any]:
    """Each distinct moment as ISO text, and which cells are outside the calendar."""
    distinct, place = numpy.unique(cells, return_inverse=True)
    texts = [_iso(seconds) for seconds in distinct]
    written = numpy.array(texts, dtype=object)[place] if texts else numpy.empty(0, dtype=object)
    outside = numpy.array([text is None for text in texts], dtype=bool)[place] if texts else blank
    return pa.array(written, pa.string(), mask=blank), outside & ~blank


def _iso(seconds: float) -> str | None:
    moment = spss_moment(seconds)
    if moment is None:
        return None
    return moment.date().isoformat() if moment.time() == time(0) else moment.isoformat(sep=" ")


def _set_apart(variable: SpssVariable, cells: Any, beyond: Any, parsed: Parsed) -> None:
    for place in numpy.flatnonzero(beyond).tolist():
        held: dict[str, str | None] = {variable.name: f"{cells[place]:.17g}"}
        parsed.note("DATE_INVALID", column=variable.name)
        parsed.quarantined.append(Quarantined(None, place + 1, variable.name, "DATE_INVALID", held, scope="cell"))


def _text_reason(variable: SpssVariable, text: str) -> str:
    code = str(text).rstrip()
    labels = {str(key).rstrip(): label for key, label in variable.value_labels.items()}
    return labels.get(code) or f"code {code}".rstrip()


def _reasons(variable: SpssVariable, cells: Any, *, declared: Any, system: Any, beyond: Any) -> pa.Array:
    """``system``, ``outside the calendar``, or the label (else the number) of the declared code; null for a value."""
    words = ["system", OUTSIDE]
    index = numpy.full(len(cells), -1, dtype="int32")
    index[system], index[beyond] = 0, 1
    for code in numpy.unique(cells[declared]):
        index[declared & (cells == code)] = len(words)
        words.append(variable.value_labels.get(code) or f"code {code:g}")
    # A label may be shared by two codes; the dictionary then holds it twice, which changes nothing in the text.
    return pa.DictionaryArray.from_arrays(pa.array(index, mask=index < 0), words).cast(pa.string())
