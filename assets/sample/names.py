"""Names nobody bears: invented syllables, always with the number of their record behind them.

They carry letters that systems lose (ñ, é, ü, ø, an apostrophe), and they are what a leak test looks for: none of these
stems is a word in any language we know.
"""

from random import Random

GIVEN = (
    "Bimtara",
    "Drovelle",
    "Ezquilo",
    "Fennixa",
    "Grömalin",
    "Ishtovay",
    "Lumbreña",
    "Ozzinde",
    "Plétanka",
    "Sivorrin",
)
FAMILY = (
    "Quasperling",
    "Trombañosa",
    "O'Vintlekar",
    "Zwühlbrick",
    "Dastrobel-Ñimm",
    "Kørvendash",
    "Yollifrant",
    "Brezimov-Útkana",
)
STAFF = "Haldrigsworn"
NOTE_WORD = "tirrafinch"
GOAL_WORD = "brambelthrush"
STEMS = (*GIVEN, *FAMILY, STAFF, NOTE_WORD, GOAL_WORD)


def client_name(rng: Random, number: int) -> str:
    """``Bimtara Quasperling-0042``: the number is the client's."""
    return f"{rng.choice(GIVEN)} {rng.choice(FAMILY)}-{number:04d}"


def staff_name(index: int) -> str:
    """``Haldrigsworn-S03``."""
    return f"{STAFF}-S{index + 1:02d}"


def note_token(number: int) -> str:
    """A word that stands in every note of a client and nowhere else."""
    return f"{NOTE_WORD}{number:04d}"


def goal_token(number: int) -> str:
    """A word that stands in some goal texts of a client and nowhere else."""
    return f"{GOAL_WORD}{number:04d}"


def phone(number: int) -> str:
    """A number of the range that is kept free for fiction (555-0100 to 555-0199)."""
    return f"555-01{number % 100:02d}"
