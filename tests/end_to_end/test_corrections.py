"""Corrections of single values through a whole night: what is told of them, where, and what is not."""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

pytestmark = pytest.mark.xdist_group("corrections")  # two nights for all, not for each worker

FIELDS = "feed,key,column,old,new,author,reason,expiry"


@pytest.fixture(scope="module")
def corrected(outcomes: Any, tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> tuple[Path, Any, Path]:
    """A night with one correction that fires, one that matches nothing and one past its date."""
    folder = tmp_path_factory.mktemp("corrections")
    home, config = folder / "home", folder / "config"
    made = outcomes("sample", "--clients", "12", "--seed", "4", "--out", folder / "sample", "--inbox", home / "inbox")
    assert made.code == 0, made.err
    shutil.copytree(project_root / "config", config)
    first = outcomes("run", "--home", home, "--json", OUTCOMES_CONFIG=str(config))
    assert first.code == 0, first.out + first.err
    assert json.loads(first.out)["overrides"] == {"applied": 0, "unused": 0, "expired": 0}
    with duckdb.connect(str(home / "agency" / "agency.duckdb"), read_only=True) as connection:
        keys = connection.execute("select distinct record_id, county from raw.intake order by all limit 3").fetchall()
    rows = [
        ("intake", keys[0][0], "county", keys[0][1], "wise", "A. Person", "typing", ""),
        ("intake", keys[1][0], "county", "nowhere-at-all", "wise", "A. Person", "typing", ""),
        ("intake", keys[2][0], "county", keys[2][1], "wise", "A. Person", "typing", "2020-01-31"),
    ]
    lines = [FIELDS, *(",".join(map(str, row)) for row in rows)]
    (config / "overrides.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return home, config, folder


@pytest.fixture(scope="module")
def night(outcomes: Any, corrected: tuple[Path, Any, Path]) -> Any:
    home, config, _ = corrected
    return outcomes("run", "--home", home, OUTCOMES_CONFIG=str(config))


def test_the_screen_counts_them(night: Any) -> None:
    assert night.code == 0, night.out + night.err
    assert "1 applied, 1 unused, 1 expired: corrections of config/overrides.csv" in night.out
    assert "nowhere-at-all" not in night.out + night.err


def test_checks_and_counts_leave_the_agency_zone_without_keys(night: Any, corrected: Any) -> None:
    home = corrected[0]
    with duckdb.connect(str(home / "research" / "research.duckdb"), read_only=True) as connection:
        counts = connection.execute("from quality.override_counts order by all").fetchall()
        check = connection.execute(
            "select asset, severity, passed, n_failed from quality.checks where name = 'corrections_in_force'"
        ).fetchall()
        assert connection.execute("select count(*) from quality.files where reason = 'SHRUNK'").fetchall() == [(0,)]
    assert counts == [("intake", "applied", 1), ("intake", "expired", 1), ("intake", "unused", 1)]
    assert check == [("control.overrides", "warn", False, 2)]


def test_the_report_has_them_in_its_quality_section(night: Any, corrected: Any) -> None:
    report = (corrected[0] / "agency" / "report" / "report.html").read_text("utf-8")
    assert "Corrections of single values" in report
    assert "nowhere-at-all" not in report
    public = corrected[0] / "public" / "current" / "report.html"
    assert not public.exists() or "Corrections of single values" not in public.read_text("utf-8")


def test_the_value_is_corrected(night: Any, corrected: Any) -> None:
    with duckdb.connect(str(corrected[0] / "agency" / "agency.duckdb"), read_only=True) as connection:
        found = connection.execute("select state, hits from control.overrides order by state").fetchall()
        wise = connection.execute("select count(distinct record_id) from raw.intake where county = 'wise'").fetchone()
    assert found == [("applied", 1), ("expired", 0), ("unused", 0)]
    assert wise is not None
    assert wise[0] >= 1
