"""``outcomes inspect`` on the project's own files: verdicts, mapping, drift, drafts, and no values anywhere."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import yaml

from assets.ingest import Feeds, IngestPaths, draft_map, ingest, inspect_file, load_feeds
from tests.faults.files import book_bytes
from tests.faults.good import (
    INTAKE_HEADER,
    intake_book,
    intake_rows,
    note_rows,
    notes_book,
    responses,
    survey_csv,
    workbook,
)
from tests.faults.spss import minimal, sav
from tests.spss_files import with_records


@pytest.fixture(scope="module")
def feeds(project_root: Path) -> Feeds:
    return load_feeds(project_root / "config")


def test_a_good_file_is_described_with_its_mapping(tmp_path, feeds) -> None:
    path = tmp_path / "whatever.xlsx"
    intake_book().save(path)
    found = inspect_file(path, feeds)
    assert (found.verdict, found.feed, found.confidence, found.form_version) == ("load", "intake", 1.0, "2021")
    assert found.rows == {"read": 14, "structural": 6, "quarantined": 0, "data": 8}
    header = found.headers[0]
    assert (header["sheet"], header["row"]) == ("Client Intake", 5)
    assert [column["name"] for column in header["columns"]] == INTAKE_HEADER
    text = found.as_text()
    assert "Feed: intake" in text
    assert "Invented" not in text
    assert "TX-00100" not in text + str(found.as_dict())


def test_bad_rows_are_told_by_place_and_code(tmp_path, feeds) -> None:
    rows = note_rows(4)
    rows[1][2] = "Secret day"
    path = tmp_path / "notes.xlsx"
    notes_book(rows).save(path)
    found = inspect_file(path, feeds)
    text = found.as_text()
    assert "row 5, service_date: DATE_INVALID" in text
    assert "Secret" not in text + str(found.as_dict())


def test_a_row_of_people_is_never_told_as_a_header(tmp_path, feeds) -> None:
    people = [["Invented Anna", "Dallas", "TX-00001"], ["Invented Bert", "Tarrant", "TX-00002"]]
    path = tmp_path / "list.xlsx"
    path.write_bytes(book_bytes(workbook(("S", [], people[0], people[1:]))))
    found = inspect_file(path, feeds)
    assert [column["name"] for column in found.parts[0]["columns"]] == ["column A", "column B", "column C"]
    assert "Invented" not in found.as_text() + str(found.as_dict())


@pytest.mark.parametrize("name", ["link.xlsx", "nowhere.xlsx"])
def test_links_and_missing_files_are_told_and_not_opened(tmp_path, feeds, name) -> None:
    target = tmp_path / "target.xlsx"
    intake_book().save(target)
    (tmp_path / "link.xlsx").symlink_to(target)
    assert inspect_file(tmp_path / name, feeds).reason == "NOT_REGULAR"


def test_drift_against_the_last_file_of_the_feed(tmp_path, feeds) -> None:
    (tmp_path / "inbox").mkdir()
    intake_book().save(tmp_path / "inbox" / "a.xlsx")
    header = ["DOB" if name == "Date of Birth" else name for name in INTAKE_HEADER if name != "Gender"]
    keep = [i for i, name in enumerate(INTAKE_HEADER) if name != "Gender"]
    rows = [[*(row[i] for i in keep), "x"] for row in intake_rows()]
    intake_book(rows, [*header, "Shoe Size"]).save(tmp_path / "new.xlsx")
    with duckdb.connect() as con:
        paths = IngestPaths(tmp_path / "inbox", tmp_path / "v", tmp_path / "r", tmp_path / "t", settle_seconds=0)
        ingest(paths, con, feeds, now=datetime(2022, 2, 1, tzinfo=UTC))
        drift = inspect_file(tmp_path / "new.xlsx", feeds, connection=con).drift
    assert drift == ["gone: gender", "new: +Shoe Size", "renamed: date_of_birth"]


def test_a_draft_of_a_workbook_is_a_map_that_loads_once_completed(tmp_path, feeds, project_root) -> None:
    import shutil

    rows = [[f"V-{i}", f"TX-{i:05d}", f"0{i % 9 + 1}/15/2021", i, 1.5, "Invented"] for i in range(1, 30)]
    header = ["Visit ID", "Client ID", "Visit Date", "Count", "Ratio", "Remark"]
    path = tmp_path / "visits.xlsx"
    path.write_bytes(book_bytes(workbook(("Visits", [["A title"]], header, rows))))
    draft = draft_map(path, "Home visits")
    assert "Invented" not in draft
    body = yaml.safe_load(draft)
    assert body["feed"] == "home_visits"
    types = {name: column["type"] for name, column in body["columns"].items()}
    assert list(types.values()) == ["text", "client_id", "date", "integer", "number", "text"]
    shutil.copytree(project_root / "config", tmp_path / "config")
    done = draft.replace("record_id", "visit_id").replace(
        "type: text, tag: direct}", "type: id, required: true, tag: direct}", 1
    )
    (tmp_path / "config" / "feeds" / "home_visits.yml").write_text(done, encoding="utf-8")
    found = inspect_file(path, load_feeds(tmp_path / "config"))
    assert (found.feed, found.rows["data"]) == ("home_visits", 29)


def test_response_sets_of_an_spss_file_are_told(tmp_path, feeds) -> None:
    path = tmp_path / "m.sav"
    path.write_bytes(with_records(sav(minimal()), [(7, b"$both=D1 1 4 Both csa dv\n$one=C 0  csa dv\n")]))
    found = inspect_file(path, feeds)
    assert found.feed == "minimal_dataset"
    assert found.parts[0]["facts"]["response_sets"] == "$both (dichotomy of 2 where 1), $one (category of 2)"


def test_drafts_of_a_survey_and_of_an_spss_file(tmp_path, feeds) -> None:
    survey = tmp_path / "s.csv"
    survey.write_text(survey_csv(responses(3)), encoding="utf-8", newline="")
    body = yaml.safe_load(draft_map(survey, "New survey"))
    assert body["items"]["mspss_3"]["import_id"] == "QID2_3"
    wide = tmp_path / "m.sav"
    wide.write_bytes(sav(minimal()))
    assert yaml.safe_load(draft_map(wide, "wide"))["variables"][:2] == ["id", "age"]
