"""A survey's definition beside its exports: labels that no map has, in whatever order and night the files arrive."""

import json
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.ingest import Feeds, IngestPaths, ingest, inspect_file, load_feeds
from assets.ingest.definitions import item_texts
from assets.warehouse.analyst_macros import comment_items
from tests.faults.answers import EN, ES
from tests.faults.files import zipped
from tests.faults.good import responses, survey_csv

NOW = datetime(2022, 2, 1, 8, tzinfo=UTC)
WORDS = ["Absolutely not", "No", "Rather not", "Hm", "Rather", "Yes", "Absolutely"]


@pytest.fixture(scope="module")
def feeds(project_root: Path) -> Feeds:
    return load_feeds(project_root / "config")


def definition(
    labels: list[str],
    recodes: dict[str, Any] | None = None,
    modified: str = "2021-01-01 10:00:00",
    spanish: list[str] | None = None,
) -> str:
    """A definition of the MSPSS survey: the client's ID, then a matrix of twelve statements."""
    scale = {str(i): {"Display": f"<b>{label}</b>&nbsp;"} for i, label in enumerate(labels, 1)}
    matrix: dict[str, Any] = {
        "QuestionID": "QID2",
        "DataExportTag": "MSPSS",
        "QuestionText": "How do you feel about <i>each</i> statement?",
        "QuestionType": "Matrix",
        "Selector": "Likert",
        "Choices": {str(i): {"Display": f"Statement {i}"} for i in range(1, 13)},
        "Answers": scale,
        "Language": [],
    }
    if recodes:
        matrix["RecodeValues"] = recodes
    if spanish:
        answers = {str(i): {"Display": label} for i, label in enumerate(spanish, 1)}
        matrix["Language"] = {"ES": {"QuestionText": "Invented", "Answers": answers}}
    typed = {"QuestionID": "QID1", "DataExportTag": "client_id", "QuestionText": "ID", "QuestionType": "TE"}
    return json.dumps(
        {
            "SurveyEntry": {"SurveyID": "SV_x", "SurveyName": "S", "SurveyLanguage": "EN", "LastModified": modified},
            "SurveyElements": [
                {"Element": "BL", "Payload": []},
                {"Element": "SQ", "Payload": typed},
                {"Element": "SQ", "Payload": matrix},
            ],
        }
    )


def in_words(labels: list[str], n: int = 6) -> str:
    rows = [
        {k: labels[int(v) - 1] if k.startswith("QID2_") else v for k, v in row.items()} | {"status": "IP Address"}
        for row in responses(n)
    ]
    return survey_csv([{**row, "finished": "True"} for row in rows])


class Agency:
    """An inbox and its database, night after night."""

    def __init__(self, home: Path, feeds: Feeds) -> None:
        self.feeds, self.nights = feeds, 0
        self.paths = IngestPaths(home / "inbox", home / "v", home / "r", home / "t", settle_seconds=0)
        self.paths.inbox.mkdir(parents=True)
        self.con = duckdb.connect(config={"threads": 1})

    def night(self, **files: str | bytes) -> None:
        for name, text in files.items():
            content = text.encode() if isinstance(text, str) else text
            (self.paths.inbox / name.replace("__", ".")).write_bytes(content)
        ingest(self.paths, self.con, self.feeds, now=NOW + timedelta(days=self.nights))
        self.nights += 1

    def status(self) -> dict[str, tuple]:
        rows = self.con.execute("SELECT name, status, reason, rows_loaded FROM control.files").fetchall()
        return {row[0]: row[1:] for row in rows}

    def answers(self) -> list[tuple]:
        items = ", ".join(f"mspss_{i}" for i in range(1, 13))
        return self.con.execute(f"SELECT response_id, {items} FROM raw.survey_mspss ORDER BY ALL").fetchall()


def expected(recode=lambda code: code) -> list[tuple]:
    return [(row["_recordId"], *(recode(int(row[f"QID2_{i}"])) for i in range(1, 13))) for row in responses(6)]


@pytest.mark.parametrize("order", list(permutations(["a_first.csv", "z_survey.qsf"])))
@pytest.mark.parametrize("together", [True, False])
def test_a_definition_translates_its_survey_in_any_order(tmp_path, feeds, order, together) -> None:
    agency = Agency(tmp_path, feeds)
    texts = {"a_first.csv": in_words(WORDS), "z_survey.qsf": definition(WORDS)}
    named = [(name.replace(".", "__"), texts[name]) for name in order]
    if together:
        agency.night(**dict(named))
    else:
        for name, text in named:
            agency.night(**{name: text})
    assert agency.status() == {
        "a_first.csv": ("loaded", None, 6), "z_survey.qsf": ("ignored", "SURVEY_DEFINITION", 0),
    }  # fmt: skip
    assert agency.answers() == expected()
    assert not (agency.paths.rejected / "x").exists()
    assert list(agency.paths.rejected.glob("*.txt")) == []
    agency.night()
    assert agency.answers() == expected()


def test_what_a_survey_asks_stands_beside_its_items(tmp_path, feeds) -> None:
    """In the comment of the item's column, of the newest definition; files without raw rows gain nothing."""
    agency = Agency(tmp_path, feeds)
    older = definition(WORDS, modified="2020-01-01 10:00:00").replace("How do you feel", "It's old: how is it")
    agency.night(s__csv=in_words(WORDS), a__qsf=older, b__qsf=definition(WORDS))
    texts = item_texts(agency.con, feeds)
    asked = "How do you feel about each statement?"
    assert texts == {("survey_mspss", f"mspss_{i}"): f"{asked} / Statement {i}" for i in range(1, 13)}
    assert comment_items(agency.con, texts | {("survey_mspss", "no_column"): "x"}) == 12
    told = agency.con.execute(
        "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'survey_mspss' AND comment IS NOT NULL"
    ).fetchall()
    assert dict(told) == {item: text for (_, item), text in texts.items()}
    agency.con.execute("ATTACH ':memory:' AS published; CREATE SCHEMA published.raw")
    assert comment_items(agency.con, texts, "published") == 0
    agency.con.execute("CREATE TABLE published.raw.survey_mspss AS FROM raw.survey_mspss")
    assert comment_items(agency.con, item_texts(agency.con, feeds), "published") == 12


@pytest.mark.parametrize("member", ["Survey.qsf", "survey.json"])
@pytest.mark.parametrize("clutter", [{}, {"__MACOSX/._Survey.qsf": b"x"}], ids=["alone", "with-clutter"])
def test_a_definition_in_an_archive_is_read_before_the_exports(tmp_path, feeds, member, clutter) -> None:
    agency = Agency(tmp_path, feeds)
    packed = zipped({member: definition(WORDS).encode(), **clutter})
    agency.night(a__csv=in_words(WORDS), z__zip=packed)
    assert agency.status() == {"a.csv": ("loaded", None, 6), "z.zip": ("ignored", "SURVEY_DEFINITION", 0)}
    assert agency.answers() == expected()
    before = agency.con.execute("SELECT name, map_hash, loaded_at FROM control.files ORDER BY ALL").fetchall()
    agency.night()
    assert agency.con.execute("SELECT name, map_hash, loaded_at FROM control.files ORDER BY ALL").fetchall() == before


@pytest.mark.parametrize("beside", ["a.csv", "z.csv", "b.qsf", "b.json"])
def test_a_definition_beside_other_files_in_an_archive_is_refused_and_says_so(tmp_path, feeds, beside) -> None:
    """Neither lost with its rows nor half taken: nothing of the archive stays, and the note says what to do."""
    agency = Agency(tmp_path, feeds)
    other = in_words(list(EN.values())) if beside.endswith("csv") else definition(WORDS, modified="2020-01-01 10:00:00")
    named = "m.json" if beside.endswith("json") else "m.qsf"
    agency.night(s__zip=zipped({named: definition(WORDS).encode(), beside: other.encode()}))
    assert agency.status() == {"s.zip": ("rejected", "DEFINITION_BESIDE", 0)}
    assert agency.answers() == []
    assert agency.con.execute("SELECT count(*) FROM control.survey_definitions").fetchone() == (0,)
    (note,) = agency.paths.rejected.glob("*.txt")
    assert "Drop the definition by itself" in note.read_text("utf-8")


def test_damaged_archives_wait_for_their_own_turn(tmp_path, feeds) -> None:
    agency = Agency(tmp_path, feeds)
    whole = zipped({"s.qsf": definition(WORDS).encode()})
    at = whole.index(b"s.qsf") + 5
    bent = whole[: at + 3] + b"\xff" * 8 + whole[at + 11 :]
    agency.night(a__zip=whole[:-30], b__zip=bent, c__csv=in_words(list(EN.values())))
    assert agency.status()["c.csv"] == ("loaded", None, 6)
    assert {agency.status()[name][0] for name in ("a.zip", "b.zip")} <= {"rejected", "deferred"}


def test_without_it_the_file_is_refused_with_its_list_and_the_next_night_it_loads(tmp_path, feeds) -> None:
    agency = Agency(tmp_path, feeds)
    agency.night(s__csv=in_words(WORDS))
    assert agency.status()["s.csv"] == ("rejected", "UNKNOWN_LABEL", 0)
    (note,) = agency.paths.rejected.glob("*.txt")
    assert "mspss_1" in note.read_text("utf-8")
    agency.night(s__qsf=definition(WORDS[:-1]))
    assert agency.status()["s.csv"][:2] == ("rejected", "UNKNOWN_LABEL")
    assert "Absolutely'" in note.read_text("utf-8")
    agency.night(s2__qsf=definition(WORDS, modified="2021-02-01 10:00:00"))
    assert agency.status()["s.csv"] == ("loaded", None, 6)
    assert agency.answers() == expected()


def test_recodes_that_do_not_run_from_one(tmp_path, feeds) -> None:
    agency = Agency(tmp_path, feeds)
    reversed_codes = {str(i): str(8 - i) for i in range(1, 8)}
    agency.night(s__csv=in_words(WORDS), s__qsf=definition(WORDS, reversed_codes))
    assert agency.answers() == expected(lambda code: 8 - code)


def test_a_choice_recoded_to_the_declared_missing_code_is_missing_with_its_reason(tmp_path, feeds) -> None:
    agency = Agency(tmp_path, feeds)
    agency.night(s__csv=in_words(WORDS), s__qsf=definition(WORDS, {"4": "-99"}))
    assert agency.answers() == expected(lambda code: None if code == 4 else code)
    told = agency.con.execute("SELECT missing_items FROM raw.survey_mspss ORDER BY response_id").fetchone()[0]
    assert set(json.loads(told).values()) == {-99}


def test_the_maps_own_labels_come_first_and_the_disagreement_is_told(tmp_path, feeds) -> None:
    agency = Agency(tmp_path, feeds)
    english = list(EN.values())
    agency.night(s__csv=in_words(english), s__qsf=definition(english, {"1": "7", "7": "1"}))
    assert agency.answers() == expected()
    told = agency.con.execute("SELECT column_name, n FROM control.findings WHERE code = 'LABELS_DISAGREE'").fetchall()
    assert ("mspss_1", 2) in told


def test_a_definition_that_adds_nothing_has_nothing_read_again(tmp_path, feeds) -> None:
    agency = Agency(tmp_path, feeds)
    agency.night(s__csv=in_words(list(EN.values())))
    before = agency.con.execute("SELECT map_hash, loaded_at FROM control.files").fetchall()
    agency.night(s__qsf=definition(list(EN.values()), spanish=list(ES.values())))
    after = agency.con.execute("SELECT map_hash, loaded_at FROM control.files WHERE name = 's.csv'").fetchall()
    assert after == before


@pytest.mark.parametrize("newest_first", [True, False])
def test_the_newest_definition_stands_and_older_ones_fill_what_it_lacks(tmp_path, feeds, newest_first) -> None:
    agency = Agency(tmp_path, feeds)
    old = definition(WORDS, {"1": "7", "7": "1"}, modified="2020-01-01 10:00:00")
    new = definition(["Absolutely not", "No", "Rather not", "Meh", "Rather", "Yes", "Absolutely"])
    first, second = (new, old) if newest_first else (old, new)
    agency.night(s__csv=in_words(WORDS), a__qsf=first)
    agency.night(b__qsf=second)
    assert agency.answers() == expected()


def test_a_second_language_and_plain_texts_are_kept(tmp_path, feeds) -> None:
    agency = Agency(tmp_path, feeds)
    other = [f"Palabra {i}" for i in range(1, 8)]
    agency.night(s__csv=in_words(other), s__qsf=definition(WORDS, spanish=other))
    assert agency.answers() == expected()
    kept = agency.con.execute(
        "SELECT question, language, code, label FROM control.survey_definitions WHERE import_id = 'QID2' AND code = '2'"
    ).fetchall()
    text = "How do you feel about each statement?"
    assert kept == [(text, "EN", "2", "No"), (text, "ES", "2", "Palabra 2")]
    found = inspect_file(agency.paths.inbox / "s.csv", feeds, connection=agency.con)
    assert found.verdict == "load"
    assert inspect_file(agency.paths.inbox / "s.csv", feeds).reason == "UNKNOWN_LABEL"


@pytest.mark.parametrize(
    "damaged",
    [
        {"SurveyEntry": [], "SurveyElements": []},
        {"SurveyEntry": {"LastModified": 7}, "SurveyElements": [None, 3, {"Element": "SQ"}]},
        {"SurveyEntry": {}, "SurveyElements": [{"Element": "SQ", "Payload": {"QuestionID": 5, "Choices": [1, None]}}]},
        {
            "SurveyEntry": {},
            "SurveyElements": [{"Element": "SQ", "Payload": {"QuestionID": "Q", "Language": {"ES": 1}}}],
        },
    ],
)
def test_odd_definitions_are_ignored_and_the_night_goes_on(tmp_path, feeds, damaged) -> None:
    agency = Agency(tmp_path, feeds)
    agency.night(s__csv=in_words(list(EN.values())), s__qsf=json.dumps(damaged), t__qsf='{"SurveyEntry": {')
    assert agency.status()["s.qsf"] == ("ignored", "SURVEY_DEFINITION", 0)
    assert agency.status()["s.csv"] == ("loaded", None, 6)
    assert agency.status()["t.qsf"][:2] == ("deferred", "CORRUPT")


@pytest.mark.shared
def test_real_definitions_are_kept_and_teach_other_surveys_nothing(tmp_path, feeds, shared_dir) -> None:
    agency = Agency(tmp_path, feeds)
    folder = shared_dir / "fixtures" / "real" / "qualtrics"
    agency.night(**{path.name.replace(".", "__"): path.read_text("utf-8") for path in folder.glob("*.qsf")})
    kept = agency.con.execute(
        "SELECT survey_id, count(DISTINCT import_id) FROM control.survey_definitions GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    assert kept == [("SV_3Czxxo8mVNob5gV", 6), ("SV_737fJ6ptsuPjAY5", 5), ("SV_cI7zJxTcGUxyoIe", 39)]
    recoded = agency.con.execute(
        "SELECT code, label FROM control.survey_definitions WHERE survey_id = 'SV_3Czxxo8mVNob5gV'"
        " AND import_id = 'QID1'"
    ).fetchall()
    assert recoded == [("1", "Great"), ("2", "In the middle"), ("3", "Awful"), ("-1", "No opinion")]
    hashes = agency.con.execute("SELECT DISTINCT map_hash FROM control.files").fetchall()
    assert hashes == [(feeds.hash,)]
