"""Nights without the seconds of importing: a process that has every library at hand and forks a child for each night.

Reads one JSON object a line: ``home``, ``key`` (path or null), ``moments`` (processor seconds of the child, rising) and
``copies`` (a folder). At each moment but the last the child is stopped, its home copied (what lies there is what a kill
would leave), and let go on; at the last it is killed. Answers with ``code``, ``cpu`` seconds and ``taken``.
A night here is the real one but for the side process: its functions run in the child itself.
"""

import importlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assets.home import Home
from assets.side import PRELOADED, Side
from orchestration.night import _run
from orchestration.temporary import private_temp

TICKS = os.sysconf("SC_CLK_TCK")


class InPlace(Side):
    """The side process, without the process."""

    def __init__(self) -> None:
        pass

    def ask(self, target: str, *arguments: Any) -> Callable[[], Any]:
        """Call it here, at once."""
        module, _, name = target.partition(":")
        found = getattr(importlib.import_module(module), name)(*arguments)
        return lambda: found

    def close(self) -> None:
        """Nothing was started."""


def night(root: str, key: str | None) -> int:
    """The night itself, in the child; returns its exit code."""
    home = Home(Path(root), key_file=Path(key) if key else None)
    with private_temp(home):
        result = _run(home, None, InPlace(), time.monotonic())
    if not result.succeeded:
        print(result.message, result.failed_steps, result.failed_checks, file=sys.stderr, flush=True)
    return 0 if result.succeeded else 1


def used(child: int) -> float:
    """Processor seconds of a process so far; a zombie still has its own."""
    fields = Path(f"/proc/{child}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def run(asked: dict[str, Any]) -> dict[str, Any]:
    """Fork a night, stop and copy it at its moments, and kill it at the last of them."""
    child = os.fork()
    if not child:
        os._exit(night(asked["home"], asked["key"]))
    moments, taken, cpu = list(asked["moments"]), 0, 0.0
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return {"code": os.waitstatus_to_exitcode(status), "cpu": cpu, "taken": taken}
        cpu = used(child)
        if moments and cpu >= moments[0]:
            moments.pop(0)
            taken += 1
            if not moments:
                os.kill(child, signal.SIGKILL)
                continue
            os.kill(child, signal.SIGSTOP)
            os.waitpid(child, os.WUNTRACED)
            shutil.copytree(asked["home"], f"{asked['copies']}/{taken:02d}", symlinks=True)
            os.kill(child, signal.SIGCONT)
        time.sleep(0.01)


def main() -> None:
    for module in (*PRELOADED, "orchestration.definitions", "dbt.cli.main", "assets.study.run", "assets.ingest"):
        importlib.import_module(module)
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
