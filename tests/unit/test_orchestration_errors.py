"""A step's failure is told by place and kind; no library's text gets through."""

from collections.abc import Iterator

import duckdb
import pytest

from assets.errors import DataError, Place, StepError, describe, value_free

CANARY = "Zorblatt-Núñez"


@value_free
def failing_step() -> Iterator[int]:
    yield 1
    duckdb.execute("select cast(? as integer)", [CANARY])


@value_free
def refusing_step() -> Iterator[int]:
    yield 1
    try:
        int(CANARY)
    except ValueError:
        raise DataError("BAD_NUMBER", "not a number", Place("0123456789ab", "Sheet", 7, "Minutes"))  # noqa: B904


def everything_told(error: BaseException) -> str:
    """Text of an exception and of everything chained to it, as an event store would keep it."""
    chain = [error, error.__cause__, error.__context__]
    return " ".join(f"{link!r} {link}" for link in chain if link is not None)


def test_a_library_error_is_replaced_and_leaves_no_context() -> None:
    with pytest.raises(StepError) as caught:
        list(failing_step())
    assert "ConversionException" in str(caught.value)
    assert CANARY not in everything_told(caught.value)


def test_a_data_error_keeps_its_place_and_loses_its_cause() -> None:
    with pytest.raises(DataError) as caught:
        list(refusing_step())
    told = everything_told(caught.value)
    assert "BAD_NUMBER" in told
    assert "sheet Sheet / row 7 / column Minutes" in told
    assert CANARY not in told


def test_describe_names_type_only_for_foreign_code() -> None:
    try:
        int(CANARY)
    except ValueError as error:
        told = describe(error)
    assert told.startswith("ValueError")
    assert CANARY not in told


def test_place_leaves_out_what_is_unknown() -> None:
    assert str(Place("0123456789ab", None, 3, None)) == "file 0123456789ab / row 3"
