"""The Dagster UI on a real home: lineage is there, a part can be run again, the schedule is on and skips."""

from typing import Any

import duckdb
import pytest

from tests.end_to_end.conftest import Server, wait_until

pytestmark = pytest.mark.xdist_group("ui")

LOCATION = {"repositoryName": "__repository__", "repositoryLocationName": "outcomes_warehouse"}
ASSETS = """
{ assetNodes { assetKey { path } groupName kinds description owners { ... on TeamAssetOwner { team } }
  hasAssetChecks isMaterializable dependencyKeys { path } } }
"""
LAUNCH = """
mutation($params: ExecutionParams!) { launchRun(executionParams: $params) { __typename
  ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }
"""
STATUS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"


def build_ids(server: Server) -> set[str]:
    with duckdb.connect(str(server.home / "research" / "research.duckdb"), read_only=True) as connection:
        return {row[0] for row in connection.execute("select build_id from meta.build").fetchall()}


def test_every_asset_is_described_owned_and_grouped(ui: Server) -> None:
    nodes = {"/".join(n["assetKey"]["path"]): n for n in ui.query(ASSETS)["assetNodes"]}
    for key in ("inbox", "raw/intake", "control/crosswalk", "marts/client_study", "study/models", "publish/report"):
        assert key in nodes
    poor = [
        key
        for key, node in nodes.items()
        if not (node["description"] and node["owners"] and node["kinds"] and node["groupName"] not in {"", "default"})
    ]
    assert poor == []
    assert nodes["marts/client_study"]["hasAssetChecks"]
    assert nodes["raw/intake"]["hasAssetChecks"]
    upstream = {"/".join(key["path"]) for key in nodes["study/models"]["dependencyKeys"]}
    assert "marts/client_study" in upstream


def test_the_lineage_page_shows_the_rooms_without_errors(ui: Server, chromium: Any) -> None:
    page = chromium.new_page(viewport={"width": 1600, "height": 1000})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{ui.url}/asset-groups")
    for group in ("ingest", "staging", "marts", "study", "publish"):
        page.get_by_text(group, exact=True).first.wait_for(timeout=60_000)
    page.close()
    assert problems == []


def test_a_part_can_be_run_again_from_the_ui(ui: Server) -> None:
    before = build_ids(ui)
    keys = (
        "quality/checks quality/files quality/quarantine_counts meta/build meta/codebook publish/report publish/public"
    )
    selection = [{"path": key.split("/")} for key in f"{keys} publish/research_db publish/agency_db".split()]
    params = {
        "selector": {**LOCATION, "pipelineName": "nightly", "assetSelection": selection, "assetCheckSelection": []},
        "runConfigData": {},
        "mode": "default",
    }
    launched = ui.query(LAUNCH, params=params)["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    run_id = launched["run"]["runId"]

    def ended() -> str | None:
        status = ui.query(STATUS, id=run_id)["runOrError"]["status"]
        return status if status in {"SUCCESS", "FAILURE", "CANCELED"} else None

    assert wait_until(ended, 200, "the rerun to end") == "SUCCESS"
    after = build_ids(ui)
    assert after != before
    assert any(build.endswith(run_id[:8]) for build in after)


def test_the_schedule_is_on_at_two_agency_time(ui: Server) -> None:
    found = ui.query(
        "query($s: RepositorySelector!) { schedulesOrError(repositorySelector: $s) { ... on Schedules { results"
        " { name cronSchedule executionTimezone scheduleState { status } } } } }",
        s=LOCATION,
    )["schedulesOrError"]["results"]
    assert [(s["cronSchedule"], s["executionTimezone"], s["scheduleState"]["status"]) for s in found] == [
        ("0 2 * * *", "America/Chicago", "RUNNING")
    ]
