"""Figure 3: the models' coefficients with their 95 % confidence intervals."""

import textwrap
from dataclasses import dataclass
from typing import Any

from assets.publish.report import numbers as fmt
from assets.publish.report.context import ReportContext
from assets.publish.report.figure_model import ReportFigure
from assets.publish.report.labels import MAINTENANCE_SENTENCE, Labels, shows_maintenance
from assets.publish.report.records import Record, StudyTables, unique
from assets.publish.report.svg import ACCENT, HAIR, SECOND, SOFT, new_figure, style, to_svg
from assets.publish.report.text import to_plain

_ROW, _TWO_ESTIMATES, _LINE = 0.27, 0.38, 0.145  # inches: a coefficient, two of them, a line of its label
_LABEL_WIDTH, _TITLE_WIDTH = 31, 88  # characters
_OPEN_POINTS = {"firth": "Firth", "fiml": "full information maximum likelihood"}
_ODDS_LIMITS = (0.01, 100.0)


@dataclass(frozen=True)
class Estimate:
    """One point of the forest with the ends of its interval, on the scale of its panel."""

    label: str
    method: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Panel:
    """One model, or one equation of a multinomial; ``odds`` panels have a logarithmic axis and their line at 1."""

    title: str
    odds: bool
    estimates: tuple[Estimate, ...]
    labels: tuple[str, ...]


def forest_figure(tables: StudyTables, context: ReportContext, labels: Labels) -> ReportFigure:
    """Draw standardised coefficients of the linear models and odds ratios of the multinomial ones."""
    panels = [panel for model in tables["models"] for panel in _panels(tables, context, labels, model)]
    equations = [row.get("equation") for row in tables["coefficients"]]
    odds = any(panel.odds for panel in panels)
    methods = {estimate.method for panel in panels for estimate in panel.estimates}
    open_points = [word for method, word in _OPEN_POINTS.items() if method in methods]
    note = [
        "Linear models: standardised coefficients β with the 95% interval of B brought to the same scale."
        if any(not panel.odds for panel in panels)
        else "",
        "Multinomial models: odds ratios (OR) on a logarithmic axis; an odds ratio compares odds, not probabilities, "
        "and depends on the unit of its predictor."
        if odds
        else "",
        f"Open points are {' and '.join(open_points)} estimates." if open_points else "",
        "An arrow tells that the interval goes on beyond the axis." if _cut(panels) else "",
        MAINTENANCE_SENTENCE if odds and shows_maintenance(equations) else "",
    ]
    return ReportFigure(
        anchor="figure-3",
        number="Figure 3",
        title="Coefficients of the models with 95% confidence intervals",
        svg=_draw(panels) if panels else "",
        note=" ".join(sentence for sentence in note if sentence),
        empty="No model has finite coefficients.",
    )


def _cut(panels: list[Panel]) -> bool:
    odds = [estimate for panel in panels if panel.odds for estimate in panel.estimates]
    return any(estimate.low < _ODDS_LIMITS[0] or estimate.high > _ODDS_LIMITS[1] for estimate in odds)


def _panels(tables: StudyTables, context: ReportContext, labels: Labels, model: Record) -> list[Panel]:
    name, outcome = str(model.get("model")), model.get("outcome")
    records = [row for row in tables.of_model("coefficients", name) if row.get("term") != "intercept"]
    odds = model.get("family") == "multinomial"
    title = labels.model(name, outcome)
    panels = []
    for equation in unique(row.get("equation") for row in records):
        part = [row for row in records if row.get("equation") == equation]
        estimates = [_odds(row, labels) if odds else _standardised(row, labels) for row in part]
        drawn = tuple(estimate for estimate in estimates if estimate is not None)
        head = f"{title}: {labels.level(outcome, equation)}" if equation is not None else title
        reference = context.references.get(name)
        if equation is not None and reference is not None:
            head += f" versus {labels.level_inline(outcome, reference)}"
        head += f" ({'OR' if odds else 'β'}, n = {fmt.count(model.get('n'))})"
        if drawn:
            panels.append(Panel(to_plain(head), odds, drawn, tuple(unique(estimate.label for estimate in drawn))))
    return panels


def _standardised(row: Record, labels: Labels) -> Estimate | None:
    numbers = [row.get(key) for key in ("b", "beta", "ci_low", "ci_high")]
    if not all(fmt.is_number(value) for value in numbers) or numbers[0] == 0:
        return None
    b, beta, low, high = (float(value) for value in numbers if fmt.is_number(value))
    scale = beta / b
    return Estimate(labels.term(row.get("term")), str(row.get("method")), beta, low * scale, high * scale)


def _odds(row: Record, labels: Labels) -> Estimate | None:
    numbers = [row.get(key) for key in ("exp_b", "exp_ci_low", "exp_ci_high")]
    if not all(fmt.is_number(number) and number > 0 for number in numbers):
        return None
    value, low, high = (float(number) for number in numbers if fmt.is_number(number))
    return Estimate(labels.term(row.get("term")), str(row.get("method")), value, low, high)


def _draw(panels: list[Panel]) -> str:
    heights = [_row_height(panel) * len(panel.labels) + 0.72 for panel in panels]
    total = sum(heights) + 0.1
    with style():
        figure = new_figure(8.6, total)
        top = total - 0.02
        for panel, height in zip(panels, heights, strict=True):
            box = (0.29, (top - height + 0.37) / total, 0.47, (height - 0.72 + 0.02) / total)
            _panel(figure.add_axes(box), panel)
            top -= height
        told = "; ".join(
            f"{panel.title}: " + ", ".join(f"{e.label} {_words(panel, e)}" for e in panel.estimates) for panel in panels
        )
        return to_svg(figure, "figure-3", f"Coefficients. {told}.")


def _wrapped(label: str) -> list[str]:
    return textwrap.wrap(label, _LABEL_WIDTH) or [""]


def _row_height(panel: Panel) -> float:
    lines = max(len(_wrapped(label)) for label in panel.labels)
    several = len(panel.estimates) > len(panel.labels)
    return max(_ROW, _TWO_ESTIMATES if several else 0.0, _LINE * lines + 0.1)


def _words(panel: Panel, estimate: Estimate) -> str:
    decimals = fmt.decimals_for((estimate.high - estimate.low) / 4) if panel.odds else 2
    return f"{fmt.number(estimate.value, decimals)} {fmt.interval(estimate.low, estimate.high, decimals)}"


def _panel(axes: Any, panel: Panel) -> None:
    title = textwrap.shorten(panel.title, _TITLE_WIDTH, placeholder=" …")  # the whole of it stands above the table
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold", x=-0.6)
    if panel.odds:
        axes.set_xscale("log")
    limits = _limits(panel)
    axes.set_xlim(*limits)
    axes.set_ylim(len(panel.labels) - 0.5, -0.5)
    axes.axvline(1.0 if panel.odds else 0.0, color=SOFT, linewidth=0.9)
    axes.set_yticks(
        range(len(panel.labels)),
        ["\n".join(_wrapped(label)) for label in panel.labels],
        fontsize=9,
        linespacing=1.0,
    )
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=HAIR, linewidth=0.6)
    axes.set_axisbelow(True)
    _ticks(axes, panel.odds, limits)
    methods = {label: [e.method for e in panel.estimates if e.label == label] for label in panel.labels}
    for estimate in panel.estimates:
        row = panel.labels.index(estimate.label)
        several = methods[estimate.label]
        shift = 0.0 if len(several) == 1 else (several.index(estimate.method) - (len(several) - 1) / 2) * 0.34
        _point(axes, estimate, row + shift, limits)
        axes.annotate(
            _words(panel, estimate),
            (1.02, row + shift),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8.5 if len(several) == 1 else 8,
            annotation_clip=False,
        )


def _ticks(axes: Any, odds: bool, limits: tuple[float, float]) -> None:
    """Few ticks at round numbers: drawing ticks is the larger part of a figure's cost."""
    from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

    if not odds:
        axes.xaxis.set_major_locator(MaxNLocator(6))
        return
    steps = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
    shown = [step for step in steps if limits[0] <= step <= limits[1]]
    if len(shown) > 7:
        shown = [step for step in shown if step in {0.01, 0.1, 1.0, 10.0, 100.0}]
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")


def _limits(panel: Panel) -> tuple[float, float]:
    """Room for all intervals, zero or one in the middle of things; odds are cut at 1/100 and 100."""
    lows, highs = [e.low for e in panel.estimates], [e.high for e in panel.estimates]
    if panel.odds:
        low, high = max(min([*lows, 0.8]), _ODDS_LIMITS[0]), min(max([*highs, 1.25]), _ODDS_LIMITS[1])
        return low / 1.1, high * 1.1
    low, high = min([*lows, -0.1]), max([*highs, 0.1])
    pad = (high - low) * 0.04
    return low - pad, high + pad


def _point(axes: Any, estimate: Estimate, at: float, limits: tuple[float, float]) -> None:
    colour = SECOND if estimate.method in _OPEN_POINTS else ACCENT
    low, high = max(estimate.low, limits[0]), min(estimate.high, limits[1])
    if low < high:
        axes.plot([low, high], [at, at], color=colour, linewidth=1.6, solid_capstyle="butt")
    if limits[0] <= estimate.value <= limits[1]:
        face = "white" if estimate.method in _OPEN_POINTS else colour
        axes.plot([estimate.value], [at], marker="o", markersize=5.5, color=colour, markerfacecolor=face)
    for end, cut, marker in ((estimate.low, limits[0], "<"), (estimate.high, limits[1], ">")):
        if (end < cut) if marker == "<" else (end > cut):
            axes.plot([cut], [at], marker=marker, markersize=5.5, color=colour, clip_on=False)
