"""Every column of ``client_study`` by plain loops over raw records, under any settings: no SQL, no shared helper.

``agency`` maps a feed to its exports, each ``(exported_at, file_token, rows)`` with the rows of the raw tables.
"""

import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from assets.study_config import StudyConfig

Row = dict[str, Any]
VICTIMIZATIONS = (
    "child_sexual_abuse", "domestic_family_violence", "physical_abuse_neglect", "bullying", "teen_dating_violence",
    "other",
)  # fmt: skip
SPECIALS = ("homelessness", "limited_english", "disability", "immigrant_refugee")
STAGES = ("pre-contemplation", "contemplation", "preparation/action", "maintenance")
N_ITEMS = {"mspss": 12, "copse": 26, "urica": 12}


@dataclass
class Agency:
    """Exports by feed and the alias table (typed ID → client)."""

    exports: dict[str, list[tuple[datetime, str, list[Row]]]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)

    def current(self, feed: str, key: Any, newest_by: str | None = None) -> tuple[list[Row], set[Any]]:
        """Newest version of each record, and the keys that the newest export day lacks."""
        best: dict[Any, tuple[Any, Row]] = {}
        last_day: dict[Any, date] = {}
        days = set()
        for exported_at, token, rows in self.exports.get(feed, []):
            days.add(exported_at.date())
            for row in rows:
                first = row.get(newest_by) if newest_by else None
                rank = (first is not None, first or 0, exported_at, token, row["row_number"])
                identity = key(row)
                if identity not in best or rank > best[identity][0]:
                    best[identity] = (rank, {**row, "_rank": rank})
                last_day[identity] = max(last_day.get(identity, date.min), exported_at.date())
        newest = max(days, default=date.min)
        return [row for _, row in best.values()], {identity for identity, day in last_day.items() if day < newest}


@dataclass
class People:
    """Each client's current intake row, notes, goal reviews and responses by instrument."""

    clients: dict[str, Row]
    notes: dict[str, list[Row]]
    reviews: dict[str, list[Row]]
    responses: dict[tuple[str, str], list[Row]]


def people(agency: Agency) -> People:
    """Sort the agency's records by client."""
    intake, gone = agency.current("intake", lambda row: row["record_id"])
    present = {row["client_id"] for row in intake if row["record_id"] not in gone} - {None}
    known = {row["client_id"] for row in intake} - {None}

    def owner(row: Row) -> str | None:
        own = row["client_id"] if row["client_id"] in known else None
        if own in present:
            return own
        for typed in (row["client_id_raw"], row["client_id"]):
            settled = agency.aliases.get((typed or "").strip().upper())
            if settled in known:
                return settled
        return own

    clients: dict[str, Row] = {}
    for row in sorted(
        intake, key=lambda r: (r["client_id"] == owner(r), r["record_id"] not in gone, r["_rank"]), reverse=True
    ):
        client = owner(row)
        if client is not None:
            clients.setdefault(client, row)

    notes: dict[str, list[Row]] = defaultdict(list)
    for row in agency.current("case_notes", lambda row: row["record_id"], "entered_on")[0]:
        notes[owner(row) or ""].append(row)
    reviews: dict[str, list[Row]] = defaultdict(list)
    for row in agency.current("goal_plans", lambda row: (row["goal_id"], row["review_month"]))[0]:
        reviews[owner(row) or ""].append(row)
    responses: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for instrument in N_ITEMS:
        for row in agency.current(f"survey_{instrument}", lambda row: row["response_id"], "copy_quality")[0]:
            responses[instrument, owner(row) or ""].append(row)
    return People(clients, notes, reviews, responses)


def client_study(agency: Agency, config: StudyConfig) -> dict[str, Row]:
    """Return the expected row of each client by source ID."""
    known = people(agency)
    result = {}
    for client, person in known.clients.items():
        waves = waves_of(known, client, config)
        result[client] = {
            **_person(person, config),
            **_service(person, known.notes[client], waves, config),
            **_goals(known.reviews[client], config),
            **{
                f"{name}_{wave}": value for wave in ("t0", "t6") for name, value in _scores(waves[wave], config).items()
            },
        }
    return result


def codes_of(cell: str | None) -> list[str] | None:
    return None if cell is None else [code for code in cell.split("|") if code]


def _person(row: Row, config: StudyConfig) -> Row:
    as_of = config.age.as_of or config.study.end
    age = None
    if (born := row["date_of_birth"]) is not None:
        birthday = (3, 1) if (born.month, born.day) == (2, 29) else (born.month, born.day)
        age = as_of.year - born.year
        if ((3, 1) if (as_of.month, as_of.day) == (2, 29) else (as_of.month, as_of.day)) < birthday:
            age -= 1
    races = codes_of(row["race_ethnicity"])
    if not races or "declined" in races or "unmapped" in races:
        race, minority = None, None
    else:
        minority = races != ["white"]
        race = "multiracial" if len(races) > 1 else races[0] if races[0] in ("black", "latinx", "white") else "other"
    orientation, county = (None if row[name] == "unmapped" else row[name] for name in ("sexual_orientation", "county"))
    suffered, special = codes_of(row["secondary_victimization"]), codes_of(row["special_classification"])
    label = {"confirmed": "Confirmed", "high_risk": "High Risk"}.get(row["classification"])
    return {
        "age": age,
        "race_ethnicity": race,
        "minority": minority,
        "orientation_minority": None if orientation in (None, "declined") else orientation != "straight",
        "county_outlying": None if county is None else county not in config.residence.main_counties,
        "classification": label,
        "confirmed": None if label is None else label == "Confirmed",
        **{f"victimization_{code}": _is_told(code, suffered) for code in VICTIMIZATIONS},
        **{f"special_{code}": _is_told(code, special) for code in SPECIALS},
        "n_victimizations": None if suffered is None else len(suffered),
    }


def _is_told(code: str, told: list[str] | None) -> bool | None:
    """Not known where there is no such column, or a word among others that nobody could read."""
    if told is None or (code not in told and "unmapped" in told):
        return None
    return code in told


def completed_months(first: date, last: date) -> int:
    """Count month by month: how often can a month be added before the last day is passed."""
    months = 0
    while True:
        year, month = divmod(first.year * 12 + first.month - 1 + months + 1, 12)
        month += 1
        day = first.day
        while True:
            try:
                step = date(year, month, day)
                break
            except ValueError:
                day -= 1
        if step > last:
            return months
        months += 1


def _months(first: date | None, last: date | None, config: StudyConfig) -> float | None:
    if first is None or last is None or last < first:
        return None
    if config.months_of_service.method == "completed":
        return float(completed_months(first, last))
    return (last - first).days / 30.4375


def _service(person: Row, notes: list[Row], waves: dict[str, dict[str, list[Row]]], config: StudyConfig) -> Row:
    intake, end = person["intake_date"], config.study.end
    dates = {
        wave: min((row["recorded_on"] for rows in waves[wave].values() for row in rows), default=None)
        for wave in ("t0", "t6")
    }
    values: Row = {
        "months_of_service_t0": _months(intake, dates["t0"], config),
        "months_of_service_total": _months(intake, min(person["exit_date"] or end, end), config),
    }
    for name, last in (("t0", dates["t0"]), ("t6", dates["t6"]), ("total", end)):
        if intake is None or last is None:
            values[f"services_{name}"] = None
            continue
        counted = [
            note
            for note in notes
            if note["service_date"] is not None
            and intake <= note["service_date"] <= last
            and note["contact_type"] not in config.services.non_counting_contact_types
        ]
        listed = [
            (note["record_id"], note["service_date"])
            for note in counted
            for code in (codes_of(note["service_type"]) or ["not_recorded"])
            if _counts(code, note["service_date"], config)
        ]
        values[f"services_{name}"] = {
            "service_type": len(listed),
            "note": len(set(listed)),
            "client_day": len({day for _, day in listed}),
        }[config.services.unit]
    return values


def _counts(code: str, day: date, config: StudyConfig) -> bool:
    return all(
        line.counts_as_service
        for line in config.service_types
        if line.service_type == code and (line.valid_from or day) <= day <= (line.valid_to or day)
    )


def _goals(reviews: list[Row], config: StudyConfig) -> Row:
    end = config.study.end
    goals: dict[str, list[Row]] = defaultdict(list)
    for row in reviews:
        goals[row["goal_id"]].append(row)
    statuses = []
    for rows in goals.values():
        if not any(row["set_date"] is not None and row["set_date"] <= end for row in rows):
            continue
        past = [row for row in rows if row["review_month"] is not None and row["review_month"] <= end]
        statuses.append(max(past, key=lambda row: row["review_month"])["status"] if past else "in_progress")
    n_set, met, dropped = len(statuses), statuses.count("met"), statuses.count("discontinued")
    denominator = {"all": n_set, "minus_discontinued": n_set - dropped, "closed_only": met + dropped}[
        config.goals.denominator
    ]
    return {
        "goals_set": n_set,
        "goals_met": met,
        "goals_discontinued": dropped,
        "goals_in_progress": n_set - met - dropped,
        "goal_completion_rate": met / denominator if denominator else None,
        "met_two_thirds": 3 * met >= 2 * n_set if n_set else None,
    }


def items_of(row: Row, instrument: str) -> list[int | None]:
    return [row.get(f"{instrument}_{number}") for number in range(1, N_ITEMS[instrument] + 1)]


def _answered(row: Row, instrument: str) -> int:
    return sum(value is not None for value in items_of(row, instrument))


def _fullness(row: Row, instrument: str) -> tuple[Any, ...]:
    return _answered(row, instrument), row["recorded_at_utc"] or datetime.min, row["response_id"]


def waves_of(known: People, client: str, config: StudyConfig) -> dict[str, dict[str, list[Row]]]:
    anchor = max(config.study.start, known.clients[client]["intake_date"] or config.study.start)
    chosen: dict[str, dict[str, list[Row]]] = {"t0": {}, "t6": {}}
    for instrument in N_ITEMS:
        enough = getattr(config.surveys.scoreable_items, instrument)
        days: dict[date, dict[Any, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for row in known.responses[instrument, client]:
            status = row["status"] or 0
            finished = row["finished"] or (config.surveys.accept_unfinished and _answered(row, instrument) >= enough)
            if not status & 11 and finished:
                days[row["recorded_on"]][row.get("urica_behavior")].append(row)
        settled = {
            day: [
                max(
                    rows,
                    key=lambda r: (_answered(r, instrument), r["recorded_at_utc"] or datetime.min, r["response_id"]),
                )
                for rows in behaviors.values()
            ]
            for day, behaviors in days.items()
        }
        t0, t6 = config.waves.t0, config.waves.t6
        early = [day for day in settled if t0.first_day <= (day - anchor).days <= t0.last_day]
        first = min(early, default=None)
        target = (first or anchor) + timedelta(days=t6.target_days)
        late = [day for day in settled if day != first and abs((day - target).days) <= t6.within_days]
        if first is not None:
            chosen["t0"][instrument] = settled[first]
        if late:
            chosen["t6"][instrument] = settled[min(late, key=lambda day: (abs((day - target).days), day))]
    return chosen


def mean_of(items: list[int | None], numbers: tuple[int, ...], needed: int) -> float | None:
    answers = [value for number in numbers if (value := items[number - 1]) is not None]
    return sum(answers) / len(answers) if len(answers) >= needed else None


def _scores(wave: dict[str, list[Row]], config: StudyConfig) -> Row:
    mspss, cope_se, urica = config.scales.mspss, config.scales.cope_se, config.scales.urica
    values: Row = {}
    items = items_of(wave["mspss"][0], "mspss") if "mspss" in wave else [None] * 12
    strict = mspss.missing == "strict"
    parts = {
        name: mean_of(items, part.items, len(part.items) if strict else part.min_answered)
        for name, part in mspss.subscales.items()
    }
    size = mspss.n_items
    mean = mean_of(items, tuple(range(1, size + 1)), size if strict else mspss.min_answered)
    means = list(parts.values())
    values["mspss"] = {
        "mean": mean,
        "sum": None if mean is None else size * mean,
        "sum_of_means": None if None in means else math.fsum(value for value in means if value is not None),
    }[mspss.composite]
    values.update({f"mspss_{name}": value for name, value in parts.items()})

    items = items_of(wave["copse"][0], "copse") if "copse" in wave else [None] * 26
    size = cope_se.n_items
    mean = mean_of(items, tuple(range(1, size + 1)), size if cope_se.missing == "strict" else cope_se.min_answered)
    values["cope_se"] = None if mean is None else size * mean

    best: tuple[float, int, str] | None = None
    for row in wave.get("urica", []):
        items = items_of(row, "urica")
        subscales = [
            mean_of(items, key, len(key))
            for key in (urica.key.precontemplation, urica.key.contemplation, urica.key.action, urica.key.maintenance)
        ]
        if None in subscales:
            continue
        pc, c, a, m = (value for value in subscales if value is not None)
        readiness = round(c + a + m - pc, 9)
        behavior = row["urica_behavior"] if row["urica_behavior"] is not None else 99
        if best is None or (readiness, -behavior) > (best[0], -best[1]):
            best = (readiness, behavior, stage_of(readiness, [pc, c, a, m], config))
    values["urica_readiness"] = best[0] if best else None
    values["urica_stage"] = best[2] if best else None
    return values


def stage_of(readiness: float, subscales: list[float], config: StudyConfig) -> str:
    urica = config.scales.urica
    if urica.staging == "cutoff":
        return STAGES[sum(readiness > cutoff + 1e-9 for cutoff in urica.cutoffs)]
    if urica.staging == "nearest_mean":
        distances = [round(abs(readiness - mean), 6) for mean in urica.nearest_means]
        return STAGES[distances.index(min(distances))]
    highest = [place for place, value in enumerate(subscales) if value > max(subscales) - 1e-9]
    return STAGES[highest[0] if urica.highest_tie == "earlier" else highest[-1]]
