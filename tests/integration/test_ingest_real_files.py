"""Files nobody here wrote give the counts that their manifest states, and none of them ends in a traceback."""

import math
from pathlib import Path

import pytest

from assets.ingest import Inspection, inspect_file, load_feeds, read_wide

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
