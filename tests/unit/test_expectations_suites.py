"""Every suite lets a sound table pass and names the fault of a spoiled one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from expectations.runner import SUITES, judge, run_suite

ROWS = 40
Spoil = Callable[[pd.DataFrame], None]


def ids(n: int = ROWS) -> list[str]:
    return [f"TX-{number:05d}" for number in range(n)]


def intake() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "file_token": "ab" * 6,
            "record_id": [f"R{number}" for number in range(ROWS)],
            "client_id": ids(),
            "date_of_birth": datetime(2005, 6, 1),
            "intake_date": [datetime(2020, 1 + number % 12, 3) for number in range(ROWS)],
            "exit_date": pd.Series([pd.NaT] * 20 + [pd.Timestamp(2021, 5, 1)] * 20),
            "race_ethnicity": ["", "black", "black|latinx", "declined"] * 10,
            "gender": "female",
            "sexual_orientation": ["straight", "bisexual"] * 20,
            "county": "tarrant",
            "classification": ["confirmed", "high_risk"] * 20,
            "cse_it_score": np.arange(ROWS) % 24,
            "secondary_victimization": ["", "bullying|other"] * 20,
            "special_classification": "homelessness",
            "exported_on": datetime(2021, 11, 1),
        }
    )


def case_notes() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "file_token": "ab" * 6,
            "record_id": [f"N{number}" for number in range(ROWS)],
            "client_id": ids(),
            "service_date": datetime(2021, 3, 3),
            "entered_on": datetime(2021, 3, 3, 15, 30),
            "contact_type": "joint_communication",
            "service_type": ["", "mentorship|group"] * 20,
            "minutes": 30.0,
            "exported_on": datetime(2021, 11, 1),
            "intake_date": datetime(2021, 1, 1),
            "exit_date": datetime(2022, 6, 1),
            "has_intake": True,
        }
    )


def goal_plans() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "file_token": "ab" * 6,
            "goal_id": [f"G{number}" for number in range(ROWS)],
            "client_id": ids(),
            "goal_category": "educational",
            "set_date": datetime(2021, 3, 10),
            "review_month": datetime(2021, 3, 1),
            "status": "met",
            "month_end": datetime(2021, 3, 31),
        }
    )


def survey(name: str, n_items: int, low: int, high: int) -> pd.DataFrame:
    numbers = np.arange(ROWS)
    frame = pd.DataFrame(
        {
            "file_token": "ab" * 6,
            "response_id": [f"R_{number:015d}" for number in range(ROWS)],
            "client_id": ids(),
            "start_date": datetime(2021, 3, 3, 10),
            "end_date": datetime(2021, 3, 3, 10, 20),
            "recorded_date": datetime(2021, 3, 3, 10, 20, 1),
            "recorded_on": datetime(2021, 3, 3),
            "status": 0,
            "progress": 100,
            "finished": True,
            "duration_seconds": 1200,
        }
    )
    if name == "urica":
        frame["urica_behavior"] = 1 + numbers % 3
    for item in range(1, n_items + 1):
        frame[f"{name}_{item}"] = (low + (numbers + item) % (high - low + 1)).astype(float)
    return frame


def scale_scores() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "client_id": ["A", "A", "B"],
            "scale": ["mspss", "urica_readiness", "cope_se"],
            "wave": "t0",
            "score": [7.0, 14.0, np.nan],
            "stage": [None, "preparation/action", None],
            "n_items": [12, 12, 26],
            "n_answered": [12, 12, 20],
            "n_responses": 1,
        }
    )


def client_study() -> pd.DataFrame:
    victimizations = {}
    for kind in ("child_sexual_abuse", "domestic_family_violence", "physical_abuse_neglect", "bullying",
                 "teen_dating_violence", "other"):  # fmt: skip
        victimizations[f"victimization_{kind}"] = [True, False]
    waves: dict[str, list[Any]] = {}
    for wave in ("t0", "t6"):
        for name in ("mspss", "mspss_family", "mspss_friends", "mspss_significant_other"):
            waves[f"{name}_{wave}"] = [4.5, None]
        waves |= {f"cope_se_{wave}": [130.0, None], f"urica_readiness_{wave}": [8.0, None]}
        waves |= {f"urica_stage_{wave}": ["pre-contemplation", None]}
    return pd.DataFrame(
        {
            "client_id": ["A", "B"],
            "in_crosswalk": True,
            "age": [16, None],
            "race_ethnicity": ["white", None],
            "minority": pd.Series([False, None], dtype=object),
            "classification": ["Confirmed", "High Risk"],
            "confirmed": [True, False],
            **victimizations,
            "n_victimizations": [6, 0],
            "services_t0": [10.0, None],
            "services_t6": [20.0, None],
            "services_total": [30.0, None],
            "months_of_service_t0": [3.5, None],
            "months_of_service_total": [9.5, None],
            "goals_set": [3, 0],
            "goals_met": [2, 0],
            "goals_discontinued": [1, 0],
            "goals_in_progress": [0, 0],
            "goal_completion_rate": [2 / 3, None],
            "met_two_thirds": pd.Series([True, None], dtype=object),
            **waves,
        }
    )


SOUND: dict[str, Callable[[], pd.DataFrame]] = {
    "intake": intake,
    "case_notes": case_notes,
    "goal_plans": goal_plans,
    "survey_mspss": lambda: survey("mspss", 12, 1, 7),
    "survey_copse": lambda: survey("copse", 26, 0, 10),
    "survey_urica": lambda: survey("urica", 12, 1, 5),
    "scale_scores": scale_scores,
    "client_study": client_study,
}


def put(column: str, value: Any, rows: int = 1) -> Spoil:
    def spoil(frame: pd.DataFrame) -> None:
        values = frame[column].astype(object)
        values.iloc[:rows] = value
        frame[column] = values.infer_objects()

    return spoil


FAULTS: list[tuple[str, Spoil, str, str, int]] = [
    ("intake", put("record_id", "R5"), "file_token_record_id_unique", "error", 2),
    ("intake", put("client_id", "00042"), "client_id_well_formed", "error", 1),
    ("intake", put("client_id", None, 5), "client_id_present_mostly", "error", 5),
    ("intake", put("date_of_birth", pd.Timestamp(1899, 12, 30)), "date_of_birth_in_range", "error", 1),
    ("intake", put("intake_date", pd.Timestamp(2025, 1, 1)), "intake_not_after_export", "warn", 1),
    ("intake", put("intake_date", pd.Timestamp(2025, 1, 1), 9), "intake_not_after_export_mostly", "error", 9),
    ("intake", put("classification", "Confirmed"), "classification_known", "error", 1),
    ("intake", put("race_ethnicity", "black|black"), "race_ethnicity_known", "error", 1),
    ("intake", put("classification", "unmapped", 6), "categories_mapped_mostly", "error", 6),
    ("intake", put("cse_it_score", 24), "cse_it_score_in_range", "error", 1),
    ("case_notes", put("record_id", None), "record_id_present", "error", 1),
    ("case_notes", put("service_date", None, 5), "service_date_present_mostly", "error", 5),
    ("case_notes", put("service_date", pd.Timestamp(2020, 12, 30)), "service_not_before_intake", "warn", 1),
    ("case_notes", put("service_date", pd.Timestamp(2022, 6, 2)), "service_not_after_exit", "warn", 1),
    ("case_notes", put("has_intake", False, 21), "client_has_intake_mostly", "error", 21),
    ("case_notes", put("minutes", 9999.0), "minutes_in_range", "warn", 1),
    ("goal_plans", put("goal_id", "G1", 3), "file_token_goal_id_review_month_unique", "error", 3),
    ("goal_plans", put("status", "Met!"), "status_known", "error", 1),
    ("goal_plans", put("review_month", pd.Timestamp(2021, 3, 2), 5), "review_month_first_day_mostly", "error", 5),
    ("survey_mspss", put("mspss_7", 8.0), "answers_in_range", "error", 1),
    ("survey_mspss", put("mspss_7", np.nan, ROWS), "every_item_answered_by_someone", "error", ROWS),
    ("survey_copse", put("response_id", "R_000000000000003"), "file_token_response_id_unique", "error", 2),
    ("survey_copse", put("status", 3), "status_known", "error", 1),
    ("survey_urica", put("urica_behavior", 4), "urica_behavior_in_range", "error", 1),
    ("survey_urica", put("recorded_on", None), "local_day_known", "error", 1),
    ("scale_scores", put("score", 7.1), "score_in_range", "error", 1),
    ("scale_scores", put("scale", "mspss_pets"), "scale_known", "error", 1),
    ("client_study", put("client_id", "B"), "client_id_unique", "error", 2),
    ("client_study", put("in_crosswalk", False), "in_crosswalk", "error", 1),
    ("client_study", put("minority", True), "minority_agrees", "error", 1),
    ("client_study", put("confirmed", False), "confirmed_agrees", "error", 1),
    ("client_study", put("n_victimizations", 5), "victimizations_add_up", "error", 1),
    ("client_study", put("services_t6", 9.0), "services_t0_within_t6", "error", 1),
    ("client_study", put("services_total", None), "services_known_with_months", "error", 1),
    ("client_study", put("goals_in_progress", 1), "goals_add_up", "error", 1),
    ("client_study", put("met_two_thirds", False), "two_thirds_agrees", "error", 1),
    ("client_study", put("goal_completion_rate", 1.5), "goal_completion_rate_in_range", "error", 1),
    ("client_study", put("urica_stage_t6", None), "stage_t6_with_readiness", "error", 1),
]


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_table_passes(name: str) -> None:
    frame = SOUND[name]()
    results = run_suite(name, frame)
    assert [result.name for result in results if not result.passed] == []
    assert {result.asset for result in results} == {SUITES[name].asset}


@pytest.mark.parametrize(("name", "spoil", "expectation", "severity", "n_failed"), FAULTS)
def test_a_fault_is_named_and_counted(name: str, spoil: Spoil, expectation: str, severity: str, n_failed: int) -> None:
    frame = SOUND[name]()
    spoil(frame)
    suite = SUITES[name]
    meant = tuple(e for e in suite.expectations if e.name == expectation)
    (found,) = judge(replace(suite, expectations=meant), frame)
    assert not found.passed
    assert (found.severity, found.n_failed, found.blocks) == (severity, n_failed, severity == "error")


def test_every_expectation_gives_its_reason_in_words() -> None:
    for suite in SUITES.values():
        for expectation in suite.expectations:
            assert len(expectation.why.split()) >= 3, f"{suite.name}.{expectation.name}"
