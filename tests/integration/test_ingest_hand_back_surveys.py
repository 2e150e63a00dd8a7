"""Survey responses in the quarantine workbook: whole responses, single answers, words and codes, several exports."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from quarantine_desk import Desk

from assets.ingest import Feeds, load_feeds
from tests.faults.answers import EN
from tests.faults.good import intake_book, intake_rows, responses, survey_csv

NOT_SAID = "file_token, sheet, row_number, row_hash, copy_quality"
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def feeds(project_root: Path) -> Feeds:
    return load_feeds(project_root / "config")


@pytest.fixture
def new_desk(tmp_path: Path, feeds: Feeds) -> Iterator[Callable[[str], Desk]]:
    desks = []

    def make(name: str) -> Desk:
        (tmp_path / name).mkdir()
        desks.append(Desk(tmp_path / name, feeds))
        return desks[-1]

    yield make
    for desk in desks:
        desk.con.close()


def in_words(rows: Rows) -> Rows:
    rows = [{k: EN.get(v, v) if k.startswith("QID2_") else v for k, v in row.items()} for row in rows]
    return [{**row, "status": "IP Address", "finished": "True"} for row in rows]


def spoiled(rows: Rows, place: int, **cells: str) -> Rows:
    return [{**row, **cells} if number == place else row for number, row in enumerate(rows)]


def answers(desk: Desk) -> list[tuple[Any, ...]]:
    """Each response as the warehouse chooses it: the copy that tells most, then the one of the newest export."""
    rows = desk.con.execute(
        f"SELECT r.* EXCLUDE ({NOT_SAID}) FROM raw.survey_mspss AS r JOIN control.files AS f USING (file_token) "
        "QUALIFY row_number() OVER (PARTITION BY response_id "
        "ORDER BY copy_quality DESC, exported_at DESC, file_token DESC) = 1 ORDER BY response_id"
    )
    return rows.fetchall()


def drop(desk: Desk, **texts: str) -> None:
    for name, text in texts.items():
        (desk.inbox / f"{name}.csv").write_text(text, "utf-8")
    desk.night()


def hand_back(desk: Desk, **mended: str) -> None:
    """Mend every cell that holds one of the bad texts, drop the workbook, sleep a night."""
    book = openpyxl.load_workbook(desk.book)
    bad = {name.replace("_", " "): text for name, text in mended.items()}
    done = set()
    for sheet in book.worksheets:
        for row in sheet.iter_rows(min_row=2, min_col=8):
            for cell in row:
                if cell.value in bad:
                    done.add(cell.value)
                    cell.value = bad[cell.value]
    assert done == set(bad)
    book.save(desk.inbox / "back.xlsx")
    desk.night()


def codes(desk: Desk, name: str) -> list[tuple[str, str]]:
    return [(code, state) for _, code, state in desk.states(name)]


@pytest.mark.parametrize("written", [list, in_words], ids=["codes", "words"])
@pytest.mark.parametrize("headers", [3, 1], ids=["zone-stated", "one-header-line"])
def test_a_response_and_a_single_cell_come_back_as_if_never_bad(new_desk: Any, written: Any, headers: int) -> None:
    good = written(responses(6, 100))
    ideal, desk = new_desk("ideal"), new_desk("desk")
    drop(ideal, s=survey_csv(good, headers=headers))
    bad = spoiled(spoiled(good, 0, recordedDate="one day"), 2, duration="some time")
    drop(desk, s=survey_csv(bad, headers=headers))
    assert codes(desk, "s.csv") == [("DATE_INVALID", "open"), ("NUMBER_INVALID", "open")]
    assert answers(desk) != answers(ideal)
    hand_back(desk, one_day=good[0]["recordedDate"], some_time="540")
    assert desk.counts("back.xlsx")[:4] == ("loaded", "survey_mspss", 2, 0)
    assert codes(desk, "s.csv") == [("DATE_INVALID", "fixed"), ("NUMBER_INVALID", "fixed")]
    assert answers(desk) == answers(ideal)
    assert not desk.book.exists()
    told = {row[0] for row in desk.con.execute("SELECT code FROM control.findings").fetchall()}
    assert not told & {"NEW_COLUMN", "CHANGED_HEADER", "OUT_OF_ORDER", "SHRUNK"}


def test_an_answer_outside_the_scale_is_shown_with_its_response_and_comes_back(new_desk: Any) -> None:
    good = responses(8, 100)
    good[4]["QID2_7"] = "-99"
    ideal, desk = new_desk("ideal"), new_desk("desk")
    drop(ideal, s=survey_csv(good))
    drop(desk, s=survey_csv(spoiled(good, 4, QID2_2="77", QID2_5="88")))
    sheet = openpyxl.load_workbook(desk.book)["survey_mspss"]
    head, line = list(sheet.iter_rows(values_only=True))
    shown = dict(zip(head, line, strict=True))
    assert (shown["ResponseId"], shown["MSPSS_2"], shown["MSPSS_5"], shown["MSPSS_7"]) == (
        good[4]["_recordId"], "77", "88", "-99",
    )  # fmt: skip
    assert shown["Column"] == "MSPSS_2; MSPSS_5"
    hand_back(desk, **{"77": good[4]["QID2_2"], "88": good[4]["QID2_5"]})
    assert answers(desk) == answers(ideal)
    assert codes(desk, "s.csv") == [("OUT_OF_RANGE", "fixed")] * 2


def test_rows_of_several_exports_are_each_read_as_their_own_export_was(new_desk: Any) -> None:
    """One in words and Chicago's time, one in codes and Denver's, one that states no zone under other names."""
    first, second, third = responses(4, 100), responses(4, 200), responses(4, 300)
    renamed = [("Who", "QID1_TEXT"), *[(f"Q9_{i}", f"QID2_{i}") for i in range(1, 13)]]

    def texts(*rows: Rows) -> dict[str, str]:
        return {
            "words": survey_csv(in_words(rows[0])),
            "codes": survey_csv(rows[1], renamed, zone="America/Denver"),
            "plain": survey_csv(rows[2], headers=1),
        }

    ideal, desk = new_desk("ideal"), new_desk("desk")
    drop(ideal, **texts(first, second, third))
    bad = [spoiled(rows, 1, recordedDate="one day") for rows in (first, second, third)]
    bad[1] = spoiled(bad[1], 3, QID2_4="55")
    drop(desk, **texts(*bad))
    book = openpyxl.load_workbook(desk.book)
    for sheet in book.worksheets:
        for row in sheet.iter_rows(min_row=2):
            rows = first if "words" in row[0].value else second if "codes" in row[0].value else third
            for cell in row[7:]:
                cell.value = {"one day": rows[1]["recordedDate"], "55": second[3]["QID2_4"]}.get(cell.value, cell.value)
    book.save(desk.inbox / "back.xlsx")
    desk.night()
    assert desk.counts("back.xlsx")[:4] == ("loaded", "survey_mspss", 4, 0)
    assert answers(desk) == answers(ideal)


def test_two_copies_of_one_response_in_one_file_come_back_as_one(new_desk: Any) -> None:
    good = responses(5, 100)
    good[1]["QID2_3"] = "-99"
    desk, ideal = new_desk("desk"), new_desk("ideal")
    drop(ideal, s=survey_csv(good))
    drop(desk, s=survey_csv([*good, {**good[1], "QID2_9": "1"}]))
    assert codes(desk, "s.csv") == [("KEY_CONFLICT", "open")] * 2
    book = openpyxl.load_workbook(desk.book)
    book.worksheets[0].delete_rows(3)
    book.save(desk.inbox / "back.xlsx")
    desk.night()
    assert answers(desk) == answers(ideal)
    assert codes(desk, "s.csv") == [("KEY_CONFLICT", "fixed")] * 2


def test_what_the_workbook_holds_of_other_forms_waits_on(new_desk: Any) -> None:
    """One workbook loads one form; the sheets that were not loaded keep their items."""
    desk = new_desk("desk")
    rows = intake_rows(6)
    rows[2][4] = "no day"
    intake_book(rows).save(desk.inbox / "intake.xlsx")
    drop(desk, s=survey_csv(spoiled(responses(4, 100), 0, recordedDate="one day")))
    hand_back(desk, one_day="2021-03-17 10:09:01", no_day="2020-03-09")
    assert desk.counts("back.xlsx")[:4] == ("loaded", "survey_mspss", 1, 0)
    assert codes(desk, "intake.xlsx") == [("DATE_INVALID", "open")]
    assert openpyxl.load_workbook(desk.book).sheetnames == ["intake"]
