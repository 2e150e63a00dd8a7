"""The same assets wired as the tutorials do: dbt through its command line, a process for every step.

Only ``night_bench.py`` loads this, through ``dagster job execute``, to tell what the house's own wiring saves. One step
at a time, because DuckDB has one writer; everything else is Dagster's default.
"""

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from dagster import AssetExecutionContext, AssetSelection, Definitions, ResourceParam, define_asset_job
from dagster_dbt import DbtCliResource, dbt_assets

from assets.home import PROJECT_ROOT, Home
from assets.ingest.assets import INBOX, ingest_inbox
from assets.publish.assets import publish_databases, quality, report
from assets.side import Side
from assets.study.assets import fit_study
from assets.study_config import load_study_config
from assets.warehouse import DbtPaths, ensure_manifest
from assets.warehouse.assets import crosswalk, dbt_models
from assets.warehouse.database import ALIAS
from assets.warehouse.dbt import variables
from expectations.assets import MART_SUITES, RAW_SUITES, suite_checks
from orchestration.settings import home_from_env


def dbt_by_command_line(home: Home) -> tuple[Any, DbtCliResource]:
    """The dbt models as one asset that starts ``dbt build``, as dagster-dbt documents it."""
    paths = DbtPaths.of(home)
    settings = load_study_config(home.config / "study.yml")
    manifest = ensure_manifest(paths, settings)
    os.environ.update(OUTCOMES_DBT_DB=str(paths.database), OUTCOMES_DBT_DATABASE=ALIAS)
    words = ["build", "--exclude", "test_type:unit", "--vars", json.dumps(variables(paths, settings))]
    ours = dbt_models(manifest)
    translator = _translator(ours)

    @dbt_assets(manifest=json.loads(manifest.read_text("utf-8")), name="warehouse", dagster_dbt_translator=translator)
    def warehouse(context: AssetExecutionContext, dbt: DbtCliResource, home: ResourceParam[Home]) -> Iterator[Any]:
        yield from dbt.cli(words, context=context, target_path=paths.target).stream()

    project = str(PROJECT_ROOT / "dbt_project")
    executable = str(Path(sys.executable).with_name("dbt"))
    return warehouse, DbtCliResource(project_dir=project, profiles_dir=project, dbt_executable=executable)


def _translator(models: Any) -> Any:
    """The translator that the house's own asset was made with, so that keys and checks are the same."""
    return next(iter(models.metadata_by_key.values()))["dagster_dbt/dagster_dbt_translator"]


class InPlace(Side):
    """The house's side process, without the process: each step imports what it needs, as steps usually do."""

    def __init__(self) -> None:
        pass

    def ask(self, target: str, *arguments: Any) -> Callable[[], Any]:
        """Import the function's module here; it is called when the answer is fetched."""
        module, _, name = target.partition(":")
        return partial(getattr(importlib.import_module(module), name), *arguments)

    def close(self) -> None:
        """Nothing was started."""


home_here = home_from_env(os.environ)
dbt_models_asset, dbt_resource = dbt_by_command_line(home_here)
defs = Definitions(
    assets=[INBOX, ingest_inbox, crosswalk, dbt_models_asset, fit_study, quality, report, publish_databases],
    asset_checks=[suite_checks("raw_expectations", RAW_SUITES), suite_checks("mart_expectations", MART_SUITES)],
    jobs=[
        define_asset_job(
            "usual",
            selection=AssetSelection.all(),
            config={"execution": {"config": {"multiprocess": {"max_concurrent": 1}}}},
        )
    ],
    resources={"home": home_here, "dbt": dbt_resource, "side": InPlace()},
)
