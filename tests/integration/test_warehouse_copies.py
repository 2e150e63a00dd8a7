"""One response that arrives in two shapes is one response, and the copy that tells more counts, up to the marts."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from warehouse_models import shipped_config

from assets.home import Home
from assets.ingest import IngestPaths, ingest, load_feeds
from assets.warehouse import DbtPaths, assign_research_ids, build
from assets.warehouse.database import connect
from tests.faults.answers import EN, ES
from tests.faults.good import intake_book, intake_rows, responses, survey_csv

INTAKE = date(2021, 2, 20)
ROWS = responses(8)
FULL, WORDS = ROWS[:4], ROWS[4:]
Row = dict[str, str]


def at_night(rows: list[Row]) -> list[Row]:
    """Recorded at 3:00: UTC says the evening before, and a copy without a zone says this day."""
    return [{**row, "recordedDate": f"{row['recordedDate'][:10]} 03:00:00"} for row in rows]


def worse(rows: list[Row]) -> list[Row]:
    """The copy that passed through a spreadsheet: its first answer is lost."""
    return [{**row, "QID2_1": ""} for row in rows]


def worded(rows: list[Row], labels: dict[str, str]) -> list[Row]:
    said = [{key: labels.get(cell, cell) if "QID2_" in key else cell for key, cell in row.items()} for row in rows]
    return [{**row, "status": "IP Address", "finished": "True"} for row in said]


TELLS_MORE = {
    "codes.csv": survey_csv(at_night(FULL), zone="UTC"),
    "words-zone.csv": survey_csv(worded(at_night(WORDS), ES), zone="UTC"),
}
"""The zone and the codes (3); the zone and words (2)."""
TELLS_LESS = {
    "words.csv": survey_csv(worded(worse(at_night(FULL)), EN), zone=None),
    "codes-no-zone.csv": survey_csv(worse(at_night(WORDS)), headers=1),
}
"""Of the same responses: words without a zone (0); codes without one (1)."""


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[dict[str, Any]]]:
    """A home whose inbox gains some files each night; what the marts and the staging say after each."""
    folder = tmp_path_factory.mktemp("copies") / "home"

    def run(*drops: dict[str, str]) -> list[dict[str, Any]]:
        shutil.rmtree(folder, ignore_errors=True)
        home = Home(folder)
        home.inbox.mkdir(parents=True)
        people = intake_rows(9)
        for row in people:
            row[4] = INTAKE
        intake_book(people).save(home.inbox / "intake.xlsx")
        return [night(home, number, files) for number, files in enumerate(drops)]

    return run


def night(home: Home, number: int, files: dict[str, str]) -> dict[str, Any]:
    now = datetime(2022, 2, 1 + number, 14, tzinfo=UTC)
    for name, text in files.items():
        (home.inbox / name).write_text(text, "utf-8", newline="")
        os.utime(home.inbox / name, (now.timestamp() - 3600,) * 2)
    with connect(home) as con:
        ingest(replace(IngestPaths.of(home), settle_seconds=0), con, load_feeds(home.config), now=now)
        assign_research_ids(con)
    assert build(DbtPaths.of(home), shipped_config(), exclude=["resource_type:test", "resource_type:unit_test"]).success
    with connect(home, read_only=True) as con:
        scores = con.execute(
            "select source_client_id, round(score, 6), n_answered, n_responses, days_since_intake"
            " from marts.fct_scale_scores join control.crosswalk using (client_id) where scale = 'mspss' order by all"
        ).fetchall()
        study = con.execute(
            "select source_client_id, round(mspss_t0, 6) from marts.client_study join control.crosswalk"
            " using (client_id) where mspss_t0 is not null order by all"
        ).fetchall()
        n = con.execute("select count(*), count(distinct response_id) from raw.survey_mspss").fetchone()
        staged = con.execute("select count(*) from staging.stg_qualtrics__responses").fetchone()[0]
    return {"scores": scores, "study": study, "raw": n, "staged": staged}


def expected(rows: list[Row], items: range, days: int) -> list[tuple[Any, ...]]:
    found = []
    for row in rows:
        answers = [int(row[f"QID2_{i}"]) for i in items]
        since = (date.fromisoformat(row["recordedDate"][:10]) - INTAKE).days + days
        found.append((row["QID1_TEXT"], round(sum(answers) / len(answers), 6), len(answers), 1, since))
    return sorted(found)


BETTER, LESS = expected(ROWS, range(1, 13), -1), expected(ROWS, range(2, 13), 0)


def assert_one_response_each(found: dict[str, Any], scores: list[tuple[Any, ...]]) -> None:
    assert found["scores"] == scores
    assert found["study"] == [row[:2] for row in scores]
    assert found["staged"] == len(ROWS)


@pytest.mark.parametrize("better_first", [True, False], ids=["better-first", "better-second"])
def test_over_two_nights(nights: Callable[..., list[dict[str, Any]]], better_first: bool) -> None:
    drops = (TELLS_MORE, TELLS_LESS) if better_first else (TELLS_LESS, TELLS_MORE)
    first, second = nights(*drops)
    assert_one_response_each(first, BETTER if better_first else LESS)
    assert first["raw"] == (len(ROWS), len(ROWS))
    assert_one_response_each(second, BETTER)
    assert second["raw"] == (2 * len(ROWS), len(ROWS))


def test_in_one_night(nights: Callable[..., list[dict[str, Any]]]) -> None:
    (both,) = nights({**TELLS_LESS, **TELLS_MORE})
    assert_one_response_each(both, BETTER)


def test_of_copies_that_tell_alike_the_later_export_counts(nights: Callable[..., list[dict[str, Any]]]) -> None:
    """What was answered again in the same shape is not held back by its first copy."""
    again = [{**row, "QID2_1": "7"} for row in at_night(FULL)]
    later = {"again.csv": survey_csv([*again, *at_night(responses(1, 22))], zone="UTC")}
    _, second = nights(TELLS_MORE, later)
    mine = {row["QID1_TEXT"] for row in FULL}
    changed = expected([{**row, "QID2_1": "7"} for row in FULL], range(1, 13), -1)
    assert [row for row in second["scores"] if row[0] in mine] == changed
