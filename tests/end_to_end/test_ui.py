"""The Dagster UI on a real home: lineage is there, a part can be run again, the schedule is on and skips."""

import re
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.home import Home
from assets.publish.privacy.sweep import TOOLS
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


COLUMNS = """
query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode { assetMaterializations(limit: 1) {
  metadataEntries { label
    ... on TableColumnLineageMetadataEntry { lineage { columnName columnDeps { assetKey { path } columnName } } }
    ... on TableSchemaMetadataEntry { schema { columns { name type description tags { key value } } } } } } } } }
"""


def columns_of(server: Server, key: str) -> tuple[dict[str, set[str]], dict[str, Any]]:
    """Column → the columns it comes from, and column → how it is described, as the UI gets them."""
    node = server.query(COLUMNS, key={"path": key.split("/")})["assetNodeOrError"]
    entries = {entry["label"]: entry for entry in node["assetMaterializations"][0]["metadataEntries"]}
    lineage = {
        column["columnName"]: {"/".join([*dep["assetKey"]["path"], dep["columnName"]]) for dep in column["columnDeps"]}
        for column in entries.get("dagster/column_lineage", {"lineage": []})["lineage"]
    }
    return lineage, {column["name"]: column for column in entries["dagster/column_schema"]["schema"]["columns"]}


def test_a_column_can_be_followed_to_the_header_of_its_form(ui: Server) -> None:
    at, way = {"marts/client_study/age"}, []
    while at:
        way.append(at)
        (step,) = at
        if step.startswith("inbox/"):
            break
        key, _, column = step.rpartition("/")
        at = columns_of(ui, key)[0][column]
    assert [next(iter(step)) for step in way] == [
        "marts/client_study/age",
        "marts/dim_clients/age",
        "intermediate/int_clients_identified/birth_date",
        "staging/stg_case_management__clients/birth_date",
        "raw/intake/date_of_birth",
        "inbox/Date of Birth",
    ]
    lineage, schema = columns_of(ui, "marts/client_study")
    assert {"marts/fct_service_counts/services", "marts/fct_service_counts/period"} == lineage["services_t0"]
    assert all(column["description"] for column in schema.values())
    assert {tag["value"] for column in schema.values() for tag in column["tags"]} <= {"none", "quasi", "sensitive"}
    # What a staging table that grows by files keeps from the night before is no source of it.
    sources = set().union(*columns_of(ui, "staging/stg_case_management__case_notes")[0].values())
    tables = {source.rpartition("/")[0] for source in sources}
    assert tables <= {"raw/case_notes", "control/files", "control/quarantine"}


def test_a_number_of_the_study_names_the_columns_it_is_computed_from(ui: Server) -> None:
    lineage, schema = columns_of(ui, "study/coefficients")
    assert {"marts/client_study/mspss_t0", "marts/client_study/confirmed"} <= lineage["b"]
    assert "marts/client_study/goals_met" not in lineage["b"], "in no model"
    assert not lineage.get("term"), "a word of the spec"
    meaning, _, parents = schema["b"]["description"].partition(" ← ")
    assert meaning.startswith("Coefficient: points of the outcome per unit of the term;")
    assert parents.startswith("marts.client_study.age, ")
    assert schema["term"]["description"]
    lineage, schema = columns_of(ui, "study/scale_scores")
    assert "← intermediate.int_survey_items.value, " in schema["alpha"]["description"]
    both = {f"marts/client_study/mspss_{wave}" for wave in ("t0", "t6")}
    assert both < lineage["alpha"], "who has both waves"
    assert lineage["mean"] == lineage["alpha"], "scales that the spec does not name come from the answers"
    assert all(column["description"] for column in columns_of(ui, "quality/files")[1].values())


def test_the_page_of_a_table_says_where_each_column_comes_from(ui: Server, chromium: Any) -> None:
    page = chromium.new_page(viewport={"width": 1600, "height": 2400})
    page.goto(f"{ui.url}/assets/marts/client_study?view=overview")
    page.get_by_text("← marts.dim_clients.age").first.wait_for(timeout=60_000)
    page.close()


@dataclass
class Rerun:
    """A part of the night launched from the UI: how it ended, and what was seen of its temporary folder meanwhile."""

    run_id: str
    before: set[str]
    status: str = ""
    folders: dict[str, int] = field(default_factory=dict)
    told_to_children: set[str] = field(default_factory=set)

    def look(self, home: Home) -> None:
        """Note the folders with their modes, and the TMPDIR of each side process that works for this home."""
        with suppress(FileNotFoundError, ProcessLookupError):  # they end while we look
            for folder in home.temp.glob(f"{TOOLS}*"):
                self.folders[folder.name] = folder.stat().st_mode & 0o777
            for process in Path("/proc").glob("[0-9]*"):
                if b"assets.side" in (process / "cmdline").read_bytes():
                    variables = dict(
                        line.split(b"=", 1) for line in (process / "environ").read_bytes().split(b"\0") if b"=" in line
                    )
                    if variables.get(b"OUTCOMES_HOME") == str(home.root).encode():
                        self.told_to_children.add(variables.get(b"TMPDIR", b"").decode())


@pytest.fixture(scope="module")
def rerun(ui: Server) -> Rerun:
    keys = (
        "quality/checks quality/files quality/quarantine_counts meta/build meta/codebook publish/report publish/public"
    )
    keys += " quality/override_counts publish/research_db publish/spss publish/agency_db"
    selection = [{"path": key.split("/")} for key in keys.split()]
    params = {
        "selector": {**LOCATION, "pipelineName": "nightly", "assetSelection": selection, "assetCheckSelection": []},
        "runConfigData": {},
        "mode": "default",
    }
    before = build_ids(ui)
    launched = ui.query(LAUNCH, params=params)["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    done = Rerun(launched["run"]["runId"], before)

    def ended() -> str | None:
        done.look(Home(ui.home))
        status = ui.query(STATUS, id=done.run_id)["runOrError"]["status"]
        return status if status in {"SUCCESS", "FAILURE", "CANCELED"} else None

    done.status = wait_until(ended, 200, "the rerun to end")
    return done


def test_a_part_can_be_run_again_from_the_ui(ui: Server, rerun: Rerun) -> None:
    assert rerun.status == "SUCCESS"
    after = build_ids(ui)
    assert after != rerun.before
    assert any(build.endswith(rerun.run_id[:8]) for build in after)


def test_r28_a_run_of_the_daemon_keeps_its_temporary_files_in_the_home_and_removes_them(
    ui: Server, rerun: Rerun
) -> None:
    home = Home(ui.home)
    assert len(rerun.folders) == 1
    assert set(rerun.folders.values()) == {0o700}
    assert rerun.told_to_children == {str(home.temp / name) for name in rerun.folders}
    wait_until(lambda: not list(home.temp.iterdir()), 30, "the process of the run to end")


def test_the_schedule_is_on_at_two_agency_time(ui: Server) -> None:
    found = ui.query(
        "query($s: RepositorySelector!) { schedulesOrError(repositorySelector: $s) { ... on Schedules { results"
        " { name cronSchedule executionTimezone scheduleState { status } } } } }",
        s=LOCATION,
    )["schedulesOrError"]["results"]
    assert [(s["cronSchedule"], s["executionTimezone"], s["scheduleState"]["status"]) for s in found] == [
        ("0 2 * * *", "America/Chicago", "RUNNING")
    ]


def outer_addresses() -> list[str]:
    """The machine's own addresses that others can reach, from the kernel's table of local routes."""
    table = Path("/proc/net/fib_trie")
    found = re.findall(r"\|-- (\d+\.\d+\.\d+\.\d+)\n\s+/32 host LOCAL", table.read_text()) if table.is_file() else []
    return sorted({address for address in found if not address.startswith("127.")})


def refused(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=5).close()
    except OSError:
        return True
    return False


def test_r05_no_other_machine_reaches_the_server(ui: Server) -> None:
    addresses = outer_addresses()
    if not addresses:
        pytest.skip("this machine has no address but loopback")
    port = int(ui.url.rsplit(":", 1)[1])
    assert not refused("127.0.0.1", port), "positive control: it is up"
    with socket.create_server((addresses[0], 0)) as other:
        assert not refused(addresses[0], other.getsockname()[1]), "positive control: the address can be reached"
    assert [address for address in addresses if not refused(address, port)] == []


def test_r06_r42_the_pages_of_the_server_ask_nobody_else(ui: Server, chromium: Any) -> None:
    asked: list[str] = []
    page = chromium.new_page()
    page.on("request", lambda request: asked.append(request.url))
    for place in ("/overview", "/assets", "/asset-groups", "/runs"):
        page.goto(ui.url + place)
        page.wait_for_load_state("networkidle")
    page.close()
    assert len(asked) > 10
    own = (ui.url, ui.url.replace("http", "ws"), "data:", "blob:")
    assert [url for url in asked if not url.startswith(own)] == []
