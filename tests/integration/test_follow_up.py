"""The follow-up list by hand-made cases: each item appears on its day, says why, and vanishes when it is mended."""

import stat
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from warehouse_models import shipped_config, shipped_models
from warehouse_raw import add_file, add_rows, create_raw

from assets.errors import ConfigError
from assets.publish.follow_up_book import NOBODY, SUMMARY, write_follow_up_book
from assets.warehouse.compiled import run_models
from assets.warehouse.follow_up import FollowUpSettings, Item, follow_up, load_follow_up, store_follow_up
from assets.warehouse.follow_up_texts import SHEETS

MANAGER = '=HYPERLINK("x")'
CLIENT = {
    "record_id": "501", "client_id": "TX-00001", "client_id_raw": "TX-00001", "date_of_birth": date(2005, 5, 5),
    "intake_date": date(2021, 2, 1), "race_ethnicity": "black", "sexual_orientation": "straight", "county": "tarrant",
    "classification": "confirmed", "case_manager": MANAGER,
}  # fmt: skip
WHO = {"client_id": "TX-00001", "client_id_raw": "TX-00001"}
NOTE = {
    **WHO, "record_id": "901", "service_date": date(2021, 6, 1), "entered_on": datetime(2021, 6, 2),
    "contact_type": "communication_with_client", "service_type": "referral",
}  # fmt: skip
GOAL = {
    **WHO, "goal_id": "G-1", "goal_category": "other", "set_date": date(2021, 4, 20), "review_month": date(2021, 5, 1),
    "status": "in_progress",
}  # fmt: skip


def survey(day: date, **other: Any) -> dict[str, Any]:
    return {
        **WHO, "response_id": f"R_{day}", "recorded_on": day, "recorded_at_utc": datetime(day.year, day.month, day.day),
        "status": 0, "finished": True, **{f"mspss_{item}": 4 for item in range(1, 13)}, **other,
    }  # fmt: skip


class Desk:
    """A made-up agency whose rows can be mended."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        create_raw(connection)
        connection.execute("insert into control.crosswalk values ('R1', 'TX-00001')")
        connection.execute(
            "create table control.survey_review (feed varchar, response_id varchar, client_id_raw varchar,"
            " recorded_on date, suggestion_1 varchar, suggestion_2 varchar, suggestion_3 varchar)"
        )
        for token, kind in (("in", "intake"), ("no", "case_notes"), ("go", "goal_plans"), ("ms", "survey_mspss")):
            add_file(connection, token, kind, datetime(2022, 1, 1))

    def fill(self, **feeds: list[dict[str, Any]]) -> None:
        tokens = {"intake": "in", "case_notes": "no", "goal_plans": "go", "survey_mspss": "ms"}
        for feed, rows in feeds.items():
            self.connection.execute(f"delete from raw.{feed}")
            add_rows(self.connection, f"raw.{feed}", tokens[feed], rows, "Sheet")
        run_models(self.connection, shipped_models())

    def items(self, day: date, *kinds: str) -> list[Item]:
        found = follow_up(self.connection, shipped_config(), FollowUpSettings(), day)
        return [item for item in found if item.kind in kinds]

    def days(self, day: date, *kinds: str) -> list[int | None]:
        return [item.days for item in self.items(day, *kinds)]


@pytest.fixture
def desk() -> Iterator[Desk]:
    with duckdb.connect(config={"threads": 1}) as connection:
        made = Desk(connection)
        made.fill(intake=[CLIENT])
        yield made


def test_the_six_month_window_opens_closes_and_is_done_with_the_survey(desk: Desk) -> None:
    """Anchor 1 February, 0-month MSPSS on the 15th: its target is 16 August, from 2 July to 30 September."""
    desk.fill(survey_mspss=[survey(date(2021, 2, 15))])

    def mspss(day: date) -> list[tuple[str, int | None, date | None]]:
        found = desk.items(day, "survey_opens", "survey_closes")
        return [(item.kind, item.days, item.due_on) for item in found if item.about == "mspss"]

    opens, closes = date(2021, 7, 2), date(2021, 9, 30)
    assert mspss(date(2021, 6, 17)) == []
    assert mspss(date(2021, 6, 18)) == [("survey_opens", 14, opens)]
    assert mspss(opens) == [("survey_closes", 90, closes)]
    assert mspss(closes) == [("survey_closes", 0, closes)]
    assert mspss(date(2021, 10, 1)) == []
    # Without a 0-month response the window of an instrument counts from the anchor.
    assert {item.due_on for item in desk.items(opens, "survey_closes")} == {closes, date(2021, 9, 16)}

    desk.fill(survey_mspss=[survey(date(2021, 2, 15)), survey(date(2021, 8, 1))])
    assert mspss(date(2021, 7, 31)) == [("survey_closes", 61, closes)]
    assert mspss(date(2021, 8, 1)) == []


def test_a_closed_client_is_on_no_list_of_what_is_due(desk: Desk) -> None:
    due = ("survey_opens", "survey_closes", "no_service", "goal_not_reviewed")
    desk.fill(goal_plans=[GOAL])
    assert desk.items(date(2021, 7, 20), *due)
    desk.fill(intake=[{**CLIENT, "exit_date": date(2021, 7, 20)}])
    assert desk.items(date(2021, 7, 20), *due) == []
    assert desk.items(date(2021, 7, 19), *due)


def test_a_client_without_a_counted_service(desk: Desk) -> None:
    attempt = {**NOTE, "record_id": "902", "service_date": date(2021, 6, 10), "contact_type": "attempt_to_contact"}
    planned = {**NOTE, "record_id": "903", "service_date": date(2021, 8, 1)}
    desk.fill(case_notes=[NOTE, attempt, planned])
    assert desk.days(date(2021, 6, 14), "no_service") == []
    assert desk.days(date(2021, 6, 15), "no_service") == [14]
    late = desk.items(date(2021, 7, 1), "no_service")
    assert [(item.days, item.about, item.record_id, item.source_row) for item in late] == [(30, "30", "501", 2)]
    assert desk.days(date(2021, 8, 2), "no_service") == []
    # A client with no service at all is counted from the intake.
    desk.fill(case_notes=[])
    assert desk.days(date(2021, 2, 20), "no_service") == [19]


def test_a_goal_nobody_has_reviewed(desk: Desk) -> None:
    desk.fill(goal_plans=[GOAL])
    assert desk.days(date(2021, 6, 9), "goal_not_reviewed") == []
    (item,) = desk.items(date(2021, 6, 10), "goal_not_reviewed")
    assert (item.days, item.record_id, item.file_token, item.source_row) == (40, "G-1", "go", 2)
    desk.fill(goal_plans=[GOAL, {**GOAL, "review_month": date(2021, 6, 1)}])
    assert desk.days(date(2021, 6, 10), "goal_not_reviewed") == []
    desk.fill(goal_plans=[GOAL, {**GOAL, "review_month": date(2021, 6, 1), "status": "met"}])
    assert desk.days(date(2021, 9, 1), "goal_not_reviewed") == []


def test_notes_without_date_or_type(desk: Desk) -> None:
    rows = [
        {**NOTE, "record_id": "1", "service_date": None},
        {**NOTE, "record_id": "2", "service_type": ""},
        {**NOTE, "record_id": "3", "service_type": "", "contact_type": "attempt_to_contact"},
        NOTE,
    ]
    desk.fill(case_notes=rows)
    found = desk.items(date(2021, 7, 1), "note_without_date", "note_without_type")
    assert [(item.kind, item.record_id, item.source_row) for item in found] == [
        ("note_without_date", "1", 2),
        ("note_without_type", "2", 3),
    ]
    desk.fill(case_notes=[{**row, "service_date": date(2021, 6, 1), "service_type": "referral"} for row in rows])
    assert desk.items(date(2021, 7, 1), "note_without_date", "note_without_type") == []


def test_an_intake_with_gaps(desk: Desk) -> None:
    desk.fill(intake=[{**CLIENT, "race_ethnicity": "", "sexual_orientation": None, "county": None}])
    assert [item.about for item in desk.items(date(2021, 3, 1), "intake_missing")] == [
        "county", "race_ethnicity", "sexual_orientation",
    ]  # fmt: skip
    # Whoever declined was asked: there is nothing to do.
    desk.fill(intake=[{**CLIENT, "race_ethnicity": "declined", "sexual_orientation": "declined"}])
    assert desk.items(date(2021, 3, 1), "intake_missing") == []


def test_a_survey_that_could_be_theirs(desk: Desk) -> None:
    slip = {"client_id_raw": "TX-0001O", "client_id": None}
    desk.fill(
        survey_mspss=[survey(date(2021, 2, 15), **slip), survey(date(2021, 2, 16), client_id_raw="?", client_id=None)]
    )
    review = "insert into control.survey_review values ('survey_mspss', ?, ?, ?, ?, null, null)"
    desk.connection.execute(review, ["R_2021-02-15", "TX-0001O", date(2021, 2, 15), "TX-00001"])
    desk.connection.execute(review, ["R_2021-02-16", "?", date(2021, 2, 16), None])
    found = desk.items(date(2021, 3, 1), "survey_unmatched", "survey_nobody")
    assert [(item.kind, item.case_manager, item.source_client_id, item.record_id) for item in found] == [
        ("survey_unmatched", MANAGER, "TX-00001", "R_2021-02-15"),
        ("survey_nobody", None, None, "R_2021-02-16"),
    ]
    desk.connection.execute("insert into control.client_aliases values ('TX-0001O', 'TX-00001', 'typing')")
    desk.fill()
    assert [item.kind for item in desk.items(date(2021, 3, 1), "survey_unmatched", "survey_nobody")] == [
        "survey_nobody"
    ]


def test_the_workbook_is_private_and_runs_nothing(desk: Desk, tmp_path: Path) -> None:
    twin = {**CLIENT, "record_id": "502", "client_id": "TX-00002", "client_id_raw": "TX-00002", "county": None,
            "case_manager": MANAGER.upper().replace("X", "x").replace('"', ":")}  # fmt: skip
    desk.connection.execute("insert into control.crosswalk values ('R2', 'TX-00002')")
    desk.fill(intake=[CLIENT, twin], case_notes=[{**NOTE, "record_id": "=1+1", "service_date": None}])
    items = follow_up(desk.connection, shipped_config(), FollowUpSettings(), date(2021, 7, 5))
    write_follow_up_book(items, {"in": "=intake.xlsx"}, date(2021, 7, 5), tmp_path / "agency" / "follow_up.xlsx")

    path = tmp_path / "agency" / "follow_up.xlsx"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[0] == SUMMARY
    assert len(book.sheetnames) == 3
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    assert {"=1+1", "=intake.xlsx", MANAGER} <= {cell.value for cell in cells}
    listed = sum(sheet.max_row - 1 for sheet in book.worksheets[1:])
    assert listed == len(items) == sum(row[-1] for row in book[SUMMARY].iter_rows(min_row=3, values_only=True))

    store_follow_up(desk.connection, items, date(2021, 7, 5))
    kept = desk.connection.execute("select count(*), min(as_of_day), count(reason_es) from follow_up.items").fetchone()
    assert kept == (len(items), date(2021, 7, 5), len(items))


@pytest.mark.parametrize("kind", SHEETS)
@pytest.mark.parametrize("about", [None, "urica", "county", "30"])
def test_every_kind_has_its_sentences_in_both_languages(kind: str, about: str | None) -> None:
    item = Item(None, kind, None, "1", about, 1, None, None, None, None)
    told = [item.reason_en, item.reason_es, item.fix_en, item.fix_es]
    assert all(told)
    assert len(set(told)) == 4
    assert not any("{" in text or "1 days" in text or "1 días" in text for text in told)
    assert NOBODY not in told


def test_settings_are_checked_by_key(tmp_path: Path) -> None:
    path = tmp_path / "follow_up.yml"
    assert load_follow_up(path) == FollowUpSettings()
    path.write_text("goal_review_days: 0\n")
    with pytest.raises(ConfigError, match=r"follow_up\.yml: goal_review_days"):
        load_follow_up(path)
    path.write_text("goal_review_day: 3\n")
    with pytest.raises(
        ConfigError, match=r"follow_up\.yml: goal_review_day: is no setting; did you mean 'goal_review_days'"
    ):
        load_follow_up(path)
