"""Editions of a form: each file is read by the map of its day, and dates that leave doubt are mistakes of the map."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from assets.errors import ConfigError
from assets.ingest import IngestPaths, ingest, inspect_file, load_feeds
from tests.faults.good import INTAKE_HEADER, intake_rows, table_csv, workbook

NOW = datetime(2023, 2, 1, 8, tzinfo=UTC)
EDITIONS = """versions:
  - {name: "2022", since: 2022-01-01}
  - {name: "2021", since: 2021-01-01, until: 2021-12-31}
  - name: "2020"
    since: 2020-01-01
    lacks: [special_classification]
    date_order: dmy
    columns:
      intake_date: {header: Opened}
      classification: {codes: classification_2020}
"""
LISTS = """
classification_2020:
  - {code: confirmed, en: Level A, es: Nivel A}
  - {code: high_risk, en: Level B, es: Nivel B}
"""


def with_editions(project_root: Path, folder: Path, editions: str = EDITIONS) -> Path:
    config = folder / "config"
    shutil.copytree(project_root / "config", config)
    form = config / "feeds" / "intake.yml"
    text = form.read_text(encoding="utf-8")
    start, end = text.index("versions:"), text.index("columns:\n  record_id")
    form.write_text(text[:start] + editions + text[end:], encoding="utf-8")
    lists = config / "feeds" / "code_lists.yml"
    lists.write_text(lists.read_text(encoding="utf-8") + LISTS, encoding="utf-8")
    return config


def of_2020(day: str) -> bytes:
    """An export on the form of 2020: another name, other codes, days before months, one column fewer."""
    keep = [i for i, name in enumerate(INTAKE_HEADER) if name != "Special Classification"]
    header = ["Opened" if INTAKE_HEADER[i] == "Intake Date" else INTAKE_HEADER[i] for i in keep]
    rows = []
    for row in intake_rows(4):
        cells = [row[i] for i in keep]
        cells[header.index("Opened")] = "03/02/2020"
        cells[header.index("Classification")] = "Level B"
        rows.append(cells)
    return book(day, header, rows)


def book(day: str, header: list[str], rows: list[list]) -> bytes:
    import io

    buffer = io.BytesIO()
    workbook(("Client Intake", [["Clients"], [f"Report run {day} 06:00"]], header, rows)).save(buffer)
    return buffer.getvalue()


def night(tmp_path: Path, config: Path, files: dict[str, bytes]) -> duckdb.DuckDBPyConnection:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for name, content in files.items():
        (inbox / name).write_bytes(content)
    con = duckdb.connect(config={"threads": 1})
    paths = IngestPaths(inbox, tmp_path / "v", tmp_path / "r", tmp_path / "t", settle_seconds=0)
    ingest(paths, con, load_feeds(config), now=NOW)
    return con


def test_forms_of_2020_and_of_2022_load_under_their_own_edition(tmp_path, project_root) -> None:
    config = with_editions(project_root, tmp_path)
    files = {"old.xlsx": of_2020("2020-12-01"), "new.xlsx": book("2022-12-01", INTAKE_HEADER, intake_rows(5, 100))}
    with night(tmp_path, config, files) as con:
        select = "SELECT name, status, form_version, rows_loaded FROM control.files ORDER BY name"
        assert con.execute(select).fetchall() == [("new.xlsx", "loaded", "2022", 5), ("old.xlsx", "loaded", "2020", 4)]
        values = con.execute(
            "SELECT DISTINCT f.form_version, classification, intake_date, special_classification IS NULL "
            "FROM raw.intake JOIN control.files AS f USING (file_token) ORDER BY 1"
        ).fetchall()
    assert [(v, c, str(d), gone) for v, c, d, gone in values] == [
        ("2020", "high_risk", "2020-02-03", True),
        ("2022", "confirmed", "2020-03-02", False),
    ]


def test_last_years_form_is_refused_and_the_editions_are_named(tmp_path, project_root) -> None:
    config = with_editions(project_root, tmp_path)
    with night(tmp_path, config, {"old.xlsx": of_2020("2022-12-01")}) as con:
        assert con.execute("SELECT status, reason FROM control.files").fetchall() == [("rejected", "WRONG_KIND")]
    note = next((tmp_path / "r").iterdir()).read_text(encoding="utf-8")
    assert "edition 2020 of the form intake, which ended on 2020-12-31" in note
    assert "the edition in use is 2022, which also has Special Classification" in note


def test_an_old_form_without_a_date_loads_and_is_told(tmp_path, project_root) -> None:
    config = with_editions(project_root, tmp_path)
    keep = [i for i, name in enumerate(INTAKE_HEADER) if name != "Special Classification"]
    rows = [[row[i] for i in keep] for row in intake_rows(3)]
    path = tmp_path / "old.csv"
    path.write_text(table_csv([INTAKE_HEADER[i] for i in keep], rows), encoding="utf-8")
    found = inspect_file(path, load_feeds(config))
    assert (found.verdict, found.form_version) == ("load", "2020")
    assert "OLD_FORM" in {finding["code"] for finding in found.findings}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("until: 2021-12-31", "until: 2022-03-31", r"intake\.yml: versions: .*'2021' overlaps '2022'"),
        ("until: 2021-12-31", "until: 2021-06-30", r"intake\.yml: versions: .*between '2021' and '2022'"),
        ("since: 2022-01-01", "since: 2021-01-01", r"intake\.yml: versions: .*begin on one day"),
        ('name: "2022"', 'name: "2021"', r"intake\.yml: versions: .*one name"),
        ("intake_date: {header: Opened}", "intake_day: {header: Opened}", r"intake\.yml: .*intake_day"),
        ("classification_2020}", "no_list}", r"intake\.yml: versions\.2020\.columns\.classification\.codes"),
        ("{header: Opened}", "{heading: Opened}", r"intake\.yml: versions\.2\.columns\.intake_date\.heading"),
    ],
)
def test_doubtful_dates_and_slips_name_file_and_key(tmp_path, project_root, old, new, told) -> None:
    assert old in EDITIONS
    config = with_editions(project_root, tmp_path, EDITIONS.replace(old, new, 1))
    with pytest.raises(ConfigError, match=told):
        load_feeds(config)
