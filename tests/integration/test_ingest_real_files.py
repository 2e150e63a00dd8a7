"""Files nobody here wrote give the counts that their manifest states, and none of them ends in a traceback."""

import math
from pathlib import Path

import pytest

from assets.ingest import Inspection, inspect_file, load_feeds, read_wide
from assets.ingest.cells import cell_text
from assets.ingest.dates import DateReader
from assets.ingest.excel import open_workbook
from assets.ingest.parsed import Parsed
from assets.ingest.safety import scan_archive
from assets.ingest.survey_text import survey_columns, survey_header
from assets.ingest.textfile import read_text

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def inspections(shared_dir: Path, project_root: Path) -> dict[str, Inspection]:
    feeds = load_feeds(project_root / "config")
    root = shared_dir / "fixtures" / "real"
    return {path.name: inspect_file(path, feeds) for path in sorted(root.rglob("*")) if path.is_file()}


def test_every_real_file_is_inspected_and_none_is_taken_for_the_agencys(inspections) -> None:
    assert len(inspections) >= 29
    for name, found in inspections.items():
        assert found.feed is None, name
        assert found.reason in ("NO_HEADER", "WRONG_KIND", "SURVEY_DEFINITION"), name
        assert name in found.as_text()
        assert found.as_dict()["parts"], name


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        (
            "climate_choice_text.csv",
            {"generation": "modern", "responses": 452, "time_zone": "America/Denver", "tests": 0},
        ),
        ("no_basis_three_headers.csv", {"generation": "transitional", "responses": 15, "tests": 15, "time_zone": None}),
        ("no_basis_legacy.csv", {"generation": "legacy", "responses": 15, "time_zone": None}),
        ("multi_answer_three_headers.csv", {"generation": "transitional", "responses": 5, "tests": 5}),
        ("simulated_previews_duplicates.csv", {"responses": 100, "previews": 2, "time_zone": "America/Chicago"}),
    ],
)
def test_qualtrics_counts(inspections, name, facts) -> None:
    found = inspections[name].parts[0]["facts"]
    assert {key: found[key] for key in facts} == facts


def test_transitional_names_keep_negative_codes_and_legacy_renames_them(inspections) -> None:
    modern = {c["name"] for c in inspections["no_basis_three_headers.csv"].parts[0]["columns"]}
    legacy = {c["name"] for c in inspections["no_basis_legacy.csv"].parts[0]["columns"]}
    assert {"Q2_-1", "Q2_-2"} <= modern
    assert {"Q2_4", "Q2_5"} <= legacy - modern


def test_case_management_extract(inspections) -> None:
    parts = {p["name"]: p["facts"]["data_rows"] for p in inspections["looked_after_children_10_sheets.xlsx"].parts}
    assert parts == {
        "ad1": 29, "episodes": 5050, "header": 2675, "missing": 43, "oc2": 2675, "oc3": 53, "placed_for_adoption": 29,
        "previous_permenance": 2675, "reviews": 12582, "uasc": 132,
    }  # fmt: skip


@pytest.mark.parametrize("suffix", ["xls", "xlsx"])
def test_header_under_notes_in_both_kinds_of_workbook(inspections, suffix) -> None:
    parts = inspections[f"deaths_notes_above_and_below.{suffix}"].parts
    assert [(p["name"], p["header_row"], p["rows"]) for p in parts] == [("arts", 5, 19), ("other", 5, 19)]
    assert parts[0]["columns"][0]["name"] == "Name"


def test_header_rows_of_odd_workbooks(inspections) -> None:
    assert inspections["header_in_row_9.xlsx"].parts[0]["header_row"] == 9
    tanf = {p["name"]: p for p in inspections["tanf_caseload_fy2023.xlsx"].parts}
    assert len(tanf) == 22
    assert tanf["TFam"]["header_row"] == 4
    hidden = {f["sheet"] for f in inspections["hidden_sheets.xlsx"].findings if f["code"] == "HIDDEN"}
    assert hidden == {"Hidden", "VeryHidden"}


@pytest.mark.parametrize(
    ("name", "cases", "variables"),
    [
        ("sleep_271_cp1252.sav", 271, 55),
        ("sample_user_missing.sav", 7, 7),
        ("sample.sav", 5, 7),
        ("labelled_string.sav", 2, 1),
        ("ordered_category.sav", 4, 1),
        ("umlaut_labels.sav", 4, 1),
    ],
)
def test_spss_dictionaries(inspections, name, cases, variables) -> None:
    part = inspections[name].parts[0]
    assert (part["facts"]["cases"], len(part["columns"])) == (cases, variables)


def test_user_missing_definitions_are_listed(inspections) -> None:
    columns = {c["name"]: c.get("user_missing") for c in inspections["sample_user_missing.sav"].parts[0]["columns"]}
    assert columns["mynum"] == '[{"lo": 2000.0, "hi": 3000.0}, {"lo": -1.0, "hi": -1.0}]'
    assert columns["mychar"] is None


def test_labelled_variables_of_an_old_code_page(inspections) -> None:
    columns = inspections["sleep_271_cp1252.sav"].parts[0]["columns"]
    assert sum(1 for column in columns if column["value_labels"]) == 36


def test_user_missing_values_become_blank_with_their_reason(shared_dir: Path) -> None:
    folder = shared_dir / "fixtures" / "real" / "spss"
    wide = read_wide(folder / "sample_user_missing.sav")
    blank = read_wide(folder / "sample_user_missing_expected_blank.csv")
    for name in ("mynum", "mylabl", "myord"):
        expected = [None if text == "#NULL!" else float(text) for text in blank.frame[name]]
        found = [None if math.isnan(value) else value for value in wide.frame[name]]
        assert found == expected, name
    assert wide.missing["myord"]


def test_mspss_items_equal_their_authors_sums(shared_dir: Path) -> None:
    folder = shared_dir / "fixtures" / "real" / "instruments"
    items = read_wide(folder / "mspss_rescue_workers_toscana_items.csv").frame.set_index("row")
    sums = read_wide(folder / "mspss_rescue_workers_toscana_author_sums.csv").frame.set_index("row")
    assert len(items) == 211
    assert len(sums) == 190
    scales = {"family": (3, 4, 8, 11), "friends": (6, 7, 9, 12), "significant_other": (1, 2, 5, 10)}
    joined = items.loc[sums.index]
    for scale, numbers in scales.items():
        found = joined[[f"mspss_{i}" for i in numbers]].sum(axis=1)
        assert (found == sums[f"{scale}_sum"]).all(), scale
    answered = items[[f"mspss_{i}" for i in range(1, 13)]]
    assert answered.min().min() == 1
    assert answered.max().max() == 6


def sheets_of(path: Path) -> dict[str, list[list[str | None]]]:
    scan = None if path.suffix == ".xls" else scan_archive(path)
    return {grid.sheet: [[cell_text(c) for c in row] for row in grid.rows] for grid in open_workbook(path, scan).grids}


def test_a_totals_row_above_the_data_equals_the_sum_below_it(shared_dir: Path) -> None:
    rows = sheets_of(shared_dir / "fixtures" / "real" / "excel" / "tanf_caseload_fy2023.xlsx")["TFam"]
    october = [int(float(row[1])) for row in rows[4:] if row[1] and row[1].replace(".", "").isdigit()]
    assert october[0] == 835_847
    assert sum(october[1:]) == october[0]
    assert len(october) == 55


def test_days_durations_and_leading_zeros_of_real_workbooks(shared_dir: Path) -> None:
    folder = shared_dir / "fixtures" / "real" / "excel"
    days = next(iter(sheets_of(folder / "dates.xlsx").values()))
    assert [row[0] for row in days[:2]] == ["2021-01-01", "2021-01-02"]
    assert days[2][0] == f"{10 * 86_400 + 15 * 3600 + 10 * 60 + 10}.0 s"
    extract = sheets_of(folder / "looked_after_children_10_sheets.xlsx")
    header = extract["oc3"][0]
    accommodation = [row[header.index("ACCOM")] for row in extract["oc3"][1:]]
    assert "01" in accommodation
    episodes = extract["episodes"]
    children = {row[episodes[0].index("CHILD")] for row in episodes[1:]}
    still_open = sum(1 for row in episodes[1:] if row[episodes[0].index("DEC")] is None)
    assert (len(children), still_open) == (2123, 1413)
    reader = DateReader("dmy", "UTC")
    started = [reader.read_date(row[episodes[0].index("DECOM")])[0] for row in episodes[1:]]
    assert all(started)


def test_negative_answers_of_a_real_survey_stay_answers(shared_dir: Path) -> None:
    file = read_text(shared_dir / "fixtures" / "real" / "qualtrics" / "no_basis_three_headers.csv")
    header = survey_header(file)
    data = survey_columns(file, header, Parsed())
    asked = [column.place for column in header.columns if not column.is_metadata]
    cells = [text for place in asked for text in data.columns[place].to_pylist()]
    assert (cells.count("-1"), cells.count("-2")) == (33, 13)


def test_cells_with_line_feeds_do_not_make_records(shared_dir: Path) -> None:
    path = shared_dir / "fixtures" / "real" / "qualtrics" / "climate_choice_text.csv"
    file = read_text(path)
    header = survey_header(file)
    data = survey_columns(file, header, Parsed())
    started = data.columns[header.metadata("startDate").place].to_pylist()
    assert (len(header.columns), len(started)) == (27, 452)
    assert (min(started), max(started)) == ("2025-11-04 08:30:52", "2025-11-04 10:17:40")
    assert set(data.columns[header.metadata("status").place].to_pylist()) == {"IP Address"}
    assert len(path.read_bytes().splitlines()) == 471


def test_scale_statistics_of_the_published_administration(shared_dir: Path) -> None:
    folder = shared_dir / "fixtures" / "real" / "instruments"
    items = read_wide(folder / "mspss_rescue_workers_toscana_items.csv").frame
    answered = items[[f"mspss_{i}" for i in range(1, 13)]].dropna()
    assert len(answered) == 197
    expected = {(1, 2, 5, 10): (4.9188, 1.1946), (3, 4, 8, 11): (4.6701, 1.2883), (6, 7, 9, 12): (4.6510, 1.1588)}
    for numbers, (mean, sd) in expected.items():
        score = answered[[f"mspss_{i}" for i in numbers]].mean(axis=1)
        assert (round(score.mean(), 4), round(score.std(), 4)) == (mean, sd)
