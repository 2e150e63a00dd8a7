"""A batch of data rows: texts by column, casts, quarantine, and the typed table that goes to the sink."""

from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assets.ingest.casting import ARROW_TYPES, EPOCH_DAYS, CastColumn, CastContext, cast_column
from assets.ingest.cells import cell_text, column_texts
from assets.ingest.config import Column
from assets.ingest.grid import Grid
from assets.ingest.parsed import Parsed, Quarantined, ReadAgainError, Sink, joined_key
from assets.ingest.reasons import outcome_of
from assets.ingest.recognise import Header

EPOCH_SLACK = 31
EXCEL_LONGEST_CELL = 32_767


@dataclass
class TableRun:
    """What reading one sheet needs: its grid, its header, the casts and where things go."""

    grid: Grid
    header: Header
    context: CastContext
    parsed: Parsed
    sink: Sink
    doubtful: set[tuple[str, str]]
    """Feeds and columns whose dates somewhere in the file contradict the declared order."""


def column_letter(place: int) -> str:
    """The letters a spreadsheet shows above the 0-based column ``place``."""
    letters = ""
    number = place + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


class TableBatch:
    """Data rows on their way from cells to a typed table; ``bad`` holds (column, reason code) by position."""

    def __init__(self, run: TableRun, numbers: list[int], rows: list[list[Any]]) -> None:
        self.run = run
        self.numbers = numbers
        self.rows = rows
        self.bad: dict[int, list[tuple[str | None, str]]] = {}
        self.arrays: dict[str, Any] = {}
        width = max(len(run.header.names), *(len(row) for row in rows))
        even = rows if all(len(row) == width for row in rows) else [row + [None] * (width - len(row)) for row in rows]
        self.by_place = [column_texts(list(cells)) for cells in zip(*even, strict=True)]

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
                self.arrays["client_id_raw"] = texts
            cast = self._cast(name, column, texts)
            self.arrays[name] = cast.values
            for code, found in cast.noticed.items():
                self._notice(name, code, found)
            if column.type == "text":
                longest = pc.greater_equal(pc.utf8_length(texts), EXCEL_LONGEST_CELL)
                self.run.parsed.note(
                    "MAYBE_TRUNCATED", pc.sum(longest).as_py() or 0, sheet=self.run.grid.sheet, column=name
                )
            if name in header.feed.key or column.type == "client_id":
                self._require(name, place, texts)
        self._note_order()

    def _cast(self, name: str, column: Column, texts: pa.Array) -> CastColumn:
        run, place = self.run, (self.run.header.feed.feed, name)
        context = run.context
        if place in run.doubtful:
            context = replace(context, dates=replace(context.dates, contradicted=True))
        cast = cast_column(texts, column, context)
        if cast.contradicted and place not in run.doubtful:
            run.doubtful.add(place)
            if run.parsed.rows_out:
                raise ReadAgainError
        return cast

    def _notice(self, name: str, code: str, found: list[int]) -> None:
        self.run.parsed.note(code, len(found), sheet=self.run.grid.sheet, column=name)
        if outcome_of(code) == "quarantine":
            for position in found:
                self.bad.setdefault(position, []).append((name, code))

    def _require(self, name: str, place: int, texts: pa.Array) -> None:
        faults = self.run.grid.faults
        blank = pc.indices_nonzero(pc.is_null(texts)).to_pylist()
        missing = [i for i in blank if (self.numbers[i], place) not in faults]
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
            row = [cell_text(cell) for cell in self.rows[position]]
            cells = {(names[i] if i < len(names) else column_letter(i)): text for i, text in enumerate(row)}
            key = joined_key(self.arrays[name][position].as_py() for name in run.header.feed.key)
            for column, code in dict.fromkeys(self.bad[position]):
                waits = Quarantined(sheet, self.numbers[position], column, code, cells, key=key)
                run.parsed.quarantined.append(waits)
        keep = [position not in self.bad for position in range(n)]
        table = pa.table(
            {
                "sheet": pa.repeat(pa.scalar(sheet, pa.string()), n),
                "row_number": pa.array(self.numbers, pa.int64()),
                **self.arrays,
            }
        )
        if self.bad:
            table = table.filter(pa.array(keep))
        run.parsed.rows_out += table.num_rows
        self._note_newest(table)
        run.sink(run.header.feed.feed, table)
        self._hand_on_new_columns(keep)

    def _note_newest(self, table: pa.Table) -> None:
        """The newest entry of the file, for exports that state no moment of their own: wall clock of the agency.

        The column that tells versions apart if there is one, else every date but a birthday; later than today is no
        entry.
        """
        feed = self.run.header.feed
        dated = [n for n, c in feed.columns.items() if c.type in ("date", "datetime", "month") and c.not_before]
        for name in [feed.newest_by] if feed.newest_by else dated:
            moments = pc.cast(table.column(name), pa.timestamp("s"))
            past = pc.less_equal(
                moments, pa.scalar(datetime.combine(self.run.context.latest, time.max), pa.timestamp("us"))
            )
            newest = pc.max(moments.filter(past)).as_py()
            if newest is not None:
                known = self.run.parsed.details.get("newest_entry")
                self.run.parsed.details["newest_entry"] = newest if known is None else max(known, newest)

    def _hand_on_new_columns(self, keep: list[bool]) -> None:
        header = self.run.header
        for place, texts in enumerate(self.by_place):
            name = header.names[place] if place < len(header.names) else None
            if place in header.columns or texts.null_count == len(texts):
                continue
            found = [
                (self.numbers[i], text) for i, text in enumerate(texts.to_pylist()) if text is not None and keep[i]
            ]
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
    gap = pc.abs(pc.subtract(pc.cast(one, pa.date32()).view(pa.int32()), pc.cast(other, pa.date32()).view(pa.int32())))
    far = pc.less_equal(pc.abs(pc.subtract(gap, EPOCH_DAYS)), EPOCH_SLACK)
    found: list[int] = pc.indices_nonzero(pc.fill_null(far, False)).to_pylist()
    return found


def _fill_down(texts: pa.Array) -> pa.Array:
    return pc.fill_null_forward(texts)
