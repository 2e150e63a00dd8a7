"""A workbook's typed cells as plain texts, written the one way that the casts expect."""

from datetime import date, datetime, time, timedelta
from typing import Any

from assets.ingest.texts import clean


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
