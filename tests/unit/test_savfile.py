"""SPSS files written: what goes in comes out of our own reader and of pyreadstat, and nothing else is in the file."""

import math
from pathlib import Path

import numpy as np
import pyreadstat
import pytest

from assets.ingest.sav_layout import MultipleResponseSet
from assets.ingest.spss import SpssVariable, read_spss
from assets.savfile import write_sav
from tests.spss_files import with_records

DAY = 13_000_000_000.0
SPAN = dict


def numeric(name: str, **more) -> SpssVariable:
    given = {"label": None, "measure": "scale", "format": "F8.2", "value_labels": {}, "user_missing": []} | more
    return SpssVariable(name, is_text=False, **given)


def worded(name: str, **more) -> SpssVariable:
    given = {"label": None, "measure": "nominal", "format": "", "value_labels": {}, "user_missing": []} | more
    return SpssVariable(name, is_text=True, **given)


KINDS = {
    "range-lo": (numeric("v", user_missing=[SPAN(lo=-math.inf, hi=-1.0)]), [1.0, -5.0, math.nan]),
    "range-hi": (numeric("v", user_missing=[SPAN(lo=90.0, hi=math.inf)]), [1.0, 91.0, math.nan]),
    "range-and-value": (numeric("v", user_missing=[SPAN(lo=-9.0, hi=-5.0), SPAN(lo=7.5, hi=7.5)]), [1.0, -5.0, 7.5]),
    "three-values": (numeric("v", user_missing=[SPAN(lo=c, hi=c) for c in (-99.0, -98.0, -97.0)]), [-99.0, -98.0, 3.0]),
    "date": (numeric("v", format="DATE11"), [DAY, DAY + 3600, math.nan]),
    "datetime-outside": (numeric("v", format="DATETIME20"), [9e15, DAY, math.nan]),
    "dollar": (numeric("v", format="DOLLAR10.2"), [1.5, 2e9, math.nan]),
    "ordinal": (numeric("v", measure="ordinal", value_labels={1.0: "Low", 2.0: "High", 9.0: "Never seen"}), [1.0, 2.0]),
    "labels-on-missing": (
        numeric("v", value_labels={-1.0: "Refused"}, user_missing=[SPAN(lo=-1.0, hi=-1.0)]),
        [-1.0, 2],
    ),
    "long-label": (numeric("v", label="Núñez, " * 25 + "end"), [1.0]),
    "text": (worded("v", value_labels={"F": "Female", "M": "Male"}), ["F", "M", ""]),
    "text-missing": (worded("v", user_missing=[SPAN(lo="NA", hi="NA"), SPAN(lo="REF", hi="REF")]), ["F", "NA", "REF"]),
    "text-long": (worded("v"), ["x" * 256, "y" * 1000, "ñ" * 300]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_comes_back_as_it_was(tmp_path, kind) -> None:
    variable, cells = KINDS[kind]
    path = tmp_path / "x.sav"
    write_sav(path, {"v": cells, "other": [0.0] * len(cells)}, [variable, numeric("other")])
    file = read_spss(path)
    found = file.variables[0]
    told = (found.label, found.measure, found.value_labels, found.user_missing)
    assert told == (variable.label, variable.measure, variable.value_labels, variable.user_missing)
    if variable.is_text:
        assert file.columns["v"] == cells
    else:
        assert found.format == variable.format
        assert np.array_equal(file.columns["v"], np.array(cells, dtype=float), equal_nan=True)


def test_a_file_read_and_written_again_says_the_same(tmp_path) -> None:
    variables = [numeric("a_long_name_indeed"), numeric("a_long_name_too"), worded("words")]
    sets = [
        MultipleResponseSet("$both", "Bóth of them", "dichotomy", "1", ("a_long_name_indeed", "a_long_name_too")),
        MultipleResponseSet("$minus", None, "dichotomy", "-1", ("a_long_name_indeed", "a_long_name_too")),
        MultipleResponseSet("$choice", None, "category", None, ("a_long_name_indeed", "a_long_name_too")),
    ]
    cells = {"a_long_name_indeed": [1.0, 0.0], "a_long_name_too": [0.0, math.nan], "words": ["one", ""]}
    first, second = tmp_path / "1.sav", tmp_path / "2.sav"
    write_sav(first, cells, variables, sets, "Invented")
    one = read_spss(first)
    assert one.sets == sets
    write_sav(second, one.columns, one.variables, one.sets, "Invented")
    assert second.read_bytes() == first.read_bytes()
    _, meta = pyreadstat.read_sav(first)
    assert set(meta.mr_sets) == {"both", "minus", "choice"}
    assert meta.file_label == "Invented"


def test_sets_of_the_newer_kind_are_written_back(tmp_path) -> None:
    path = tmp_path / "x.sav"
    write_sav(path, {"a": [1.0], "b": [0.0]}, [numeric("a"), numeric("b")])
    path.write_bytes(with_records(path.read_bytes(), [(19, b"$new=E 1 1 1 3 New a b\n")]))
    file = read_spss(path)
    again = tmp_path / "y.sav"
    write_sav(again, file.columns, file.variables, file.sets)
    assert read_spss(again).sets == file.sets != []


def test_nothing_of_the_machine_or_the_hour_is_in_the_file(tmp_path) -> None:
    path = tmp_path / "secret_folder_name.sav"
    write_sav(path, {"a": [1.0]}, [numeric("a")])
    content = path.read_bytes()
    assert content[4:64].rstrip() == b"@(#) SPSS DATA FILE Outcomes Warehouse"
    assert content[92:109] == b"01 Jan 0000:00:00"
    assert not any(word in content for word in (b"http", b"secret_folder", str(Path.home()).encode()))
