"""Every query of the analysts' guide runs, as it stands, on a file that a real night published."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas
import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = DOCS / "guide" / "analyst.md"
QUERIES = re.findall(
    r"^### (.+?)\n(?:(?!^###).)*?```sql\n(.+?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
)
NULLABLE = {"reason", "unit", "values"}
"""Columns that may be empty all the way down in an example; every other column shows at least one value."""


def test_the_guide_has_its_queries() -> None:
    assert len(QUERIES) == GUIDE.read_text(encoding="utf-8").count("```sql")
    assert len(QUERIES) >= 8


@pytest.mark.parametrize(("question", "query"), QUERIES, ids=[question for question, _ in QUERIES])
def test_query_of_the_guide_gives_rows(night: Any, monkeypatch: pytest.MonkeyPatch, question: str, query: str) -> None:
    """In the home folder, as the paths of the Parquet copies ask; what names clients in the agency's own file."""
    monkeypatch.chdir(night.home)
    file = night.home / ("agency/agency.duckdb" if question.startswith("Agency: ") else "research/research.duckdb")
    with duckdb.connect(str(file), read_only=True) as connection:
        cursor = connection.execute(query)
        rows = cursor.fetchall()
        names = [column[0] for column in cursor.description or []]
    assert rows, question
    assert len(set(names)) == len(names), question
    assert all(any(row[i] is not None for row in rows) for i, name in enumerate(names) if name not in NULLABLE)


RECIPES = re.findall(r"```python\n(.+?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
COMMANDS = re.findall(r"`(duckdb -readonly -csv (\S+) \"(.+?)\" > \S+)`", GUIDE.read_text(encoding="utf-8"))
PARQUET = re.findall(r"`(pandas\.read_parquet\(.+?\))`", GUIDE.read_text(encoding="utf-8"))


def test_the_guides_python_gives_the_clients(night: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As typed in the home folder; the Parquet copy holds the very same frame."""
    monkeypatch.chdir(night.home)
    assert len(RECIPES) == len(PARQUET) == 1
    made: dict[str, Any] = {}
    exec(RECIPES[0], made)
    clients = made["clients"]
    assert len(clients) > 30
    copy = eval(PARQUET[0], {"pandas": pandas})
    pandas.testing.assert_frame_equal(copy.convert_dtypes(), clients.convert_dtypes())


def test_every_parquet_copy_holds_the_rows_of_its_mart(night: Any) -> None:
    research = night.home / "research"
    with duckdb.connect(str(research / "research.duckdb"), read_only=True) as connection:
        listed = connection.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
        assert {path.stem for path in (research / "parquet").glob("*")} == {name for (name,) in listed}
        for (name,) in listed:
            mart, copy = f"from marts.{name}", f"from read_parquet('{research}/parquet/{name}.parquet')"
            both = (f"from (({one}) except all ({other}))" for one, other in ((mart, copy), (copy, mart)))
            assert [connection.execute(query).fetchall() for query in both] == [[], []], name


def test_the_file_made_for_a_spreadsheet_opens_there(night: Any, tmp_path: Path) -> None:
    """The command line's query, written as CSV, through LibreOffice: every row and number arrives."""
    (_, path, query), *others = COMMANDS
    assert not others
    with duckdb.connect(str(night.home / path), read_only=True) as connection:
        connection.execute(f"copy ({query}) to '{tmp_path / 'models.csv'}' (header)")
        cursor = connection.execute(query)
        names, rows = [column[0] for column in cursor.description or []], cursor.fetchall()
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice is not installed")
    words = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "xlsx"]
    subprocess.run([*words, "models.csv"], cwd=tmp_path, capture_output=True, timeout=120, check=True)
    sheet = openpyxl.load_workbook(tmp_path / "models.xlsx", data_only=True).active
    header, *cells = sheet.iter_rows(values_only=True)
    assert list(header) == names
    assert len(cells) == len(rows) >= 3
    for found, wanted in zip(cells, rows, strict=True):
        for cell, value in zip(found, wanted, strict=True):
            assert cell == (pytest.approx(value, rel=1e-12) if isinstance(value, float) else value)


def test_the_command_line_of_duckdb_writes_that_file(night: Any) -> None:
    """As typed in the home folder; a CSV that Python reads back row by row."""
    if shutil.which("duckdb") is None:
        pytest.skip("DuckDB's command line is not installed")
    ((command, _, query),) = COMMANDS
    subprocess.run(command, shell=True, cwd=night.home, timeout=60, check=True)
    with duckdb.connect(str(night.home / "research" / "research.duckdb"), read_only=True) as connection:
        wanted = connection.execute(query).df()
    made = night.home / "models.csv"
    found = pandas.read_csv(made)
    made.unlink()
    assert list(found["model"]) == list(wanted["model"])
    assert found["p"].tolist() == pytest.approx(wanted["p"].tolist(), rel=1e-12)


def test_every_macro_of_the_file_stands_in_the_guide(night: Any) -> None:
    with duckdb.connect(str(night.home / "research" / "research.duckdb"), read_only=True) as connection:
        macros = connection.execute(
            "select function_name || '(' || array_to_string(parameters, ', ') || ')' from duckdb_functions()"
            " where function_type = 'table_macro' and not internal"
        ).fetchall()
    listed = re.findall(r"^\| `(\w+\(\w+(?:, \w+)*\))` \|", GUIDE.read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(name for (name,) in macros)


def test_the_file_refuses_to_be_written(night: Any) -> None:
    with (
        duckdb.connect(str(night.home / "research" / "research.duckdb"), read_only=True) as connection,
        pytest.raises(duckdb.Error, match="read-only"),
    ):
        connection.execute("delete from marts.client_study")


@pytest.mark.parametrize("page", sorted(DOCS.glob("**/*.md")), ids=lambda page: str(page.relative_to(DOCS)))
def test_links_of_the_documentation_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    broken = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert broken == []
