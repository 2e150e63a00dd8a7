"""The truth calculator against the reference agency: another hand wrote those files and their truth."""

import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sample_reading import read_agency

from assets.sample.truth import Truth, completed_years, truth_of
from assets.sample.truth_scores import cope_se, mspss, readiness_in_thirds, stage
from assets.sample.truth_waves import read_client_id


def same(left: object, right: object) -> bool:
    """Equal, numbers to 1e-9, with True and 1 kept apart."""
    if isinstance(left, float) or isinstance(right, float):
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        return numbers and math.isclose(left, right, rel_tol=0, abs_tol=1e-9)
    return type(left) is type(right) and left == right


@pytest.fixture(scope="module")
def reference(shared_dir: Path) -> tuple[Truth, dict[str, Any]]:
    folder = shared_dir / "fixtures" / "agency"
    return truth_of(read_agency(folder)), json.loads((folder / "truth.json").read_text(encoding="utf-8"))


@pytest.mark.shared
def test_every_cell_of_the_reference_agency(reference: tuple[Truth, dict[str, Any]]) -> None:
    ours, theirs = reference
    assert list(ours.clients) == list(theirs["clients"])
    differing = [
        (client, column)
        for client, row in theirs["clients"].items()
        for column, value in row.items()
        if not same(ours.clients[client][column], value)
    ]
    assert differing == []
    assert all(set(row) == set(theirs["columns"]) for row in ours.clients.values())


@pytest.mark.shared
def test_waves_and_totals_of_the_reference_agency(reference: tuple[Truth, dict[str, Any]]) -> None:
    ours, theirs = reference
    for client, waves in theirs["waves"].items():
        for wave, told in waves.items():
            mine = ours.waves[client][wave]
            assert mine["date"] == told["date"], (client, wave)
            assert mine["responses"] == {key: sorted(ids) for key, ids in told["responses"].items()}, (client, wave)
    assert ours.responses == theirs["totals"]["responses"]
    for name, total in ours.notes.items():
        assert total == theirs["totals"][name], name
    assert ours.reopened_goals == theirs["reopened_goals"]
    assert ours.orphan_client_ids == theirs["totals"]["orphan_client_ids"]


@pytest.mark.parametrize(
    ("born", "as_of", "years"),
    [
        (date(2004, 2, 29), date(2021, 2, 28), 16),
        (date(2004, 2, 29), date(2021, 3, 1), 17),
        (date(2004, 10, 31), date(2021, 10, 31), 17),
        (date(2004, 11, 1), date(2021, 10, 31), 16),
    ],
)
def test_age_in_completed_years(born: date, as_of: date, years: int) -> None:
    assert completed_years(born, as_of) == years


@pytest.mark.parametrize(
    ("typed", "client"),
    [
        (" tx-00042 ", "TX-00042"),
        ("TX42", "TX-00042"),
        ("TX–OOO42", "TX-00042"),
        ("TX-000l2", "TX-00012"),
        ("TX-123456", None),
        ("client 3", None),
        ("", None),
    ],
)
def test_client_ids_have_one_reading_or_none(typed: str, client: str | None) -> None:
    assert read_client_id(typed) == client


def test_scores_need_their_minimum_of_answers() -> None:
    answers: list[int | None] = [4] * 12
    assert mspss(answers) == {"mspss": 4, "mspss_family": 4, "mspss_friends": 4, "mspss_significant_other": 4}
    answers[2] = answers[3] = None
    assert mspss(answers)["mspss"] == 4
    assert mspss(answers)["mspss_family"] is None
    assert cope_se([5] * 21 + [None] * 5) == 130
    assert cope_se([5] * 20 + [None] * 6) is None


def test_a_readiness_of_exactly_eight_is_pre_contemplation() -> None:
    answers = [3, 3, 3, 4, 3, 4, 4, 4, 3, 4, 3, 4]
    assert readiness_in_thirds(answers) == 24
    assert [stage(thirds) for thirds in (24, 25, 33, 34, 42, 43)] == [
        "pre-contemplation",
        "contemplation",
        "contemplation",
        "preparation/action",
        "preparation/action",
        "maintenance",
    ]
    assert readiness_in_thirds([None, *answers[1:]]) is None
