"""A form is known however its header is typed, ordered and surrounded; what is doubtful is refused, not guessed."""

import json
import unicodedata
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from assets.errors import DataError
from assets.ingest.casting import CastContext
from assets.ingest.cells import cell_text
from assets.ingest.config import Column, SurveyFeed, TableFeed, load_feeds
from assets.ingest.dates import DateReader
from assets.ingest.grid import Grid
from assets.ingest.parsed import Parsed
from assets.ingest.qualtrics_header import read_header
from assets.ingest.recognise import Header, find_header, unknown_form
from assets.ingest.survey_map import recognise_survey
from assets.ingest.table_batch import TableRun, column_letter
from assets.ingest.tables import check_header, read_table
from assets.ingest.texts import fold

FEEDS = load_feeds(Path(__file__).parents[2] / "config")
EDITIONS = [(v.name, feed) for name in sorted(FEEDS.tables) for v, feed in FEEDS.tables[name].editions()]
LACKS = {(feed, v.name): v.lacks for feed, base in FEEDS.tables.items() for v in base.versions}
KNOWN = {text for _, feed in EDITIONS for column in feed.columns.values() for text in column.known_headers}
ids = [f"{feed.feed} {version}" for version, feed in EDITIONS]
every_edition = pytest.mark.parametrize(("version", "feed"), EDITIONS, ids=ids)

gaps = st.sampled_from([" ", "  ", "\u00a0", "\n", "\r\n", " \u00a0", "\u2003", "\u200b ", "_"])
ends = st.sampled_from(["", " ", "\u00a0", "\n", " *", "*", ":", " * ", "*\n", ":\u2003", "\u200b", "\t"])
cases: Any = st.sampled_from([str, str.upper, str.lower, str.title, str.swapcase])
forms: Any = st.sampled_from(["NFC", "NFD"])
notes = st.sampled_from(
    ["", None, "Outcomes report", "Made by the office", "Confidential", "see the notes below", "Q3", 7, 3.5]
)
strange = st.text("bdgkqvwxz ñ", min_size=1, max_size=8).map(lambda text: f"zz {text.strip()} column")


@st.composite
def typed(draw: st.DrawFn, text: str) -> str:
    """The same name as another hand, keyboard or system may write it."""
    gap, case = draw(gaps), draw(cases)
    return unicodedata.normalize(draw(forms), case(text.replace(" ", gap))) + draw(ends)


def spelled(column: Column) -> st.SearchStrategy[str]:
    return st.sampled_from((column.header, *column.synonyms)).flatmap(typed)


class Sheet(NamedTuple):
    """A drawn sheet: its rows, the place of the header, what each column of the header is (None: unknown)."""

    rows: list[list[Any]]
    place: int
    meant: list[str | None]

    @property
    def names(self) -> list[Any]:
        return self.rows[self.place]


@st.composite
def sheets(draw: st.DrawFn, feed: TableFeed, without: tuple[str, ...] = ()) -> Sheet:
    """A form in any order under any known name, unknown columns between, titles and notes around it."""
    present = [
        name
        for name, column in feed.columns.items()
        if name not in without and (column.required or draw(st.booleans()))
    ]
    cells: list[tuple[str | None, Any]] = [(name, draw(spelled(feed.columns[name]))) for name in present]
    cells += [(None, name) for name in draw(st.lists(st.one_of(strange, st.none()), max_size=4, unique=True))]
    cells = draw(st.permutations(cells))
    above = draw(st.lists(st.lists(notes, max_size=len(cells) + 3), max_size=8))
    below = [[draw(st.sampled_from(["TX-00001", "5", "", None])) for _ in cells] for _ in range(2)]
    return Sheet([*above, [cell for _, cell in cells], *below], len(above), [name for name, _ in cells])


def lacking(feed: TableFeed, version: str) -> tuple[str, ...]:
    return LACKS[feed.feed, version]


@every_edition
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_form_is_known_by_its_names_alone(version: str, feed: TableFeed, data: st.DataObject) -> None:
    drawn = data.draw(sheets(feed, lacking(feed, version)))
    header = find_header(drawn.rows, FEEDS)
    assert header is not None
    assert (header.feed.feed, header.version.name, header.place, header.rows) == (feed.feed, version, drawn.place, 1)
    meant = {i: name for i, name in enumerate(drawn.meant) if name is not None}
    assert header.columns == meant
    own = {i for i, name in meant.items() if fold(drawn.names[i]) == fold(feed.columns[name].header)}
    assert header.synonyms == set(meant) - own
    assert (header.missing, header.duplicates) == ((), frozenset())
    check_header(header, "S")


@every_edition
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_unknown_columns_are_told_and_stay_out(version: str, feed: TableFeed, data: st.DataObject) -> None:
    drawn = data.draw(sheets(feed, lacking(feed, version)))
    handed: list[tuple[str, Any]] = []
    parsed = Parsed()
    header = find_header(drawn.rows, FEEDS)
    assert header is not None
    context = CastContext(FEEDS.agency, FEEDS.code_lists, DateReader("mdy", "UTC"), date(2026, 1, 1))
    read_table(TableRun(Grid("S", iter(drawn.rows)), header, context, parsed, lambda *both: handed.append(both), set()))
    unknown = [name for name, meant in zip(drawn.names, drawn.meant, strict=True) if meant is None and name]
    assert [name for name, _, how in parsed.headers[0].columns if how == "new"] == [cell_text(n) for n in unknown]
    for feed_name, table in handed:
        if feed_name == feed.feed:
            assert set(table.column_names) == {"sheet", "row_number", "client_id_raw", *feed.columns}
        else:
            nameless = {column_letter(i) for i, name in enumerate(drawn.names) if not name}
            assert set(table.column("column_name").to_pylist()) <= {cell_text(n) for n in unknown} | nameless


@every_edition
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_header_without_a_required_column_is_refused(version: str, feed: TableFeed, data: st.DataObject) -> None:
    lacks = {name for (of, _), names in LACKS.items() if of == feed.feed for name in names}
    needed = sorted(name for name, column in feed.columns.items() if column.required and name not in lacks)
    gone = data.draw(st.lists(st.sampled_from(needed), min_size=1, max_size=len(needed), unique=True))
    drawn = data.draw(sheets(feed, (*gone, *lacking(feed, version))))
    header = find_header(drawn.rows, FEEDS)
    if header is None:
        assert unknown_form([drawn.rows], FEEDS).code in ("WRONG_KIND", "NO_HEADER")
        return
    with pytest.raises(DataError) as refused:
        check_header(header, "S")
    assert refused.value.code == "MISSING_COLUMN"
    assert all(header.feed.columns[name].header in str(refused.value) for name in header.missing)
    assert header.feed.feed != feed.feed or set(header.missing) == set(gone)


@every_edition
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_two_columns_that_claim_one_name_are_never_guessed(version: str, feed: TableFeed, data: st.DataObject) -> None:
    drawn = data.draw(sheets(feed, lacking(feed, version)))
    place = data.draw(st.sampled_from([i for i, name in enumerate(drawn.meant) if name is not None]))
    name = drawn.meant[place] or ""
    second = data.draw(spelled(feed.columns[name]))
    at = data.draw(st.integers(0, len(drawn.names)))
    drawn.names.insert(at, second)
    places = {place + (at <= place): drawn.names[place + (at <= place)], at: second}
    own = [i for i, text in places.items() if fold(text) == fold(feed.columns[name].header)]
    header = find_header(drawn.rows, FEEDS)
    assert header is not None
    if len(own) == 1:
        # The column's own name settles it; the other one is told as a new column.
        assert header.columns[own[0]] == name
        assert set(places) - set(header.columns) == set(places) - set(own)
        check_header(header, "S")
        return
    with pytest.raises(DataError) as refused:
        check_header(header, "S")
    assert refused.value.code == "DUPLICATE_COLUMN"
    assert feed.columns[name].header in str(refused.value)


@settings(max_examples=60)
@given(st.lists(st.lists(st.one_of(notes, st.text(max_size=12), st.floats()), max_size=6), max_size=12))
def test_rows_without_known_names_are_no_header(rows: list[list[Any]]) -> None:
    assume(not any(isinstance(cell, str) and fold(cell) in KNOWN for row in rows for cell in row))
    assert find_header(rows, FEEDS) is None
    assert unknown_form([rows], FEEDS).code == "NO_HEADER"


@every_edition
def test_a_header_is_looked_for_only_where_the_map_says(version: str, feed: TableFeed) -> None:
    names = [c.header for name, c in feed.columns.items() if name not in lacking(feed, version)]
    found = [find_header([*[[]] * n, names], FEEDS) for n in (feed.header_within - 1, feed.header_within)]
    assert [isinstance(header, Header) for header in found] == [True, False]


@given(st.text(max_size=40), gaps, ends, cases, forms)
@example("Client ID *\u2003", " ", "", str, "NFC")
@example("CSE\u207bIT", " ", "", str, "NFC")
def test_folding_is_stable_and_blind_to_how_a_name_is_typed(
    text: str, gap: str, end: str, case: Any, form: Any
) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold(unicodedata.normalize(form, text.replace(" ", gap)) + end) == fold(text)
    if text.isascii():
        assert fold(case(text)) == fold(text)


META = ("ResponseId", "Status", "Finished", "RecordedDate", "Progress", "UserLanguage")
IMPORT_IDS = ("_recordId", "status", "finished", "recordedDate", "progress", "userLanguage")


@pytest.mark.parametrize("name", sorted(FEEDS.surveys))
@pytest.mark.parametrize("is_keyed", [True, False], ids=["by ImportId", "by name"])
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_survey_is_known_in_any_order_of_its_columns(name: str, is_keyed: bool, data: st.DataObject) -> None:
    feed: SurveyFeed = FEEDS.surveys[name]
    questions = {"client_id": feed.client_id, **feed.items}
    columns: list[tuple[str | None, str, str]] = [(None, *both) for both in zip(META, IMPORT_IDS, strict=True)]
    for item, question in questions.items():
        written = data.draw(st.sampled_from(question.names).flatmap(lambda text: cases.map(lambda case: case(text))))
        columns.append((item, data.draw(strange) if is_keyed else written, question.import_id))
    extra = data.draw(st.lists(strange, max_size=3, unique=True))
    columns += [(None, text, f"QID9{i}_TEXT") for i, text in enumerate(extra)]
    columns = data.draw(st.permutations(columns))
    records = [[written for _, written, _ in columns], ["?"] * len(columns)]
    if is_keyed:
        records.append([json.dumps({"ImportId": import_id}) for _, _, import_id in columns])
    header = read_header(records)
    assert header is not None
    found = recognise_survey(header, FEEDS)
    assert found is not None
    assert (found.feed.feed, found.confidence) == (name, 1.0)
    places = {item: i for i, (item, _, _) in enumerate(columns) if item is not None}
    assert {"client_id": found.client_id.place, **{i: c.place for i, c in found.items.items()}} == places
    assert {column.name for column in found.others} == set(extra)
