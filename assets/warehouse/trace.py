"""From a row of a mart back to the source: file, sheet and row. Agency zone only; places, never a cell's value."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import duckdb

from assets.errors import ConfigError
from assets.warehouse.analyst_macros import create_table_macro

STUDY_PARTS = (
    "dim_clients", "fct_service_counts", "fct_months_of_service", "fct_goal_completion", "fct_scale_scores",
)  # fmt: skip
"""The marts that ``client_study`` is put together from: their source rows are its own."""

TRACE = f"""
    select distinct
        traced.mart,
        traced.detail,
        files.kind as feed,
        files.name as file,
        traced.file_token,
        traced.sheet,
        traced.source_row
    from intermediate.int_rows_traced as traced
    left join control.files as files on traced.file_token = files.file_token
    where (
        traced.mart = mart_name
        or (mart_name = 'client_study' and traced.mart in {STUDY_PARTS})
    )
    and traced.client_id in (
        select crosswalk.client_id from control.crosswalk as crosswalk
        where client in (crosswalk.client_id, crosswalk.source_client_id)
    )
    order by all
"""
"""``mart_name`` and ``client`` (research ID or the agency's own) are the macro's parameters."""


@dataclass(frozen=True)
class TracedRow:
    """One source row. ``detail`` names the row of the mart; None stands for every row the client has in it."""

    mart: str
    detail: str | None
    feed: str | None
    file: str | None
    file_token: str
    sheet: str | None
    source_row: int


def create_trace_macro(connection: duckdb.DuckDBPyConnection, database: str) -> bool:
    """Create the table macro ``trace(mart_name, client)`` in a published agency file; False for any other file."""
    needs = ("intermediate.int_rows_traced", "control.crosswalk", "control.files")
    return create_table_macro(connection, database, "trace(mart_name, client)", TRACE, needs)


def trace(connection: duckdb.DuckDBPyConnection, mart: str, client: str, detail: str | None = None) -> list[TracedRow]:
    """Return the source rows behind a client's rows of a mart (``marts.`` in front is allowed).

    ``detail`` keeps those of one row: a note number, period, month number, or scale and wave. Raises ``ConfigError``
    for a mart that does not exist and for an ID that no client has; the message does not repeat the ID.
    """
    name = mart.removeprefix("marts.")
    marts = [row[0] for row in connection.execute("select distinct mart from intermediate.int_rows_traced").fetchall()]
    known = sorted({*marts, "client_study"})
    if name not in known:
        raise ConfigError(f"trace: there is no mart of that name; there are: {', '.join(known)}")
    found = connection.execute(
        "select client_id from control.crosswalk where upper(trim(?)) in (upper(client_id), upper(source_client_id))",
        [client],
    ).fetchone()
    if found is None:
        raise ConfigError("trace: no client has that ID, neither as research ID nor as the agency's own")
    query = TRACE.replace("mart_name", "$mart").replace("where client in", "where $client in")
    rows = connection.execute(query, {"mart": name, "client": found[0]}).fetchall()
    return [row for row in (TracedRow(*row) for row in rows) if detail is None or row.detail in (None, detail)]


def as_text(rows: Iterable[TracedRow]) -> str:
    """One line a file and sheet under each row of the mart; row numbers that follow one another become a range."""
    lines = []
    for (mart, detail), places in groupby(rows, key=lambda row: (row.mart, row.detail)):
        lines.append(f"{mart}  {detail if detail is not None else '(every row)'}")
        by_sheet = groupby(places, key=lambda row: (row.feed, row.file, row.file_token, row.sheet))
        for (feed, file, token, sheet), found in by_sheet:
            where = f" / {sheet}" if sheet else ""
            lines.append(f"    {feed or 'unknown'}: {file or '(no name)'} ({token}){where} / row {_ranges(found)}")
    return "\n".join(lines)


def _ranges(rows: Iterable[TracedRow]) -> str:
    numbers = sorted(row.source_row for row in rows)
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(str(part[0]) if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts)
