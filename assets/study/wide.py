"""One wide file with a row a participant: SPSS, CSV or Excel, read for `outcomes replicate`."""

import csv
import hashlib
import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.errors import DataError, Place
from assets.study.spec import Spec, level_text

if TYPE_CHECKING:
    import pandas as pd

# What statistics programs write for "no value": nothing, R's NA, SPSS's system-missing point, SPSS's Excel export.
NO_VALUE = {"", "NA", "N/A", "NaN", "nan", ".", "#NULL!", "NULL"}
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")


@dataclass
class WideFile:
    """The table and what its file says about it.

    ``frame`` has user-missing values set to null; ``declared`` counts them per variable. ``value_labels`` is
    variable -> code as text -> label; ``messages`` are sentences for people, without values.
    """

    frame: "pd.DataFrame"
    labels: dict[str, str] = field(default_factory=dict)
    value_labels: dict[str, dict[str, str]] = field(default_factory=dict)
    user_missing: dict[str, list[tuple[object, object]]] = field(default_factory=dict)
    declared: dict[str, int] = field(default_factory=dict)
    measures: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)


def read_wide(path: Path | str) -> WideFile:
    """Read a .sav/.zsav, .csv/.tsv/.txt or .xlsx file; raises DataError with a reason code, never quoting a cell."""
    path = Path(path)
    if not path.is_file():
        raise DataError("FILE_NOT_FOUND", "there is no such file")
    content = path.read_bytes()
    place = Place(file_token=hashlib.sha256(content).hexdigest()[:12])
    if not content.strip():
        raise DataError("EMPTY_FILE", "the file is empty", place)
    if content[:4] in (b"$FL2", b"$FL3"):
        wide = _read_sav(path, place)
    elif content[:2] == b"PK":
        wide = _read_xlsx(path, place)
    elif path.suffix.lower() in (".sav", ".zsav", ".xlsx") or b"\x00" in content[:4000]:
        raise DataError("NOT_A_TABLE", "the content is not that of an SPSS file, a workbook or a text table", place)
    else:
        wide = _read_text(content, place)
    if not len(wide.frame):
        wide.messages.append("the table has no rows")
    return wide


def _read_sav(path: Path, place: Place) -> WideFile:
    import pyreadstat

    try:
        frame, meta = pyreadstat.read_sav(str(path), user_missing=True)
    except Exception:  # pyreadstat raises its own, unexported class and may quote content
        raise DataError(
            "UNREADABLE_SAV", "the SPSS file is damaged, truncated or encrypted: export it again", place
        ) from None
    wide = WideFile(frame)
    wide.labels = {name: label for name, label in meta.column_names_to_labels.items() if label}
    wide.measures = dict(meta.variable_measure)
    for name, labels in meta.variable_value_labels.items():
        wide.value_labels[name] = {level_text(code): str(label).strip() for code, label in labels.items()}
    for name, ranges in meta.missing_ranges.items():
        wide.user_missing[name] = [(part["lo"], part["hi"]) for part in ranges]
        cells = frame[name].astype(object)
        declared = cells.map(lambda cell, ranges=wide.user_missing[name]: _inside(cell, ranges)).astype(bool)
        wide.declared[name] = int(declared.sum())
        wide.frame[name] = frame[name].where(~declared)
    return wide


def _inside(cell: object, ranges: list[tuple[object, object]]) -> bool:
    for low, high in ranges:
        try:
            if low <= cell <= high:  # type: ignore[operator]
                return True
        except TypeError:
            continue
    return False


def _read_text(content: bytes, place: Place) -> WideFile:
    messages = []
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = content.decode("utf-16", errors="replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", errors="replace")
            messages.append("the file is not UTF-8; it was read as Windows-1252")
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(cell.strip() for cell in row)]
    except csv.Error:
        raise DataError("UNREADABLE_CSV", "the text is not a table with one header line", place) from None
    wide = _from_rows([list(row) for row in rows], place, decimal_comma=delimiter == ";")
    wide.messages = messages + wide.messages
    return wide


def _read_xlsx(path: Path, place: Place) -> WideFile:
    from python_calamine import CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_path(str(path))
        sheets = {name: workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names}
    except Exception:  # calamine's messages may quote cells
        raise DataError("UNREADABLE_WORKBOOK", "the workbook is damaged or protected: save it again", place) from None
    filled = {name: rows for name, rows in sheets.items() if rows}
    if not filled:
        raise DataError("EMPTY_FILE", "no sheet of the workbook has a cell", place)
    name, rows = next(iter(filled.items()))
    kept = [list(row) for row in rows if any(str(cell).strip() for cell in row)]
    wide = _from_rows(kept, Place(place.file_token, sheet=name), decimal_comma=False)
    if len(filled) > 1:
        wide.messages.append(f"the workbook has {len(filled)} sheets; the first one, {name!r}, was read")
    return wide


def _from_rows(rows: list[list[Any]], place: Place, decimal_comma: bool) -> WideFile:
    import pandas as pd

    if not rows:
        raise DataError("EMPTY_FILE", "the table has no header", place)
    header = [str(cell).strip() for cell in rows[0]]
    while header and not header[-1]:
        header.pop()
    if not header or any(not name for name in header):
        raise DataError("HEADER_NOT_NAMED", "a column has no name in the first line", place)
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError("HEADER_REPEATED", "two columns have the same name", Place(place.file_token, column=twice[0]))
    for number, row in enumerate(rows[1:], start=2):
        if any(str(cell).strip() for cell in row[len(header) :]):
            raise DataError("ROW_TOO_LONG", "a row has more cells than the header", Place(place.file_token, row=number))
    columns: dict[str, Any] = {}
    for position, name in enumerate(header):
        cells = [_cell(row[position], decimal_comma) if position < len(row) else None for row in rows[1:]]
        known = {cell.casefold() if isinstance(cell, str) else None for cell in cells if cell is not None}
        if known and known <= {"true", "false"}:
            cells = [None if cell is None else cell.casefold() == "true" for cell in cells]
        columns[name] = pd.Series(cells, dtype=object)
    return WideFile(pd.DataFrame(columns))


def _cell(cell: Any, decimal_comma: bool) -> Any:
    if not isinstance(cell, str):
        return cell
    text = cell.strip()
    if text in NO_VALUE:
        return None
    return text.replace(",", ".") if decimal_comma and _DECIMAL_COMMA.fullmatch(text) else text


def labelled_frame(wide: WideFile, spec: Spec) -> "pd.DataFrame":
    """The table with codes turned into category text where the spec lists a variable's labels as its categories."""
    frame = wide.frame.copy()
    for name, levels in spec.categories.items():
        labels = wide.value_labels.get(name)
        if labels is None or name not in frame.columns:
            continue
        by_text = {level.casefold(): level for level in levels}
        text = {
            code: by_text[label.casefold()]
            for code, label in labels.items()
            if code not in levels and label.casefold() in by_text
        }
        frame[name] = frame[name].astype(object).map(lambda cell, text=text: text.get(level_text(cell), cell))
    return frame
