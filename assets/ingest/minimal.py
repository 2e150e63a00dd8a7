"""The minimal data set: one wide SPSS file becomes one row a case and variable, the reason of a missing value beside
it."""

import re
from itertools import pairwise
from typing import Any

import numpy
import pyarrow as pa

from assets.errors import DataError, Place
from assets.ingest.config import Feeds, SpssFeed
from assets.ingest.parsed import HeaderMap, Parsed, Sink
from assets.ingest.spss import SpssFile, SpssVariable, json_labels, json_missing
from assets.ingest.texts import fold

_POR_NAME = 8
"""Letters of a variable name that the portable format keeps."""


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
    sink("minimal_dataset_variables", _dictionary(file.variables))
    sink("minimal_dataset", _long(file))


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


def _long(file: SpssFile) -> pa.Table:
    """A clean value is null where the file declares the code missing; the code's label (or the code) is the reason."""
    cases = pa.array(range(1, file.rows + 1), pa.int32())
    parts = [_variable(variable, file.columns[variable.name], cases) for variable in file.variables]
    return pa.concat_tables(parts)


def _variable(variable: SpssVariable, cells: Any, cases: pa.Array) -> pa.Table:
    n = len(cases)
    declared = variable.missing_places(cells)
    if variable.is_text:
        texts = [
            None if gone or text is None else str(text).rstrip(" ") or None
            for text, gone in zip(cells, declared, strict=True)
        ]
        numbers = pa.nulls(n, pa.float64())
        values = pa.array(texts, pa.string())
        reasons = pa.array(
            [str(text) if gone else None for text, gone in zip(cells, declared, strict=True)], pa.string()
        )
    else:
        system = numpy.isnan(cells)
        numbers = pa.array(cells, pa.float64(), mask=declared | system)
        values = pa.nulls(n, pa.string())
        reasons = _reasons(variable, cells, declared, system)
    return pa.table(
        {
            "sheet": pa.nulls(n, pa.string()),
            "row_number": cases.cast(pa.int64()),
            "case_number": cases,
            "variable": pa.DictionaryArray.from_arrays(numpy.zeros(n, dtype="int8"), [variable.name]),
            "value_number": numbers,
            "value_text": values,
            "missing_reason": reasons,
        }
    )


def _reasons(variable: SpssVariable, cells: Any, declared: Any, system: Any) -> pa.Array:
    """``system``, or the label (else the number) of the declared code; null for a value."""
    if not (declared.any() or system.any()):
        return pa.nulls(len(cells), pa.string())
    found = numpy.full(len(cells), None, dtype=object)
    found[system] = "system"
    for code in numpy.unique(cells[declared]):
        found[declared & (cells == code)] = variable.value_labels.get(code) or f"code {code:g}"
    return pa.array(found, pa.string())
