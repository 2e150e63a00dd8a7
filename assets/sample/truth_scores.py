"""Scale scores from the items of chosen responses (contract, section 2), by plain arithmetic.

MSPSS: Zimet, Dahlem, Zimet & Farley 1988. Cop-SE: Chesney, Neilands, Chambers, Taylor & Folkman 2006. URICA readiness
C + A + M − PC: University of Rhode Island Change Assessment, short form of 12 items.
"""

from collections.abc import Sequence

from assets.sample.shape import MSPSS_SUBSCALES, STAGES, URICA_SUBSCALES

STAGE_LIMITS_IN_THIRDS = (24, 33, 42)
"""Readiness 8, 11 and 14 in thirds: whole numbers, so that a readiness of exactly 8 is never lost to rounding."""


def mean_of(items: Sequence[int | None], numbers: Sequence[int], at_least: int) -> float | None:
    """Mean of the answered ones among the 1-based ``numbers``; None with fewer than ``at_least`` answers."""
    answers = [answer for number in numbers if (answer := items[number - 1]) is not None]
    if len(answers) < at_least:
        return None
    return sum(answers) / len(answers)


def mspss(items: Sequence[int | None]) -> dict[str, float | None]:
    """Composite (1-7, 9 of 12 answered) and the three subscales (3 of 4 answered)."""
    scores: dict[str, float | None] = {"mspss": mean_of(items, range(1, 13), 9)}
    for name, numbers in MSPSS_SUBSCALES.items():
        scores[f"mspss_{name}"] = mean_of(items, numbers, 3)
    return scores


def cope_se(items: Sequence[int | None]) -> float | None:
    """26 × mean of the answered items (0-260, 21 of 26 answered)."""
    mean = mean_of(items, range(1, 27), 21)
    return None if mean is None else 26 * mean


def readiness_in_thirds(items: Sequence[int | None]) -> int | None:
    """Three times the readiness C + A + M − PC, a whole number; None unless all 12 items are answered."""
    sums: dict[str, int] = {}
    for name, numbers in URICA_SUBSCALES.items():
        total = 0
        for number in numbers:
            answer = items[number - 1]
            if answer is None:
                return None
            total += answer
        sums[name] = total
    return sums["contemplation"] + sums["action"] + sums["maintenance"] - sums["precontemplation"]


def stage(thirds: int) -> str:
    """Stage of change of a readiness given in thirds: up to 8, 11, 14, above."""
    for limit, name in zip(STAGE_LIMITS_IN_THIRDS, STAGES, strict=False):
        if thirds <= limit:
            return name
    return STAGES[-1]
