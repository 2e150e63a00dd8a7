"""Staging by file: what a night with one small file costs against making staging anew from all files.

``python -m benchmarks.staging_bench [--clients 2000] [--nights 30] [--repeat 3]``

Loads the case notes of a sample agency, puts the same full export under so many further nights beside it, and builds
the staging model of case notes: anew, with nothing new, with a file of a hundred notes, with one more full export.
Medians of CPU seconds of this process; what dbt costs without any work (nothing new) is taken off before the ratios.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from assets.home import PROJECT_ROOT, Home
from assets.ingest import IngestPaths, ingest, load_feeds
from assets.sample import write_sample
from assets.study_config import load_study_config
from assets.warehouse import DbtPaths, build
from assets.warehouse.database import connect

MODEL = "stg_case_management__case_notes"


def home_with_notes(folder: Path, clients: int) -> Home:
    """A home whose raw tables hold one full export of case notes."""
    home = Home(folder / "home")
    home.inbox.mkdir(parents=True)
    for export in write_sample(folder / "sample", clients, 7).exports:
        if "note" in export.name:
            (home.inbox / export.name).write_bytes(export.read_bytes())
    with connect(home) as connection:
        ingest(
            replace(IngestPaths.of(home), settle_seconds=0), connection, load_feeds(home.config), now=datetime.now(UTC)
        )
        connection.execute("create table control.crosswalk (client_id varchar, source_client_id varchar)")
    return home


def add_export(home: Home, night: int, rows: int | None = None) -> None:
    """Load the notes again as the export of another night: all of them, or the first few."""
    token = f"night{night:07d}"
    limit = f"limit {rows}" if rows else ""
    with connect(home) as connection:
        connection.execute(
            f"insert into raw.case_notes select * replace ('{token}' as file_token) from raw.case_notes"
            " where file_token = (select min(file_token) from control.files where kind = 'case_notes' and name <> '-')"
            f" order by row_number {limit}"
        )
        connection.execute(
            "insert into control.files by name select * replace ("
            f" '{token}' as file_token, null as sha256, '-' as name, exported_at + to_days({night}) as exported_at)"
            " from control.files where kind = 'case_notes' and name <> '-' order by file_token limit 1"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=2000)
    parser.add_argument("--nights", type=int, default=30)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    config = load_study_config(PROJECT_ROOT / "config" / "study.yml")
    with tempfile.TemporaryDirectory() as folder:
        home = home_with_notes(Path(folder), options.clients)
        paths = DbtPaths.of(home)
        numbers = itertools.count(1)
        for _ in range(options.nights - 1):
            add_export(home, next(numbers))
        with connect(home, read_only=True) as connection:
            rows = connection.execute("select count(*) from raw.case_notes").fetchall()[0][0]
        print(f"{options.clients} clients, {options.nights} full exports, {rows:,} raw rows of case notes")

        def staged(*arguments: str) -> float:
            used = time.process_time()
            if not build(paths, config, select=[MODEL], exclude=["test_type:data"], arguments=arguments).success:
                raise SystemExit("the build failed")
            return time.process_time() - used

        def median(before: Callable[[], object], *arguments: str) -> float:
            taken = []
            for _ in range(options.repeat):
                before()
                taken.append(staged(*arguments))
            return statistics.median(taken)

        staged()
        nothing = median(lambda: None)
        small = median(lambda: add_export(home, next(numbers), 100))
        whole = median(lambda: add_export(home, next(numbers)))
        anew = median(lambda: None, "--full-refresh")
    for name, seconds in (("nothing new", nothing), ("100 notes", small), ("one full export", whole), ("anew", anew)):
        share = (seconds - nothing) / (anew - nothing)
        print(
            f"{name:<16} {seconds:6.2f} s CPU, without dbt's own {seconds - nothing:6.2f}, of making anew {share:6.3f}"
        )


if __name__ == "__main__":
    main()
