"""Every column of ``marts.client_study`` computed by loops over an agency's records: the second opinion.

No SQL, no pandas, nothing of another room. Where the contract leaves room, the readings are those of the
reference agency.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

from assets.sample import truth_scores
from assets.sample.records import AgencyRecords, GoalRow, IntakeRow, NoteRow
from assets.sample.shape import (
    CONTACT_ATTEMPT,
    DAYS_PER_MONTH,
    MAIN_COUNTIES,
    SPECIALS,
    STUDY_END,
    STUDY_START,
    SURVEYS,
    TRUTH_COLUMNS,
    VICTIMIZATIONS,
    WAVES,
)
from assets.sample.truth_waves import Read, choose_waves, read_client_id, sort_out

Row = dict[str, Any]
SINGLE_RACES = {"Black or African American": "black", "Hispanic/Latinx": "latinx", "White": "white"}


@dataclass(frozen=True)
class Truth:
    """What must come out, per source client ID, and the totals that the row arithmetic can be held against."""

    clients: dict[str, Row]
    waves: dict[str, Row]
    responses: dict[str, dict[str, int]]
    notes: dict[str, int]
    reopened_goals: list[str]
    orphan_client_ids: list[str]


def truth_of(records: AgencyRecords) -> Truth:
    """Compute the truth of all clients of the intake export; raises KeyError on records that are not of this shape."""
    intake: dict[str, IntakeRow] = {}
    for row in records.intake:
        client = read_client_id(row["client_id"])
        if client is not None:
            intake[client] = row
    known = set(intake)
    waves, fates = _waves(records, intake)
    notes = _distinct_notes(records.notes)
    goals = _distinct_goals(records.goals)
    clients: dict[str, Row] = {}
    reopened: list[str] = []
    for client, row in intake.items():
        values: Row = {**_person(row), **_goals(goals.get(client, {}), reopened)}
        values.update(_services(row, notes.get(client, []), waves[client]))
        for wave in WAVES:
            values.update(_scores(waves[client][wave], wave))
        clients[client] = {column: values[column] for column in TRUTH_COLUMNS}
    return Truth(
        clients=clients,
        waves={client: {wave: _told(waves[client][wave]) for wave in WAVES} for client in intake},
        responses=fates,
        notes=_note_totals(records.notes, notes, intake),
        reopened_goals=sorted(reopened),
        orphan_client_ids=sorted((set(notes) | set(goals)) - known),
    )


def _split(cell: str | None) -> list[str]:
    return [part.strip() for part in (cell or "").split("|") if part.strip()]


def _clean(cell: str | None) -> str | None:
    return (cell or "").strip() or None


def _person(row: IntakeRow) -> Row:
    races = _split(row["races"])
    known_race = bool(races) and "Declined" not in races
    orientation = _clean(row["orientation"])
    county, classification = _clean(row["county"]), _clean(row["classification"])
    suffered, special = _split(row["victimizations"]), _split(row["specials"])
    race: str | None = None
    if known_race:
        race = "multiracial" if len(races) > 1 else SINGLE_RACES.get(races[0], "other")
    return {
        "age": None if row["date_of_birth"] is None else completed_years(row["date_of_birth"], STUDY_END),
        "race_ethnicity": race,
        "minority": races != ["White"] if known_race else None,
        "orientation_minority": None if orientation in (None, "Declined") else orientation != "Straight",
        "county_outlying": None if county is None else county not in MAIN_COUNTIES,
        "classification": classification,
        "confirmed": None if classification is None else classification == "Confirmed",
        **{f"victimization_{name}": label in suffered for label, name in VICTIMIZATIONS.items()},
        "n_victimizations": len(set(suffered)),
        **{f"special_{name}": label in special for label, name in SPECIALS.items()},
    }


def completed_years(born: date, as_of: date) -> int:
    """Age in completed years; born on 29 February counts as 1 March."""
    month, day = (3, 1) if (born.month, born.day) == (2, 29) else (born.month, born.day)
    return as_of.year - born.year - ((as_of.month, as_of.day) < (month, day))


def _distinct_notes(rows: list[NoteRow]) -> dict[str, list[NoteRow]]:
    seen: set[tuple[object, ...]] = set()
    kept: dict[str, list[NoteRow]] = defaultdict(list)
    for row in rows:
        client = read_client_id(row["client_id"])
        key = tuple(row.values())
        if client is not None and key not in seen:
            seen.add(key)
            kept[client].append(row)
    return dict(kept)


def _note_units(row: NoteRow) -> int:
    return 0 if row["contact_type"].strip() == CONTACT_ATTEMPT else len(_split(row["service_types"])) or 1


def _services(row: IntakeRow, notes: list[NoteRow], waves: dict[str, dict[str, list[Read]]]) -> Row:
    start = row["intake_date"]
    first, second = _wave_date(waves["t0"]), _wave_date(waves["t6"])
    values: Row = dict.fromkeys(
        ("months_of_service_t0", "months_of_service_total", "services_t0", "services_t6", "services_total")
    )
    if start is None:
        return values
    for name, until in (("services_t0", first), ("services_t6", second), ("services_total", STUDY_END)):
        if until is not None:
            values[name] = sum(_note_units(note) for note in notes if start <= note["service_date"] <= until)
    if first is not None and first >= start:
        values["months_of_service_t0"] = (first - start).days / DAYS_PER_MONTH
    until = min(row["exit_date"] or STUDY_END, STUDY_END)
    if until >= start:
        values["months_of_service_total"] = (until - start).days / DAYS_PER_MONTH
    return values


def _distinct_goals(rows: list[GoalRow]) -> dict[str, dict[str, list[GoalRow]]]:
    kept: dict[str, dict[str, list[GoalRow]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        client = read_client_id(row["client_id"])
        if client is not None:
            kept[client][row["goal_id"]].append(row)
    return {client: dict(goals) for client, goals in kept.items()}


def _goals(goals: dict[str, list[GoalRow]], reopened: list[str]) -> Row:
    counts: Counter[str] = Counter()
    for goal_id, reviews in goals.items():
        if min(review["set_date"] for review in reviews) > STUDY_END:
            continue
        counts["set"] += 1
        past = sorted(
            (review for review in reviews if review["review_month"] <= STUDY_END),
            key=lambda review: review["review_month"],
        )
        status = past[-1]["status"].strip() if past else "In progress"
        counts[status] += 1
        if status == "In progress" and any(review["status"].strip() == "Met" for review in past):
            reopened.append(goal_id)
    n_set, n_met = counts["set"], counts["Met"]
    return {
        "goals_set": n_set,
        "goals_met": n_met,
        "goals_discontinued": counts["Discontinued"],
        "goals_in_progress": counts["In progress"],
        "goal_completion_rate": n_met / n_set if n_set else None,
        "met_two_thirds": 3 * n_met >= 2 * n_set if n_set else None,
    }


def _waves(
    records: AgencyRecords, intake: dict[str, IntakeRow]
) -> tuple[dict[str, dict[str, dict[str, list[Read]]]], dict[str, dict[str, int]]]:
    chosen: dict[str, dict[str, dict[str, list[Read]]]] = {client: {"t0": {}, "t6": {}} for client in intake}
    fates: dict[str, dict[str, int]] = {}
    for instrument in SURVEYS:
        everything, real = sort_out(instrument, records.responses.get(instrument, []), set(intake))
        by_client: dict[str, list[Read]] = defaultdict(list)
        for read in real:
            by_client[str(read_client_id(read.response["client_id"]))].append(read)
        for client, reads in by_client.items():
            anchor = max(STUDY_START, intake[client]["intake_date"] or STUDY_START)
            for wave, picked in zip(WAVES, choose_waves(reads, anchor), strict=True):
                if picked:
                    chosen[client][wave][instrument] = picked
        fates[instrument] = dict(Counter(read.fate for read in everything))
    return chosen, fates


def _wave_date(wave: dict[str, list[Read]]) -> date | None:
    return min((read.local_date for reads in wave.values() for read in reads), default=None)


def _told(wave: dict[str, list[Read]]) -> Row:
    day = _wave_date(wave)
    return {
        "date": day.isoformat() if day else None,
        "responses": {
            instrument: sorted(read.response["response_id"] for read in reads) for instrument, reads in wave.items()
        },
    }


def _scores(wave: dict[str, list[Read]], name: str) -> Row:
    blank: list[int | None] = [None] * 26
    support = truth_scores.mspss(wave["mspss"][0].items if "mspss" in wave else blank)
    coping = truth_scores.cope_se(wave["copse"][0].items if "copse" in wave else blank)
    thirds = [
        value for read in wave.get("urica", []) if (value := truth_scores.readiness_in_thirds(read.items)) is not None
    ]
    highest = max(thirds, default=None)
    return {
        **{f"{score}_{name}": value for score, value in support.items()},
        f"cope_se_{name}": coping,
        f"urica_readiness_{name}": None if highest is None else highest / 3,
        f"urica_stage_{name}": None if highest is None else truth_scores.stage(highest),
    }


def _note_totals(rows: list[NoteRow], notes: dict[str, list[NoteRow]], intake: dict[str, IntakeRow]) -> dict[str, int]:
    totals = Counter({"case_note_rows": len(rows), "case_note_exact_duplicates": len(rows)})
    for client, kept in notes.items():
        totals["case_note_exact_duplicates"] -= len(kept)
        start = intake[client]["intake_date"] if client in intake else None
        for note in kept:
            units = _note_units(note)
            totals["attempts_to_contact"] += note["contact_type"].strip() == CONTACT_ATTEMPT
            if client not in intake:
                totals["orphan_note_rows"] += 1
            elif start is None or note["service_date"] < start:
                totals["services_before_intake_or_without_intake"] += units
            elif note["service_date"] <= STUDY_END:
                totals["services_counted_until_study_end"] += units
            else:
                totals["services_after_study_end"] += units
    return dict(totals)
