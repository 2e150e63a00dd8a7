"""From random rows of every mart to the named file, sheet and row: the cells that stand there give the row's values."""

import csv
import random
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import openpyxl
import pytest

from assets.warehouse.trace import TracedRow, trace

END = date(2021, 10, 31)
HEADER_ROWS = {"intake": 5, "case_notes": 3, "goal_plans": 1}
ITEMS = {"mspss": range(1, 13), "cope_se": range(1, 27)}
READINESS = {1: -1, 2: 1, 3: 1, 0: 1}
"""Of an item's number modulo 4 the sign of its subscale in C + A + M - PC."""
Cells = dict[str, Any]


class Home:
    """The published agency file and the dropped files, each opened as a person would open it."""

    def __init__(self, home: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._files: dict[str, dict[str | None, list[tuple[Any, ...]]]] = {}
        for path in (home / "inbox").iterdir():
            if path.suffix == ".xlsx":
                book = openpyxl.load_workbook(path, read_only=True)
                self._files[path.name] = {s.title: list(s.iter_rows(values_only=True)) for s in book.worksheets}
            elif path.suffix == ".csv":
                with path.open(encoding="utf-8-sig", newline="") as file:
                    self._files[path.name] = {None: [tuple(row) for row in csv.reader(file)]}

    def cells(self, place: TracedRow) -> Cells:
        rows = self._files[str(place.file)][place.sheet]
        header = rows[HEADER_ROWS.get(str(place.feed), 1) - 1]
        zone = re.search(r'timeZone":"([^"]+)', str(rows[2][7])) if place.sheet is None else None
        found = dict(zip(header, rows[place.source_row - 1], strict=True))
        return found | ({"zone": zone[1]} if zone else {})

    def behind(self, mart: str, client: str, detail: str | None = None) -> dict[str, list[Cells]]:
        """Cells by feed."""
        found: dict[str, list[Cells]] = {}
        for place in trace(self.connection, mart, client, detail):
            found.setdefault(str(place.feed), []).append(self.cells(place))
        return found

    def sample(self, mart: str) -> list[dict[str, Any]]:
        cursor = self.connection.execute(
            f"select source_client_id, mart.* from marts.{mart} as mart join control.crosswalk using (client_id)"
            " order by all"
        )
        names = [column[0] for column in cursor.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return random.Random(mart).sample(rows, 20)


@pytest.fixture(scope="module")
def home(night: Any) -> Iterator[Home]:
    with duckdb.connect(str(night.home / "agency" / "agency.duckdb"), read_only=True) as connection:
        yield Home(night.home, connection)


def codes(cell: str | None) -> list[str]:
    return ["_".join(re.findall("[a-z0-9]+", part.lower())) for part in cell.split(" | ")] if cell else []


def day(cell: Any) -> date:
    return cell.date()


def taken_on(response: Cells) -> date:
    told = datetime.fromisoformat(response["RecordedDate"]).replace(tzinfo=ZoneInfo(response["zone"]))
    return told.astimezone(ZoneInfo("America/Chicago")).date()


def answers(response: Cells, stem: str, items: Any) -> dict[int, int]:
    told = {item: response[f"{stem}_{item}"] for item in items}
    return {item: int(text) for item, text in told.items() if text not in ("", "-99")}


def scores(response: Cells, scale: str) -> Iterator[float | None]:
    """What the answers in the row give for the scale; nothing where it is a row of another instrument."""
    if scale == "mspss" and "MSPSS_1" in response:
        found = answers(response, "MSPSS", ITEMS[scale])
        yield sum(found.values()) / len(found) if len(found) >= 9 else None
    elif scale == "cope_se" and "COPSE_1" in response:
        found = answers(response, "COPSE", ITEMS[scale])
        yield 26 * sum(found.values()) / len(found) if len(found) >= 21 else None
    elif scale == "urica_readiness" and "URICA_1" in response:
        found = answers(response, "URICA", range(1, 13))
        total = sum(READINESS[item % 4] * value for item, value in found.items())
        yield total / 3 if len(found) == 12 else None


def test_the_named_intake_row_is_the_clients(home: Home) -> None:
    for row in home.sample("dim_clients"):
        (person,) = home.behind("dim_clients", row["client_id"])["intake"]
        assert person["Client ID"] == row["source_client_id"]
        assert (person["Classification"] == "Confirmed") == row["confirmed"]
        assert len(codes(person["Secondary Victimization"])) == row["n_victimizations"]
        if row["age"] is None:
            assert person["Date of Birth"] is None
            continue
        born = day(person["Date of Birth"])
        assert row["age"] == END.year - born.year - ((END.month, END.day) < (born.month, born.day))


def test_the_named_note_lists_the_service_on_its_day(home: Home) -> None:
    for row in home.sample("fct_services"):
        found = home.behind("fct_services", row["client_id"], str(row["note_number"]))
        (person,), (note,) = found["intake"], found["case_notes"]
        assert note["Client ID"] == row["source_client_id"]
        assert (day(note["Service Date"]) - day(person["Intake Date"])).days == row["days_since_intake"]
        assert row["service_type"] in (codes(note["Service Type"]) or ["not_recorded"])
        assert note["Minutes"] == row["minutes"]
        assert (note["Contact Type"] != "Attempt to contact") == row["is_counted"]


def test_the_named_notes_are_those_that_are_counted(home: Home) -> None:
    for row in home.sample("fct_service_counts"):
        notes = home.behind("fct_service_counts", row["client_id"], row["period"]).get("case_notes", [])
        assert sum(len(codes(note["Service Type"]) or [""]) for note in notes) == row["services_listed"]
        assert len(notes) == row["notes"]
        assert len({note["Service Date"] for note in notes}) == row["client_days"]
        assert sum(note["Minutes"] or 0 for note in notes) == row["minutes"]


def test_the_named_answer_or_exit_ends_the_months(home: Home) -> None:
    for row in home.sample("fct_months_of_service"):
        found = home.behind("fct_months_of_service", row["client_id"])
        (person,) = found.pop("intake")
        if row["days_of_service_t0"] is not None:
            (first,) = {taken_on(response) for responses in found.values() for response in responses}
            assert (first - day(person["Intake Date"])).days == row["days_of_service_t0"]
        if row["days_of_service_total"] is not None:
            last = min(END, day(person["Exit Date"])) if person["Exit Date"] else END
            assert (last - day(person["Intake Date"])).days == row["days_of_service_total"]


def test_the_named_reviews_are_those_of_the_goals_set(home: Home) -> None:
    for row in home.sample("fct_goal_completion"):
        goals: dict[str, list[Cells]] = {}
        for review in home.behind("fct_goal_completion", row["client_id"]).get("goal_plans", []):
            goals.setdefault(review["Goal ID"], []).append(review)
        statuses: Counter[str] = Counter()
        for reviews in goals.values():
            past = [review for review in reviews if day(review["Review Month"]) <= END]
            statuses[max(past, key=lambda r: r["Review Month"])["Status"] if past else "In progress"] += 1
        assert len(goals) == row["goals_set"]
        assert (statuses["Met"], statuses["Discontinued"]) == (row["goals_met"], row["goals_discontinued"])


def test_the_named_response_gives_the_score(home: Home) -> None:
    compared = 0
    for row in home.sample("fct_scale_scores"):
        found = home.behind("fct_scale_scores", row["client_id"], f"{row['scale']} {row['wave']}")
        (person,) = found.pop("intake")
        responses = [response for listed in found.values() for response in listed]
        if person["Intake Date"] is None:
            assert row["days_since_intake"] is None
        else:
            days = {(taken_on(response) - day(person["Intake Date"])).days for response in responses}
            assert row["days_since_intake"] in days
        if row["scale"] in (*ITEMS, "urica_readiness"):
            told = [score for response in responses for score in scores(response, row["scale"])]
            assert any(score == pytest.approx(row["score"]) if score else score == row["score"] for score in told)
            compared += 1
    assert compared >= 3


def test_the_named_notes_fall_in_the_month(home: Home) -> None:
    busy = 0
    for row in home.sample("client_month"):
        found = home.behind("client_month", row["client_id"], str(row["month_number"]))
        notes = found.get("case_notes", [])
        assert sum(len(codes(note["Service Type"]) or [""]) for note in notes) == row["services_listed"]
        assert len(notes) == row["notes"]
        busy += bool(notes)
    assert busy >= 5


def test_the_study_row_names_what_its_parts_name(home: Home) -> None:
    for row in home.sample("client_study"):
        found = home.behind("client_study", row["client_id"])
        assert {person["Client ID"] for person in found["intake"]} == {row["source_client_id"]}
        assert len({review["Goal ID"] for review in found.get("goal_plans", [])}) == row["goals_set"]
        total = home.behind("fct_service_counts", row["client_id"], "total").get("case_notes", [])
        assert {note["Record ID"] for note in total} <= {n["Record ID"] for n in found.get("case_notes", [])}
        assert sum(len(codes(note["Service Type"]) or [""]) for note in total) == (row["services_total"] or 0)


def test_the_agency_file_tells_a_clients_history_and_the_research_file_does_not(home: Home, night: Any) -> None:
    for row in home.sample("dim_clients")[:3]:
        client = row["source_client_id"]
        told = home.connection.execute(
            "select feed, count(*) from history(?) where what = 'new' group by feed", [client]
        ).fetchall()
        rows = "select count(distinct record_id) from raw.case_notes where client_id = ?"
        assert dict(told).get("case_notes", 0) == home.connection.execute(rows, [client]).fetchall()[0][0]
        assert dict(told)["intake"] == 1
    with duckdb.connect(str(night.home / "research" / "research.duckdb"), read_only=True) as reader:
        macros = {name for (name,) in reader.execute("select function_name from duckdb_functions()").fetchall()}
    assert "services_between" in macros
    assert not macros & {"history", "trace"}
