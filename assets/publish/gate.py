"""The gate of the research zone: nothing passes that is not described, tagged and of a closed vocabulary.

The gate looks at the finished file, not at the code that made it. It knows numbers, flags and listed texts; any other
type, and any text outside its column's list or pattern, stops the publication with the name of table and column.
"""

import ast
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from assets.errors import DataError, Place
from assets.home import PROJECT_ROOT
from assets.publish.codebook import Column
from assets.warehouse.research_ids import check_research_id
from assets.yamlfile import read_yaml

RESEARCH_SCHEMAS = ("marts", "study", "quality", "meta")
MAX_TEXT = 64
MAX_SENTENCE = 500
CONFIG = PROJECT_ROOT / "config"
PLAIN_TYPES = re.compile(
    r"BOOLEAN|TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)"
)
PATTERNS = {
    "token": r"[0-9a-f]{12}",
    "code": r"[A-Z][A-Z0-9_]{1,39}",
    "identifier": r"[A-Za-z0-9_.\-]{1,300}",
    "build": r"[0-9]{8}T[0-9]{6}Z-[0-9a-zA-Z]{1,36}",
    "timestamp": r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z",
    "version": r"[0-9]+\.[0-9]+\.[0-9]+(\+[0-9a-f]{7,40})?",
    "hash": r"[0-9a-f]{64}",
    "hashes": r"\[(\"[0-9a-f]{64}\"(, ?\"[0-9a-f]{64}\")*)?\]",
}
WORD = re.compile(r"[^\W\d_]+(?:[_'][^\W_]+)*")
NUMBER = re.compile(r"-?\d+(\.\d+)?")
NAME = re.compile(r"(?P<name>[^\[\]]+)(?:\[(?P<level>[^\[\]]+)\])?")


def check_research(
    connection: duckdb.DuckDBPyConnection, database: str, columns: Iterable[Column], config: Path = CONFIG
) -> None:
    """Raise ``DataError`` at the first column of ``database`` (an attached file) that must not leave the agency zone.

    ``columns`` is the codebook, ``config`` the folder whose ``study.yml`` was in force. Only the names of table and
    column are told, never a value.
    """
    described = {(column.table, column.name): column for column in columns}
    words = _Vocabulary(described.values(), config, _feeds(connection))
    found = connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() where database_name = ?"
        " order by all",
        [database],
    ).fetchall()
    for schema, table, name, data_type in found:
        where = f"{schema}.{table}"
        column = described.get((where, name))
        if schema not in RESEARCH_SCHEMAS:
            raise _refusal("WRONG_ZONE", f"table {where} does not belong to the research zone", name)
        if column is None or column.privacy is None:
            raise _refusal("UNTAGGED_COLUMN", f"a column of {where} has no privacy tag, so it is not published", name)
        if column.privacy in {"direct", "free_text"}:
            raise _refusal("DIRECT_IDENTIFIER", f"a column of {where} is tagged {column.privacy}", name)
        if PLAIN_TYPES.fullmatch(data_type):
            continue
        if data_type != "VARCHAR":
            raise _refusal(
                "TYPE_NOT_ALLOWED",
                f"a column of {where} is of type {data_type}: only numbers, flags and "
                "listed texts leave the agency zone",
                name,
            )
        if column.kind != "metadata":
            texts = connection.execute(
                f'select distinct "{name}" from "{database}"."{schema}"."{table}" where "{name}" is not null'
            ).fetchall()
            if not all(words.allows(column, text) for (text,) in texts):
                raise _refusal("TEXT_NOT_LISTED", f"a text in {where} is outside the column's closed vocabulary", name)


def _feeds(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Feeds that a map describes or once described: each has its table in ``raw``, named by the map and by no data."""
    found = connection.execute(
        "select table_name from duckdb_tables() where database_name = current_database() and schema_name = 'raw'"
    ).fetchall()
    return frozenset(name for (name,) in found)


def _refusal(code: str, explanation: str, column: str) -> DataError:
    return DataError(code, explanation, Place(column=column))


class _Vocabulary:
    """The names and words a text may be made of: the codebook's, the study's configuration, the project's sources."""

    def __init__(self, columns: Iterable[Column], config: Path, feeds: frozenset[str]) -> None:
        self.feeds = feeds
        listed = list(columns)
        self.names = {column.name for column in listed} | {value for c in listed for value in c.values}
        self.names |= {"intercept", "true", "false", "True", "False"} | _strings_in_sources()
        self.names |= set(_texts(read_yaml((config / "study.yml").read_text("utf-8"))))
        self.words = {word.lower() for name in self.names for word in WORD.findall(name)}
        self.words |= {part for word in self.words for part in word.split("_")}

    def allows(self, column: Column, text: str) -> bool:
        if column.kind == "sentence":
            return len(text) <= MAX_SENTENCE and all(self._known(word) for word in WORD.findall(text))
        if column.kind == "research_id":
            return check_research_id(text)
        if column.kind in PATTERNS:
            return re.fullmatch(PATTERNS[column.kind], text) is not None
        if len(text) > MAX_TEXT:
            return False
        if column.kind == "name":
            return all(self._is_name(part) for part in text.split(" x "))
        return text in (self.feeds if column.kind == "feed" else column.values)

    def _is_name(self, text: str) -> bool:
        """A variable or model, perhaps with a level; tests of two variables name both, with `` x `` between."""
        match = NAME.fullmatch(text)
        return match is not None and all(self._named(part) for part in match.groups() if part is not None)

    def _known(self, word: str) -> bool:
        lowered = word.lower()
        return lowered in self.words or all(part in self.words for part in lowered.split("_"))

    def _named(self, part: str) -> bool:
        return part in self.names or NUMBER.fullmatch(part) is not None


@cache
def _strings_in_sources(root: Path = PROJECT_ROOT) -> frozenset[str]:
    """Every text literal of the study's code and of the models.

    A sentence of the study can only be made of these, of the texts of ``study.yml`` and of numbers: whatever else
    stands in one came out of the data.
    """
    found: set[str] = set()
    for path in sorted((root / "assets" / "study").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    for path in sorted((root / "dbt_project" / "models").rglob("*.sql")):
        found.update(re.findall(r"'([^'\n]*)'", path.read_text("utf-8")))
    return frozenset(found)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value
