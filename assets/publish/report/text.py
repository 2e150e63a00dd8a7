"""Text with italics that HTML and DOCX can both print, and that no label can break out of.

Italics are marked by two private-use characters; a label from outside is stripped of them, so it can be neither markup
for us nor, once escaped, markup for a browser.
"""

import html
import re

_OPEN, _CLOSE = "\ue000", "\ue001"
_MARKS = re.compile(f"[{_OPEN}{_CLOSE}]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_RUNS = re.compile(f"{_OPEN}(.*?){_CLOSE}", re.DOTALL)

DASH = "—"
MINUS = "−"


def clean(text: object) -> str:
    """Make outside text safe to carry: no italics marks, no control characters (XML 1.0 forbids them), one line."""
    return " ".join(_CONTROL.sub("", _MARKS.sub("", str(text))).split())


def em(text: str) -> str:
    """Mark our own text as italic, as APA sets statistical symbols."""
    return f"{_OPEN}{text}{_CLOSE}"


def to_html(text: str) -> str:
    """Escape, then turn the marks into ``<em>``."""
    return html.escape(text, quote=True).replace(_OPEN, "<em>").replace(_CLOSE, "</em>")


def to_plain(text: str) -> str:
    """Drop the marks, for pictures and attributes."""
    return _MARKS.sub("", text)


def runs(text: str) -> list[tuple[str, bool]]:
    """Split into (text, italic) runs, for DOCX."""
    parts = _RUNS.split(text)
    return [(part, index % 2 == 1) for index, part in enumerate(parts) if part]
