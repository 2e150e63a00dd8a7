"""The borders that are not about one night: lineage, columns nobody knows, exports, incidents, and this repository."""

import hashlib
import json
import re
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import yaml
from publish_fixtures import build_id, make_home

from assets.home import Home
from assets.publish import prepare_home, publish
from assets.publish.codebook import read_codebook, read_manifest, read_metadata
from assets.publish.privacy.disclosure import visible_small_counts
from assets.publish.privacy.incident import incident
from assets.publish.privacy.projects import Receipt


def test_r08_dbt_keeps_no_failing_rows_and_has_no_seeds_of_people(night: Any, project_root: Path) -> None:
    project = yaml.safe_load((project_root / "dbt_project" / "dbt_project.yml").read_text())
    assert project["data_tests"]["outcomes"]["+store_failures"] is False
    manifest = json.loads((night.home / "agency" / "dbt" / "manifest.json").read_text())
    nodes = manifest["nodes"].values()
    assert [n["name"] for n in nodes if n["resource_type"] == "test" and n["config"].get("store_failures")] == []
    assert [n["name"] for n in nodes if n["resource_type"] == "seed"] == []
    assert not (night.home / "agency" / "dbt" / "run_results.json").exists()


def test_r14_every_column_outside_the_agency_zone_is_tagged_and_none_identifies(night: Any) -> None:
    manifest = read_manifest(night.home / "agency" / "dbt" / "manifest.json")
    assert len(manifest) > 80
    for column in [*manifest, *read_metadata()]:
        assert column.privacy in {"none", "quasi", "sensitive"}, f"{column.table}.{column.name}"
        assert column.meaning, f"{column.table}.{column.name}"
    with duckdb.connect(str(night.home / "research" / "research.duckdb"), read_only=True) as connection:
        told = {(column.table, column.name) for column in read_codebook(connection)}
        held = connection.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns() where not internal"
        ).fetchall()
    assert set(held) == told


def test_r14_the_names_of_source_columns_that_identify_are_no_columns_outside(night: Any, project_root: Path) -> None:
    identifying = set()
    for path in (project_root / "config" / "feeds").glob("*.yml"):
        feed = yaml.safe_load(path.read_text())
        for name, column in (feed.get("columns") or {}).items() if isinstance(feed, dict) else []:
            if isinstance(column, dict) and column.get("tag") in {"direct", "free_text"}:
                identifying.add(name)
    assert {"client_name", "date_of_birth", "narrative", "staff"} <= identifying
    with duckdb.connect(str(night.home / "research" / "research.duckdb"), read_only=True) as connection:
        names = {
            row[0]
            for row in connection.execute("select column_name from duckdb_columns() where not internal").fetchall()
        }
    assert names & identifying == {"client_id"}, "client_id is the random research ID there"


def test_r15_a_new_source_column_stays_in_the_agency_zone(tmp_path: Path, outcomes: Any) -> None:
    from openpyxl import load_workbook

    from assets.ingest import IngestPaths, ingest, load_feeds

    home = Home(tmp_path / "home")
    made = outcomes("sample", "--clients", "5", "--seed", "8", "--out", tmp_path / "sample", "--inbox", home.inbox)
    assert made.code == 0, made.err
    (path,) = home.inbox.rglob("intake*.xlsx")
    book = load_workbook(path)
    sheet = book["Client Intake"]
    column = sheet.max_column + 1
    sheet.cell(5, column).value = "Mother's phone"
    for row in range(6, sheet.max_row):
        sheet.cell(row, column).value = "817-555-0142"
    book.save(path)
    prepare_home(home)
    with duckdb.connect(str(home.work_db)) as connection:
        ingest(IngestPaths.of(home), connection, load_feeds(home.config), now=datetime.now(UTC))
        holders = [
            f"{schema}.{table}"
            for schema, table, name in connection.execute(
                "select schema_name, table_name, column_name from duckdb_columns() where data_type = 'VARCHAR'"
                " and database_name = current_database() and not internal"
            ).fetchall()
            if connection.execute(
                f"""select count(*) from "{schema}"."{table}" where "{name}" like '%555-0142%'"""
            ).fetchone()
            != (0,)
        ]
        findings = connection.execute("select count(*) from control.findings where code = 'NEW_COLUMN'").fetchone()
    assert set(holders) == {"raw.unmapped_cells"}
    assert findings != (0,)


def test_r37_r41_lists_of_clients_and_databases_are_in_no_lower_zone(night: Any) -> None:
    public = [path for path in (night.home / "public").rglob("*") if path.is_file()]
    assert [path.name for path in public if path.suffix in {".duckdb", ".xlsx", ".parquet", ".sav", ".pkl"}] == []
    tables = {path.stem: pd.read_csv(path) for path in public if path.suffix == ".csv"}
    assert [name for name, table in tables.items() if "client_id" in table.columns] == []
    assert visible_small_counts(tables, 11) == []
    lower = [path.name for zone in ("research", "public") for path in (night.home / zone).rglob("*")]
    assert [name for name in lower if "follow" in name or "quarantine" in name or "crosswalk" in name] == []


def test_r38_the_research_file_is_read_with_the_agency_zone_absent(night: Any, tmp_path: Path) -> None:
    copy = tmp_path / "research.duckdb"
    copy.write_bytes((night.home / "research" / "research.duckdb").read_bytes())
    with duckdb.connect(str(copy), read_only=True) as connection:
        for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
            connection.execute(f'select * from "{schema}"."{table}"').fetchall()


def test_r40_an_incident_is_answered_by_the_hash_of_the_file(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    with duckdb.connect(str(home.work_db)) as connection:
        done = publish(home, connection, build_id(1))
    folder = home.agency / "releases"
    folder.mkdir()
    receipt = Receipt("p", "ab" * 32, ("age",), 40, 0, 0, 5, {}, 0.0, "b", "v", "c", "University of Example", "2099")
    (folder / "abababababab.json").write_text(receipt.as_json())
    vault = home.vault / "cd" / ("cd" * 32)
    vault.parent.mkdir()
    vault.write_bytes(b"an export")
    began = time.monotonic()
    released = incident(home, "ab" * 32)
    research = incident(home, hashlib.sha256(done.research.read_bytes()).hexdigest())
    original = incident(home, "cd" * 32)
    assert time.monotonic() - began < 60
    assert released is not None
    assert (released.clients, released.variables, released.receivers) == (40, ("age",), ("University of Example",))
    assert research is not None
    assert (research.what, research.clients, research.encrypted) == ("the research database", 40, False)
    assert original is not None
    assert (original.encrypted, original.clients) == (False, None)
    assert incident(home, "00" * 32) is None


def test_r39_nothing_in_the_repository_looks_like_a_real_person(project_root: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=project_root, capture_output=True, check=False, text=True
    ).stdout.split("\0")
    files = [project_root / name for name in listed if name] or list((project_root / "tests").rglob("*.py"))
    phone = re.compile(r"(?<![\d.\-])(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\d\-])")
    social = re.compile(r"(?<![\d\-])\d{3}-\d{2}-\d{4}(?![\d\-])")
    mail = re.compile(r"[A-Za-z0-9._]+@(?!example\.|.*\.example|localhost)[A-Za-z0-9\-]+\.(?:com|org|net|edu)\b")
    found = []
    for path in files:
        if path.suffix in {".lock", ".svg"} or not path.is_file():
            continue
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            found.append(f"{path.name}: a binary file")
            continue
        numbers = [n for n in phone.findall(text) if not re.search(r"555[-. ]01\d\d$", n)]
        found += [f"{path.name}: {kind}" for kind, hits in (("phone", numbers), ("number", social.findall(text)),
                                                            ("mail", mail.findall(text))) if hits]  # fmt: skip
    assert found == []


UNSAFE = {
    r"pickle\.load": {"side.py"},  # the side process reads what its own parent wrote, and no more
    r"yaml\.load\((?!.*SafeLoader)": {"yamlfile.py"},  # the one place, with the safe loader in C
    r"(?<![\w.])(?:eval|exec)\(": set(),
    r"shell=True|os\.system": set(),
}


@pytest.mark.parametrize("pattern", UNSAFE)
def test_the_code_runs_nothing_it_reads(project_root: Path, pattern: str) -> None:
    holders = {
        path.name
        for room in ("assets", "expectations", "orchestration")
        for path in (project_root / room).rglob("*.py")
        if re.search(pattern, path.read_text("utf-8"))
    }
    assert holders <= UNSAFE[pattern]
