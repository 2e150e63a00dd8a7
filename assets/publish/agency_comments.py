"""What the tables of ``agency.duckdb`` hold that only the agency sees, for the comments of that file.

Each thing is told in one place: tables that dbt reads in its sources, columns of forms and surveys in their maps, all
else in ``agency_tables.yml``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.ingest.config import Column, Feeds, MultiQuestion, Question, SurveyFeed, TableFeed
from assets.yamlfile import read_yaml

FILE = Path(__file__).with_name("agency_tables.yml")
SPSS = "minimal_dataset"
NO_MAP = "Records of a form that no map describes any more. Grain: one row a record of every loaded export."
KINDS = {
    "text": "text", "id": "an ID", "client_id": "a client ID", "date": "a day", "month": "the first day of a month",
    "datetime": "a moment, agency time", "integer": "a whole number", "number": "a number",
}  # fmt: skip
TOLD = {"direct": "Can identify a client.", "free_text": "Free text, which may name anybody."}
"""Privacy tag of a form's column → what a reader must know; the other tags say nothing of one row alone."""


@dataclass(frozen=True)
class Told:
    """Comments of tables (``schema.table``) and of columns (schema, table, column)."""

    tables: Mapping[str, str]
    columns: Mapping[tuple[str, str, str], str]


def agency_comments(manifest: Mapping[str, Any], feeds: Feeds, present: Iterable[tuple[str, str, str]]) -> Told:
    """Tell the tables before the marts and beside them.

    ``manifest`` is dbt's, ``present`` the columns there are (schema, table, name): a raw table may be older than the
    maps. Columns whose meaning is not known are left out.
    """
    content = read_yaml(FILE.read_text("utf-8"))
    entries, everywhere = content["tables"], content["everywhere"]
    sources = {f"{source['schema']}.{source['name']}": source["description"] for source in manifest["sources"].values()}
    for name in feeds.spss:
        for part in ("", "_variables", "_sets"):
            entries.setdefault(f"raw.{name}{part}", entries[f"raw.{SPSS}{part}"])
    tables = {name: entry["told"] for name, entry in entries.items() if "told" in entry} | sources
    columns: dict[tuple[str, str, str], str] = {}
    for schema, table, name in present:
        full = f"{schema}.{table}"
        if full not in tables and schema == "raw":
            tables[full] = _form(feeds.all[table].title.en) if table in feeds.all else NO_MAP
        own = entries.get(full, {}).get("columns", {}).get(name)
        if own is None and schema == "raw":
            own = _of_a_feed(feeds, table, name, content["survey"])
        meaning = own or everywhere.get(name)
        if meaning and full in tables:
            columns[schema, table, name] = meaning
    return Told(tables, columns)


def _form(title: str) -> str:
    return f"Every version of every record of the form {title!r}. Grain: one row a record of every loaded export."


def _of_a_feed(feeds: Feeds, table: str, name: str, beside: Mapping[str, str]) -> str | None:
    """What a column of a form or survey holds; None where its map does not tell."""
    feed = feeds.all.get(table)
    if isinstance(feed, TableFeed) and name in feed.columns and name != "client_id":
        return _of_a_form(feed.columns[name])
    if isinstance(feed, SurveyFeed):
        if name in feed.items:
            return _item(feed.items[name], feed)
        if name in feed.multi:
            return _multi(feed.multi[name])
        return beside.get(name)
    return None


def _of_a_form(column: Column) -> str:
    if column.type == "code":
        kind = f"a code of the list {column.codes}"
    elif column.type == "multi":
        kind = f"codes of the list {column.codes}, joined by |; '' where none is noted, null where the form lacks it"
    else:
        kind = KINDS[column.type]
    return f"{column.header!r} of the form: {kind}. {TOLD.get(column.tag, '')}".strip()


def _item(item: Question, feed: SurveyFeed) -> str:
    labels = feed.labels.get(item.labels or "", {})
    said = "; ".join(f"{code} {label.en}" for code, label in sorted(labels.items()))
    listed = f" ({said})" if said else ""
    return f"Answer to {item.import_id}, {item.low} to {item.high}{listed}; null where not answered."


def _multi(question: MultiQuestion) -> str:
    said = "; ".join(f"{code} {option.en}" for code, option in question.options.items())
    return (
        f"Choices ticked at {question.import_id} ({said}), joined by |; '' where none was, null where the export does"
        " not say that it was asked."
    )
