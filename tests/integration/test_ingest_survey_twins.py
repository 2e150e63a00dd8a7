"""One set of responses in every dress that Qualtrics, Excel and SPSS give it is one table."""

import csv
import io
import json
import random
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from assets.ingest import Feeds, IngestPaths, ingest, load_feeds
from tests.faults.answers import EN, ES, ROWS
from tests.faults.files import zipped
from tests.faults.good import mspss_questions, survey_csv
from tests.faults.spss import survey_sav
from tests.faults.surveys import api, in_words, legacy, resaved, resaved_csv, transitional

NOW = datetime(2022, 2, 1, 8, tzinfo=UTC)
ITEMS = ", ".join(f"mspss_{i}" for i in range(1, 13))
GERMAN = {
    "startDate": "Anfangsdatum",
    "endDate": "Enddatum",
    "status": "Antworttyp",
    "recordedDate": "Aufgezeichnet am",
}
ODD_TEXT = {key: f'<p>Wie stark,\n<b>"{name}"</b>?&nbsp;</p>\u00a0' for name, key in mspss_questions()}


@pytest.fixture(scope="module")
def feeds(project_root: Path) -> Feeds:
    return load_feeds(project_root / "config")


def shuffled(seed: int) -> str:
    """Rows and columns of the modern export in another order, header rows moved along."""
    chance = random.Random(seed)
    rows = list(csv.reader(io.StringIO(survey_csv(ROWS))))
    order = list(range(len(rows[0])))
    chance.shuffle(order)
    body = rows[3:]
    chance.shuffle(body)
    out = io.StringIO()
    csv.writer(out).writerows([[row[i] for i in order] for row in [*rows[:3], *body]])
    return out.getvalue()


def anonymous() -> str:
    """An export with anonymised responses: no IP, recipient or location columns."""
    rows = list(csv.reader(io.StringIO(survey_csv(ROWS))))
    keep = [i for i, name in enumerate(rows[0]) if not name.startswith(("IP", "Recipient", "Location", "External"))]
    out = io.StringIO()
    csv.writer(out).writerows([[row[i] for i in keep] for row in rows])
    return out.getvalue()


def quoted() -> str:
    """Every cell in quotes, with a line feed and the separator in a column that nobody asked for."""
    questions = [*mspss_questions(), ("Remark", "QID9_TEXT")]
    rows = [{**row, "QID9_TEXT": 'one, "two"\r\nthree; four'} for row in ROWS]
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(csv.reader(io.StringIO(survey_csv(rows, questions), newline="")))
    return out.getvalue()


DRESSES = {
    "words-en.csv": lambda: survey_csv(in_words(EN)),
    "words-es.csv": lambda: survey_csv(in_words(ES), texts={"startDate": "Fecha de inicio"}),
    "german-row-2.csv": lambda: survey_csv(ROWS, texts=GERMAN),
    "html-and-line-feeds.csv": lambda: survey_csv(ROWS, texts=ODD_TEXT),
    "quoted.csv": quoted,
    "line-feeds.csv": lambda: survey_csv(ROWS, newline="\n"),
    "utf-16.tsv": lambda: survey_csv(ROWS, delimiter="\t").encode("utf-16"),
    "words.tsv": lambda: survey_csv(in_words(ES), delimiter="\t").encode("utf-16"),
    "semicolons.csv": lambda: b"\xef\xbb\xbf" + survey_csv(ROWS, delimiter=";").encode(),
    "csv.zip": lambda: zipped({"Survey.csv": survey_csv(ROWS).encode()}),
    "tsv.zip": lambda: zipped({"Survey.tsv": survey_csv(in_words(EN), delimiter="\t").encode("utf-16")}),
    "json.zip": lambda: zipped({"Survey.json": json.dumps({"responses": api()}).encode()}),
    "list.json": lambda: json.dumps(api()),
    "api.json": lambda: json.dumps({"responses": api()}),
    "lines.ndjson": lambda: "\n".join(json.dumps(response) for response in api()),
    "qualtrics.sav": lambda: survey_sav({0: "False", 1: "True"}),
    "two-is-true.sav": lambda: survey_sav({1: "False", 2: "True"}),
    "legacy.csv": legacy,
    "transitional.csv": transitional,
    "one-header.csv": lambda: survey_csv(ROWS, headers=1),
    "excel.xlsx": resaved,
    "excel.csv": resaved_csv,
    "shuffled.csv": lambda: shuffled(3),
    "anonymous.csv": anonymous,
}


def load(home: Path, feeds: Feeds, files: dict[str, str | bytes]) -> duckdb.DuckDBPyConnection:
    (home / "inbox").mkdir(parents=True)
    for name, content in files.items():
        (home / "inbox" / name).write_bytes(content.encode() if isinstance(content, str) else content)
    con = duckdb.connect(config={"threads": 1})
    ingest(IngestPaths(home / "inbox", home / "v", home / "r", home / "t", settle_seconds=0), con, feeds, now=NOW)
    return con


def table(con: duckdb.DuckDBPyConnection) -> list[tuple]:
    return con.execute(
        f"SELECT response_id, client_id_raw, client_id, status, finished, recorded_on, missing_items, {ITEMS} "
        "FROM raw.survey_mspss ORDER BY ALL"
    ).fetchall()


@pytest.fixture(scope="module")
def plain(feeds, tmp_path_factory) -> list[tuple]:
    with load(tmp_path_factory.mktemp("plain"), feeds, {"plain.csv": survey_csv(ROWS)}) as con:
        found = table(con)
    assert len(found) == len(ROWS)
    assert found[0][7:] == tuple(int(ROWS[0][f"QID2_{i}"]) for i in range(1, 13))
    return found


@pytest.mark.parametrize("dress", DRESSES)
def test_a_dress_gives_the_same_table(tmp_path, feeds, plain, dress) -> None:
    with load(tmp_path, feeds, {dress: DRESSES[dress]()}) as con:
        assert con.execute("SELECT status, rows_loaded FROM control.files").fetchall() == [("loaded", len(ROWS))]
        assert table(con) == plain


def test_a_copy_that_tells_more_is_marked_so(tmp_path, feeds) -> None:
    """The zone stated counts 2, codes instead of words 1: what staging goes by when one response came twice."""
    expected = {
        "words-en.csv": 2, "utf-16.tsv": 3, "api.json": 3, "qualtrics.sav": 1, "legacy.csv": 1, "transitional.csv": 1,
        "excel.xlsx": 3, "shuffled.csv": 3, "one-header.csv": 1,
    }  # fmt: skip
    with load(tmp_path, feeds, {name: DRESSES[name]() for name in expected}) as con:
        found = con.execute(
            "SELECT name, any_value(copy_quality) FROM raw.survey_mspss JOIN control.files USING (file_token) "
            "GROUP BY ALL"
        ).fetchall()
        assert dict(found) == expected
        ids = con.execute("SELECT count(*), count(DISTINCT response_id) FROM raw.survey_mspss").fetchone()
        assert ids == (len(expected) * len(ROWS), len(ROWS))


@pytest.mark.parametrize("dress", ["one-header.csv", "qualtrics.sav", "legacy.csv", "transitional.csv"])
def test_a_zone_that_is_not_stated_is_not_invented(tmp_path, feeds, dress) -> None:
    with load(tmp_path, feeds, {dress: DRESSES[dress]()}) as con:
        found = con.execute("SELECT DISTINCT time_zone, recorded_at_utc FROM raw.survey_mspss").fetchall()
        assert found == [(None, None)]
        assert con.execute("SELECT count(*) FROM control.findings WHERE code = 'NO_TIME_ZONE'").fetchone() == (1,)


def test_one_export_cut_in_three_is_the_export(tmp_path, feeds, plain) -> None:
    parts = {f"part{i}.csv": survey_csv(ROWS[2 * i : 2 * i + 2]) for i in range(3)}
    with load(tmp_path, feeds, parts) as con:
        assert table(con) == plain
