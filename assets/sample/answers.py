"""Answers to the three instruments, with mild true effects, so that the study's models have something to find.

Effects (per unit): MSPSS composite +0.09 a goal set, −0.30 outlying county, −0.25 minority; Cop-SE +11 confirmed,
−0.45 a month of service, −14 minority; readiness rises with both scores. The rest is noise of the
size the study reports.
"""

from dataclasses import dataclass
from random import Random

from assets.sample.people import Person
from assets.sample.shape import DAYS_PER_MONTH, MISSING_CODE, URICA_SUBSCALES

CONTEMPLATION_SHARE, ACTION_SHARE = 29 / 51, 4 / 51
STAGE_THIRDS = {0: (13, 24), 1: (25, 33), 2: (34, 40)}
"""Lowest and highest readiness of a stage, in thirds of a point."""


@dataclass
class Level:
    """True levels of one client at one wave: MSPSS 1-7, Cop-SE 0-260, readiness in thirds (None: not a respondent)."""

    support: float
    coping: float
    thirds: int | None


def true_levels(rng: Random, people: list[Person]) -> dict[str, tuple[Level, Level]]:
    """Draw (0-month, 6-month) levels by client ID; stages at 0 months meet the study's shares among respondents."""
    levels: dict[str, tuple[Level, Level]] = {}
    drive: list[tuple[float, str]] = []
    for person in people:
        shared = rng.gauss(0, 1)
        months = (min(person.first_days.values(), default=person.anchor) - person.tenure_start).days / DAYS_PER_MONTH
        support = (
            4.85 + 0.09 * (min(person.goals, 8) - 3.5) - 0.30 * bool(person.outlying) - 0.25 * (person.minority - 0.85)
        )
        support += 0.35 * shared + rng.gauss(0, 0.72)
        coping = 152 + 11 * (bool(person.confirmed) - 0.43) - 0.45 * (months - 13.3) - 14 * (person.minority - 0.85)
        coping += 13 * shared + rng.gauss(0, 26)
        first = Level(support, coping, None)
        second = Level(support + rng.gauss(0.12, 0.55), coping + rng.gauss(4, 19), None)
        levels[person.client_id] = (first, second)
        if "urica" in person.answers:
            pull = 0.35 * (support - 4.85) + 0.010 * (coping - 152) + rng.gauss(0, 1)
            drive.append((pull, person.client_id))
    drive.sort()
    n = len(drive)
    n_action = round(ACTION_SHARE * n)
    n_before = n - n_action - round(CONTEMPLATION_SHARE * n)
    for place, (_, client) in enumerate(drive):
        stage = 0 if place < n_before else 2 if place >= n - n_action else 1
        low, high = STAGE_THIRDS[stage]
        first, second = levels[client]
        first.thirds = rng.randint(low, high)
        second.thirds = min(max(first.thirds + round(rng.gauss(0.5, 4.5)), 10), 41)
    return levels


def mspss_items(rng: Random, level: Level) -> list[int]:
    """Twelve answers 1-7 around the level, family a little apart from friends."""
    shift = dict.fromkeys((3, 4, 8, 11), 0.15) | dict.fromkeys((1, 2, 5, 10), -0.1)
    return [min(7, max(1, round(level.support + shift.get(i, 0.0) + rng.gauss(0, 0.95)))) for i in range(1, 13)]


def cope_items(rng: Random, level: Level) -> list[int]:
    """Twenty-six answers 0-10 around the level."""
    return [min(10, max(0, round(level.coping / 26 + rng.gauss(0, 1.7)))) for _ in range(26)]


def urica_items(rng: Random, thirds: int) -> list[int]:
    """Twelve answers 1-5 whose readiness C + A + M − PC is exactly ``thirds`` / 3 (possible from -6 to 42 thirds)."""
    items = [min(5, max(1, round(rng.gauss(3.4, 0.9)))) for _ in range(12)]
    falling = {number - 1 for number in URICA_SUBSCALES["precontemplation"]}
    while (gap := thirds - sum(-answer if i in falling else answer for i, answer in enumerate(items))) != 0:
        i = rng.randrange(12)
        step = (1 if gap > 0 else -1) * (-1 if i in falling else 1)
        if 1 <= items[i] + step <= 5:
            items[i] += step
    return items


def as_cells(items: list[int]) -> list[str]:
    """The answers as the numeric export writes them."""
    return [str(item) for item in items]


def leave_blank(rng: Random, cells: list[str], n: int) -> None:
    """Take ``n`` answers away: shown as a blank, or as -99 where the box was seen and not answered."""
    for i in rng.sample(range(len(cells)), n):
        cells[i] = rng.choice(("", "", str(MISSING_CODE)))
