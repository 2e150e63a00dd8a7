"""The side process: answers, errors without texts, large frames, and an end with its parent."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from assets.errors import StepError
from assets.side import Side
from tests.end_to_end.conftest import wait_until

ORPHAN = """
import os, sys
from assets.side import Side
side = Side(())
print(side._process.pid, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.fixture(scope="module")
def side():
    with Side(("pandas",)) as running:
        yield running


def test_it_calls_a_function_of_the_project(side: Side) -> None:
    assert side.call("assets.errors:describe", KeyError("x")) == "KeyError"


def test_a_frame_larger_than_a_pipe_comes_through(side: Side) -> None:
    frame = pd.DataFrame({"client_id": [f"TX-{number:05d}" for number in range(200_000)]})
    results = side.call("expectations.runner:run_suite", "goal_plans", frame)
    assert results[0].n_rows == 200_000


def test_an_error_comes_back_without_its_text(side: Side) -> None:
    with pytest.raises(StepError) as caught:
        side.call("datetime:date.fromisoformat", "Zorblatt-Núñez")
    assert "Zorblatt" not in str(caught.value)
    assert side.call("assets.errors:describe", KeyError("x")) == "KeyError"


def test_it_ends_when_its_parent_is_killed() -> None:
    parent = subprocess.run([sys.executable, "-c", ORPHAN], capture_output=True, text=True, check=False)
    child = int(parent.stdout)

    def gone() -> bool:
        try:
            return Path(f"/proc/{child}/stat").read_text().split()[2] == "Z"
        except FileNotFoundError:
            return True

    assert wait_until(gone, 20, "the side process to end") is True
