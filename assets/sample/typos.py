"""How staff mistype a client ID: only ways that leave one reading under the ID pattern."""

from collections import Counter
from collections.abc import Callable

TYPOS: dict[str, Callable[[str], str]] = {
    "lower_case": str.lower,
    "leading_blank": lambda text: " " + text,
    "trailing_blank": lambda text: text + " ",
    "lost_dash": lambda text: text.replace("-", ""),
    "other_dash": lambda text: text.replace("-", "–"),
    "lost_padding": lambda text: "TX-" + text[3:].lstrip("0"),
    "letter_o": lambda text: text[:3] + text[3:].replace("0", "O", 1),
    "letter_l": lambda text: text[:3] + text[3:].replace("1", "l", 1),
    "lower_case_lost_dash": lambda text: text.replace("-", "").lower() + " ",
}


def mistyped(client_id: str, used: Counter[str]) -> str:
    """Return the ID mistyped in the way least used so far among those that change it; ``used`` is counted on."""
    able = [kind for kind, typo in TYPOS.items() if typo(client_id) != client_id]
    kind = min(able, key=lambda name: used[name])
    used[kind] += 1
    return TYPOS[kind](client_id)
