"""Any day, however an agency's file may write it, is that day or is refused by name; never another day."""

import calendar
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from assets.ingest.casting import CastColumn, CastContext, cast_column
from assets.ingest.cells import column_texts
from assets.ingest.config import Agency, ClientIdRule, Column
from assets.ingest.dates import DateReader
from assets.ingest.excel import open_workbook
from assets.ingest.moments import read_moments, zoned
from assets.ingest.safety import scan_archive

ZONE = "America/Chicago"
ENGLISH = "January February March April May June July August September October November December"
SPANISH = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
MONTHS = {"en": ENGLISH.split(" "), "es": SPANISH.split(" ")}
READ = {None, "DATE_TEXT", "DATE_SERIAL"}
days = st.dates(date(1900, 1, 1), date(2100, 12, 31))
orders = st.sampled_from(["mdy", "dmy", "ymd"])
marks = st.sampled_from("/-.")
clocks = st.times(time(0), time(23, 59, 59)).map(lambda clock: clock.replace(microsecond=0))


def parted(day: date, order: str, mark: str = "/", *, padded: bool = False) -> str:
    """The day in an order of its parts, with or without leading zeros."""
    width = 2 if padded else 1
    parts = {"y": f"{day.year:04d}", "m": f"{day.month:0{width}d}", "d": f"{day.day:0{width}d}"}
    return mark.join(parts[part] for part in order)


def cast(texts: list[Any], order: str = "mdy", kind: Any = "date") -> CastColumn:
    """A column as a feed with this order would have it."""
    agency = Agency(name="A", time_zone=ZONE, client_id=ClientIdRule(prefix="TX", digits=5))
    context = CastContext(agency, {}, DateReader(order, ZONE), date(2150, 1, 1))
    return cast_column(column_texts(texts), Column(header="D", type=kind, tag="none"), context)


styles = st.sampled_from([None, "24", "24s", "12", "12."])


@given(days, orders, st.tuples(marks, st.booleans()), clocks, styles)
@example(date(2021, 1, 31), "mdy", ("/", True), time(10, 30), "12")
@example(date(2021, 1, 31), "dmy", (".", True), time(9, 30, 5), "24s")
def test_a_day_in_the_declared_order_comes_back_with_its_time(
    day: date, order: str, look: tuple[str, bool], clock: time, style: str | None
) -> None:
    half = "PM" if clock.hour >= 12 else "AM"
    kept = clock.replace(second=clock.second if style == "24s" else 0) if style else time(0)
    written = {
        None: "",
        "24": f" {kept:%H:%M}",
        "24s": f" {kept:%H:%M:%S}",
        "12": f" {kept:%I:%M} {half}",
        "12.": f"  {kept:%I:%M}{half[0].lower()}.m.",
    }
    text = parted(day, order, look[0], padded=look[1]) + written[style]
    assert DateReader(order, ZONE).read_datetime(text)[0] == datetime.combine(day, kept)
    assert DateReader(order, ZONE).read_date(text)[0] == day


@given(days, orders, st.sampled_from(["en", "es"]), st.integers(3, 10), st.sampled_from([str, str.upper, str.title]))
def test_a_month_written_by_its_name_needs_no_order(day: date, order: str, language: str, cut: int, case: Any) -> None:
    name = MONTHS[language][day.month - 1]
    reader = DateReader(order, ZONE)
    whole = [
        f"{day.day} de {name} de {day.year}",
        f"{name} {day.day}, {day.year}",
        f"{day.day}-{name[:cut]}-{day.year}",
    ]
    for text in [*whole, f"{name[:cut]}. {day.day} {day.year}"]:
        assert reader.read_date(case(text)) == (day, "DATE_TEXT")


@given(st.text("abcdefghijlmnoprstuvy", min_size=3, max_size=9), st.integers(1, 28))
@example("junk", 5)
@example("market", 5)
def test_a_word_that_is_no_month_is_no_month(word: str, day: int) -> None:
    assume(not any(name.lower().startswith(word) for names in MONTHS.values() for name in names))
    assert DateReader("mdy", ZONE).read_date(f"{word} {day}, 2021") == (None, "DATE_INVALID")
    assert DateReader("mdy", ZONE).read_date(f"{day} {word} 2021") == (None, "DATE_INVALID")


@given(days, clocks, st.sampled_from(["mdy", "dmy"]))
def test_a_serial_number_is_its_day_or_is_refused(day: date, clock: time, order: str) -> None:
    serial = (day - date(1899, 12, 30)).days
    part = (clock.hour * 3600 + clock.minute * 60 + clock.second) / 86_400
    reader = DateReader(order, ZONE)
    expected = (day, "DATE_SERIAL") if serial >= 10_000 else (None, "DATE_INVALID")
    assert reader.read_date(str(serial)) == expected
    if serial >= 10_000 and part:
        assert reader.read_datetime(f"{serial + part:.9f}") == (datetime.combine(day, clock), "DATE_SERIAL")


@pytest.mark.parametrize("serial", [0, 1, 59, 60, 61, 9999])
def test_the_day_that_never_was_is_no_day(serial: int) -> None:
    """Serial 60 is Excel's 29 February 1900; a bare number so small is a count or a year, not a date."""
    assert DateReader("mdy", ZONE).read_date(str(serial)) == (None, "DATE_INVALID")


@pytest.mark.parametrize("epoch", [CALENDAR_WINDOWS_1900, CALENDAR_MAC_1904], ids=["1900", "1904"])
def test_a_workbook_gives_every_day_back_in_both_date_systems(tmp_path: Path, epoch: datetime) -> None:
    first = date(1900, 1, 1) if epoch == CALENDAR_WINDOWS_1900 else date(1904, 1, 2)
    written = [first + timedelta(days=i) for i in range(70)]
    written += [date(y, m, d) for y in range(first.year + 1, 2101) for m in (1, 2, 12) for d in (1, 28)]
    written += [date(y, 2, 29) for y in range(first.year + 1, 2101) if calendar.isleap(y)]
    book = openpyxl.Workbook()
    book.epoch = epoch
    sheet = book.active
    for i, day in enumerate(written):
        sheet.append([day, datetime.combine(day, time(i % 24, i % 60, i % 59))])
    book.save(tmp_path / "a.xlsx")
    rows = [
        r
        for _, batch in open_workbook(tmp_path / "a.xlsx", scan_archive(tmp_path / "a.xlsx")).grids[0].batches()
        for r in batch
    ]
    assert cast([row[0] for row in rows]).values.to_pylist() == written
    moments = [datetime.combine(day, time(i % 24, i % 60, i % 59)) for i, day in enumerate(written)]
    assert cast([row[1] for row in rows], kind="datetime").values.to_pylist() == moments


@given(st.lists(days, min_size=1, max_size=6), days, st.sampled_from(["mdy", "dmy"]), marks)
def test_one_date_against_the_order_makes_the_exchangeable_ones_wait(
    good: list[date], proof: date, order: str, mark: str
) -> None:
    assume(proof.day > 12)
    other = {"mdy": "dmy", "dmy": "mdy"}[order]
    texts = [*(parted(day, order, mark) for day in good), parted(proof, other, mark)]
    found = cast(texts, order)
    waits = [i for i, day in enumerate(good) if day.day <= 12 and day.day != day.month]
    assert found.noticed["DATE_AMBIGUOUS"] == [*waits, len(good)]
    kept = [None if i in waits else day for i, day in enumerate(good)]
    assert found.values.to_pylist() == [*kept, None]


slips = st.one_of(st.tuples(st.integers(32, 99), st.integers(0, 12)), st.tuples(st.integers(13, 99), st.just(0)))


@given(st.lists(days, min_size=1, max_size=6), slips, st.sampled_from(["mdy", "dmy"]))
def test_a_slip_that_no_order_can_mean_does_not_make_the_others_doubtful(
    good: list[date], slipped: tuple[int, int], order: str
) -> None:
    slip, other = slipped
    wrong = f"{slip}/{other}/2021" if order == "mdy" else f"{other}/{slip}/2021"
    found = cast([*(parted(day, order) for day in good), wrong], order)
    assert found.values.to_pylist() == [*good, None]
    assert found.noticed["DATE_INVALID"] == [len(good)]
    assert "DATE_AMBIGUOUS" not in found.noticed


@given(days, marks)
def test_where_the_year_comes_first_a_year_at_the_end_is_told(day: date, mark: str) -> None:
    for other in ("mdy", "dmy"):
        assert DateReader("ymd", ZONE).read_date(parted(day, other, mark)) == (None, "DATE_AMBIGUOUS")


@given(days, st.sampled_from(["mdy", "dmy"]), marks)
def test_a_year_of_two_digits_is_not_guessed(day: date, order: str, mark: str) -> None:
    text = mark.join(
        f"{day.year % 100:02d}" if part == "y" else str(getattr(day, {"m": "month", "d": "day"}[part]))
        for part in order
    )
    assert DateReader(order, ZONE).read_date(text) == (None, "DATE_AMBIGUOUS")


@given(st.integers(1900, 2100), st.integers(0, 13), st.integers(0, 32), orders, marks)
@example(2021, 4, 31, "dmy", "/")
@example(1900, 2, 29, "mdy", "/")
@example(2021, 13, 13, "ymd", "-")
def test_a_day_that_no_calendar_has_is_refused(year: int, month: int, day: int, order: str, mark: str) -> None:
    try:
        date(year, month, day)
        assume(False)
    except ValueError:
        pass
    parts = {"y": str(year), "m": str(month), "d": str(day)}
    for text in (mark.join(parts[part] for part in order), f"{year}-{month:02d}-{day:02d}"):
        value, code = DateReader(order, ZONE).read_datetime(text)
        assert value is None
        exchangeable = month > 12 and 1 <= day <= 12
        assert code in ({"DATE_INVALID", "DATE_AMBIGUOUS"} if exchangeable else {"DATE_INVALID"})


@given(days, st.integers(24, 99), st.sampled_from(["", " AM", " PM", " p.m."]))
def test_an_hour_that_no_clock_has_is_refused(day: date, hour: int, half: str) -> None:
    assert DateReader("mdy", ZONE).read_datetime(f"{parted(day, 'mdy')} {hour}:30{half}") == (None, "DATE_INVALID")
    assert DateReader("mdy", ZONE).read_datetime(f"{day} {hour}:30") == (None, "DATE_INVALID")


@given(
    st.datetimes(datetime(1900, 1, 2), datetime(2100, 12, 30)),
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from([":", ""]),
)
def test_a_moment_with_an_offset_is_the_agencys_day(moment: datetime, offset: int, colon: str) -> None:
    moment = moment.replace(microsecond=0)
    sign, (hours, minutes) = "-" if offset < 0 else "+", divmod(abs(offset), 60)
    expected = (moment - timedelta(minutes=offset)).replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(ZONE))
    for text in (
        f"{moment}{sign}{hours:02d}{colon}{minutes:02d}",
        f"{moment:%Y-%m-%dT%H:%M:%S} {sign}{hours:02d}{colon}{minutes:02d}",
    ):
        found, code = DateReader("mdy", ZONE).read_datetime(text)
        assert (found, code) == (expected.replace(tzinfo=None), None)
        assert DateReader("mdy", ZONE).read_date(text)[0] == expected.date()


awkward = st.one_of(
    st.text(max_size=30),
    st.text("0123456789/-.: TZ+apmW\u0661\uff11", max_size=28),
    st.from_regex(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:?\d{2}(:\d{2})?(Z|[+-]\d{2}:?\d{0,2})?", fullmatch=True),
    st.from_regex(r"\d{1,4}[/.]\d{1,2}[/.]\d{1,4}( \d{1,2}:\d{2} ?[AP]M)?", fullmatch=True),
)


@given(awkward, orders, st.sampled_from(["date", "datetime", "month"]))
@example("0001-01-01 00:00:00+14:00", "mdy", "datetime")
@example("9999-12-31 23:59:59-14:00", "mdy", "datetime")
@example("2021-01-31 09:30+01", "mdy", "datetime")
@example("2021-W01-1 09:30:00", "mdy", "datetime")
def test_no_text_raises_and_none_is_lost_unseen(text: str, order: str, kind: str) -> None:
    found = cast([text, " \u00a0", None], order, kind)
    blank = column_texts([text])[0].as_py() is None
    told = {code for code, places in found.noticed.items() if 0 in places}
    assert (found.values[0].as_py() is None) == (blank or not told <= READ)
    assert found.values.to_pylist()[1:] == [None, None]
    assert all(places == [0] for places in found.noticed.values())
    moment, _ = DateReader(order, ZONE).read_datetime(text)
    assert moment is None or moment.tzinfo is None


@given(st.sampled_from([date(1, 1, 1), date(9999, 12, 31)]), clocks, st.sampled_from(["Asia/Kolkata", ZONE, "UTC"]))
def test_the_calendars_first_and_last_day_end_no_column(day: date, clock: time, zone: str) -> None:
    column = read_moments(pa.array([f"{day} {clock}", "2021-05-06 12:00:00", None]), DateReader("mdy", ZONE)).values
    utc, local = zoned(column, zone, ZONE)
    noon = datetime(2021, 5, 6, 12, tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
    assert utc.to_pylist() == [None, noon, None]
    assert local.to_pylist() == [day, date(2021, 5, 6), None]
