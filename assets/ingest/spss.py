"""SPSS files through pyreadstat: values, labels, and user-missing codes kept apart with their reason."""

import codecs
import json
import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from assets.errors import DataError
from assets.ingest.sav_cells import number_columns
from assets.ingest.sav_layout import MultipleResponseSet, response_sets, sav_layout
from assets.ingest.spss_probe import probe

_EPOCH = datetime(1582, 10, 14)
"""SPSS counts seconds from the first day of the Gregorian calendar."""
FALLBACK = "cp1252"
"""Tried where a file's bytes are not what it says: the code page of most old SPSS for Windows."""

_MOMENTS = {"DATE", "ADATE", "EDATE", "JDATE", "SDATE", "QYR", "MOYR", "WKYR", "DATETIME", "YMDHMS"}


@dataclass
class SpssVariable:
    """One variable: name, label, measure, display format, labels and user-missing definitions as the file gives
    them."""

    name: str
    label: str | None
    measure: str
    format: str
    is_text: bool
    value_labels: dict[Any, str]
    user_missing: list[dict[str, Any]]

    @property
    def is_moment(self) -> bool:
        """True for dates and datetimes, which SPSS stores as seconds since 1582-10-14."""
        return self.format.rstrip("0123456789.").upper() in _MOMENTS

    def missing_places(self, cells: Any) -> Any:
        """A boolean array: True where a cell (see :class:`SpssFile`) is a value that the file declares missing."""
        import numpy

        if self.is_text:
            codes = {str(span["lo"]).rstrip() for span in self.user_missing}
            return numpy.array([text is not None and text.rstrip() in codes for text in cells], dtype=bool)
        found = numpy.zeros(len(cells), dtype=bool)
        for span in self.user_missing:
            found |= (cells >= float(span["lo"])) & (cells <= float(span["hi"]))
        return found


@dataclass
class SpssFile:
    """A file as read: cells by variable and the dictionary.

    Numbers (dates as seconds since 1582-10-14) are a float array with NaN for system-missing, texts a list.
    ``is_recoded`` tells that the declared encoding did not fit and cp1252 was used.
    """

    columns: dict[str, Any]
    variables: list[SpssVariable]
    rows: int
    encoding: str
    created: datetime | None
    notes: list[str] = field(default_factory=list)
    sets: list[MultipleResponseSet] = field(default_factory=list)
    is_recoded: bool = False


def read_spss(path: Path, kind: str = "sav") -> SpssFile:
    """Read a SAV, ZSAV or POR with user-missing values kept and dates as their raw seconds.

    Raises :class:`DataError` ``CORRUPT``, ``PASSWORD``, ``ENCODING`` or ``READER_FAILED``.
    """
    probe(str(path), kind)
    layout = sav_layout(path) if kind == "sav" else None
    encoding, (_, meta) = _by_readstat(path, kind, None, metadataonly=layout is not None)
    numbers = number_columns(path, layout, meta.column_names) if layout is not None else None
    variables = _variables(meta)
    texts = [variable.name for variable in variables if variable.is_text]
    data: dict[str, Any] = {}
    if numbers is None or texts:
        encoding, (data, _) = _by_readstat(path, kind, encoding, usecols=texts if numbers else None)
    columns = {v.name: _cells(v, data, numbers or {}) for v in variables}
    return SpssFile(
        columns,
        variables,
        rows=len(next(iter(columns.values()), ())),
        encoding=str(meta.file_encoding),
        created=getattr(meta, "creation_time", None),
        notes=list(meta.notes or []),
        sets=response_sets(layout, _codec(encoding or meta.file_encoding)) if layout is not None else [],
        is_recoded=encoding is not None,
    )


def _by_readstat(path: Path, kind: str, encoding: str | None, **options: Any) -> tuple[str | None, Any]:
    """What pyreadstat gives, and the encoding that had to be named because the file's own does not fit its bytes."""
    import pyreadstat
    from pyreadstat.pyreadstat import parser_entry_point

    # read_por has no user_missing, though ReadStat knows it there too: so the entry point below it.
    reader = partial(parser_entry_point, parser_format="por") if kind == "por" else pyreadstat.read_sav
    for name in (encoding,) if encoding else (None, FALLBACK):
        try:
            return name, reader(
                str(path),
                encoding=name,
                user_missing=True,
                disable_datetime_conversion=True,
                output_format="dict",
                **options,
            )
        except Exception as error:  # ReadStat's texts may quote the file's strings
            if name is None and any(word in str(error).lower() for word in ("convert", "character set")):
                continue
            if name is not None:
                break
            raise DataError("CORRUPT", "the SPSS file is damaged, cut off or protected") from None
    raise DataError("ENCODING", "the SPSS file's text cannot be decoded")


def _variables(meta: Any) -> list[SpssVariable]:
    labels = meta.column_names_to_labels
    return [
        SpssVariable(
            name=name,
            label=labels.get(name) or None,
            measure=str(meta.variable_measure.get(name, "unknown")),
            format=str(meta.original_variable_types.get(name, "")),
            is_text=str(meta.readstat_variable_types.get(name, "")) == "string",
            value_labels=dict(meta.variable_value_labels.get(name, {})),
            user_missing=list(meta.missing_ranges.get(name, [])),
        )
        for name in meta.column_names
    ]


def _cells(variable: SpssVariable, data: dict[str, Any], numbers: dict[str, Any]) -> Any:
    import numpy

    if variable.name in numbers:
        return numbers[variable.name]
    cells = data[variable.name]
    if variable.is_text:
        return [text if isinstance(text, str) else None for text in cells]
    return numpy.array([math.nan if cell is None else cell for cell in cells], dtype=float)


def _codec(name: str | None) -> str:
    try:
        return codecs.lookup(name or "utf-8").name
    except LookupError:
        return FALLBACK


def spss_moment(seconds: float) -> datetime | None:
    """Seconds since 1582-10-14 as a datetime, rounded to the second; None outside Python's years."""
    try:
        return _EPOCH + timedelta(seconds=round(seconds))
    except (OverflowError, ValueError):
        return None


def json_labels(variable: SpssVariable) -> str | None:
    """The value labels as JSON text, keys as written numbers or texts."""
    if not variable.value_labels:
        return None
    return json.dumps({_key(k): v for k, v in variable.value_labels.items()}, ensure_ascii=False)


def json_missing(variable: SpssVariable) -> str | None:
    """The user-missing definitions as JSON text: a list of {lo, hi}."""
    if not variable.user_missing:
        return None
    return json.dumps([{k: _finite(v) for k, v in span.items()} for span in variable.user_missing])


def _key(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and abs(value) > 1e300:
        return "LO" if value < 0 else "HI"
    return value
