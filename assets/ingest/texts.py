"""Comparing what people type: folding for matching only, the text itself is kept as written."""

import re
import unicodedata

INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u00ad"))
"""Zero-width characters and direction marks that Excel and browsers paste along."""
DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-")
BLANKS = " \t\r\n\f\v\u00a0\u2007\u202f\ufeff\u200b"
SPACES = re.compile(r"\s+")


def clean(text: str) -> str:
    """Trim a cell, no-break spaces and byte-order marks included; the inside stays as it is."""
    return text.strip(BLANKS)


def fold(text: str) -> str:
    """Fold a header or label for comparison: case, accents, dashes, runs of blanks, invisible characters, footnote
    stars."""
    plain = unicodedata.normalize("NFKD", text).translate(INVISIBLE).translate(DASHES)
    plain = "".join(char for char in plain if not unicodedata.combining(char)).casefold()
    return SPACES.sub(" ", plain.replace("_", " ")).rstrip(" *:").lstrip()


def slug(text: str) -> str:
    """Turn a label into a code: lower case, underscores."""
    return re.sub(r"[^a-z0-9]+", "_", fold(text)).strip("_")
