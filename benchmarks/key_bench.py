"""What a key costs: the same night with ``OUTCOMES_KEY_FILE`` and without, in turns.

A first night in a new home seals each file into the vault and makes an encrypted database; a night over unchanged files
reads and writes that database again. Processor seconds and their ratio are what is told.

    python -m benchmarks.key_bench [--rounds 2] [--clients 95]
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from rich.console import Console

from benchmarks.night_bench import TITLES, Bench, make_exports, outcomes

CASES = {
    "keygen": "making the key",
    "first": TITLES["first"],
    "first-key": "the same, with a key",
    "again": TITLES["again"],
    "again-key": "the same, with a key",
}


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--clients", type=int, default=95)
    asked = parser.parse_args()
    console = Console(highlight=False)
    TITLES.update(CASES)
    with tempfile.TemporaryDirectory(prefix="key-bench-") as folder:
        bench = Bench(Path(folder), console)
        make_exports(bench, asked.clients)
        for number in range(asked.rounds):
            turn = [("", {}), ("-key", {"OUTCOMES_KEY_FILE": str(bench.folder / f"key-{number}")})]
            for suffix, environment in turn if number % 2 == 0 else turn[::-1]:
                home = bench.new_home(f"home-{number}{suffix}")
                if environment:
                    bench.measure("keygen", outcomes("keygen", environment["OUTCOMES_KEY_FILE"], "--home", home))
                for case in ("first", "again"):
                    bench.measure(case + suffix, outcomes("run", "--home", home), **environment)
    for case in ("first", "again"):
        plain, keyed = (statistics.median(bench.cpu[case + suffix]) for suffix in ("", "-key"))
        console.print(f"{CASES[case]}: {plain:.1f} s CPU, with a key {keyed:.1f} s, ratio {keyed / plain:.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
