"""The maps of the feeds (``config/feeds/*.yml``) as typed objects, checked when they are loaded.

A mistake in a map is told as :class:`assets.errors.ConfigError` with file and key, for the person who edits it.
"""

import hashlib
import re
from datetime import date
from pathlib import Path
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator, model_validator

from assets.errors import ConfigError
from assets.ingest.names import check_names
from assets.ingest.texts import fold, slug
from assets.ingest.versions import Version, check_dates, edition, in_order
from assets.mistakes import told, wrong
from assets.near import instead
from assets.yamlfile import read_yaml, trouble

T = TypeVar("T", bound=BaseModel)
ColumnType = Literal["text", "id", "client_id", "date", "datetime", "month", "integer", "number", "code", "multi"]


class Strict(BaseModel):
    """A part of the configuration: unknown keys are mistakes, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(Strict):
    """A name people read, in English and Spanish."""

    en: str
    es: str


class Column(Strict):
    """One column of a workbook feed: how it is headed, what it holds, and what is required of it."""

    header: str
    type: ColumnType
    synonyms: tuple[str, ...] = ()
    required: bool = False
    codes: str | None = None
    strict: bool = False
    low: float | None = None
    high: float | None = None
    not_future: bool = False
    not_before: date | None = None
    fill_down: bool = False
    decimal_comma: bool = False
    tag: Literal["direct", "quasi", "sensitive", "free_text", "none"]

    @property
    def known_headers(self) -> frozenset[str]:
        """Folded spellings under which the column is recognised."""
        return frozenset(fold(text) for text in (self.header, *self.synonyms))


class OrderRule(Strict):
    """Two dates of one row that must not be the wrong way round."""

    earlier: str
    later: str
    code: str
    outcome: Literal["warn", "quarantine"]


class FeedBase(Strict):
    """What every feed has, whatever its format."""

    feed: str
    title: Title
    snapshot: Literal["full", "incremental"] = "full"
    expect_every_days: int | None = None
    key: tuple[str, ...]
    newest_by: str | None = None
    versions: tuple[Version, ...] = Field(min_length=1)

    @field_validator("versions")
    @classmethod
    def _one_edition_a_day(cls, versions: tuple[Version, ...]) -> tuple[Version, ...]:
        check_dates(versions)
        return versions


class TableFeed(FeedBase):
    """A workbook or CSV of the case-management system; ``columns`` describes the edition in use."""

    format: Literal["table"]
    date_order: Literal["mdy", "dmy", "ymd"] = "mdy"
    columns: dict[str, Column]
    order_rules: tuple[OrderRule, ...] = ()
    same_time: tuple[str, str] | None = None
    total_words: tuple[str, ...] = ("total", "totals", "grand total", "subtotal", "totales", "suma")
    header_within: int = Field(default=30, ge=1, le=38)
    """The header stands in one of so many first rows."""
    _editions: list[tuple[Version, "TableFeed"]] = PrivateAttr(default_factory=list)

    def editions(self) -> list[tuple[Version, "TableFeed"]]:
        """Each edition with the map as it was then, newest first; made once."""
        if not self._editions:
            self._editions.extend((v, edition(self, v)) for v in reversed(in_order(self.versions)))
        return self._editions

    @model_validator(mode="before")
    @classmethod
    def _without_sheets(cls, body: Any) -> Any:
        """Maps of agencies may still name ``sheets``, which were never read: a sheet is known by its header."""
        return {key: value for key, value in body.items() if key != "sheets"} if isinstance(body, dict) else body

    @model_validator(mode="after")
    def _names_exist(self) -> "TableFeed":
        wanted = [("key", name) for name in self.key]
        for i, rule in enumerate(self.order_rules):
            wanted += [(f"order_rules.{i}.earlier", rule.earlier), (f"order_rules.{i}.later", rule.later)]
        for i, version in enumerate(self.versions):
            wanted += [(f"versions.{i}.lacks", name) for name in version.lacks]
            wanted += [(f"versions.{i}.columns", name) for name in version.columns]
        wanted += [("newest_by", self.newest_by)] if self.newest_by else []
        wanted += [("same_time", name) for name in self.same_time or ()]
        check_names((self.feed, *self.columns))
        misnamed = [name for name, c in self.columns.items() if (c.type == "client_id") != (name == "client_id")]
        if misnamed:
            raise ValueError(f"the column of type client_id must be called client_id, and no other: {misnamed[0]}")
        for key, name in wanted:
            if name not in self.columns:
                raise wrong(key, f"this feed has no column {name!r}; {instead(name, self.columns)}")
        return self


class Question(Strict):
    """One question of a survey: its ImportId, the names older exports use, its range and its label table."""

    import_id: str
    names: tuple[str, ...] = ()
    low: int = 0
    high: int = 0
    labels: str | None = None


class Option(Title):
    """One choice of a multi-select; ``choice`` is its number in ImportIds where that is not its code."""

    choice: int | None = None


class MultiQuestion(Strict):
    """A question of which several choices may be ticked: its ImportId, the names older exports use, its options by
    code in the order in which they are stored."""

    import_id: str
    names: tuple[str, ...] = ()
    options: dict[int, Option] = Field(min_length=1)

    def numbers(self) -> dict[int, int]:
        """The number an option has in ImportIds → its code."""
        return {code if option.choice is None else option.choice: code for code, option in self.options.items()}

    @model_validator(mode="after")
    def _told_apart(self) -> "MultiQuestion":
        if 0 in self.options:
            raise ValueError("0 cannot be the code of an option: in a column of its own it says that it is not ticked")
        if len(self.numbers()) != len(self.options):
            raise ValueError("two options have one choice number")
        codes: dict[str, int] = {}
        for code, option in self.options.items():
            for label in (option.en, option.es):
                if codes.setdefault(fold(label), code) != code:
                    raise ValueError("two options have one label")
        return self


class SurveyFeed(FeedBase):
    """A Qualtrics survey in any of the shapes it is downloaded in."""

    format: Literal["survey"]
    client_id: Question
    missing_codes: dict[int, str] = Field(default_factory=dict)
    items: dict[str, Question]
    multi: dict[str, MultiQuestion] = Field(default_factory=dict)
    labels: dict[str, dict[int, Title]]

    @model_validator(mode="after")
    def _labels_exist(self) -> "SurveyFeed":
        check_names((self.feed, *self.items, *self.multi))
        for name, question in self.multi.items():
            if name in self.items:
                raise ValueError(f"multi.{name}: an item has this name already")
            if set(question.options) & set(self.missing_codes):
                raise ValueError(f"multi.{name}.options: a code is declared as missing")
        for name, item in self.items.items():
            if item.labels is not None and item.labels not in self.labels:
                near = instead(item.labels, self.labels)
                raise wrong(f"items.{name}.labels", f"this feed has no label table {item.labels!r}; {near}")
        return self


class SpssFeed(FeedBase):
    """A wide SPSS file, one row a participant."""

    format: Literal["spss"]
    case_number: str
    variables: tuple[str, ...]
    known_at_least: float = 0.5
    identifying_words: tuple[str, ...] = ()


Feed = TableFeed | SurveyFeed | SpssFeed


class Code(Strict):
    """One canonical code with its labels and the other spellings it answers to."""

    code: str
    en: str
    es: str
    also: tuple[str, ...] = ()


class CodeList(Strict):
    """The values of one coded column, in the order in which multi-selects are stored."""

    codes: tuple[Code, ...]
    suffixes: tuple[str, ...] = ()
    _spellings: dict[str, str] = PrivateAttr(default_factory=dict)

    def spellings(self) -> dict[str, str]:
        """Folded spelling → code, for every label, synonym and code of the list; made once."""
        found = self._spellings
        if found:
            return found
        for entry in self.codes:
            for text in (entry.code, entry.code.replace("_", " "), entry.en, entry.es, *entry.also):
                found.setdefault(fold(text), entry.code)
                for suffix in self.suffixes:
                    found.setdefault(fold(f"{text} {suffix}"), entry.code)
                    found.setdefault(fold(f"{suffix} de {text}"), entry.code)
        return found


class ClientIdRule(Strict):
    """A client ID is ``prefix``, a dash and ``digits`` digits."""

    prefix: str
    digits: int

    @property
    def pattern(self) -> re.Pattern[str]:
        """The canonical form as a regular expression."""
        return re.compile(rf"{re.escape(self.prefix)}-[0-9]{{{self.digits}}}")


class Agency(Strict):
    """What all feeds share: name, time zone and the shape of a client ID."""

    name: str
    time_zone: str
    client_id: ClientIdRule

    @field_validator("time_zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            near = instead(zone, sorted(available_timezones()))
            raise ValueError(f"no time zone is called so; {near}") from None
        return zone


class Feeds(Strict):
    """Everything ingestion must know about the sources; ``hash`` changes when any of it changes."""

    agency: Agency
    tables: dict[str, TableFeed]
    surveys: dict[str, SurveyFeed]
    spss: dict[str, SpssFeed]
    code_lists: dict[str, CodeList]
    hash: str
    learned: dict[str, dict[str, dict[str, int]]] = Field(default_factory=dict)
    """Feed → item → folded label → code, of survey definitions; a map's own labels come first (``definitions.py``)."""
    contested: dict[str, dict[str, int]] = Field(default_factory=dict)
    """Feed → item → how many of the map's labels the newest definition gives another code."""

    @property
    def all(self) -> dict[str, Feed]:
        """Every feed by its name."""
        return {**self.tables, **self.surveys, **self.spss}


def load_feeds(config_dir: Path) -> Feeds:
    """Read ``agency.yml`` and ``feeds/*.yml`` below ``config_dir``.

    Raises :class:`ConfigError` naming file and key when something is missing, misspelt or of the wrong type.
    """
    digest = hashlib.sha256()
    agency = _parse(Agency, config_dir / "agency.yml", _read(config_dir / "agency.yml", digest))
    lists_file = config_dir / "feeds" / "code_lists.yml"
    code_lists = {name: _code_list(name, body, lists_file) for name, body in _read(lists_file, digest).items()}
    feeds: dict[str, Feed] = {}
    kinds: dict[str, type[TableFeed | SurveyFeed | SpssFeed]] = {
        "table": TableFeed,
        "survey": SurveyFeed,
        "spss": SpssFeed,
    }
    for path in sorted((config_dir / "feeds").glob("*.yml")):
        if path.name == lists_file.name:
            continue
        body = _read(path, digest)
        kind = kinds.get(str(body.get("format")))
        if kind is None:
            raise ConfigError(f"{path.name}: format: must be one of {', '.join(kinds)}")
        feed: Feed = _parse(kind, path, body)
        if feed.feed in feeds:
            raise ConfigError(f"{path.name}: feed: '{feed.feed}' is described twice")
        feeds[feed.feed] = feed
    for feed in feeds.values():
        _check_codes(feed, code_lists)
    return Feeds(
        agency=agency,
        tables={n: f for n, f in feeds.items() if isinstance(f, TableFeed)},
        surveys={n: f for n, f in feeds.items() if isinstance(f, SurveyFeed)},
        spss={n: f for n, f in feeds.items() if isinstance(f, SpssFeed)},
        code_lists=code_lists,
        hash=digest.hexdigest(),
    )


def _read(path: Path, digest: Any) -> dict[str, Any]:
    if not path.is_file():
        raise ConfigError(f"{path.name}: the file is missing")
    content = path.read_bytes()
    digest.update(content)
    try:
        body = read_yaml(content)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path.name}: {trouble(error)}") from None
    if not isinstance(body, dict):
        raise ConfigError(f"{path.name}: must hold keys and values")
    return body


def _parse(model: type[T], path: Path, body: dict[str, Any], name: str = "") -> T:
    """Check ``body``; ``name`` is the key it stands under in the file."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        under = f"{name}." if name else ""
        raise ConfigError(f"{path.name}: {under}{told(error, model)}") from None


def _code_list(name: str, body: Any, path: Path) -> CodeList:
    if isinstance(body, list):
        return _parse(CodeList, path, {"codes": body}, name)
    if isinstance(body, dict) and isinstance(body.get("names"), list):
        codes = [{"code": slug(text), "en": text, "es": text} for text in map(str, body["names"])]
        return _parse(CodeList, path, {"codes": codes, "suffixes": body.get("suffixes", [])}, name)
    raise ConfigError(f"{path.name}: {name}: must be a list of codes, or hold 'names'")


def _check_codes(feed: Feed, code_lists: dict[str, CodeList]) -> None:
    if not isinstance(feed, TableFeed):
        return
    for version, then in [(None, feed), *feed.editions()]:
        for name, column in then.columns.items():
            if column.type in ("code", "multi") and column.codes not in code_lists:
                where = f"versions.{version.name}." if version is not None else ""
                near = (
                    instead(column.codes, code_lists) if column.codes else f"a column of type {column.type} needs one"
                )
                raise ConfigError(
                    f"{feed.feed}.yml: {where}columns.{name}.codes: no such list in code_lists.yml; {near}"
                )
