"""``client_month`` by plain loops: month after month from the intake, its services and the goals open at its end."""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from warehouse_oracle import Agency, Row, people
from warehouse_oracle_marts import Table, services_of

from assets.study_config import StudyConfig

TYPES = (
    "case_manager_check_in", "referral", "transportation", "safety_planning", "court_accompaniment", "mentorship",
    "basic_needs", "group",
)  # fmt: skip
CLOSED = ("met", "discontinued")


def client_month(agency: Agency, config: StudyConfig) -> Table:
    """Return the expected rows; ``client_id`` is the source ID."""
    known = people(agency)
    return [
        {"client_id": client, **row}
        for client, person in known.clients.items()
        if person["intake_date"] is not None
        for row in _months(person, list(services_of(known, client, config)), known.reviews[client], config)
    ]


def _months(person: Row, services: Table, reviews: Table, config: StudyConfig) -> Iterator[Row]:
    intake, end = person["intake_date"], config.study.end
    for number, first in enumerate(_first_days(intake, end)):
        last = min(_months_later(intake, number + 1) - timedelta(1), end)
        counted = [row for row in services if row["is_counted"] and first <= row["day"] <= last]
        enrolled = sum(
            1 for n in range((last - first).days + 1) if first + timedelta(n) <= (person["exit_date"] or end)
        )
        by_type = {code: sum(row["service_type"] == code for row in counted) for code in TYPES}
        yield {
            "month_number": number,
            "days": (last - first).days + 1,
            "is_enrolled": enrolled > 0,
            "days_enrolled": enrolled,
            "services_listed": len(counted),
            "notes": len({row["note"] for row in counted}),
            **{f"services_{code}": n for code, n in by_type.items()},
            "services_other": len(counted) - sum(by_type.values()),
            "goals_open": _open_on(last, reviews),
        }


def _months_later(day: date, months: int) -> date:
    """The same day of a later month, or its last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _first_days(intake: date, end: date) -> Iterator[date]:
    number = 0
    while (first := _months_later(intake, number)) <= end:
        yield first
        number += 1


def _open_on(day: date, reviews: Table) -> int:
    goals: dict[Any, Table] = defaultdict(list)
    for review in reviews:
        goals[review["goal_id"]].append(review)
    n = 0
    for rows in goals.values():
        if not any(row["set_date"] is not None and row["set_date"] <= day for row in rows):
            continue
        past = {row["review_month"]: row["status"] for row in rows if row["review_month"] <= day}
        n += not past or past[max(past)] not in CLOSED
    return n
