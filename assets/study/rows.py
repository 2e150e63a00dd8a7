"""The columns of every `study.*` table, in the contract's order, and how lists of rows become tables."""

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

TEXT, WHOLE, REAL, TRUTH = "text", "whole", "real", "truth"

COLUMNS: dict[str, dict[str, str]] = {
    "descriptives": {
        "variable": TEXT,
        "level": TEXT,
        "n": WHOLE,
        "missing": WHOLE,
        "percent": REAL,
        "denominator": WHOLE,
        **dict.fromkeys(("mean", "sd", "median", "q1", "q3", "min", "max", "skewness", "kurtosis"), REAL),
    },
    "associations": {
        "row_variable": TEXT,
        "column_variable": TEXT,
        "n": WHOLE,
        "chi2": REAL,
        "df": WHOLE,
        **dict.fromkeys(("p", "g2", "p_g2", "p_exact", "min_expected"), REAL),
        "cells_below_5": WHOLE,
        "cramers_v": REAL,
    },
    "normality": {
        "variable": TEXT,
        "n": WHOLE,
        **dict.fromkeys(("shapiro_w", "shapiro_p", "lilliefors_d", "lilliefors_p"), REAL),
    },
    "scale_scores": {
        "scale": TEXT,
        "wave": TEXT,
        "matched": TRUTH,
        "n": WHOLE,
        **dict.fromkeys(("mean", "sd", "alpha"), REAL),
    },
    "paired_tests": {
        "name": TEXT,
        **dict.fromkeys(("n_pairs", "n_zero", "n_positive", "n_negative"), WHOLE),
        **dict.fromkeys(
            (
                "rank_sum_positive",
                "rank_sum_negative",
                "z",
                "p",
                "p_exact",
                "rank_biserial",
                "hodges_lehmann",
                "p_holm",
                "p_bh",
            ),
            REAL,
        ),
    },
    "models": {
        **dict.fromkeys(("model", "family", "outcome", "missing"), TEXT),
        **dict.fromkeys(("n", "n_excluded", "df_model", "df_resid"), WHOLE),
        **dict.fromkeys(
            (
                "statistic",
                "p",
                "r2",
                "adj_r2",
                "minus2ll_null",
                "minus2ll",
                "cox_snell",
                "nagelkerke",
                "mcfadden",
                "aic",
                "bic",
            ),
            REAL,
        ),
        "status": TEXT,
        "message": TEXT,
    },
    "coefficients": {
        **dict.fromkeys(("model", "equation", "term", "method"), TEXT),
        **dict.fromkeys(("b", "se", "beta", "statistic"), REAL),
        "df": WHOLE,
        **dict.fromkeys(("p", "ci_low", "ci_high", "exp_b", "exp_ci_low", "exp_ci_high", "se_hc3", "vif"), REAL),
    },
    "effect_tests": {"model": TEXT, "term": TEXT, "chi2": REAL, "df": WHOLE, "p": REAL},
    "urica_stages": {"wave": TEXT, "stage": TEXT, "n": WHOLE, "percent": REAL, "mean_readiness": REAL},
    "diagnostics": {"model": TEXT, "check": TEXT, "statistic": REAL, "df": WHOLE, "p": REAL, "value": REAL},
    "missingness": {"variable": TEXT, "n_missing": WHOLE, "percent": REAL, "n_valid": WHOLE, "n_declared": WHOLE},
    "participant_flow": {"step": TEXT, "n": WHOLE, "reason": TEXT},
}

_DTYPES = {TEXT: "string", WHOLE: "Int64", REAL: "float64", TRUTH: "boolean"}


def table(name: str, rows: list[Row], columns: dict[str, str] | None = None) -> "pd.DataFrame":
    """Make the table ``name`` from rows; absent keys are null, infinite numbers are null, columns come in order."""
    import pandas as pd

    kinds = columns or COLUMNS[name]
    columns_of = {name: [_cell(row.get(name), kind) for row in rows] for name, kind in kinds.items()}
    return pd.DataFrame({name: pd.Series(cells, dtype=_DTYPES[kinds[name]]) for name, cells in columns_of.items()})


def is_null(value: Any) -> bool:
    """None, NaN or pandas' NA, whichever a table was made with."""
    if isinstance(value, str):
        return False
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and math.isnan(value)


def _cell(value: Any, kind: str) -> Any:
    if value is None:
        return math.nan if kind == REAL else None
    if kind == REAL:
        number = float(value)
        return number if math.isfinite(number) else math.nan
    if kind == WHOLE:
        return None if math.isnan(value) else int(value)
    return value


def records(table: "pd.DataFrame") -> list[dict[str, Any]]:
    """A table as a list of records with plain Python values; NaN, infinite and NA are None."""
    columns = {name: [_plain(value) for value in table[name].astype(object)] for name in table.columns}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _plain(value: Any) -> Any:
    if is_null(value):
        return None
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
