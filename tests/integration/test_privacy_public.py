"""Public releases on files: what is written, what the ledger holds back, what the trail says."""

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from assets.home import Home
from assets.publish.privacy.disclosure import visible_small_counts
from assets.publish.privacy.trail import entries, trail_path, verify_trail
from assets.publish.public import publish_public

TODAY = date(2026, 1, 1)


def database(n: int, rare: int) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    levels = [("no", n - rare), ("yes", rare)]
    descriptives = pd.DataFrame(  # noqa: F841 - read by DuckDB
        [{"variable": "trait", "level": level, "n": count, "missing": 0, "percent": 100 * count / n, "denominator": n,
          "mean": None, "min": None, "max": None} for level, count in levels]
    )  # fmt: skip
    missingness = pd.DataFrame(  # noqa: F841 - read by DuckDB
        [{"variable": "trait", "n_missing": 0, "percent": 0.0, "n_valid": n, "n_declared": 0}]
    )
    connection.execute("create schema study")
    connection.execute("create schema marts")
    connection.execute("create table study.descriptives as select * from descriptives")
    connection.execute("create table study.missingness as select * from missingness")
    connection.execute(f"create table marts.client_study as select i < {rare} as trait from range({n}) t(i)")
    return connection


@pytest.fixture
def home(tmp_path: Path) -> Home:
    for folder in ("agency", "public"):
        (tmp_path / folder).mkdir()
    return Home(tmp_path)


def test_tables_and_page_are_written_and_noted(home: Home) -> None:
    done = publish_public(home, database(100, 20), "b1", TODAY, render=lambda release: f"k = {release.k}")
    assert done.verdict.allowed
    assert {path.name for path in done.files} == {"descriptives.csv", "missingness.csv", "report.html"}
    assert (home.public / "report.html").read_text() == "k = 11"
    shown = pd.read_csv(home.public / "tables" / "descriptives.csv")
    assert shown["n"].tolist() == [80, 20]
    assert visible_small_counts(done.release.tables, done.release.k) == []
    assert [entry["action"] for entry in entries(trail_path(home))] == ["release"]
    assert verify_trail(home) == []


def test_a_small_count_is_in_no_file(home: Home) -> None:
    publish_public(home, database(100, 4), "b1", TODAY)
    shown = pd.read_csv(home.public / "tables" / "descriptives.csv")
    assert shown[["n", "percent"]].isna().all(axis=None)


def test_the_old_files_stay_when_the_new_would_tell_of_one_client(home: Home) -> None:
    publish_public(home, database(100, 20), "b1", TODAY)
    before = (home.public / "tables" / "descriptives.csv").read_bytes()
    held = publish_public(home, database(101, 21), "b2", TODAY)
    assert (held.files, held.verdict.held_by) == ((), ("b1",))
    assert (home.public / "tables" / "descriptives.csv").read_bytes() == before
    later = publish_public(home, database(140, 42), "b3", TODAY)
    assert later.verdict.allowed
    assert [entry["action"] for entry in entries(trail_path(home))] == ["release", "refuse", "release"]


def test_the_same_tables_again_are_no_new_knowledge(home: Home) -> None:
    for build in ("b1", "b2"):
        assert publish_public(home, database(100, 20), build, TODAY).verdict.allowed
