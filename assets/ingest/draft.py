"""A first map for a form nobody has described yet, for a person to read, mend and approve. It holds names and no
values."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

from assets.errors import DataError
from assets.ingest.cells import cell_text
from assets.ingest.dates import DateReader
from assets.ingest.excel import open_workbook
from assets.ingest.grid import Grid
from assets.ingest.layout import Part, describe_layout, probable_header
from assets.ingest.safety import scan_archive
from assets.ingest.signature import signature_of
from assets.ingest.textfile import read_text
from assets.ingest.texts import slug

SAMPLE_ROWS = 500
_READER = DateReader("mdy", "UTC")


def draft_map(path: Path, name: str) -> str:
    """A draft of ``config/feeds/<name>.yml`` as text: columns, proposed types, everything tagged ``direct`` until
    approved.

    Raises :class:`DataError` when the file cannot be read or shows no header.
    """
    what, parts = describe_layout(path)
    if what == "Qualtrics export":
        return _survey(name, parts[0])
    if what == "SPSS file":
        return _spss(name, parts[0])
    return _table(name, path)


def _head(name: str, kind: str) -> list[str]:
    return [
        "# A draft: read every line, set keys, required columns, types, code lists and tags, then remove this comment.",
        f"feed: {slug(name)}",
        f"title: {{en: {_quoted(name)}, es: {_quoted(name)}}}",
        f"format: {kind}",
        "snapshot: full",
    ]


def _table(name: str, path: Path) -> str:
    grid = _first_table(path)
    head = grid.head()
    place = probable_header(head)
    if place is None:
        raise DataError("NO_HEADER", "no row looks like a header")
    headers = [cell_text(cell) for cell in head[place]]
    rows = [row for _, batch in grid.batches(SAMPLE_ROWS) for row in batch][place + 1 : place + 1 + SAMPLE_ROWS]
    lines = _head(name, "table")
    lines += [f"sheets: [{_quoted(grid.sheet or '*')}]", "key: [record_id]     # the column that names a record"]
    lines += ["date_order: mdy", 'versions:\n  - {name: "1", since: 2000-01-01}', "columns:"]
    taken: Counter[str] = Counter()
    for i, header in enumerate(headers):
        if header is None:
            continue
        column = slug(header) or f"column_{i + 1}"
        taken[column] += 1
        unique = column if taken[column] == 1 else f"{column}_{taken[column]}"
        kind = proposed_type([cell_text(row[i]) if i < len(row) else None for row in rows], column)
        lines.append(f"  {unique}: {{header: {_quoted(header)}, type: {kind}, tag: direct}}")
    return "\n".join(lines) + "\n"


def _first_table(path: Path) -> Grid:
    signature = signature_of(path)
    if signature in ("zip", "ole"):
        book = open_workbook(path, scan_archive(path) if signature == "zip" else None)
        found = [grid for grid in book.grids if probable_header(grid.head()) is not None]
        if not found:
            raise DataError("NO_HEADER", "no sheet has a row that looks like a header")
        return found[0]
    return Grid(sheet=None, rows=iter(read_text(path).records()), is_text=True)


def proposed_type(texts: list[str | None], column: str) -> str:
    """The type that nine of ten filled cells agree on; ``text`` when none does, or when there is nothing to go by."""
    filled = [text for text in texts if text is not None]
    if re.search(r"client.?(id|no|number)|id_del_cliente", column):
        return "client_id"
    if not filled:
        return "text"
    votes: Counter[str] = Counter()
    for text in filled:
        moment, _ = _READER.read_datetime(text)
        if re.fullmatch(r"-?\d+", text):
            votes["id" if column.endswith("id") else "integer"] += 1
        elif re.fullmatch(r"-?\d+\.\d+", text):
            votes["number"] += 1
        elif moment is not None:
            votes["datetime" if ":" in text else "date"] += 1
    if votes:
        kind, n = max(sorted(votes.items()), key=lambda item: item[1])
        if n >= 0.9 * len(filled):
            return kind
    return "text"


def _survey(name: str, part: Part) -> str:
    lines = _head(name, "survey")
    lines += ["key: [response_id]", "newest_by: recorded_date", 'versions:\n  - {name: "1", since: 2000-01-01}']
    lines += [
        "client_id: {import_id: QID1_TEXT, names: [client_id]}   # the question in which staff type the client's ID"
    ]
    lines += ["missing_codes: {-99: seen_but_unanswered}", "items:"]
    for column in part.columns:
        if _is_question(column):
            key, title = _quoted(column.get("import_id") or column["name"]), _quoted(column["name"])
            lines.append(f"  {slug(column['name'])}: {{import_id: {key}, names: [{title}], low: 0, high: 0}}")
    return "\n".join([*lines, "labels: {}"]) + "\n"


def _is_question(column: dict[str, Any]) -> bool:
    from assets.ingest.qualtrics_header import METADATA

    return bool(column["name"]) and column.get("import_id") not in METADATA


def _spss(name: str, part: Part) -> str:
    variables = [column["name"].lower() for column in part.columns]
    lines = [*_head(name, "spss"), f"key: [{variables[0]}]", 'versions:\n  - {name: "1", since: 2000-01-01}']
    lines += [
        f"case_number: {variables[0]}",
        f"variables: [{', '.join(map(_quoted, variables))}]",
        "known_at_least: 0.5",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'
