"""Each kind of expectation says the same to Great Expectations as to the counter in pandas."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from expectations.kinds import between, matches, multi_of, one_of, ordered, plausible, present, rule, unique
from expectations.model import Expectation, SuiteInfo
from expectations.runner import judge

FRAME = pd.DataFrame(
    {
        "key": ["a", "b", "b", None, None],
        "part": [1.0, 2.0, 2.0, 3.0, None],
        "number": [1.0, 7.0, 8.0, None, 0.0],
        "code": ["x", "y", "z", None, "x"],
        "multi": ["", "x|y", "x|q", None, "x|x"],
        "first": pd.to_datetime(["2021-01-01", "2021-02-01", None, "1021-03-01", "2021-01-05"]),
        "second": pd.to_datetime(["2021-01-01", "2021-01-31", "2021-01-01", "2021-03-01", None]),
    }
)

CASES: list[tuple[Expectation, int]] = [
    (present("key", "-"), 2),
    (unique(["key"], "-"), 2),
    (unique(["key", "part"], "-"), 2),
    (one_of("code", ["x", "y"], "-"), 1),
    (one_of("number", [1, 7, 8], "-"), 1),
    (matches("code", "^[xy]$", "-"), 1),
    (between("number", 1, 7, "-"), 2),
    (between("number", 1, None, "-"), 1),
    (between("first", datetime(1990, 1, 1), datetime(2100, 1, 1), "-"), 1),
    (rule("order", ["first", "second"], lambda f: ordered(f["first"], f["second"]), "-"), 1),
    (multi_of("multi", ["x", "y"], "-"), 2),
]


def suite(*expectations: Expectation) -> SuiteInfo:
    return SuiteInfo("probe", "Probe", "raw.probe", "select 1", expectations)


@pytest.mark.parametrize(("expectation", "n_failed"), CASES, ids=[case[0].name for case in CASES])
def test_both_readings_agree_on_a_bad_frame_and_on_the_rest_of_it(expectation: Expectation, n_failed: int) -> None:
    (bad,) = judge(suite(expectation), FRAME)
    assert (bad.passed, bad.n_failed) == (False, n_failed)
    rest = FRAME[~expectation.failing(FRAME)]
    (good,) = judge(suite(expectation), rest)
    assert (good.passed, good.n_failed) == (True, 0)


@pytest.mark.parametrize("make", [lambda: FRAME.iloc[0:0], lambda: FRAME.iloc[0:0].astype(object)])
def test_an_empty_table_breaks_nothing(make: Callable[[], pd.DataFrame]) -> None:
    distinct = {case[0].name: case[0] for case in CASES if case[0].name != "order"}
    results = judge(suite(*distinct.values()), make())
    assert [result.name for result in results if not result.passed] == []


def test_a_missing_column_fails_for_every_row_and_does_not_stop_the_others() -> None:
    results = judge(suite(present("absent", "-"), between("number", 0, 10, "-")), FRAME)
    assert [(result.passed, result.n_failed) for result in results] == [(False, 5), (True, 0)]


def test_plausible_warns_at_one_row_and_stops_above_a_tenth() -> None:
    def outcome(n_bad: int) -> list[tuple[str, bool, int]]:
        frame = pd.DataFrame({"minutes": [-1] * n_bad + [30] * (100 - n_bad)})
        pair = plausible(between, "minutes", 0, 1440, "-")
        return [(result.severity, result.passed, result.n_failed) for result in judge(suite(*pair), frame)]

    assert outcome(0) == [("warn", True, 0), ("error", True, 0)]
    assert outcome(10) == [("warn", False, 10), ("error", True, 10)]
    assert outcome(11) == [("warn", False, 11), ("error", False, 11)]


def test_results_carry_no_value_and_nothing_is_printed(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    frame = pd.DataFrame({"code": ["Zorblatt-Núñez"] * 3, "minutes": ["Zorblatt-Núñez", 1, None]})
    results = judge(suite(one_of("code", ["x"], "-"), unique(["code"], "-"), between("minutes", 0, 5, "-")), frame)
    out, err = capfd.readouterr()
    assert "Zorblatt" not in repr(results) + out + err + caplog.text
    assert (out, err) == ("", "")
    assert not any(result.passed for result in results)


CANARY = "Zorblatt-Núñez"
FAILING = [
    present("none", "-"), unique(["code"], "-"), unique(["code", "part"], "-"), one_of("code", ["x"], "-"),
    matches("code", "^[xy]$", "-"), between("number", 0, 5, "-"), *plausible(between, "number", 0, 5, "-"),
    rule("order", ["first", "second"], lambda f: ordered(f["first"], f["second"]), "-"), multi_of("multi", ["x"], "-"),
]  # fmt: skip


def test_every_kind_of_expectation_is_in_the_canary_rows() -> None:
    import expectations.kinds

    returns = {"Expectation", "tuple[Expectation, Expectation]", str(tuple[Expectation, Expectation])}
    made = {
        name
        for name, value in vars(expectations.kinds).items()
        if not name.startswith("_") and callable(value) and value.__module__ == "expectations.kinds"
        if getattr(value.__annotations__.get("return"), "__name__", str(value.__annotations__.get("return"))) in returns
    }
    assert len(made) > 5
    source = Path(__file__).read_text("utf-8").split("FAILING = [")[1].split("]  # fmt")[0]
    assert {name for name in made if f"{name}(" not in source} == set()


def test_r07_no_kind_of_expectation_that_fails_keeps_a_value(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    frame = pd.DataFrame(
        {
            "none": [None, CANARY, None], "code": [CANARY] * 3, "part": [1.0] * 3, "number": [40_229, 20_040_229, None],
            "multi": [f"x|{CANARY}"] * 3, "first": pd.to_datetime(["2004-02-29"] * 3),
            "second": pd.to_datetime(["2004-02-28"] * 3),
        }
    )  # fmt: skip
    flat = [one for kind in FAILING for one in (kind if isinstance(kind, list | tuple) else [kind])]
    results = judge(suite(*{one.name: one for one in flat}.values()), frame)
    assert not any(result.passed for result in results)
    out, err = capfd.readouterr()
    told = repr(results) + out + err + caplog.text
    for value in ("Zorblatt", "40229", "20040229", "2004-02-2"):
        assert value not in told


def test_a_suite_cannot_name_an_expectation_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        suite(present("key", "-"), present("key", "-"))
