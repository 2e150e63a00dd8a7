"""How a home stands: what an operator wants to know before anything else, as one record of counts, codes and tokens."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb

from assets.encryption import is_encrypted
from assets.errors import ConfigError
from assets.home import Home
from assets.ingest.reasons import sentence
from assets.news import News
from assets.publish.privacy.disk import disk_encryption
from assets.warehouse.database import connect

TO_DO = {
    "held": "look at the export; `outcomes confirm TOKEN` lets it load",
    "rejected": "the note in agency/rejected/ says what to do; mend the file and drop it again",
    "deferred": "nothing: it is looked at again in the next run",
}


@dataclass
class Status:
    """What stands where. ``attention`` is what a person should act on, the most pressing first."""

    home: str
    running: str | None
    news: str
    anything_new: bool
    next_night: str
    build: dict[str, Any] | None = None
    unfinished: dict[str, Any] | None = None
    files: dict[str, int] = field(default_factory=dict)
    waiting_files: list[dict[str, Any]] = field(default_factory=list)
    quarantine: list[dict[str, Any]] = field(default_factory=list)
    checks: dict[str, int] = field(default_factory=dict)
    failed_checks: list[dict[str, Any]] = field(default_factory=list)
    stale_feeds: list[dict[str, Any]] = field(default_factory=list)
    overrides: dict[str, int] = field(default_factory=dict)
    surveys_to_review: int = 0
    encryption: dict[str, str] = field(default_factory=dict)
    follow_up: dict[str, int] = field(default_factory=dict)
    attention: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the record with plain values only."""
        return asdict(self)


def read_status(home: Home, news: News, next_night: datetime, running: str | None) -> Status:
    """Collect the record; ``running`` names the process that writes in the home now, whose database cannot be read.

    A missing or wrong key is the first thing to attend to, not an error: the rest cannot be told without it.
    """
    status = Status(
        home=str(home.root),
        running=running,
        news=news.reason,
        anything_new=news.anything,
        next_night=next_night.isoformat(timespec="minutes"),
        encryption=_encryption(home),
    )
    if running is None and home.work_db.is_file():
        try:
            with connect(home, read_only=True) as connection:
                _read(connection, status)
        except ConfigError as error:
            status.attention = [str(error)]
            return status
    status.attention = _attention(status)
    return status


def _read(connection: duckdb.DuckDBPyConnection, status: Status) -> None:
    tables = {
        f"{schema}.{table}"
        for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
    }
    if "control.builds" in tables:
        status.build, status.unfinished = _builds(connection)
        status.checks, status.failed_checks = _checks(connection)
    if "control.files" in tables:
        _read_files(connection, status)
    if "follow_up.items" in tables:
        status.follow_up = dict(
            connection.execute("select kind, count(*) from follow_up.items group by kind order by kind").fetchall()
        )


def _read_files(connection: duckdb.DuckDBPyConnection, status: Status) -> None:
    status.files = dict(
        connection.execute("select status, count(*) from control.files group by status order by status").fetchall()
    )
    waiting = _records(
        connection,
        "select file_token, coalesce(kind, 'unknown') as kind, status, reason from control.files"
        " where status in ('held', 'rejected', 'deferred') order by status, kind, file_token",
    )
    status.waiting_files = [
        {**row, "means": sentence(row["reason"]) if row["reason"] else "", "to_do": TO_DO[row["status"]]}
        for row in waiting
    ]
    waiting = _records(
        connection,
        "select coalesce(f.kind, 'unknown') as kind, q.rule_code, count(*) as n"
        " from control.quarantine as q left join control.files as f using (file_token)"
        " where q.state = 'open' group by all order by kind, rule_code",
    )
    status.quarantine = [{**row, "means": sentence(row["rule_code"])} for row in waiting]
    status.stale_feeds = _records(
        connection,
        "select f.kind, max(d.n) as days from control.findings as d join control.files as f using (file_token)"
        " where d.code = 'STALE' group by f.kind order by f.kind",
    )
    status.overrides = dict(
        connection.execute("select state, count(*) from control.overrides group by state order by state").fetchall()
    )
    found = connection.execute("select count(*) from control.survey_review").fetchone()
    status.surveys_to_review = int(found[0]) if found else 0


def _records(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _builds(connection: duckdb.DuckDBPyConnection) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The newest published build, and the newest one when that was not published."""
    rows = _records(
        connection,
        "select build_id, started_at, finished_at, status, code_version, left(config_hash, 12) as settings,"
        " content_hash from control.builds order by build_id desc",
    )
    for row in rows:
        for moment in ("started_at", "finished_at"):
            row[moment] = row[moment].replace(tzinfo=UTC).isoformat() if row[moment] else None
    published = next((row for row in rows if row["status"] == "published"), None)
    return published, rows[0] if rows and rows[0] is not published else None


def _checks(connection: duckdb.DuckDBPyConnection) -> tuple[dict[str, int], list[dict[str, Any]]]:
    rows = _records(
        connection,
        "select name, asset, severity, passed, n_failed from control.check_results"
        " qualify row_number() over (partition by name, asset order by build_id desc) = 1"
        " order by severity, asset, name",
    )
    failed = [
        {name: row[name] for name in ("name", "asset", "severity", "n_failed")} for row in rows if not row["passed"]
    ]
    return {"total": len(rows), "passed": len(rows) - len(failed), "not_passed": len(failed)}, failed


def _encryption(home: Home) -> dict[str, str]:
    """The key's state and how each database lies on the disk; no part of a key."""
    known = {True: "encrypted", False: "plain", None: "absent"}
    return {
        "key": "set" if home.key_file else "not set",
        "working_database": known[is_encrypted(home.work_db)],
        "agency_database": known[is_encrypted(home.agency_db)],
        "disk": disk_encryption(home.root) if home.root.exists() else "unknown",
    }


def _attention(status: Status) -> list[str]:
    told = []
    if status.running is None and status.build is None:
        told.append("nothing has been published yet: run `outcomes run`")
    if status.unfinished:
        told.append(f"the newest run ({status.unfinished['build_id']}) did not publish: docs/playbooks/failed-night.md")
    errors = sum(1 for check in status.failed_checks if check["severity"] == "error")
    if errors:
        told.append(f"{errors} checks failed: docs/playbooks/failed-night.md")
    for state, to_do in TO_DO.items():
        n = sum(1 for row in status.waiting_files if row["status"] == state)
        if n and state != "deferred":
            told.append(f"{n} files {state}: {to_do}")
    rows = sum(row["n"] for row in status.quarantine)
    if rows:
        told.append(f"{rows} rows or cells wait in agency/quarantine.xlsx: mend them in the source and export again")
    if status.stale_feeds:
        told.append(f"{len(status.stale_feeds)} feeds are late: ask for a new export")
    for state, why in (("unused", "no longer match what the source says"), ("expired", "are past their date")):
        if status.overrides.get(state):
            told.append(f"{status.overrides[state]} overrides {why}: look at config/overrides.csv")
    if status.surveys_to_review:
        told.append(f"{status.surveys_to_review} surveys match no client: see agency/follow_up.xlsx, then aliases.csv")
    if status.encryption["key"] == "not set" and status.encryption["disk"] != "encrypted":
        told.append("no key is set and the disk is not known to be encrypted: `outcomes keygen`")
    return told
