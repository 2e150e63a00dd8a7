"""Every query of the analysts' guide runs, as it stands, on a file that a real night published."""

import re
from pathlib import Path
from typing import Any

import duckdb
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
def test_query_of_the_guide_gives_rows(night: Any, question: str, query: str) -> None:
    with duckdb.connect(str(night.home / "research" / "research.duckdb"), read_only=True) as connection:
        cursor = connection.execute(query)
        rows = cursor.fetchall()
        names = [column[0] for column in cursor.description or []]
    assert rows, question
    assert len(set(names)) == len(names), question
    assert all(any(row[i] is not None for row in rows) for i, name in enumerate(names) if name not in NULLABLE)


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
