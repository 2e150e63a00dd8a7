"""One definition at a time: what moves, what stays, and what the table and the picture say."""

from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree as ET

import duckdb
import pytest
from warehouse_agencies import load, random_agency
from warehouse_models import shipped_compiler, shipped_config, shipped_models

from assets.study_config import StudyConfig
from assets.warehouse.compiled import run_models
from assets.warehouse.sensitivity import (
    ALTERNATIVES,
    Alternative,
    Finding,
    changed,
    described,
    plot_sensitivity,
    sensitivity,
    verdict,
)

FEW = (
    Alternative("services.unit", "service_type"),
    Alternative("services.unit", "note"),
    Alternative("goals.denominator", "closed_only"),
    Alternative("scales.urica.staging", "nearest_mean"),
)


@pytest.fixture(scope="module")
def config() -> StudyConfig:
    return shipped_config()


def test_every_alternative_is_a_valid_setting_and_the_one_in_force_is_passed_over(config: StudyConfig) -> None:
    others = [changed(config, alternative) for alternative in ALTERNATIVES]
    in_force = [one.label for one, other in zip(ALTERNATIVES, others, strict=True) if other is None]
    assert in_force == [
        "services.unit: service_type",
        "months_of_service.method: fractional",
        "goals.denominator: all",
        "scales.mspss.composite: mean",
        "scales.urica.staging: cutoff",
    ]
    assert len({other.hash for other in others if other}) == len(ALTERNATIVES) - len(in_force)


@pytest.mark.parametrize(
    ("found", "base", "word"),
    [
        (Finding(9, 1.0, 0.01), Finding(9, 1.0, 0.01), "unchanged"),
        (Finding(8, 1.0), Finding(9, 2.0), "moves"),
        (Finding(8, 0.5, 0.04), Finding(9, 1.0, 0.01), "survives"),
        (Finding(8, 0.5, 0.05), Finding(9, 1.0, 0.01), "loses significance"),
        (Finding(8, 0.5, 0.01), Finding(9, 1.0, 0.05), "gains significance"),
        (Finding(8, -0.5, 0.01), Finding(9, 1.0, 0.01), "changes sign"),
        (Finding(8, None, None), Finding(9, 1.0, 0.01), "not estimable"),
    ],
)
def test_the_verdict_in_a_word(found: Finding, base: Finding, word: str) -> None:
    assert verdict(found, base) == word


def test_only_what_a_definition_touches_moves(config: StudyConfig, tmp_path: Path) -> None:
    compiler = shipped_compiler()
    told: list[str] = []
    with duckdb.connect(config={"threads": 1}) as connection:
        load(random_agency(5, 80), connection)
        run_models(connection, shipped_models())
        table = sensitivity(connection, compiler, config, described, alternatives=FEW, progress=told.append)
        mean = connection.execute("select avg(services_t0) from marts.client_study").fetchone()

    assert told == ["(in force)", "services.unit: note", "goals.denominator: closed_only",
                    "scales.urica.staging: nearest_mean"]  # fmt: skip
    moved: dict[str, set[str]] = defaultdict(set)
    for row in table[table["verdict"] == "moves"].itertuples():
        moved[row.definition].add(row.finding)
    assert moved["services.unit: note"] == {"services_t0", "services_t6", "services_total"}
    assert moved["goals.denominator: closed_only"] == {"goal_completion_rate"}
    assert all(name.startswith("urica_stage") for name in moved["scales.urica.staging: nearest_mean"])
    first = table[(table["definition"] == "(in force)") & (table["finding"] == "services_t0")].iloc[0]
    assert mean is not None
    assert first["estimate"] == pytest.approx(mean[0], abs=1e-12)

    plot_sensitivity(table[table["finding"].isin(["services_t0", "goal_completion_rate"])], tmp_path / "plot.svg")
    drawn = (tmp_path / "plot.svg").read_text("utf-8")
    ET.fromstring(drawn)
    assert "services_t0" in drawn or drawn.count("<use") > 8
