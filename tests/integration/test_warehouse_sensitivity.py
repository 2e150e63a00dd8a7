"""One definition at a time: what moves, what stays, and what the table and the picture say."""

import re
from collections import defaultdict
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import duckdb
import pandas as pd
import pytest
from warehouse_agencies import load, random_agency
from warehouse_models import shipped_compiler, shipped_config, shipped_models

from assets.publish.report import ReportContext
from assets.publish.report.sensitivity import render_sensitivity
from assets.study_config import StudyConfig
from assets.study_settings import Period
from assets.warehouse.compiled import run_models
from assets.warehouse.sensitivity import (
    ALTERNATIVES,
    BANDS,
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
    by_month = changed(config, Alternative("study.end", "first day of that month"))
    assert by_month is not None
    assert (config.study.end, by_month.study.end) == (date(2021, 10, 31), date(2021, 10, 1))
    in_one_month = config.model_copy(update={"study": Period(start=date(2021, 10, 2), end=date(2021, 10, 31))})
    assert changed(in_one_month, Alternative("study.end", "first day of that month")) is None


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
        (Finding(0, None), Finding(0, None), "unchanged"),
        (Finding(9, 1.0, 0.01), Finding(0, None), "only here"),
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


def test_a_finding_that_exists_on_one_side_only_is_told_on_both(config: StudyConfig) -> None:
    """E.g. an equation for a stage that nobody has: it may neither vanish nor borrow the numbers of another line."""

    def findings(_: pd.DataFrame, other: StudyConfig) -> dict[str, Finding]:
        name = "ours" if other.hash == config.hash else "theirs"
        return {name: Finding(30, 0.5, 0.04)}

    with duckdb.connect(config={"threads": 1}) as connection:
        load(random_agency(5, 5), connection)
        run_models(connection, shipped_models())
        table = sensitivity(
            connection, shipped_compiler(), config, findings, alternatives=[Alternative("services.unit", "note")]
        )
    told = table[["finding", "n", "base_n", "verdict"]].to_records(index=False).tolist()
    assert told == [("ours", 30, 30, "unchanged"), ("ours", 0, 30, "not estimable"), ("theirs", 30, 0, "only here")]

    page = render_sensitivity(table, "<svg></svg>", ReportContext(title="T"))
    assert "0 of 1 findings with a test keep" in page
    theirs = page[page.index(">theirs<") :].split("</tr>")[0]
    assert theirs.count("—") == 3, "n, estimate and p in force"


AGAINST = (
    Alternative("services.non_counting_contact_types", []),
    Alternative("waves.t0", {"first_day": 0, "last_day": 90}),
    Alternative("surveys.accept_unfinished", False),
    Alternative("scales.mspss.missing", "strict"),
    Alternative("months_of_service.method", "completed"),
    next(one for one in ALTERNATIVES if one.key == "scales.urica.key"),
    next(one for one in ALTERNATIVES if one.key == "age.as_of"),
    next(one for one in ALTERNATIVES if one.key == "study.end"),
)


def test_every_number_is_that_of_a_whole_build_under_the_other_setting(config: StudyConfig) -> None:
    """Staging is taken over and the models run in one database; here each setting gets a build of its own, from raw."""
    compiler, agency = shipped_compiler(), random_agency(6, 60)
    with duckdb.connect(config={"threads": 1}) as connection:
        load(agency, connection)
        run_models(connection, shipped_models())
        table = sensitivity(connection, compiler, config, described, alternatives=AGAINST)
    moved = set()
    for alternative in AGAINST:
        other = changed(config, alternative)
        assert other is not None
        with duckdb.connect(config={"threads": 1}) as connection:
            load(agency, connection)
            run_models(connection, compiler.compile(other))
            for row in table[table["definition"] == alternative.label].itertuples():
                if " = " in row.finding:
                    column, _, stage = row.finding.partition(" = ")
                    asked = f"count({column}), avg(({column} = '{stage}')::integer)"
                else:
                    asked = f"count({row.finding}), avg({row.finding}::double)"
                n, estimate = connection.execute(f"select {asked} from marts.client_study").fetchall()[0]
                assert row.n == n, (alternative.label, row.finding)
                assert row.estimate == pytest.approx(estimate, abs=1e-9), (alternative.label, row.finding)
                if row.verdict == "moves":
                    moved.add(alternative.label)
    assert moved == {alternative.label for alternative in AGAINST}


def hand_made() -> pd.DataFrame:
    base = ("m x", 30, 0.5, 0.04)
    rows = [
        ("(in force)", *base, "unchanged"),
        ("services.unit: note", "m x", 30, 0.4, 0.0004, "survives"),
        ("goals.denominator: closed_only", "m x", 28, 0.3, 0.06, "loses significance"),
        ("scales.mspss.missing: strict", "m x", 20, None, None, "not estimable"),
        ("(in force)", "age", 30, 16.0, None, "unchanged"),
        ("services.unit: note", "age", 30, 16.0, None, "unchanged"),
    ]
    frame = pd.DataFrame(rows, columns=["definition", "finding", "n", "estimate", "p", "verdict"])
    return frame.assign(base_n=30, base_estimate=0.5, base_p=0.04).convert_dtypes()


def test_the_picture_and_the_page_say_what_changes_and_under_which_definition(tmp_path: Path) -> None:
    plot_sensitivity(hand_made(), tmp_path / "plot.svg")
    drawn = (tmp_path / "plot.svg").read_text("utf-8")
    ET.fromstring(drawn)
    assert drawn.count("#c0392b") == 1
    shades = {shade for _, shade, _ in BANDS if shade in drawn}
    assert shades == {"#1b4f72", "#5b9bd0", "#cfe2f3"}

    page = render_sensitivity(hand_made(), drawn[drawn.index("<svg") :], ReportContext(title="T"))
    assert "3 other definitions were tried" in page
    assert "0 of 1 findings with a test keep" in page
    assert "goals.denominator: closed_only: loses significance; scales.mspss.missing: strict: not estimable" in page
    assert "No definition moves any mean." in page
    assert not re.findall(r'(?:src|href)="https?:', page)
    again = tmp_path / "again.svg"
    plot_sensitivity(hand_made(), again)
    assert again.read_text("utf-8") == drawn
