"""Who the invented clients are: attributes, tenure, which surveys they answer, and which trouble each one carries."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from statistics import NormalDist

from assets.sample.draws import coupled, flags, gamma_quantile, quota, stratified
from assets.sample.names import client_name, staff_name
from assets.sample.records import IntakeRow
from assets.sample.shape import (
    DAYS_PER_MONTH,
    OUTLYING_COUNTIES,
    RACES,
    SPECIALS,
    STUDY_END,
    STUDY_START,
    VICTIMIZATIONS,
)

NORMAL_AGE = NormalDist(17.0, 1.87)
FIRST_CLIENT_NUMBER = 10
BEFORE_STUDY_SHARE = 0.645
RACE_SHARES = (
    ("black", 0.432),
    ("latinx", 0.2845),
    ("multiracial", 0.138),
    ("white", 0.1245),
    ("other", 0.0105),
    (None, 0.0105),
)
ORIENTATIONS = (
    ("Straight", 0.67),
    (None, 0.11),
    ("Declined", 0.07),
    ("Bisexual", 0.055),
    ("Questioning", 0.03),
    ("Gay or Lesbian", 0.025),
    ("Pansexual", 0.02),
    ("Queer", 0.01),
    ("Other", 0.01),
)
GENDERS = (("Female", 0.87), ("Male", 0.07), ("Nonbinary", 0.03), ("Transgender female", 0.03))
VICTIMIZATION_SHARES = (0.389, 0.2, 0.24, 0.16, 0.06, 0.05)
SPECIAL_SHARES = (0.095, 0.085, 0.05, 0.05)


@dataclass
class Person:
    """One invented client before any file is written; survey days are local dates of the planned responses."""

    number: int
    client_id: str
    name: str
    staff: str
    born: date
    intake: date | None
    exit: date | None
    tenure_start: date
    race: str | None
    confirmed: bool | None
    outlying: bool | None
    speaks_spanish: bool
    services: int
    goals: int
    answers: set[str] = field(default_factory=set)
    answers_again: set[str] = field(default_factory=set)
    first_days: dict[str, date] = field(default_factory=dict)
    second_days: dict[str, date] = field(default_factory=dict)
    role: str = ""

    @property
    def anchor(self) -> date:
        """The later of study start and intake."""
        return max(STUDY_START, self.intake or STUDY_START)

    @property
    def minority(self) -> bool:
        """Any race other than White alone, for the mild effects in the answers."""
        return self.race != "white"


def make_people(rng: Random, n: int) -> list[Person]:
    """Draw ``n`` people with marginals near the study's; the order is that of their IDs."""
    days_before = [round(m * DAYS_PER_MONTH) for m in stratified(rng, n, lambda p: gamma_quantile(p, 19.4, 11.6))]
    span = (STUDY_END - STUDY_START).days - 12
    days_after = [1 + round(x) for x in stratified(rng, n, lambda p: p * span)]
    came_before = flags(rng, n, BEFORE_STUDY_SHARE)
    starts = [
        STUDY_START + timedelta(days=-before if early else after)
        for early, before, after in zip(came_before, days_before, days_after, strict=True)
    ]
    tenure = [float((STUDY_END - start).days) for start in starts]
    services = coupled(rng, tenure, 0.6, lambda p: gamma_quantile(p, 95.5, 66.0))
    has_goals = flags(rng, n, 0.863)
    goals = coupled(rng, tenure, 0.3, lambda p: min(max(1.0, gamma_quantile(p, 4.08, 2.7)), 14.0))
    ages = stratified(rng, n, lambda p: min(max(NORMAL_AGE.inv_cdf(p), 12.02), 21.97))
    races = quota(rng, n, RACE_SHARES)
    confirmed = quota(rng, n, ((True, 0.43), (False, 0.56), (None, 0.01)))
    outlying = quota(rng, n, ((True, 0.16), (False, 0.825), (None, 0.015)))
    spanish = flags(rng, n, 0.09)
    people = []
    number = FIRST_CLIENT_NUMBER - 1
    for i in range(n):
        number += rng.choice((1, 1, 2, 3))
        people.append(
            Person(
                number=number,
                client_id=f"TX-{number:05d}",
                name=client_name(rng, number),
                staff=staff_name(rng.randrange(7)),
                born=STUDY_END - timedelta(days=int(ages[i] * 365.2425)),
                intake=starts[i],
                exit=_exit(rng, starts[i]),
                tenure_start=starts[i],
                race=races[i],
                confirmed=confirmed[i],
                outlying=outlying[i],
                speaks_spanish=spanish[i] and races[i] in ("latinx", "multiracial", "other"),
                services=max(3, round(services[i])),
                goals=round(goals[i]) if has_goals[i] else 0,
            )
        )
    return people


def _exit(rng: Random, start: date) -> date | None:
    if rng.random() > 0.24:
        return None
    earliest = max(start + timedelta(days=45), date(2021, 4, 1))
    return earliest + timedelta(days=rng.randrange(max(1, (date(2021, 12, 20) - earliest).days)))


def intake_rows(rng: Random, people: list[Person]) -> list[IntakeRow]:
    """The intake export's rows in ID order, one a person."""
    n = len(people)
    victimizations = [flags(rng, n, share) for share in VICTIMIZATION_SHARES]
    specials = [flags(rng, n, share) for share in SPECIAL_SHARES]
    orientations = quota(rng, n, ORIENTATIONS)
    genders = quota(rng, n, GENDERS)
    rows: list[IntakeRow] = []
    for i, person in enumerate(people):
        rows.append(
            IntakeRow(
                record_id=500001 + 3 * i,
                client_id=person.client_id,
                client_name=person.name,
                date_of_birth=person.born,
                intake_date=person.intake,
                exit_date=person.exit,
                races=_races(rng, person.race),
                gender=genders[i],
                orientation=orientations[i],
                county=_county(rng, person.outlying),
                classification={True: "Confirmed", False: "High Risk", None: None}[person.confirmed],
                cse_it=None if rng.random() < 0.06 else _cse_it(rng, person.confirmed),
                victimizations=_joined(rng, [v for v, on in zip(VICTIMIZATIONS, victimizations, strict=True) if on[i]]),
                specials=_joined(rng, [s for s, on in zip(SPECIALS, specials, strict=True) if on[i]]),
                language="Spanish" if person.speaks_spanish else "English",
                case_manager=person.staff,
            )
        )
    return rows


def _cse_it(rng: Random, confirmed: bool | None) -> int:
    return min(23, max(4, round(rng.gauss(16 if confirmed else 9, 4))))


def _joined(rng: Random, chosen: list[str]) -> str | None:
    rng.shuffle(chosen)
    return " | ".join(chosen) or None


def _races(rng: Random, race: str | None) -> str | None:
    if race is None:
        return "Declined"
    single = {"black": RACES[0], "latinx": RACES[1], "white": RACES[2]}
    if race in single:
        return single[race]
    if race == "other":
        return rng.choice(RACES[3:])
    return _joined(rng, rng.sample(RACES, 3 if rng.random() < 0.2 else 2))


def _county(rng: Random, outlying: bool | None) -> str | None:
    if outlying is None:
        return None
    county = rng.choice(OUTLYING_COUNTIES) if outlying else rng.choice(("Tarrant", "Dallas"))
    return county + " " if rng.random() < 0.02 else county
