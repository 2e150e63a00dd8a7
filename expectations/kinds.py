"""The kinds of expectations the suites are written in: each is one call and reads as one sentence.

A pair of them expresses "some of this is life, much of it is a broken feed": ``plausible`` warns from the first row on
and stops the night when more than a tenth of the rows are wrong (a column mapped wrongly, another agency's file).
"""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from expectations.model import Expectation, Severity

if TYPE_CHECKING:
    import pandas as pd

BROKEN_FEED = 0.10
"""Above this share of implausible rows the file, not the clients, is the explanation."""


def present(column: str, why: str, severity: Severity = "error", tolerance: float = 0.0) -> Expectation:
    """Every row has a value in ``column``."""
    return Expectation(
        name=f"{column}_present" + _suffix(severity, tolerance),
        why=why,
        severity=severity,
        columns=(column,),
        gx_type="ExpectColumnValuesToNotBeNull",
        gx_arguments={"column": column},
        failing=lambda frame: frame[column].isna(),
        tolerance=tolerance,
    )


def unique(columns: Sequence[str], why: str, severity: Severity = "error") -> Expectation:
    """No two rows share all of ``columns``; rows with a missing part are left to ``present``."""
    key = list(columns)
    arguments: dict[str, Any]

    def failing(frame: "pd.DataFrame") -> "pd.Series[bool]":
        return frame.duplicated(key, keep=False) & frame[key].notna().all(axis=1)

    if len(key) == 1:
        gx_type, arguments = "ExpectColumnValuesToBeUnique", {"column": key[0]}
    else:
        gx_type = "ExpectCompoundColumnsToBeUnique"
        arguments = {"column_list": key, "ignore_row_if": "any_value_is_missing"}
    return Expectation("_".join(key) + "_unique", why, severity, tuple(key), gx_type, arguments, failing)


def one_of(
    column: str, codes: Collection[Any], why: str, *, severity: Severity = "error", tolerance: float = 0.0
) -> Expectation:
    """A recorded value of ``column`` is one of ``codes``."""
    allowed = sorted(codes, key=str)
    return Expectation(
        name=f"{column}_known" + _suffix(severity, tolerance),
        why=why,
        severity=severity,
        columns=(column,),
        gx_type="ExpectColumnValuesToBeInSet",
        gx_arguments={"column": column, "value_set": allowed},
        failing=lambda frame: frame[column].notna() & ~frame[column].isin(allowed),
        tolerance=tolerance,
    )


def matches(column: str, pattern: str, why: str, severity: Severity = "error") -> Expectation:
    """A recorded value of ``column`` matches the regular expression ``pattern`` (which anchors itself)."""

    def failing(frame: "pd.DataFrame") -> "pd.Series[bool]":
        text = frame[column].astype("string")
        return (text.notna() & ~text.str.match(pattern).fillna(False)).astype(bool)

    arguments = {"column": column, "regex": pattern}
    gx_type = "ExpectColumnValuesToMatchRegex"
    return Expectation(f"{column}_well_formed", why, severity, (column,), gx_type, arguments, failing)


def between(
    column: str,
    low: Any,
    high: Any,
    why: str,
    *,
    severity: Severity = "error",
    tolerance: float = 0.0,
    name: str | None = None,
) -> Expectation:
    """A recorded value of ``column`` lies in ``low`` … ``high``, both included, None for no bound; numbers or dates."""

    def failing(frame: "pd.DataFrame") -> "pd.Series[bool]":
        values = frame[column]
        inside = values.notna()
        if low is not None:
            inside &= values >= low
        if high is not None:
            inside &= values <= high
        return values.notna() & ~inside

    return Expectation(
        name=(name or f"{column}_in_range") + _suffix(severity, tolerance),
        why=why,
        severity=severity,
        columns=(column,),
        gx_type="ExpectColumnValuesToBeBetween",
        gx_arguments={"column": column, "min_value": low, "max_value": high},
        failing=failing,
        tolerance=tolerance,
    )


def rule(
    name: str,
    columns: Sequence[str],
    holds: Callable[["pd.DataFrame"], "pd.Series[Any]"],
    why: str,
    *,
    severity: Severity = "error",
    tolerance: float = 0.0,
) -> Expectation:
    """``holds`` gives True, False or missing (cannot be judged) for each row; no row may be False."""

    def failing(frame: "pd.DataFrame") -> "pd.Series[bool]":
        judged = holds(frame).astype("boolean")
        return (~judged).fillna(False).astype(bool)

    column = f"rule_{name}"
    return Expectation(
        name=name + _suffix(severity, tolerance),
        why=why,
        severity=severity,
        columns=tuple(columns),
        gx_type="ExpectColumnValuesToBeInSet",
        gx_arguments={"column": column, "value_set": [True]},
        failing=failing,
        tolerance=tolerance,
        derived=lambda frame: holds(frame).astype("boolean").astype(object),
    )


def multi_of(column: str, codes: Collection[str], why: str, severity: Severity = "error") -> Expectation:
    """Every part of a multi-select (codes joined by ``|``, empty = none noted) is one of ``codes``, none twice."""
    allowed = frozenset(codes)

    def good(cell: Any) -> Any:
        if not isinstance(cell, str):
            return None
        parts = cell.split("|") if cell else []
        return len(parts) == len(set(parts)) and allowed.issuperset(parts)

    # Few distinct combinations occur in very many rows, so each combination is judged once.
    def holds(frame: "pd.DataFrame") -> "pd.Series[Any]":
        verdicts = {cell: good(cell) for cell in frame[column].dropna().unique()}
        verdict: pd.Series[Any] = frame[column].map(verdicts)
        return verdict

    return rule(f"{column}_known", [column], holds, why, severity=severity)


def plausible(make: Callable[..., Expectation], *arguments: Any, **named: Any) -> tuple[Expectation, Expectation]:
    """Give the expectation twice: a warning from the first row, an error above ``BROKEN_FEED`` of the rows."""
    return (
        make(*arguments, severity="warn", **named),
        make(*arguments, severity="error", tolerance=BROKEN_FEED, **named),
    )


def ordered(first: "pd.Series[Any]", second: "pd.Series[Any]") -> "pd.Series[Any]":
    """``first`` is not above ``second``; missing where either is."""
    return (first <= second).astype("boolean").mask(first.isna() | second.isna())


def within(values: "pd.Series[Any]", low: Any, high: Any) -> "pd.Series[Any]":
    """``values`` lie in ``low`` … ``high``, both included; missing where they are."""
    inside: pd.Series[Any] = ((values >= low) & (values <= high)).astype("boolean").mask(values.isna())
    return inside


def _suffix(severity: Severity, tolerance: float) -> str:
    return "_mostly" if severity == "error" and tolerance > 0 else ""
