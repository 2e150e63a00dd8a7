"""Dates as agencies' files hold them: ISO, serial numbers, or text in the one order that the file's feed declares."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_ISO_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s*(Z|[+-]\d{2}:?\d{2})?")
_PARTED = re.compile(
    r"(\d{1,4})[/.\-](\d{1,2})[/.\-](\d{1,4})(?:[ T]+(\d{1,2}:\d{2}(?::\d{2})?)\s*([AaPp])?\.?[Mm]?\.?)?"
)
_MONTH_ONLY = re.compile(r"(\d{4})-(\d{1,2})|(\d{1,2})/(\d{4})")
_SERIAL = re.compile(r"\d{5}(\.\d+)?")
_EXCEL_EPOCH = datetime(1899, 12, 30)
_MONTHS = (
    "january enero", "february febrero", "march marzo", "april abril", "may mayo", "june junio", "july julio",
    "august agosto", "september septiembre", "october octubre", "november noviembre", "december diciembre",
)  # fmt: skip
_NAMED = re.compile(
    r"(?:(\d{1,2})[\s\-]+(?:de\s+)?([a-z]{3,})\.?|([a-z]{3,})\.?\s+(\d{1,2}),?)[\s\-]+(?:de\s+)?(\d{4})"
)

_WRITTEN = len("2021-01-31 09:30:00")
_SEPARATORS = ((4, "-"), (7, "-"), (10, " "), (13, ":"), (16, ":"))

Found = tuple[datetime | None, str | None]


@dataclass(frozen=True)
class DateReader:
    """How one file writes its dates: ``order`` is ``mdy``, ``dmy`` or ``ymd``; times with an offset become local to
    ``zone``."""

    order: str
    zone: str
    contradicted: bool = False

    def read_date(self, text: str, *, month_only: bool = False) -> tuple[date | None, str | None]:
        """Read a date; with ``month_only`` a month without a day is its first day. Second: reason code, if any."""
        if _ISO_DATE.fullmatch(text):
            try:
                found = date.fromisoformat(text)
            except ValueError:
                return None, "DATE_INVALID"
            return (found.replace(day=1) if month_only else found), None
        if month_only and (match := _MONTH_ONLY.fullmatch(text)):
            year, month = (match[1], match[2]) if match[1] else (match[4], match[3])
            value = _make(int(year), int(month), 1)
            return (value.date(), "DATE_TEXT") if value else (None, "DATE_INVALID")
        value, code = self.read_datetime(text)
        if value is None:
            return None, code
        return (value.date().replace(day=1) if month_only else value.date()), code

    def read_datetime(self, text: str) -> Found:
        """Read a moment as written; one with an offset is moved to the agency's zone."""
        if _is_written(text) or _ISO_DATE.fullmatch(text) or _ISO_MOMENT.fullmatch(text):
            return self._iso(text)
        if _SERIAL.fullmatch(text):
            return self._serial(float(text))
        if match := _PARTED.fullmatch(text):
            return self._parted(match)
        if match := _NAMED.fullmatch(text.strip().lower()):
            day, name = (match[1], match[2]) if match[1] else (match[4], match[3])
            value = _make(int(match[5]), _month(name), int(day))
            return (value, "DATE_TEXT") if value else (None, "DATE_INVALID")
        return None, "DATE_INVALID"

    def _iso(self, text: str) -> Found:
        """ISO texts, most of all those a workbook's own moments are written as."""
        match = None if _is_written(text) else _ISO_MOMENT.fullmatch(text)
        try:
            if match is None:
                return datetime.fromisoformat(text), None
            clock = match[2] if match[2].index(":") == 2 else f"0{match[2]}"
            value = datetime.fromisoformat(f"{match[1]} {clock}")
            if match[3]:
                value = datetime.fromisoformat(f"{match[1]}T{clock}{'+00:00' if match[3] == 'Z' else match[3]}")
                value = value.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        except (ValueError, OverflowError):  # in another zone the calendar's first and last day may be none
            return None, "DATE_INVALID"
        return value.replace(microsecond=0), None

    def _serial(self, number: float) -> Found:
        return _EXCEL_EPOCH + timedelta(seconds=round(number * 86_400)), "DATE_SERIAL"

    def contradicts(self, text: str) -> bool:
        """True for a text date that only the other order of day and month can mean."""
        match = _PARTED.fullmatch(text)
        if match is None or len(match[3]) != 4 or self.order == "ymd":
            return False
        month, day = (match[2], match[1]) if self.order == "dmy" else (match[1], match[2])
        return _is_swapped(int(month), int(day))

    def _parted(self, match: re.Match[str]) -> Found:
        first, second, third = match[1], match[2], match[3]
        if len(first) == 4:
            year, month, day = first, second, third
        elif len(third) != 4 or self.order == "ymd":
            return None, "DATE_AMBIGUOUS"
        elif self.order == "dmy":
            day, month, year = first, second, third
        else:
            month, day, year = first, second, third
        if _is_swapped(int(month), int(day)):
            return None, "DATE_AMBIGUOUS"
        if self.contradicted and len(first) != 4 and int(month) <= 12 and int(day) <= 12 and int(month) != int(day):
            return None, "DATE_AMBIGUOUS"
        value = _make(int(year), int(month), int(day))
        if value and match[4]:
            value = _at(value, match[4], match[5])
        return (value, "DATE_TEXT") if value else (None, "DATE_INVALID")


def _at(day: datetime, clock: str, half: str | None) -> datetime | None:
    """The day at a time of 24 hours or, with ``half`` (``a`` or ``p``), of 12; None for a time that no clock shows."""
    hour, minute, second = [*map(int, clock.split(":")), 0][:3]
    if half and hour <= 12:
        hour = hour % 12 + (12 if half in "Pp" else 0)
    elif half and half in "Aa":
        return None
    try:
        return day.replace(hour=hour, minute=minute, second=second)
    except ValueError:
        return None


def _is_written(text: str) -> bool:
    """True for the shape in which a workbook's own moments are written; its digits may still be none."""
    return len(text) == _WRITTEN and all(text[place] == mark for place, mark in _SEPARATORS)


def _month(word: str) -> int:
    """The month that a word names or, with three letters or more, begins; 0 for any other word."""
    return next((n for n, names in enumerate(_MONTHS, 1) if any(m.startswith(word) for m in names.split())), 0)


def _is_swapped(month: int, day: int) -> bool:
    """True where the month can only be a day and the day can be a month; a 45 is a slip in any order."""
    return 12 < month <= 31 and 1 <= day <= 12


def _make(year: int, month: int, day: int) -> datetime | None:
    try:
        return datetime(year, month, day)
    except ValueError:
        return None


def to_utc(local: datetime, zone: str) -> datetime:
    """A wall-clock time of ``zone`` as naive UTC; the earlier reading where clocks were put back."""
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)


def to_local(utc: datetime, zone: str) -> datetime:
    """Naive UTC as the wall-clock time of ``zone``."""
    return utc.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
