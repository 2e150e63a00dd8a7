"""Good exports with one cell bent."""

from typing import Any

import openpyxl

from tests.faults.good import (
    GOALS_HEADER,
    INTAKE_HEADER,
    NOTES_HEADER,
    goal_rows,
    goals_book,
    intake_book,
    intake_rows,
    note_rows,
    notes_book,
)


def bent(rows: list[list[Any]], row: int, header: list[str], column: str, value: Any) -> list[list[Any]]:
    rows[row][header.index(column)] = value
    return rows


def intake_with(column: str, value: Any) -> openpyxl.Workbook:
    return intake_book(bent(intake_rows(first=100), 2, INTAKE_HEADER, column, value))


def notes_with(column: str, value: Any) -> openpyxl.Workbook:
    return notes_book(bent(note_rows(first=100), 2, NOTES_HEADER, column, value))


def goals_with(column: str, value: Any) -> openpyxl.Workbook:
    return goals_book(bent(goal_rows(first=100), 2, GOALS_HEADER, column, value))


def of_file(name: str, select: str) -> str:
    return f"{select} WHERE file_token = (SELECT file_token FROM control.files WHERE name = '{name}')"
