"""Everything Dagster knows of this project, assembled in one place.

``defs`` is what ``workspace.yaml`` names. It is a function: loading this module reads nothing, and the home folder is
looked up only when a code location is really loaded.
"""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from dagster import (
    Definitions,
    InitResourceContext,
    ResourceDefinition,
    definitions,
    in_process_executor,
    resource,
)
from rich.console import Console

from assets.errors import ConfigError, value_free
from assets.home import Home
from assets.ingest.assets import INBOX, ingest_inbox
from assets.keys import load_key
from assets.publish.assets import follow_up, publish_databases, quality, report
from assets.side import Side
from assets.study.assets import fit_study
from assets.study_config import load_study_config
from assets.warehouse.assets import crosswalk, dbt_models, reconciliation
from expectations.assets import MART_SUITES, RAW_SUITES, suite_checks
from orchestration.jobs import nightly_job, nightly_schedule
from orchestration.lock import HomeBusyError, writing
from orchestration.preflight import check_beside, check_study
from orchestration.progress import step_logger
from orchestration.settings import home_from_env
from orchestration.temporary import private_temp


def _home_resource(home: Home) -> ResourceDefinition:
    @resource(description="The home folder, held by one writing run at a time")
    @value_free
    def held_home(context: InitResourceContext) -> Iterator[Home]:
        from assets.publish import prepare_home, start_notices
        from assets.publish.privacy.encrypt_home import encrypt_home
        from assets.publish.privacy.sweep import sweep_home

        key = load_key(home)
        check_beside(home, load_study_config(home.config / "study.yml"))
        prepare_home(home)
        with _held(home):
            if context.log:
                for notice in start_notices(home):
                    context.log.warning(notice)
            sweep_home(home)
            if key:
                encrypt_home(home, key)
            with private_temp(home):
                yield home

    return held_home


@contextmanager
def _held(home: Home) -> Iterator[None]:
    """Hold the writer's lock; who has it is told by an error that steps may quote."""
    busy = ""
    try:
        with writing(home.lock):
            yield
    except HomeBusyError as error:
        busy = str(error)
    if busy:
        raise ConfigError(busy)


def _keep_libraries_quiet() -> None:
    """Give the root logger a handler that writes nowhere.

    A library that dbt imports calls ``logging.basicConfig()``, and from then on every library's line, which may quote
    a cell, would go to standard error. With a handler in place that call does nothing.
    """
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.NullHandler())


def _side_resource(running: Side | None) -> ResourceDefinition:
    # After the home, so that it finds the run's own temporary folder.
    @resource(
        required_resource_keys={"home"},
        description="A second interpreter that has Great Expectations and the report's libraries at hand",
    )
    def side(_: InitResourceContext) -> Iterator[Side]:
        if running is not None:
            yield running
        else:
            with Side() as started:
                yield started

    return side


def build_definitions(home: Home, console: Console | None = None, side: Side | None = None) -> Definitions:
    """Assemble assets, checks, the nightly job and its schedule for one home.

    ``console`` shows progress; ``side`` is a side process already started (default: each run starts its own).
    """
    from assets.warehouse import DbtPaths, ensure_manifest

    _keep_libraries_quiet()
    config = load_study_config(home.config / "study.yml")
    manifest = ensure_manifest(DbtPaths.of(home), config)
    check_study(config, json.loads(manifest.read_text("utf-8")))
    return Definitions(
        assets=[
            INBOX,
            ingest_inbox,
            crosswalk,
            dbt_models(manifest),
            reconciliation,
            fit_study,
            quality,
            report,
            follow_up,
            publish_databases,
        ],
        asset_checks=[suite_checks("raw_expectations", RAW_SUITES), suite_checks("mart_expectations", MART_SUITES)],
        jobs=[nightly_job],
        schedules=[nightly_schedule(home)],
        resources={"home": _home_resource(home), "side": _side_resource(side)},
        loggers={"console": step_logger(console)},
        executor=in_process_executor,
    )


@definitions
def defs() -> Definitions:
    """Load the code location for the home that the environment names."""
    return build_definitions(home_from_env(os.environ))
