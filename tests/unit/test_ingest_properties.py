"""Properties that must hold for any text somebody may type."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assets.ingest.cells import cell_text, column_texts
from assets.ingest.client_ids import normalise_client_id
from assets.ingest.config import ClientIdRule
from assets.ingest.dates import DateReader, to_local, to_utc
from assets.ingest.moments import read_moments, zoned
from assets.ingest.multi import split_multi
from assets.ingest.textfile import decode_text

RULE = ClientIdRule(prefix="TX", digits=5)
numbers = st.integers(1, 99_999)
blanks = st.text(st.sampled_from(" \u00a0\u200b\t"), max_size=3)
dashes = st.sampled_from(["-", "\u2010", "\u2011", "\u2013", "\u2014", "\u2212", "", " - "])
zones = st.sampled_from(["America/Chicago", "America/Denver", "UTC", "Europe/Berlin", "Asia/Kolkata"])
moments = st.datetimes(datetime(2015, 1, 1), datetime(2026, 12, 31)).map(lambda m: m.replace(microsecond=0))


typings = st.tuples(numbers, blanks, blanks, dashes, st.integers(0, 6), st.booleans())


@given(typings)
def test_any_way_of_typing_an_id_is_that_id(typing: tuple) -> None:
    number, before, after, dash, zeros, lower = typing
    typed = f"{before}TX{dash}{'0' * zeros}{number}{after}"
    assert normalise_client_id(typed.lower() if lower else typed, RULE) == f"TX-{number:05d}"


@given(st.text(max_size=30))
def test_an_id_is_normal_or_none_and_normal_twice(text: str) -> None:
    found = normalise_client_id(text, RULE)
    assert found is None or (RULE.pattern.fullmatch(found) and normalise_client_id(found, RULE) == found)


@given(numbers, numbers)
def test_two_ids_are_never_taken_for_one(one: int, other: int) -> None:
    same = normalise_client_id(f"TX-{one}", RULE) == normalise_client_id(f"tx{other:05d}", RULE)
    assert same == (one == other)


@given(numbers, st.sampled_from("\u00b2\u2075\u2460\u00bd"), st.integers(0, 5))
def test_a_small_figure_is_no_digit_of_an_id(number: int, figure: str, place: int) -> None:
    digits = f"{number:05d}"
    assert normalise_client_id(f"TX-{digits[:place]}{figure}{digits[place:]}", RULE) is None


@given(numbers, st.sampled_from(["\uff10", "\u0660", "\U0001d7ce"]))
def test_digits_of_another_script_are_never_an_id_of_their_own(number: int, zero: str) -> None:
    typed = "TX-" + "".join(chr(ord(zero) + int(digit)) for digit in f"{number:05d}")
    assert RULE.pattern.fullmatch(typed) is None
    assert normalise_client_id(typed, RULE) in (f"TX-{number:05d}", None)


@given(moments, zones, zones)
def test_columns_of_moments_agree_with_the_zone_database(moment: datetime, zone: str, agency: str) -> None:
    column = read_moments(pa.array([moment.isoformat(sep=" "), None]), DateReader("mdy", agency)).values
    utc, local = zoned(column, zone, agency)
    expected = to_utc(moment, zone)
    assert utc.to_pylist() == [expected, None]
    assert local.to_pylist() == [to_local(expected, agency).date(), None]


@given(st.lists(moments, min_size=1, max_size=20))
def test_without_a_zone_nothing_is_invented(written: list[datetime]) -> None:
    utc, local = zoned(pa.array(written, pa.timestamp("s")), None, "America/Chicago")
    assert utc.null_count == len(written)
    assert local.to_pylist() == [moment.date() for moment in written]


def test_an_hour_in_which_clocks_change_is_looked_at_singly() -> None:
    zone = ZoneInfo("America/Chicago")
    start = datetime(2021, 3, 14, 6)
    utc = [start + timedelta(minutes=20 * i) for i in range(12)]
    column = pa.array(
        [m.replace(tzinfo=ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None) for m in utc], pa.timestamp("s")
    )
    assert zoned(column, "America/Chicago", "America/Chicago")[0].to_pylist() == utc


cells = st.one_of(
    st.none(), st.text(max_size=12), st.floats(allow_nan=True), st.integers(), st.booleans(), st.dates(), st.datetimes()
)


@given(st.lists(cells, max_size=20))
def test_a_column_of_cells_is_written_as_each_cell_alone(column: list) -> None:
    assert column_texts(column).to_pylist() == [cell_text(cell) for cell in column]


LABELS = {"white": "white", "asian": "asian", "black or african american": "black", "yes, often": "often"}


@given(
    st.lists(st.sampled_from(sorted(LABELS)), min_size=1, max_size=4), st.sampled_from([" | ", ";", "\n", ", ", "|"])
)
def test_choices_come_apart_whatever_separates_them(chosen: list[str], separator: str) -> None:
    assert split_multi(separator.join(chosen), LABELS) == ({LABELS[text] for text in chosen}, True)


@settings(max_examples=60)
@given(
    st.text(st.characters(codec="cp1252", exclude_categories=("Cc",)), min_size=1, max_size=60),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
)
def test_a_text_survives_its_encoding(text: str, encoding: str) -> None:
    line = f"Record ID,Narrative\n1,{text}\n"
    if encoding == "cp1252":
        # The same bytes are then a text in both encodings, and UTF-8 is the likelier by far.
        written = text.encode("cp1252")
        assume(written.decode("utf-8", "ignore").encode() != written or written.isascii())
    assert decode_text(line.encode(encoding)).text == line
