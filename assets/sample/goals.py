"""Goal plans: one row a goal and monthly review; some reopened, some set after the study, some ties at 2/3."""

from datetime import date, timedelta
from random import Random

from assets.sample.draws import some
from assets.sample.names import goal_token, staff_name
from assets.sample.people import Person
from assets.sample.records import GoalRow
from assets.sample.services import ORPHAN_ID
from assets.sample.shape import EXPORT_RUN, GOAL_CATEGORIES, STUDY_END

LAST_REVIEW = date(2021, 12, 1)
LAST_STUDY_REVIEW = date(2021, 10, 1)
GOALS = (
    "Call a trusted adult every Sunday",
    "Write a safety plan and keep it in the bag",
    "Finish the algebra course",
    "Apply for three summer jobs",
    "Get a library card",
    "See the doctor for a check-up",
    "Go to the painting group twice a month",
    "Open a savings account",
    "Sleep before midnight on school nights",
)


def goal_plans(rng: Random, people: list[Person]) -> list[GoalRow]:
    """All reviews, goal after goal, in ID order of the clients; exact duplicate rows follow their twin."""
    rows: list[GoalRow] = []
    number = 0
    outcomes = {person.client_id: _outcomes(rng, person) for person in people}
    _force_ties(people, outcomes)
    reopened = _choose_reopened(rng, people, outcomes)
    for person in people:
        for place, outcome in enumerate(outcomes[person.client_id]):
            number += 1
            again = (person.client_id, place) in reopened
            rows.extend(_reviews(rng, person, f"G-{number:06d}", outcome, again))
        if person.exit is None and rng.random() < 0.1:
            number += 1
            rows.extend(_reviews_after_study(rng, person, f"G-{number:06d}"))
    if some(len(people), 0.01):
        orphan = (ORPHAN_ID, rng.choice(GOAL_CATEGORIES), rng.choice(GOALS), date(2021, 5, 11), staff_name(0))
        rows.append(_row(f"G-{number + 1:06d}", orphan, date(2021, 6, 1), "In progress"))
    for row in rng.sample(rows, min(len(rows), max(1, len(rows) // 160))):
        row["status"] += " "
    doubled = set(rng.sample(range(len(rows)), min(len(rows), max(1, len(rows) // 280))))
    return [copy for i, row in enumerate(rows) for copy in ([row, row] if i in doubled else [row])]


def _outcomes(rng: Random, person: Person) -> list[str]:
    met = min(max(rng.gauss(0.78, 0.28) - 0.05 * (person.goals - 2), 0.05), 0.95)
    return rng.choices(("Met", "Discontinued", "In progress"), (met, 0.08, max(0.92 - met, 0.02)), k=person.goals)


def _force_ties(people: list[Person], outcomes: dict[str, list[str]]) -> None:
    """Let a few clients meet exactly two of three (four of six) goals: the tie that floating point gets wrong."""
    candidates = [person for person in people if person.goals in (3, 6)]
    for person in candidates[: max(1, some(len(people), 0.03))]:
        two_thirds = 2 * person.goals // 3
        outcomes[person.client_id] = ["Met"] * two_thirds + ["In progress"] * (person.goals - two_thirds)


def _choose_reopened(rng: Random, people: list[Person], outcomes: dict[str, list[str]]) -> set[tuple[str, int]]:
    early = {
        p.client_id for p in people if p.tenure_start < date(2021, 6, 1) and (p.exit or STUDY_END) > date(2021, 6, 1)
    }
    still_open = [
        (client, i)
        for client, kinds in outcomes.items()
        for i, kind in enumerate(kinds)
        if client in early and kind == "In progress"
    ]
    return set(rng.sample(still_open, min(some(len(people), 0.03), len(still_open))))


def _months(first: date, last: date) -> list[date]:
    months = []
    month = first.replace(day=1)
    while month <= last:
        months.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return months


def _row(goal_id: str, goal: tuple[str, str, str, date, str], month: date, status: str) -> GoalRow:
    client, category, text, set_date, staff = goal
    return GoalRow(
        goal_id=goal_id,
        client_id=client,
        category=category,
        goal=text,
        set_date=set_date,
        review_month=month,
        status=status,
        staff=staff,
    )


def _goal(rng: Random, person: Person, set_date: date) -> tuple[str, str, str, date, str]:
    text = rng.choice(GOALS)
    if rng.random() < 0.1:
        text += f" ({goal_token(person.number)})"
    return person.client_id, rng.choice(GOAL_CATEGORIES), text, set_date, person.staff


def _reviews(rng: Random, person: Person, goal_id: str, outcome: str, reopened: bool) -> list[GoalRow]:
    earliest = max(person.tenure_start, date(2020, 2, 1))
    latest = min(person.exit or STUDY_END, STUDY_END)
    if reopened:
        latest = min(latest, max(earliest, date(2021, 6, 30)))
    set_date = earliest + timedelta(days=rng.randint(0, max(0, (latest - earliest).days)))
    goal = _goal(rng, person, set_date)
    if outcome != "In progress":
        study_months = _months(set_date, LAST_STUDY_REVIEW)
        until = min(len(study_months), 1 + int(rng.expovariate(1 / 4)))
        return [_row(goal_id, goal, month, "In progress") for month in study_months[: until - 1]] + [
            _row(goal_id, goal, study_months[until - 1], outcome)
        ]
    months = _months(set_date, LAST_REVIEW)
    rows = [_row(goal_id, goal, month, "In progress") for month in months]
    if reopened and len(rows) >= 2 and rows[1]["review_month"] <= LAST_STUDY_REVIEW:
        rows[0]["status"] = "Met"
    elif rng.random() < 0.15:
        rows[-1]["status"] = "Met"
    return rows


def _reviews_after_study(rng: Random, person: Person, goal_id: str) -> list[GoalRow]:
    first = max(person.tenure_start, STUDY_END + timedelta(days=1))
    last = min(EXPORT_RUN.date(), date(2021, 12, 24))
    goal = _goal(rng, person, first + timedelta(days=rng.randint(0, max(0, (last - first).days))))
    return [_row(goal_id, goal, month, "In progress") for month in _months(goal[3], LAST_REVIEW)]
