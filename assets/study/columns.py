"""One column of a table as numbers or as text, whatever its file made of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.study.rows import is_null
from assets.study.spec import level_text

Floats = NDArray[np.float64]
# Fourth powers of anything larger overflow, of anything smaller than its inverse vanish; no measurement comes near.
LARGEST = 1e70


@dataclass
class Column:
    """``numbers`` (NaN missing) where every cell is a number, ``texts`` (None missing) where cells came as text.

    ``declared`` cells held a missing code, ``infinite`` ones an infinity or a number beyond ``LARGEST``; both are
    missing in ``numbers``.
    """

    numbers: Floats | None
    texts: list[str | None] | None
    boolean: bool
    declared: int
    infinite: int


def read_column(series: "pd.Series[Any]", missing_codes: set[float]) -> Column:
    """Read one column of a frame; declared codes and infinities become missing and are counted."""
    boolean = str(series.dtype) in ("bool", "boolean")
    if boolean or (series.dtype.kind in "iuf" and not isinstance(series.dtype, pd.CategoricalDtype)):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        return _numbers(values, None, boolean, set() if boolean else missing_codes)
    cells = [
        None if is_null(cell) or (isinstance(cell, str) and not cell.strip()) else cell
        for cell in series.to_numpy(dtype=object)
    ]
    found = [cell for cell in cells if cell is not None]
    if found and all(type(cell).__name__ in ("bool", "bool_") for cell in found):
        values = np.array([np.nan if cell is None else float(cell) for cell in cells], dtype=np.float64)
        return _numbers(values, None, True, set())
    texts = [None if cell is None else level_text(cell) for cell in cells]
    parsed = {text: _number(text) for text in set(texts) if text is not None}
    declared = {text for text, number in parsed.items() if number in missing_codes}
    texts = [None if text in declared else text for text in texts] if declared else texts
    if None in parsed.values():
        return Column(None, texts, False, len(found) - sum(text is not None for text in texts), 0)
    values = np.array([parsed.get(level_text(cell), np.nan) if cell is not None else np.nan for cell in cells])
    return _numbers(values, texts, False, missing_codes)


def _numbers(values: Floats, texts: list[str | None] | None, boolean: bool, codes: set[float]) -> Column:
    declared = np.isin(values, list(codes)) if codes else np.zeros(values.size, dtype=bool)
    size = np.abs(values)
    infinite = size > LARGEST
    numbers = np.where(declared | infinite, np.nan, np.where(size < 1 / LARGEST, 0.0, values))
    return Column(numbers, texts, boolean, int(declared.sum()), int(infinite.sum()))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def sort_order(frame: "pd.DataFrame", key: str, others: list[str]) -> NDArray[np.intp]:
    """Row order by the key as number where all are, else as text; repeated keys by everything else in use."""
    first = _sortable(read_column(frame[key], set()))
    if np.unique(first).size == len(frame):
        return np.asarray(np.argsort(first, kind="stable"), dtype=np.intp)
    keys = [first, *(_sortable(read_column(frame[name], set())) for name in others)]
    return np.asarray(np.lexsort(keys[::-1]), dtype=np.intp)


def _sortable(column: Column) -> "NDArray[Any]":
    if column.numbers is not None:
        return column.numbers
    return np.array(["" if text is None else text for text in column.texts or []], dtype=str)
