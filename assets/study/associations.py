"""Chi-square tests of association as SPSS's CROSSTABS: Pearson without Yates, G squared, exact p, Cramér's V."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.study.distributions import NAN, p_chi2
from assets.study.exact_table import exact_p
from assets.study.frame import StudyFrame

Row = dict[str, Any]


def crosstab(data: StudyFrame, row_variable: str, column_variable: str) -> NDArray[np.int64]:
    """Counts of the rows that have both values; categories that do not occur are dropped."""
    rows, columns = data.category(row_variable), data.category(column_variable)
    both = (rows.codes >= 0) & (columns.codes >= 0)
    table = np.zeros((len(rows.levels), len(columns.levels)), dtype=np.int64)
    np.add.at(table, (rows.codes[both], columns.codes[both]), 1)
    return np.asarray(table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0])


def association(table: NDArray[np.int64]) -> tuple[Row, float]:
    """The tests of one table of counts; the second value is the work an exact p would take (tables to visit)."""
    n = int(table.sum())
    df = (table.shape[0] - 1) * (table.shape[1] - 1) if table.size else 0
    row: Row = {"n": n, **dict.fromkeys(("chi2", "df", "p", "g2", "p_g2", "p_exact", "min_expected"), NAN)}
    row |= {"cells_below_5": None, "cramers_v": NAN}
    if df < 1:
        row["df"] = None
        return row, 0.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    chi2 = float(((table - expected) ** 2 / expected).sum())
    filled = table > 0
    g2 = float(2 * (table[filled] * np.log(table[filled] / expected[filled])).sum())
    p, work = exact_p(table)
    row |= {
        "chi2": chi2,
        "df": df,
        "p": p_chi2(chi2, df),
        "g2": g2,
        "p_g2": p_chi2(g2, df),
        "p_exact": NAN if p is None else p,
        "min_expected": float(expected.min()),
        "cells_below_5": int((expected < 5).sum()),
        "cramers_v": math.sqrt(chi2 / (n * (min(table.shape) - 1))),
    }
    return row, (work if p is None else 0.0)


def associations(data: StudyFrame) -> tuple[list[Row], list[Row]]:
    """Rows of `study.associations`, and `study.diagnostics` rows for what was not computed and why."""
    rows: list[Row] = []
    notes: list[Row] = []
    for row_variable, column_variable in data.spec.associations:
        table = crosstab(data, row_variable, column_variable)
        result, work = association(table)
        rows.append({"row_variable": row_variable, "column_variable": column_variable, **result})
        name = f"{row_variable} x {column_variable}"
        if work:
            notes.append({"model": name, "check": "exact_p_over_a_minute_fillings_needed", "value": work})
        if result["df"] is None:
            notes.append({"model": name, "check": "association_needs_two_categories_each", "value": float(table.size)})
    return rows, notes
