"""Cells for workbooks that people open: whatever a cell says, opening the book never runs it."""

from collections.abc import Iterable
from typing import Any


def add_row(sheet: Any, values: Iterable[Any]) -> None:
    """Write one row below the last of an openpyxl sheet; texts stay texts, also when they start like a formula.

    Control characters that a workbook cannot hold are left out.
    """
    below = sheet.max_row + 1 if any(cell.value is not None for cell in sheet[sheet.max_row]) else sheet.max_row
    for place, value in enumerate(values, start=1):
        text = isinstance(value, str)
        legal = "".join(char for char in value if char >= " " or char in "\t\n") if text else value
        cell = sheet.cell(row=below, column=place, value=legal)
        if text:
            cell.data_type = "s"
