"""The benchmark of a night runs to its end: every case that it compares still does what it is compared for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_every_case_of_the_night_is_measured(tmp_path: Path) -> None:
    """The wiring of the tutorials was left behind twice: no test ran it, and its last step failed."""
    results = tmp_path / "results.json"
    command = [sys.executable, "-m", "benchmarks", "--rounds", "1", "--usual", "1", "--clients", "30"]
    subprocess.run([*command, "--out", str(results)], cwd=ROOT, check=True, capture_output=True)
    found = json.loads(results.read_text("utf-8"))
    assert set(found["median_seconds"]) == {"first", "plain", "night", "skip", "again", "usual"}
    assert all(seconds > 0 for seconds in found["median_seconds"].values())


@pytest.mark.slow
def test_a_night_with_one_new_file_is_measured(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    command = [sys.executable, "-m", "benchmarks.new_file_bench", "--rounds", "1", "--clients", "30"]
    subprocess.run([*command, "--out", str(results)], cwd=ROOT, check=True, capture_output=True)
    found = json.loads(results.read_text("utf-8"))["cases"]
    assert set(found) == {"first", "again", "small", "large"}
    assert all(found[case]["file_alone_cpu_seconds"] > 0 for case in ("small", "large"))
