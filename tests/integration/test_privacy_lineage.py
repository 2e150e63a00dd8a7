"""Where the columns outside the agency zone come from: traced through the SQL, and stopped where they identify."""

import shutil
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.errors import DataError
from assets.home import PROJECT_ROOT, Home
from assets.publish.codebook import read_manifest
from assets.publish.lineage_gate import (
    Declared,
    check_lineage,
    compiled_models,
    follow,
    forbidden,
    load_declared,
    untagged,
)
from assets.study_config import load_study_config
from assets.warehouse import DbtPaths
from assets.warehouse.compiled import ModelCompiler
from assets.warehouse.lineage import source_columns

Models = list[tuple[str, str, str]]


@pytest.fixture(scope="module")
def declared() -> Declared:
    return load_declared(PROJECT_ROOT / "config")


@pytest.fixture(scope="module")
def traced(night: Any) -> tuple[Home, dict[str, Any], Models, str]:
    home = Home(night.home)
    with duckdb.connect(str(home.agency_db), read_only=True) as connection:
        columns = source_columns(connection)
    models = compiled_models(home)
    return home, columns, models, home.work_db.stem


def listed(home: Home) -> set[str]:
    return {f"{column.table}.{column.name}" for column in read_manifest(home.manifest) if column.values}


def test_r14_no_column_outside_goes_back_to_one_that_identifies_but_by_a_declared_derivation(
    traced: tuple[Home, dict[str, Any], Models, str], declared: Declared
) -> None:
    home, columns, models, database = traced
    followed = follow(models, columns, database)
    assert len(followed) > 80
    assert forbidden(followed, columns, declared, listed(home)) == []
    sources = {source for found in followed.values() for source in found}
    read = {source for source in sources if declared.tag(*source.rsplit(".", 1)) in {"direct", "free_text"}}
    assert "raw.intake.date_of_birth" in read
    never = {"raw.intake.client_name", "raw.case_notes.narrative", "raw.case_notes.staff", "raw.intake.case_manager",
             "raw.goal_plans.staff", "raw.unmapped_cells.value", "control.crosswalk.source_client_id"}  # fmt: skip
    assert sources & never == set()
    for entry in declared.derived:  # what is declared is used: a stale line would allow what nobody decided
        for pattern in entry["from"]:
            assert any(
                fnmatchcase(source, pattern) and any(fnmatchcase(made.split(".")[2], name) for name in entry["as"])
                for made, found in followed.items()
                for source in found
            ), pattern


def test_r14_models_compiled_for_a_database_in_memory_are_followed_too(
    traced: tuple[Home, dict[str, Any], Models, str], declared: Declared, tmp_path: Path
) -> None:
    """``outcomes explain`` leaves such SQL behind; a publication rerun after it stopped."""
    place, columns, _, database = traced
    shutil.copytree(place.root, tmp_path / "home", symlinks=True)
    home = Home(tmp_path / "home")
    config = load_study_config(home.config / "study.yml")
    ModelCompiler(DbtPaths.of(home), config).compile(config)
    assert any('"memory".' in path.read_text("utf-8") for path in (home.dbt / "compiled").rglob("*.sql"))
    assert forbidden(follow(compiled_models(home), columns, database), columns, declared, listed(home)) == []


MUTATIONS = {
    "a name": ("raw.intake", "client_name", "client_name", "VARCHAR"),
    "the length of a narrative": ("raw.case_notes", "narrative", "length(narrative)", "BIGINT"),
    "a birth date": ("raw.intake", "date_of_birth", "year(date_of_birth)", "BIGINT"),
    "staff": ("raw.case_notes", "staff", "hash(staff)", "UBIGINT"),
    "the text of a goal": ("raw.goal_plans", "goal", "goal", "VARCHAR"),
}


@pytest.mark.parametrize("kind", MUTATIONS)
def test_r14_a_model_that_reads_an_identifying_column_is_found(
    traced: tuple[Home, dict[str, Any], Models, str], declared: Declared, kind: str
) -> None:
    """Mutation control: the column is handed on through a model between, under an innocent name."""
    home, columns, models, database = traced
    table, source, expression, data_type = MUTATIONS[kind]
    between = (
        "intermediate",
        "int_between",
        f'select {expression} as extra from "{database}".{table.replace(".", ".")}',
    )
    leaky = ("marts", "leaky", f'select max(extra) as note from "{database}".intermediate.int_between')
    changed = {**columns, "marts": {**columns["marts"], "leaky": {"note": data_type}},
               "intermediate": {**columns["intermediate"], "int_between": {"extra": data_type}}}  # fmt: skip
    followed = follow([*models, between, leaky], changed, database)
    assert forbidden(followed, changed, declared, listed(home)) == [(f"{table}.{source}", "marts.leaky.note")]


def test_r14_a_raw_column_without_a_tag_stops_the_build(outcomes: Any, night: Any, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(night.home, home.root, symlinks=True)
    before = home.research_db.readlink()
    with duckdb.connect(str(home.work_db)) as connection:
        assert check_lineage(Home(night.home), connection) > 80
        connection.execute("create table raw.visits (file_token varchar, visited_place varchar)")
        with pytest.raises(DataError) as caught:
            check_lineage(home, connection)
    assert (caught.value.code, caught.value.place.column) == ("UNTAGGED_COLUMN", "visited_place")
    done = outcomes("run", "--home", home.root)
    assert done.code == 1
    assert "UNTAGGED_COLUMN" in done.out
    assert home.research_db.readlink() == before


def test_r14_every_column_of_raw_is_tagged(
    traced: tuple[Home, dict[str, Any], Models, str], declared: Declared
) -> None:
    _, columns, _, _ = traced
    untagged(columns, declared)
    for table, column, tag in (("intake", "client_name", "direct"), ("case_notes", "narrative", "free_text"),
                               ("goal_plans", "goal", "free_text"), ("survey_mspss", "mspss_1", "sensitive"),
                               ("unmapped_cells", "value", "free_text")):  # fmt: skip
        assert declared.tag(f"raw.{table}", column) == tag
