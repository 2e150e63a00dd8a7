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
from assets.ingest.spss_probe import stop_probing
from tests.faults.binary_books import Sheet, xls, xlsb
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
from tests.faults.ods_books import ods
from tests.faults.spss import minimal, sav, survey_sav
from tests.faults.surveys import api, legacy, transitional
from tests.spss_files import por_bytes, sav_bytes, value_labels, variable, with_records

ROOT = Path(__file__).resolve().parent.parent.parent


NOTES = Sheet("Case Notes", [NOTES_HEADER, *note_rows(20)])
CHOICES = {str(i): {"Display": f"<b>Choice {i}</b>"} for i in range(1, 8)}
MATRIX = {
    "QuestionID": "QID2", "DataExportTag": "MSPSS", "QuestionText": "How?", "QuestionType": "Matrix", "Choices": CHOICES,
    "Answers": CHOICES, "RecodeValues": {"1": "7"}, "Language": {"ES": {"Answers": CHOICES}},
}  # fmt: skip
DEFINITION = {
    "SurveyEntry": {"SurveyID": "SV_x", "LastModified": "2021-01-01 10:00:00", "SurveyLanguage": "EN"},
    "SurveyElements": [{"Element": "SQ", "Payload": MATRIX}, {"Element": "BL", "Payload": []}],
}


def portable() -> bytes:
    """A portable file with ranges, values and words declared missing."""
    variables = [
        variable(name[:8].upper(), missing="9-1/899/") for name in minimal().columns[[*range(11), 12, 15, 16, 17]]
    ]
    labels = [value_labels(["AGE"], {1: "One", -5: "Refused"})]
    rows = [[i, *[-5, 99, None, 3.5] * 5][: len(variables)] for i in range(20)]
    return por_bytes([*variables, variable("WORD", 8, missing="82/NA")], labels, [[*row, "word"] for row in rows])


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
        (".ndjson", "\n".join(json.dumps(response) for response in api()).encode()),
        (".qsf", json.dumps(DEFINITION).encode()),
        (".ods", ods(NOTES)),
        (".xlsb", xlsb(NOTES)),
        (".xls", xls(NOTES)),
        (".sav", with_records(sav(minimal(note=["a", "b", "x" * 400])), [(7, b"$both=D1 1 4 Both csa dv\n")])),
        (".sav", sav_bytes(minimal(), row_compress=True)),
        (".por", portable()),
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
    stop_probing()
    # ru_maxrss of this process begins with what its parent had: a test worker late in the suite has had 1,055 MB. The
    # child that reads SPSS files first counts once it has ended, so it is ended here.
    own = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
    peak = max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024
    suffixes = sorted({suffix for suffix, _ in originals})
    return {"suffixes": suffixes, "outcomes": outcomes, "failures": failures, "slowest": slowest, "peak_mb": peak}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
