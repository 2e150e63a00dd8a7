"""Figure 1: how many clients remain at each step, and why the others do not."""

import textwrap

from assets.publish.report import numbers as fmt
from assets.publish.report.context import ReportContext
from assets.publish.report.figure_model import ReportFigure
from assets.publish.report.labels import Labels
from assets.publish.report.records import Record, StudyTables
from assets.publish.report.svg import ACCENT, HAIR, SOFT, new_figure, style, to_svg
from assets.publish.report.text import clean

_LINE = 0.17  # inches a line of text
_LABEL_WIDTH, _REASON_WIDTH = 36, 78  # characters


def flow_figure(tables: StudyTables, context: ReportContext, labels: Labels) -> ReportFigure:
    """Draw one bar a step of ``participant_flow``, its n beside it and the reason below it."""
    records = [row for row in tables["participant_flow"] if fmt.is_number(row.get("n"))]
    note = " ".join(context.footnotes.get("participant_flow", ()))
    return ReportFigure(
        anchor="figure-1",
        number="Figure 1",
        title="Clients at each step of the study",
        svg=_draw(records, labels) if records else "",
        note=f"Bars are proportional to the number of clients. {note}".strip(),
        empty="The flow of clients was not recorded.",
    )


def _draw(records: list[Record], labels: Labels) -> str:
    from matplotlib.patches import Rectangle

    steps = [textwrap.wrap(labels.variable(row.get("step")), _LABEL_WIDTH) or [""] for row in records]
    reasons = [textwrap.wrap(clean(row.get("reason") or ""), _REASON_WIDTH) for row in records]
    heights = [
        max(_LINE * len(step), _LINE * (1.35 + len(reason)) if reason else 0.0) + 0.2
        for step, reason in zip(steps, reasons, strict=True)
    ]
    total = sum(heights)
    largest = max(float(row["n"]) for row in records) or 1.0
    with style():
        figure = new_figure(8.6, total + 0.1)
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        axes.set_xlim(0, 8.6)
        axes.set_ylim(total + 0.1, 0)
        top = 0.1
        left, longest = 2.75, 4.9
        for row, step, reason, height in zip(records, steps, reasons, heights, strict=True):
            width = longest * float(row["n"]) / largest
            axes.text(left - 0.15, top, "\n".join(step), ha="right", va="top", linespacing=1.15)
            axes.add_patch(Rectangle((left, top), longest, 0.17, facecolor=HAIR, alpha=0.45, linewidth=0))
            axes.add_patch(Rectangle((left, top), width, 0.17, facecolor=ACCENT, linewidth=0))
            axes.text(left + longest + 0.1, top, fmt.count(row["n"]), ha="left", va="top", fontweight="bold")
            if reason:
                axes.text(left, top + 0.24, "\n".join(reason), ha="left", va="top", fontsize=8.5, color=SOFT)
            top += height
        told = "; ".join(f"{labels.variable(row.get('step'))}: {fmt.count(row['n'])}" for row in records)
        return to_svg(figure, "figure-1", f"Clients at each step. {told}.")
