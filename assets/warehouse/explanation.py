"""What is known of a published column, and how it is told as a page of plain text."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

import duckdb

from assets.study_config import StudyConfig
from assets.warehouse.lineage import ColumnName, Lineage

BARE = re.compile(r"\w+\.\w+")
WIDTH = 110
WITHOUT_ROWS = 8
"""So many analyses without a row are named; the others are counted."""


@dataclass(frozen=True)
class Built:
    """A warehouse that is built: open database, dbt's manifest, lineage, settings, and what ``row_sources`` found."""

    connection: duckdb.DuckDBPyConnection
    manifest: Mapping[str, Any]
    lineage: Lineage
    config: StudyConfig
    counted_rows: Mapping[tuple[str, str], tuple[str, ...]]


@dataclass(frozen=True)
class Step:
    """One model on the way: its column, the SQL that computes it, and the tables it takes rows from."""

    column: ColumnName
    sql: str
    reads: tuple[str, ...]
    file: str


@dataclass(frozen=True)
class Analysis:
    """An entry of the study's spec: its key, what it asks, its rows in the table, and those with a value."""

    key: str
    told: str
    n_rows: int
    n_known: int


@dataclass(frozen=True)
class Explanation:
    """Everything that is known of a column; holds counts, never a client's value."""

    column: ColumnName
    label: str
    meaning: str
    table_told: str
    unit: str | None
    privacy: str
    settings: Mapping[str, Any]
    sources: tuple[ColumnName, ...]
    row_sources: tuple[str, ...]
    n_rows: int
    n_known: int
    steps: tuple[Step, ...] = ()
    values: tuple[str, ...] = ()
    made_by: str = ""
    rules: tuple[str, ...] = ()
    analyses: tuple[Analysis, ...] = ()
    behind: Mapping[ColumnName, tuple[str, ...]] = field(default_factory=dict)

    def as_text(self) -> str:
        """Return the explanation as a page of plain text."""
        unit = f" ({self.unit})" if self.unit else ""
        lines = [f"{self.column}", f"  {self.label}{unit}", "", *_wrapped(self.meaning)]
        if self.values:
            lines += _wrapped(f"Values: {', '.join(self.values)}.")
        lines += _wrapped(f"Table: {self.table_told}")
        lines += [f"  Privacy: {self.privacy}.", f"  n = {self.n_known} of {self.n_rows} rows."]
        if self.made_by:
            lines += ["", "Made by", *_wrapped(self.made_by)]
        if self.rules:
            lines += ["", "Rule (docs/statistics.md)"]
            lines += [line for rule in self.rules for line in _wrapped(rule)]
        lines += self._analyses_told()
        lines += self._behind_told()
        if self.settings:
            lines += ["", "Settings (config/study.yml)"]
            lines += [f"  {key}: {value}" for key, value in self.settings.items()]
        lines += self._steps_told()
        if self.sources:
            lines += ["", "Source columns", *(f"  {source}" for source in in_short(self.sources))]
        if self.row_sources:
            lines += ["", "Source tables without whose rows the values would be others"]
            lines += [f"  {table}" for table in self.row_sources]
        return "\n".join(lines)

    def _analyses_told(self) -> Iterator[str]:
        if not self.analyses:
            return
        yield ""
        yield "Analyses (config/study.yml, analysis)"
        for one in self.analyses:
            if one.n_rows:
                known = f", {one.n_known} with a value" if one.n_known < one.n_rows else ""
                rows = "1 row" if one.n_rows == 1 else f"{one.n_rows} rows"
                yield from wrap(
                    f"{one.key}  {one.told} ({rows}{known})", WIDTH, initial_indent="  ", subsequent_indent=" " * 6
                )
        others = self.n_rows - sum(one.n_rows for one in self.analyses)
        if others:
            yield f"  Rows that no entry asks for, made from the warehouse's tables alone: {others}."
        absent = [one.told for one in self.analyses if not one.n_rows]
        if absent:
            more = len(absent) - WITHOUT_ROWS
            named = ", ".join(absent[:WITHOUT_ROWS]) + (f" and {more} more" if more > 0 else "")
            yield from _wrapped(f"Without a row in the last build: {named}.")

    def _behind_told(self) -> Iterator[str]:
        """A paragraph for all columns that the same settings can move."""
        alike: dict[tuple[str, ...], dict[str, list[str]]] = {}
        for column, keys in self.behind.items():
            alike.setdefault(keys, {}).setdefault(f"{column.schema}.{column.table}", []).append(column.column)
        if alike:
            yield ""
            yield "Columns behind it, and the settings that can move them (explain tells each column)"
        for keys, tables in alike.items():
            named = "; ".join(f"{table}: {', '.join(columns)}" for table, columns in tables.items())
            yield from wrap(named, WIDTH, initial_indent="  ", subsequent_indent=" " * 4)
            yield from wrap(", ".join(keys) or "no setting", WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)

    def _steps_told(self) -> Iterator[str]:
        if self.steps:
            yield ""
            yield "SQL, from the table back to the sources (columns handed on unchanged are left out)"
        for step in self.steps:
            if BARE.fullmatch(step.sql) and step is not self.steps[0]:
                continue
            yield f"  {step.column}   ({step.file})"
            yield from (f"      {line}" for line in step.sql.splitlines())
            yield from wrap(f"reads {', '.join(step.reads)}", WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 10)


def _wrapped(text: str) -> list[str]:
    return [f"  {line}" for line in wrap(text, WIDTH)]


def in_short(columns: Sequence[ColumnName]) -> list[str]:
    """One line a table; numbered columns that follow one another become a range, as ``mspss_1 … mspss_12``."""
    lines = []
    for schema, table in sorted({column[:2] for column in columns}):
        plain: list[str] = []
        numbered: dict[str, list[int]] = {}
        for column in columns:
            if column[:2] != (schema, table):
                continue
            stem, _, number = column.column.rpartition("_")
            if number.isdigit():
                numbered.setdefault(stem, []).append(int(number))
            else:
                plain.append(column.column)
        for stem, numbers in numbered.items():
            whole = sorted(numbers) == list(range(min(numbers), max(numbers) + 1)) and len(numbers) > 2
            plain += (
                [f"{stem}_{min(numbers)} … {stem}_{max(numbers)}"]
                if whole
                else [f"{stem}_{n}" for n in sorted(numbers)]
            )
        lines.append(f"{schema}.{table}: {', '.join(plain)}")
    return lines
