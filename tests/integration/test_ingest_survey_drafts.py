"""The draft of a new survey's map: a multi-select is proposed as one question, and the file loads with it."""

import csv
import io
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import yaml

from assets.ingest import IngestPaths, draft_map, ingest, load_feeds
from tests.faults.good import DATED, SURVEY_META, responses

NOW = datetime(2022, 2, 1, 8, tzinfo=UTC)
CHOICES = {4: (1, "Phone"), 12: (2, "Text message, or chat"), 3: (11, "Other")}
"""Code in the column's name → number in its key, wording in the second row."""
TICKED = [{4}, {12}, {4, 12}, {3, 4}, {12, 3}, {4, 12, 3}]
STORED = ["4", "12", "4|12", "4|3", "12|3", "4|12|3"]
TYPED = "an invented text"


def survey(*, choice_ids: bool, words: bool = False, matrix: bool = True) -> bytes:
    """An export with a client's ID, a matrix of two statements and a multi-select of three choices."""
    rows = responses(len(TICKED), 500)
    columns = [(name, {"ImportId": key}, f"About {name}", [row.get(key, "") for row in rows])
               for name, key in SURVEY_META]  # fmt: skip
    for _, key, _, _ in columns:
        if key["ImportId"] in DATED:
            key["timeZone"] = "America/Chicago"
    columns.append(("client_id", {"ImportId": "QID1_TEXT"}, "Client", [row["QID1_TEXT"] for row in rows]))
    if matrix:
        for i in (1, 2):
            cells = [str((i + place) % 4 + 1) for place in range(len(rows))]
            columns.append((f"Calm_{i}", {"ImportId": f"QID4_{i}"}, f"How calm? - Statement {i}", cells))
    for code, (choice, wording) in CHOICES.items():
        key = {"ImportId": "QID5", "choiceId": str(choice)} if choice_ids else {"ImportId": f"QID5_{choice}"}
        cells = [(wording if words else "1") if code in ticked else "" for ticked in TICKED]
        columns.append((f"Reached by_{code}", key, f"How? - Selected Choice - {wording}", cells))
    columns.append(("Reached by_3_TEXT", {"ImportId": "QID5_11_TEXT"}, "How? - Other - Text", [TYPED] * len(rows)))
    if words:
        for name, _, _, cells in columns:
            if name in ("Status", "Finished"):
                cells[:] = ["IP Address" if name == "Status" else "True"] * len(rows)
    out = io.StringIO()
    csv.writer(out).writerows([
        [name for name, *_ in columns], [text for _, _, text, _ in columns],
        [json.dumps(key) for _, key, _, _ in columns],
        *zip(*(cells for *_, cells in columns), strict=True),
    ])  # fmt: skip
    return out.getvalue().encode()


@pytest.mark.parametrize("choice_ids", [True, False], ids=["choice-ids", "numbered-keys"])
@pytest.mark.parametrize("words", [False, True], ids=["ones", "words"])
def test_a_drafted_multi_select_loads(tmp_path: Path, project_root: Path, choice_ids: bool, words: bool) -> None:
    inbox, config = tmp_path / "inbox", tmp_path / "config"
    inbox.mkdir()
    path = inbox / "contact.csv"
    path.write_bytes(survey(choice_ids=choice_ids, words=words, matrix=not words))
    draft = draft_map(path, "contact")
    assert TYPED not in draft
    body = yaml.safe_load(draft)
    assert body["client_id"] == {"import_id": "QID1_TEXT", "names": ["client_id"]}
    assert list(body["items"]) == ([] if words else ["calm_1", "calm_2"])
    assert body["multi"] == {"reached_by": {"import_id": "QID5", "names": ["Reached by"], "options": {
        code: {"en": wording, "es": wording, "choice": choice} for code, (choice, wording) in CHOICES.items()
    }}}  # fmt: skip

    shutil.copytree(project_root / "config", config)
    approved = draft.replace("low: 0, high: 0", "low: 1, high: 4")
    (config / "feeds" / "contact.yml").write_text(approved, "utf-8")
    with duckdb.connect(config={"threads": 1}) as con:
        paths = IngestPaths(inbox, tmp_path / "v", tmp_path / "r", tmp_path / "t", settle_seconds=0)
        ingest(paths, con, load_feeds(config), now=NOW)
        assert con.execute("SELECT status, kind, reason FROM control.files").fetchall() == [("loaded", "contact", None)]
        found = con.execute("SELECT reached_by FROM raw.contact ORDER BY response_id").fetchall()
    assert [row[0] for row in found] == STORED


def test_statements_that_few_answered_are_no_choices(tmp_path: Path) -> None:
    """Keys of a matrix look like keys of choices without choiceIds; answers that differ tell them apart."""
    lines = list(csv.reader(io.StringIO(survey(choice_ids=False).decode())))
    for line in lines[3:]:
        line[lines[0].index("Calm_2")] = ""
    lines[4][lines[0].index("Calm_1")] = ""
    path = tmp_path / "s.csv"
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(lines)
    body = yaml.safe_load(draft_map(path, "s"))
    assert list(body["items"]) == ["calm_1", "calm_2"]
    assert list(body["multi"]) == ["reached_by"]


def test_a_question_of_another_name_is_the_clients_id_by_its_key(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes(survey(choice_ids=True).replace(b"client_id", b"Q1", 1))
    body = yaml.safe_load(draft_map(path, "s"))
    assert body["client_id"] == {"import_id": "QID1_TEXT", "names": ["Q1"]}
    assert "q1" not in body["items"]
