"""SPSS files through pyreadstat: values, labels, and user-missing codes kept apart with their reason."""

import json
import math
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from assets.errors import DataError
from assets.ingest.spss_probe import probe

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
    """

    columns: dict[str, Any]
    variables: list[SpssVariable]
    rows: int
    encoding: str
    created: datetime | None
    notes: list[str] = field(default_factory=list)


def read_spss(path: Path, kind: str = "sav") -> SpssFile:
    """Read a SAV, ZSAV or POR with user-missing values kept and dates as their raw seconds.

    Raises :class:`DataError` ``CORRUPT``, ``PASSWORD`` or ``READER_FAILED``.
    """
    import pyreadstat

    probe(str(path), kind)
    reader = pyreadstat.read_por if kind == "por" else pyreadstat.read_sav
    options: dict[str, Any] = {"disable_datetime_conversion": True}
    if kind != "por":
        options["user_missing"] = True
    data = meta = None
    for encoding in (None, "cp1252"):
        try:
            data, meta = reader(str(path), **options, **({"encoding": encoding} if encoding else {}))
            break
        except Exception as error:  # ReadStat's texts may quote the file's strings
            if encoding is None and "convert" in str(error).lower():
                continue
            raise DataError("CORRUPT", "the SPSS file is damaged, cut off or protected") from None
    if data is None or meta is None:
        raise DataError("ENCODING", "the SPSS file's text cannot be decoded")
    labels = meta.column_names_to_labels
    variables = [
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
    rows = len(data)
    created = getattr(meta, "creation_time", None)
    columns = {v.name: _cells(data[v.name], v) for v in variables}
    return SpssFile(columns, variables, rows, str(meta.file_encoding), created, list(meta.notes or []))


def _cells(series: Any, variable: SpssVariable) -> Any:
    if variable.is_text:
        return [text if isinstance(text, str) else None for text in series.tolist()]
    return series.to_numpy(dtype=float, na_value=math.nan)


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
