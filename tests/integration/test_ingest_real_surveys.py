"""What the manifest of the real files states about surveys, SPSS files and instruments, cell by cell."""

import math
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from assets.ingest.parsed import Parsed
from assets.ingest.qualtrics_header import SurveyHeader
from assets.ingest.spss import read_spss
from assets.ingest.survey_text import survey_columns, survey_header
from assets.ingest.surveys import SurveyInput
from assets.ingest.textfile import read_text
from assets.ingest.wide import read_wide

pytestmark = pytest.mark.shared


def survey(shared_dir: Path, name: str) -> tuple[SurveyHeader, SurveyInput]:
    file = read_text(shared_dir / "fixtures" / "real" / "qualtrics" / name)
    header = survey_header(file)
    return header, survey_columns(file, header, Parsed())


def cells(found: tuple[SurveyHeader, SurveyInput], import_id: str) -> list[str | None]:
    header, data = found
    return data.columns[header.metadata(import_id).place].to_pylist()


def test_the_legacy_twin_has_the_same_ids_two_hours_earlier_and_no_zone(shared_dir) -> None:
    old, new = survey(shared_dir, "no_basis_legacy.csv"), survey(shared_dir, "no_basis_three_headers.csv")
    assert len(new[0].columns) == 49
    assert sorted(cells(old, "_recordId")) == sorted(cells(new, "_recordId"))
    earlier = dict(zip(cells(old, "_recordId"), cells(old, "startDate"), strict=True))
    for response, stamp in zip(cells(new, "_recordId"), cells(new, "startDate"), strict=True):
        moved = datetime.fromisoformat(stamp) - datetime.fromisoformat(earlier[response])
        assert moved == timedelta(hours=2)
    assert (old[0].time_zone, new[0].time_zone) == (None, None)
    assert set(cells(new, "status")) == {"2"}
    assert {c.import_id for c in new[0].columns if c.name == "Q2_-1"} == {"QID2_4"}


def test_the_simulated_previews(shared_dir) -> None:
    found = survey(shared_dir, "simulated_previews_duplicates.csv")
    assert len(found[0].columns) == 16
    assert Counter(cells(found, "status")) == {"IP Address": 98, "Survey Preview": 2}
    assert Counter(cells(found, "finished")) == {"TRUE": 94, "FALSE": 6}
    assert Counter(cells(found, "userLanguage")) == {"EN": 99, "DE": 1}
    assert len(set(cells(found, "ipAddress"))) < 100


def test_the_split_multi_select_has_a_column_a_choice(shared_dir) -> None:
    header, data = survey(shared_dir, "multi_answer_three_headers.csv")
    assert (len(header.columns), len(data.row_numbers)) == (36, 5)
    keys = [(column.import_id, column.choice_id) for column in header.columns if not column.is_metadata]
    assert len(set(keys)) == len(keys)
    assert [key for key, _ in keys if key.startswith("QID6_")] == [f"QID6_{n}" for n in (1, 4, 5, 6, 2, 3, 7)]


def test_climate_is_finished_choice_text(shared_dir) -> None:
    found = survey(shared_dir, "climate_choice_text.csv")
    assert set(cells(found, "finished")) == {"True"}
    assert len(cells(found, "_recordId")) + found[0].rows == 455


def test_small_spss_files(shared_dir) -> None:
    folder = shared_dir / "fixtures" / "real" / "spss"
    (labelled,) = read_spss(folder / "labelled_string.sav").variables
    assert labelled.is_text
    assert set(labelled.value_labels) == {"F", "M"}
    (umlauts,) = read_spss(folder / "umlaut_labels.sav").variables
    assert any(char in "".join(umlauts.value_labels.values()) for char in "äöüÄÖÜß")
    (ordered,) = read_spss(folder / "ordered_category.sav").variables
    assert ordered.value_labels
    sample = read_spss(folder / "sample.sav")
    assert {"EDATE10", "DATETIME20", "TIME8"} <= {v.format for v in sample.variables}
    assert sum(1 for v in sample.variables if v.value_labels) == 2
    sleep = read_spss(folder / "sleep_271_cp1252.sav")
    assert not any(v.user_missing for v in sleep.variables)
    assert not sleep.is_recoded


def test_user_missing_values_kept_and_declared(shared_dir) -> None:
    folder = shared_dir / "fixtures" / "real" / "spss"
    file = read_spss(folder / "sample_user_missing.sav")
    declared = {v.name: v.user_missing for v in file.variables}
    assert declared["mylabl"] == [{"lo": -1.0, "hi": -1.0}]
    assert declared["myord"] == [{"lo": code, "hi": code} for code in (-1.0, -2.0, -3.0)]
    kept = read_wide(folder / "sample_user_missing_expected_kept.csv").frame
    for name in ("mynum", "mylabl", "myord"):
        expected = [None if text in ("#NULL!", None) else float(text) for text in kept[name]]
        found = [None if math.isnan(value) else value for value in file.columns[name].tolist()]
        assert found == expected, name


def test_reliability_of_the_published_administration(shared_dir) -> None:
    folder = shared_dir / "fixtures" / "real" / "instruments"
    items = read_wide(folder / "mspss_rescue_workers_toscana_items.csv").frame
    answered = items[[f"mspss_{i}" for i in range(1, 13)]].dropna()
    assert len(items) - len(answered) == 14
    scales = {(1, 2, 5, 10): 0.9253, (3, 4, 8, 11): 0.9378, (6, 7, 9, 12): 0.9363, tuple(range(1, 13)): 0.9170}
    for numbers, stated in scales.items():
        part = answered[[f"mspss_{i}" for i in numbers]]
        k = len(numbers)
        alpha = k / (k - 1) * (1 - part.var().sum() / part.sum(axis=1).var())
        assert round(alpha, 4) == stated
    total = answered.mean(axis=1)
    assert (round(total.mean(), 4), round(total.std(), 4)) == (4.7466, 0.9624)
