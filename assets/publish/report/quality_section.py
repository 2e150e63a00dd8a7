"""What came in last night: the arithmetic of the files and the outcome of the checks, as tables."""

from collections.abc import Sequence
from typing import Any

from assets.publish.report import numbers as fmt
from assets.publish.report.context import ReportContext
from assets.publish.report.labels import readable
from assets.publish.report.records import Record, to_records, unique
from assets.publish.report.table import Column, ReportTable, Row, without_unused
from assets.publish.report.text import clean

PARTS = ("loaded", "quarantined", "duplicate", "structural", "erased")


def quality_tables(context: ReportContext) -> list[ReportTable]:
    """Build the tables on files, checks, quarantine and corrections; none for the public, to whom the agency's files
    are no business."""
    if context.zone == "public":
        return []
    built = []
    if "files" in context.quality:
        built.append(_files(to_records(context.quality["files"])))
    if "checks" in context.quality:
        built.append(_checks(to_records(context.quality["checks"])))
    if "quarantine_counts" in context.quality:
        built.append(_quarantine(to_records(context.quality["quarantine_counts"])))
    if "override_counts" in context.quality:
        built.append(_overrides(to_records(context.quality["override_counts"])))
    return built


def _rows_of(record: Record, part: str) -> int:
    value: Any = record.get(f"rows_{part}", record.get(part))
    return int(value) if fmt.is_number(value) else 0


def _sum_cells(records: Sequence[Record]) -> tuple[str, ...]:
    read = sum(_rows_of(record, "read") for record in records)
    parts = [sum(_rows_of(record, part) for record in records) for part in PARTS]
    rest = read - sum(parts)
    verdict = "adds up" if rest == 0 else f"{fmt.number(rest, 0)} unaccounted for"
    return (fmt.count(read), *(fmt.count(part) for part in parts), verdict)


def _by_feed(record: Record) -> tuple[bool, str, str]:
    """Sort by feed; what was not recognised comes last."""
    return record.get("kind") is None, str(record.get("kind")), str(record.get("file_token"))


def _files(records: list[Record]) -> ReportTable:
    rows = [
        Row(
            readable(str(record.get("kind") or "not recognised")),
            (
                clean(record.get("file_token") or ""),
                ": ".join(clean(record[key]) for key in ("status", "reason") if record.get(key)),
                *_sum_cells([record]),
            ),
        )
        for record in sorted(records, key=_by_feed)
    ]
    if rows:
        rows.append(Row("All files", ("", "", *_sum_cells(records))))
    heads = ("Read", *(part.capitalize() for part in PARTS))
    return without_unused(
        ReportTable(
            anchor="files",
            number="",
            title="Rows read and where each of them went",
            stub="Feed",
            columns=(
                Column("File token", words=True),
                Column("Status", words=True),
                *(Column(head, "Rows") for head in heads),
                Column("Sum", words=True),
            ),
            rows=tuple(rows),
            notes=(
                "Read = loaded + quarantined + duplicate + structural (titles, headers, totals, blank rows) + "
                "erased on request. A file token is the beginning of the file's content hash; the agency database "
                "tells which file it is.",
            ),
            empty="No file came in.",
        )
    )


def _checks(records: list[Record]) -> ReportTable:
    """One row for all, then one a check that did not pass: a list of what is well would hide what is not."""
    failed = [record for record in records if not record.get("passed")]
    rows = [
        Row(
            readable(str(record.get("name") or "").replace("__", "_")),
            (clean(record.get("asset") or ""), clean(record.get("severity") or ""), fmt.count(record.get("n_failed"))),
        )
        for record in failed
    ]
    assets = len(unique(record.get("asset") for record in records))
    told = f"{fmt.count(len(records))} checks of {fmt.count(assets)} tables have run; "
    told += f"{fmt.count(len(records) - len(failed))} passed"
    return ReportTable(
        anchor="checks",
        number="",
        title="Checks that did not pass",
        stub="Check",
        columns=(Column("Table", words=True), Column("Severity", words=True), Column("Rows concerned")),
        rows=tuple(rows),
        notes=(f"{told}. A check of severity warn does not stop the night; one of severity error does.",),
        empty=f"{told}: none failed." if records else "No check has run.",
    )


def _quarantine(records: list[Record]) -> ReportTable:
    """Whatever columns the counts come with; the last numeric one is the count."""
    names = unique(name for record in records for name in record)
    texts = [name for name in names if not any(fmt.is_number(record.get(name)) for record in records)]
    counts = [name for name in names if name not in texts]
    rows = tuple(
        Row(
            " · ".join(clean(record.get(name) or "") for name in texts if record.get(name)) or "All",
            tuple(fmt.count(record.get(name)) for name in counts),
        )
        for record in records
    )
    return ReportTable(
        anchor="quarantine",
        number="",
        title="Rows and cells set aside, by reason",
        stub=" · ".join(readable(name) for name in texts) or "Reason",
        columns=tuple(Column(readable(name)) for name in counts),
        rows=rows,
        notes=("Nothing set aside is lost: it waits in the agency database with file, sheet and row.",),
        empty="Nothing was set aside.",
    )


def _overrides(records: list[Record]) -> ReportTable:
    """Corrections by feed: those that still correct something, and those that somebody should look at."""
    counts: dict[str, dict[str, int]] = {}
    for record in records:
        feed = counts.setdefault(str(record.get("feed") or ""), {})
        feed[str(record.get("state"))] = _rows_of(record, "n")
    states = ("applied", "unused", "expired")
    rows = [
        Row(readable(feed), tuple(fmt.count(found.get(state, 0)) for state in states))
        for feed, found in sorted(counts.items())
    ]
    return ReportTable(
        anchor="corrections",
        number="",
        title="Corrections of single values",
        stub="Feed",
        columns=tuple(Column(state.capitalize()) for state in states),
        rows=tuple(rows),
        notes=(
            "From config/overrides.csv. Unused: the source no longer says what was to be corrected. "
            "Expired: past the date until which it was to hold.",
        ),
        empty="No value was corrected.",
    )
