"""A wide file of a study, one row a participant, as ``outcomes replicate`` wants it: SAV, CSV or XLSX."""

import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.errors import DataError
from assets.ingest.cells import cell_text
from assets.ingest.excel import open_workbook
from assets.ingest.layout import probable_header
from assets.ingest.safety import scan_archive
from assets.ingest.signature import signature_of
from assets.ingest.spss import SpssFile, read_spss
from assets.ingest.textfile import read_text

if TYPE_CHECKING:
    import pandas


@dataclass
class WideFile:
    """``frame``: one row a participant; numbers as float64, texts as object; None or NaN = missing, user-missing
    included.

    ``missing`` keeps, per variable, how many cells were missing for which reason; ``labels`` and ``value_labels``
    are the file's.
    """

    frame: "pandas.DataFrame"
    labels: dict[str, str] = field(default_factory=dict)
    value_labels: dict[str, dict[Any, str]] = field(default_factory=dict)
    user_missing: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    missing: dict[str, dict[str, int]] = field(default_factory=dict)


def read_wide(path: Path) -> WideFile:
    """Read a wide file. Raises :class:`DataError` when it cannot be read, has no header or repeats a column name."""
    signature = signature_of(path)
    if signature in ("sav", "por"):
        return _from_spss(read_spss(path, signature))
    if signature in ("zip", "ole"):
        return _from_rows(_workbook_rows(path, signature))
    if signature in ("text", "utf16"):
        return _from_rows([[cell.strip() or None for cell in record] for record in read_text(path).records()])
    raise DataError("WRONG_TYPE", f"the content is {signature}")


def _workbook_rows(path: Path, signature: str) -> list[list[str | None]]:
    scan = scan_archive(path) if signature == "zip" else None
    book = open_workbook(path, scan)
    grid = book.grids[0]
    head = grid.head()
    place = probable_header(head)
    if place is None:
        raise DataError("NO_HEADER", "no header row in the first sheet")
    return [[cell_text(cell) for cell in row] for _, batch in grid.batches() for row in batch][place:]


def _from_rows(rows: list[list[str | None]]) -> WideFile:
    """A column of nothing but numbers is numeric; one other text makes the whole column text."""
    import pandas

    filled = [row for row in rows if any(cell is not None for cell in row)]
    if not filled:
        raise DataError("NO_HEADER", "the file is empty")
    names = [name or "" for name in filled[0]]
    if len(set(names)) != len(names):
        raise DataError("DUPLICATE_COLUMN", "two columns carry the same name, or none")
    columns: dict[str, Any] = {}
    for place, name in enumerate(names):
        cells = [row[place] if place < len(row) else None for row in filled[1:]]
        columns[name] = _numbers(cells) or pandas.Series(cells, dtype="object")
    return WideFile(pandas.DataFrame(columns))


def _numbers(cells: list[str | None]) -> list[float] | None:
    try:
        numbers = [float("nan") if cell is None else float(cell) for cell in cells]
    except ValueError:
        return None
    return numbers


def _from_spss(file: SpssFile) -> WideFile:
    import pandas

    columns: dict[str, Any] = {}
    missing: dict[str, dict[str, int]] = {}
    for variable in file.variables:
        raw = file.columns[variable.name]
        counts: Counter[str] = Counter()
        cells: list[Any] = []
        for value, declared in zip(raw, variable.missing_places(raw), strict=True):
            is_system = value is None or (not variable.is_text and math.isnan(value))
            if is_system or declared:
                counts["system" if is_system else variable.value_labels.get(value) or str(value)] += 1
                cells.append(None)
            else:
                cells.append((str(value).rstrip() or None) if variable.is_text else float(value))
        if counts:
            missing[variable.name] = dict(counts)
        columns[variable.name] = pandas.Series(cells, dtype="object" if variable.is_text else "float64")
    return WideFile(
        pandas.DataFrame(columns),
        labels={v.name: v.label for v in file.variables if v.label},
        value_labels={v.name: v.value_labels for v in file.variables if v.value_labels},
        user_missing={v.name: v.user_missing for v in file.variables if v.user_missing},
        missing=missing,
    )
