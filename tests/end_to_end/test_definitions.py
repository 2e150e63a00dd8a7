"""The commands that operators and CI type against the code location."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assets.home import PROJECT_ROOT, Home
from orchestration.definitions import build_definitions
from orchestration.jobs import nightly_job
from orchestration.progress import STEP_TITLES


def test_definitions_validate_through_the_workspace(project_root: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"],
        capture_output=True,
        text=True,
        timeout=200,
        cwd=project_root,
        env={**os.environ, "OUTCOMES_HOME": str(tmp_path / "home"), "DAGSTER_HOME": str(tmp_path)},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_the_definitions_reads_nothing(project_root: Path, tmp_path: Path) -> None:
    code = (
        "import sys, orchestration.definitions\n"
        "heavy = {'great_expectations', 'statsmodels', 'matplotlib', 'dbt', 'great_tables'} & set(sys.modules)\n"
        "print(sorted(heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=tmp_path,
        env={**os.environ, "OUTCOMES_HOME": str(tmp_path / "absent")},
        check=True,
    )
    assert done.stdout.strip() == "[]"
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("family: multinomial", "family: logit", "study.yml: analysis: models[2].family: Input should be 'ols' or"),
        ("describe:                         # Table 1\n    - age\n", "describe:\n    - agee\n",
         "study.yml: analysis: describe[0]: client_study has no column 'agee'; did you mean 'age'?"),
        ("  age: age\n", "  age: agee\n", "study.yml: minimal_dataset.age: client_study has no column 'agee'; did you"),
        ("unit: service_type ", "unit: hours ", "study.yml: services.unit: Input should be 'service_type', 'note' or"),
    ],
)  # fmt: skip
def test_a_mistake_in_any_setting_is_told_before_anything_is_read(
    outcomes: Any, tmp_path: Path, old: str, new: str, message: str
) -> None:
    config, home = tmp_path / "config", tmp_path / "home"
    shutil.copytree(PROJECT_ROOT / "config", config)
    text = (config / "study.yml").read_text("utf-8")
    assert old in text
    (config / "study.yml").write_text(text.replace(old, new, 1), "utf-8")
    (home / "inbox").mkdir(parents=True)

    done = outcomes("run", "--home", home, OUTCOMES_CONFIG=str(config))

    assert done.code == 1
    assert message in " ".join((done.out + done.err).split())
    assert not (home / "agency" / "work" / "warehouse.duckdb").exists()


def test_every_step_of_the_night_has_a_title_for_people(tmp_path: Path) -> None:
    """Two steps stood in the progress of a night by their internal names."""
    job = build_definitions(Home(tmp_path / "home")).resolve_job_def(nightly_job.name)
    assert {node.name for node in job.nodes} == set(STEP_TITLES)
