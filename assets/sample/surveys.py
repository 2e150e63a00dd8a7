"""Survey responses: who answered when, with the repeated, unfinished, misdated and mistyped ones of real life."""

import string
from collections import Counter
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from assets.sample.answers import Level, as_cells, cope_items, leave_blank, mspss_items, true_levels, urica_items
from assets.sample.draws import some
from assets.sample.people import Person
from assets.sample.records import Response
from assets.sample.shape import AGENCY_ZONE, EXPORT_RUN, STUDY_START, SURVEYS
from assets.sample.typos import mistyped

ALPHANUMERIC = string.ascii_letters + string.digits
TYPO_SHARE = 0.16
FIRST_WINDOW_DAYS, SECOND_WAVE_DAYS, SECOND_TOLERANCE_DAYS = 60, 182, 45
TEST_NETS = ("192.0.2", "198.51.100", "203.0.113")
"""Address blocks kept free for documentation (RFC 5737)."""


class SurveyDesk:
    """Writes responses with one random stream; a desk per instrument."""

    def __init__(self, rng: Random, instrument: str) -> None:
        self.rng = rng
        self.survey = SURVEYS[instrument]
        self.rows: list[Response] = []

    def add(
        self,
        client_id: str,
        moment: datetime,
        cells: list[str],
        *,
        behavior: str = "",
        status: int = 0,
        finished: bool = True,
        language: str = "EN",
    ) -> Response:
        """File one response recorded at ``moment``, the agency's local time without a zone."""
        rng = self.rng
        recorded = (
            moment.replace(tzinfo=ZoneInfo(AGENCY_ZONE)).astimezone(ZoneInfo(self.survey.zone)).replace(tzinfo=None)
        )
        located = rng.random() > 0.1
        answered = sum(cell != "" for cell in cells)
        row = Response(
            response_id="R_" + "".join(rng.choices(ALPHANUMERIC, k=15)),
            client_id=client_id,
            start_date=recorded - timedelta(seconds=rng.randint(200, 900)),
            end_date=recorded - timedelta(seconds=1),
            recorded_date=recorded,
            zone=self.survey.zone,
            status=status,
            progress=100 if finished else max(5, 100 * answered // (len(cells) + 1)),
            finished=finished,
            language=language,
            channel="preview" if status & 1 else rng.choice(("anonymous", "qr")),
            ip_address=f"{rng.choice(TEST_NETS)}.{rng.randint(1, 254)}" if rng.random() > 0.02 else "",
            latitude=f"{rng.uniform(32.5, 33.5):.4f}" if located else "",
            longitude=f"{rng.uniform(-97.5, -96.5):.4f}" if located else "",
            behavior=behavior,
            items=tuple(cells),
        )
        self.rows.append(row)
        return row

    def items(self, level: Level) -> list[str]:
        """Draw answers of this instrument at a true level."""
        if self.survey.key == "mspss":
            return as_cells(mspss_items(self.rng, level))
        if self.survey.key == "copse":
            return as_cells(cope_items(self.rng, level))
        return as_cells(urica_items(self.rng, 24 if level.thirds is None else level.thirds))


def office_hour(rng: Random, day: date) -> datetime:
    """A moment between 8:00 and 20:59 of a local day."""
    return datetime.combine(day, time(rng.randint(8, 20), rng.randint(0, 59), rng.randint(0, 59)))


def survey_responses(rng: Random, people: list[Person]) -> dict[str, list[Response]]:
    """All responses by instrument, in the order of RecordedDate, as Qualtrics exports them."""
    levels = true_levels(rng, people)
    result: dict[str, list[Response]] = {}
    for instrument in SURVEYS:
        desk = SurveyDesk(rng, instrument)
        for person in people:
            _responses_of(desk, person, *levels[person.client_id])
        _mistype(rng, desk.rows)
        _strangers(desk, people)
        _mark_channels(rng, desk.rows)
        desk.rows.sort(key=lambda row: (row["recorded_date"], row["response_id"]))
        for row in rng.sample(desk.rows, min(len(desk.rows), max(1, len(people) // 95))):
            desk.rows.insert(desk.rows.index(row) + 1, row)
        result[instrument] = desk.rows
    return result


def _responses_of(desk: SurveyDesk, person: Person, first: Level, second: Level) -> None:
    rng, key = desk.rng, desk.survey.key
    language = "ES" if person.speaks_spanish else "EN"
    if key in person.answers:
        moment = _first_moment(rng, person, key)
        if key == "urica":
            _urica_set(desk, person, moment, first, language)
        else:
            _scale(desk, person, moment, first, language)
    if key == "urica" and person.role == "edge_last_minute":
        eve = datetime.combine(STUDY_START - timedelta(days=1), time(23, 41, 7))
        desk.add(person.client_id, eve, desk.items(first), behavior="1", language=language)
    if key in person.answers_again and key in person.answers:
        moment = _second_moment(rng, person, key)
        if moment < EXPORT_RUN:
            if key == "urica":
                _urica_set(desk, person, moment, second, language)
            else:
                desk.add(person.client_id, moment, _mostly_complete(desk, second), language=language)
        if person.role == "second_tie" and key == "mspss":
            day = person.first_days[key] + timedelta(days=SECOND_WAVE_DAYS + 9)
            desk.add(person.client_id, office_hour(rng, day), desk.items(second), language=language)


def _first_moment(rng: Random, person: Person, key: str) -> datetime:
    """When the first response is recorded; the edge roles sit minutes from local midnight, where zones disagree."""
    last = person.anchor + timedelta(days=FIRST_WINDOW_DAYS)
    if person.role == "late_first":
        person.first_days[key] = last + timedelta(days=rng.randint(3, 14))
    if key == "mspss":
        if person.role == "edge_first_minute":
            return datetime.combine(person.anchor, time(0, 9, 30))
        if person.role == "edge_last_minute":
            return datetime.combine(last, time(23, 52, 10))
        if person.role == "edge_minute_late":
            return datetime.combine(last + timedelta(days=1), time(0, 8, 45))
    day = person.first_days[key]
    return office_hour(rng, day if person.role == "late_first" else min(day, last))


def _second_moment(rng: Random, person: Person, key: str) -> datetime:
    target = person.first_days[key] + timedelta(days=SECOND_WAVE_DAYS)
    if key == "mspss":
        if person.role == "second_tie":
            return office_hour(rng, target - timedelta(days=9))
        if person.role == "second_last_day":
            return datetime.combine(target + timedelta(days=SECOND_TOLERANCE_DAYS), time(23, 38, 5))
        if person.role == "second_beyond":
            return datetime.combine(target + timedelta(days=SECOND_TOLERANCE_DAYS + 1), time(0, 16, 40))
    return office_hour(rng, person.second_days[key])


def _mostly_complete(desk: SurveyDesk, level: Level) -> list[str]:
    cells = desk.items(level)
    if desk.rng.random() < 0.13:
        leave_blank(desk.rng, cells, desk.rng.randint(1, 3))
    return cells


def _scale(desk: SurveyDesk, person: Person, moment: datetime, level: Level, language: str) -> None:
    """The first MSPSS or Cop-SE of one client, with what the client's role adds."""
    rng, client, role = desk.rng, person.client_id, person.role
    n, least = len(desk.survey.items), desk.survey.scoreable
    cells = _mostly_complete(desk, level)
    if role == "unfinished_scoreable":
        cells = desk.items(level)[: least + 1] + [""] * (n - least - 1)
        desk.add(client, moment, cells, finished=False, language=language)
        return
    if role == "too_few_answers":
        leave_blank(rng, cells, n - least + 2)
    elif role == "unfinished_stub":
        stub = desk.items(level)[:3] + [""] * (n - 3)
        desk.add(client, moment - timedelta(hours=2), stub, finished=False, language=language)
    elif role == "duplicate_fewer":
        fewer = desk.items(level)
        leave_blank(rng, fewer, 2)
        cells = desk.items(level)
        desk.add(client, moment + timedelta(minutes=40), fewer, language=language)
    elif role == "duplicate_later":
        cells = desk.items(level)
        desk.add(client, moment - timedelta(minutes=55), desk.items(level), language=language)
    elif role == "repeat":
        desk.add(client, moment + timedelta(days=rng.randint(9, 50)), desk.items(level), language=language)
    elif role == "early":
        desk.add(client, moment - timedelta(days=rng.randint(75, 160)), desk.items(level), language=language)
    desk.add(client, moment, cells, language=language)


def _urica_set(desk: SurveyDesk, person: Person, moment: datetime, level: Level, language: str) -> None:
    """One to three behaviours on one day; the highest readiness is the client's level, the others lie below."""
    rng = desk.rng
    highest = 24 if level.thirds is None else level.thirds
    behaviors = rng.sample(("1", "2", "3"), rng.choice((1, 1, 1, 2, 2, 3)))
    for i, behavior in enumerate(behaviors):
        thirds = highest if i == 0 else highest - rng.randint(0, 6)
        cells = as_cells(urica_items(rng, max(thirds, -5)))
        if i > 0 and rng.random() < 0.15:
            leave_blank(rng, cells, 1)
        desk.add(person.client_id, moment + timedelta(minutes=4 * i), cells, behavior=behavior, language=language)
    if person.role in ("duplicate_fewer", "duplicate_later"):
        again = as_cells(urica_items(rng, highest))
        leave_blank(rng, again, 1)
        desk.add(person.client_id, moment + timedelta(minutes=31), again, behavior=behaviors[0], language=language)
    elif person.role == "unfinished_stub":
        stub = as_cells(urica_items(rng, highest))[:2] + [""] * 10
        desk.add(person.client_id, moment - timedelta(days=1), stub, behavior=behaviors[0], finished=False)
    elif person.role in ("repeat", "early"):
        days = rng.randint(9, 50) if person.role == "repeat" else -rng.randint(75, 160)
        other = as_cells(urica_items(rng, highest))
        desk.add(person.client_id, moment + timedelta(days=days), other, behavior=behaviors[0], language=language)


def _mistype(rng: Random, rows: list[Response]) -> None:
    """Mistype a share of the IDs, the kinds of mistake in turn."""
    used: Counter[str] = Counter()
    for row in rng.sample(rows, round(TYPO_SHARE * len(rows))):
        row["client_id"] = mistyped(row["client_id"], used)


def _strangers(desk: SurveyDesk, people: list[Person]) -> None:
    """Previews, tests, spam, and responses of IDs that are nobody's; one preview carries a real client's ID.

    None among a handful of clients: they would outnumber the real responses, which the checks of a night take for a
    wrong file.
    """
    rng, n = desk.rng, len(people)
    plain = Level(4.9, 152, 24)
    nobody = people[-1].number
    first_day = STUDY_START

    def add(client_id: str, status: int) -> None:
        moment = office_hour(rng, first_day + timedelta(days=rng.randint(0, 300)))
        behavior = rng.choice("123") if desk.survey.key == "urica" else ""
        desk.add(client_id, moment, desk.items(plain), status=status, behavior=behavior)

    for _ in range(some(n, 0.02)):
        add("test", 1)
        add("test", 2)
    for _ in range(some(n, 0.01)):
        add(rng.choice(people).client_id, 1)
        add("win a prize http://spam.example", 8)
        add("visit http://spam.example", 9)
        add(f"TX-{nobody + rng.randint(4, 90):05d}", 0)
        add(rng.choice(("", "client 3", "no number yet")), 0)


def _mark_channels(rng: Random, rows: list[Response]) -> None:
    """Real responses that were imported (4) or taken offline (16) stay real."""
    real = [row for row in rows if row["status"] == 0]
    for row in rng.sample(real, len(real) // 50):
        row["status"] = rng.choice((4, 16))
