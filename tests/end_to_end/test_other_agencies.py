"""Other seeds, other sizes, other orders of arrival: the published study table still equals the truth."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.end_to_end.truth import differences, study_rows


def sample(outcomes: Any, folder: Path, clients: int, seed: int) -> dict[str, Any]:
    made = outcomes("sample", "--clients", str(clients), "--seed", str(seed), "--out", folder)
    assert made.code == 0, made.err
    return dict(json.loads((folder / "truth.json").read_text("utf-8"))["clients"])


def exports(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name not in {"truth.json", "canaries.json", "codebook.csv"})


def night(outcomes: Any, home: Path, files: list[Path]) -> None:
    (home / "inbox").mkdir(parents=True, exist_ok=True)
    for path in files:
        shutil.copyfile(path, home / "inbox" / path.name)
    done = outcomes("run", "--home", home, "--json")
    assert done.code == 0, done.out + done.err


@pytest.mark.parametrize(("clients", "seed"), [(1, 3), pytest.param(2000, 5, marks=pytest.mark.slow)])
def test_any_size_equals_its_truth(outcomes: Any, tmp_path: Path, clients: int, seed: int) -> None:
    truth = sample(outcomes, tmp_path / "sample", clients, seed)
    night(outcomes, tmp_path / "home", exports(tmp_path / "sample"))
    assert len(truth) == clients
    assert differences(study_rows(SimpleNamespace(home=tmp_path / "home")), truth) == []


@pytest.mark.slow  # four whole nights
def test_the_order_of_arrival_changes_nothing(outcomes: Any, tmp_path: Path) -> None:
    truth = sample(outcomes, tmp_path / "sample", 40, 8)
    files = exports(tmp_path / "sample")
    for name, order in (("forward", files), ("backward", files[::-1])):
        night(outcomes, tmp_path / name, order[:3])
        night(outcomes, tmp_path / name, order[3:])
        assert differences(study_rows(SimpleNamespace(home=tmp_path / name)), truth) == [], name
