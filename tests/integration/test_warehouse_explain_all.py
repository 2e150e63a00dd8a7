"""Every column of the research file is explained, and nothing in an explanation is empty or untrue."""

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from warehouse_agencies import load, random_agency
from warehouse_models import elsewhere, shipped_compiler, shipped_config, shipped_models

from assets.home import PROJECT_ROOT, Home
from assets.study.assets import fit_and_store
from assets.study.inputs import is_a_word
from assets.study_config import StudyConfig, study_config
from assets.warehouse.compiled import run_models
from assets.warehouse.database import connect
from assets.warehouse.explain import explain
from assets.warehouse.explanation import Built, Explanation
from assets.warehouse.lineage import Lineage, source_columns
from assets.warehouse.row_sources import row_sources
from assets.warehouse.settings_behind import value_of

pytestmark = pytest.mark.xdist_group("explain")  # one warehouse for all, not for each worker

OF_THE_WAREHOUSE = {"participant_flow", "scale_scores"}
"""Tables of the study with rows that no entry of the spec asks for: first steps, and scales that it does not name."""


@pytest.fixture(scope="module")
def told(night: Any) -> Iterator[dict[str, Explanation]]:
    """Column of the research file → its explanation, after a night of 95 clients."""
    home = Home(night.home)
    with duckdb.connect(str(home.research_db), read_only=True) as research:
        published = research.execute(
            "select schema_name || '.' || table_name || '.' || column_name from duckdb_columns()"
            " where database_name = current_database() order by all"
        ).fetchall()
    manifest = json.loads(home.manifest.read_text("utf-8"))
    with connect(home, read_only=True) as connection:
        models = shipped_models()
        lineage = Lineage(models, source_columns(connection))
        built = Built(connection, manifest, lineage, shipped_config(), row_sources(connection, models))
        yield {name: explain(name, built, elsewhere()) for (name,) in published}


def test_every_column_says_what_it_means_and_of_how_many_rows_it_is_known(
    told: dict[str, Explanation], night: Any
) -> None:
    with duckdb.connect(str(Home(night.home).research_db), read_only=True) as research:
        for name, one in told.items():
            assert str(one.column) == name
            assert one.label.strip(), name
            assert one.meaning.strip(), name
            assert "Grain: " in one.table_told, name
            counted = research.execute(
                f'select count(*), count("{one.column.column}") from "{one.column.schema}"."{one.column.table}"'
            ).fetchone()
            assert (one.n_rows, one.n_known) == counted, name
            text = one.as_text()
            assert text.startswith(f"{name}\n  {one.label}"), name
            assert not re.search(r"\bNone\b|^ *[:,;.]", text.split("\nSQL, ")[0], re.MULTILINE), name
            assert all(value == value_of(key, shipped_config()) for key, value in one.settings.items()
                       if not key.startswith("analysis.")), name  # fmt: skip


def test_every_column_of_the_marts_has_sql_and_rows_behind_it(told: dict[str, Explanation]) -> None:
    mine = [one for one in told.values() if one.column.schema == "marts"]
    assert len(mine) > 100
    for one in mine:
        assert one.steps, one.column
        assert "raw.intake" in one.row_sources, one.column
        assert not one.made_by, one.column


def test_what_python_fills_names_its_makers_and_they_are_there(told: dict[str, Explanation]) -> None:
    for one in told.values():
        if one.column.schema != "marts":
            assert one.made_by, one.column
            for path in re.findall(r"(?:assets|docs)/[\w/]+\.(?:py|yml|md)", one.made_by):
                assert (PROJECT_ROOT / path).is_file(), path
            assert ("assets/study/" in one.made_by) is (one.column.schema == "study"), one.column


def test_every_number_of_the_study_names_its_analyses_columns_and_settings(
    told: dict[str, Explanation], night: Any
) -> None:
    mine = [one for one in told.values() if one.column.schema == "study"]
    assert len({one.column.table for one in mine}) == 12
    with duckdb.connect(str(Home(night.home).research_db), read_only=True) as research:
        marts = {row[0] for row in research.execute("select column_name from duckdb_columns()"
                                                    " where table_name = 'client_study'").fetchall()}  # fmt: skip
    for one in mine:
        table, column = one.column.table, one.column.column
        assert one.rules, one.column
        assert one.settings["analysis.missing_codes"] == "-99"
        counted = (sum(part.n_rows for part in one.analyses), sum(part.n_known for part in one.analyses))
        if table in OF_THE_WAREHOUSE:
            assert 0 < counted[0] < one.n_rows
            assert f"made from the warehouse's tables alone: {one.n_rows - counted[0]}." in one.as_text()
        else:
            assert counted == (one.n_rows, one.n_known), one.column
            assert "no entry asks for" not in one.as_text()
        assert bool(one.behind) is not is_a_word(table, column), one.column
        assert {parent.column for parent in one.behind if parent.table == "client_study"} <= marts
        assert bool(one.sources) is bool(one.behind), one.column
        assert set().union(*one.behind.values()) == {key for key in one.settings if not key.startswith("analysis.")}


def test_a_column_is_behind_only_those_numbers_that_read_it(told: dict[str, Explanation]) -> None:
    behind = {name: {parent.column for parent in one.behind} for name, one in told.items()}
    assert behind["study.models.r2"] == {
        "mspss_t0", "age", "county_outlying", "goals_set", "services_t0", "minority", "cope_se_t0", "confirmed",
        "months_of_service_t0",
    }  # fmt: skip
    assert behind["study.effect_tests.chi2"] == {"urica_stage_t0", "mspss_t0", "cope_se_t0", "age"}
    assert "race_ethnicity" in behind["study.descriptives.percent"]
    assert "race_ethnicity" not in behind["study.descriptives.mean"]
    assert {"value", "mspss_t0"} <= behind["study.scale_scores.alpha"]
    text = told["study.models.r2"].as_text()
    assert "models[1]  cope_se: ols, cope_se_t0 on confirmed, months_of_service_t0, minority; listwise (1 row)" in text
    assert re.search(r"models\[2\] .*\n? .*\(1 row, 0 with a value\)", text)
    assert "  marts.client_study: county_outlying\n      residence.main_counties\n" in text


OTHERWISE = {
    "age.as_of": "2020-01-01",
    "residence.main_counties": ["wise"],
    "goals.denominator": "closed_only",
    "waves.t6.within_days": 5,
    "scales.urica.cutoffs": [3, 4, 5],
    "scales.cope_se.min_answered": 10,
    "services.unit": "note",
    "study.end": "2021-06-30",
}


def fitted(config: StudyConfig) -> dict[str, list[Any]]:
    """Column of the study → its cells, in order, fitted under the settings."""
    with duckdb.connect(config={"threads": 1}) as connection:
        load(random_agency(7, 120), connection)
        run_models(connection, shipped_compiler().compile(config))
        fit_and_store(connection, config.analysis)
        names = connection.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'study'"
        ).fetchall()
        return {
            f"study.{table}.{column}": connection.execute(f'select "{column}"::varchar from study."{table}"').fetchall()
            for table, column in names
        }


def test_no_setting_moves_a_number_of_the_study_in_silence(told: dict[str, Explanation]) -> None:
    """Each setting is changed, everything is fitted again, and what moves must name the setting."""
    plain = fitted(shipped_config())
    moved: set[str] = set()
    for key, value in OTHERWISE.items():
        settings = shipped_config().model_dump(mode="json")
        place = settings
        *parents, last = key.split(".")
        for parent in parents:
            place = place[parent]
        place[last] = value
        for name, cells in fitted(study_config(settings, key)).items():
            if cells != plain[name]:
                moved.add(key)
                assert key in told[name].settings or is_a_word(*name.split(".")[1:]), (name, key)
    assert moved == set(OTHERWISE)
