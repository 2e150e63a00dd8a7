"""Figure 1: how many clients remain at each step, and why the others do not."""

import textwrap
from typing import Any

from assets.publish.report.context import ReportContext
from assets.publish.report.figure_model import ReportFigure
from assets.publish.report.flow_rows import MAIN, PART, REST, Bar, Block, flow_blocks
from assets.publish.report.labels import Labels
from assets.publish.report.records import StudyTables
from assets.publish.report.svg import ACCENT, HAIR, LIGHT, REMAINDER, SOFT, new_figure, style, to_svg

_WIDTH, _LEFT, _LONGEST = 8.6, 3.3, 4.1  # inches: the figure, where bars begin, the longest bar
_BAR, _LINE, _GAP, _HEADING = 0.16, 0.165, 0.1, 0.36
_COLOURS = {MAIN: ACCENT, PART: LIGHT, REST: REMAINDER}
_LABEL_CHARACTERS, _REASON_CHARACTERS = 46, 74


def flow_figure(tables: StudyTables, context: ReportContext, labels: Labels) -> ReportFigure:
    """Draw one bar a step of ``participant_flow``, its n beside it and the reason below it."""
    blocks = flow_blocks(tables["participant_flow"], tables["models"], labels)
    titles = {block.title for block in blocks}
    left_out = any(kind == REST for block in blocks for bar in block.bars for _, kind in bar.pieces)
    note = [
        "Bars are proportional to their number within each block.",
        "Grey is what was left out." if left_out else "",
        "Scores: clients at the first wave / at the second / at both, which is the dark part of the bar."
        if "Clients with scores" in titles
        else "",
        *context.footnotes_of("participant_flow"),
    ]
    return ReportFigure(
        anchor="figure-1",
        number="Figure 1",
        title="Clients at each step of the study",
        svg=_draw(blocks) if blocks else "",
        note=" ".join(sentence for sentence in note if sentence),
        empty="The flow of clients was not recorded.",
    )


def _label(bar: Bar) -> list[str]:
    return textwrap.wrap(bar.label, _LABEL_CHARACTERS) or [""]


def _below(bar: Bar) -> list[str]:
    return textwrap.wrap(bar.below, _REASON_CHARACTERS)


def _height(bar: Bar) -> float:
    below = _BAR + 0.04 + _LINE * 0.9 * len(_below(bar)) if bar.below else _BAR
    return max(_LINE * len(_label(bar)), below) + _GAP


def _draw(blocks: list[Block]) -> str:
    total = sum(_HEADING + sum(_height(bar) for bar in block.bars) for block in blocks) + 0.05
    with style():
        figure = new_figure(_WIDTH, total)
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        axes.set_xlim(0, _WIDTH)
        axes.set_ylim(total, 0)
        top = 0.05
        for block in blocks:
            axes.text(0.02, top + 0.08, block.title, va="top", fontweight="bold")
            top += _HEADING
            for bar in block.bars:
                _bar(axes, bar, top, _LONGEST / block.largest)
                top += _height(bar)
        told = "; ".join(f"{bar.label}: {bar.told}" for block in blocks for bar in block.bars)
        return to_svg(figure, "figure-1", f"Clients at each step. {told}.")


def _bar(axes: Any, bar: Bar, top: float, scale: float) -> None:
    from matplotlib.patches import Rectangle

    axes.text(_LEFT - 0.12, top - 0.005, "\n".join(_label(bar)), ha="right", va="top", fontsize=9.5, linespacing=1.1)
    axes.add_patch(Rectangle((_LEFT, top), _LONGEST, _BAR, facecolor=HAIR, alpha=0.4, linewidth=0))
    at = _LEFT
    for n, kind in bar.pieces:
        axes.add_patch(Rectangle((at, top), n * scale, _BAR, facecolor=_COLOURS[kind], linewidth=0))
        at += n * scale
    axes.text(_LEFT + _LONGEST + 0.08, top - 0.01, bar.told, va="top", fontsize=9.5, fontweight="bold")
    if bar.below:
        axes.text(_LEFT, top + _BAR + 0.03, "\n".join(_below(bar)), va="top", fontsize=8.5, color=SOFT)
