"""Columns written and cast as a whole say what their cells say one by one."""

from datetime import date, datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.ingest.casting import ARROW_TYPES, CastContext, apply_verdicts, cast_column, caster
from assets.ingest.cells import cell_text, column_texts
from assets.ingest.config import Agency, ClientIdRule, Column
from assets.ingest.dates import DateReader
from assets.ingest.safety import Extent
from assets.ingest.structure import StructureRule

LATEST = date(2026, 1, 1)
CONTEXT = CastContext(
    Agency(name="A", time_zone="America/Chicago", client_id=ClientIdRule(prefix="TX", digits=5)),
    {},
    DateReader("mdy", "America/Chicago"),
    LATEST,
)
blanks = st.sampled_from(["", None])
moments = st.datetimes(max_value=datetime(9999, 12, 31, 23, 59, 59))
whole_numbers = st.integers(-(10**16), 10**16).map(float)
kinds = (
    whole_numbers,
    st.floats(),
    st.one_of(whole_numbers, st.just(-0.0)),
    st.dates(),
    moments,
    st.one_of(st.dates(), moments, st.datetimes().map(lambda m: datetime(m.year, m.month, m.day))),
    st.one_of(whole_numbers, st.sampled_from(["n/a", " "])),
)


@settings(max_examples=60)
@pytest.mark.parametrize("kind", kinds, ids=range(len(kinds)))
@given(data=st.data())
def test_a_column_of_one_kind_is_written_as_each_cell_alone(kind: st.SearchStrategy, data: st.DataObject) -> None:
    column = data.draw(st.lists(st.one_of(kind, blanks), max_size=12))
    assert column_texts(column).to_pylist() == [cell_text(cell) for cell in column]


written = st.one_of(
    st.none(),
    st.datetimes(datetime(1, 1, 1), datetime(2030, 1, 1)).map(lambda m: m.replace(microsecond=0).isoformat(sep=" ")),
    st.dates(date(2020, 1, 1), date(2025, 12, 31)).map(str),
    st.datetimes(datetime(2020, 1, 1), datetime(2025, 1, 1)).map(lambda m: m.replace(microsecond=0).isoformat(sep=" ")),
    st.sampled_from(["0000-01-01", "2021-02-30", "2021-13-01", "2021-01-01 24:00:00", "2021-01-01 23:59:60", "44561"]),
)
plain = st.one_of(st.none(), st.integers(2000, 2026).map("{}-05-06 07:08:09".format))
ids = st.one_of(st.none(), st.text("0123456789.\u0661 E+", min_size=1, max_size=17), st.integers(0, 10**16).map(str))


@settings(max_examples=150)
@given(
    st.one_of(st.lists(written, max_size=8), st.lists(plain, max_size=8)),
    st.sampled_from(["date", "datetime"]),
    st.booleans(),
    st.sampled_from([None, date(2010, 1, 1)]),
)
def test_moments_cast_as_a_whole_are_those_judged_one_by_one(
    texts: list, kind: str, not_future: bool, not_before: date | None
) -> None:
    column = Column(header="D", type=kind, tag="none", not_future=not_future, not_before=not_before)
    _same(texts, column)


@settings(max_examples=150)
@given(st.lists(ids, max_size=8))
def test_record_ids_cast_as_a_whole_are_those_judged_one_by_one(texts: list) -> None:
    _same(texts, Column(header="R", type="id", tag="none"))


def _same(texts: list, column: Column) -> None:
    array = pa.array(texts, pa.string())
    found = cast_column(array, column, CONTEXT)
    judged = apply_verdicts(array, caster(column, CONTEXT), ARROW_TYPES[column.type])
    assert (found.values.to_pylist(), found.noticed) == (judged.values.to_pylist(), judged.noticed)
    assert found.values.type == judged.values.type


@pytest.mark.parametrize(
    ("cells", "is_data"),
    [
        (["TX-00001", ""], True),
        (["", ""], False),
        (["Client ID", "Name"], False),
        (["client id", "name"], False),
        (["Clara", "x"], True),
        (["", "Total: 5"], False),
        ([None, "x"], True),
        ([7.0, ""], True),
    ],
)
def test_one_letter_tells_data_from_a_repeated_header(cells: list, is_data: bool) -> None:
    rule = StructureRule(("Client ID", "Name"), 0, ("total",))
    assert [rule.is_data(list(cells)) for _ in range(2)] == [is_data, is_data]


@pytest.mark.parametrize(
    ("xml", "cells"),
    [
        (b'<row r="7"><c r="B7"><v>1</v></c></row>', 7 * 26),
        (b'<row r="7"><c r="AB7"><v>1</v></c></row>', 7 * 28),
        (b'<row r="7"><c r="XFD7"><v>1</v></c></row>', 7 * 16_384),
        (b'<row><c r="B1048576"><v>1</v></c></row>', 1_048_576 * 26),
    ],
)
def test_wide_and_far_cells_count(xml: bytes, cells: int) -> None:
    extent = Extent()
    extent.take(xml)
    assert extent.cells == cells
