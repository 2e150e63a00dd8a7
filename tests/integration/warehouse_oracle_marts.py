"""The other marts by plain loops, row by row: services, counts, months, goals, scores. No SQL, no shared helper."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

from warehouse_oracle import (
    Agency,
    People,
    Row,
    codes_of,
    completed_months,
    items_of,
    mean_of,
    people,
    stage_of,
    waves_of,
)

from assets.study_config import StudyConfig
from assets.study_settings import ServiceType

Table = list[Row]


def marts(agency: Agency, config: StudyConfig) -> dict[str, Table]:
    """Return the expected rows by table; ``client_id`` is the source ID."""
    known = people(agency)
    tables: dict[str, Table] = defaultdict(list)
    for client, person in known.clients.items():
        waves = waves_of(known, client, config)
        dates = {
            wave: min((row["recorded_on"] for rows in of_wave.values() for row in rows), default=None)
            for wave, of_wave in waves.items()
        }
        services = list(services_of(known, client, config))
        for name, rows in {
            "fct_services": _numbered(services, config),
            "fct_service_counts": _counts(person, services, dates, config),
            "fct_months_of_service": [_months(person, dates, config)],
            "fct_goal_completion": [_goals(known.reviews[client], config)],
            "fct_scale_scores": _scores(waves, person, config),
        }.items():
            tables[name] += [{"client_id": client, **row} for row in rows]
    return dict(tables)


def _line(code: str, day: date, config: StudyConfig) -> ServiceType | None:
    return next(
        (
            line
            for line in config.service_types
            if line.service_type == code and (line.valid_from or day) <= day <= (line.valid_to or day)
        ),
        None,
    )


def services_of(known: People, client: str, config: StudyConfig) -> Iterator[Row]:
    """Each service type of each dated note from the intake on."""
    intake = known.clients[client]["intake_date"]
    for note in known.notes[client]:
        day = note["service_date"]
        if day is None or intake is None or day < intake:
            continue
        for code in codes_of(note["service_type"]) or ["not_recorded"]:
            line = _line(code, day, config)
            is_none = note["contact_type"] in config.services.non_counting_contact_types
            yield {
                "note": note["record_id"],
                "day": day,
                "service_type": code,
                "funder_group": line.funder_group if line else "unmapped",
                "contact_type": note["contact_type"] or "not_recorded",
                "days_since_intake": (day - intake).days,
                "minutes": note["minutes"],
                "is_counted": not is_none and (line is None or line.counts_as_service),
            }


def _numbered(services: Table, config: StudyConfig) -> Table:
    told = [row for row in services if row["day"] <= config.study.end]
    places = sorted({(row["days_since_intake"], row["note"]) for row in told})
    return [
        {
            "note_number": places.index((row["days_since_intake"], row["note"])) + 1,
            **{name: value for name, value in row.items() if name not in ("note", "day")},
        }
        for row in told
    ]


def _counts(person: Row, services: Table, dates: dict[str, date | None], config: StudyConfig) -> Iterator[Row]:
    if person["intake_date"] is None:
        return
    for period, last in {**dates, "total": config.study.end}.items():
        if last is None:
            continue
        counted = [row for row in services if row["is_counted"] and row["day"] <= last]
        minutes = {row["note"]: row["minutes"] or 0 for row in counted}
        row = {
            "services_listed": len(counted),
            "notes": len(minutes),
            "client_days": len({row["day"] for row in counted}),
            "minutes": sum(minutes.values()),
        }
        unit = {"service_type": "services_listed", "note": "notes", "client_day": "client_days"}[config.services.unit]
        yield {"period": period, "services": row[unit], **row}


def _months(person: Row, dates: dict[str, date | None], config: StudyConfig) -> Row:
    first, end = person["intake_date"], config.study.end
    row: Row = {}
    for period, last in (("t0", dates["t0"]), ("total", min(person["exit_date"] or end, end))):
        told = first is not None and last is not None and last >= first
        days = (last - first).days if told else None
        whole = completed_months(first, last) if told else None
        fractional = None if days is None else days / 30.4375
        row[f"months_of_service_{period}"] = whole if config.months_of_service.method == "completed" else fractional
        row[f"days_of_service_{period}"] = days
        row[f"completed_months_{period}"] = whole
    return row


def _goals(reviews: Table, config: StudyConfig) -> Row:
    end = config.study.end
    goals: dict[str, Table] = defaultdict(list)
    for review in reviews:
        goals[review["goal_id"]].append(review)
    n = {"set": 0, "met": 0, "discontinued": 0, "reopened": 0}
    for rows in goals.values():
        if min((row["set_date"] for row in rows if row["set_date"]), default=date.max) > end:
            continue
        past = sorted((row["review_month"], row["status"]) for row in rows if row["review_month"] <= end)
        status = past[-1][1] if past else "in_progress"
        n["set"] += 1
        n["met"] += status == "met"
        n["discontinued"] += status == "discontinued"
        n["reopened"] += status == "in_progress" and any(told == "met" for _, told in past)

    def rate(denominator: int) -> float | None:
        return n["met"] / denominator if denominator else None

    rates = {
        "all": rate(n["set"]),
        "minus_discontinued": rate(n["set"] - n["discontinued"]),
        "closed_only": rate(n["met"] + n["discontinued"]),
    }
    return {
        **{f"goals_{name}": count for name, count in n.items()},
        "goals_in_progress": n["set"] - n["met"] - n["discontinued"],
        "goal_completion_rate": rates[config.goals.denominator],
        **{f"rate_{name}": value for name, value in rates.items()},
        "met_two_thirds": 3 * n["met"] >= 2 * n["set"] if n["set"] else None,
    }


def _scores(waves: dict[str, dict[str, Table]], person: Row, config: StudyConfig) -> Iterator[Row]:
    for wave, instruments in waves.items():
        for instrument, responses in instruments.items():
            chosen = max(responses, key=lambda row: _preference(row, config)) if instrument == "urica" else responses[0]
            intake = person["intake_date"]
            common = {
                "wave": wave,
                "n_responses": len(responses),
                "days_since_intake": None if intake is None else (chosen["recorded_on"] - intake).days,
            }
            for row in _scales(items_of(chosen, instrument), instrument, config):
                yield {**common, **row}


def _scales(items: list[Any], instrument: str, config: StudyConfig) -> Iterator[Row]:
    def row(scale: str, numbers: tuple[int, ...], score: float | None, stage: str | None = None) -> Row:
        answered = sum(items[number - 1] is not None for number in numbers)
        return {"scale": scale, "score": score, "stage": stage, "n_items": len(numbers), "n_answered": answered}

    if instrument == "urica":
        parts = _subscales(items, config)
        for name, (numbers, score) in parts.items():
            yield row(f"urica_{name}", numbers, score)
        every = tuple(number for numbers, _ in parts.values() for number in numbers)
        readiness, stage = _readiness(items, config)
        yield row("urica_readiness", every, readiness, stage)
        return
    name, scale = ("mspss", config.scales.mspss) if instrument == "mspss" else ("cope_se", config.scales.cope_se)
    whole = tuple(range(1, scale.n_items + 1))
    strict = scale.missing == "strict"
    mean = mean_of(items, whole, scale.n_items if strict else scale.min_answered)
    score = None if mean is None else mean * (scale.n_items if instrument == "copse" else 1)
    means = []
    for part, subscale in scale.subscales.items():
        size = len(subscale.items)
        part_mean = mean_of(items, subscale.items, size if strict else subscale.min_answered)
        means.append(part_mean)
        part_score = part_mean if part_mean is None or instrument == "mspss" else size * part_mean
        yield row(f"{name}_{part}", subscale.items, part_score)
    if instrument == "mspss" and config.scales.mspss.composite == "sum":
        score = None if mean is None else scale.n_items * mean
    if instrument == "mspss" and config.scales.mspss.composite == "sum_of_means":
        score = None if None in means else sum(value for value in means if value is not None)
    yield row(name, whole, score)


def _subscales(items: list[Any], config: StudyConfig) -> dict[str, tuple[tuple[int, ...], float | None]]:
    key = config.scales.urica.key
    return {name: (numbers, mean_of(items, numbers, len(numbers))) for name, numbers in key.model_dump().items()}


def _readiness(items: list[Any], config: StudyConfig) -> tuple[float | None, str | None]:
    means = {name: mean for name, (_, mean) in _subscales(items, config).items()}
    if None in means.values():
        return None, None
    pc, c, a, m = (means[name] for name in ("precontemplation", "contemplation", "action", "maintenance"))
    score = round(c + a + m - pc, 9)  # type: ignore[operator]
    return score, stage_of(score, [pc, c, a, m], config)  # type: ignore[list-item]


def _preference(row: Row, config: StudyConfig) -> tuple[Any, ...]:
    """Highest readiness first, then the lower behaviour; one behaviour has one response a day."""
    readiness, _ = _readiness(items_of(row, "urica"), config)
    behavior = row["urica_behavior"]
    return (readiness is not None, readiness or 0, -(behavior if behavior is not None else 99))
