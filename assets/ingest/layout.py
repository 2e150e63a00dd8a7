"""What an unknown file looks like: sheets, probable header rows, a survey's questions, an SPSS dictionary. Names, no
values."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assets.errors import DataError
from assets.ingest.cells import cell_text
from assets.ingest.excel import open_workbook
from assets.ingest.grid import HEAD_ROWS, Grid
from assets.ingest.guard import told_by_kind
from assets.ingest.parsed import Parsed
from assets.ingest.safety import scan_archive
from assets.ingest.signature import signature_of
from assets.ingest.spss import SpssFile, json_labels, json_missing, read_spss
from assets.ingest.survey_text import survey_columns, survey_header
from assets.ingest.surveys import STATUS_WORDS
from assets.ingest.table_batch import column_letter
from assets.ingest.textfile import TextFile, read_text
from assets.ingest.texts import fold


@dataclass
class Part:
    """One sheet, table, survey or dictionary of a file: rows, where its header is, its columns by name and meaning."""

    name: str | None
    rows: int
    header_row: int | None = None
    header_rows: int = 1
    columns: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    head: list[list[Any]] = field(default_factory=list, repr=False)
    """The first rows as they are, to hold known headers against: values, never shown."""


def describe_layout(path: Path) -> tuple[str, list[Part]]:
    """Name what the file is and list its parts. Raises :class:`DataError` when it cannot be read at all."""
    with told_by_kind():
        return _describe(path)


def _describe(path: Path) -> tuple[str, list[Part]]:
    signature = signature_of(path)
    if signature in ("zip", "ole"):
        scan = scan_archive(path) if signature == "zip" else None
        if scan is not None and scan.kind == "zip":
            return "archive", [Part(name, 0) for name in scan.members]
        book = open_workbook(path, scan)
        return "workbook", [_sheet(grid) for grid in book.grids]
    if signature in ("sav", "por"):
        return "SPSS file", [_dictionary(read_spss(path, signature))]
    if signature in ("text", "utf16"):
        return _text(read_text(path))
    if signature == "json":
        return _json(path)
    raise DataError("WRONG_TYPE", f"the content is {signature}")


def _sheet(grid: Grid) -> Part:
    head = grid.head()
    place = probable_header(head)
    rows = sum(len(batch) for _, batch in grid.batches())
    part = Part(grid.sheet, rows, head=head)
    if place is not None:
        part.header_row = grid.first_row + place
        part.columns = _columns(head, place)
        part.facts["data_rows"] = rows - place - 1
    return part


def probable_header(head: list[list[Any]]) -> int | None:
    """The row most like a header: short texts, most of them distinct, at least two, and the widest of the first rows.

    The first such row wins among equals. A row of data has numbers or dates in it, a title stands alone in its row.
    """
    best: tuple[int, int] | None = None
    for place, row in enumerate(head[:30]):
        filled = [cell for cell in row if cell_text(cell) is not None]
        names = [cell for cell in filled if isinstance(cell, str) and len(cell) <= 120 and not cell.strip().isdigit()]
        if len(filled) < 2 or len(names) < len(filled) * 0.8 or len({fold(n) for n in names}) < len(names) * 0.7:
            continue
        if best is None or len(names) > best[0]:
            best = (len(names), place)
    if best is None:
        alone = [i for i, row in enumerate(head[:30]) if any(cell_text(cell) for cell in row)]
        return alone[0] if alone and all(isinstance(c, str) for c in head[alone[0]] if cell_text(c)) else None
    return best[1]


def _columns(rows: list[list[Any]], place: int) -> list[dict[str, Any]]:
    """The columns of a guessed header. Their names are only told when the row is surely no data: people are in data."""
    names = [cell_text(cell) for cell in rows[place]]
    below = [[cell_text(cell) for cell in row] for row in rows[place + 1 : place + 30]]
    sure = any(
        name and not _has_digit(name) and any(i < len(row) and _has_digit(row[i]) for row in below)
        for i, name in enumerate(names)
    )
    return [
        {"name": name if sure else f"column {column_letter(i)}", "position": i + 1}
        for i, name in enumerate(names)
        if name
    ]


def _has_digit(text: str | None) -> bool:
    return text is not None and any(char.isdigit() for char in text)


def _dictionary(file: SpssFile) -> Part:
    part = Part(None, file.rows, facts={"cases": file.rows, "encoding": file.encoding, "notes": len(file.notes)})
    if file.sets:
        counted = [f" where {found.counted}" if found.counted is not None else "" for found in file.sets]
        part.facts["response_sets"] = ", ".join(
            f"{found.name} ({found.kind} of {len(found.members)}{how})"
            for found, how in zip(file.sets, counted, strict=True)
        )
    for position, variable in enumerate(file.variables, start=1):
        part.columns.append(
            {
                "name": variable.name,
                "position": position,
                "label": variable.label,
                "format": variable.format,
                "measure": variable.measure,
                "value_labels": json_labels(variable),
                "user_missing": json_missing(variable),
            }
        )
    return part


def _text(file: TextFile) -> tuple[str, list[Part]]:
    header = survey_header(file)
    facts: dict[str, Any] = {"encoding": file.encoding, "delimiter": file.delimiter}
    if header is None:
        records = list(file.records())
        part = Part(None, len(records), facts=facts, head=list(records[:HEAD_ROWS]))
        place = probable_header(list(records[:30]))
        if place is not None:
            part.header_row = place + 1
            part.columns = _columns(list(records[: place + 30]), place)
            part.facts["data_rows"] = sum(1 for r in records[place + 1 :] if any(c.strip() for c in r))
        return "text table", [part]
    data = survey_columns(file, header, Parsed())
    part = Part(None, len(data.row_numbers) + header.rows, 1, header.rows, facts=facts)
    status = header.metadata("status")
    words = [] if status is None else data.columns[status.place].to_pylist()
    bits = [code for word in words if (code := _status(word)) is not None]
    part.facts |= {
        "generation": header.generation,
        "time_zone": header.time_zone,
        "responses": len(data.row_numbers),
        "previews": sum(1 for code in bits if code & 1),
        "tests": sum(1 for code in bits if code & 2),
        "spam": sum(1 for code in bits if code & 8),
    }
    for column in header.columns:
        part.columns.append(
            {
                "name": column.name,
                "position": column.place + 1,
                "import_id": column.import_id,
                "choice_id": column.choice_id,
            }
        )
    return "Qualtrics export", [part]


def _status(word: str | None) -> int | None:
    if word is None:
        return None
    return int(word) if word.isdigit() else STATUS_WORDS.get(fold(word))


def _json(path: Path) -> tuple[str, list[Part]]:
    from assets.ingest.qsf import is_definition, read_definition

    try:
        body = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise DataError("CORRUPT", "not valid JSON") from None
    if not is_definition(body):
        return "JSON file", [Part(None, len(body) if isinstance(body, list | dict) else 0)]
    questions = read_definition(body)
    part = Part(None, len(questions), facts={"questions": len(questions)})
    for position, question in enumerate(questions, start=1):
        part.columns.append(
            {
                "name": question.export_tag,
                "position": position,
                "import_id": question.import_id,
                "type": question.kind,
                "codes": len(question.codes),
            }
        )
    return "survey definition (.qsf)", [part]
