"""When and how it runs: one job a night, in one process, and a schedule that skips a night without news."""

from dagster import (
    AssetSelection,
    DefaultScheduleStatus,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    define_asset_job,
    in_process_executor,
    schedule,
)

from assets.agency_time import time_zone
from assets.home import Home
from assets.news import news
from orchestration.settings import NIGHT_HOUR

NIGHT_AT = f"0 {NIGHT_HOUR} * * *"

nightly_job = define_asset_job(
    "nightly",
    selection=AssetSelection.all(),
    # One interpreter a night: the multiprocess executor pays the imports of every step again, about 20 s a step.
    executor_def=in_process_executor,
    # Without this Dagster's own console logger speaks, in debug, and it prints whatever a library put into an event.
    config={"loggers": {"console": {}}},
    description="Ingest what is in the inbox, build, check, fit, publish.",
)


def nightly_schedule(home: Home) -> ScheduleDefinition:
    """Make the 02:00 schedule in the agency's time zone; it skips, with the reason, when nothing is new."""

    @schedule(
        job=nightly_job,
        cron_schedule=NIGHT_AT,
        execution_timezone=time_zone(home.config),
        default_status=DefaultScheduleStatus.RUNNING,
        description="Every night at 02:00 agency time; skipped when files, configuration and code are as last built.",
    )
    def nightly_at_two(_: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        found = news(home)
        return RunRequest() if found.anything else SkipReason(found.reason)

    return nightly_at_two
