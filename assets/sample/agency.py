"""An invented agency on disk: the exports, and beside them the truth, the canaries and the codebook."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from assets.sample.goals import goal_plans
from assets.sample.names import STEMS, goal_token, note_token, phone, staff_name
from assets.sample.people import intake_rows, make_people
from assets.sample.plans import give_roles, give_survey_plans
from assets.sample.qualtrics import write_codebook, write_survey
from assets.sample.records import AgencyRecords
from assets.sample.services import ORPHAN_ID, case_notes
from assets.sample.shape import STUDY_END, STUDY_START, SURVEYS, TRUTH_COLUMNS
from assets.sample.spss import write_minimal_dataset
from assets.sample.surveys import survey_responses
from assets.sample.truth import Truth, truth_of
from assets.sample.workbooks import write_case_notes, write_goal_plans, write_intake

MOST_CLIENTS = 20_000
"""Above this a year's case notes (about 40 a client) come near the 1,048,576 rows of an Excel sheet."""


@dataclass(frozen=True)
class SampleSummary:
    """What was written: ``exports`` are the files an agency would drop into the inbox, ``beside`` the others."""

    folder: Path
    exports: tuple[Path, ...]
    beside: tuple[Path, ...]
    clients: int
    case_notes: int
    goal_reviews: int
    responses: int


def draw_agency(clients: int, seed: int) -> tuple[AgencyRecords, list[int]]:
    """Draw the records of an agency; returns them with the clients' numbers.

    Raises ValueError unless 1 <= clients <= 20,000.
    """
    if not 1 <= clients <= MOST_CLIENTS:
        raise ValueError(f"clients must be from 1 to {MOST_CLIENTS}")

    def stream(name: str) -> Random:
        return Random(f"{seed}/{clients}/{name}")

    people = make_people(stream("people"), clients)
    give_survey_plans(stream("plans"), people)
    give_roles(stream("roles"), people)
    rows = intake_rows(stream("intake"), people)
    twice = set(stream("duplicates").sample(range(clients), max(1, clients // 95)))
    records = AgencyRecords(
        intake=[copy for i, row in enumerate(rows) for copy in ([row, row] if i in twice else [row])],
        notes=case_notes(stream("services"), people),
        goals=goal_plans(stream("goals"), people),
        responses=survey_responses(stream("surveys"), people),
    )
    return records, [person.number for person in people]


def write_sample(out: Path, clients: int, seed: int, progress: Callable[[str], None] | None = None) -> SampleSummary:
    """Write the exports of an invented agency of ``clients`` people into ``out``, the same bytes for the same seed.

    Raises ValueError for a number of clients that Excel's sheets cannot hold, OSError where ``out`` cannot be written.
    """
    tell = progress or (lambda _: None)
    out.mkdir(parents=True, exist_ok=True)
    tell(f"drawing {clients} clients")
    records, numbers = draw_agency(clients, seed)
    tell("computing the truth")
    truth = truth_of(records)
    paths = {name: out / f"{name}.xlsx" for name in ("intake", "case_notes", "goal_plans")}
    write_intake(paths["intake"], records.intake)
    tell(f"writing {len(records.notes)} case notes")
    sheets = write_case_notes(paths["case_notes"], records.notes)
    tell(f"writing {len(records.goals)} goal reviews")
    write_goal_plans(paths["goal_plans"], records.goals)
    tell("writing surveys and truth")
    surveys = []
    for key, survey in SURVEYS.items():
        surveys.append(out / survey.file)
        write_survey(surveys[-1], key, records.responses[key])
    sav = out / "minimal_dataset.sav"
    write_minimal_dataset(sav, Random(f"{seed}/{clients}/sav"), list(truth.clients.values()))
    beside = (out / "truth.json", out / "canaries.json", out / "codebook.csv")
    _write_json(beside[0], _truth_file(truth, records, clients, seed, sheets))
    _write_json(beside[1], _canaries(records, numbers))
    write_codebook(beside[2])
    return SampleSummary(
        folder=out,
        exports=(*paths.values(), *surveys, sav),
        beside=beside,
        clients=clients,
        case_notes=len(records.notes),
        goal_reviews=len(records.goals),
        responses=sum(len(rows) for rows in records.responses.values()),
    )


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")


def _repeats(rows: list[Any]) -> int:
    return len(rows) - len({tuple(row.values()) for row in rows})


def _truth_file(truth: Truth, records: AgencyRecords, clients: int, seed: int, note_sheets: int) -> dict[str, Any]:
    files: dict[str, Any] = {
        "intake.xlsx": _file("intake", records.intake, 6),
        "goal_plans.xlsx": _file("goal_plans", records.goals, 1),
        "case_notes.xlsx": _file("case_notes", records.notes, 3 * note_sheets),
    }
    for key, survey in SURVEYS.items():
        files[survey.file] = {**_file(survey.kind, records.responses[key], 3), "responses": truth.responses[key]}
    files["minimal_dataset.sav"] = {"kind": "minimal_dataset", "data_rows": clients, "exact_duplicates": 0}
    orphans = set(truth.orphan_client_ids)
    return {
        "about": "marts.client_study by source client ID, computed by loops over the records in these files",
        "clients_n": clients,
        "seed": seed,
        "study": {"start": STUDY_START.isoformat(), "end": STUDY_END.isoformat()},
        "columns": list(TRUTH_COLUMNS),
        "clients": truth.clients,
        "totals": {
            "files": files,
            **truth.notes,
            "orphan_goal_rows": sum(row["client_id"] in orphans for row in records.goals),
            "orphan_client_ids": truth.orphan_client_ids,
            "goals_met_then_reopened": len(truth.reopened_goals),
            "responses": truth.responses,
        },
        "waves": truth.waves,
        "reopened_goals": truth.reopened_goals,
    }


def _file(kind: str, rows: list[Any], structural: int) -> dict[str, Any]:
    return {
        "kind": kind,
        "data_rows": len(rows),
        "exact_duplicates": _repeats(rows),
        "header_title_blank_total_rows": structural,
    }


def _canaries(records: AgencyRecords, numbers: list[int]) -> dict[str, list[str]]:
    """Every text that may stand in the identified zone only, for leak tests."""
    names = {row["client_name"] for row in records.intake}
    staff = {staff_name(i) for i in range(7)}
    tokens = {note_token(n) for n in numbers} | {goal_token(n) for n in numbers} | {note_token(0)}
    return {
        "stems": list(STEMS),
        "strings": sorted(names | staff | tokens | {phone(n) for n in numbers}),
        "source_ids": [*dict.fromkeys(row["client_id"] for row in records.intake), ORPHAN_ID],
        "birth_dates": sorted({born.isoformat() for row in records.intake if (born := row["date_of_birth"])}),
        "response_ids": [row["response_id"] for rows in records.responses.values() for row in rows],
    }
