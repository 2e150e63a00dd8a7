"""The commands people type: what they print, what they leave, how they end."""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from orchestration.cli import app

COMMANDS = [
    *("run", "ui", "sample", "inspect", "replicate", "extended", "specification-curve", "plan", "consistency"),
    *("freeze", "rebuild", "drift", "as-of", "explain", "sensitivity", "confirm", "keygen", "erase", "purge", "audit"),
    "sql",
    *("release", "incident", "public-table"),
]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_worth_reading(command: str) -> None:
    done = CliRunner().invoke(app, [*command.split(), "--help"])
    assert done.exit_code == 0
    assert "Usage" in done.output
    assert len(done.output.splitlines()) > 8


def test_wrong_usage_is_two(outcomes: Any, tmp_path: Path) -> None:
    assert outcomes("run", "--nonsense").code == 2
    assert outcomes("run", "--home", tmp_path / "absent").code == 2
    assert outcomes("inspect", tmp_path / "absent.xlsx").code == 2
    assert outcomes("sample", "--clients", "0", "--out", tmp_path).code == 2


def test_a_missing_inbox_is_a_failure_not_a_quiet_night(outcomes: Any, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    done = outcomes("run", "--home", tmp_path / "home")
    assert done.code == 1
    assert "inbox" in done.err


def test_the_summary_fits_one_screen_and_says_where_to_look(outcomes: Any, night: Any, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(night.home, home, symlinks=True)
    done = outcomes("run", "--home", home, COLUMNS="140")
    assert done.code == 0, done.out + done.err
    lines = done.out.splitlines()
    assert len(lines) <= 50
    for word in ("intake", "case_notes", "Checks", "Published", "research.duckdb", "report.html", "outcomes ui", "n ="):
        assert word in done.out
    assert "OUTCOMES_KEY_FILE" in done.err


def test_a_second_run_changes_nothing_but_the_build(outcomes: Any, night: Any, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(night.home, home, symlinks=True)
    done = outcomes("run", "--home", home, "--json")
    assert done.code == 0, done.err
    assert done.json["build_id"] != night.summary["build_id"]
    assert done.json["content_hash"] == night.summary["content_hash"]
    assert done.json["rows"] == night.summary["rows"]
    assert done.json["headline"] == night.summary["headline"]


def test_nothing_new_is_said_in_about_a_second(outcomes: Any, night: Any) -> None:
    done = outcomes("run", "--home", night.home, "--if-changed", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["status"] == "skipped"
    assert json.loads(done.out)["reason"].startswith("nothing new")


@pytest.mark.shared
def test_replicate_writes_results_tables_and_report(outcomes: Any, shared_dir: Path, tmp_path: Path) -> None:
    spec = tmp_path / "spec.yml"
    spec.write_text(
        "id: client_id\n"
        "categories:\n"
        "  race: [Black, Latinx, Multiracial, Other, White]\n"
        "  urica_stage: [pre-contemplation, contemplation, preparation/action, maintenance]\n"
        "describe: [age, months_service, services_0, race]\n"
        "associations: [[race, urica_stage]]\n"
        "pairs: [{name: mspss, t0: mspss_0, t6: mspss_6}]\n"
        "models:\n"
        "  - {name: mspss5, family: ols, outcome: mspss_0,"
        " predictors: [age, county_out, goals_set, services_0, minority], missing: listwise}\n"
        "  - {name: stage, family: multinomial, outcome: urica_stage, reference: pre-contemplation,"
        " predictors: [mspss_0, copse_0, months_service]}\n"
    )
    done = outcomes("replicate", shared_dir / "reference/study_a.csv", "--spec", spec, "--out", tmp_path / "out")
    assert done.code == 0, done.out + done.err
    results = json.loads((tmp_path / "out/results.json").read_text())
    reference = json.loads((shared_dir / "reference/study_a.json").read_text())
    pair = results["paired_tests"][0]
    expected = reference["wilcoxon"]["mspss"]
    assert pair["z"] == pytest.approx(expected["Z_spss"], rel=1e-9)
    fit = {model["model"]: model for model in results["models"]}
    assert fit["stage"]["statistic"] == pytest.approx(19.432173194994164, rel=1e-8)
    assert fit["mspss5"]["n"] == 89
    assert (tmp_path / "out/report.html").read_text().startswith("<!DOCTYPE html>")
    assert (tmp_path / "out/tables/coefficients.csv").is_file()


def test_a_wrong_spec_names_the_key(outcomes: Any, tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_text("client_id,a\n1,2\n")
    (tmp_path / "spec.yml").write_text("id: client_id\nmodells: []\n")
    done = outcomes("replicate", tmp_path / "wide.csv", "--spec", tmp_path / "spec.yml", "--out", tmp_path / "out")
    assert done.code == 1
    assert "modells" in done.err
    assert "Traceback" not in done.err


def test_a_publication_is_frozen_rebuilt_and_compared(outcomes: Any, night: Any, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(night.home, home, symlinks=True)
    assert outcomes("freeze", "paper-2024", "--home", home).code == 0
    assert outcomes("freeze", "paper-2024", "--home", home).code == 1
    rebuilt = outcomes("rebuild", "paper-2024", "--home", home)
    assert rebuilt.code == 0, rebuilt.out + rebuilt.err
    assert "marts.client_study" in rebuilt.out
    drift = outcomes("drift", "paper-2024", "--home", home)
    assert drift.code == 0
    assert "(clients added)" in drift.out


def test_the_marts_of_a_past_day_are_written_to_a_file(outcomes: Any, night: Any, tmp_path: Path) -> None:
    then, before = tmp_path / "then.duckdb", tmp_path / "before.duckdb"
    told = outcomes("as-of", "2100-01-31", "--out", then, "--home", night.home)
    assert told.code == 0, told.err
    assert "clients as exported by 2100-01-31" in told.out
    with duckdb.connect(str(night.home / "research" / "research.duckdb"), read_only=True) as today:
        wanted = today.execute("from marts.client_study order by all").fetchall()
    with duckdb.connect(str(then), read_only=True) as reader:
        assert reader.execute("from marts.client_study order by all").fetchall() == wanted
    never = outcomes("as-of", "2020-01-31", "--loaded", "--out", before, "--home", night.home)
    assert never.code == 1
    assert "no intake export was loaded by 2020-01-31" in never.err
    assert not before.exists()


def test_explain_tells_settings_and_sources(outcomes: Any, night: Any) -> None:
    told = outcomes("explain", "client_study.services_t0", "--home", night.home)
    assert told.code == 0, told.err
    for word in ("services.unit", "raw.case_notes", "n ="):
        assert word in told.out
    wrong = outcomes("explain", "client_study.nonsense", "--home", night.home)
    assert wrong.code == 1
    assert "no column" in wrong.err


def test_the_paper_is_checked_for_consistency(outcomes: Any, tmp_path: Path) -> None:
    done = outcomes("consistency", "--out", tmp_path)
    assert done.code == 0
    for number in range(1, 18):
        assert f"C{number} " in done.out
    assert (tmp_path / "consistency.csv").is_file()
