"""The published minimal data set beside the derived one: agreement by variable and differences by reason."""

from collections.abc import Iterable, Sequence

from assets.publish.report import numbers as fmt
from assets.publish.report.context import ReportContext
from assets.publish.report.labels import Labels
from assets.publish.report.records import Record, to_records
from assets.publish.report.table import Column, ReportTable, Row
from assets.warehouse.reconcile import Difference

REASONS = {
    "n_rounded": ("Rounded", "no further apart than two printed decimals tell"),
    "n_differs": ("Different", "both sides have a value, and they differ"),
    "n_only_published": ("Only published", "the data set has a value where nothing is derived"),
    "n_only_derived": ("Only derived", "a value is derived where the data set has none"),
}


def reconciliation_tables(context: ReportContext, labels: Labels) -> tuple[ReportTable, ...]:
    """Build both tables; none outside the agency zone, and none when no data set was compared."""
    rows = to_records(context.reconciliation.get("agreement"))
    if context.zone != "agency" or not rows:
        return ()
    links = next(iter(to_records(context.reconciliation.get("links"))), {})
    return _agreement(rows, links, labels), _differences(rows)


def by_reason(differences: Iterable[Difference]) -> list[str]:
    """One line a reason that occurs: how many values, what it means, which variables of the data set."""
    found: dict[str, list[str]] = {}
    for difference in differences:
        found.setdefault(f"n_{difference.reason}", []).append(difference.variable)
    return [
        f"{len(found[key]):>5}  {label.lower()}: {text} ({', '.join(dict.fromkeys(found[key]))})"
        for key, (label, text) in REASONS.items()
        if key in found
    ]


def _agreement(rows: Sequence[Record], links: Record, labels: Labels) -> ReportTable:
    shown = [
        Row(
            labels.variable(str(row["column"])),
            (
                str(row["variable"]),
                fmt.count(row["n_both"]),
                fmt.count(row["n_equal"]),
                *(fmt.count(row[name]) for name in REASONS),
                fmt.number(row["max_difference"], 4) if row["n_equal"] != row["n_both"] else "",
            ),
        )
        for row in rows
    ]
    told = (
        f"{fmt.count(links.get('n_linked'))} of {fmt.count(links.get('n_cases'))} cases could be told to be one of"
        f" {fmt.count(links.get('n_clients'))} clients. A case is linked where it agrees with one client plainly more"
        " than with any other; the others are not compared."
    )
    return ReportTable(
        anchor="agreement",
        number="",
        title="Published values beside derived ones, by variable",
        stub="Variable",
        columns=(
            Column("In the data set", words=True),
            Column("Both known", "Values"),
            Column("Equal", "Values"),
            *(Column(label, "Values") for label, _ in REASONS.values()),
            Column("Largest difference", optional=True),
        ),
        rows=tuple(shown),
        notes=(told,),
    )


def _differences(rows: Sequence[Record]) -> ReportTable:
    shown = [
        Row(
            label,
            (
                fmt.count(sum(row[name] for row in rows)),
                ", ".join(str(row["variable"]) for row in rows if row[name]),
            ),
        )
        for name, (label, _) in REASONS.items()
        if any(row[name] for row in rows)
    ]
    return ReportTable(
        anchor="differences",
        number="",
        title="Differences by reason",
        stub="Reason",
        columns=(Column("Values"), Column("Variables", words=True)),
        rows=tuple(shown),
        notes=(
            "; ".join(f"{label}: {text}" for label, text in REASONS.values())
            + ". Case and client of each are in `reconciliation.differences` of the agency database."
            " `outcomes reconcile` tells whether another definition would have given the published values.",
        ),
        empty="Every value known on both sides is equal, and no value is known on one side only.",
    )
