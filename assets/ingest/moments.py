"""Columns of moments: read and moved between zones many at a time.

Every response has moments of its own, so judging each distinct text would judge them all (500,000 responses: 4 s).
Plain
ISO texts are cast by Arrow, and a zone's offset is looked up once an hour of the calendar.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from assets.ingest.casting import CastColumn, apply_verdicts
from assets.ingest.dates import DateReader

_HOUR = 3600
_DAY = 86_400
_EPOCH = datetime(1970, 1, 1)
_FIRST = (datetime.min - _EPOCH) // timedelta(seconds=1) + _DAY
_LAST = (datetime.max - _EPOCH) // timedelta(seconds=1) - _DAY
"""Between them a moment stays in the calendar whatever zone it is moved to."""
_PLAIN = r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$"


def read_moments(texts: pa.Array, reader: DateReader) -> CastColumn:
    """Texts as timestamps in seconds, as written; what is no plain ISO text is read by ``reader``."""
    if pa.types.is_timestamp(texts.type):
        return CastColumn(texts)
    if pc.all(pc.match_substring_regex(texts, _PLAIN)).as_py() in (True, None):
        try:
            return CastColumn(pc.cast(texts, pa.timestamp("s")))
        except pa.ArrowInvalid:  # a month 13 among them: the slow way tells where
            return apply_verdicts(texts, reader.read_datetime, pa.timestamp("s"))
    return apply_verdicts(texts, reader.read_datetime, pa.timestamp("s"))


def zoned(recorded: pa.Array, zone: str | None, agency_zone: str) -> tuple[pa.Array, pa.Array]:
    """UTC and the agency's local date of moments written in ``zone``.

    Without a stated zone nothing is invented: no UTC, and the date as written; so it is on the calendar's first and
    last day, which another zone may not have. Where clocks are put back the earlier of the two readings is taken.
    """
    import numpy

    if zone is None:
        return pa.nulls(len(recorded), pa.timestamp("s")), pc.cast(pc.floor_temporal(recorded, unit="day"), pa.date32())
    missing = numpy.asarray(pc.is_null(recorded))
    written = numpy.asarray(pc.fill_null(pc.cast(recorded, pa.int64()), 0))
    is_edge = (written < _FIRST) | (written > _LAST)
    seconds = numpy.where(is_edge, 0, written)
    utc = seconds - _offsets(seconds, ZoneInfo(zone), is_local=True)
    local = numpy.where(is_edge, written, utc + _offsets(utc, ZoneInfo(agency_zone), is_local=False))
    days = numpy.floor_divide(local, _DAY).astype("int32")
    return (
        pa.array(utc, pa.int64(), mask=missing | is_edge).cast(pa.timestamp("s")),
        pa.array(days, pa.int32(), mask=missing).cast(pa.date32()),
    )


def _offsets(seconds: Any, zone: ZoneInfo, *, is_local: bool) -> Any:
    """Seconds to add to UTC, for each wall-clock (or UTC) moment; days in which the offset changes are looked at by
    the hour, and such hours moment by moment."""
    import numpy

    found = numpy.empty(len(seconds), dtype="int64")
    todo = numpy.arange(len(seconds))
    for span in (_DAY, _HOUR):
        units, place = numpy.unique(numpy.floor_divide(seconds[todo], span), return_inverse=True)
        starts = numpy.array([_offset(int(unit) * span, zone, is_local) for unit in units], dtype="int64")
        ends = numpy.array([_offset(int(unit) * span + span - 1, zone, is_local) for unit in units], dtype="int64")
        found[todo] = starts[place]
        todo = todo[(starts != ends)[place]]
    for position in todo:
        found[position] = _offset(int(seconds[position]), zone, is_local)
    return found


def _offset(second: int, zone: ZoneInfo, is_local: bool) -> int:
    moment = _EPOCH + timedelta(seconds=second)
    aware = moment.replace(tzinfo=zone) if is_local else moment.replace(tzinfo=UTC).astimezone(zone)
    offset = aware.utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
