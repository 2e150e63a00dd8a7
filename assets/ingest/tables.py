"""One sheet of a table feed: header, structure, casts, quarantine; typed batches go to the sink."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from assets.errors import DataError, Place
from assets.ingest.casting import ARROW_TYPES, EPOCH_DAYS, CastContext, cast_column
from assets.ingest.cells import cell_text
from assets.ingest.config import Column
from assets.ingest.grid import Grid
from assets.ingest.parsed import HeaderMap, Parsed, Quarantined, Sink, as_texts
from assets.ingest.reasons import outcome_of
from assets.ingest.recognise import Header
from assets.ingest.structure import StructureRule, stated_export

EPOCH_SLACK = 31
MAX_UNEVEN = 0.05
EXCEL_LAST_ROW = 1_048_576
EXCEL_LONGEST_CELL = 32_767


@dataclass
class TableRun:
    """What reading one sheet needs: its grid, its header, the casts and where things go."""

    grid: Grid
    header: Header
    context: CastContext
    parsed: Parsed
    sink: Sink


def check_header(header: Header, sheet: str | None) -> None:
    """Refuse a header that lacks a required column or names one twice (:class:`DataError`)."""
    if header.duplicates:
        name = header.feed.columns[sorted(header.duplicates)[0]].header
        raise DataError("DUPLICATE_COLUMN", f"two columns are named {name}", Place(sheet=sheet, column=name))
    if header.missing:
        nearest = header.nearest()
        parts = []
        for column in header.missing:
            near = f" (nearest: column {column_letter(nearest[column])})" if column in nearest else ""
            parts.append(f"{header.feed.columns[column].header}{near}")
        raise DataError("MISSING_COLUMN", f"missing: {', '.join(parts)}", Place(sheet=sheet))


def column_letter(place: int) -> str:
    """The letters a spreadsheet shows above the 0-based column ``place``."""
    letters = ""
    number = place + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


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
    keys = [i for i, name in header.columns.items() if name in header.feed.key]
    id_place = next((i for i, n in header.columns.items() if header.feed.columns[n].type == "client_id"), None)
    rule = StructureRule(list(header.names), keys, id_place, header.feed.total_words)
    skip = header.place + header.rows
    faulty = {row for row, _ in grid.faults}
    last = data_rows = n_uneven = 0
    for first, batch in grid.batches():
        numbers, rows, uneven = [], [], list[int]()
        for offset, cells in enumerate(batch):
            if offset + first - grid.first_row < skip:
                continue
            # A formatted but empty sheet has a million rows of empty texts: they are told apart without a look at
            # each cell.
            if cells.count("") == len(cells):
                rule.counts["blank"] += 1
                continue
            texts = [cell_text(cell) for cell in cells]
            if grid.is_text and _is_uneven(texts, cells, len(header.names)):
                uneven.append(first + offset)
                named = {f"column {i + 1}": text for i, text in enumerate(texts)}
                parsed.quarantined.append(Quarantined(grid.sheet, first + offset, None, "ROW_UNEVEN", named))
            elif rule.kind(texts) is None or first + offset in faulty:
                numbers.append(first + offset)
                rows.append(texts)
        parsed.rows_read += len(batch)
        parsed.structural += len(batch) - len(rows) - len(uneven)
        data_rows += len(rows) + len(uneven)
        n_uneven += len(uneven)
        last = first + len(batch) - 1
        if rows:
            made = _Batch(run, numbers, rows)
            made.cast()
            made.hand_on()
    parsed.note("ROW_UNEVEN", n_uneven)
    if n_uneven > MAX_UNEVEN * data_rows:
        raise DataError("UNEVEN_ROWS", "too many rows do not fit the header")
    if last == EXCEL_LAST_ROW:
        parsed.note("MAYBE_CUT_OFF", sheet=grid.sheet)


def _is_uneven(texts: list[str | None], cells: list[Any], width: int) -> bool:
    """A record of a text file with fewer cells than the header, or with something in cells beyond it; blank lines
    are not."""
    return any(texts) and (len(cells) < width or any(texts[width:]))


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
        if name not in present:
            run.parsed.note("COLUMN_ABSENT", sheet=sheet, column=name)
    number = run.grid.first_row + header.place
    run.parsed.headers.append(HeaderMap(sheet, number, header.rows, tuple(columns)))


class _Batch:
    """Data rows on their way from texts to a typed table; ``bad`` holds (column, reason code) by position."""

    def __init__(self, run: TableRun, numbers: list[int], rows: list[list[str | None]]) -> None:
        self.run = run
        self.numbers = numbers
        self.rows = rows
        self.bad: dict[int, list[tuple[str | None, str]]] = {}
        self.arrays: dict[str, Any] = {}
        width = max(len(run.header.names), *(len(row) for row in rows))
        self.by_place = [[row[i] if i < len(row) else None for row in rows] for i in range(width)]

    def cast(self) -> None:
        """Cast every column of the feed; a column the form lacks is null throughout."""
        header = self.run.header
        places = {name: place for place, name in header.columns.items()}
        for name, column in header.feed.columns.items():
            place = places.get(name)
            if place is None:
                self.arrays[name] = pa.nulls(len(self.rows), ARROW_TYPES[column.type])
                if column.type == "client_id":
                    self.arrays["client_id_raw"] = pa.nulls(len(self.rows), pa.string())
                continue
            texts = _fill_down(self.by_place[place]) if column.fill_down else self.by_place[place]
            self._take_faults(name, column, place)
            if column.type == "client_id":
                self.arrays["client_id_raw"] = as_texts(texts)
            cast = cast_column(as_texts(texts), column, self.run.context)
            self.arrays[name] = cast.values
            for code, found in cast.noticed.items():
                self._notice(name, code, found)
            if column.type == "text":
                long = sum(1 for text in texts if text and len(text) >= EXCEL_LONGEST_CELL)
                self.run.parsed.note("MAYBE_TRUNCATED", long, sheet=self.run.grid.sheet, column=name)
            if name in header.feed.key or column.type == "client_id":
                self._require(name, place, texts)
        self._note_order()

    def _notice(self, name: str, code: str, found: list[int]) -> None:
        self.run.parsed.note(code, len(found), sheet=self.run.grid.sheet, column=name)
        if outcome_of(code) == "quarantine":
            for position in found:
                self.bad.setdefault(position, []).append((name, code))

    def _require(self, name: str, place: int, texts: list[str | None]) -> None:
        faults = self.run.grid.faults
        missing = [i for i, text in enumerate(texts) if text is None and (self.numbers[i], place) not in faults]
        merged = [i for i in missing if self._is_merged(self.numbers[i] - 1, place)]
        self._notice(name, "MERGED_KEY", merged)
        self._notice(name, "MISSING_KEY", [i for i in missing if i not in set(merged)])

    def _is_merged(self, row: int, place: int) -> bool:
        return any(
            top <= row <= bottom and left <= place <= right for (top, left), (bottom, right) in self.run.grid.merged
        )

    def _take_faults(self, name: str, column: Column, place: int) -> None:
        """Cells that a reader shows as empty although they hold an error or an uncalculated formula."""
        faults = self.run.grid.faults
        if not faults:
            return
        for position, number in enumerate(self.numbers):
            code = faults.get((number, place))
            if code is None:
                continue
            if column.required or code == "UNCACHED_FORMULA":
                self._notice(name, code, [position])
            else:
                self.run.parsed.note("ERROR_CELL_KEPT_EMPTY", sheet=self.run.grid.sheet, column=name)

    def _note_order(self) -> None:
        import pyarrow.compute as pc

        for rule in self.run.header.feed.order_rules:
            less = pc.less(self.arrays[rule.later], self.arrays[rule.earlier])
            wrong = pc.indices_nonzero(pc.fill_null(less, False)).to_pylist()
            self.run.parsed.note(rule.code, len(wrong), sheet=self.run.grid.sheet, column=rule.later)
            if rule.outcome == "quarantine":
                for position in wrong:
                    self.bad.setdefault(position, []).append((rule.later, rule.code))

        pair = self.run.header.feed.same_time
        if pair:
            self._notice(pair[0], "DATE_EPOCH", _an_epoch_apart(self.arrays[pair[0]], self.arrays[pair[1]]))

    def hand_on(self) -> None:
        """Quarantine the bad rows, give the others and the cells of new columns to the sink."""
        run, sheet, n = self.run, self.run.grid.sheet, len(self.rows)
        names = [name or column_letter(i) for i, name in enumerate(run.header.names)]
        for position in sorted(self.bad):
            row = self.rows[position]
            cells = {(names[i] if i < len(names) else column_letter(i)): text for i, text in enumerate(row)}
            for column, code in dict.fromkeys(self.bad[position]):
                run.parsed.quarantined.append(Quarantined(sheet, self.numbers[position], column, code, cells))
        keep = [position not in self.bad for position in range(n)]
        table = pa.table(
            {
                "sheet": pa.array([sheet] * n, pa.string()),
                "row_number": pa.array(self.numbers, pa.int64()),
                **self.arrays,
            }
        ).filter(pa.array(keep))
        run.parsed.rows_out += table.num_rows
        run.sink(run.header.feed.feed, table)
        self._hand_on_new_columns(keep)

    def _hand_on_new_columns(self, keep: list[bool]) -> None:
        header = self.run.header
        for place, texts in enumerate(self.by_place):
            name = header.names[place] if place < len(header.names) else None
            if place in header.columns or not any(texts):
                continue
            found = [(self.numbers[i], text) for i, text in enumerate(texts) if text is not None and keep[i]]
            table = pa.table(
                {
                    "sheet": pa.array([self.run.grid.sheet] * len(found), pa.string()),
                    "row_number": pa.array([number for number, _ in found], pa.int64()),
                    "column_name": pa.array([name or column_letter(place)] * len(found), pa.string()),
                    "value": pa.array([text for _, text in found], pa.string()),
                }
            )
            self.run.sink("unmapped_cells", table)


def _an_epoch_apart(one: pa.Array, other: pa.Array) -> list[int]:
    """Positions where two dates of one event lie as far apart as Excel's two epochs, give or take a month."""
    found = []
    for position, (first, second) in enumerate(zip(one.to_pylist(), other.to_pylist(), strict=True)):
        if first is not None and second is not None:
            gap = abs((first - (second.date() if isinstance(second, datetime) else second)).days)
            if abs(gap - EPOCH_DAYS) <= EPOCH_SLACK:
                found.append(position)
    return found


def _fill_down(texts: list[str | None]) -> list[str | None]:
    last: str | None = None
    filled = []
    for text in texts:
        last = text if text is not None else last
        filled.append(last)
    return filled


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
