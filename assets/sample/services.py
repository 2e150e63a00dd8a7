"""Case notes: each client's services spread over their stay, with attempts, early and late ones, and orphans."""

from datetime import date, datetime, time, timedelta
from random import Random

from assets.sample.draws import some
from assets.sample.names import note_token, phone, staff_name
from assets.sample.people import Person
from assets.sample.records import NoteRow
from assets.sample.shape import CONTACT_ATTEMPT, CONTACTS, EXPORT_RUN, SERVICES, STUDY_END

ATTEMPT_SHARE = 0.11
CONTACT_WEIGHTS = (48, 16, 13, 9, 4, 5, 5)
TYPES_LISTED = (1, 1, 1, 1, 1, 2, 2, 2, 3, 0)
MINUTES = (5, 10, 15, 20, 30, 45, 60, 90, 120)
ORPHAN_ID = "TX-00003"
SENTENCES = (
    "Sat in on the school meeting, took notes",
    "Drove to the clinic and back; long wait",
    "Nobody picked up, will try again",
    'Said "let me think about it" twice',
    "Reviewed the safety plan: two changes",
    "Brought a bag of groceries & bus tickets",
    "Painting group, stayed to the end",
    "Habló en español; quiere terminar la escuela",
    "Partner meeting: next steps agreed – see plan",
    "First line.\nSecond line after a break",
    "Court date moved; 3 weeks more",
)


def case_notes(rng: Random, people: list[Person]) -> list[NoteRow]:
    """All notes in order of service date with record IDs in that order; exact duplicate rows stand after their twin."""
    rows: list[NoteRow] = []
    for person in people:
        rows.extend(_notes_of(rng, person))
    for _ in range(some(len(people), 0.03)):
        day = STUDY_END - timedelta(days=rng.randrange(200))
        rows.append(_note(rng, None, day, rng.choice(CONTACTS), rng.sample(SERVICES, 1)))
    rows.sort(key=lambda row: (row["service_date"], row["entered_on"], row["client_id"], row["narrative"]))
    for i, row in enumerate(rows):
        row["record_id"] = 1_000_001 + i
    _mistype(rng, rows)
    return _with_duplicates(rng, rows)


def _notes_of(rng: Random, person: Person) -> list[NoteRow]:
    last = min(person.exit or STUDY_END, STUDY_END)
    rows = []
    if person.services:
        days = (last - person.tenure_start).days
        left = person.services
        while left > 0:
            types = rng.sample(SERVICES, min(rng.choice(TYPES_LISTED), left))
            left -= len(types) or 1
            day = person.tenure_start + timedelta(days=rng.randint(0, days))
            rows.append(_note(rng, person, day, _contact(rng), types))
            if rng.random() < ATTEMPT_SHARE / (1 - ATTEMPT_SHARE):
                day = person.tenure_start + timedelta(days=rng.randint(0, days))
                rows.append(_note(rng, person, day, CONTACT_ATTEMPT, rng.sample(SERVICES, rng.randint(0, 2))))
        if rng.random() < 0.12:
            day = person.tenure_start - timedelta(days=rng.randint(1, 20))
            rows.append(_note(rng, person, day, _contact(rng), rng.sample(SERVICES, 1)))
    if person.exit is None:
        first = max(person.tenure_start, STUDY_END + timedelta(days=1))
        room = (date(2021, 12, 31) - first).days
        for _ in range(rng.randint(0, 4)):
            day = first + timedelta(days=rng.randint(0, room))
            rows.append(_note(rng, person, day, _contact(rng), rng.sample(SERVICES, rng.choice(TYPES_LISTED))))
    return rows


def _contact(rng: Random) -> str:
    return rng.choices(CONTACTS, CONTACT_WEIGHTS)[0]


def _note(rng: Random, person: Person | None, day: date, contact: str, types: list[str]) -> NoteRow:
    entered = datetime.combine(day, time(rng.randint(8, 18), rng.randint(0, 59))) + timedelta(
        days=rng.choice((0, 0, 0, 1, 1, 2, 3, 6))
    )
    words = [rng.choice(SENTENCES), note_token(person.number if person else 0), rng.choice(SENTENCES)]
    if person and rng.random() < 0.02:
        words.append(f"{person.name} can be reached at {phone(person.number)}")
    staff = person.staff if person and rng.random() < 0.95 else staff_name(rng.randrange(7))
    return NoteRow(
        record_id=0,
        client_id=person.client_id if person else ORPHAN_ID,
        service_date=day,
        entered_on=min(entered, EXPORT_RUN - timedelta(minutes=1)),
        staff=staff,
        contact_type=contact,
        service_types=" | ".join(types) or None,
        minutes=None if rng.random() < 0.05 else rng.choice(MINUTES),
        narrative=". ".join(words) + ".",
    )


def _mistype(rng: Random, rows: list[NoteRow]) -> None:
    """A trailing blank after the ID or the contact type, as typing leaves it."""
    for row in rng.sample(rows, min(len(rows), max(1, len(rows) // 800))):
        row["client_id"] += " "
    for row in rng.sample(rows, min(len(rows), max(1, len(rows) // 1500))):
        row["contact_type"] += " "


def _with_duplicates(rng: Random, rows: list[NoteRow]) -> list[NoteRow]:
    twice = {row["record_id"] for row in rng.sample(rows, min(len(rows), max(1, len(rows) // 370)))}
    return [copy for row in rows for copy in ([row, row] if row["record_id"] in twice else [row])]
