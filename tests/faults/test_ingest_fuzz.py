"""Mutated files never end in a traceback, a hang, a lost row or a gigabyte; a crash of native code would end the child."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration
INPUTS = 2_100


def test_mutated_files_are_refused_or_read_whole(project_root: Path) -> None:
    command = [sys.executable, "-m", "tests.faults.mutate", "20220201", str(INPUTS)]
    done = subprocess.run(command, cwd=project_root, capture_output=True, text=True, timeout=420, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert set(report["suffixes"]) == {
        ".xlsx", ".xls", ".xlsb", ".ods", ".csv", ".tsv", ".zip", ".json", ".ndjson", ".sav", ".zsav", ".por", ".qsf",
    }  # fmt: skip
    assert report["failures"] == []
    assert report["slowest"] < 10
    assert report["peak_mb"] < 1000
    assert report["outcomes"]["read"] > INPUTS // 20
    assert len(report["outcomes"]) > 10
