"""Frames as plain records: every later step works on dictionaries in which missing is ``None``, whatever the dtype
was."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

Record = dict[str, Any]


def to_records(frame: Any) -> list[Record]:
    """Turn a data frame, or a list of records as in ``results.json``, into records with ``None`` for every missing
    value."""
    if frame is None:
        return []
    if hasattr(frame, "columns"):
        names = [str(name) for name in frame.columns]
        rows: Iterable[Mapping[str, Any]] = (
            dict(zip(names, row, strict=True)) for row in frame.itertuples(index=False, name=None)
        )
    else:
        rows = frame
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    """Unwrap numpy scalars; NaN, NaT and NA become ``None``; infinities are undefined too and never printed as
    numbers."""
    if value is None:
        return None
    if type(value).__name__ in {"NAType", "NaTType"}:
        return None
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


class StudyTables:
    """The ``study.*`` tables as records; a table that is absent is empty."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        self._records = {name: to_records(frame) for name, frame in tables.items()}

    def __getitem__(self, name: str) -> list[Record]:
        """Return all rows of a table, in their order."""
        return self._records.get(name, [])

    def of_model(self, name: str, model: str) -> list[Record]:
        """Return the rows of a table that belong to one model."""
        return [row for row in self[name] if row.get("model") == model]


def unique(values: Iterable[Any]) -> list[Any]:
    """Return the values in order of first appearance, each once."""
    return list(dict.fromkeys(values))
