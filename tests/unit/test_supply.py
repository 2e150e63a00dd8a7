"""What is installed is what was locked; what nobody could look up is not called clean; SQL binds its values."""

import ast
import itertools
import json
import re
from pathlib import Path

import pytest

from orchestration import supply
from orchestration.supply import check_installed, check_locks, read_lock, read_scan

ESCAPED = re.compile(r"\.isoformat\(\)$|\.replace\((?:\"'\"|chr\(39\)|'\\''), ")
SQL = re.compile(r"(?i)\b(select|attach|set|load|comment|copy|where|values|insert|update)\b")
OUR_OWN = {
    ("expectations/model.py", "feed"),
    ("assets/publish/parquet.py", "build_id"),
    ("assets/warehouse/history.py", "feed"),
}
"""Names of feeds are keys of ``config/feeds``, plain words; the ID of a build is made of a time and a run's number."""
ROOMS = ("assets", "expectations", "orchestration")
GOOD = (
    "a-package==1.2 ; python_version < '3.13' \\\n    --hash=sha256:" + "0" * 64 + " \\\n    --hash=sha256:" + "1" * 64
)


def test_every_line_of_the_locks_is_a_version_with_hashes(project_root: Path) -> None:
    assert list(check_locks(project_root)) == []
    for lock in supply.LOCKS:
        entries, _ = read_lock((project_root / lock).read_text("utf-8"))
        assert len(entries) > 100


@pytest.mark.parametrize(
    "line",
    [
        "a-package==1.2",
        "a-package>=1.2 \\\n    --hash=sha256:" + "0" * 64,
        "a-package @ git+ssh://somewhere/a-package",
        "-i somewhere\n" + GOOD,
        GOOD.replace("sha256", "md5"),
    ],
)
def test_a_lock_that_leaves_something_open_is_seen(line: str) -> None:
    assert read_lock(GOOD) == ([supply.Locked("a-package", "1.2", "python_version < '3.13'", 2)], [])
    assert read_lock(line)[1] != []


def test_a_package_in_another_version_or_from_nowhere_is_seen(project_root: Path, tmp_path: Path) -> None:
    assert list(check_installed(project_root)) == []
    for lock in supply.LOCKS:
        text = (project_root / lock).read_text("utf-8")
        text = re.sub(r"^duckdb==\S+", "duckdb==0.0.1", text, flags=re.MULTILINE)
        (tmp_path / lock).write_text(re.sub(r"^numpy==", "another==", text, flags=re.MULTILINE))
    told = list(check_installed(tmp_path))
    assert any(line.startswith("duckdb is") for line in told)
    assert any(line.startswith("numpy ") and "no lock names it" in line for line in told)


def test_a_package_the_service_skipped_is_not_called_clean() -> None:
    told = read_scan(
        json.dumps(
            {
                "dependencies": [
                    {"name": "known", "version": "1", "vulns": []},
                    {"name": "bad", "version": "2", "vulns": [{"id": "X-1", "fix_versions": ["3"]}]},
                    {"name": "skipped", "version": "1", "skip_reason": "not found"},
                ]
            }
        )
    )
    assert (told.asked, told.unknown, told.found) == (2, 1, ["bad 2: X-1, mended in 3"])


@pytest.mark.parametrize(
    ("scan", "code"),
    [
        (None, supply.NOT_ASKED),
        (supply.Scan([], 3, 1), supply.NOT_ASKED),
        (supply.Scan([], 3, 0), supply.CLEAN),
        (supply.Scan(["bad 2: X-1"], 3, 0), supply.WRONG),
    ],
)
def test_the_exit_code_tells_clean_from_not_asked(
    monkeypatch: pytest.MonkeyPatch, scan: supply.Scan | None, code: int
) -> None:
    monkeypatch.setattr(supply, "scan", lambda _root: scan)
    assert supply.main() == code


def quoted_values(source: str) -> list[str]:
    """Expressions that an SQL text takes in between quotes, as a value: unescaped they could end the quotes."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            if not SQL.search(ast.unparse(node)):
                continue
            for before, part in itertools.pairwise(node.values):
                opens = isinstance(before, ast.Constant) and str(before.value).endswith("'")
                if opens and isinstance(part, ast.FormattedValue):
                    found.append(ast.unparse(part.value))
    return found


def test_no_value_is_written_into_sql_between_quotes_unless_its_quotes_are_doubled(project_root: Path) -> None:
    assert quoted_values("""c.execute(f"select * from t where a = '{name}'")""") == ["name"], "positive control"
    loose = []
    for room in ROOMS:
        for path in sorted((project_root / room).rglob("*.py")):
            source = path.read_text("utf-8")
            for value in quoted_values(source):
                made = re.search(rf"\b{re.escape(value)}\b[\w, ]* = (.+)", source)
                if not ESCAPED.search(value) and not (made and ESCAPED.search(made[1])):
                    loose.append((str(path.relative_to(project_root)), value))
    assert set(loose) == OUR_OWN
