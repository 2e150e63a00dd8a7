"""What an operator and a case manager look at first, by the real commands on a home that had a good night."""

import json
import shutil
import stat
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from assets.home import Home
from assets.warehouse.database import connect
from orchestration.lock import writing
from tests.conftest import Outcomes


@pytest.fixture
def home(night: Any, tmp_path: Path) -> Path:
    shutil.copytree(night.home, tmp_path / "home", symlinks=True)
    return tmp_path / "home"


def test_status_of_a_good_home(outcomes: Outcomes, night: Any, home: Path) -> None:
    told = outcomes("status", "--home", home, "--json")
    assert told.code == 0, told.err
    found = told.json
    assert found["build"]["build_id"] == night.summary["build_id"]
    assert found["unfinished"] is None
    assert found["anything_new"] is False
    assert found["files"] == {"loaded": len(list((night.home / "inbox").iterdir()))}
    assert found["checks"]["total"] == night.summary["checks"]["total"]
    assert sum(check["severity"] == "error" for check in found["failed_checks"]) == 0
    coming = datetime.fromisoformat(found["next_night"])
    assert (coming.hour, coming.minute) == (2, 0)
    assert timedelta(0) < coming - datetime.now(coming.tzinfo) <= timedelta(hours=25)
    with connect(Home(home), read_only=True) as connection:
        ids = {row[0] for row in connection.execute("select source_client_id from control.crosswalk").fetchall()}
        listed = connection.execute("select count(*) from follow_up.items").fetchone()
    assert listed == (sum(found["follow_up"].values()),)
    screen = outcomes("status", "--home", home).out
    assert night.summary["build_id"] in screen
    assert len(screen.splitlines()) <= 50
    assert not [source_id for source_id in ids if source_id in screen + told.out]


def test_status_says_what_waits_and_what_to_do(outcomes: Outcomes, home: Path) -> None:
    (home / "inbox" / "new.csv").write_text("a,b\n")
    with connect(Home(home)) as connection:
        connection.execute(
            "insert into control.files (file_token, name, kind, status, reason) values"
            " ('aaaaaaaaaaaa', 'Somebody.xlsx', 'intake', 'held', 'SHRUNK'),"
            " ('bbbbbbbbbbbb', 'x', null, 'rejected', 'EMPTY_FILE')"
        )
        connection.execute("insert into control.overrides (feed, state) values ('intake', 'unused')")
        connection.execute(
            "insert into control.builds (build_id, run_id, started_at, status, code_version, config_hash)"
            " values ('29991231T000000Z-ffffffff', 'f', now()::timestamp, 'running', 'c', 'h')"
        )
    found = outcomes("status", "--home", home, "--json").json
    assert found["anything_new"] is True
    assert "inbox" in found["news"]
    assert [(row["file_token"], row["status"], row["reason"]) for row in found["waiting_files"]] == [
        ("aaaaaaaaaaaa", "held", "SHRUNK"),
        ("bbbbbbbbbbbb", "rejected", "EMPTY_FILE"),
    ]
    assert all(row["means"] and row["to_do"] for row in found["waiting_files"])
    assert found["unfinished"]["build_id"] == "29991231T000000Z-ffffffff"
    attention = "\n".join(found["attention"])
    for part in (
        "did not publish",
        "1 files held",
        "outcomes confirm",
        "1 files rejected",
        "1 overrides no longer match",
    ):
        assert part in attention
    assert "Somebody" not in json.dumps(found)


def test_status_while_a_run_writes_and_before_the_first(outcomes: Outcomes, home: Path, tmp_path: Path) -> None:
    with writing(Home(home).lock):
        busy = outcomes("status", "--home", home, "--json")
    assert busy.code == 0
    assert busy.json["running"]
    (tmp_path / "empty" / "inbox").mkdir(parents=True)
    fresh = outcomes("status", "--home", tmp_path / "empty", "--json")
    assert fresh.code == 0
    assert fresh.json["build"] is None
    assert "nothing has been published yet" in fresh.json["attention"][0]
    assert outcomes("status", "--home", tmp_path / "nowhere").code == 2


def test_follow_up_is_written_each_night_and_again_for_any_day(outcomes: Outcomes, home: Path) -> None:
    path = home / "agency" / "follow_up.xlsx"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with duckdb.connect(str(home / "agency" / "agency.duckdb"), read_only=True) as connection:
        nightly = connection.execute("select count(*), count(distinct case_manager) from follow_up.items").fetchone()
    assert nightly is not None
    assert sum(sheet.max_row - 1 for sheet in openpyxl.load_workbook(path).worksheets[1:]) == nightly[0] > 0

    done = outcomes("follow-up", "--home", home, "--on", "2021-08-14", "--json")
    assert done.code == 0, done.err
    assert done.json["day"] == "2021-08-14"
    assert sum(done.json["kinds"].values()) == done.json["items"]
    assert done.json["kinds"]["survey_closes"] > 0
    book = openpyxl.load_workbook(path)
    assert date(2021, 8, 14).isoformat() in book.worksheets[0]["A1"].value
    assert sum(sheet.max_row - 1 for sheet in book.worksheets[1:]) == done.json["items"]
    assert not list((home / "research").rglob("*follow*"))
    with duckdb.connect(str(home / "research" / "research.duckdb"), read_only=True) as connection:
        assert connection.execute(
            "select count(*) from duckdb_schemas() where schema_name = 'follow_up'"
        ).fetchone() == (0,)

    assert outcomes("follow-up", "--home", home, "--on", "yesterday").code == 2
    assert outcomes("follow-up", "--home", home / "inbox").code == 1


def test_a_number_is_explained_and_traced_by_command(outcomes: Outcomes, night: Any) -> None:
    told = outcomes("explain", "client_study.services_total", "--home", night.home)
    assert told.code == 0, told.err
    assert told.out.rstrip().endswith("raw.case_notes\n  raw.intake")
    assert "Made by" in outcomes("explain", "study.models.r2", "--home", night.home).out

    with connect(Home(night.home), read_only=True) as connection:
        client, loaded = connection.execute(
            "select client_id, (select count(*) from control.files where status = 'loaded') from marts.fct_services"
            " where note_number = 2 limit 1"
        ).fetchall()[0]
    found = outcomes("trace", "fct_services", client, "--row", "2", "--home", night.home, "--json")
    assert found.code == 0, found.err
    assert [(row["feed"], row["detail"]) for row in found.json] == [("case_notes", "2"), ("intake", None)]
    assert all(row["file"] and row["sheet"] and row["source_row"] > 1 for row in found.json)
    assert loaded >= len({row["file_token"] for row in found.json}) == 2
    stranger = outcomes("trace", "fct_services", "TX-90909", "--home", night.home)
    assert stranger.code == 1
    assert "90909" not in stranger.out + stranger.err


def test_a_frozen_publication_outlives_a_change_of_the_settings(
    outcomes: Outcomes, home: Path, tmp_path: Path, project_root: Path
) -> None:
    assert outcomes("freeze", "paper", "--home", home).code == 0
    shutil.copytree(project_root / "config", tmp_path / "config")
    study = tmp_path / "config" / "study.yml"
    changed = study.read_text("utf-8").replace("denominator: all ", "denominator: closed_only ")
    changed = changed.replace("predictors: [confirmed, months_of_service_t0, minority]", "predictors: [confirmed, age]")
    assert changed.count("closed_only ") > study.read_text("utf-8").count("closed_only ")
    study.write_text(changed, "utf-8")
    refused = outcomes("freeze", "later", "--home", home, OUTCOMES_CONFIG=str(tmp_path / "config"))
    assert refused.code == 1
    assert "run `outcomes run` first" in refused.err
    assert [place.name for place in (home / "agency" / "frozen").iterdir()] == ["paper"]
    again = outcomes("rebuild", "paper", "--home", home, OUTCOMES_CONFIG=str(tmp_path / "config"))
    assert again.code == 0, again.out + again.err
    made = {line.split()[1] for line in again.out.splitlines() if line.startswith("✓")}
    assert {"marts.client_study", "study.models", "study.coefficients", "study.participant_flow"} <= made
    assert len(made) == 8 + 12
