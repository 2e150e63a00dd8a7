"""What a person may have meant: the names there are, for a message about one that is not there."""

from collections.abc import Iterable
from difflib import get_close_matches

MANY = 60
"""So many names can be told in a message; of more only their number."""


def instead(wanted: str, known: Iterable[str]) -> str:
    """Tell the names like ``wanted``, e.g. ``did you mean 'age' or 'race'?``; where none is alike, all there are."""
    names = list(known)
    folded = {name.lower(): name for name in reversed(names)}
    near = [folded[match] for match in get_close_matches(wanted.lower(), list(folded), n=3)]
    if not near:
        near = [name for name in names if len(wanted) > 2 and (name.startswith(wanted) or wanted.startswith(name))]
    if near:
        return f"did you mean {' or '.join(map(repr, near))}?"
    return f"there are: {', '.join(names)}" if len(names) <= MANY else f"none of {len(names)} names is like it"
