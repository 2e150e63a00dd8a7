"""What a night costs: the whole night with its phases, a night without news, the plain script, and the usual wiring.

Every case is a process of its own on the same seven files of 95 invented clients, in turns, so that a slow minute of
the machine falls on all of them. Seconds depend on the machine; the ratios of the medians are what is kept, of the wall
clock and, for a machine that has other work to do, of the processor's seconds.

    python -m benchmarks [--rounds 3] [--usual 1] [--clients 95] [--out benchmarks/results.json]
"""

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "benchmarks"
TITLES = {
    "plain": "plain script (pandas, openpyxl, statsmodels)",
    "night": "whole night",
    "first": "first night in a new home (dbt parses)",
    "again": "night over unchanged files",
    "skip": "night without news (outcomes run --if-changed)",
    "usual": "usual wiring (dbt command line, process a step)",
}
QUIET = {"DO_NOT_TRACK": "1", "DAGSTER_DISABLE_TELEMETRY": "1", "GX_ANALYTICS_ENABLED": "false"}


@dataclass
class Bench:
    """One measurement session: its folder, its samples in seconds, the phases of each whole night."""

    folder: Path
    console: Console
    seconds: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)
    phases: list[dict[str, float]] = field(default_factory=list)

    @property
    def exports(self) -> Path:
        """The files that every case reads."""
        return self.folder / "exports"

    def measure(self, case: str, command: list[str], only_if: str = "", **environment: str) -> float:
        """Run one process to its end and keep its seconds; a process that fails ends the session.

        With ``only_if`` the sample counts when the output says so: code that was edited meanwhile is news to a night.
        """
        started, spent = monotonic(), _children_cpu()
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **QUIET, **environment}, capture_output=True, text=True, check=False
        )
        took = monotonic() - started
        if done.returncode != 0:
            raise SystemExit(
                f"{case} failed with code {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
            )
        cpu = _children_cpu() - spent
        if only_if not in done.stdout:
            self.console.print(f"  {TITLES[case]:<52} not counted: it did more than it should")
            return took
        self.seconds.setdefault(case, []).append(took)
        self.cpu.setdefault(case, []).append(cpu)
        self.console.print(f"  {TITLES[case]:<52} {took:6.1f} s {cpu:6.1f} s CPU", soft_wrap=True)
        return took

    def new_home(self, name: str) -> Path:
        """A home with the exports in its inbox and nothing loaded.

        What dbt parsed in an earlier night of the same home stays, as it does in real life; it cannot be lent to
        another home, because the place of the database is part of what dbt compares.
        """
        home, kept = self.folder / name, self.folder / f"{name}-dbt"
        parsed = home / "agency" / "dbt"
        if parsed.is_dir():
            shutil.move(parsed, kept)
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(self.exports, home / "inbox")
        if kept.is_dir():
            (home / "agency").mkdir(mode=0o700)
            shutil.move(kept, parsed)
        return home


def _children_cpu() -> float:
    """Processor seconds of all ended children and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def outcomes(*words: str | Path) -> list[str]:
    """The real command, started the way a shell does."""
    return [sys.executable, "-m", "orchestration.cli", *map(str, words)]


def phases_of(home: Path, whole: float) -> dict[str, float]:
    """Seconds by step from the orchestrator's own record; the rest is starting up and telling the summary."""
    from assets.home import Home
    from orchestration.instance import open_instance

    with open_instance(Home(home)) as instance:
        run = instance.get_runs(limit=1)[0]
        steps = {
            stats.step_key: stats.end_time - stats.start_time
            for stats in instance.get_run_step_stats(run.run_id)
            if stats.start_time and stats.end_time
        }
    return {**steps, "start and summary": whole - sum(steps.values())}


def one_round(bench: Bench, number: int, settled: Path) -> None:
    """Every quick case once, in an order that turns with the rounds."""

    def plain() -> None:
        script = [sys.executable, str(HERE / "plain_script.py"), str(bench.exports), str(bench.folder / "plain")]
        bench.measure("plain", script)

    def night() -> None:
        home = bench.new_home("night")
        took = bench.measure("night", outcomes("run", "--home", home, "--json"))
        bench.phases.append(phases_of(home, took))

    def without_news() -> None:
        bench.measure("skip", outcomes("run", "--home", settled, "--if-changed"), only_if="nothing new")

    def again() -> None:
        bench.measure("again", outcomes("run", "--home", settled, "--json"))

    cases: list[Callable[[], None]] = [plain, night, without_news, again]
    for i in range(len(cases)):
        cases[(i + number) % len(cases)]()


def usual_wiring(bench: Bench) -> None:
    """The same night through ``dagster job execute``, the default executor and the dbt command line."""
    from assets.home import Home
    from orchestration.instance import prepare_instance

    home = bench.new_home("usual")
    command = [sys.executable, "-m", "dagster", "job", "execute", "-m", "benchmarks.usual_wiring", "-j", "usual"]
    dagster_home = prepare_instance(Home(home))
    bench.measure("usual", command, OUTCOMES_HOME=str(home), DAGSTER_HOME=str(dagster_home))


def make_exports(bench: Bench, clients: int) -> None:
    """The files of an invented agency, without its truth."""
    from assets.sample import write_sample

    made = write_sample(bench.folder / "sample", clients, 1)
    bench.exports.mkdir()
    for path in made.exports:
        shutil.copyfile(path, bench.exports / path.name)


def results_of(bench: Bench, clients: int) -> dict[str, Any]:
    """Medians, their ratios to the plain script, the phases, and on what they were taken."""
    medians = {case: statistics.median(samples) for case, samples in bench.seconds.items()}
    cpu = {case: statistics.median(samples) for case, samples in bench.cpu.items()}
    steps = {step for phases in bench.phases for step in phases}
    return {
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "system": platform.system(),
            "load_average": [round(load, 2) for load in os.getloadavg()],
        },
        "clients": clients,
        "seconds": {case: [round(sample, 2) for sample in samples] for case, samples in bench.seconds.items()},
        "median_seconds": {case: round(median, 2) for case, median in medians.items()},
        "median_cpu_seconds": {case: round(median, 2) for case, median in cpu.items()},
        "ratio_to_plain": {case: round(median / medians["plain"], 3) for case, median in medians.items()},
        "cpu_ratio_to_plain": {case: round(median / cpu["plain"], 3) for case, median in cpu.items()},
        "night_phases": {
            step: round(statistics.median(phases.get(step, 0.0) for phases in bench.phases), 2)
            for step in sorted(steps, key=lambda step: -bench.phases[0].get(step, 0.0))
        },
    }


def show(results: dict[str, Any], console: Console) -> None:
    """Print the ratios and the phases."""
    table = Table(box=None, pad_edge=False)
    for name in ("Case", "Runs", "Median s", "Range", "× plain", "CPU s", "× plain (CPU)"):
        table.add_column(name, justify="left" if name == "Case" else "right")
    for case, samples in results["seconds"].items():
        span = f"{min(samples):.1f}–{max(samples):.1f}"
        table.add_row(
            TITLES[case],
            str(len(samples)),
            f"{results['median_seconds'][case]:.1f}",
            span,
            f"{results['ratio_to_plain'][case]:.2f}",
            f"{results['median_cpu_seconds'][case]:.1f}",
            f"{results['cpu_ratio_to_plain'][case]:.2f}",
        )
    console.print(table)
    console.print(
        "Phases of the whole night: " + ", ".join(f"{k} {v:.1f} s" for k, v in results["night_phases"].items())
    )


def main() -> int:
    """Run the cases and write the results."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=3, help="how often each quick case runs (default 3)")
    options.add_argument("--usual", type=int, default=1, help="how often the usual wiring runs; it takes minutes")
    options.add_argument("--clients", type=int, default=95)
    options.add_argument("--out", type=Path, default=HERE / "results.json")
    chosen = options.parse_args()
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="outcomes-bench-") as folder:
        bench = Bench(Path(folder), console)
        console.print(f"Making the files of {chosen.clients} clients …")
        make_exports(bench, chosen.clients)
        for name in ("settled", "night"):
            home = bench.new_home(name)
            bench.measure("first", outcomes("run", "--home", home, "--json"))
        for number in range(chosen.rounds):
            one_round(bench, number, bench.folder / "settled")
        for _ in range(chosen.usual):
            usual_wiring(bench)
        results = results_of(bench, chosen.clients)
    chosen.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    show(results, console)
    console.print(f"Written to {chosen.out}")
    return 0
