"""A figure on its way to paper."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReportFigure:
    """A numbered figure; ``svg`` is '' when there is nothing to draw, and ``empty`` says so."""

    anchor: str
    number: str
    title: str
    svg: str
    note: str
    empty: str = "Nothing to draw."
