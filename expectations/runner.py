"""Runs a suite on a frame with Great Expectations and returns counts.

Great Expectations costs four to seven seconds to import and 4 ms for a context (1.24.1, one busy core), so it is
imported at the first suite of a process and one context serves the whole night. Its results are asked for as
``BOOLEAN_ONLY``: every other format carried values of the data into the result, the store or the log.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.model import CheckResult, Expectation, SuiteInfo
from expectations.suites import CONFIG, SUITES, suites

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SUITES", "judge", "run_suite"]


def run_suite(name: str, frame: "pd.DataFrame", config: Path = CONFIG) -> list[CheckResult]:
    """Judge ``frame`` (as fetched by the suite's ``sql``) by the suite called ``name``; see ``suites``.

    Returns one result an expectation, in the order of the suite. An expectation whose column is absent from the frame,
    or of another type, fails for all rows. Raises ``KeyError`` for an unknown suite; no exception quotes a cell.
    """
    return judge(suites(config)[name], frame)


def judge(suite: SuiteInfo, frame: "pd.DataFrame") -> list[CheckResult]:
    """As ``run_suite``, for a suite in hand."""
    readings = {e.name: reading for e in suite.expectations if (reading := _read(e, frame)) is not None}
    judgeable = [e for e in suite.expectations if e.name in readings]
    verdicts = _verdicts(suite.name, judgeable, frame.assign(**_derived(judgeable, frame))) if judgeable else {}
    results = []
    for expectation in suite.expectations:
        reading = readings.get(expectation.name)
        results.append(
            CheckResult(
                name=f"{suite.name}_{expectation.name}",
                asset=suite.asset,
                severity=expectation.severity,
                passed=reading is not None and verdicts[expectation.name],
                n_failed=max(len(frame), 1) if reading is None else reading,
                n_rows=len(frame),
            )
        )
    return results


def _read(expectation: Expectation, frame: "pd.DataFrame") -> int | None:
    """Count the failing rows, or None where the frame cannot be judged: no such column, or one of another type."""
    if not set(expectation.columns) <= set(frame.columns):
        return None
    try:
        return int(expectation.failing(frame).sum())
    except (TypeError, ValueError, AttributeError):  # their texts quote cells, so they end here
        return None


def _derived(expectations: list[Expectation], frame: "pd.DataFrame") -> dict[str, Any]:
    return {e.gx_arguments["column"]: e.derived(frame) for e in expectations if e.derived is not None}


def _verdicts(name: str, expectations: list[Expectation], frame: "pd.DataFrame") -> Mapping[str, bool]:
    with _silence():
        gx = _great_expectations()
        batch = _batch(name, frame)
        suite = gx.ExpectationSuite(name=name)
        for expectation in expectations:
            kind = getattr(gx.expectations, expectation.gx_type)
            mostly = {"mostly": 1.0 - expectation.tolerance} if expectation.tolerance else {}
            suite.add_expectation(kind(**expectation.gx_arguments, **mostly, meta={"name": expectation.name}))
        outcome = batch.validate(suite, result_format="BOOLEAN_ONLY")
    return {result.expectation_config.meta["name"]: bool(result.success) for result in outcome.results}


@cache
def _great_expectations() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations
    import great_expectations.expectations

    return great_expectations


@cache
def _context() -> Any:
    context = _great_expectations().get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context


def _batch(name: str, frame: "pd.DataFrame") -> Any:
    source = _context().data_sources.add_or_update_pandas(f"frame_{name}")
    definition = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("whole")
    return definition.get_batch({"dataframe": frame})


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the library's log lines (tracebacks that may quote a cell) out of every log while it works."""
    logger = logging.getLogger("great_expectations")
    before = logger.disabled, logger.level
    logger.disabled = True
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.disabled, _ = before
        logger.setLevel(before[1])
