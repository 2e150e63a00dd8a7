"""How many digits a public figure shows: as many as a reader needs, never so many that they give a hidden count back.

A mean of whole numbers is a fraction whose denominator is its n: 16.393617021276597 can only be 1,541 / 94, whatever is
hidden beside it (the GRIM test turned round), and two pseudo R² in full precision leave one n and one split of the
classes. So every public figure is rounded as the report prints it, and coarser where its n is hidden: until each n in
question could have given the same digits.
"""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from assets.publish.report.numbers import decimals_for, is_number, rounded

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

P_DECIMALS = 3
USUAL = 2
ONE_DECIMAL = frozenset({"percent", "min_expected", "rank_sum_positive", "rank_sum_negative"})
WHOLE = frozenset(
    {
        "n", "missing", "denominator", "n_pairs", "n_zero", "n_positive", "n_negative", "n_excluded", "n_missing",
        "n_valid", "n_declared", "df", "df_model", "df_resid", "cells_below_5",
    }
)  # fmt: skip
SHAPE = ("skewness", "kurtosis", "q1", "q3")
"""With whole numbers behind them these tell n modulo two or four, or n itself by their small-sample corrections."""


def round_release(
    tables: "Mapping[str, pd.DataFrame]", k: int, n_hidden: Mapping[str, int], whole: frozenset[str]
) -> "dict[str, pd.DataFrame]":
    """Return the public tables with every figure rounded.

    ``n_hidden`` is variable → true n of the rows of ``descriptives`` that hide theirs; ``whole`` names the variables
    that hold whole numbers. What is null stays null; texts and counts stay as they are.
    """
    import pandas as pd

    special: dict[str, Callable[[Row], Row]] = {
        "coefficients": _coefficient,
        "descriptives": lambda row: _described(row, k, n_hidden, whole),
    }
    shown = {}
    for name, table in tables.items():
        step = special.get(name, _usual)
        rows = [step({str(key): value for key, value in row.items()}) for row in table.to_dict("records")]
        shown[name] = pd.DataFrame(rows, columns=table.columns).astype(
            {column: table[column].dtype for column in table.columns if table[column].dtype != object}
        )
    return shown


def decimals_without_n(n: int, k: int, step: float) -> int:
    """Decimals of a mean so coarse that every n from ``n - k`` up could have given it.

    Values are multiples of ``step``, so means of n of them lie ``step / n`` apart; a rounding unit at least as wide as
    that distance, for the smallest n in question, always has one of them inside.
    """
    smallest = max(n - k, 1)
    return min(USUAL, math.floor(math.log10(smallest / step)))


def _described(row: Row, k: int, n_hidden: Mapping[str, int], whole: frozenset[str]) -> Row:
    variable = row["variable"]
    if isinstance(row["level"], str) or variable not in n_hidden:
        return _usual(row)
    step = 1.0 if variable in whole else 0.5
    decimals = decimals_without_n(n_hidden[variable], k, step)
    shown = _usual({key: None if key in SHAPE else value for key, value in row.items()})
    for key in ("mean", "sd"):
        shown[key] = _to(row.get(key), decimals)
    shown["median"] = _to(row.get("median"), 0 if variable in whole else decimals)
    return shown


def _coefficient(row: Row) -> Row:
    """Estimates with the decimals of their own standard error, so that a slope of 0.0004 is not printed as 0."""
    decimals = decimals_for(row.get("se"))
    shown = _usual(row)
    for key in ("b", "se", "ci_low", "ci_high", "se_hc3"):
        if key in row:
            shown[key] = _to(row[key], decimals)
    return shown


def _usual(row: Row) -> Row:
    return {key: _figure(key, value) for key, value in row.items()}


def _figure(column: str, value: Any) -> Any:
    if column in WHOLE or not is_number(value):
        return value
    if column == "p" or column.endswith("_p") or column.startswith("p_"):
        return _probability(value)
    return _to(value, 1 if column in ONE_DECIMAL else USUAL)


def _probability(value: float) -> float:
    """Three decimals; below .001 one digit that counts, so that a small p is not printed as none."""
    if not 0 < value < 10**-P_DECIMALS:
        return float(_to(value, P_DECIMALS))
    return float(f"{value:.0e}")


def _to(value: Any, decimals: int) -> Any:
    if not is_number(value) or not math.isfinite(value):
        return value
    return float(rounded(float(value), decimals))
