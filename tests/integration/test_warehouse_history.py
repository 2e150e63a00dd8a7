"""Six nights through the real ingestion and the real build: late edits, vanished and returned records, a merge."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from warehouse_models import shipped_compiler, shipped_config

from assets.home import Home
from assets.ingest import IngestPaths, ingest, load_feeds
from assets.publish.privacy.erasure import erase_client
from assets.publish.privacy.retention import Retention
from assets.warehouse import DbtPaths, assign_research_ids, build
from assets.warehouse.as_of import write_as_of
from assets.warehouse.database import connect
from assets.warehouse.history import create_history_macro
from tests.faults.good import INTAKE_ABOVE, INTAKE_HEADER, NOTES_HEADER, intake_rows, note_rows, workbook

pytestmark = pytest.mark.xdist_group("history")  # six nights for all, not for each worker

ZONE = "America/Chicago"
FIRST = date(2022, 3, 1)
MARTS = (
    "client_month", "client_study", "dim_clients", "fct_goal_completion", "fct_months_of_service", "fct_scale_scores",
    "fct_service_counts", "fct_services",
)  # fmt: skip
Table = list[tuple[Any, ...]]


@dataclass
class Nights:
    """A home in which a night follows the other, and what the marts said after each."""

    home: Home
    kept: dict[date, dict[str, Table]]
    facts: dict[date, dict[str, Any]]

    def drop_intake(self, exported: date, rows: list[list[Any]]) -> None:
        above = [*INTAKE_ABOVE[:2], [f"Report run {exported} 06:00"], []]
        workbook(("Client Intake", above, INTAKE_HEADER, rows)).save(self.home.inbox / f"intake {exported}.xlsx")

    def drop_notes(self, exported: date, rows: list[list[Any]]) -> None:
        above = [["Case notes"], [f"Report run {exported} 06:00"]]
        workbook(("Case Notes", above, NOTES_HEADER, rows)).save(self.home.inbox / f"notes {exported}.xlsx")

    def sleep(self, day: date) -> None:
        """Ingest and build on the morning of ``day`` and keep what the marts say."""
        paths = replace(IngestPaths.of(self.home), settle_seconds=0)
        with connect(self.home) as connection:
            ingest(
                paths,
                connection,
                load_feeds(self.home.config),
                now=datetime(day.year, day.month, day.day, 14, tzinfo=UTC),
            )
            assign_research_ids(connection)
        run = build(DbtPaths.of(self.home), shipped_config(), exclude=["resource_type:test", "resource_type:unit_test"])
        assert run.success
        with self.open() as connection:
            self.kept[day] = {name: connection.execute(f"from marts.{name} order by all").fetchall() for name in MARTS}
            self.facts[day] = facts(connection)

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with connect(self.home, read_only=True) as connection:
            yield connection


def facts(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What the nights below are about, of three clients: classification, services, since when they are absent."""
    rows = connection.execute(
        "select source_client_id, study.classification, services_total, absent_since"
        " from marts.client_study as study join control.crosswalk using (client_id)"
        " join intermediate.int_clients_identified using (client_id, source_client_id) order by all"
    ).fetchall()
    return {row[0]: row[1:] for row in rows}


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def without(rows: list[list[Any]], *places: int) -> list[list[Any]]:
    return [row for place, row in enumerate(rows) if place not in places]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """Client 1 is reclassified, 2's note is edited late, 3 vanishes and 7 is unreadable once, 4 proves to be 5."""
    home = Home(tmp_path_factory.mktemp("home"))
    home.inbox.mkdir()
    house = Nights(home, {}, {})
    people = intake_rows(40)
    for row in people:
        row[10] = "High Risk"
    notes = [[*row[:1], f"TX-{row[0] % 8 + 1:05d}", *row[2:]] for row in note_rows(64)]

    house.drop_intake(day(0), people)
    house.drop_notes(day(0), notes)
    house.sleep(day(0))

    as_before = [list(row) for row in people]
    people[0][10] = "Confirmed"
    edited = [list(row) for row in notes]
    late = next(row for row in edited if row[1] == "TX-00002")
    late[3], late[6] = datetime(2022, 3, 1, 17, 0), "Referral | Group | Transportation"
    house.drop_intake(day(1), people)
    house.drop_notes(day(1), edited)
    house.sleep(day(1))

    # An export from before the first night turns up, with a note that later exports do not hold.
    forgotten = [9_000_001, "TX-00006", *notes[0][2:]]
    house.drop_notes(FIRST - timedelta(days=9), [*notes, forgotten])
    house.drop_intake(FIRST - timedelta(days=9), as_before)
    house.sleep(day(2))

    spoiled = [list(row) for row in people]
    spoiled[6][4] = "some day in May"
    house.drop_intake(day(3), without(spoiled, 2))
    house.sleep(day(3))

    house.drop_intake(day(4), people)
    house.sleep(day(4))

    (home.agency / "aliases.csv").write_text("client_id_raw,client_id,reason\nTX-00004,TX-00005,same person\n", "utf-8")
    house.drop_intake(day(5), without(people, 3))
    house.sleep(day(5))
    return house


def test_each_night_says_what_was_known_then(nights: Nights) -> None:
    told = nights.facts
    assert [told[day(n)]["TX-00001"][0] for n in range(3)] == ["High Risk", "Confirmed", "Confirmed"]
    assert told[day(1)]["TX-00002"][1] == told[day(0)]["TX-00002"][1] + 1
    assert told[day(2)]["TX-00002"] == told[day(1)]["TX-00002"], "the edited note stands against the older export"
    assert told[day(2)]["TX-00006"][1] == told[day(1)]["TX-00006"][1] + 2, "the forgotten note lists two services"
    assert [told[day(n)]["TX-00003"][2] for n in range(2, 6)] == [None, day(3), None, None]
    assert [told[day(n)]["TX-00007"][2] for n in range(6)] == [None] * 6, "what waits in quarantine is not absent"
    both = told[day(4)]["TX-00004"][1] + told[day(4)]["TX-00005"][1]
    assert told[day(5)]["TX-00005"][1] == both
    assert "TX-00004" not in told[day(5)]
    assert len(told[day(4)]) == len(told[day(5)]) + 1 == 40


def test_the_warehouse_repeats_what_it_said_each_night(nights: Nights, tmp_path: Path) -> None:
    for night in nights.kept:
        assert past(nights, tmp_path, night, "loaded") == nights.kept[night], night


def test_exports_are_known_from_their_own_day_however_late_they_came(nights: Nights, tmp_path: Path) -> None:
    """The forgotten export reached us on the third morning and belongs to all of them."""
    for number in range(2, 6):
        assert past(nights, tmp_path, day(number), "exported") == nights.kept[day(number)]
    for number in range(2):
        found, said = past(nights, tmp_path, day(number), "exported"), nights.kept[day(number)]
        assert found["dim_clients"] == said["dim_clients"]
        assert len(found["fct_services"]) == len(said["fct_services"]) + 2


def test_the_history_of_a_client_tells_each_change_with_its_day(nights: Nights) -> None:
    with connect(nights.home) as connection:
        database = connection.execute("select current_database()").fetchall()[0][0]
        assert create_history_macro(connection, database)

        def told(client: str, what: str) -> list[Any]:
            return connection.execute(
                "select exported_on, feed, column_name, before, after from history(?) where what = ? order by all",
                [client, what],
            ).fetchall()

        assert told("TX-00001", "changed") == [(day(1), "intake", "classification", "high_risk", "confirmed")]
        late = [(row[0], row[1], row[2]) for row in told(" tx-00002 ", "changed")]
        assert late == [(day(1), "case_notes", "entered_on"), (day(1), "case_notes", "service_type")]
        merged = connection.execute(
            "select exported_on, feed, record from history('TX-00005') where what = 'absent'"
        ).fetchall()
        gone = "select record_id from raw.intake where client_id = 'TX-00004' limit 1"
        assert merged == [(day(5), "intake", connection.execute(gone).fetchall()[0][0])]
        research_id = "select client_id from control.crosswalk where source_client_id = 'TX-00006'"
        by_either = [
            connection.execute("from history(?)", [client]).fetchall()
            for client in ("TX-00006", connection.execute(research_id).fetchall()[0][0])
        ]
        assert by_either[0] == by_either[1]
        notes = [row for row in by_either[0] if row[1] == "case_notes"]
        assert [row[0] for row in notes if row[2] == "9000001"] == [FIRST - timedelta(days=9), day(0)]
        assert {row[3] for row in notes} == {"new", "absent"}
        assert told("TX-98989", "new") == []
        assert not create_history_macro(connection, "memory")


def test_a_night_with_new_files_equals_a_warehouse_built_at_once(nights: Nights) -> None:
    found = content(nights)
    assert rebuilt(nights, "--full-refresh") == found
    assert len(found) > 20


def test_whoever_is_erased_is_gone_from_the_next_build(nights: Nights) -> None:
    """The files stay loaded under their names, but what was staged of them no longer holds."""
    erase_client(nights.home, "TX-00006", Retention(), FIRST)
    found = rebuilt(nights)
    assert "TX-00006" not in repr(found)
    assert "TX-00007" in repr(found)
    assert rebuilt(nights, "--full-refresh") == found


def rebuilt(nights: Nights, *arguments: str) -> dict[str, Table]:
    assert build(DbtPaths.of(nights.home), shipped_config(), arguments=arguments).success
    return content(nights)


def content(nights: Nights) -> dict[str, Table]:
    """Every row of every table that dbt makes."""
    with nights.open() as connection:
        names = connection.execute(
            "select schema_name, table_name from duckdb_tables()"
            " where schema_name in ('staging', 'intermediate', 'marts') order by all"
        ).fetchall()
        return {
            f"{schema}.{name}": connection.execute(f'from "{schema}"."{name}" order by all').fetchall()
            for schema, name in names
        }


def past(nights: Nights, folder: Path, night: date, known: Any) -> dict[str, Table]:
    out = folder / f"{known}-{night}.duckdb"
    with nights.open() as connection:
        write_as_of(connection, shipped_compiler(), shipped_config(), night, out, known=known, time_zone=ZONE)
    with duckdb.connect(str(out), read_only=True) as reader:
        return {name: reader.execute(f"from marts.{name} order by all").fetchall() for name in MARTS}
