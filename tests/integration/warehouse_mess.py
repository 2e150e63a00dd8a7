"""What exports of real agencies hold besides: readmissions, merged records, moved goals, copies, unreadable words.

``random_agency`` crowds the edges of the definitions, ``messy_agency`` those of the rules about who is who and which of
several rows counts. The oracle reads messy agencies.
"""

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from warehouse_agencies import SLIP, random_agency
from warehouse_oracle import N_ITEMS, Agency

Row = dict[str, Any]
BITS = [0, 4, 16, 1, 2, 8, 3, 5, 6, 9, 12, 24, None]
"""Preview 1, test 2, imported 4, spam 8 and others, alone and together."""
UNREADABLE = {
    "race_ethnicity": "black|unmapped",
    "county": "unmapped",
    "sexual_orientation": "unmapped",
    "classification": "unmapped",
    "secondary_victimization": "bullying|unmapped",
    "special_classification": "unmapped",
}


def messy_agency(seed: int, n_clients: int, block: int = 0) -> Agency:
    """Draw an agency as ``random_agency`` does and spoil it; the same arguments give the same one."""
    agency = random_agency(seed, n_clients, block)
    draw = random.Random(f"mess {seed}/{n_clients}")
    clients = sorted({row["client_id"] for _, _, rows in agency.exports["intake"] for row in rows})
    if not clients:
        return agency
    _merge(draw, agency, clients)
    _spoil(agency, "intake", lambda row: _unreadable(draw, row))
    _repeat(draw, agency, "intake", 0.3, lambda row: _readmitted(draw, row))
    _repeat(draw, agency, "case_notes", 0.1, lambda _: {"minutes": draw.randint(1, 90)})
    _spoil(agency, "goal_plans", lambda row: _moved(draw, row, clients))
    _repeat(draw, agency, "goal_plans", 0.1, lambda _: {"status": draw.choice(["met", "discontinued"])})
    for instrument in N_ITEMS:
        _name_alike(draw, agency, f"survey_{instrument}", block)
        _spoil(agency, f"survey_{instrument}", lambda row: _copied(draw, row))
    return agency


def _spoil(agency: Agency, feed: str, change: Callable[[Row], Row]) -> None:
    for _, _, rows in agency.exports[feed]:
        for row in rows:
            row.update(change(row))


def _repeat(draw: random.Random, agency: Agency, feed: str, share: float, change: Callable[[Row], Row]) -> None:
    """Some rows of each export stand in it a second time, changed."""
    for _, _, rows in agency.exports[feed]:
        for row in [row for row in rows if draw.random() < share]:
            rows.append({**row, **change(row), "row_number": rows[-1]["row_number"] + 1})


def _merge(draw: random.Random, agency: Agency, clients: list[str]) -> None:
    """IDs that a person has settled: of clients, two spellings of a slip for different people, and a nickname."""
    for client in clients:
        if draw.random() < 0.2:
            agency.aliases[client] = draw.choice(clients)
    if draw.random() < 0.5:
        agency.aliases[SLIP.replace("-", "")] = draw.choice(clients)
    if draw.random() < 0.5:
        agency.aliases["?"] = draw.choice(clients)
    for exports in agency.exports.values():
        for _, _, rows in exports:
            for row in rows:
                if row["client_id"] == SLIP:
                    row["client_id_raw"] = draw.choice([SLIP, f" {SLIP.lower()}", "TX99999", "tx 99999"])


def _unreadable(draw: random.Random, row: Row) -> Row:
    spoiled: Row = {name: word for name, word in UNREADABLE.items() if draw.random() < 0.08}
    if row["intake_date"] is not None and draw.random() < 0.1:
        spoiled["exit_date"] = row["intake_date"]
    return spoiled


def _readmitted(draw: random.Random, row: Row) -> Row:
    """The client's second record, or the same record twice in one file."""
    again = row["record_id"] if draw.random() < 0.2 else f"{row['record_id']}-again"
    return {"record_id": again, "county": draw.choice(["wise", "dallas"]), "exit_date": None}


def _moved(draw: random.Random, row: Row, clients: list[str]) -> Row:
    """Another client's goal by now, or set on another day, as one review of several says."""
    if draw.random() < 0.1:
        other = draw.choice(clients)
        return {"client_id": other, "client_id_raw": other}
    if draw.random() < 0.3:
        day = row["set_date"] or date(2021, 6, 1)
        return {"set_date": draw.choice([None, day - timedelta(40), day + timedelta(1), day + timedelta(70)])}
    return {}


def _name_alike(draw: random.Random, agency: Agency, feed: str, block: int) -> None:
    """The three surveys count their responses alike, so that an ID alone says nothing."""
    known = sorted({row["response_id"] for _, _, rows in agency.exports[feed] for row in rows})
    numbers = draw.sample(range(len(known)), len(known))
    names = {name: f"R_{number:05d}-{block}" for name, number in zip(known, numbers, strict=True)}
    _spoil(agency, feed, lambda row: {"response_id": names[row["response_id"]]})


def _copied(draw: random.Random, row: Row) -> Row:
    return {
        "status": draw.choice(BITS) if draw.random() < 0.3 else row["status"],
        "copy_quality": draw.choice([None, 0, 1, 3]),
        "finished": draw.choice([None, False]) if draw.random() < 0.1 else row["finished"],
        "recorded_at_utc": None if draw.random() < 0.1 else row["recorded_at_utc"],
    }
