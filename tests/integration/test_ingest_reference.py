"""The reference agency: every row accounted for, and the same again the second night."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from assets.ingest import IngestPaths, ingest, load_feeds

NOW = datetime(2022, 2, 1, 8, tzinfo=UTC)


def paths_in(home: Path) -> IngestPaths:
    (home / "inbox").mkdir(parents=True, exist_ok=True)
    return IngestPaths(home / "inbox", home / "vault", home / "rejected", home / "tmp", settle_seconds=0)


@pytest.fixture(scope="module")
def night(shared_dir: Path, project_root: Path, tmp_path_factory: pytest.TempPathFactory):
    paths = paths_in(tmp_path_factory.mktemp("home"))
    for path in (shared_dir / "fixtures" / "agency").iterdir():
        if path.suffix in (".xlsx", ".csv", ".sav") and path.name != "codebook.csv":
            shutil.copyfile(path, paths.inbox / path.name)
    con = duckdb.connect()
    feeds = load_feeds(project_root / "config")
    summary = ingest(paths, con, feeds, now=NOW)
    yield paths, con, feeds, summary
    con.close()


@pytest.fixture(scope="module")
def truth(shared_dir: Path) -> dict:
    return json.loads((shared_dir / "fixtures" / "agency" / "truth.json").read_text(encoding="utf-8"))


@pytest.mark.shared
def test_row_arithmetic_equals_the_truth_file(night, truth) -> None:
    _, con, _, _ = night
    found = con.execute(
        "SELECT name, kind, status, rows_read, rows_loaded, rows_quarantined, rows_duplicate, rows_structural "
        "FROM control.files ORDER BY name"
    ).fetchall()
    expected = []
    for name, facts in sorted(truth["totals"]["files"].items()):
        duplicates = facts.get("exact_duplicates", facts.get("exact_duplicates_all_case_note_files"))
        structural = facts.get("header_title_blank_total_rows", 0)
        data = facts["data_rows"]
        row = (name, facts["kind"], "loaded", data + structural, data - duplicates, 0, duplicates, structural)
        expected.append(row)
    assert found == expected


@pytest.mark.shared
def test_raw_tables_hold_what_control_says(night) -> None:
    _, con, _, _ = night
    for kind, loaded in con.execute("SELECT kind, rows_loaded FROM control.files").fetchall():
        counted = "count(DISTINCT row_number)" if kind == "minimal_dataset" else "count(*)"
        assert con.execute(f"SELECT {counted} FROM raw.{kind}").fetchone() == (loaded,)


@pytest.mark.shared
def test_a_second_night_reads_nothing_again(night) -> None:
    paths, con, feeds, first = night
    before = con.execute("SELECT * FROM control.files ORDER BY ALL").fetchall()
    second = ingest(paths, con, feeds, now=NOW)
    assert not second.changed
    assert second.rows == first.rows
    assert con.execute("SELECT * FROM control.files ORDER BY ALL").fetchall() == before


@pytest.mark.shared
def test_local_dates_come_from_the_zone_the_file_states(night) -> None:
    _, con, _, _ = night
    zones = con.execute(
        "SELECT DISTINCT time_zone FROM raw.survey_mspss UNION SELECT DISTINCT time_zone FROM raw.survey_urica "
        "ORDER BY time_zone"
    ).fetchall()
    assert zones == [("America/Denver",), ("UTC",)]
    wrong = con.execute(
        "SELECT count(*) FROM raw.survey_urica "
        "WHERE recorded_at_utc <> recorded_date OR recorded_on > recorded_date::DATE"
    ).fetchone()
    assert wrong == (0,)
    moved = con.execute("SELECT count(*) FROM raw.survey_urica WHERE recorded_on < recorded_date::DATE").fetchone()
    assert moved[0] > 0
