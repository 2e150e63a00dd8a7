"""Numbers on paper: APA's rules, and rounding as SPSS does it."""

import math
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.publish.report import numbers as fmt
from assets.publish.report.text import DASH, MINUS


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (0.125, 2, "0.13"),  # half away from zero, where Python's own formatting gives 0.12
        (2.675, 2, "2.68"),  # the shortest decimal that stands for the number, not its binary value below it
        (-0.125, 2, "−0.13"),
        (-0.004, 2, "0.00"),
        (0.0, 2, "0.00"),
        (1234567.0, 2, "1.23 × 10⁶"),
        (12345.678, 1, "12,345.7"),
        (3, 0, "3"),
        (1e-12, 2, "0.00"),
    ],
)
def test_number_rounds_half_away_from_zero(value: float, decimals: int, shown: str) -> None:
    assert fmt.number(value, decimals) == shown


@pytest.mark.parametrize("value", [None, "text", True])
def test_what_is_not_a_number_is_an_em_dash(value: object) -> None:
    assert fmt.number(value) == fmt.count(value) == fmt.p_value(value) == fmt.bounded(value) == DASH


@pytest.mark.parametrize(
    ("p", "shown", "phrase"),
    [
        (0.00099999, "< .001", "< .001"),
        (0.001, ".001", "= .001"),
        (0.0, "< .001", "< .001"),
        (0.0495, ".050", "= .050"),
        (0.5326, ".533", "= .533"),
        (0.9994, ".999", "= .999"),
        (0.9996, "> .999", "> .999"),
        (1.0, "> .999", "> .999"),
    ],
)
def test_p_has_no_leading_zero_and_two_ends(p: float, shown: str, phrase: str) -> None:
    assert fmt.p_value(p) == shown
    assert fmt.p_phrase(p) == phrase


@pytest.mark.parametrize(("value", "shown"), [(0.1455, ".15"), (-0.26154, "−.26"), (1.0, "1.00"), (-0.001, ".00")])
def test_bounded_numbers_lose_their_leading_zero(value: float, shown: str) -> None:
    assert fmt.bounded(value) == shown


def test_decimals_grow_until_the_spread_shows() -> None:
    assert [fmt.decimals_for(se) for se in (9.7, 0.25, 0.07, 0.0465, 0.0021, 1e-9, None)] == [2, 2, 2, 3, 4, 6, 2]


def test_interval_is_undefined_where_an_end_is() -> None:
    assert fmt.interval(-0.5, 1.25) == "[−0.50, 1.25]"
    assert fmt.interval(None, 1.25) == DASH


@given(st.floats(min_value=-9e5, max_value=9e5), st.integers(min_value=0, max_value=4))
def test_what_is_printed_is_within_half_a_unit(value: float, decimals: int) -> None:
    back = Decimal(fmt.number(value, decimals).replace(",", "").replace(MINUS, "-"))
    assert abs(back - Decimal(repr(value))) <= Decimal(1).scaleb(-decimals) / 2
    assert back == Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


@given(st.floats(min_value=0, max_value=1))
def test_p_never_prints_as_zero_or_one(p: float) -> None:
    shown = fmt.p_value(p)
    assert shown not in {".000", "1.000", "0.000"}
    assert math.isfinite(float(shown.lstrip("<> ")))
