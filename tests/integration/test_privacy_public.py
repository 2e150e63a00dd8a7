"""Public releases on files: what is written, what the ledger holds back, what the trail says."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from assets.home import PROJECT_ROOT, Home
from assets.publish.privacy.trail import entries, trail_path, verify_trail
from assets.publish.public_zone import PublicOutcome, publish_public
from assets.publish.report import ReportContext


def release(home: Home, build: str, n: int, rare: int) -> PublicOutcome:
    """Release the tables of ``n`` clients of whom ``rare`` carry a trait."""
    levels = [("no", n - rare), ("yes", rare)]
    descriptives = pd.DataFrame(
        [{"variable": "trait", "level": level, "n": count, "missing": 0, "percent": 100 * count / n, "denominator": n,
          "mean": None, "min": None, "max": None} for level, count in levels]
    )  # fmt: skip
    missingness = pd.DataFrame([{"variable": "trait", "n_missing": 0, "percent": 0.0, "n_valid": n, "n_declared": 0}])
    clients = pd.DataFrame({"trait": [number < rare for number in range(n)]})
    tables = {"descriptives": descriptives, "missingness": missingness}
    return publish_public(
        home,
        build,
        tables,
        clients,
        ReportContext(title="A release", footnotes={"descriptives": [f"{rare} clients of {n}"]}),
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    for folder in ("agency", "public"):
        (tmp_path / folder).mkdir()
    return Home(tmp_path, PROJECT_ROOT / "config")


def actions(home: Home) -> list[str]:
    return [entry["action"] for entry in entries(trail_path(home))]


def test_tables_and_page_are_written_and_noted(home: Home) -> None:
    assert release(home, "b1", 100, 20).status == "published"
    shown = pd.read_csv(home.public / "tables" / "descriptives.csv")
    assert shown["n"].tolist() == [80, 20]
    assert "Public zone" in (home.public / "report.html").read_text("utf-8")
    assert (home.public / "tables.docx").read_bytes().startswith(b"PK")
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in (home.public / "current").rglob("*"))
    assert actions(home) == ["release"]
    assert verify_trail(home) == []


def test_a_small_count_is_in_no_file(home: Home) -> None:
    release(home, "b1", 100, 4)
    shown = pd.read_csv(home.public / "tables" / "descriptives.csv")
    assert shown[["n", "percent"]].isna().all(axis=None)
    page = re.sub(r"<style>.*?</style>", "", (home.public / "report.html").read_text("utf-8"), flags=re.DOTALL)
    assert "4 clients of 100" not in page
    assert not re.search(r"<td[^>]*>\s*(4|96|4\.0|96\.0)\s*</td>", page)


def test_the_old_files_stay_when_the_new_would_tell_of_one_client(home: Home) -> None:
    release(home, "b1", 100, 20)
    before = (home.public / "tables" / "descriptives.csv").read_bytes()
    held = release(home, "b2", 101, 21)
    assert (held.status, held.held_by) == ("held", ("b1",))
    assert (home.public / "tables" / "descriptives.csv").read_bytes() == before
    assert release(home, "b3", 140, 42).status == "published"
    assert actions(home) == ["release", "refuse", "release"]


def test_a_correction_of_one_client_that_changes_no_count_is_held_and_told(home: Home) -> None:
    """Two means over the same clients give away by how much one of them was corrected."""

    def corrected(build: str, changed: int) -> PublicOutcome:
        clients = pd.DataFrame({"client_id": "x", "mspss_t0": [5.0] * (60 - changed) + [2.0] * changed})
        row = {"variable": "mspss_t0", "level": None, "n": 60, "missing": 0, "mean": clients["mspss_t0"].mean(),
               "percent": None, "denominator": None, "min": None, "max": None}  # fmt: skip
        return publish_public(home, build, {"descriptives": pd.DataFrame([row])}, clients, ReportContext(title="A"))

    assert corrected("b1", 0).status == "published"
    held = corrected("b2", 1)
    assert (held.status, held.held_by, held.standing) == ("held", ("b1",), "b1")
    told = json.loads(home.public_outcome.read_text())
    assert told["told"] == held.in_words()
    assert "fewer than 11 clients" in told["told"]
    assert "the release of build b1 stays" in told["told"]
    assert corrected("b3", 11).status == "published"
    assert "x" not in json.loads((home.agency / "release-rows.json").read_text())["releases"]["b1"]
    assert (home.agency / "release-rows.json").stat().st_mode & 0o077 == 0


def test_the_same_figures_again_are_no_release(home: Home) -> None:
    assert [release(home, build, 100, 20).status for build in ("b1", "b2")] == ["published", "unchanged"]
    assert actions(home) == ["release"]
    assert [path.name for path in home.public.glob("release-*")] == ["release-b1"]
