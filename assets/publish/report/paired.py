"""Figure 2: scores of the clients assessed at both waves."""

import re
import textwrap
from collections.abc import Sequence
from typing import Any

from assets.publish.report import numbers as fmt
from assets.publish.report.context import ReportContext
from assets.publish.report.figure_model import ReportFigure
from assets.publish.report.labels import Labels
from assets.publish.report.records import Record, StudyTables, to_records, unique
from assets.publish.report.svg import ACCENT, SOFT, new_figure, style, to_svg

_ACROSS = 3
_PANEL = (2.85, 2.5)  # inches
_TITLE_WIDTH = 32  # characters
_NO_TEST: Record = {}

RANGES = {r"mspss.*": (1.0, 7.0), r"cope_se|copse": (0.0, 260.0), r"urica_readiness": (-2.0, 14.0)}
"""The scales' own ranges, so that panels of one instrument can be compared; a score outside (a sum, say) frees the
axis."""


def paired_figure(tables: StudyTables, context: ReportContext, labels: Labels) -> ReportFigure:
    """Draw one panel a scale: mean and standard deviation at each wave, and in the agency zone a line for each
    client."""
    matched = [row for row in tables["scale_scores"] if row.get("matched") and fmt.is_number(row.get("mean"))]
    tested = {row.get("name") for row in tables["paired_tests"]}
    scales = [
        scale
        for scale in unique(row.get("scale") for row in matched)
        if _waves(matched, scale) and (not tested or scale in tested)
    ]
    lines = to_records(context.pairs) if context.shows_single_clients else []
    what = "Points are means, bars one standard deviation to each side, of the clients assessed at both waves."
    if lines:
        what += " Each thin line is one client."
    return ReportFigure(
        anchor="figure-2",
        number="Figure 2",
        title="Scores of the clients assessed at both waves",
        svg=_draw(scales, matched, lines, tables, labels) if scales else "",
        note=f"{what} z and p are of the Wilcoxon signed-rank tests.",
        empty="No scale has clients assessed at both waves.",
    )


def _waves(matched: list[Record], scale: Any) -> list[Record]:
    """The two waves of a scale in their order; nothing unless there are two with clients."""
    rows = [row for row in matched if row.get("scale") == scale and row.get("n")]
    return rows[:2] if len(rows) >= 2 else []


def _draw(
    scales: Sequence[Any], matched: list[Record], lines: list[Record], tables: StudyTables, labels: Labels
) -> str:
    down = -(-len(scales) // _ACROSS)
    across = min(_ACROSS, len(scales))
    tests = {row.get("name"): row for row in tables["paired_tests"]}
    told = []
    with style():
        figure = new_figure(8.6, _PANEL[1] * down + 0.15)
        grid = figure.add_gridspec(
            down,
            across,
            left=0.07,
            right=0.985,
            top=1 - 0.42 / (_PANEL[1] * down),
            bottom=0.33 / (_PANEL[1] * down),
            wspace=0.3,
            hspace=0.55,
        )
        for index, scale in enumerate(scales):
            axes = figure.add_subplot(grid[index // across, index % across])
            waves = _waves(matched, scale)
            own = [row for row in lines if row.get("pair") == scale]
            _panel(axes, waves, own, labels)
            test = tests.get(scale, _NO_TEST)
            title = labels.variable(scale)
            phrase = _phrase(waves, test)
            axes.text(
                0,
                1.13,
                textwrap.shorten(title, _TITLE_WIDTH, placeholder=" …"),
                transform=axes.transAxes,
                fontsize=9.5,
                fontweight="bold",
            )
            axes.text(0, 1.04, phrase, transform=axes.transAxes, fontsize=9)
            _limits(axes, str(scale), waves, own)
            means = " to ".join(fmt.number(row["mean"]) for row in waves)
            told.append(f"{title}: mean {means}, {phrase}")
        return to_svg(figure, "figure-2", "Scores at both waves. " + "; ".join(told) + ".")


def _phrase(waves: list[Record], test: Record) -> str:
    n = fmt.count(waves[0].get("n"))
    if not fmt.is_number(test.get("z")):
        return f"n = {n}"
    return f"n = {n}, z = {fmt.number(test.get('z'))}, p {fmt.p_phrase(test.get('p'))}"


def _panel(axes: Any, waves: list[Record], lines: list[Record], labels: Labels) -> None:
    for row in lines:
        if fmt.is_number(row.get("t0")) and fmt.is_number(row.get("t6")):
            axes.plot([0, 1], [row["t0"], row["t6"]], color=SOFT, alpha=0.28, linewidth=0.8)
    means = [float(row["mean"]) for row in waves]
    spreads = [float(row["sd"]) if fmt.is_number(row.get("sd")) else 0.0 for row in waves]
    axes.errorbar([0, 1], means, yerr=spreads, color=ACCENT, marker="o", markersize=6, linewidth=2, capsize=4, zorder=3)
    for at, mean in enumerate(means):
        side = -1 if at == 0 else 1
        axes.annotate(
            fmt.number(mean),
            (at, mean),
            xytext=(8 * side, 0),
            textcoords="offset points",
            ha="right" if at == 0 else "left",
            va="center",
            fontsize=8.5,
        )
    axes.set_xlim(-0.75, 1.75)
    axes.set_xticks([0, 1], [labels.wave(row.get("wave")) for row in waves])
    axes.tick_params(length=0, axis="x")
    axes.locator_params(axis="y", nbins=5)


def _limits(axes: Any, scale: str, waves: list[Record], lines: list[Record]) -> None:
    known = next((limits for name, limits in RANGES.items() if re.fullmatch(name, scale)), None)
    if known is None:
        return
    shown = [row["mean"] for row in waves] + [
        row[wave] for row in lines for wave in ("t0", "t6") if fmt.is_number(row.get(wave))
    ]
    if all(known[0] <= value <= known[1] for value in shown):
        pad = (known[1] - known[0]) * 0.04
        axes.set_ylim(known[0] - pad, known[1] + pad)
