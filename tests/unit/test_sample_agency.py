"""The invented agency: near the study for every seed, messy on purpose, the same bytes for the same seed, and true."""

import hashlib
import json
import math
import statistics
from collections import Counter
from datetime import UTC, date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sample_reading import read_agency

from assets.sample import SampleSummary, draw_agency, write_sample
from assets.sample.records import AgencyRecords
from assets.sample.shape import CONTACT_ATTEMPT, STUDY_END, STUDY_START
from assets.sample.truth import Truth, truth_of
from assets.sample.truth_waves import read_client_id

SEEDS = (1, 7, 2024)


@pytest.fixture(scope="module", params=SEEDS)
def drawn(request: pytest.FixtureRequest) -> tuple[AgencyRecords, Truth]:
    records, _ = draw_agency(95, request.param)
    return records, truth_of(records)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> SampleSummary:
    return write_sample(tmp_path_factory.mktemp("agency"), 95, 7)


@pytest.fixture(scope="module")
def read(written: SampleSummary) -> AgencyRecords:
    return read_agency(written.folder)


def known(truth: Truth, column: str) -> list[float]:
    return [float(row[column]) for row in truth.clients.values() if row[column] is not None]


def share(truth: Truth, column: str, value: object) -> float:
    values = [row[column] for row in truth.clients.values() if row[column] is not None]
    return 100 * values.count(value) / len(values)


@pytest.mark.parametrize(
    ("column", "mean", "sd"),
    [
        ("age", (16.5, 0.15), (1.9, 0.15)),
        ("services_total", (92.9, 6), (64.4, 10)),
        ("months_of_service_t0", (13.3, 2), (12.9, 2)),
        ("months_of_service_total", (20.33, 2), (14, 3)),
        ("goals_set", (3.46, 0.35), (2.86, 0.35)),
        ("mspss_t0", (4.8, 0.45), (0.9, 0.3)),
        ("cope_se_t0", (151, 10), (31, 7)),
        ("urica_readiness_t0", (8.7, 0.6), (2.1, 0.5)),
    ],
)
def test_means_near_the_study(
    drawn: tuple[AgencyRecords, Truth], column: str, mean: tuple[float, float], sd: tuple[float, float]
) -> None:
    """Mean and standard deviation, each as (the study's, how far a seed may stray)."""
    values = known(drawn[1], column)
    assert statistics.mean(values) == pytest.approx(mean[0], abs=mean[1])
    assert statistics.stdev(values) == pytest.approx(sd[0], abs=sd[1])


def test_shares_near_the_study(drawn: tuple[AgencyRecords, Truth]) -> None:
    truth = drawn[1]
    assert len(truth.clients) == 95
    assert share(truth, "race_ethnicity", "black") == pytest.approx(43.6, abs=0.1)
    assert share(truth, "race_ethnicity", "latinx") == pytest.approx(28.7, abs=0.1)
    assert share(truth, "race_ethnicity", "multiracial") == pytest.approx(13.8, abs=0.1)
    assert len(known(truth, "urica_readiness_t0")) == 51
    assert share(truth, "urica_stage_t0", "contemplation") == pytest.approx(57, abs=1)
    assert share(truth, "urica_stage_t0", "preparation/action") == pytest.approx(8, abs=1)
    again = sum(
        any(row[f"{s}_t6"] is not None for s in ("mspss", "cope_se", "urica_readiness"))
        for row in truth.clients.values()
    )
    assert 28 <= again <= 36
    ages = known(truth, "age")
    assert min(ages) >= 12
    assert max(ages) <= 21


def mess(records: AgencyRecords, truth: Truth) -> Counter[str]:
    """Count each kind of mess in the records themselves, by looking, not by asking the generator."""
    found: Counter[str] = Counter()
    ids = set(truth.clients)
    for row in records.intake:
        found["no intake date"] += row["intake_date"] is None
        found["admitted after the study"] += (row["intake_date"] or STUDY_START) > STUDY_END
        found["born 29 February"] += (row["date_of_birth"] or STUDY_END).strftime("%m-%d") == "02-29"
        found["race declined"] += row["races"] == "Declined"
        found["nothing noted"] += row["victimizations"] is None
    starts = {row["client_id"]: row["intake_date"] for row in records.intake}
    for note in records.notes:
        client = read_client_id(note["client_id"])
        start = starts.get(client or "")
        found["attempt"] += note["contact_type"].strip() == CONTACT_ATTEMPT
        found["service before intake"] += start is not None and note["service_date"] < start
        found["service after the study"] += note["service_date"] > STUDY_END
        found["no type listed"] += note["service_types"] is None
        found["several types"] += "|" in (note["service_types"] or "")
        found["line break in a note"] += "\n" in note["narrative"]
        found["orphan note"] += client not in ids
        found["blank after an ID in notes"] += note["client_id"] != client
    for goal in records.goals:
        found["blank after a status"] += goal["status"] != goal["status"].strip()
        found["orphan goal"] += goal["client_id"] not in ids
        found["goal set after the study"] += goal["set_date"] > STUDY_END
    for name, rows in (
        ("intake", records.intake),
        ("notes", records.notes),
        ("goals", records.goals),
        *records.responses.items(),
    ):
        found[f"exact duplicates in {name}"] = len(rows) - len({tuple(row.values()) for row in rows})
    found.update(survey_mess(records))
    for instrument, fates in truth.responses.items():
        found.update({f"{instrument} {fate}": n for fate, n in fates.items()})
    for row in truth.clients.values():
        found["exactly two thirds"] += 3 * row["goals_met"] == 2 * row["goals_set"] != 0
        found["no goals"] += row["goals_set"] == 0
        found["no surveys"] += row["services_t0"] is None
    found["reopened goal"] = len(truth.reopened_goals)
    return found


def survey_mess(records: AgencyRecords) -> Counter[str]:
    found: Counter[str] = Counter()
    for response in (row for rows in records.responses.values() for row in rows):
        typed, meant = response["client_id"], read_client_id(response["client_id"])
        if meant and typed != meant:
            found["ID lower case"] += "tx" in typed
            found["ID with blanks"] += typed != typed.strip()
            found["ID without dash"] += "-" not in typed and "–" not in typed
            found["ID with letter O"] += "O" in typed
            found["ID with letter l"] += "l" in typed
            found["ID without zeros"] += len(typed.strip()) < 7
        found["spanish"] += response["language"] == "ES"
        found["imported or offline"] += response["status"] in (4, 16)
        found["-99"] += "-99" in response["items"]
        found["blank item"] += "" in response["items"]
        found["unfinished"] += not response["finished"]
        moment = response["recorded_date"].replace(tzinfo=ZoneInfo(response["zone"])).astimezone(UTC)
        local = moment.astimezone(ZoneInfo("America/Chicago")).date()
        found["another day in the file's zone"] += local != response["recorded_date"].date()
    return found


FATES = (
    "preview",
    "test",
    "spam",
    "unmatched",
    "unfinished_not_scoreable",
    "exact_duplicate_row",
    "duplicate_same_day",
    "outside_all_windows",
    "in_window_not_chosen",
    "t0",
    "t6",
)
KINDS_OF_MESS = {
    "no intake date",
    "admitted after the study",
    "born 29 February",
    "race declined",
    "nothing noted",
    "attempt",
    "service before intake",
    "service after the study",
    "no type listed",
    "several types",
    "line break in a note",
    "orphan note",
    "blank after an ID in notes",
    "blank after a status",
    "orphan goal",
    "goal set after the study",
    *(f"exact duplicates in {name}" for name in ("intake", "notes", "goals", "mspss", "copse", "urica")),
    *(
        f"ID {how}"
        for how in ("lower case", "with blanks", "without dash", "with letter O", "with letter l", "without zeros")
    ),
    "spanish",
    "imported or offline",
    "-99",
    "blank item",
    "unfinished",
    "another day in the file's zone",
    "exactly two thirds",
    "no goals",
    "no surveys",
    "reopened goal",
    *(f"{instrument} {fate}" for instrument in ("mspss", "copse", "urica") for fate in FATES),
}


def test_every_kind_of_mess_is_there(drawn: tuple[AgencyRecords, Truth]) -> None:
    found = mess(*drawn)
    assert {kind for kind in KINDS_OF_MESS if found[kind] == 0} == set()


def test_windows_are_tried_at_both_edges(drawn: tuple[AgencyRecords, Truth]) -> None:
    """Local days 0, 60 and 61 after the study start, within an hour of midnight, where zones disagree."""
    days = Counter()
    for response in drawn[0].responses["mspss"]:
        moment = (
            response["recorded_date"].replace(tzinfo=ZoneInfo(response["zone"])).astimezone(ZoneInfo("America/Chicago"))
        )
        if moment.hour in (0, 23):
            days[(moment.date() - STUDY_START).days] += 1
    assert days[0] >= 1
    assert days[60] >= 1
    assert days[61] >= 1


def test_files_say_what_the_truth_says(written: SampleSummary, read: AgencyRecords) -> None:
    """The truth recomputed from the files as read back equals truth.json: no writer lost or changed anything."""
    told = json.loads((written.folder / "truth.json").read_text(encoding="utf-8"))
    again = truth_of(read)
    assert again.clients == told["clients"]
    assert again.waves == told["waves"]
    assert again.responses == told["totals"]["responses"]
    assert again.notes.items() <= told["totals"].items()


def test_no_row_is_lost_on_the_way_to_the_files(written: SampleSummary, read: AgencyRecords) -> None:
    told = json.loads((written.folder / "truth.json").read_text(encoding="utf-8"))["totals"]["files"]
    assert set(told) == {path.name for path in written.exports}
    assert told["intake.xlsx"]["data_rows"] == len(read.intake) == 96
    assert told["case_notes.xlsx"]["data_rows"] == len(read.notes) == written.case_notes
    assert told["goal_plans.xlsx"]["data_rows"] == len(read.goals) == written.goal_reviews


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_same_seed_same_bytes(written: SampleSummary, tmp_path: Path) -> None:
    write_sample(tmp_path, 95, 7)
    assert digests(tmp_path) == digests(written.folder)
    assert len(digests(tmp_path)) == 10


def test_another_seed_is_another_agency() -> None:
    assert draw_agency(5, 1)[0].intake != draw_agency(5, 2)[0].intake


@pytest.mark.parametrize("clients", [1, 2, 19, 20])
def test_small_agencies(clients: int, tmp_path: Path) -> None:
    summary = write_sample(tmp_path, clients, 11)
    told = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert len(told["clients"]) == summary.clients == clients
    assert truth_of(read_agency(tmp_path)).clients == told["clients"]


@pytest.mark.parametrize("clients", [0, -3, 20_001])
def test_impossible_numbers_of_clients_are_told(clients: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 20000"):
        draw_agency(clients, 1)


def test_the_minimal_data_set_is_spss(written: SampleSummary) -> None:
    import pyreadstat

    frame, meta = pyreadstat.read_sav(written.folder / "minimal_dataset.sav", user_missing=True)
    assert len(frame) == 95
    assert meta.missing_ranges["stage_0"] == [{"lo": -99.0, "hi": -99.0}]
    assert meta.variable_value_labels["stage_0"][2.0] == "contemplation"
    assert meta.column_names_to_labels["copse_0"] == "Coping self-efficacy, 0 months"
    assert (frame["readiness_0"] != -99).sum() == 51
    assert meta.creation_time.date() == date(2022, 1, 7)
    told = json.loads((written.folder / "truth.json").read_text(encoding="utf-8"))["clients"]
    totals: list[Any] = sorted(row["services_total"] for row in told.values() if row["services_total"] is not None)
    assert sorted(frame.loc[frame["services_total"] != -99, "services_total"]) == totals


def test_names_are_nobodys(written: SampleSummary, read: AgencyRecords) -> None:
    canaries = json.loads((written.folder / "canaries.json").read_text(encoding="utf-8"))
    assert {row["client_name"] for row in read.intake} <= set(canaries["strings"])
    assert all(row["client_name"].rsplit("-", 1)[1].isdigit() for row in read.intake)
    assert {row["staff"] for row in read.notes} <= set(canaries["strings"])
    assert {r["response_id"] for rows in read.responses.values() for r in rows} <= set(canaries["response_ids"])
    assert set(canaries) == {"stems", "strings", "source_ids", "birth_dates", "response_ids"}


def test_models_have_something_to_find() -> None:
    """With 500 clients the built-in effect of being confirmed on coping shows (true difference 11, noise 29)."""
    records, _ = draw_agency(500, 3)
    rows = truth_of(records).clients.values()
    groups: dict[bool, list[float]] = {True: [], False: []}
    for row in rows:
        if row["cope_se_t0"] is not None and row["confirmed"] is not None:
            groups[row["confirmed"]].append(row["cope_se_t0"])
    difference = statistics.mean(groups[True]) - statistics.mean(groups[False])
    error = math.sqrt(sum(statistics.variance(g) / len(g) for g in groups.values()))
    assert difference / error > 2
