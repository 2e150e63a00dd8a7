"""The plain script of the benchmarks computes the night's numbers: else their ratio would compare two things."""

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "plain_script.py"


@pytest.fixture(scope="module")
def plain(night: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("plain")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(night.home / "inbox"), str(out)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return out


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def same(text: str, value: Any) -> bool:
    if value is None:
        return text == ""
    if isinstance(value, bool):
        return text in (str(value), str(float(value)))
    if isinstance(value, str):
        return text == value
    return text != "" and float(text) == pytest.approx(value, abs=1e-9)


def test_every_cell_equals_the_truth(night: Any, plain: Path) -> None:
    rows = {row["Client ID"]: row for row in read(plain / "client_study.csv")}
    truth = night.truth["clients"]
    assert rows.keys() == truth.keys()
    wrong = [(c, name) for c, row in truth.items() for name, value in row.items() if not same(rows[c][name], value)]
    assert wrong == []


def test_models_equal_those_of_the_night(night: Any, plain: Path) -> None:
    with duckdb.connect(str(night.home / "research" / "research.duckdb"), read_only=True) as connection:
        fits = {
            name: (statistic, r2)
            for name, statistic, r2 in connection.execute(
                "select model, statistic, coalesce(r2, nagelkerke) from study.models"
            ).fetchall()
        }
    for model, file in (("mspss_composite", "mspss_model.csv"), ("cope_se", "cope_model.csv")):
        first = read(plain / file)[0]
        assert float(first["f"]) == pytest.approx(fits[model][0], rel=1e-9)
        assert float(first["r2"]) == pytest.approx(fits[model][1], rel=1e-9)
    whole = next(row for row in read(plain / "stage_tests.csv") if row["term"] == "model")
    assert float(whole["chi2"]) == pytest.approx(fits["readiness"][0], rel=1e-8)
    assert float(whole["nagelkerke"]) == pytest.approx(fits["readiness"][1], rel=1e-8)
