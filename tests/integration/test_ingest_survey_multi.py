"""A multi-select is one answer in every shape that Qualtrics gives it: one cell or one column a choice, words, codes,
lists."""

import csv
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.ingest import Feeds, IngestPaths, ingest, load_feeds
from assets.ingest.config import SurveyFeed
from assets.ingest.multi import by_commas
from assets.ingest.texts import fold
from tests.faults.files import book_bytes, zipped
from tests.faults.good import DATED, SURVEY_META, mspss_questions, responses
from tests.faults.spss import sav

NOW = datetime(2022, 2, 1, 8, tzinfo=UTC)
REACHED = {
    "import_id": "QID5",
    "names": ["Reached", "Q5"],
    "options": {
        4: {"en": "Phone", "es": "Teléfono", "choice": 1},
        12: {"en": "Text message, or chat", "es": "Mensaje, o chat", "choice": 2},
        9: {"en": "Phone, but not at home", "es": "Teléfono, pero no en casa", "choice": 7},
        3: {"en": "Other", "es": "Otro", "choice": 11},
    },
}
TICKED = [{4}, {12}, {4, 12}, {9, 3, 4}, {3, 12}, {4, 12, 9, 3}, None, set()]
"""What eight responses ticked; None: seen but left open (-99); the empty set: seen, nothing ticked (0)."""
STORED = ["4", "12", "4|12", "4|9|3", "12|3", "4|12|9|3", None, ""]
ROWS = responses(len(TICKED), 300)
CHOICES = {code: option["choice"] for code, option in REACHED["options"].items()}
TYPED = "an invented text, or two"
SIDE = {
    "QID5_11_TEXT": TYPED,
    "QID5_DO": "4|3|1|2",
    "QID5_DO_2": "2",
    "QID5_TEXT_0ab#Topics": "home",
}
SIDE_NAMES = {"QID5_11_TEXT": "Reached_11_TEXT", "QID5_DO": "Reached_DO", "QID5_DO_2": "Reached_DO_2",
              "QID5_TEXT_0ab#Topics": "Reached_11_TEXT - Topics"}  # fmt: skip
Column = tuple[str, dict[str, str], list[str]]


@pytest.fixture(scope="module")
def feeds(project_root: Path) -> Feeds:
    shipped = load_feeds(project_root / "config")
    feed = shipped.surveys["survey_mspss"]
    mapped = SurveyFeed.model_validate(feed.model_dump() | {"multi": {"reached": REACHED}})
    return shipped.model_copy(update={"surveys": {**shipped.surveys, feed.feed: mapped}, "hash": "with multi"})


def label(code: int, language: str) -> str:
    return REACHED["options"][code][language]


def joined(show: Any, none: str = "0") -> list[Column]:
    """One column; its choices come in the order in which they are displayed, not in the map's."""

    def cell(ticked: set[int] | None) -> str:
        return "-99" if ticked is None else ",".join(map(show, sorted(ticked))) or none

    return [("Reached", {"ImportId": "QID5"}, [cell(ticked) for ticked in TICKED])]


def split(show: Any, unticked: str = "", *, choice_ids: bool = True) -> list[Column]:
    found = []
    for code, choice in sorted(CHOICES.items(), key=lambda item: item[1]):
        key = {"ImportId": "QID5", "choiceId": str(choice)} if choice_ids else {"ImportId": f"QID5_{choice}"}
        cells = []
        for ticked in TICKED:
            empty = "-99" if ticked is None else unticked if ticked else "0"
            cells.append(show(code) if ticked and code in ticked else empty)
        found.append((f"Reached_{code}", key, cells))
    return found


def lines(extra: list[Column], *, words: bool = False, headers: int = 3, side: bool = True) -> list[list[str]]:
    """The export's records: Qualtrics' columns, the items, and the multi-select between what stands beside it."""
    rows = [{**row, "status": "IP Address", "finished": "True"} if words else row for row in ROWS]
    labels = ["Very strongly disagree", "Strongly disagree", "Mildly disagree", "Neutral", "Mildly agree",
              "Strongly agree", "Very strongly agree"]  # fmt: skip
    columns: list[Column] = []
    for name, key in [*SURVEY_META, *mspss_questions()]:
        cells = [row.get(key, "") for row in rows]
        if words and key.startswith("QID2_"):
            cells = [labels[int(cell) - 1] for cell in cells]
        columns.append((name, {"ImportId": key, **({"timeZone": "America/Chicago"} if key in DATED else {})}, cells))
    beside: list[Column] = [(SIDE_NAMES[key], {"ImportId": key}, [text] * len(ROWS)) for key, text in SIDE.items()]
    columns += [*beside[:1], *extra, *beside[1:]] if side else extra
    head = [[name for name, _, _ in columns], [f"About {name}" for name, _, _ in columns],
            [json.dumps(key) for _, key, _ in columns]]  # fmt: skip
    return [*head[:headers], *map(list, zip(*(cells for _, _, cells in columns), strict=True))]


def as_csv(records: list[list[str]], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(records)
    return out.getvalue().encode()


def as_json(show: Any, *, words: bool = False, split_lists: bool = False) -> bytes:
    head, _, keys, *body = lines(joined(str), words=words)
    found = []
    for record, ticked in zip(body, TICKED, strict=True):
        values: dict[str, Any] = {
            json.loads(key)["ImportId"]: cell for key, cell in zip(keys, record, strict=True) if cell
        }
        values["QID5_DO"] = ["4", "3", "1", "2"]
        values["QID5"] = [show(code) for code in sorted(ticked)] if ticked else "-99" if ticked is None else "0"
        found.append({"responseId": values["_recordId"], "values": values, "labels": {}, "displayedFields": []})
    assert len(head) == len(keys)
    return json.dumps({"responses": found}).encode()


def as_sav() -> bytes:
    head, _, _, *body = lines(split(lambda _code: "1"))
    frame = pd.DataFrame(body, columns=[name.replace(" (in seconds)", "__in_seconds_") for name in head])
    frame.columns = [name.replace(" - ", "_") for name in frame.columns]
    for name in frame.columns:
        if name in ("StartDate", "EndDate", "RecordedDate"):
            frame[name] = pd.to_datetime(frame[name])
        elif name in ("Status", "Progress", "Finished", *(f"Reached_{code}" for code in CHOICES)) or "MSPSS" in name:
            frame[name] = pd.to_numeric(frame[name])
    labels = {f"Reached_{code}": {1.0: label(code, "en")} for code in CHOICES}
    return sav(frame, variable_value_labels=labels)


def as_book(records: list[list[str]]) -> bytes:
    book = openpyxl.Workbook()
    for record in records:
        book.active.append([int(cell) if cell.lstrip("-").isdigit() else cell for cell in record])
    return book_bytes(book)


def transitional() -> bytes:
    head, texts, keys, *body = lines(split(lambda _code: "1", choice_ids=False), side=False)
    told = [str({"ImportId": json.loads(key)["ImportId"].replace("_", "-")}) for key in keys]
    told[head.index("ResponseId")] = str({"ImportId": "responseId"})
    return as_csv([head, texts, told, *body])


def words(language: str) -> Any:
    return lambda code: label(code, language)


DRESSES = {
    "codes.csv": lambda: as_csv(lines(joined(str))),
    "words-en.csv": lambda: as_csv(lines(joined(words("en")), words=True)),
    "words-es.csv": lambda: as_csv(lines(joined(words("es")), words=True)),
    "words.tsv": lambda: as_csv(lines(joined(words("es")), words=True), "\t").decode().encode("utf-16"),
    "split-ones.csv": lambda: as_csv(lines(split(lambda _code: "1"))),
    "split-zeros.csv": lambda: as_csv(lines(split(lambda _code: "1", "0"))),
    "split-unticked-99.csv": lambda: as_csv(lines(split(lambda _code: "1", "-99"))),
    "split-codes.csv": lambda: as_csv(lines(split(str))),
    "split-suffixes.csv": lambda: as_csv(lines(split(lambda _code: "1", choice_ids=False))),
    "split-words-en.csv": lambda: as_csv(lines(split(words("en")), words=True)),
    "split-words-es.csv": lambda: as_csv(lines(split(words("es"), "0", choice_ids=False), words=True)),
    "split-words-among-codes.csv": lambda: as_csv(lines(split(words("en")))),
    "split.csv.zip": lambda: zipped({"S.csv": as_csv(lines(split(str)))}),
    "lists.json": lambda: as_json(str),
    "lists-of-words.json": lambda: as_json(words("es"), words=True),
    "by-name.csv": lambda: as_csv(lines(split(lambda _code: "1"), headers=1)),
    "by-name-joined.csv": lambda: as_csv(lines(joined(str), headers=1)),
    "qualtrics.sav": as_sav,
    "excel.xlsx": lambda: as_book(lines(split(str))),
    "excel-joined.xlsx": lambda: as_book(lines(joined(words("en")), words=True)),
    "transitional.csv": transitional,
}


def load(home: Path, feeds: Feeds, files: dict[str, bytes]) -> duckdb.DuckDBPyConnection:
    (home / "inbox").mkdir(parents=True)
    for name, content in files.items():
        (home / "inbox" / name).write_bytes(content)
    con = duckdb.connect(config={"threads": 1})
    ingest(IngestPaths(home / "inbox", home / "v", home / "r", home / "t", settle_seconds=0), con, feeds, now=NOW)
    return con


def answers(con: duckdb.DuckDBPyConnection) -> list[tuple]:
    return con.execute("SELECT reached, missing_items FROM raw.survey_mspss ORDER BY response_id").fetchall()


EXPECTED = [(stored, '{"reached": -99}' if stored is None else None) for stored in STORED]


@pytest.mark.parametrize("dress", DRESSES)
def test_a_shape_gives_the_same_answers(tmp_path, feeds, dress) -> None:
    with load(tmp_path, feeds, {dress: DRESSES[dress]()}) as con:
        assert con.execute("SELECT status, reason, rows_loaded FROM control.files").fetchall() == [
            ("loaded", None, len(ROWS))
        ]
        assert answers(con) == EXPECTED
        kinds = con.execute("SELECT how, count(*) FROM control.file_columns WHERE name LIKE 'Reached%' GROUP BY ALL")
        beside = dict(kinds.fetchall()).get("side", 0)
        # Of the API's keys the names are the ImportIds.
        assert beside == (0 if "transitional" in dress or "json" in dress else len(SIDE))
        assert con.execute("SELECT count(*) FROM control.findings WHERE code = 'NEW_COLUMN'").fetchone() == (0,)
        kept = {row[0] for row in con.execute("SELECT DISTINCT value FROM raw.unmapped_cells").fetchall()}
        assert (TYPED in kept) == ("transitional" not in dress)


@pytest.mark.parametrize("shape", [joined(str), split(str)], ids=["joined", "split"])
def test_cells_that_are_all_empty_do_not_say_that_nobody_ticked(tmp_path, feeds, shape) -> None:
    """Never shown and left open look alike there: null. The 0 and the -99 of the last two responses are told."""
    empty = [(name, key, [*[""] * 6, *cells[6:]]) for name, key, cells in shape]
    with load(tmp_path, feeds, {"s.csv": as_csv(lines(empty))}) as con:
        assert answers(con) == [(None, None)] * 6 + EXPECTED[6:]


def changed(columns: list[Column], place: int, response: int, text: str) -> list[Column]:
    found = [(name, key, list(cells)) for name, key, cells in columns]
    found[place][2][response] = text
    return found


@pytest.mark.parametrize(
    ("columns", "in_words", "listed"),
    [
        (changed(joined(words("en")), 0, 1, "Phone,Smoke signals"), True, "Smoke signals"),
        (changed(joined(str), 0, 1, "4,5"), False, "4,5"),
        (changed(joined(str), 0, 1, "Phone"), False, "Phone"),
        (changed(split(words("en")), 0, 0, "Smoke signals"), True, "Smoke signals"),
        (changed(split(words("en")), 0, 0, "Other"), True, "Other"),
        ([*split(str), ("Reached_8", {"ImportId": "QID5", "choiceId": "8"}, ["1", *[""] * 7])], False, "Reached_8"),
    ],
    ids=["words", "code", "word-among-codes", "split", "label-of-another", "undeclared-choice"],
)
def test_an_unknown_choice_stops_the_file_with_its_list(tmp_path, feeds, columns, in_words, listed) -> None:
    with load(tmp_path, feeds, {"s.csv": as_csv(lines(columns, words=in_words))}) as con:
        assert con.execute("SELECT status, reason FROM control.files").fetchall() == [("rejected", "UNKNOWN_LABEL")]
        assert answers(con) == []
    (note,) = (tmp_path / "r").glob("*.txt")
    assert re.search(rf"^reached: \[.*{re.escape(listed)}", note.read_text("utf-8"), re.MULTILINE)


def test_a_choice_of_the_map_may_have_no_column_and_an_undeclared_one_nobody_ticked_is_new(tmp_path, feeds) -> None:
    fewer = [column for column in split(str) if column[0] != "Reached_12"]
    fewer.append(("Reached_8", {"ImportId": "QID5", "choiceId": "8"}, ["", "0", *["-99"] * 6]))
    with load(tmp_path, feeds, {"s.csv": as_csv(lines(fewer))}) as con:
        found = [stored for stored, _ in answers(con)]
        assert found == ["4", None, "4", "4|9|3", "3", "4|9|3", None, ""]
        assert con.execute("SELECT sum(n) FROM control.findings WHERE code = 'NEW_COLUMN'").fetchone() == (1,)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ([*joined(str), *split(str)], "DUPLICATE_COLUMN"),
        ([*split(str), split(str)[0]], "DUPLICATE_COLUMN"),
        ([], "MISSING_COLUMN"),
    ],
    ids=["both-shapes", "one-choice-twice", "none"],
)
def test_columns_that_cannot_be_one_answer(tmp_path, feeds, columns, reason) -> None:
    with load(tmp_path, feeds, {"s.csv": as_csv(lines(columns, side=False))}) as con:
        assert con.execute("SELECT status, reason FROM control.files").fetchall() == [("rejected", reason)]


def test_a_correction_reaches_a_multi_select(tmp_path, feeds) -> None:
    overrides = tmp_path / "overrides.csv"
    overrides.write_text(
        "feed,key,column,old,new,author,reason,expiry\n"
        f"survey_mspss,{ROWS[2]['_recordId']},reached,4|12,4,coordinator,invented slip,\n"
    )
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "s.csv").write_bytes(as_csv(lines(joined(str))))
    paths = IngestPaths(
        tmp_path / "inbox", tmp_path / "v", tmp_path / "r", tmp_path / "t", settle_seconds=0, overrides_file=overrides
    )
    with duckdb.connect(config={"threads": 1}) as con:
        ingest(paths, con, feeds, now=NOW)
        assert answers(con)[2] == ("4", None)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(sorted(CHOICES)), min_size=1, unique=True), st.sampled_from(["en", "es"]))
def test_labels_with_commas_come_apart_in_any_order(codes, language) -> None:
    known = {fold(label(code, spoken)): str(code) for code in CHOICES for spoken in ("en", "es")}
    assert by_commas(",".join(label(code, language) for code in codes), known) == ({str(code) for code in codes}, True)
