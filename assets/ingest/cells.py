"""A workbook's typed cells as plain texts, written the one way that the casts expect."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assets.ingest.texts import BLANKS, clean

_HASHED_APART = {str, float, date, datetime, type(None)}
"""Types whose equal values have equal texts: booleans and whole numbers are not among them (True == 1 == 1.0)."""
_HALF_SECOND = pa.scalar(500_000, pa.duration("us"))


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
    """A column of cells as trimmed texts, blanks as null.

    A column of numbers or of moments is written by Arrow as a whole (200,000 different moments: 0.1 s instead of
    0.9 s), in any other each distinct value is written once.
    """
    kinds = set(map(type, cells))
    if kinds <= {str, type(None)}:
        return trimmed(pa.array(cells, pa.string()))
    if kinds <= _HASHED_APART:
        written = _written_whole(cells, kinds)
        if written is not None:
            return written
        texts = {value: cell_text(value) for value in set(cells)}
        return pa.array([texts[value] for value in cells], pa.string())
    return pa.array([cell_text(cell) for cell in cells], pa.string())


def _written_whole(cells: list[Any], kinds: set[type]) -> pa.Array | None:
    """The texts of a column of numbers or of moments, blanks between, as :func:`cell_text` writes them; None where it
    must write."""
    filled = cells
    if str in kinds:
        filled = [None if cell == "" else cell for cell in cells]
        kinds = set(map(type, filled))
    if kinds <= {float, type(None)}:
        numbers = pa.array(filled, pa.float64())
        is_whole = pc.and_(pc.less(pc.abs(numbers), 1e15), pc.equal(pc.floor(numbers), numbers))
        return pc.cast(pc.cast(numbers, pa.int64()), pa.string()) if pc.all(is_whole).as_py() else None
    if kinds <= {date, type(None)}:
        return pc.cast(pa.array(filled, pa.date32()), pa.string())
    if kinds <= {date, datetime, type(None)}:
        if date in kinds:
            filled = [datetime.combine(cell, time()) if type(cell) is date else cell for cell in filled]
        exact = pa.array(filled, pa.timestamp("us"))
        moments = pc.floor_temporal(pc.add(exact, _HALF_SECOND), unit="second").cast(pa.timestamp("s"))
        days = pc.cast(moments, pa.date32())
        written = pc.cast(moments, pa.string())
        return pc.if_else(pc.equal(pc.cast(days, moments.type), moments), pc.cast(days, pa.string()), written)
    return None


def trimmed(texts: pa.Array) -> pa.Array:
    """Texts without the blanks around them, empty ones as null."""
    bare = pc.utf8_trim(texts, characters=BLANKS)
    return pc.if_else(pc.equal(bare, ""), pa.scalar(None, pa.string()), bare)
