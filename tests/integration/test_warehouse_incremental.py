"""Staging takes in new files only, and yet holds at every step what all files together say, cell by cell."""

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from warehouse_agencies import FEED_TABLES, random_agency
from warehouse_models import shipped_compiler, shipped_config
from warehouse_oracle import Agency
from warehouse_raw import add_file, add_rows, create_raw

from assets.study_settings import Goals
from assets.warehouse import DbtPaths, DbtRun, build
from assets.warehouse.compiled import CompiledModel, run_models
from assets.warehouse.drift import hand_over

STAGING = (
    "stg_case_management__case_notes", "stg_case_management__clients", "stg_case_management__goal_reviews",
    "stg_qualtrics__answers", "stg_qualtrics__responses",
)  # fmt: skip
NOON = datetime(2021, 12, 1, 12)
KEYS = {"intake": ("record_id",), "case_notes": ("record_id",), "goal_plans": ("goal_id", "review_month")}
Rows = list[tuple[Any, ...]]


@dataclass
class Warehouse:
    """A working database whose raw tables a test fills, and what the agency's system holds meanwhile."""

    folder: Path
    draw: random.Random
    agency: Agency
    now: datetime = NOON
    drops: int = 0
    parts: dict[str, list[str]] = field(default_factory=dict)

    @property
    def paths(self) -> DbtPaths:
        return DbtPaths(self.folder / "work.duckdb", self.folder / "dbt", self.folder / "tmp")

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = duckdb.connect(str(self.paths.database))
        try:
            yield connection
        finally:
            connection.close()

    def build(self, *models: str, config: Any = None, **extra: Any) -> DbtRun:
        run = build(
            self.paths,
            config or shipped_config(),
            select=models or STAGING,
            exclude=["resource_type:test", "resource_type:unit_test"],
            extra_vars=extra,
        )
        assert run.success, [node.unique_id for node in run.failed]
        return run


@pytest.fixture(scope="module")
def new_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int, int], Warehouse]:
    """Make an empty warehouse in the place of the one before: in one place dbt parses the project once."""
    folder = tmp_path_factory.mktemp("warehouse")

    def make(seed: int, n_clients: int) -> Warehouse:
        house = Warehouse(folder, random.Random(f"drops {seed}"), random_agency(seed, n_clients))
        house.paths.database.unlink(missing_ok=True)
        with house.open() as connection:
            create_raw(connection)
            ids = {row["client_id"] for _, _, rows in house.agency.exports["intake"] for row in rows}
            connection.executemany("insert into control.crosswalk values (?, ?)", [(f"R{i}", i) for i in sorted(ids)])
        return house

    return make


def drop(
    house: Warehouse, feed: str, rows: list[dict[str, Any]], exported_at: datetime, bad: Sequence[Any] = ()
) -> str:
    """Load one file of a feed; its token is no order of time. Rows of ``bad`` stand in it and wait in quarantine."""
    house.drops += 1
    token = f"{house.draw.randrange(16**6):06x}{house.drops:06x}"
    house.now += timedelta(hours=1)
    with house.open() as connection:
        add_file(connection, token, feed, exported_at)
        add_rows(connection, FEED_TABLES[feed], token, rows, None)
        connection.execute(
            "update control.files set loaded_at = ?, map_hash = 'first', rows_loaded = ?, rows_erased = 0"
            " where file_token = ?",
            [house.now, len(rows), token],
        )
        for row in bad:
            key = "/".join(str(row[name]) for name in KEYS.get(feed, ("response_id",)))
            waits = [f"{token}-{key}", token, "row", house.draw.choice(["open", "fixed"]), key]
            connection.execute("insert into control.quarantine values (?, ?, ?, ?, ?)", waits)
    return token


def some_rows(house: Warehouse, feed: str) -> list[dict[str, Any]]:
    """Part of what the agency knows, some of it edited; a survey's copies differ in how much they tell."""
    _, _, rows = house.agency.exports[feed][-1]
    share = house.draw.choice([0.1, 0.5, 1.0])
    chosen = [dict(row) for row in rows if house.draw.random() < share]
    for row in chosen:
        if "copy_quality" not in row and "response_id" in row:
            row["copy_quality"] = house.draw.choice([None, 0, 1, 3])
        if house.draw.random() < 0.3:
            row.update(edited(house, feed, row))
    return chosen


def edited(house: Warehouse, feed: str, row: dict[str, Any]) -> dict[str, Any]:
    if feed == "intake":
        return {"classification": "confirmed", "county": "wise"}
    if feed == "case_notes":
        return {"minutes": house.draw.randint(1, 90), "entered_on": NOON - timedelta(days=house.draw.randint(0, 300))}
    if feed == "goal_plans":
        return {"status": house.draw.choice(["met", "discontinued"])}
    answers = [name for name in row if name[-1].isdigit()]
    return dict.fromkeys(answers) if house.draw.random() < 0.5 else {answers[0]: 1, "status": 0}


def drop_something(house: Warehouse) -> None:
    """A newer export, one that should have come long ago, or another part of the same day's."""
    feed = house.draw.choice(list(FEED_TABLES))
    moment = NOON + timedelta(days=house.draw.randint(-9, 9), hours=house.draw.randint(0, 9))
    rows = some_rows(house, feed)
    bad = [row for row in rows if house.draw.random() < 0.2]
    drop(house, feed, [row for row in rows if row not in bad], moment, bad)


def loaded(house: Warehouse) -> tuple[str, str]:
    with house.open() as connection:
        files = connection.execute(
            "select file_token, kind from control.files where status = 'loaded' order by file_token"
        ).fetchall()
    token, feed = house.draw.choice(files)
    return str(token), str(feed)


def read_again(house: Warehouse) -> None:
    """Under another map the same file gives other rows."""
    token, feed = loaded(house)
    with house.open() as connection:
        connection.execute(f"delete from {FEED_TABLES[feed]} where file_token = ?", [token])
        add_rows(connection, FEED_TABLES[feed], token, some_rows(house, feed), None)
        connection.execute("update control.files set map_hash = map_hash || '+' where file_token = ?", [token])


def refuse(house: Warehouse) -> None:
    """Under another map the file is refused."""
    token, feed = loaded(house)
    with house.open() as connection:
        connection.execute(f"delete from {FEED_TABLES[feed]} where file_token = ?", [token])
        connection.execute("update control.files set status = 'rejected' where file_token = ?", [token])


def date_otherwise(house: Warehouse) -> None:
    token, _ = loaded(house)
    with house.open() as connection:
        connection.execute(
            "update control.files set exported_at = exported_at - to_days(12) where file_token = ?", [token]
        )


def erase_somebody(house: Warehouse) -> None:
    """As the erasure does: rows of raw and staging go, and the files' rows move from loaded to erased."""
    with house.open() as connection:
        ids = connection.execute("select source_client_id from control.crosswalk order by all").fetchall()
        client = house.draw.choice(ids)[0]
        for table in FEED_TABLES.values():
            connection.execute(
                f"with gone as (select file_token, count(*) as n from {table} where client_id = $1 group by all)"
                " update control.files set rows_loaded = rows_loaded - n, rows_erased = rows_erased + n from gone"
                " where gone.file_token = files.file_token",
                [client],
            )
            connection.execute(f"delete from {table} where client_id = ?", [client])
        for name in ("clients", "case_notes", "goal_reviews"):
            connection.execute(f"delete from staging.stg_case_management__{name} where source_client_id = ?", [client])


def nothing(house: Warehouse) -> None:
    """A night without news."""


STEPS = [drop_something] * 8 + [read_again, refuse, date_otherwise, erase_somebody, nothing]


def content(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> tuple[list[str], Rows]:
    cursor = connection.execute(f'from "{schema}"."{table}" order by all')
    return [column[0] for column in cursor.description], cursor.fetchall()


def assert_equals_all_files_at_once(house: Warehouse, models: tuple[CompiledModel, ...]) -> None:
    with house.open() as connection, duckdb.connect() as memory:
        hand_over(connection, memory)
        run_models(memory, models)
        for model in models:
            found, wanted = (content(place, model.schema, model.name) for place in (connection, memory))
            assert found == wanted, model.name


@pytest.fixture(scope="module")
def staging() -> tuple[CompiledModel, ...]:
    return shipped_compiler().compile(shipped_config(), STAGING)


@pytest.mark.parametrize("seed", range(4))
def test_any_sequence_of_drops_gives_what_all_files_at_once_give(
    new_warehouse: Callable[[int, int], Warehouse], staging: tuple[CompiledModel, ...], seed: int
) -> None:
    house = new_warehouse(seed, 6)
    for feed in FEED_TABLES:
        drop(house, feed, some_rows(house, feed), NOON)
    house.build()
    added = 0
    for _ in range(7):
        for _ in range(house.draw.randint(1, 3)):
            house.draw.choice(STEPS)(house)
        run = house.build()
        added += sum("files_staged" in node.sql for node in run.nodes)
        assert_equals_all_files_at_once(house, staging)
    assert added > 7, "most models of most nights take in new files only"


def made_anew(run: DbtRun) -> set[str]:
    """Models that read all files and not only new ones."""
    return {node.name for node in run.nodes if "files_staged" not in node.sql}


def test_whatever_is_no_new_file_has_staging_made_anew(
    new_warehouse: Callable[[int, int], Warehouse], staging: tuple[CompiledModel, ...], tmp_path: Path
) -> None:
    house = new_warehouse(11, 5)
    for feed in FEED_TABLES:
        drop(house, feed, house.agency.exports[feed][-1][2], NOON)
    every = set(STAGING)
    assert made_anew(house.build()) == every
    assert made_anew(house.build()) == set()
    drop(house, "case_notes", some_rows(house, "case_notes"), NOON)
    assert made_anew(house.build()) == set()

    date_otherwise(house)
    one_feed = made_anew(house.build())
    assert 0 < len(one_feed) < len(every), "a file stands in the models of its feed only"

    settings = shipped_config().model_copy(update={"goals": Goals(denominator="closed_only")})
    assert made_anew(house.build(config=settings)) == every
    assert made_anew(house.build()) == every
    assert made_anew(house.build(as_of="2021-11-30")) == every
    assert made_anew(house.build()) == every
    assert_equals_all_files_at_once(house, staging)
    assert made_anew(house.build()) == set()

    project = shutil.copytree(house.paths.project, tmp_path / "project")
    model = project / "models" / "staging" / "case_management" / "stg_case_management__case_notes.sql"
    model.write_text(model.read_text("utf-8").replace("records.minutes,", "60 * records.minutes as minutes,"), "utf-8")
    run = build(replace(house.paths, project=project), shipped_config(), select=STAGING, exclude=[])
    assert made_anew(run) >= every


def test_a_broken_build_is_no_build(new_warehouse: Callable[[int, int], Warehouse], staging: Any) -> None:
    """A night that ends within a model leaves its table and the list of its files as they were."""
    house = new_warehouse(12, 5)
    drop(house, "case_notes", house.agency.exports["case_notes"][-1][2], NOON)
    house.build()
    drop(house, "case_notes", some_rows(house, "case_notes"), NOON + timedelta(days=1))
    with house.open() as connection:
        before = content(connection, "staging", STAGING[0])
        connection.execute("alter table control.files_staged rename column models_stamp to mislaid")
        connection.execute("alter table control.files_staged add column models_stamp varchar")
        connection.execute("update control.files_staged set models_stamp = mislaid")
    run = build(house.paths, shipped_config(), select=STAGING[:1], exclude=["resource_type:test"])
    assert not run.success
    with house.open() as connection:
        assert content(connection, "staging", STAGING[0]) == before
        connection.execute("alter table control.files_staged drop column mislaid")
    house.build()
    assert_equals_all_files_at_once(house, staging)
