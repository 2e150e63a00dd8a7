"""SPSS files: user-missing values with their reason, moments, encodings, response sets, the quick way of reading."""

import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.errors import DataError
from assets.ingest.config import SpssFeed, Version
from assets.ingest.minimal import load_minimal
from assets.ingest.parsed import Parsed
from assets.ingest.sav_cells import number_columns
from assets.ingest.sav_layout import MultipleResponseSet, sav_layout
from assets.ingest.spss import json_missing, read_spss, spss_moment
from tests.spss_files import number, por_bytes, sav_bytes, value_labels, variable, with_records

FEED = SpssFeed.model_validate(
    {
        "feed": "wide",
        "title": {"en": "Wide", "es": "Ancho"},
        "format": "spss",
        "key": ("id",),
        "versions": [Version(name="1", since="2020-01-01")],
        "case_number": "id",
        "variables": ("a", "b"),
    }
)


def put(folder: Path, content: bytes, name: str = "x.sav") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def long_table(path: Path, kind: str = "sav") -> tuple[dict[str, list[tuple]], Parsed, dict[str, list[dict]]]:
    """Rows of the long table by variable, as (number, text, reason); what was noticed; the other tables."""
    parsed, tables = Parsed(), {}
    load_minimal(read_spss(path, kind), FEED, parsed, lambda name, table: tables.setdefault(name, table.to_pylist()))
    rows: dict[str, list[tuple]] = {}
    for row in tables.pop("wide"):
        rows.setdefault(row["variable"], []).append((row["value_number"], row["value_text"], row["missing_reason"]))
    return rows, parsed, tables


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ([{"lo": float("-inf"), "hi": -1}], [(1.0, None), (None, "Refused"), (None, "code -99"), (0.5, None)]),
        ([{"lo": 1, "hi": float("inf")}], [(None, "Yes"), (-5.0, None), (-99.0, None), (0.5, None)]),
        ([{"lo": -99, "hi": -5}, 0.5], [(1.0, None), (None, "Refused"), (None, "code -99"), (None, "code 0.5")]),
        ([1, -5, -99], [(None, "Yes"), (None, "Refused"), (None, "code -99"), (0.5, None)]),
        ([-99], [(1.0, None), (-5.0, None), (None, "code -99"), (0.5, None)]),
    ],
)
@pytest.mark.parametrize("compression", [{}, {"row_compress": True}, {"compress": True}])
def test_each_kind_of_user_missing_keeps_its_reason(tmp_path, declared, told, compression) -> None:
    frame = pd.DataFrame({"a": [1.0, -5.0, -99.0, 0.5, None], "b": [1.0] * 5})
    labels = {"a": {1.0: "Yes", -5.0: "Refused", 7.0: "Never seen"}}
    content = sav_bytes(frame, missing_ranges={"a": declared}, variable_value_labels=labels, **compression)
    rows, parsed, _ = long_table(put(tmp_path, content))
    assert [(value, reason) for value, _, reason in rows["a"]] == [*told, (None, "system")]
    assert parsed.rows_read == parsed.rows_out == 5


def test_open_ranges_are_told_as_lo_and_hi(tmp_path) -> None:
    frame = pd.DataFrame({"a": [1.0], "b": [2.0]})
    ranges = {"a": [{"lo": float("-inf"), "hi": -1}], "b": [{"lo": 90, "hi": float("inf")}, 7]}
    file = read_spss(put(tmp_path, sav_bytes(frame, missing_ranges=ranges)))
    assert [json_missing(v) for v in file.variables] == [
        '[{"lo": "LO", "hi": -1.0}]',
        '[{"lo": 90.0, "hi": "HI"}, {"lo": 7.0, "hi": 7.0}]',
    ]


def test_texts_keep_labels_and_declared_missing_words(tmp_path) -> None:
    frame = pd.DataFrame({"a": ["F", "NA", "M  ", "", "REF"], "b": ["x" * 400, "y", "", "z" * 255, "w" * 256]})
    options = {
        "missing_ranges": {"a": ["NA", "REF"]},
        "variable_value_labels": {"a": {"F": "Female", "NA": "Not asked"}},
    }
    rows, _, tables = long_table(put(tmp_path, sav_bytes(frame, **options)))
    assert rows["a"] == [
        (None, "F", None), (None, None, "Not asked"), (None, "M", None), (None, None, None), (None, None, "code REF"),
    ]  # fmt: skip
    assert [text for _, text, _ in rows["b"]] == ["x" * 400, "y", None, "z" * 255, "w" * 256]
    assert tables["wide_variables"][0]["value_labels"] == '{"F": "Female", "NA": "Not asked"}'


def test_a_portable_file_keeps_values_and_ranges_apart_too(tmp_path) -> None:
    variables = [
        variable("A", missing="9" + number(-1) + "8" + number(99), label="Alpha"),
        variable("B", missing="A" + number(90)),
        variable("C", missing="B" + number(-99) + number(-90) + "8" + number(7.5)),
        variable("D", 4, missing="8" + "2/NA"),
    ]
    rows = [(1, 2, 3, "x"), (-5, 90, -95, "NA"), (99, 91, 7.5, "zz"), (None, -99, 0.5, "y")]
    content = por_bytes(variables, [value_labels(["A"], {1: "Yes", -5: "Refused"})], rows)
    found, _, tables = long_table(put(tmp_path, content, "x.por"), "por")
    assert found["A"] == [(1.0, None, None), (None, None, "Refused"), (None, None, "code 99"), (None, None, "system")]
    assert found["B"] == [(2.0, None, None), (None, None, "code 90"), (None, None, "code 91"), (-99.0, None, None)]
    assert found["C"] == [(3.0, None, None), (None, None, "code -95"), (None, None, "code 7.5"), (0.5, None, None)]
    assert found["D"] == [(None, "x", None), (None, None, "code NA"), (None, "zz", None), (None, "y", None)]
    assert tables["wide_variables"][0]["label"] == "Alpha"
    assert tables["wide_variables"][0]["user_missing"] == '[{"lo": "LO", "hi": -1.0}, {"lo": 99.0, "hi": 99.0}]'


def test_moments_show_hidden_times_and_wait_where_no_calendar_holds_them(tmp_path) -> None:
    day = (pd.Timestamp("2021-03-14") - pd.Timestamp("1970-01-01")).total_seconds() + 12_219_379_200
    frame = pd.DataFrame({"a": [day, day + 9 * 3600, 9e15, -99.0, None], "b": [1.0] * 5})
    content = sav_bytes(frame, variable_format={"a": "DATE11", "b": "DOLLAR8.2"}, missing_ranges={"a": [-99]})
    rows, parsed, tables = long_table(put(tmp_path, content))
    assert rows["a"] == [
        (day, "2021-03-14", None),
        (day + 9 * 3600, "2021-03-14 09:00:00", None),
        (None, None, "outside the calendar"),
        (None, None, "code -99"),
        (None, None, "system"),
    ]
    assert [(q.row_number, q.column, q.code, q.scope) for q in parsed.quarantined] == [(3, "a", "DATE_INVALID", "cell")]
    assert [row["format"] for row in tables["wide_variables"]] == ["DATE11", "DOLLAR8.2"]
    assert rows["b"][0] == (1.0, None, None)


@given(st.floats(-1e13, 1e18, allow_nan=False))
def test_any_number_of_seconds_is_a_moment_or_none(seconds) -> None:
    moment = spss_moment(seconds)
    assert moment is None or 1 <= moment.year <= 9999


@pytest.mark.parametrize("place", ["label", "cell", "both"])
def test_bytes_that_do_not_fit_the_declared_encoding_are_read_as_cp1252_and_told(tmp_path, place) -> None:
    content = sav_bytes(pd.DataFrame({"a": [1.0], "t": ["Núñez"]}), column_labels={"a": "Año de nacer"})
    if place != "label":
        content = content.replace("Núñez".encode(), "Núñez".encode("cp1252") + b"  ")
    if place != "cell":
        content = content.replace("Año de nacer".encode(), "Año de nacer".encode("cp1252") + b" ")
    file = read_spss(put(tmp_path, content))
    assert file.is_recoded
    if place != "label":
        assert file.columns["t"] == ["Núñez"]
    if place != "cell":
        assert file.variables[0].label == "Año de nacer"


def test_bytes_that_are_no_text_at_all_are_refused(tmp_path) -> None:
    content = sav_bytes(pd.DataFrame({"a": [1.0], "t": ["plain"]}))
    with pytest.raises(DataError) as caught:
        read_spss(put(tmp_path, content.replace(b"plain", b"\x81\x8d\x8f\x90\x9d")))
    assert caught.value.code == "ENCODING"


def test_response_sets_keep_name_label_kind_counted_value_and_members(tmp_path) -> None:
    frame = pd.DataFrame({"victim_bullying": [1.0], "victim_physical": [0.0], "word_one": ["Yes"], "word_two": ["No"]})
    sets = (
        b"\n$plain=D1 1 7 My sets victim_b victim_p\n$choice=C 0  victim_b victim_p\n"
        b"$words=D3 Yes 5 Words word_one word_two\n$minus=D2 -1 0  victim_b victim_p\nnonsense\n"
    )
    newer = b"$counted=E 11 3 Yes 4 More word_one word_two\n"
    content = with_records(sav_bytes(frame), [(7, sets), (19, newer)])
    rows, _, tables = long_table(put(tmp_path, content))
    assert [(r["name"], r["label"], r["kind"], r["counted_value"], r["members"]) for r in tables["wide_sets"]] == [
        ("$plain", "My sets", "dichotomy", "1", '["victim_bullying", "victim_physical"]'),
        ("$choice", None, "category", None, '["victim_bullying", "victim_physical"]'),
        ("$words", "Words", "dichotomy", "Yes", '["word_one", "word_two"]'),
        ("$minus", None, "dichotomy", "-1", '["victim_bullying", "victim_physical"]'),
        ("$counted", "More", "dichotomy", "Yes", '["word_one", "word_two"]'),
    ]
    assert rows["victim_bullying"] == [(1.0, None, None)]


@pytest.mark.parametrize("bad", [b"$a=D99 1 7 x a b", b"$a=D", b"=", b"$a=X 1 a", b"$a=D-1 1 1 1", b"\xff\xfe=C 1 a"])
def test_damaged_sets_are_left_out_and_the_data_load(tmp_path, bad) -> None:
    content = with_records(sav_bytes(pd.DataFrame({"a": [1.0], "b": [2.0]})), [(7, bad)])
    file = read_spss(put(tmp_path, content))
    assert all(isinstance(found, MultipleResponseSet) for found in file.sets)
    assert file.columns["b"].tolist() == [2.0]


@pytest.mark.parametrize("compression", [{}, {"row_compress": True}, {"compress": True}])
def test_a_case_count_of_minus_one_is_read_to_the_end(tmp_path, compression) -> None:
    frame = pd.DataFrame({"a": [float(i) for i in range(300)], "t": [f"r{i}" for i in range(300)]})
    content = bytearray(sav_bytes(frame, **compression))
    content[80:84] = struct.pack("<i", -1)
    file = read_spss(put(tmp_path, bytes(content)))
    assert file.rows == 300
    assert file.columns["a"].tolist() == frame["a"].tolist()
    assert file.columns["t"][-1] == "r299"


CELLS = st.one_of(
    st.none(), st.integers(-150, 300).map(float), st.floats(-1e30, 1e30, allow_nan=False, allow_infinity=False)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(CELLS, st.text("abc ", max_size=20), CELLS), min_size=1, max_size=40), st.booleans())
def test_the_quick_way_gives_what_readstat_gives(tmp_path_factory, rows, compressed) -> None:
    path = tmp_path_factory.mktemp("sav") / "x.sav"
    frame = pd.DataFrame(rows, columns=["a", "t", "b"]).astype({"a": float, "b": float})
    pyreadstat.write_sav(frame, path, row_compress=compressed)
    expected, meta = pyreadstat.read_sav(path, user_missing=True, disable_datetime_conversion=True)
    found = number_columns(path, sav_layout(path), meta.column_names)
    for name in ("a", "b"):
        assert np.array_equal(found[name], expected[name].to_numpy(dtype=float, na_value=np.nan), equal_nan=True)


def test_in_doubt_readstat_reads_or_refuses(tmp_path) -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0] * 3})
    path = put(tmp_path, sav_bytes(frame)[:-8])
    assert number_columns(path, sav_layout(path), ["a", "b"]) is None
    with pytest.raises(DataError) as caught:
        read_spss(path)
    assert caught.value.code == "CORRUPT"
    long = put(tmp_path, sav_bytes(pd.DataFrame({"a": [1.0], "t": ["x" * 300]})))
    assert number_columns(long, sav_layout(long), ["a", "t"]) is None
    assert sav_layout(put(tmp_path, sav_bytes(frame)[:300])) is None
