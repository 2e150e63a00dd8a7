"""A number is followed back to its sources, and no text of the marts comes from a name or a note."""

from collections.abc import Iterator
from typing import NamedTuple

import duckdb
import pytest
from warehouse_agencies import load, random_agency
from warehouse_models import elsewhere, shipped_compiler, shipped_config, shipped_models

from assets.errors import ConfigError
from assets.warehouse.compiled import run_models
from assets.warehouse.explain import explain
from assets.warehouse.explanation import Built, Explanation
from assets.warehouse.lineage import ColumnName, Lineage, source_columns
from assets.warehouse.row_sources import row_sources

CODED = {
    "raw.intake.race_ethnicity", "raw.intake.classification", "raw.case_notes.service_type",
    "raw.case_notes.contact_type", "control.crosswalk.client_id",
}  # fmt: skip


class Night(NamedTuple):
    built: Built

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        return self.built.connection

    def explain(self, name: str) -> Explanation:
        return explain(name, self.built, elsewhere())


@pytest.fixture(scope="module")
def night() -> Iterator[Night]:
    config, manifest, models = shipped_config(), shipped_compiler().manifest(), shipped_models()
    with duckdb.connect(config={"threads": 1}) as connection:
        load(random_agency(3, 30), connection)
        run_models(connection, models)
        lineage = Lineage(models, source_columns(connection))
        yield Night(Built(connection, manifest, lineage, config, row_sources(connection, models)))


def test_age_goes_back_to_the_birth_date(night: Night) -> None:
    told = night.explain("client_study.age")
    assert [str(source) for source in told.sources] == ["raw.intake.date_of_birth"]
    assert told.settings == {"age.as_of": "study.end", "study.end": "2021-10-31"}
    known = night.connection.execute("select count(*), count(age) from marts.client_study").fetchone()
    assert (told.n_rows, told.n_known) == known
    text = told.as_text()
    assert "Completed years on the last day of the study" in text
    assert "models/marts/dim_clients.sql" in text


def test_a_score_goes_back_to_its_items_and_names_its_settings(night: Night) -> None:
    told = night.explain("marts.client_study.mspss_t0")
    assert told.settings == {
        "scales.mspss.composite": "mean", "scales.mspss.min_answered": "9", "scales.mspss.missing": "prorated",
        "study.start": "2021-01-01", "surveys.accept_unfinished": "true", "surveys.scoreable_items.mspss": "9",
        "waves.t0.first_day": "0", "waves.t0.last_day": "60",
    }  # fmt: skip
    text = told.as_text()
    assert "raw.survey_mspss: " in text
    assert "mspss_1 … mspss_12" in text
    assert "sums.total AS DOUBLE) / sums.n_answered" in text


def test_a_table_that_python_fills_is_explained_from_the_codebook(night: Night) -> None:
    night.connection.execute("create schema meta; create table meta.build as select 'b' as build_id, null as built_at")
    told = night.explain("meta.build.built_at")
    assert (told.n_known, told.n_rows) == (0, 1)
    assert told.meaning
    assert "Made by\n  control.builds and control.files" in told.as_text()
    assert night.explain("build.build_id").n_known == 1
    with pytest.raises(ConfigError, match=r"meta\.build has no column of that name; there are: build_id"):
        night.explain("build.nothing")
    with pytest.raises(ConfigError, match=r"study\.models is not built yet"):
        night.explain("models.r2")


def test_rows_are_named_only_where_the_values_hang_on_them(night: Night) -> None:
    rows = {name: set(night.explain(f"client_study.{name}").row_sources) for name in
            ("age", "goals_met", "services_total", "mspss_t0", "services_t0", "months_of_service_total")}  # fmt: skip
    assert rows["age"] == rows["months_of_service_total"] == {"raw.intake"}
    assert rows["goals_met"] == {"raw.intake", "raw.goal_plans"}
    assert rows["services_total"] == {"raw.intake", "raw.case_notes"}
    assert rows["mspss_t0"] == {"raw.intake", "raw.survey_mspss"}
    assert {"raw.case_notes", "raw.intake"} < rows["services_t0"]
    assert "raw.goal_plans" not in rows["services_t0"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("age", "say TABLE.COLUMN"),
        ("client_studies.age", r"there are: marts\.client_month, marts\.client_study$"),
        ("people.age", r"there are: marts\.client_month, .*, study\.models, .*, meta\.codebook$"),
        ("study.models", r"study\.models is a table; say a column too: model, family, outcome, "),
        ("marts.dim_clients", r"marts\.dim_clients is a table; say a column too: client_id, "),
        ("models.nagelkerk", r"study\.models has no column of that name; there are: nagelkerke$"),
        ("a.b.c.d", "say TABLE.COLUMN"),
        ("client_study.services", "months_of_service_total, services_t0, services_t6, services_total"),
    ],
)
def test_a_wrong_name_is_answered_with_near_ones(night: Night, name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        night.explain(name)


def test_no_text_of_the_marts_comes_from_a_name_a_note_or_a_typed_id(night: Night) -> None:
    """Where a text column goes back to any source at all, it is a coded one or the crosswalk's random ID."""
    texts = night.connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns()"
        " where schema_name = 'marts' and data_type = 'VARCHAR'"
    ).fetchall()
    assert len(texts) > 10
    for schema, table, column in texts:
        if column in ("period", "wave", "scale", "stage", "funder_group") or column.startswith("urica_stage"):
            continue  # made of words that stand in the SQL; the closed vocabulary is tested on the data
        sources = {str(source) for source in night.built.lineage.sources(ColumnName(schema, table, column))}
        assert sources <= CODED, (table, column)
        assert sources, (table, column)
