"""The orchestrator's own home: run history and event log inside the agency zone, nothing kept of what steps print."""

import os
from pathlib import Path

import yaml
from dagster import DagsterInstance

from assets.home import Home
from orchestration.settings import TELEMETRY_OFF

INSTANCE = {
    "telemetry": {"enabled": False},
    # The welcome screen asks for an e-mail address to send abroad.
    "nux": {"enabled": False},
    # What a step prints is not stored: a traceback of a library may quote a cell.
    "compute_logs": {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    },
    "concurrency": {
        "runs": {"max_concurrent_runs": 1},
        # Without a default limit pools do not limit, and two steps meet at DuckDB's lock.
        "pools": {"default_limit": 1, "granularity": "op"},
    },
    "run_monitoring": {"enabled": True, "free_slots_after_run_end_seconds": 60},
    "retention": {
        "schedule": {"purge_after_days": 90},
        "sensor": {"purge_after_days": {"skipped": 7, "failure": 30, "success": 30}},
    },
}


def prepare_instance(home: Home) -> Path:
    """Write ``dagster.yaml`` into the home's ``agency/dagster`` and return that folder."""
    home.dagster.mkdir(parents=True, exist_ok=True, mode=0o700)
    event_log = {
        "module": "orchestration.event_log",
        "class": "CachedEngineEventLogStorage",
        "config": {"base_dir": str(home.dagster / "history" / "runs")},
    }
    text = "# Written by every start; the settings are in orchestration/instance.py.\n" + yaml.safe_dump(
        {**INSTANCE, "event_log_storage": event_log}
    )
    target = home.dagster / "dagster.yaml"
    if not target.is_file() or target.read_text("utf-8") != text:
        fresh = target.with_suffix(".new")
        fresh.write_text(text, "utf-8")
        fresh.replace(target)
    return home.dagster


def open_instance(home: Home) -> DagsterInstance:
    """Open the run history of a home; telemetry is off before anything could send any."""
    os.environ.update(TELEMETRY_OFF)
    return DagsterInstance.from_config(str(prepare_instance(home)))
