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


@pytest.fixture(scope="module")
def feeds(project_root: Path) -> Feeds:
    return load_feeds(project_root / "config")


def test_a_good_file_is_described_with_its_mapping(tmp_path, feeds) -> None:
    path = tmp_path / "whatever.xlsx"
    intake_book().save(path)
    found = inspect_file(path, feeds)
    assert (found.verdict, found.feed, found.confidence, found.form_version) == ("load", "intake", 1.0, "2021")
    classes = {"loaded": 8, "quarantined": 0, "duplicate": 0, "structural": 6, "erased": 0}
    assert found.rows == {"read": 14, **classes}
    header = found.headers[0]
    assert (header["sheet"], header["row"]) == ("Client Intake", 5)
    assert [column["name"] for column in header["columns"]] == INTAKE_HEADER
    text = found.as_text()
    assert "Feed:     intake, edition 2021 (confidence 100%)" in text
    assert "14 read = 8 loaded + 0 quarantined + 0 duplicate + 6 structural" in text
    assert "-> date_of_birth            date, required" in text
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


def visits() -> bytes:
    header = ["Visit ID", "Client ID", "Visit Date", "Count", "Ratio", "Kind", "Order", "Sheet", "2nd Visit", "Remark"]
    rows = [
        [f"V-{i}", f"TX-{i % 7 + 1:05d}", f"{i % 28 + 1:02d}/0{i % 9 + 1}/2021", i, 1.5, "ab"[i % 2], i, "x", None]
        for i in range(1, 30)
    ]
    return book_bytes(workbook(("Visits", [["A title"]], header, [[*row, "Invented"] for row in rows])))


def test_a_draft_names_key_types_order_of_dates_and_no_values(tmp_path, feeds) -> None:
    path = tmp_path / "visits.xlsx"
    path.write_bytes(visits())
    draft = draft_map(path, "Home visits")
    assert "Invented" not in draft
    body = yaml.safe_load(draft)
    assert (body["feed"], body["key"], body["date_order"]) == ("home_visits", ["visit_id"], "dmy")
    assert {name: column["type"] for name, column in body["columns"].items()} == {
        "visit_id": "id", "client_id": "client_id", "visit_date": "date", "count": "integer", "ratio": "number",
        "kind": "text", "order_": "integer", "sheet_": "text", "n_2nd_visit": "text", "remark": "text",
    }  # fmt: skip
    assert [name for name, column in body["columns"].items() if column.get("required")] == ["visit_id", "client_id"]
    assert "2 different values" in next(line for line in draft.splitlines() if line.startswith("  kind:"))


def test_an_approved_draft_makes_the_new_form_load(tmp_path, feeds, project_root) -> None:
    import shutil

    inbox = tmp_path / "inbox"
    inbox.mkdir()
    path = inbox / "visits.xlsx"
    path.write_bytes(visits())
    intake_book().save(inbox / "intake.xlsx")
    paths = IngestPaths(inbox, tmp_path / "v", tmp_path / "r", tmp_path / "t", settle_seconds=0)
    now = datetime(2022, 2, 1, tzinfo=UTC)
    select = "SELECT name, status, kind, rows_loaded FROM control.files ORDER BY name"
    with duckdb.connect() as con:
        ingest(paths, con, feeds, now=now)
        assert con.execute(select).fetchall()[1] == ("visits.xlsx", "rejected", None, 0)
        shutil.copytree(project_root / "config", tmp_path / "config")
        draft = draft_map(path, "Home visits")
        (tmp_path / "config" / "feeds" / "home_visits.yml").write_text(draft, encoding="utf-8")
        approved = load_feeds(tmp_path / "config")
        assert inspect_file(path, approved).feed == "home_visits"
        ingest(paths, con, approved, now=now)
        assert con.execute(select).fetchall() == [
            ("intake.xlsx", "loaded", "intake", 8), ("visits.xlsx", "loaded", "home_visits", 29),
        ]  # fmt: skip
        first = con.execute(
            "SELECT visit_id, client_id, CAST(visit_date AS VARCHAR), order_ FROM raw.home_visits ORDER BY row_number"
        ).fetchone()
    assert first == ("V-1", "TX-00002", "2021-02-02", 1)


def test_drafts_of_a_survey_and_of_an_spss_file(tmp_path, feeds) -> None:
    survey = tmp_path / "s.csv"
    survey.write_text(survey_csv(responses(3)), encoding="utf-8", newline="")
    body = yaml.safe_load(draft_map(survey, "New survey"))
    assert body["items"]["mspss_3"]["import_id"] == "QID2_3"
    wide = tmp_path / "m.sav"
    wide.write_bytes(sav(minimal()))
    assert yaml.safe_load(draft_map(wide, "wide"))["variables"][:2] == ["id", "age"]
