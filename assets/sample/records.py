"""What one export row is before it becomes a cell: plain records, as the files will show them, mess included."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypedDict


class IntakeRow(TypedDict):
    """One client of the intake export; multi-selects as typed, joined by `` | ``."""

    record_id: int
    client_id: str
    client_name: str
    date_of_birth: date | None
    intake_date: date | None
    exit_date: date | None
    races: str | None
    gender: str | None
    orientation: str | None
    county: str | None
    classification: str | None
    cse_it: int | None
    victimizations: str | None
    specials: str | None
    language: str | None
    case_manager: str | None


class NoteRow(TypedDict):
    """One case note."""

    record_id: int
    client_id: str
    service_date: date
    entered_on: datetime
    staff: str
    contact_type: str
    service_types: str | None
    minutes: int | None
    narrative: str


class GoalRow(TypedDict):
    """One goal at one monthly review."""

    goal_id: str
    client_id: str
    category: str
    goal: str
    set_date: date
    review_month: date
    status: str
    staff: str


class Response(TypedDict):
    """One survey response; times as written in the zone of the survey's account, items as the cell texts."""

    response_id: str
    client_id: str
    start_date: datetime
    end_date: datetime
    recorded_date: datetime
    zone: str
    status: int
    progress: int
    finished: bool
    language: str
    channel: str
    ip_address: str
    latitude: str
    longitude: str
    behavior: str
    items: tuple[str, ...]


@dataclass
class AgencyRecords:
    """Everything an agency exports, in the order of the files' rows; ``responses`` by instrument."""

    intake: list[IntakeRow] = field(default_factory=list)
    notes: list[NoteRow] = field(default_factory=list)
    goals: list[GoalRow] = field(default_factory=list)
    responses: dict[str, list[Response]] = field(default_factory=dict)
