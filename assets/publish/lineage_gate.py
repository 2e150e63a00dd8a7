"""The gate behind the gate: no column that leaves the agency zone goes back to a name, a date or a text.

The gate of the research zone looks at finished values. This one looks at where they come from: every column of
``marts`` is followed through the models' SQL to the columns of ``raw`` and ``control``. One that identifies may be
counted, compared or subtracted as ``lineage.yml`` allows, and then only into a number or a flag.
"""

import hashlib
import json
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.errors import ConfigError, DataError, Place
from assets.home import Home
from assets.publish.codebook import TAGS, read_manifest
from assets.publish.gate import PLAIN_TYPES
from assets.yamlfile import read_yaml

if TYPE_CHECKING:
    import duckdb

DECLARED = Path(__file__).with_name("lineage.yml")
IDENTIFYING = frozenset({"direct", "free_text"})
Columns = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Schema → table → column → type."""


@dataclass(frozen=True)
class Declared:
    """``lineage.yml`` with the tags of the feed maps: what each source column is, what may come of it."""

    by_name: Mapping[str, str]
    by_column: Mapping[str, str]
    derived: tuple[Mapping[str, Any], ...]

    def tag(self, table: str, column: str) -> str | None:
        """The tag of ``schema.table`` and column; None where nobody has given one."""
        full = f"{table}.{column}"
        found = self.by_column.get(full) or self.by_name.get(column)
        return found or next((tag for name, tag in self.by_column.items() if fnmatchcase(full, name)), None)

    def allows(self, source: str, made: str) -> bool:
        """Whether the column named ``made`` may be derived from ``source`` (``raw.intake.date_of_birth``)."""
        return any(
            any(fnmatchcase(source, pattern) for pattern in entry["from"])
            and any(fnmatchcase(made, pattern) for pattern in entry["as"])
            for entry in self.derived
        )


def load_declared(config: Path, path: Path = DECLARED) -> Declared:
    """Read the declaration and the feeds of ``config``; ``ConfigError`` for an unknown tag or a missing reason."""
    from assets.ingest import load_feeds

    content = read_yaml(path.read_text("utf-8"))
    unknown = {*content["tags"], *content["columns"].values()} - set(TAGS)
    if unknown or any(not str(entry.get("why") or "").strip() for entry in content["derived"]):
        raise ConfigError(f"{path.name}: a tag is none of {', '.join(TAGS)}, or a derivation has no reason")
    by_column = dict(content["columns"])
    feeds = load_feeds(config)
    for name, table in feeds.tables.items():
        by_column |= {f"raw.{name}.{column}": entry.tag for column, entry in table.columns.items()}
    for name, survey in feeds.surveys.items():
        by_column |= dict.fromkeys((f"raw.{name}.{item}" for item in (*survey.items, *survey.multi)), "sensitive")
    by_name = {column: tag for tag, columns in content["tags"].items() for column in columns}
    return Declared(by_name, by_column, tuple(content["derived"]))


def check_lineage(home: Home, connection: "duckdb.DuckDBPyConnection") -> int:
    """Check the models of the last build against the declaration and return the number of columns of ``marts``.

    ``connection`` is open on the working database.

    Raises ``DataError`` ``UNTAGGED_COLUMN`` or ``DIRECT_IDENTIFIER`` with the column's name. Following takes more than
    a second, so a pass is remembered by a hash of SQL, columns and declaration.
    """
    from assets.warehouse.lineage import source_columns

    columns, declared = source_columns(connection), load_declared(home.config)
    untagged(columns, declared)
    models = compiled_models(home)
    told = [models, {schema: columns.get(schema, {}) for schema in ("raw", "control", "marts")}]
    digest = hashlib.sha256(json.dumps([*told, DECLARED.read_text("utf-8")], sort_keys=True).encode())
    digest.update(json.dumps([declared.by_column, declared.by_name], sort_keys=True).encode())
    kept = home.dbt / "lineage.stamp"
    n = sum(len(made) for made in columns.get("marts", {}).values())
    if kept.is_file() and kept.read_text() == digest.hexdigest():
        return n
    listed = {f"{column.table}.{column.name}" for column in read_manifest(home.manifest) if column.values}
    database = str(connection.execute("select current_database()").fetchall()[0][0])
    found = forbidden(follow(models, columns, database), columns, declared, listed)
    if found:
        source, made = found[0]
        raise DataError(
            "DIRECT_IDENTIFIER",
            f"a column of {made.rpartition('.')[0]} goes back to {source}, which identifies; lineage.yml allows no such"
            " derivation",
            Place(column=made.rpartition(".")[2]),
        )
    kept.write_text(digest.hexdigest())
    return n


def untagged(columns: Columns, declared: Declared) -> None:
    """Raise ``DataError`` ``UNTAGGED_COLUMN`` at the first raw column without a tag."""
    for table, names in sorted(columns.get("raw", {}).items()):
        for name in sorted(names):
            if declared.tag(f"raw.{table}", name) is None:
                raise DataError(
                    "UNTAGGED_COLUMN",
                    f"a column of raw.{table} has no privacy tag in its feed map or in lineage.yml",
                    Place(column=name),
                )


def compiled_models(home: Home) -> list[tuple[str, str, str]]:
    """Schema, name and SQL of every model as dbt compiled it last.

    ``outcomes explain`` and others compile for a database in memory, into the same folder: a publication rerun after
    them read columns of a database it did not know and stopped.
    """
    from assets.warehouse.database import ALIAS

    manifest = json.loads(home.manifest.read_text("utf-8"))
    files = {path.stem: path for path in (home.dbt / "compiled").rglob("*.sql")}
    names = sorted((n["schema"], n["name"]) for n in manifest["nodes"].values() if n["resource_type"] == "model")
    absent = [name for _, name in names if name not in files]
    if absent:
        raise DataError("NO_MANIFEST", "dbt has not left the SQL of every model, so their columns cannot be followed")
    working = f'"{ALIAS}".'
    return [(schema, name, files[name].read_text("utf-8").replace('"memory".', working)) for schema, name in names]


def follow(models: Iterable[tuple[str, str, str]], columns: Columns, database: str) -> dict[str, list[str]]:
    """Each column of ``marts`` (``marts.table.column``) → the source columns its value goes back to."""
    from assets.warehouse.compiled import CompiledModel
    from assets.warehouse.lineage import ColumnName, Lineage

    lineage = Lineage([CompiledModel(*model) for model in models], columns, database)
    return {
        f"marts.{table}.{column}": [str(source) for source in lineage.sources(ColumnName("marts", table, column))]
        for table, names in sorted(columns.get("marts", {}).items())
        for column in names
    }


def forbidden(
    followed: Mapping[str, list[str]], columns: Columns, declared: Declared, listed: Container[str] = ()
) -> list[tuple[str, str]]:
    """Pairs of an identifying source column and a column of ``marts`` made of it without leave.

    ``listed`` are columns (``marts.table.column``) whose codebook lists every text they may hold.
    """
    found = []
    for made, sources in followed.items():
        _, table, name = made.split(".")
        closed = PLAIN_TYPES.fullmatch(columns["marts"][table][name]) is not None or made in listed
        for source in sources:
            holder, _, column = source.rpartition(".")
            tag = declared.tag(holder, column)
            if (tag is None or tag in IDENTIFYING) and not (closed and declared.allows(source, name)):
                found.append((source, made))
    return found
