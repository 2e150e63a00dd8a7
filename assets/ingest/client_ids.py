"""The normal form of a client ID, for matching only: what was typed is kept beside it."""

import re
import unicodedata

from assets.ingest.config import ClientIdRule
from assets.ingest.texts import DASHES, INVISIBLE

LOOK_ALIKE_DIGITS = {"O": "0", "Q": "0", "I": "1", "L": "1", "|": "1"}
"""Read as digits only where the pattern demands a digit: ``Q`` and ``|`` come from hand-typed survey fields."""
SCIENTIFIC = re.compile(r"^\d(\.\d+)?E\+?\d+$", re.IGNORECASE)


def normalise_client_id(text: str | None, rule: ClientIdRule) -> str | None:
    """Give the one canonical ID that ``text`` can be read as, or None where none or more than one fits.

    Trimmed, upper-cased, invisible characters and blanks removed, dashes unified or put back, look-alikes undone
    (O/0, l/1)
    where the pattern wants a digit, zeros padded or surplus leading zeros dropped, a spreadsheet's ``.0`` dropped.
    A bare number is no ID of an agency whose IDs carry a prefix: it waits for a person.
    """
    if text is None or any(unicodedata.category(char) == "No" for char in text):
        return None  # a footnote's small 2 behind an ID is no digit of it
    plain = unicodedata.normalize("NFKC", text).translate(INVISIBLE).translate(DASHES)
    plain = re.sub(r"\s+", "", plain).upper()
    prefix = rule.prefix.upper()
    if not plain.startswith(prefix):
        return None
    rest = plain[len(prefix) :].lstrip("-_")
    rest = re.sub(r"(?<=\d)\.0+$", "", rest)
    digits = "".join(LOOK_ALIKE_DIGITS.get(char, char) for char in rest)
    if not re.fullmatch(r"[0-9]+", digits) or not any(char.isdigit() for char in rest):
        return None
    number = digits.lstrip("0")
    if not number or len(number) > rule.digits:
        return None
    return f"{rule.prefix}-{number.rjust(rule.digits, '0')}"


def is_damaged_id(text: str) -> bool:
    """True where a spreadsheet has destroyed digits: scientific notation, or more than 15 digits."""
    plain = text.strip()
    return bool(SCIENTIFIC.match(plain)) or (plain.replace(".", "").isdigit() and len(plain.split(".")[0]) > 15)
