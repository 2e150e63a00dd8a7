"""One sheet of a table feed: header, titles, structural rows; the data rows go on in batches."""

from datetime import datetime
from typing import Any

from assets.errors import DataError, Place
from assets.ingest.cells import cell_text
from assets.ingest.grid import Grid
from assets.ingest.parsed import HeaderMap, Parsed, Quarantined
from assets.ingest.recognise import Header
from assets.ingest.structure import StructureRule, stated_export
from assets.ingest.table_batch import TableBatch, TableRun, column_letter

MAX_UNEVEN = 0.05
EXCEL_LAST_ROW = 1_048_576


def check_header(header: Header, sheet: str | None) -> None:
    """Refuse a header that lacks a required column or names one twice (:class:`DataError`)."""
    if header.duplicates:
        name = header.feed.columns[sorted(header.duplicates)[0]].header
        raise DataError("DUPLICATE_COLUMN", f"two columns are named {name}", Place(sheet=sheet, column=name))
    _check_edition(header, sheet)
    if header.missing:
        nearest = header.nearest()
        parts = []
        for column in header.missing:
            near = f" (nearest: column {column_letter(nearest[column])})" if column in nearest else ""
            parts.append(f"{header.feed.columns[column].header}{near}")
        raise DataError("MISSING_COLUMN", f"missing: {', '.join(parts)}", Place(sheet=sheet))


def _check_edition(header: Header, sheet: str | None) -> None:
    """Refuse last year's form: one whose titles say it was made after another edition had come into use.

    Only a column that the edition in use must have tells the two apart; a form that has them all is today's.
    """
    if header.missing or header.made is None or header.last_day is None or header.made <= header.last_day:
        return
    now, today = header.feed.editions()[0]
    found = set(header.columns.values())
    lacking = [today.columns[name].header for name, c in today.columns.items() if c.required and name not in found]
    raise DataError(
        "WRONG_KIND",
        f"edition {header.version.name} of the form {header.feed.feed}, which ended on {header.last_day}; "
        f"the edition in use is {now.name}" + (f", which also has {', '.join(lacking)}" if lacking else ""),
        Place(sheet=sheet),
    )


def read_titles(grid: Grid, header: Header, parsed: Parsed) -> None:
    """Count the rows above the header and take the export's stated moment from them."""
    titles = [text for row in grid.head()[: header.place] for cell in row if (text := cell_text(cell))]
    stated = stated_export(titles)
    if stated and (moment := _moment(stated)) and (parsed.stated_at is None or moment > parsed.stated_at):
        parsed.stated_at = moment


def read_table(run: TableRun) -> None:
    """Read every row of the sheet: structural ones are counted, bad ones quarantined, the others cast and handed on."""
    header, grid, parsed = run.header, run.grid, run.parsed
    describe(run)
    id_place = next((i for i, n in header.columns.items() if header.feed.columns[n].type == "client_id"), None)
    rule = StructureRule(header.names, id_place, header.feed.total_words)
    skip = header.place + header.rows
    faulty = {row for row, _ in grid.faults}
    last = data_rows = n_uneven = 0
    for first, batch in grid.batches():
        numbers, rows, uneven = [], [], list[int]()
        for offset, cells in enumerate(batch):
            number = first + offset
            if number - grid.first_row < skip:
                continue
            if grid.is_text and _is_uneven(cells, len(header.names)):
                uneven.append(number)
                named = {f"column {i + 1}": cell_text(cell) for i, cell in enumerate(cells)}
                parsed.quarantined.append(Quarantined(grid.sheet, number, None, "ROW_UNEVEN", named))
            elif rule.is_data(cells) or number in faulty:
                numbers.append(number)
                rows.append(cells)
        parsed.rows_read += len(batch)
        parsed.structural += len(batch) - len(rows) - len(uneven)
        data_rows += len(rows) + len(uneven)
        n_uneven += len(uneven)
        last = first + len(batch) - 1
        if rows:
            made = TableBatch(run, numbers, rows)
            made.cast()
            made.hand_on()
            del made
        del batch, rows, cells  # while the next batch is read, this one's cells need not stand beside it
    parsed.note("ROW_UNEVEN", n_uneven)
    if n_uneven > MAX_UNEVEN * data_rows:
        raise DataError("UNEVEN_ROWS", "too many rows do not fit the header")
    if last == EXCEL_LAST_ROW:
        parsed.note("MAYBE_CUT_OFF", sheet=grid.sheet)


def _is_uneven(cells: list[Any], width: int) -> bool:
    """A text record with fewer cells than the header, or with something in cells beyond it; blank lines are not."""
    return (len(cells) < width or any(cell_text(cell) for cell in cells[width:])) and any(map(cell_text, cells))


def describe(run: TableRun) -> None:
    """Note how the header was read: synonyms, new columns, optional columns that are absent."""
    header, sheet = run.header, run.grid.sheet
    columns = []
    for i, name in enumerate(header.names):
        target = header.columns.get(i)
        how = "new" if target is None else "synonym" if i in header.synonyms else "name"
        if name is not None:
            columns.append((name, target, how))
        if target is None and name is not None:
            run.parsed.note("NEW_COLUMN", sheet=sheet, column=column_letter(i))
        if i in header.synonyms and target:
            run.parsed.note("SYNONYM", sheet=sheet, column=target)
    present = set(header.columns.values())
    for name in header.feed.columns:
        if name not in present and name not in header.version.lacks:
            run.parsed.note("COLUMN_ABSENT", sheet=sheet, column=name)
    if header.last_day is not None and header.made is None:
        run.parsed.note("OLD_FORM", sheet=sheet)
    number = run.grid.first_row + header.place
    run.parsed.headers.append(HeaderMap(sheet, number, header.rows, tuple(columns)))


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
