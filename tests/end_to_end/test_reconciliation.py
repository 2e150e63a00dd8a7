"""The published minimal data set in a real night: stored, checked, told, and for the agency only."""

from typing import Any

import duckdb
import pytest

from assets.publish.report import ReportContext, render_report
from assets.publish.report.reconciliation import by_reason
from assets.warehouse.reconcile import Difference
from tests.conftest import Outcomes

COUNTS = {"variable": "age", "column": "age", "n_both": 90, "n_equal": 80, "n_rounded": 4, "n_differs": 6,
          "n_only_published": 1, "n_only_derived": 2, "max_difference": 3.0}  # fmt: skip
LINKS = {"n_cases": 95, "n_clients": 96, "n_linked": 93}


def test_the_reference_agency_agrees_in_every_value(outcomes: Outcomes, reference_night: Any) -> None:
    told = reference_night.summary["reconciliation"]
    assert (told["cases"], told["cases_linked"], told["differences"]) == (95, 95, 0)
    assert told["values_equal"] == told["values_on_both_sides"] > 2000
    home = reference_night.home
    with duckdb.connect(str(home / "agency" / "agency.duckdb"), read_only=True) as connection:
        kept = connection.execute("select count(*), sum(n_equal) from reconciliation.agreement").fetchone()
        checks = connection.execute(
            "select passed from quality.checks where asset = 'reconciliation.agreement'"
        ).fetchall()
    assert kept == (told["variables"], told["values_equal"])
    assert checks == [(True,)]
    with duckdb.connect(str(home / "research" / "research.duckdb"), read_only=True) as connection:
        schemas = {row[0] for row in connection.execute("select schema_name from duckdb_schemas()").fetchall()}
    assert "reconciliation" not in schemas
    assert "Published values beside derived ones" in (home / "agency" / "report" / "report.html").read_text("utf-8")
    assert "Published values beside" not in (home / "public" / "current" / "report.html").read_text("utf-8")

    done = outcomes("reconcile", "--home", home, "--json")
    assert done.code == 0, done.err
    assert done.json["totals"]["values_equal"] == told["values_equal"]
    assert done.json["readings"] == []


def test_the_command_lists_the_differences_by_reason() -> None:
    cells = [("age", "differs"), ("csa", "only_published"), ("age", "differs"), ("goal_rate", "differs")]
    found = [Difference(case, "Q7RSTUVWXY", variable, reason) for case, (variable, reason) in enumerate(cells)]
    assert by_reason(found) == [
        "    3  different: both sides have a value, and they differ (age, goal_rate)",
        "    1  only published: the data set has a value where nothing is derived (csa)",
    ]
    assert by_reason([]) == []


@pytest.mark.parametrize(("zone", "shown"), [("agency", True), ("research", False), ("public", False)])
def test_the_section_is_for_the_agency(zone: str, shown: bool) -> None:
    context = ReportContext(title="T", zone=zone, reconciliation={"agreement": [COUNTS], "links": [LINKS]})
    page = render_report({}, context)
    assert ("The published data set" in page) is shown
    if shown:
        assert "93 of 95 cases" in page
        for label in ("Rounded", "Different", "Only published", "Only derived"):
            assert label in page
