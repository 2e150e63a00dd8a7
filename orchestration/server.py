"""The Dagster webserver and daemon for one home, on loopback, as children of this process."""

import os
import signal
import subprocess
import sys
import time

from rich.console import Console

from assets.home import PROJECT_ROOT, Home
from orchestration.instance import prepare_instance
from orchestration.settings import TELEMETRY_OFF

LOOPBACK = "127.0.0.1"


def commands(port: int) -> list[list[str]]:
    """The two programs that ``outcomes ui`` starts: webserver and daemon, on the workspace of this project."""
    workspace = ["-w", str(PROJECT_ROOT / "workspace.yaml")]
    return [
        [sys.executable, "-m", "dagster_webserver", "-h", LOOPBACK, "-p", str(port), *workspace],
        [sys.executable, "-m", "dagster._daemon", "run", *workspace],
    ]


def environment(home: Home) -> dict[str, str]:
    """What the children find: the home, its run history, telemetry off."""
    return {
        **os.environ,
        **TELEMETRY_OFF,
        "OUTCOMES_HOME": str(home.root),
        "DAGSTER_HOME": str(prepare_instance(home)),
    }


def serve(home: Home, port: int, console: Console) -> int:
    """Run both until one ends or Ctrl-C; returns the exit code to leave with."""
    from assets.publish import prepare_home

    prepare_home(home)
    shared = environment(home)
    children = [subprocess.Popen(command, env=shared, cwd=PROJECT_ROOT) for command in commands(port)]  # noqa: S603
    console.print(f"Dagster UI for {home.root}: http://{LOOPBACK}:{port}   (Ctrl-C ends it)", soft_wrap=True)

    def stop(*_: object) -> None:
        for child in children:
            if child.poll() is None:
                child.send_signal(signal.SIGINT)

    signal.signal(signal.SIGTERM, stop)
    try:
        while all(child.poll() is None for child in children):
            time.sleep(0.5)
    except KeyboardInterrupt:
        console.print("Stopping …")
    stop()
    codes = [child.wait(timeout=60) for child in children]
    return 0 if all(code in {0, -signal.SIGINT, 1} for code in codes) else 1
