"""The table of evidence names all 42 requirements, only tests that exist, and the results it was given."""

from collections import Counter
from pathlib import Path

import pytest

from assets.errors import ConfigError
from assets.publish.privacy.evidence import EVIDENCE, load_requirements, render, results


def test_every_requirement_has_a_test_or_says_what_is_missing() -> None:
    requirements = load_requirements()
    assert list(requirements) == [f"R-{number:02d}" for number in range(1, 43)]
    for key, entry in requirements.items():
        assert entry.get("tests") or entry.get("open"), key


def test_a_test_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.yml"
    path.write_text("R-01: {text: x, tests: [tests/unit/test_privacy_evidence.py::test_nobody_wrote]}")
    with pytest.raises(ConfigError, match="test_nobody_wrote"):
        load_requirements(path)


def test_results_are_read_by_test_and_the_worst_counts(tmp_path: Path) -> None:
    junit = tmp_path / "j.xml"
    junit.write_text(
        '<testsuites><testsuite><testcase classname="tests.unit.test_a" name="test_x[1]"/>'
        '<testcase classname="tests.unit.test_a" name="test_x[2]"><failure>Zorblatt</failure></testcase>'
        '<testcase classname="tests.unit.test_a" name="test_y"><skipped/></testcase></testsuite></testsuites>'
    )
    found = results(junit)
    assert found["tests/unit/test_a.py::test_x"] == Counter(passed=1, failed=1)
    page = render(
        {"R-01": {"text": "One", "tests": ["tests/unit/test_a.py::test_x", "tests/unit/test_a.py::test_z"]},
         "R-02": {"text": "Two", "tests": [], "open": "nothing shows it"}},
        found,
    )  # fmt: skip
    assert "failed (1 of 2)" in page
    assert "not run" in page
    assert "nothing shows it" in page
    assert "Zorblatt" not in page


def test_of_several_runs_the_last_one_of_each_parameter_set_counts(tmp_path: Path) -> None:
    first, second = tmp_path / "1.xml", tmp_path / "2.xml"
    first.write_text(
        '<testsuites><testsuite><testcase classname="t.a" name="test_x[1]"><failure/></testcase>'
        '<testcase classname="t.a" name="test_x[2]"/></testsuite></testsuites>'
    )
    second.write_text('<testsuites><testsuite><testcase classname="t.a" name="test_x[1]"/></testsuite></testsuites>')
    assert results(first, second) == {"t/a.py::test_x": Counter(passed=2)}
    assert results(second, first) == {"t/a.py::test_x": Counter(passed=1, failed=1)}


def test_the_shipped_table_lists_every_requirement() -> None:
    page = EVIDENCE.read_text("utf-8")
    assert [key for key in load_requirements() if f"**{key}**" not in page] == []
