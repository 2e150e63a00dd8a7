"""The dbt step: how long from raw tables to marts, and how much of it is dbt rather than SQL.

``python -m benchmarks.warehouse_bench [--clients 95] [--repeat 5]``

Makes a sample agency, loads it, and times: the first manifest (cold parse), the first build of a process, warm builds,
and the same SQL without dbt. Medians of wall seconds and of CPU seconds of this process.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from assets.home import PROJECT_ROOT, Home
from assets.ingest import IngestPaths, ingest, load_feeds
from assets.sample import write_sample
from assets.study_config import load_study_config
from assets.warehouse import DbtPaths, assign_research_ids, build, ensure_manifest
from assets.warehouse.compiled import ModelCompiler, run_models
from assets.warehouse.database import connect
from assets.warehouse.drift import hand_over


def timed(work: Callable[[], Any], repeat: int = 1) -> str:
    """Median wall and CPU seconds of ``repeat`` runs."""
    wall, cpu = [], []
    for _ in range(repeat):
        started, used = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - used)
    return f"{statistics.median(wall):7.2f} s wall  {statistics.median(cpu):7.2f} s CPU  (n = {repeat})"


def loaded_home(folder: Path, clients: int) -> Home:
    """A home whose inbox holds a sample agency, read into the raw tables."""
    home = Home(folder / "home")
    summary = write_sample(folder / "sample", clients, 7)
    home.inbox.mkdir(parents=True)
    for export in summary.exports:
        (home.inbox / export.name).write_bytes(export.read_bytes())
    with connect(home) as connection:
        ingest(IngestPaths.of(home), connection, load_feeds(home.config), now=datetime.now(UTC))
        assign_research_ids(connection)
    return home


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=95)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    config = load_study_config(PROJECT_ROOT / "config" / "study.yml")
    with tempfile.TemporaryDirectory() as folder:
        home = loaded_home(Path(folder), options.clients)
        paths = DbtPaths.of(home)
        print(f"{options.clients} clients")
        print("import dbt             ", timed(lambda: __import__("dbt.cli.main")))
        print("manifest, cold         ", timed(lambda: ensure_manifest(paths, config)))
        print("manifest, unchanged    ", timed(lambda: ensure_manifest(paths, config), options.repeat))
        print("first build of process ", timed(lambda: build(paths, config)))
        run = build(paths, config)
        if not run.success:
            raise SystemExit("the build failed")
        print(
            "warm build             ", timed(lambda: build(paths, config), options.repeat), f" {len(run.nodes)} nodes"
        )

        models = ModelCompiler(paths, config).compile(config)

        def sql_alone() -> None:
            with connect(home, read_only=True) as source, duckdb.connect() as memory:
                hand_over(source, memory)
                run_models(memory, models)

        print("the same SQL, no dbt   ", timed(sql_alone, options.repeat))


if __name__ == "__main__":
    main()
