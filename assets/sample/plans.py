"""Which surveys each invented client answers and when, and which trouble each one carries."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from random import Random

from assets.sample.draws import flags, some
from assets.sample.people import Person
from assets.sample.shape import STUDY_END, STUDY_START

SURVEY_ROLES = {
    "edge_first_minute": 0.01,
    "edge_last_minute": 0.01,
    "edge_minute_late": 0.01,
    "late_first": 0.02,
    "unfinished_scoreable": 0.03,
    "unfinished_stub": 0.05,
    "duplicate_fewer": 0.04,
    "duplicate_later": 0.02,
    "repeat": 0.06,
    "early": 0.03,
    "too_few_answers": 0.02,
}
SECOND_WAVE_ROLES = {"second_tie": 0.01, "second_last_day": 0.01, "second_beyond": 0.01}


def give_survey_plans(rng: Random, people: list[Person]) -> None:
    """Decide who answers what: 51 of 95 the URICA, most the other two, about a third again after six months."""
    n = len(people)
    for instrument, share in (("mspss", 0.945), ("copse", 0.925), ("urica", 51 / 95)):
        for person, answers in zip(people, flags(rng, n, share), strict=True):
            if answers:
                person.answers.add(instrument)
    for person in people:
        day = person.anchor + timedelta(days=round(rng.triangular(0, 52, 10)))
        for instrument in sorted(person.answers):
            person.first_days[instrument] = day + timedelta(days=rng.choice((0, 0, 0, 0, 1, 3, 7)))
    able = [p for p in people if p.first_days and min(p.first_days.values()) <= date(2021, 5, 10)]
    for person in rng.sample(able, min(len(able), round(0.36 * n))):
        day = min(person.first_days.values()) + timedelta(days=round(min(max(rng.gauss(182, 14), 150), 214)))
        for instrument in sorted(person.answers):
            if rng.random() < 0.93:
                person.answers_again.add(instrument)
                person.second_days[instrument] = day + timedelta(days=rng.choice((0, 0, 0, 1, 2, 6)))


def give_roles(rng: Random, people: list[Person]) -> None:
    """Hand out the trouble, one kind a person; URICA respondents keep their first wave, so that their number holds."""
    n = len(people)
    free = list(people)
    rng.shuffle(free)

    def take(role: str, share: float, suits: Callable[[Person], bool]) -> None:
        for person in [p for p in free if suits(p)][: some(n, share)]:
            person.role = role
            free.remove(person)

    for role, share in SECOND_WAVE_ROLES.items():
        take(role, share, lambda p: "mspss" in p.answers_again)
    for role, share in SURVEY_ROLES.items():
        take(role, share, partial(_suits_survey_role, role))
    take("late_intake", 0.02, lambda p: "urica" not in p.answers)
    take("no_intake", 0.01, lambda _: True)
    take("leap_birth", 0.01, lambda _: True)
    for person in people:
        _apply_role(rng, person)


def _suits_survey_role(role: str, person: Person) -> bool:
    if not {"mspss", "copse"} <= person.answers:
        return False
    came_before = person.anchor == STUDY_START
    if role in ("late_first", "edge_minute_late") and "urica" in person.answers:
        return False
    if role == "early":
        return not came_before
    return came_before or not role.startswith("edge")


def _apply_role(rng: Random, person: Person) -> None:
    if person.role == "late_intake":
        person.intake = person.tenure_start = STUDY_END + timedelta(days=rng.randrange(3, 40))
        person.exit = None
        person.services = person.goals = 0
        person.answers, person.answers_again = set(), set()
        person.first_days, person.second_days = {}, {}
    elif person.role == "no_intake":
        person.intake = None
    elif person.role == "leap_birth":
        person.born = date(2004, 2, 29)
