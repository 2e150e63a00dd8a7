"""The one error type for trouble with data.

An exception text travels far: the log, the event store of the orchestrator, a terminal, a ticket. The values in an
agency's files may not. A ``DataError`` can only hold places and a reason code, so no caller can leak by accident; raise
it ``from None`` wherever the cause may quote a cell.
"""

import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from assets.home import PROJECT_ROOT

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """Where in the sources something was found: content token of the file, sheet, row (1-based), column name."""

    file_token: str | None = None
    sheet: str | None = None
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        """Render as ``file 3f2a… / sheet Client Intake / row 17 / column Intake Date``, leaving out what is unknown."""
        parts = [
            f"file {self.file_token}" if self.file_token else "",
            f"sheet {self.sheet}" if self.sheet else "",
            f"row {self.row}" if self.row is not None else "",
            f"column {self.column}" if self.column else "",
        ]
        return " / ".join(part for part in parts if part)


class DataError(Exception):
    """A fault in the data, told by reason code and place, never by value.

    ``code`` is one of the reason codes of ``docs/reason-codes.md``; ``explanation`` is a fixed sentence for people, the
    same for every value that could cause the fault.
    """

    def __init__(self, code: str, explanation: str, place: Place | None = None) -> None:
        self.code = code
        self.explanation = explanation
        self.place = place or Place()
        where = str(self.place)
        super().__init__(f"{code}: {explanation}" + (f" ({where})" if where else ""))


class ConfigError(Exception):
    """A mistake in a file of ``config/``; the message names the file and the key, so that its editor can mend it."""


class StepError(Exception):
    """A step failed for a reason no rule foresaw; told by the kind of error and our line, never by its text."""


_VALUE_FREE = (DataError, ConfigError, StepError)


def describe(error: BaseException) -> str:
    """Name an exception's type and the innermost line of this project it passed through: nothing of its message."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(str(PROJECT_ROOT)) and "site-packages" not in frame.filename
    ]
    where = ""
    if frames:
        where = f" at {Path(frames[-1].filename).relative_to(PROJECT_ROOT)}:{frames[-1].lineno}"
    return f"{type(error).__name__}{where}"


def value_free(function: Callable[P, Iterator[T]]) -> Callable[P, Iterator[T]]:
    """Wrap a step so that no library's message reaches the orchestrator's event log.

    pandas, DuckDB and ``int()`` quote the cell they choke on; a failing step once left a name in five places of the
    run storage. The replacement is raised outside the ``except`` block, so it carries no ``__context__`` either.
    """

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        told: str | None = None
        try:
            yield from function(*args, **kwargs)
        except _VALUE_FREE as error:
            error.__cause__ = error.__context__ = None
            raise
        except Exception as error:
            if type(error).__module__.startswith("dagster."):
                raise
            told = describe(error)
        if told:
            raise StepError(told)

    return wrapped
