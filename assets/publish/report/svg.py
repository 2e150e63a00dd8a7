"""One matplotlib figure as SVG that can stand inside an HTML page: same bytes for the same numbers, nothing from
outside."""

import io
import re
from typing import Any

_HEAD = re.compile(r"^.*?(?=<svg\b)", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_NAMESPACES = re.compile(r'\s+xmlns(?::\w+)?="[^"]*"')
_SIZE = re.compile(
    r'(<svg\b[^>]*?)\s+width="[^"]*"([^>]*?)\s+height="[^"]*"|(<svg\b[^>]*?)\s+height="[^"]*"([^>]*?)\s+width="[^"]*"'
)
_IDS = re.compile(r'(\bid="|href="#|url\(#)')

INK, SOFT, HAIR = "#1a1a1a", "#555555", "#d9d9d9"
ACCENT, LIGHT, REMAINDER, SECOND = "#0b4f8a", "#8db4d8", "#8c8c8c", "#b4530a"

STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "outcomes-warehouse",
    "font.family": "sans-serif",
    "font.size": 10.0,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.titlesize": 10.0,
    "axes.unicode_minus": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "text.parse_math": False,
}


def new_figure(width: float, height: float) -> Any:
    """Make a figure of so many inches that only the SVG writer knows; call it inside ``style()``."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout=None)


def style() -> Any:
    """Return the context in which figures are drawn: matplotlib's defaults and ours, whatever a user's matplotlibrc
    says."""
    import matplotlib

    return matplotlib.rc_context({**matplotlib.rcParamsDefault, "backend": "svg", **STYLE})


def to_svg(figure: Any, prefix: str, description: str) -> str:
    """Write a figure as an ``<svg>`` element; ``prefix`` keeps its ids apart from those of other figures on the
    page."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    out = io.StringIO()
    FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = _METADATA.sub("", _HEAD.sub("", out.getvalue(), count=1))
    text = _NAMESPACES.sub("", text).replace("xlink:href=", "href=")
    text = _IDS.sub(rf"\g<1>{prefix}-", text)
    import html

    return text.replace("<svg", f'<svg role="img" aria-label="{html.escape(description, quote=True)}"', 1)
