"""By which rule each table of the study is computed, in the words of ``docs/statistics.md``."""

import re
from functools import cache
from pathlib import Path

from assets.home import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "statistics.md"
ABOUT_MODELS = {"models": None, "coefficients": None, "diagnostics": ("Linear",), "effect_tests": ("Multinomial",)}
"""Tables that the page's section on models is about too, and which of its points (None: all)."""
ROW = re.compile(r"^\| (`\w+`(?:, `\w+`)*) \| (.+) \|$", re.MULTILINE)


@cache
def rules(page: Path = PAGE) -> dict[str, tuple[str, ...]]:
    """Table of ``study.*`` → its rule, a paragraph each; emphasis and code marks are taken off."""
    text = page.read_text("utf-8")
    found: dict[str, list[str]] = {}
    for names, rule in re.findall(
        r"^\| (`\w+`(?:, `\w+`)*) \| (.+) \|$", _section(text, "## The tables"), re.MULTILINE
    ):
        for name in re.findall(r"\w+", names):
            found.setdefault(name, []).extend([] if rule == "see below" else [_plain(rule)])
    points = [_plain(point) for point in re.split(r"^- ", _section(text, "### Models"), flags=re.MULTILINE)[1:]]
    for name, wanted in ABOUT_MODELS.items():
        found[name] += [point for point in points if wanted is None or point.startswith(wanted)]
    return {name: tuple(told) for name, told in found.items()}


def _section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one of any level."""
    return re.split(r"^#+ ", text.split(f"\n{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def _plain(text: str) -> str:
    return " ".join(re.sub(r"\*\*|`", "", text).split())
