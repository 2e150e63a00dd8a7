"""Every cell of ``marts.client_study`` after a real night equals a truth computed without any of our SQL."""

from typing import Any

import duckdb
import pytest

from tests.end_to_end.truth import differences, study_rows


@pytest.mark.shared
def test_reference_agency_equals_its_truth(reference_night: Any) -> None:
    assert differences(study_rows(reference_night), reference_night.truth["clients"]) == []


def test_sample_agency_equals_its_truth(night: Any) -> None:
    assert differences(study_rows(night), night.truth["clients"]) == []


def test_the_comparison_sees_a_wrong_cell(night: Any) -> None:
    rows = study_rows(night)
    client = min(rows)
    rows[client]["services_total"] += 1
    assert differences(rows, night.truth["clients"]) == [f"{client}.services_total"]


def test_the_hash_of_the_settings_stands_on_build_tables_and_report(night: Any) -> None:
    with duckdb.connect(str(night.home / "research" / "research.duckdb"), read_only=True) as reader:
        ((build, settings),) = reader.execute("select build_id, config_hash from meta.build").fetchall()
        tables = reader.execute("select schema_name || '.' || table_name, comment from duckdb_tables()").fetchall()
    with duckdb.connect(str(night.home / "agency" / "agency.duckdb"), read_only=True) as reader:
        models = reader.execute(
            "select schema_name || '.' || table_name, comment from duckdb_tables()"
            " where schema_name in ('staging', 'intermediate')"
        ).fetchall()
        bare = reader.execute(
            "select count(*) from duckdb_columns() where comment is null and schema_name in"
            " ('staging', 'intermediate', 'marts', 'study', 'quality', 'meta')"
        ).fetchall()
        noted = reader.execute("select config_hash from control.builds where build_id = ?", [build]).fetchall()
    assert noted == [(settings,)]
    assert len(settings) == 64
    assert bare == [(0,)], "every column says what it means"
    assert len(models) > 15
    for table, comment in [*tables, *models]:
        assert "Grain: one row" in comment, table
        assert comment.endswith(f"Settings {settings[:12]}."), table
    assert len(tables) > 20
    assert settings[:12] in (night.home / "agency" / "report" / "report.html").read_text("utf-8")
    assert settings[:12] in (night.home / "public" / "current" / "report.html").read_text("utf-8")
