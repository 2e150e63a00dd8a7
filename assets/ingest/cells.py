"""A workbook's typed cells as plain texts, written the one way that the casts expect."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assets.ingest.texts import BLANKS, clean

_HASHED_APART = {str, float, date, datetime, type(None)}
"""Types whose equal values have equal texts: booleans and whole numbers are not among them (True == 1 == 1.0)."""


def cell_text(value: Any) -> str | None:
    """Write one cell as text: whole numbers without ``.0``, dates as ISO, blanks as None.

    Excel keeps times as fractions of a day, so datetimes are rounded to the second.
    """
    kind = type(value)
    if kind is str:
        return clean(value) or None
    if kind is float:
        return _number(value)
    if value is None:
        return None
    if kind is bool:
        return "TRUE" if value else "FALSE"
    if kind is int:
        return str(value)
    return _moment(value)


def _number(value: float) -> str:
    if abs(value) < 1e15 and value == int(value):
        return str(int(value))
    return repr(value)


def _moment(value: date | datetime | time | timedelta) -> str:
    if isinstance(value, datetime):
        rounded = value + timedelta(microseconds=500_000)
        rounded = rounded.replace(microsecond=0)
        if rounded.time() == time(0):
            return rounded.date().isoformat()
        return rounded.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return f"{value.total_seconds()} s"


def column_texts(cells: list[Any]) -> pa.Array:
    """A column of cells as trimmed texts, blanks as null; each distinct value is written once."""
    kinds = set(map(type, cells))
    if kinds <= {str, type(None)}:
        return trimmed(pa.array(cells, pa.string()))
    if kinds <= _HASHED_APART:
        written = {value: cell_text(value) for value in set(cells)}
        return pa.array([written[value] for value in cells], pa.string())
    return pa.array([cell_text(cell) for cell in cells], pa.string())


def trimmed(texts: pa.Array) -> pa.Array:
    """Texts without the blanks around them, empty ones as null."""
    bare = pc.utf8_trim(texts, characters=BLANKS)
    return pc.if_else(pc.equal(bare, ""), pa.scalar(None, pa.string()), bare)
