"""Several choices in one cell: split where the form's separator stands, without breaking labels that hold a comma."""

import re

from assets.ingest.texts import fold

_HARD = re.compile(r"\s*(?:\||;|\r?\n)\s*")


def split_multi(text: str, spellings: dict[str, str]) -> tuple[set[str], bool]:
    """Return the codes named in ``text`` and whether all of it was understood.

    Bars, semicolons and line breaks always separate. A comma separates only between known labels: the longest known
    label
    is taken first, because a label may hold a comma itself. What is in no list becomes the code ``unmapped``.
    """
    codes: set[str] = set()
    clear = True
    for part in _HARD.split(text):
        key = fold(part)
        if not key:
            continue
        if key in spellings:
            codes.add(spellings[key])
            continue
        found, understood = by_commas(part, spellings)
        codes |= found
        clear = clear and understood
    return codes, clear


def by_commas(part: str, spellings: dict[str, str]) -> tuple[set[str], bool]:
    """Return the codes named between commas, longest known label first, and whether all of it was understood."""
    pieces = part.split(",")
    codes: set[str] = set()
    clear = True
    start = 0
    while start < len(pieces):
        for end in range(len(pieces), start, -1):
            key = fold(",".join(pieces[start:end]))
            if key in spellings:
                codes.add(spellings[key])
                start = end
                break
            if not key:
                start = end
                break
        else:
            codes.add("unmapped")
            clear = False
            start += 1
    return codes, clear
