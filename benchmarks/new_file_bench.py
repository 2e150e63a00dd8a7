"""What one new file costs a night: the night that finds it against a night that finds nothing, in turns.

A settled home has read every export. Then one export comes anew with something changed in it: the survey MSPSS with
other answers (small), or the case notes with one note more (large). Either changes what is known of clients, so the
study is fitted again. Beside it stands what the same file takes to be read and stored in an empty home.

    python -m benchmarks.new_file_bench [--rounds 3] [--clients 95] [--out FILE]
"""

import argparse
import csv
import json
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from assets.home import Home
from assets.ingest import IngestPaths, ingest, load_feeds
from assets.warehouse.database import connect
from benchmarks.night_bench import TITLES, Bench, make_exports, outcomes, phases_of

CASES = {
    "first": TITLES["first"],
    "again": TITLES["again"],
    "small": "night with one survey export anew",
    "large": "night with the case notes' export anew",
}


def other_answers(source: Path, target: Path, number: int) -> None:
    """A copy of a survey's CSV in which one item was answered higher by whoever could; data begin in its third row."""
    with source.open(encoding="utf-8-sig", newline="") as text:
        rows = list(csv.reader(text))
    for row in rows[2:]:
        if row[-1 - number] in {"1", "2", "3", "4"}:
            row[-1 - number] = str(int(row[-1 - number]) + 1)
    with target.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows(rows)


def one_note_more(source: Path, target: Path, number: int) -> None:
    """A copy of a workbook of notes with one note more: the first of its longest sheet under a record ID of its own."""
    import openpyxl

    book = openpyxl.load_workbook(source)
    sheet = max(book.worksheets, key=lambda year: year.max_row)
    first = [cell.value for cell in sheet[4]]
    sheet.append([90_000_000 + number, *first[1:]])
    book.save(target)


CHANGES: dict[str, tuple[str, Callable[[Path, Path, int], None]]] = {
    "small": ("Support_Survey_MSPSS.csv", other_answers),
    "large": ("case_notes.xlsx", one_note_more),
}


def alone(folder: Path, file: Path) -> float:
    """Processor seconds to read and store one file in a home that holds nothing."""
    home = Home(folder)
    home.inbox.mkdir(parents=True)
    shutil.copyfile(file, home.inbox / file.name)
    with connect(home) as connection:
        spent = time.process_time()
        ingest(
            replace(IngestPaths.of(home), settle_seconds=0), connection, load_feeds(home.config), now=datetime.now(UTC)
        )
        return time.process_time() - spent


def main() -> int:
    """Measure, print both tables and write them down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=95)
    parser.add_argument("--out", type=Path, help="also write the figures to this JSON file")
    asked = parser.parse_args()
    console = Console(highlight=False, soft_wrap=True, width=120)
    TITLES.update(CASES)
    phases: dict[str, list[dict[str, float]]] = defaultdict(list)
    by_itself: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="new-file-bench-") as folder:
        bench = Bench(Path(folder), console)
        make_exports(bench, asked.clients)
        home = bench.new_home("settled")

        def night(case: str) -> None:
            phases[case].append(phases_of(home, bench.measure(case, outcomes("run", "--home", home, "--json"))))

        night("first")
        bench.measure("again", outcomes("run", "--home", home))  # what the first night leaves to do once is done here
        del bench.seconds["again"], bench.cpu["again"]
        for number in range(asked.rounds):
            night("again")
            for case, (name, change) in CHANGES.items():
                new = home / "inbox" / name
                change(bench.exports / name, new, number)
                by_itself[case].append(alone(bench.folder / f"alone-{case}-{number}", new))
                night(case)
    results = {"clients": asked.clients, "cases": figures(bench, phases, by_itself)}
    if asked.out:
        asked.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    show(results["cases"], console)
    return 0


def figures(
    bench: Bench, phases: dict[str, list[dict[str, float]]], by_itself: dict[str, list[float]]
) -> dict[str, dict[str, Any]]:
    """Medians by case; of a night with a file what it costs more than one without, in all and by step (clock)."""
    cpu, usual = bench.cpu, _medians(phases["again"])
    found: dict[str, dict[str, Any]] = {}
    for case in CASES:
        told: dict[str, Any] = {
            "seconds": round(statistics.median(bench.seconds[case]), 2),
            "cpu_seconds": round(statistics.median(cpu[case]), 2),
        }
        if case in CHANGES:
            told["cpu_seconds_more"] = round(statistics.median(cpu[case]) - statistics.median(cpu["again"]), 2)
            told["file_alone_cpu_seconds"] = round(statistics.median(by_itself[case]), 2)
            more = {step: round(took - usual.get(step, 0.0), 2) for step, took in _medians(phases[case]).items()}
            told["more_by_step"] = dict(sorted(more.items(), key=lambda step: -step[1]))
        found[case] = told
    return found


def show(cases: dict[str, dict[str, Any]], console: Console) -> None:
    """Print the figures."""
    table = Table(box=None, pad_edge=False)
    for name in ("Case", "Median s", "CPU s", "CPU s more", "the file alone, CPU s"):
        table.add_column(name, justify="left" if name == "Case" else "right", no_wrap=True)
    for case, told in cases.items():
        numbers = (told.get(key) for key in ("seconds", "cpu_seconds", "cpu_seconds_more", "file_alone_cpu_seconds"))
        table.add_row(CASES[case], *("" if number is None else f"{number:.1f}" for number in numbers))
    console.print(table)
    for case in CHANGES:
        steps = ", ".join(f"{step} {more:+.1f} s" for step, more in cases[case]["more_by_step"].items() if more > 0)
        console.print(f"{CASES[case]}, where, by the clock: {steps or 'nowhere'}")


def _medians(nights: list[dict[str, float]]) -> dict[str, float]:
    return {step: statistics.median(night[step] for night in nights) for step in nights[0]}


if __name__ == "__main__":
    raise SystemExit(main())
