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
_NAMES = {
    name: number
    for number, names in enumerate(
        ("jan ene", "feb", "mar", "apr abr", "may", "jun", "jul", "aug ago", "sep", "oct", "nov", "dec dic"), start=1
    )
    for name in names.split()
}
_NAMED = re.compile(
    r"(?:(\d{1,2})[\s\-]+(?:de\s+)?([a-z]{3})[a-z]*\.?|([a-z]{3})[a-z]*\.?\s+(\d{1,2}),?)[\s\-]+(?:de\s+)?(\d{4})"
)

_WRITTEN = len("2021-01-31 09:30:00")

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
        is_written = len(text) == _WRITTEN and text[10] == " "
        if is_written or _ISO_DATE.fullmatch(text) or _ISO_MOMENT.fullmatch(text):
            return self._iso(text)
        if _SERIAL.fullmatch(text):
            return self._serial(float(text))
        if match := _PARTED.fullmatch(text):
            return self._parted(match)
        if match := _NAMED.fullmatch(text.strip().lower()):
            day, name = (match[1], match[2]) if match[1] else (match[4], match[3])
            value = _make(int(match[5]), _NAMES.get(name, 0), int(day))
            return (value, "DATE_TEXT") if value else (None, "DATE_INVALID")
        return None, "DATE_INVALID"

    def _iso(self, text: str) -> Found:
        """ISO texts, most of all those a workbook's own moments are written as."""
        is_written = len(text) == _WRITTEN and text[10] == " "
        match = None if is_written else _ISO_MOMENT.fullmatch(text)
        try:
            if match is None:
                return datetime.fromisoformat(text), None
            clock = match[2] if match[2].index(":") == 2 else f"0{match[2]}"
            value = datetime.fromisoformat(f"{match[1]} {clock}")
            if match[3]:
                value = datetime.fromisoformat(f"{match[1]}T{clock}{'+00:00' if match[3] == 'Z' else match[3]}")
                value = value.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        except ValueError:
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
        return int(month) > 12 and int(day) <= 12

    def _parted(self, match: re.Match[str]) -> Found:
        first, second, third = match[1], match[2], match[3]
        if len(first) == 4:
            year, month, day = first, second, third
        elif len(third) != 4:
            return None, "DATE_AMBIGUOUS"
        elif self.order == "dmy":
            day, month, year = first, second, third
        else:
            month, day, year = first, second, third
        if int(month) > 12 and int(day) <= 12:
            return None, "DATE_AMBIGUOUS"
        if self.contradicted and len(first) != 4 and int(month) <= 12 and int(day) <= 12 and int(month) != int(day):
            return None, "DATE_AMBIGUOUS"
        value = _make(int(year), int(month), int(day))
        if value is None:
            return None, "DATE_INVALID"
        if match[4]:
            parts = [int(piece) for piece in match[4].split(":")]
            hour = parts[0] % 12 + (12 if match[5] in "Pp" else 0) if match[5] else parts[0]
            try:
                value = value.replace(hour=hour, minute=parts[1], second=parts[2] if len(parts) > 2 else 0)
            except ValueError:
                return None, "DATE_INVALID"
        return value, "DATE_TEXT"


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
