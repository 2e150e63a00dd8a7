"""A number is followed back to its sources, and no text of the marts comes from a name or a note."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import duckdb
import pytest
from warehouse_agencies import load, random_agency
from warehouse_models import shipped_compiler, shipped_config, shipped_models

from assets.errors import ConfigError
from assets.study_config import StudyConfig
from assets.warehouse.compiled import run_models
from assets.warehouse.explain import Explanation, explain
from assets.warehouse.lineage import ColumnName, Lineage, source_columns

CODED = {
    "raw.intake.race_ethnicity", "raw.intake.classification", "raw.case_notes.service_type",
    "raw.case_notes.contact_type", "control.crosswalk.client_id",
}  # fmt: skip


class Night(NamedTuple):
    connection: duckdb.DuckDBPyConnection
    manifest: dict[str, Any]
    lineage: Lineage
    config: StudyConfig

    def explain(self, name: str) -> Explanation:
        return explain(name, self.connection, self.manifest, self.lineage, self.config)


@pytest.fixture(scope="module")
def night() -> Iterator[Night]:
    config, compiler, models = shipped_config(), shipped_compiler(), shipped_models()
    with duckdb.connect(config={"threads": 1}) as connection:
        load(random_agency(3, 30), connection)
        run_models(connection, models)
        yield Night(connection, compiler.manifest(), Lineage(models, source_columns(connection)), config)


def test_age_goes_back_to_the_birth_date(night: Night) -> None:
    told = night.explain("client_study.age")
    assert [str(source) for source in told.sources] == ["raw.intake.date_of_birth"]
    assert told.settings == {"age.as_of": "study.end"}
    known = night.connection.execute("select count(*), count(age) from marts.client_study").fetchone()
    assert (told.n_rows, told.n_known) == known
    text = told.as_text()
    assert "Completed years on the last day of the study" in text
    assert "models/marts/dim_clients.sql" in text


def test_a_score_goes_back_to_its_items_and_names_its_settings(night: Night) -> None:
    told = night.explain("marts.client_study.mspss_t0")
    assert told.settings == {"scales.mspss.composite": "mean", "scales.mspss.missing": "prorated"}
    text = told.as_text()
    assert "raw.survey_mspss: " in text
    assert "mspss_1 … mspss_12" in text
    assert "sums.total AS DOUBLE) / sums.n_answered" in text


def test_every_column_of_the_marts_can_be_explained(night: Night) -> None:
    for node in night.manifest["nodes"].values():
        if node["resource_type"] == "model" and node["schema"] == "marts":
            for column in node["columns"]:
                told = night.explain(f"{node['name']}.{column}")
                assert told.meaning
                assert told.steps


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("age", "say TABLE.COLUMN"),
        ("client_studies.age", "there are: client_month, client_study"),
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
        sources = {str(source) for source in night.lineage.sources(ColumnName(schema, table, column))}
        assert sources <= CODED, (table, column)
        assert sources, (table, column)


def test_a_mart_row_goes_back_to_file_sheet_and_row(night: Night) -> None:
    """Each service of a mart is found again in the source row the trace names, with its date and client."""
    unequal = night.connection.execute(
        "select count(*), count(*) filter (where notes.row_number is null"
        "   or date_diff('day', clients.intake_date, notes.service_date) <> cast(traced.detail as integer))"
        " from intermediate.int_rows_traced as traced"
        " join intermediate.int_clients_identified as clients using (client_id)"
        " left join raw.case_notes as notes"
        "   on notes.file_token = traced.file_token and notes.row_number = traced.source_row"
        " where traced.mart = 'fct_services'"
    ).fetchone()
    services = night.connection.execute(
        "select count(distinct (client_id, note_number)) from marts.fct_services"
    ).fetchone()
    assert unequal is not None
    assert unequal[1] == 0
    assert (unequal[0],) == services

    untraced = night.connection.execute(
        "select count(*) from marts.fct_scale_scores as scores where not exists (select 1"
        " from intermediate.int_rows_traced as traced where traced.client_id = scores.client_id"
        " and traced.mart = 'fct_scale_scores' and traced.detail = scores.scale || ' ' || scores.wave)"
    ).fetchone()
    assert untraced == (0,)
