"""After each kind of failing night: no name, no ID, no date in what was printed or in what the tools keep."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from assets.home import PROJECT_ROOT, Home
from assets.publish.privacy.needles import Identities
from assets.publish.privacy.scanner import Scanner
from tests.faults.archives import ARCHIVES
from tests.faults.cells import CELLS
from tests.faults.files import FILES
from tests.faults.good import write_good
from tests.faults.headers import HEADERS
from tests.faults.poison import PEOPLE, drop
from tests.faults.spss import SPSS
from tests.faults.surveys import SURVEYS
from tests.faults.texts import TEXTS
from tests.leaks import leaks

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # about twenty whole nights
BATCHES = {
    "files and archives": (*FILES.faults, *ARCHIVES.faults),
    "headers": tuple(HEADERS.faults),
    "cells and texts": (*CELLS.faults, *TEXTS.faults),
    "surveys": tuple(SURVEYS.faults),
    "spss": tuple(SPSS.faults),
}


def test_every_row_of_the_fault_table_is_in_a_batch() -> None:
    """All but 60 to 62, which are no files: a full disk, a missing folder, an export that did not come."""
    assert {fault.number for batch in BATCHES.values() for fault in batch} == set(range(1, 64)) - {60, 61, 62}


@pytest.mark.parametrize("batch", BATCHES)
def test_r02_each_fault_with_an_identity_in_the_bad_cell_is_told_without_it(
    outcomes: Any, tmp_path: Path, batch: str
) -> None:
    home = Home(tmp_path / "home")
    home.inbox.mkdir(parents=True)
    write_good(home.inbox)
    assert drop(BATCHES[batch], home.inbox, tmp_path / "made") >= len({fault.number for fault in BATCHES[batch]})
    done = outcomes("run", "--home", home.root)
    assert done.code in {0, 1}
    shown = done.out + done.err
    assert "Traceback" not in shown
    scanner = Scanner(PEOPLE)
    assert scanner.scan_bytes(shown.encode()) == []
    assert leaks(home, PEOPLE) == []
    held = scanner.scan([home.vault, home.work_db], home.root)
    assert len({hit.label.split(" as ")[0] for hit in held.hits}) > 2, "positive control: the identities were read"


RAISING = """
import importlib.abc, importlib.util, os, sys
MODULE, NAME = os.environ["RAISE_IN"].split(":")
def choke(*given, **named):
    told = os.environ["CANARY"]
    try:
        int(told)
    except ValueError as cause:
        raise KeyError(told, {"row": [told]}) from cause
class Hook(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        run = spec.loader.exec_module
        def exec_module(module):
            run(module)
            setattr(module, NAME, choke)
        spec.loader.exec_module = exec_module
        return spec
sys.meta_path.insert(0, Hook())
"""
"""Makes one function of the product raise an error that quotes an identity, as pandas and DuckDB do."""

STEPS = {
    "reading the inbox": "assets.ingest.pipeline:ingest",
    "checking the feeds": "expectations.runner:judge",
    "research IDs": "assets.warehouse.research_ids:assign_research_ids",
    "building": "assets.warehouse.dbt:build",
    "models": "assets.study.run:run_study",
    "quality": "assets.publish.quality:write_quality",
    "report": "assets.publish.report.report:render_report",
    "publishing": "assets.publish.snapshot:publish",
    "lineage gate": "assets.publish.lineage_gate:check_lineage",
    "public zone": "assets.publish.public_zone:publish_public",
}


@pytest.fixture(scope="module")
def sample(outcomes: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Identities]:
    """A small inbox and the identities in it."""
    folder = tmp_path_factory.mktemp("sample")
    made = outcomes("sample", "--clients", "30", "--seed", "17", "--out", folder / "sample", "--inbox", folder / "in")
    assert made.code == 0, made.err
    (folder / "patch").mkdir()
    (folder / "patch" / "sitecustomize.py").write_text(RAISING)
    return folder, Identities.read(folder / "sample" / "canaries.json")


@pytest.mark.parametrize("step", STEPS)
def test_r03_an_error_that_quotes_a_cell_is_told_by_its_kind_wherever_it_comes_up(
    outcomes: Any, sample: tuple[Path, Identities], tmp_path: Path, step: str
) -> None:
    folder, people = sample
    home = Home(tmp_path / "home")
    shutil.copytree(folder / "in", home.inbox)
    done = outcomes("run", "--home", home.root, PYTHONPATH=str(folder / "patch"), RAISE_IN=STEPS[step],
                    CANARY=people.names[0])  # fmt: skip
    shown = done.out + done.err
    assert done.code == 1, shown
    assert "KeyError" in shown
    assert "Traceback" not in shown
    assert Scanner(people).scan_bytes(shown.encode()) == []
    assert leaks(home, people) == []
    # The public zone comes last, from what was published: the research file of the night stands by then.
    assert home.research_db.exists() == (step == "public zone")


def test_r03_mutation_control_an_error_that_keeps_its_text_is_found(
    outcomes: Any, sample: tuple[Path, Identities], tmp_path: Path
) -> None:
    """The wrapper of the steps taken away: the same night then writes the name into the event log."""
    folder, people = sample
    home = Home(tmp_path / "home")
    shutil.copytree(folder / "in", home.inbox)
    patch = tmp_path / "patch"
    patch.mkdir()
    bare = "\nimport assets.errors\nassets.errors.value_free = lambda function: function\n"
    (patch / "sitecustomize.py").write_text(RAISING + f"sys.path.insert(0, {str(PROJECT_ROOT)!r})" + bare)
    done = outcomes("run", "--home", home.root, PYTHONPATH=str(patch), RAISE_IN=STEPS["research IDs"],
                    CANARY=people.names[0])  # fmt: skip
    assert done.code == 1
    assert {hit.path.split("/")[1] for hit in leaks(home, people)} == {"dagster"}


@pytest.mark.parametrize("seconds", [3, 7])
def test_r01_a_killed_night_leaves_no_identity_in_what_the_tools_keep(
    sample: tuple[Path, Identities], tmp_path: Path, seconds: int
) -> None:
    folder, people = sample
    home = Home(tmp_path / "home")
    shutil.copytree(folder / "in", home.inbox)
    command = [sys.executable, "-m", "orchestration.cli", "run", "--home", str(home.root)]
    with subprocess.Popen(
        command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ}
    ) as night:
        began = time.monotonic()
        while not home.work_db.exists() and time.monotonic() - began < 120:
            time.sleep(0.05)
        time.sleep(seconds)  # well into the night: what is tested is the state at that moment, not the moment
        night.send_signal(signal.SIGKILL)
        shown, _ = night.communicate()
    assert Scanner(people).scan_bytes(shown) == []
    assert leaks(home, people, without=(home.temp,)) == []
