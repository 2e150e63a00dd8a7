"""Table 6: URICA stages by wave."""

from typing import Any

from assets.publish.report import numbers as fmt
from assets.publish.report.context import ReportContext
from assets.publish.report.labels import MAINTENANCE_SENTENCE, Labels, shows_maintenance
from assets.publish.report.records import StudyTables, unique
from assets.publish.report.table import Column, ReportTable, Row, sentences, without_unused
from assets.publish.report.text import em


def stage_table(tables: StudyTables, context: ReportContext, labels: Labels, number: int) -> ReportTable:
    """Build Table 6: one row a stage; per wave the clients in it, their share and their mean readiness."""
    records = tables["urica_stages"]
    waves = unique(row.get("wave") for row in records)
    stages = unique(row.get("stage") for row in records)
    found = {(row.get("wave"), row.get("stage")): row for row in records}
    totals = {wave: _total([row.get("n") for row in records if row.get("wave") == wave]) for wave in waves}
    heads = (em("n"), "%", f"{em('M')} readiness")
    columns = tuple(
        Column(head, f"{labels.wave(wave)} ({em('n')} = {fmt.count(totals[wave])})", optional=head == heads[2])
        for wave in waves
        for head in heads
    )
    known = any(fmt.is_number(row.get("mean_readiness")) for row in records)
    rows = []
    for stage in stages:
        cells: list[str] = []
        for wave in waves:
            row = found.get((wave, stage))
            cells += (
                ["", "", ""]
                if row is None
                else [fmt.count(row.get("n")), fmt.percent(row.get("percent")), fmt.number(row.get("mean_readiness"))]
            )
        rows.append(Row(labels.level("urica_stage", stage), tuple(cells)))
    built = ReportTable(
        anchor=f"table-{number}",
        number=f"Table {number}",
        title="URICA stages of change by wave",
        stub="Stage",
        columns=columns,
        rows=tuple(rows),
        notes=sentences(
            [
                "Readiness is C + A + M − PC (contemplation, action, maintenance, pre-contemplation subscale "
                "means), from −2 to 14."
                if known
                else "",
                MAINTENANCE_SENTENCE if shows_maintenance(stages) else "",
            ],
            context.footnotes_of("urica_stages"),
        ),
        empty="No client has a URICA stage.",
    )
    return without_unused(built)


def _total(counts: list[Any]) -> Any:
    """Add up the counts of a wave; with a hidden one among them there is no total to show."""
    return sum(counts) if all(fmt.is_number(count) for count in counts) else None
