"""Progress on the terminal: one line a step, with its seconds. Events carry names and counts, never values."""

import logging
import time
from typing import Any

from dagster import DagsterEventType, InitLoggerContext, LoggerDefinition
from rich.console import Console

STEP_TITLES = {
    "ingest": "Reading the inbox",
    "control__crosswalk": "Giving research IDs",
    "raw_expectations": "Checking the feeds",
    "warehouse": "Building the warehouse",
    "mart_expectations": "Checking the marts",
    "publish__follow_up": "Listing who needs what next",
    "reconciliation": "Comparing with the published data set",
    "fit_study": "Fitting the study's models",
    "quality": "Collecting the checks",
    "publish__report": "Writing the report",
    "publish_databases": "Publishing",
}


class StepHandler(logging.Handler):
    """Print a line when a step starts and its outcome when it ends; other records pass silently."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.DEBUG)
        self.console = console
        self.started: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Handle one Dagster record; the message text itself is never printed."""
        meta: dict[str, Any] = getattr(record, "dagster_meta", None) or {}
        event = meta.get("dagster_event")
        if event is None or event.step_key is None:
            return
        step = str(event.step_key)
        title = STEP_TITLES.get(step, step)
        if event.event_type == DagsterEventType.STEP_START:
            self.started[step] = time.monotonic()
            if self.console.is_terminal:
                self.console.print(f"  [dim]·[/dim] {title} …", end="\r", highlight=False)
        elif event.event_type in (DagsterEventType.STEP_SUCCESS, DagsterEventType.STEP_FAILURE):
            seconds = time.monotonic() - self.started.pop(step, time.monotonic())
            good = event.event_type == DagsterEventType.STEP_SUCCESS
            mark = "[green]✓[/green]" if good else "[red]✗[/red]"
            self.console.print(f"  {mark} {title:<40} [dim]{seconds:5.1f} s[/dim]", highlight=False)


def step_logger(console: Console | None = None) -> LoggerDefinition:
    """Make the run's only console logger; without a console (runs of the daemon) nothing is printed."""

    def outcomes(_: InitLoggerContext) -> logging.Logger:
        made = logging.Logger("outcomes.steps", logging.DEBUG)
        made.addHandler(StepHandler(console) if console else logging.NullHandler())
        return made

    return LoggerDefinition(outcomes, description="One line a step; no values")
