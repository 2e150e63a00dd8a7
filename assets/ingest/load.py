"""Typed batches into DuckDB: one transaction a file, all of it or nothing."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from assets.ingest.config import Feeds, SurveyFeed
from assets.ingest.parsed import Parsed, Quarantined, SinkError, joined_key
from assets.ingest.reasons import outcome_of
from assets.ingest.survey_rows import response_cells

_SEPARATOR = "chr(31)"


@dataclass(frozen=True)
class FileRecord:
    """One row of ``control.files`` as ingestion fills it."""

    file_token: str
    sha256: str | None
    name: str
    status: str
    reason: str | None
    first_seen: datetime
    size: int
    kind: str | None = None
    form_version: str | None = None
    exported_at: datetime | None = None
    loaded_at: datetime | None = None
    rows_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    rows_structural: int = 0
    rows_erased: int = 0
    map_hash: str | None = None
    first_loaded_at: datetime | None = None


@dataclass
class Stage:
    """Rows of one file on their way into ``raw``.

    One batch stays where the reader put it and DuckDB looks at it there; from the second batch on they gather in a
    temporary
    table, so that memory stays bounded by a batch.
    """

    connection: Any
    feeds: Feeds
    tables: dict[str, str] = field(default_factory=dict)
    views: set[str] = field(default_factory=set)

    def take(self, table: str, batch: pa.Table) -> None:
        """Stage a batch for ``raw.<table>``. Raises :class:`SinkError` when the database refuses it."""
        import duckdb

        if batch.num_rows == 0:
            return
        try:
            if table not in self.tables:
                self.tables[table] = f"stage_{table}"
                self.views.add(table)
                self.connection.register(self.tables[table], batch)
                return
            self.materialise(table)
            self.connection.register("incoming_batch", batch)
            self.connection.execute(f"INSERT INTO {self.tables[table]} BY NAME SELECT * FROM incoming_batch")
            self.connection.unregister("incoming_batch")
        except duckdb.Error as error:
            raise SinkError(f"staging {table}: {type(error).__name__}") from None

    def materialise(self, table: str) -> None:
        """Turn a staged view into a temporary table whose rows can be changed."""
        if table not in self.views:
            return
        view = self.tables[table]
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {view}_rows AS SELECT * FROM {view}")
        self.connection.unregister(view)
        self.views.discard(table)
        self.tables[table] = f"{view}_rows"

    def replace(self, table: str, name: str) -> None:
        """Let the temporary table ``name`` stand for what was staged."""
        self._drop(table)
        self.tables[table] = name

    def clear(self) -> None:
        """Forget what was staged."""
        for table in list(self.tables):
            self._drop(table)
            del self.tables[table]

    def _drop(self, table: str) -> None:
        if table in self.views:
            self.connection.unregister(self.tables[table])
            self.views.discard(table)
        else:
            self.connection.execute(f"DROP TABLE IF EXISTS {self.tables[table]}")


def settle_rows(stage: Stage, parsed: Parsed, erased: bool) -> tuple[int, int]:
    """Give every staged row its hash, set exact duplicates and key conflicts apart; return (duplicates, erased)."""
    kind = parsed.kind
    if kind is None or kind not in stage.tables or kind in stage.feeds.spss:
        return 0, 0
    feed = stage.feeds.all[kind]
    con = stage.connection
    n_erased = _drop_erased(stage, kind) if erased else 0
    name = stage.tables[kind]
    columns = [row[0] for row in con.execute(f"DESCRIBE {name}").fetchall()]
    content = [column for column in columns if column not in ("sheet", "row_number", "copy_quality")]
    hashed = ", ".join(f"coalesce(CAST({column} AS VARCHAR), chr(30))" for column in content)
    settled = f"settled_{kind}"
    row_hash = f"md5(concat_ws({_SEPARATOR}, {hashed})) AS row_hash"
    con.execute(f"CREATE OR REPLACE TEMP TABLE {settled} AS SELECT *, {row_hash} FROM {name}")
    stage.replace(kind, settled)
    duplicates = _drop_duplicates(con, settled)
    parsed.note("DUPLICATE_ROW", duplicates)
    _set_conflicts_apart(stage, parsed, feed.key, feed.newest_by)
    return duplicates, n_erased


def _drop_duplicates(con: Any, name: str) -> int:
    """Of each set of equal rows the first one in the file stays; the hash is grouped first, a window over all rows
    costs
    three times as much."""
    con.execute(
        f"""DELETE FROM {name} WHERE rowid IN (
            SELECT place FROM (
                SELECT rowid AS place,
                    row_number() OVER (PARTITION BY row_hash ORDER BY sheet NULLS FIRST, row_number) AS copy
                FROM {name} WHERE row_hash IN (SELECT row_hash FROM {name} GROUP BY row_hash HAVING count(*) > 1))
            WHERE copy > 1)"""
    )
    return int(con.fetchone()[0])


def _drop_erased(stage: Stage, kind: str) -> int:
    """Take out the rows of erased clients, and with them what their rows held in columns nobody has mapped."""
    con = stage.connection
    stage.materialise(kind)
    name = stage.tables[kind]
    if "client_id" not in [row[0] for row in con.execute(f"DESCRIBE {name}").fetchall()]:
        return 0
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE erased_rows AS SELECT sheet, row_number FROM {name} "
        "WHERE client_id IN (SELECT client_id FROM control.erased_clients)"
    )
    stage.materialise("unmapped_cells")
    for table in [name, *([stage.tables["unmapped_cells"]] if "unmapped_cells" in stage.tables else [])]:
        con.execute(
            f"DELETE FROM {table} AS t USING erased_rows AS e "
            "WHERE t.row_number = e.row_number AND t.sheet IS NOT DISTINCT FROM e.sheet"
        )
    n = con.execute("SELECT count(*) FROM erased_rows").fetchone()[0]
    con.execute("DROP TABLE erased_rows")
    return int(n)


def _set_conflicts_apart(stage: Stage, parsed: Parsed, key: tuple[str, ...], newest_by: str | None) -> None:
    """Rows of one key that differ stay only where ``newest_by`` tells them apart; the others wait, all of them."""
    con, name = stage.connection, stage.tables[parsed.kind or ""]
    keys = ", ".join(key)
    told = f", {newest_by}" if newest_by else ""
    # Where a date tells which is newer, only the rows that share key and date are in conflict.
    found = con.execute(
        f"""SELECT * FROM {name} WHERE ({keys}{told}) IN (
            SELECT ({keys}{told}) FROM {name} GROUP BY {keys}{told} HAVING count(*) > 1)
        ORDER BY sheet NULLS FIRST, row_number"""
    )
    columns = [item[0] for item in found.description]
    rows = found.fetchall()
    if not rows:
        return
    for row in rows:
        cells = dict(zip(columns, row, strict=True))
        sheet, number = cells.pop("sheet"), cells.pop("row_number")
        cells.pop("row_hash")
        texts = _as_in_the_form(cells, parsed, sheet, stage.feeds.surveys.get(parsed.kind or ""))
        record = joined_key(cells[part] for part in key)
        parsed.quarantined.append(Quarantined(sheet, number, key[0], "KEY_CONFLICT", texts, key=record))
        con.execute(f"DELETE FROM {name} WHERE sheet IS NOT DISTINCT FROM ? AND row_number = ?", [sheet, number])
    parsed.note("KEY_CONFLICT", len(rows), column=key[0])


def _as_in_the_form(
    cells: dict[str, Any], parsed: Parsed, sheet: str | None, survey: SurveyFeed | None
) -> dict[str, str | None]:
    """A typed row under the names and in the order of its form; as it is where the form's header is not known."""
    header = next((h for h in parsed.headers if h.sheet == sheet), None)
    if survey is not None and header is not None:
        return response_cells(survey, [(name, target) for name, target, _ in header.columns], cells)
    texts = {name: None if value is None else str(value) for name, value in cells.items()}
    raw = {"client_id": "client_id_raw"}
    named = [(name, raw.get(target or "", target)) for name, target, _ in header.columns] if header else []
    known = {name: texts[target] for name, target in named if target in texts}
    return known if len(known) > 1 else texts


def write_file(stage: Stage, parsed: Parsed, record: FileRecord, opened: datetime) -> None:
    """Move the staged rows into ``raw`` and write the file's control rows, in one transaction."""
    con = stage.connection
    con.execute("BEGIN TRANSACTION")
    try:
        forget_file(con, stage.feeds, record.file_token)
        for table, staged in stage.tables.items():
            _insert(con, table, staged, record.file_token)
        _write_findings(con, parsed, record.file_token)
        _write_quarantine(con, parsed, record.file_token, opened)
        _write_columns(con, parsed, record.file_token)
        write_record(con, record)
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise


def forget_file(con: Any, feeds: Feeds, token: str) -> None:
    """Remove every row that came from a file (it is about to be read again under other maps)."""
    from assets.ingest.schema import raw_columns

    if con.execute("SELECT count(*) FROM control.files WHERE file_token = ?", [token]).fetchone()[0] == 0:
        return
    for table in raw_columns(feeds):
        con.execute(f"DELETE FROM raw.{table} WHERE file_token = ?", [token])
    for table in ("findings", "quarantine", "file_columns", "files"):
        con.execute(f"DELETE FROM control.{table} WHERE file_token = ?", [token])


def write_record(con: Any, record: FileRecord) -> None:
    """Insert or replace the file's row in ``control.files``."""
    values = [
        record.file_token, record.sha256, record.name, record.kind, record.form_version, record.status, record.reason,
        record.exported_at, record.first_seen, record.loaded_at, record.size, record.rows_read, record.rows_loaded,
        record.rows_quarantined, record.rows_duplicate, record.rows_structural, record.rows_erased, record.map_hash,
        record.first_loaded_at,
    ]  # fmt: skip
    con.execute(f"INSERT OR REPLACE INTO control.files VALUES ({', '.join('?' * len(values))})", values)


def _insert(con: Any, table: str, staged: str, token: str) -> None:
    columns = [row[0] for row in con.execute(f"DESCRIBE {staged}").fetchall()]
    extra = order = ""
    if "row_number" in columns:
        extra = "" if "row_hash" in columns else ", NULL AS row_hash"
        # One order of rows whatever the threads did: the same file always gives the same table. The long table of an
        # SPSS file comes in order from its reader, and sorting its 9 million rows would cost more than reading them.
        if "case_number" not in columns:
            order = "ORDER BY sheet NULLS FIRST, row_number" + (", column_name" if table == "unmapped_cells" else "")
    con.execute(f"INSERT INTO raw.{table} BY NAME SELECT ? AS file_token, *{extra} FROM {staged} {order}", [token])


def _write_findings(con: Any, parsed: Parsed, token: str) -> None:
    rows = [
        (token, sheet, column, code, severity_of(code), n)
        for (sheet, column, code), n in sorted(parsed.findings.items(), key=lambda item: tuple(str(p) for p in item[0]))
    ]
    if not rows:
        return
    table = pa.table(
        {
            name: pa.array([row[i] for row in rows]) if name == "n" else pa.array([row[i] for row in rows], pa.string())
            for i, name in enumerate(("file_token", "sheet", "column_name", "code", "severity", "n"))
        }
    )
    _insert_arrow(con, "control.findings", table)


def severity_of(code: str) -> str:
    """``norm`` for what was settled by rule, ``warn`` for what a person should see."""
    return "norm" if outcome_of(code) == "norm" else "warn"


def _write_quarantine(con: Any, parsed: Parsed, token: str, opened: datetime) -> None:
    if not parsed.quarantined:
        return
    rows = parsed.quarantined
    table = pa.table(
        {
            "quarantine_id": pa.array([_quarantine_id(token, q) for q in rows], pa.string()),
            "file_token": pa.array([token] * len(rows), pa.string()),
            "sheet": pa.array([q.sheet for q in rows], pa.string()),
            "row_number": pa.array([q.row_number for q in rows], pa.int64()),
            "column_name": pa.array([q.column for q in rows], pa.string()),
            "rule_code": pa.array([q.code for q in rows], pa.string()),
            "scope": pa.array([q.scope for q in rows], pa.string()),
            "state": pa.array(["open"] * len(rows), pa.string()),
            "record_key": pa.array([q.key for q in rows], pa.string()),
            "cells": pa.array([json.dumps(q.cells, ensure_ascii=False) for q in rows], pa.string()),
            "opened_at": pa.array([opened] * len(rows), pa.timestamp("us")),
        }
    )
    _insert_arrow(con, "control.quarantine", table)


def _quarantine_id(token: str, row: Quarantined) -> str:
    place = f"{token}|{row.sheet}|{row.row_number}|{row.column}|{row.code}"
    return hashlib.sha256(place.encode()).hexdigest()[:16]


def _write_columns(con: Any, parsed: Parsed, token: str) -> None:
    rows = [
        (header.sheet, header.row, position, name, target, how)
        for header in parsed.headers
        for position, (name, target, how) in enumerate(header.columns, start=1)
    ]
    if not rows:
        return
    table = pa.table(
        {
            "file_token": pa.array([token] * len(rows), pa.string()),
            "sheet": pa.array([r[0] for r in rows], pa.string()),
            "header_row": pa.array([r[1] for r in rows], pa.int64()),
            "position": pa.array([r[2] for r in rows], pa.int32()),
            "name": pa.array([r[3] for r in rows], pa.string()),
            "column_name": pa.array([r[4] for r in rows], pa.string()),
            "how": pa.array([r[5] for r in rows], pa.string()),
        }
    )
    _insert_arrow(con, "control.file_columns", table)


def _insert_arrow(con: Any, target: str, table: pa.Table) -> None:
    con.register("incoming_rows", table)
    try:
        con.execute(f"INSERT INTO {target} BY NAME SELECT * FROM incoming_rows")
    finally:
        con.unregister("incoming_rows")
