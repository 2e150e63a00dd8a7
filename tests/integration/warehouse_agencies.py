"""Small made-up agencies that crowd the edges: windows, month ends, ties, typing slips, vanished and edited rows."""

import random
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
from warehouse_oracle import N_ITEMS, SPECIALS, VICTIMIZATIONS, Agency
from warehouse_raw import add_file, add_rows, create_raw

Row = dict[str, Any]
FEED_TABLES = {
    "intake": "raw.intake",
    "case_notes": "raw.case_notes",
    "goal_plans": "raw.goal_plans",
    **{f"survey_{name}": f"raw.survey_{name}" for name in N_ITEMS},
}
START, END = date(2021, 1, 1), date(2021, 10, 31)
SLIP = "TX-99999"
RACES = ["black", "latinx", "white", "asian", "other"]
SERVICES = [
    "case_manager_check_in", "referral", "transportation", "safety_planning", "court_accompaniment", "mentorship",
    "basic_needs", "group", "equine_therapy",
]  # fmt: skip
CONTACTS = ["attempt_to_contact", "communication_with_client", "crisis_response"]
EXPORTS = (datetime(2021, 12, 1, 6), datetime(2022, 1, 7, 6))


def random_agency(seed: int, n_clients: int, block: int = 0) -> Agency:
    """Draw an agency of ``n_clients``; the same arguments give the same one.

    Agencies of different ``block`` share no ID, so that they can be put side by side (``side_by_side``).
    """
    draw = random.Random(f"{seed}/{n_clients}")
    clients = [f"TX-{number:05d}" for number in draw.sample(range(1000 * block + 1, 1000 * block + 400), n_clients)]
    people = [_person(draw, client, place) for place, client in enumerate(clients)]
    anchors = {row["client_id"]: max(START, row["intake_date"] or START) for row in people}
    feeds: dict[str, list[Row]] = {
        "intake": people,
        "case_notes": _notes(draw, people),
        "goal_plans": _goals(draw, clients),
    }
    for instrument in N_ITEMS:
        feeds[f"survey_{instrument}"] = _responses(draw, instrument, anchors)
    agency = Agency()
    if draw.random() < 0.5:
        agency.aliases[SLIP] = draw.choice(clients)
    for feed, rows in feeds.items():
        for position, row in enumerate(rows, start=2):
            row["row_number"] = position
            for key in ("record_id", "response_id"):
                if key in row:
                    row[key] += f"-{block}"
        agency.exports[feed] = _exports(draw, feed, rows)
    return agency


def side_by_side(agencies: list[Agency]) -> Agency:
    """Put agencies of different blocks into one, as one set of exports: five cost little more than one."""
    whole = Agency()
    for feed in FEED_TABLES:
        parts: dict[tuple[datetime, str], list[Row]] = {}
        for agency in agencies:
            for exported_at, token, rows in agency.exports[feed]:
                parts.setdefault((exported_at, token), []).extend(rows)
        whole.exports[feed] = [(moment, token, rows) for (moment, token), rows in sorted(parts.items())]
        for _, _, rows in whole.exports[feed]:
            for position, row in enumerate(rows, start=2):
                row["row_number"] = position
    for agency in agencies:
        whole.aliases |= agency.aliases
    return whole


def load(agency: Agency, connection: duckdb.DuckDBPyConnection) -> None:
    """Fill fresh raw and control tables; the crosswalk's research ID is the source ID with an R in front."""
    create_raw(connection)
    ids = set()
    for feed, exports in agency.exports.items():
        for exported_at, token, rows in exports:
            add_file(connection, token, feed, exported_at)
            add_rows(connection, FEED_TABLES[feed], token, rows, None)
            if feed == "intake":
                ids |= {row["client_id"] for row in rows} - {None}
    for client in sorted(ids):
        connection.execute("insert into control.crosswalk values (?, ?)", [f"R{client}", client])
    for typed, client in agency.aliases.items():
        # As a person types it; the loops compare it trimmed and in capitals.
        connection.execute("insert into control.client_aliases values (?, ?, 'typing')", [f" {typed.lower()} ", client])


def _exports(draw: random.Random, feed: str, rows: list[Row]) -> list[tuple[datetime, str, list[Row]]]:
    """One export, or an older one before it: some rows of the older were edited since, some have vanished."""
    if draw.random() < 0.6 or not rows:
        return [(EXPORTS[1], f"{feed}-b", rows)]
    older = [dict(row) for row in rows if draw.random() < 0.9]
    for row in older:
        if draw.random() < 0.3:
            row.update(_edit(draw, feed))
    vanishing = draw.random() < 0.4
    newer = [row for row in rows if not (vanishing and draw.random() < 0.2)]
    return [(EXPORTS[0], f"{feed}-a", older), (EXPORTS[1], f"{feed}-b", newer)]


def _edit(draw: random.Random, feed: str) -> Row:
    if feed == "intake":
        return {"classification": "high_risk", "exit_date": None}
    if feed == "case_notes":
        return {"service_type": draw.choice(SERVICES), "entered_on": datetime(2021, draw.randint(1, 12), 5)}
    if feed == "goal_plans":
        return {"status": "in_progress"}
    return {"status": draw.choice([0, 1])}


def _person(draw: random.Random, client: str, place: int) -> Row:
    intake = draw.choice(
        [None, date(2019, 12, 31), date(2020, 1, 31), date(2020, 2, 29), START - timedelta(1), START,
         START + timedelta(1), date(2021, 4, 30), END, END + timedelta(1), START - timedelta(draw.randint(2, 700))]
    )  # fmt: skip
    return {
        "record_id": f"{500 + place}",
        "client_id": client,
        "client_id_raw": client,
        "date_of_birth": draw.choice(
            [None, date(2004, 2, 29), date(2005, 10, 31), date(2005, 11, 1), date(2003, 3, 1), date(2006, 2, 28)]
        ),
        "intake_date": intake,
        "exit_date": draw.choice(
            [None, None, END, END + timedelta(9), date(2021, 2, 28), date(2021, 3, 31), date(2018, 5, 5)]
        ),
        "race_ethnicity": draw.choice(
            [None, "", "declined", "white", "white|declined", "black", "|".join(sorted(draw.sample(RACES, 2)))]
        ),
        "sexual_orientation": draw.choice([None, "declined", "straight", "straight", "bisexual", "questioning"]),
        "county": draw.choice([None, "tarrant", "dallas", "wise", "el_paso"]),
        "classification": draw.choice([None, "confirmed", "high_risk"]),
        "secondary_victimization": draw.choice([None, "", "other", "|".join(draw.sample(VICTIMIZATIONS, 3))]),
        "special_classification": draw.choice([None, "", "|".join(draw.sample(SPECIALS, 2))]),
    }


def _typed(draw: random.Random, client: str) -> Row:
    kind = draw.random()
    if kind < 0.04:
        return {"client_id_raw": SLIP, "client_id": SLIP}
    if kind < 0.08:
        return {"client_id_raw": draw.choice(["?", "TX-77777x", "", None]), "client_id": None}
    return {"client_id_raw": client if kind < 0.8 else client.lower().replace("-", ""), "client_id": client}


def _notes(draw: random.Random, people: list[Row]) -> list[Row]:
    rows = []
    for person in people:
        intake = person["intake_date"] or START
        for _ in range(draw.randint(0, 8)):
            day = draw.choice(
                [None, intake, intake - timedelta(1), intake + timedelta(draw.randint(0, 400)), END, END + timedelta(1),
                 START + timedelta(draw.randint(0, 70))]
            )  # fmt: skip
            rows.append(
                {
                    **_typed(draw, person["client_id"]),
                    "record_id": f"{1000 + len(rows)}",
                    "service_date": day,
                    "entered_on": draw.choice([None, datetime(2021, 6, 1)]),
                    "contact_type": draw.choice([None, *CONTACTS]),
                    "service_type": draw.choice([None, "", "|".join(draw.sample(SERVICES, draw.randint(1, 3)))]),
                    "minutes": draw.choice([None, 15, 60]),
                }
            )
    return rows


def _goals(draw: random.Random, clients: list[str]) -> list[Row]:
    rows = []
    for client in clients:
        for number in range(draw.randint(0, 4)):
            first = draw.choice([START, date(2021, 8, 31), END, END + timedelta(1), None])
            months = [date(2021, month, 1) for month in (1, 2, 8, 9, 10, 11)]
            for month in sorted(draw.sample(months, draw.randint(1, 4))):
                rows.append(
                    {
                        "client_id": client,
                        "client_id_raw": client,
                        "goal_id": f"G-{client}-{number}",
                        "goal_category": "other",
                        "set_date": first,
                        "review_month": month,
                        "status": draw.choice(["in_progress", "met", "discontinued"]),
                    }
                )
    return rows


def _responses(draw: random.Random, instrument: str, anchors: dict[str, date]) -> list[Row]:
    low, high = {"mspss": (1, 7), "copse": (0, 10), "urica": (1, 5)}[instrument]
    n_items = N_ITEMS[instrument]
    rows = []
    for client, anchor in anchors.items():
        days = [-1, 0, 1, 59, 60, 61, 90, 136, 137, 181, 182, 183, 227, 228, 242, 287, 300]
        pool = draw.sample(days, draw.randint(0, 5))
        for offset in [*pool, *pool[: draw.randint(0, 2)]]:
            day = anchor + timedelta(offset)
            gaps = draw.choice([0, 0, 0, 1, 3, 4, 5, 6, n_items])
            answers: list[int | None] = [draw.randint(low, high) for _ in range(n_items)]
            if draw.random() < 0.3:
                answers = [draw.choice([low, high])] * n_items
            elif draw.random() < 0.7:
                # Items of one subscale of the URICA stand four apart: with this its readiness spans all stages.
                levels = draw.choice([[low, high, high, high], [draw.randint(low, high) for _ in range(4)]])
                answers = [
                    min(high, max(low, levels[place % 4] + draw.choice([-1, 0, 0, 1]))) for place in range(n_items)
                ]
            for place in draw.sample(range(n_items), min(gaps, n_items)):
                answers[place] = None
            rows.append(
                {
                    **_typed(draw, client),
                    "response_id": f"R_{draw.randint(0, 10**9)}_{len(rows)}",
                    "recorded_at_utc": datetime(day.year, day.month, day.day, draw.choice([14, 15])),
                    "recorded_on": day,
                    "status": draw.choice([0, 0, 0, 0, 0, 0, 16, 4, 1, 2, 8, 9, None]),
                    "finished": draw.random() < 0.8,
                    **{f"{instrument}_{number}": value for number, value in enumerate(answers, start=1)},
                    **({"urica_behavior": draw.choice([None, 1, 2, 3])} if instrument == "urica" else {}),
                }
            )
    return rows
