"""A table of participants as the analyses read it: numbers with NaN, categories as codes, and what was set aside."""

import difflib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.errors import ConfigError
from assets.study.spec import Spec, level_text

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


class NotNumericError(Exception):
    """A variable holds text where a number is needed; carries the variable's name only."""


@dataclass(frozen=True)
class Category:
    """One categorical variable: ``codes`` index ``levels``, -1 is missing; ``unlisted`` cells had another value."""

    codes: Ints
    levels: list[str]
    unlisted: int


class StudyFrame:
    """The columns a spec uses, sorted by ID so that the order of rows in a file changes no result."""

    def __init__(self, frame: pd.DataFrame, spec: Spec, declared: dict[str, int] | None = None) -> None:
        self.spec = spec
        self.n = len(frame)
        self._check_columns(frame)
        order = _order(frame, list(spec.columns()))
        self.ids: list[str] = [level_text(value) for value in frame[spec.id].astype(object).to_numpy()[order]]
        self._cells: dict[str, Any] = {
            name: frame[name].astype(object).to_numpy()[order] for name in spec.columns() if name != spec.id
        }
        self._bool = {name for name in self._cells if _is_boolean(frame[name], self._cells[name])}
        self._declared = dict(declared or {})
        self._numeric: dict[str, Floats] = {}
        self._category: dict[str, Category] = {}
        self.infinite: dict[str, int] = {}
        codes = set(spec.missing_codes)
        texts = {level_text(code) for code in codes}
        for name, cells in self._cells.items():
            is_code = np.array([_is_code(cell, codes, texts) for cell in cells], dtype=bool)
            self._declared[name] = self._declared.get(name, 0) + int(is_code.sum())
            self._cells[name] = np.where(is_code, None, cells)

    def _check_columns(self, frame: pd.DataFrame) -> None:
        for name, key in self.spec.columns().items():
            if name not in frame.columns:
                near = difflib.get_close_matches(name, [str(column) for column in frame.columns], n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise ConfigError(f"{key}: the table has no column {name!r}{hint}")
            if list(frame.columns).count(name) > 1:
                raise ConfigError(f"{key}: the table has the column {name!r} more than once")

    @property
    def variables(self) -> list[str]:
        """The columns in use, in the order the spec names them."""
        return list(self._cells)

    def is_category(self, name: str) -> bool:
        """Listed under `categories`, boolean, or holding text: described by counts rather than by a mean."""
        if name in self.spec.categories or name in self._bool:
            return True
        try:
            self.numeric(name)
        except NotNumericError:
            return True
        return False

    def numeric(self, name: str) -> Floats:
        """The variable as float64 with NaN for missing, declared codes and infinities; booleans are 0 and 1."""
        if name not in self._numeric:
            values = np.array([_number(cell, name) for cell in self._cells[name]], dtype=np.float64)
            infinite = np.isinf(values)
            self.infinite[name] = int(infinite.sum())
            self._numeric[name] = np.where(infinite, np.nan, values)
        return self._numeric[name]

    def category(self, name: str) -> Category:
        """The variable as codes; unlisted variables take their distinct values in ascending order as levels."""
        if name not in self._category:
            self._category[name] = self._read_category(name)
        return self._category[name]

    def _read_category(self, name: str) -> Category:
        texts = [None if _is_missing(cell) else level_text(cell) for cell in self._cells[name]]
        listed = self.spec.categories.get(name)
        if listed is None:
            levels = sorted({text for text in texts if text is not None}, key=_level_order)
            if name in self._bool:
                levels = ["false", "true"]
            where = {level: index for index, level in enumerate(levels)}
        else:
            levels = list(listed)
            where = {level: index for index, level in enumerate(levels)}
            for text, code in (("true", "1"), ("false", "0")):
                if code in where:
                    where.setdefault(text, where[code])
                if text in where:
                    where.setdefault(code, where[text])
        codes = np.array([-1 if text is None else where.get(text, -1) for text in texts], dtype=np.intp)
        unlisted = sum(1 for text in texts if text is not None and text not in where)
        return Category(codes, levels, unlisted)

    def missing(self, name: str) -> NDArray[np.bool_]:
        """Which rows have no usable value of the variable."""
        if name in self.spec.categories or (name not in self._bool and self.is_category(name)):
            return self.category(name).codes < 0
        return np.isnan(self.numeric(name))

    def declared(self, name: str) -> int:
        """Cells that held a declared missing code."""
        return self._declared.get(name, 0)


def _order(frame: pd.DataFrame, columns: list[str]) -> Ints:
    """Sort by ID, then by everything else in use, so that even repeated IDs come in one order."""
    keys = [frame[name].astype(object).map(_sort_key).to_numpy() for name in reversed(columns)]
    first = frame[columns[0]].astype(object).map(_sort_key)
    if first.is_unique:
        return np.asarray(np.argsort(first.to_numpy().astype(str), kind="stable"), dtype=np.intp)
    return np.asarray(np.lexsort([key.astype(str) for key in keys]), dtype=np.intp)


def _sort_key(cell: object) -> str:
    return "" if _is_missing(cell) else level_text(cell)


def _level_order(level: str) -> tuple[int, float, str]:
    try:
        return (0, float(level), level)
    except ValueError:
        return (1, 0.0, level)


def _is_missing(cell: object) -> bool:
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return True
    if isinstance(cell, (float, np.floating)):
        return math.isnan(cell)
    return isinstance(cell, str) and not cell.strip()


def _is_code(cell: object, codes: set[float], texts: set[str]) -> bool:
    if not codes or isinstance(cell, (bool, np.bool_)) or _is_missing(cell):
        return False
    if isinstance(cell, (int, float, np.integer, np.floating)):
        return float(cell) in codes
    return isinstance(cell, str) and cell.strip() in texts


def _is_boolean(series: "pd.Series[Any]", cells: Any) -> bool:
    if series.dtype == bool or str(series.dtype) == "boolean":
        return True
    if series.dtype != object:
        return False
    found = [cell for cell in cells if not _is_missing(cell)]
    return bool(found) and all(isinstance(cell, (bool, np.bool_)) for cell in found)


def _number(cell: object, name: str) -> float:
    if _is_missing(cell):
        return math.nan
    if isinstance(cell, str):
        try:
            return float(cell)
        except ValueError:
            raise NotNumericError(name) from None
    try:
        return float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise NotNumericError(name) from None
