"""Reads mutated exports in a process of its own and reports what happened; run as ``python -m tests.faults.mutate SEED N``."""

import io
import json
import random
import resource
import sys
import tempfile
import time
import zipfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from assets.errors import DataError
from assets.ingest import load_feeds
from assets.ingest.layout import describe_layout
from assets.ingest.parsed import Parsed
from assets.ingest.read import ReadContext, read_file
from tests.faults.files import book_bytes, zipped
from tests.faults.good import (
    NOTES_HEADER,
    goals_book,
    intake_book,
    intake_rows,
    note_rows,
    notes_book,
    responses,
    survey_csv,
    table_csv,
)
from tests.faults.spss import minimal, sav, survey_sav
from tests.faults.surveys import api, legacy, transitional

ROOT = Path(__file__).resolve().parent.parent.parent


def seeds() -> list[tuple[str, bytes]]:
    survey = survey_csv(responses(20)).encode()
    return [
        (".xlsx", book_bytes(intake_book(intake_rows(20)))),
        (".xlsx", book_bytes(notes_book(note_rows(20)))),
        (".xlsx", book_bytes(goals_book())),
        (".csv", survey),
        (".csv", table_csv(NOTES_HEADER, note_rows(20)).encode()),
        (".csv", legacy()),
        (".csv", transitional().encode()),
        (".tsv", survey_csv(responses(20), delimiter="\t").encode("utf-16")),
        (".zip", zipped({"survey.csv": survey})),
        (".json", json.dumps({"responses": api()}).encode()),
        (".sav", sav(minimal(), missing_ranges={"age": [{"lo": -99, "hi": -1}]})),
        (".zsav", sav(minimal(note=["a", "b", "c"]), ".zsav")),
        (".sav", survey_sav({0: "False", 1: "True"})),
        (".por", sav(minimal().rename(columns=lambda name: name[:8].upper()).iloc[:, [0, 1, 2, 3]], ".por")),
    ]


def mutate(content: bytes, chance: random.Random, others: list[tuple[str, bytes]]) -> bytes:
    """One of: flipped bytes, a cut, a repeated or removed piece, a member of the zip bent, exchanged or emptied."""
    if content.startswith(b"PK") and chance.random() < 0.6:
        return bend_member(content, chance, others)
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        place = chance.randrange(max(1, len(data)))
        kind = chance.randrange(5)
        if kind == 0:
            data[place : place + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            del data[place:]
        elif kind == 2:
            size = chance.randrange(1, 200)
            data[place:place] = data[place : place + size]
        elif kind == 3:
            del data[place : place + chance.randrange(1, 200)]
        else:
            data[place:place] = chance.choice(
                (b"\x00", b"\xff" * 8, b'"', b"\r\n", b"-99999999999999999999", b"<!ENTITY", b",")
            )
        if not data:
            return b""
    return bytes(data)


def bend_member(content: bytes, chance: random.Random, others: list[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        names = source.namelist()
        chosen = chance.choice(names)
        for name in names:
            data = source.read(name)
            if name == chosen:
                kind = chance.randrange(4)
                if kind == 0:
                    continue
                if kind == 1:
                    data = source.read(chance.choice(names))
                elif kind == 2:
                    data = chance.choice(others)[1]
                else:
                    data = mutate(data, chance, others) if not data.startswith(b"PK") else data[: len(data) // 2]
            target.writestr(name, data)
    return out.getvalue()


def main(seed: int, n: int) -> dict[str, Any]:
    chance = random.Random(seed)
    feeds = load_feeds(ROOT / "config")
    originals = seeds()
    outcomes: Counter[str] = Counter()
    failures: list[str] = []
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input"
        for number in range(n):
            suffix, content = originals[number % len(originals)]
            path.write_bytes(mutate(content, chance, originals))
            started = time.monotonic()
            parsed = Parsed()
            try:
                read_file(path, ReadContext(feeds, date(2022, 2, 1), suffix), parsed, lambda _table, _batch: None)
                outcomes["read"] += 1
                quarantined = len(parsed.quarantined_rows)
                if parsed.rows_read != parsed.structural + quarantined + parsed.rows_out:
                    failures.append(f"{number} {suffix}: rows lost")
            except DataError as error:
                outcomes[error.code] += 1
            except BaseException as error:
                failures.append(f"{number} {suffix}: {type(error).__name__}")
            try:
                describe_layout(path)
            except DataError:
                outcomes["not described"] += 1
            except BaseException as error:
                failures.append(f"{number} {suffix}: describing: {type(error).__name__}")
            slowest = max(slowest, time.monotonic() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"outcomes": outcomes, "failures": failures, "slowest": slowest, "peak_mb": peak}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
