"""What one new file costs a night: the night that finds it against a night that finds nothing, in turns.

A settled home has read every export. Then one export comes anew with something changed in it: the survey MSPSS with
other answers (small), or the case notes with one note more (large). Either changes what is known of clients, so the
study is fitted again. Beside it stands what the same file takes to be read and stored in an empty home.

    python -m benchmarks.new_file_bench [--rounds 3] [--clients 95]
"""

import argparse
import csv
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

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
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=95)
    asked = parser.parse_args()
    console = Console(highlight=False)
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
    show(bench, phases, by_itself, console)
    return 0


def show(
    bench: Bench, phases: dict[str, list[dict[str, float]]], by_itself: dict[str, list[float]], console: Console
) -> None:
    """Medians; what a night with a file costs more than one without; and in which steps."""
    cpu = {case: statistics.median(samples) for case, samples in bench.cpu.items()}
    table = Table(box=None, pad_edge=False)
    for name in ("Case", "Median s", "CPU s", "CPU s more", "the file alone, CPU s"):
        table.add_column(name, justify="left" if name == "Case" else "right")
    for case, title in CASES.items():
        own = f"{statistics.median(by_itself[case]):.2f}" if case in by_itself else ""
        median = statistics.median(bench.seconds[case])
        table.add_row(title, f"{median:.1f}", f"{cpu[case]:.1f}", f"{cpu[case] - cpu['again']:.1f}", own)
    console.print(table)
    usual = _medians(phases["again"])
    for case in CHANGES:
        more = {step: seconds - usual.get(step, 0.0) for step, seconds in _medians(phases[case]).items()}
        told = ", ".join(f"{step} {more[step]:+.1f} s" for step in sorted(more, key=lambda step: -more[step]))
        console.print(f"{CASES[case]}, by the clock and step: {told}")


def _medians(nights: list[dict[str, float]]) -> dict[str, float]:
    return {step: statistics.median(night[step] for night in nights) for step in nights[0]}


if __name__ == "__main__":
    raise SystemExit(main())
