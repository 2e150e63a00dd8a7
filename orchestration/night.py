"""The nightly job, once, in this process: what ``outcomes run`` does."""

import gc
import logging
import os
from dataclasses import dataclass, field
from time import monotonic

from rich.console import Console

from assets.home import Home
from assets.side import Side
from orchestration.settings import TELEMETRY_OFF
from orchestration.temporary import private_temp


@dataclass(frozen=True)
class NightResult:
    """How a night ended: what failed is named by step and check, never by value."""

    succeeded: bool
    run_id: str
    seconds: float
    failed_steps: list[str] = field(default_factory=list)
    failed_checks: list[str] = field(default_factory=list)
    message: str = ""


def run_night(home: Home, console: Console | None = None) -> NightResult:
    """Run ingest, build, checks, study and publication once; raises ``HomeBusyError`` when another run is writing."""
    os.environ.update(TELEMETRY_OFF)
    started = monotonic()
    # Importing makes a million objects that stay: collecting among them costs a fifth of the imports' time.
    gc.set_threshold(100_000, 50, 100)
    with private_temp(home), Side() as side:
        return _run(home, console, side, started)


def _run(home: Home, console: Console | None, side: Side, started: float) -> NightResult:
    from orchestration.definitions import build_definitions
    from orchestration.instance import open_instance

    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    definitions = build_definitions(home, console, side)
    with open_instance(home) as instance:
        result = definitions.resolve_job_def("nightly").execute_in_process(instance=instance, raise_on_error=False)
    steps, messages, before_any_step = [], [], ""
    for event in result.all_events:
        if event.is_step_failure and event.step_key:
            steps.append(event.step_key)
            messages.append(_cause(event.step_failure_data.error))
        elif event.event_type_value == "PIPELINE_FAILURE":
            before_any_step = _cause(event.job_failure_data.error)
    checks = [
        f"{evaluation.asset_key.to_user_string()}:{evaluation.check_name}"
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed and evaluation.severity.value == "ERROR"
    ]
    return NightResult(
        succeeded=result.success,
        run_id=result.run_id,
        seconds=monotonic() - started,
        failed_steps=steps,
        failed_checks=checks,
        message="; ".join(message for message in messages if message) or before_any_step,
    )


def _cause(error: object) -> str:
    """Return the innermost message of a failed step."""
    while getattr(error, "cause", None) is not None:
        error = error.cause  # type: ignore[attr-defined]
    return str(getattr(error, "message", "") or "").strip()
