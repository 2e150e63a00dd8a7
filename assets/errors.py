"""The one error type for trouble with data.

An exception text travels far: the log, the event store of the orchestrator, a terminal, a ticket. The values in an
agency's files may not. A ``DataError`` can only hold places and a reason code, so no caller can leak by accident; raise
it ``from None`` wherever the cause may quote a cell.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where in the sources something was found: the content token of the file, then sheet, row (1-based), column name."""

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
