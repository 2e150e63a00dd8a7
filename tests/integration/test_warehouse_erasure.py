"""After an erasure the next build stands on what is left, whatever way a row was found by."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from warehouse_models import shipped_compiler, shipped_config
from warehouse_raw import add_file, add_rows, create_raw

from assets.home import Home
from assets.publish import prepare_home
from assets.publish.privacy.erasure import erase_client
from assets.publish.privacy.retention import Retention
from assets.warehouse import DbtPaths, build
from assets.warehouse.compiled import run_models
from assets.warehouse.drift import hand_over

NAME = "Ybarrazan Mirkwhistle"
GONE, SIBLING, OTHER = "TX-00007", "TX-00008", "TX-00009"
EXPORTED = datetime(2021, 11, 1, 6)
STAGING = ("stg_case_management__case_notes", "stg_case_management__clients", "stg_case_management__goal_reviews")


def client(client_id: str, record: str, name: str) -> dict[str, Any]:
    return {
        "client_id_raw": client_id, "client_id": client_id, "record_id": record, "client_name": name,
        "intake_date": date(2021, 2, 1),
    }  # fmt: skip


def note(client_id: str, record: str, narrative: str) -> dict[str, Any]:
    return {
        "client_id_raw": client_id, "client_id": client_id, "record_id": record, "narrative": narrative,
        "service_date": date(2021, 3, 1), "contact_type": "crisis_response", "service_type": "group",
    }  # fmt: skip


FILES = {
    "intake": [client(GONE, "500001", NAME), client(SIBLING, "500004", "Brisolde"), client(OTHER, "500007", "Aldo")],
    "case_notes": [
        note(SIBLING, "100001", NAME),  # found by its text alone
        note(SIBLING, "100002", "came"),
        note(OTHER, "500001", "came"),  # the number of the erased client's intake, on another form
    ],
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    prepare_home(home)
    with duckdb.connect(str(home.work_db)) as connection:
        create_raw(connection)
        for token, (feed, rows) in zip(("a" * 12, "b" * 12), FILES.items(), strict=True):
            add_file(connection, token, feed, EXPORTED)
            add_rows(connection, f"raw.{feed}", token, rows, None)
            connection.execute(
                "update control.files set rows_loaded = ?, rows_erased = 0 where file_token = ?", [len(rows), token]
            )
        for number, client_id in enumerate((GONE, SIBLING, OTHER)):
            connection.execute("insert into control.crosswalk values (?, ?)", [f"R{number}", client_id])
    return home


def staged(home: Home) -> dict[str, list[Any]]:
    with duckdb.connect(str(home.work_db), read_only=True) as connection:
        return {name: connection.execute(f"from staging.{name} order by all").fetchall() for name in STAGING}


def test_a_row_of_somebody_else_that_says_the_name_leaves_staging_too(home: Home) -> None:
    def night() -> None:
        assert build(
            DbtPaths.of(home), shipped_config(), STAGING, ["resource_type:test", "resource_type:unit_test"]
        ).success

    night()
    assert [row[0] for row in staged(home)[STAGING[0]]] == ["100001", "100002", "500001"]
    erase_client(home, GONE, Retention(), date(2026, 1, 1))
    night()

    after = staged(home)
    assert [row[0] for row in after[STAGING[0]]] == ["100002", "500001"]
    with duckdb.connect(str(home.work_db), read_only=True) as today, duckdb.connect() as memory:
        hand_over(today, memory)
        run_models(memory, shipped_compiler().compile(shipped_config(), STAGING))
        for name in STAGING:
            assert memory.execute(f"from staging.{name} order by all").fetchall() == after[name]
        arithmetic = (
            "select rows_loaded, rows_erased, (select count(*) from raw.{feed} as r where r.file_token = f.file_token)"
            " from control.files as f where kind = '{feed}'"
        )
        assert today.execute(arithmetic.format(feed="intake")).fetchall() == [(2, 1, 2)]
        assert today.execute(arithmetic.format(feed="case_notes")).fetchall() == [(2, 1, 2)]
