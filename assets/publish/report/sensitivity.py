"""The multiverse of definitions as a page for evaluators: which findings hang on a definition, and on which."""

from collections.abc import Mapping, Sequence
from typing import Any

from assets.publish.report import numbers as fmt
from assets.publish.report.context import ReportContext
from assets.publish.report.figure_model import ReportFigure
from assets.publish.report.page import Section, page
from assets.publish.report.records import Record, to_records, unique
from assets.publish.report.table import Column, ReportTable, Row
from assets.publish.report.text import em

IN_FORCE = "(in force)"
CHANGES = ("changes sign", "loses significance", "gains significance", "not estimable", "only here")


def render_sensitivity(table: Any, svg: str, context: ReportContext) -> str:
    """Return one self-contained HTML page; ``table`` is the sensitivity table, ``svg`` its plot."""
    rows = to_records(table)
    tested, described = _by_finding(rows, tested=True), _by_finding(rows, tested=False)
    ours = [found for found in tested.values() if found[0]["definition"] == IN_FORCE and found[0]["p"] is not None]
    others = len(unique(row["definition"] for row in rows)) - 1
    stable = sum(1 for found in ours if not _moved(found))
    points = (
        f"{fmt.count(others)} other definitions were tried, one at a time, on the same data.",
        f"{fmt.count(stable)} of {fmt.count(len(ours))} findings with a test keep their sign and their side of"
        f" {em('p')} = .05 under every one of them.",
        "A finding that changes is no error: it says on which definition the conclusion hangs.",
    )
    figure = ReportFigure(
        anchor="grid", number="", title="Every finding under every definition", svg=svg,
        note="A cell says sign and p, or n.e. (not estimable). Estimates have the units of their definition and are in"
        " sensitivity.csv.",
    )  # fmt: skip
    sections = [
        Section("summary", "At a glance", points=points),
        Section("findings", "Findings", (_findings(tested), figure)),
        Section("means", "Means and shares", (_means(described),)),
    ]
    return page(context, sections)


def _by_finding(rows: Sequence[Record], *, tested: bool) -> dict[str, list[Record]]:
    """Finding → its rows, the one in force first; those with a test somewhere, or those without any."""
    found: dict[str, list[Record]] = {}
    for row in rows:
        found.setdefault(str(row["finding"]), []).append(row)
    return {name: mine for name, mine in found.items() if any(row["p"] is not None for row in mine) is tested}


def _moved(rows: Sequence[Record]) -> list[Record]:
    return [row for row in rows if row["verdict"] in CHANGES]


def _findings(found: Mapping[str, list[Record]]) -> ReportTable:
    shown = []
    for name, rows in found.items():
        ps = [row["p"] for row in rows if row["p"] is not None]
        changes = "; ".join(f"{row['definition']}: {row['verdict']}" for row in _moved(rows))
        first = rows[0] if rows[0]["definition"] == IN_FORCE else {"n": None, "estimate": None, "p": None}
        cells = (fmt.count(first["n"]), fmt.number(first["estimate"], 3), fmt.p_value(first["p"]))
        shown.append(Row(name, (*cells, fmt.p_value(min(ps)), fmt.p_value(max(ps)), changes or "none")))
    return ReportTable(
        anchor="verdicts",
        number="",
        title="What another definition does to each finding",
        stub="Finding",
        columns=(
            Column("n", "In force"), Column("Estimate", "In force"), Column("p", "In force"),
            Column("Smallest", "p under any definition"), Column("Largest", "p under any definition"),
            Column("Definitions that change it", words=True),
        ),
        rows=tuple(shown),
    )  # fmt: skip


def _means(found: Mapping[str, list[Record]]) -> ReportTable:
    """Means and shares that some definition moves; the others are the same under all."""
    shown = []
    for name, rows in found.items():
        moved = [row for row in rows[1:] if row["verdict"] != "unchanged" and row["estimate"] is not None]
        if moved:
            told = "; ".join(f"{row['definition']}: {fmt.number(row['estimate'], 2)} (n = {row['n']})" for row in moved)
            shown.append(Row(name, (fmt.count(rows[0]["n"]), fmt.number(rows[0]["estimate"], 2), told)))
    return ReportTable(
        anchor="moved",
        number="",
        title="Means and shares that a definition moves",
        stub="Variable",
        columns=(Column("n"), Column("In force"), Column("Under other definitions", words=True)),
        rows=tuple(shown),
        empty="No definition moves any mean.",
    )
