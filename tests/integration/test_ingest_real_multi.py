"""The real survey of multi-selects (36 columns, 5 test rows) under a map made here: by key, by name and in words."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from assets.ingest import Feeds, IngestPaths, ingest, load_feeds
from assets.ingest.config import SurveyFeed

pytestmark = pytest.mark.shared
NOW = datetime(2022, 2, 1, 8, tzinfo=UTC)
QUESTIONS = {
    "QID2": ("Q2", {1: 1, 2: 2, 3: 3}),
    "QID5": ("Q4", {10: 1, 11: 2, 12: 3}),
    "QID3": ("Q3", {1: 1, 4: 4, 5: 5, 2: 2, 3: 3}),
    "QID6": ("Q5", {10: 1, 11: 4, 12: 5, 13: 6, 14: 2, 15: 3, 16: 7}),
    "QID4": ("mc_question_five", {1: 1, 2: 2, 3: 3}),
}
"""ImportId → the name of its columns, and code → choice number (the recodes of the definition)."""


def mapped(project_root: Path, client: str, name: str) -> Feeds:
    """The shipped maps and one for this survey; it asks for no client's ID, so ``client`` stands for it."""
    multi = {
        f"q_{key.lower()}": {
            "import_id": key,
            "names": [name],
            "options": {
                code: {"en": f"Ours {code}", "es": f"Nuestra {code}", "choice": n} for code, n in codes.items()
            },
        }
        for key, (name, codes) in QUESTIONS.items()
    }
    feed = SurveyFeed.model_validate(
        {
            "feed": "survey_multi", "title": {"en": "Several", "es": "Varias"}, "format": "survey",
            "key": ["response_id"], "versions": [{"name": "1", "since": "2016-01-01"}], "items": {}, "labels": {},
            "client_id": {"import_id": client, "names": [name]}, "multi": multi,
        }
    )  # fmt: skip
    shipped = load_feeds(project_root / "config")
    return shipped.model_copy(update={"surveys": {**shipped.surveys, feed.feed: feed}, "hash": "with multi"})


@pytest.fixture(scope="module")
def feeds(project_root: Path) -> Feeds:
    return mapped(project_root, "QID4_2_TEXT", "mc_question_five_2_TEXT")


@pytest.fixture(scope="module")
def folder(shared_dir: Path) -> Path:
    return shared_dir / "fixtures" / "real" / "qualtrics"


def records(folder: Path) -> list[list[str]]:
    text = (folder / "multi_answer_three_headers.csv").read_text("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def expected(folder: Path) -> list[tuple]:
    """From the names of row 1, which end in the recodes: what each response has a 1 under, in the file's order."""
    names, _, _, *body = records(folder)
    found = []
    for row in body:
        cells = dict(zip(names, row, strict=True))
        told = ["|".join(str(code) for code in codes if cells[f"{n}_{code}"]) for n, codes in QUESTIONS.values()]
        found.append((cells["ResponseID"], *(text or None for text in told)))
    return sorted(found)


def read(home: Path, feeds: Feeds, files: dict[str, bytes]) -> list[tuple]:
    (home / "inbox").mkdir()
    for name, content in files.items():
        (home / "inbox" / name).write_bytes(content)
    with duckdb.connect(config={"threads": 1}) as con:
        ingest(IngestPaths(home / "inbox", home / "v", home / "r", home / "t", settle_seconds=0), con, feeds, now=NOW)
        assert ("loaded", 5) in con.execute("SELECT status, rows_loaded FROM control.files").fetchall()
        columns = ", ".join(f"q_{key.lower()}" for key in QUESTIONS)
        return con.execute(f"SELECT response_id, {columns} FROM raw.survey_multi ORDER BY 1").fetchall()


def as_csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def test_by_key(tmp_path, feeds, folder) -> None:
    found = read(tmp_path, feeds, {"s.csv": (folder / "multi_answer_three_headers.csv").read_bytes()})
    assert found == expected(folder)
    assert len({row[4] for row in found}) > 1


def test_by_name_alone(tmp_path, feeds, folder) -> None:
    names, _, _, *body = records(folder)
    assert read(tmp_path, feeds, {"s.csv": as_csv([names, *body])}) == expected(folder)


@pytest.mark.parametrize("is_joined", [False, True], ids=["split", "joined"])
def test_in_the_words_of_its_definition(tmp_path, project_root, folder, is_joined) -> None:
    """The map has other labels: the definition beside the export translates them. Both gain a question for the ID."""
    told = json.loads((folder / "multi_answer.qsf").read_text("utf-8"))
    asked = {"QuestionID": "QID9", "DataExportTag": "client_id", "QuestionType": "TE", "Choices": {}}
    told["SurveyElements"].append({"Element": "SQ", "Payload": asked})
    payloads = [element["Payload"] for element in told["SurveyElements"] if element["Element"] == "SQ"]
    labels = {q["QuestionID"]: {n: c["Display"] for n, c in q["Choices"].items()} for q in payloads}
    names, questions, keys, *body = records(folder)
    of = {name: tag for tag, (base, codes) in QUESTIONS.items() for name in (f"{base}_{code}" for code in codes)}
    choice = {f"{base}_{code}": str(n) for base, codes in QUESTIONS.values() for code, n in codes.items()}
    rows = []
    for row in body:
        cells = dict(zip(names, row, strict=True))
        cells |= {name: labels[tag][choice[name]] for name, tag in of.items() if cells[name]}
        cells |= {"Status": "Survey Test", "Finished": "True", "QID9_TEXT": "invented"}
        if is_joined:
            cells |= {tag: ",".join(cells[n] for n in of if of[n] == tag and cells[n]) for tag in QUESTIONS}
        rows.append(cells)
    kept = [i for i, name in enumerate(names) if not is_joined or name not in of]
    more = ["QID9_TEXT", *(QUESTIONS if is_joined else ())]
    head = [[*(line[i] for i in kept), *more] for line in (names, questions)]
    head.append([*(keys[i] for i in kept), *(str({"ImportId": tag}) for tag in more)])
    text = as_csv([*head, *([*(row[names[i]] for i in kept), *(row[tag] for tag in more)] for row in rows)])
    feeds = mapped(project_root, "QID9_TEXT", "client_id")
    files = {"a.csv": text, "z.qsf": json.dumps(told).encode()}
    assert read(tmp_path, feeds, files) == expected(folder)
