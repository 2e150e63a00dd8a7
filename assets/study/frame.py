"""A table of participants as the analyses read it: numbers with NaN, categories as codes, and what was set aside."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.errors import ConfigError
from assets.near import instead
from assets.study.columns import Column, Floats, read_column, sort_order
from assets.study.spec import Spec, level_text

__all__ = ["Category", "Floats", "Ints", "NotNumericError", "StudyFrame"]

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
        wanted = [name for name in spec.columns() if name != spec.id]
        order = sort_order(frame, spec.id, wanted)
        codes = set(spec.missing_codes)
        self._ids = frame[spec.id].iloc[order]
        self._columns: dict[str, Column] = {name: read_column(frame[name].iloc[order], codes) for name in wanted}
        self._declared = {
            name: column.declared + (declared or {}).get(name, 0) for name, column in self._columns.items()
        }
        self._category: dict[str, Category] = {}

    def _check_columns(self, frame: pd.DataFrame) -> None:
        for name, key in self.spec.columns().items():
            if name not in frame.columns:
                near = instead(name, map(str, frame.columns))
                raise ConfigError(f"{key}: the table has no column {name!r}; {near}")
            if list(frame.columns).count(name) > 1:
                raise ConfigError(f"{key}: the table has the column {name!r} more than once")

    @property
    def ids(self) -> list[str]:
        """The IDs as text, in the order of the rows."""
        return [level_text(value) for value in self._ids]

    @property
    def repeated_ids(self) -> int:
        """Rows whose ID another row has already."""
        return int(self._ids.duplicated().sum())

    @property
    def variables(self) -> list[str]:
        """The columns in use, in the order the spec names them."""
        return list(self._columns)

    def is_category(self, name: str) -> bool:
        """Listed under `categories`, boolean, or holding text: described by counts rather than by a mean."""
        column = self._columns[name]
        return name in self.spec.categories or column.boolean or column.numbers is None

    def has_numbers(self, name: str) -> bool:
        """Whether every cell of the variable is a number (or missing); booleans are."""
        return self._columns[name].numbers is not None

    def numeric(self, name: str) -> Floats:
        """The variable as float64 with NaN for missing, declared codes and infinities; booleans are 0 and 1."""
        numbers = self._columns[name].numbers
        if numbers is None:
            raise NotNumericError(name)
        return numbers

    def infinite(self, name: str) -> int:
        """Cells that held an infinity."""
        return self._columns[name].infinite

    def declared(self, name: str) -> int:
        """Cells that held a declared missing code."""
        return self._declared[name]

    def category(self, name: str) -> Category:
        """The variable as codes; unlisted variables take their distinct values in ascending order as levels."""
        if name not in self._category:
            self._category[name] = _read_category(self._columns[name], self.spec.categories.get(name))
        return self._category[name]

    def missing(self, name: str) -> NDArray[np.bool_]:
        """Which rows have no usable value of the variable."""
        column = self._columns[name]
        if name in self.spec.categories or column.numbers is None:
            return self.category(name).codes < 0
        return np.isnan(column.numbers)


def _read_category(column: Column, listed: list[str] | None) -> Category:
    if column.texts is not None:
        distinct, inverse = _distinct_texts(column)
    else:
        assert column.numbers is not None  # noqa: S101 - a column has texts or numbers
        known = ~np.isnan(column.numbers)
        values, positions = np.unique(column.numbers[known], return_inverse=True)
        inverse = np.full(known.size, -1, dtype=np.intp)
        inverse[known] = positions.ravel()
        distinct = [level_text(bool(value) if column.boolean else float(value)) for value in values]
    levels = list(listed) if listed is not None else _own_levels(column, distinct)
    where = {level: index for index, level in enumerate(levels)}
    for text, code in (("true", "1"), ("false", "0")):  # a yes/no may be listed either way
        if code in where:
            where.setdefault(text, where[code])
        elif text in where:
            where.setdefault(code, where[text])
    targets = np.array([*(where.get(text, where.get(_as_number(text), -2)) for text in distinct), -1], dtype=np.intp)
    codes = targets[inverse]
    return Category(np.maximum(codes, -1), levels, int((codes == -2).sum()))


def _distinct_texts(column: Column) -> tuple[list[str], Ints]:
    texts = column.texts or []
    distinct = sorted({text for text in texts if text is not None})
    position = {text: index for index, text in enumerate(distinct)}
    return distinct, np.array([-1 if text is None else position[text] for text in texts], dtype=np.intp)


def _own_levels(column: Column, distinct: list[str]) -> list[str]:
    if column.boolean:
        return ["false", "true"]
    if column.numbers is None:
        return distinct
    return sorted({_as_number(text) for text in distinct}, key=float)


def _as_number(text: str) -> str:
    """ "1.0" and "01" as "1"; what is no number stays as it is."""
    try:
        return level_text(float(text))
    except ValueError:
        return text
