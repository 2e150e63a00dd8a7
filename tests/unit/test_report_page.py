"""The page as a document: well-formed, self-contained, equal for equal input, honest where there is nothing."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest

from assets.publish.report import ReportContext, render_report
from assets.publish.report.labels import MAINTENANCE_SENTENCE
from tests.unit import report_samples as samples

VOID = {"meta", "link", "br", "hr", "img", "input", "use", "path"}


class Document(HTMLParser):
    """A strict reading of the page: every tag closed in its order; ids, links, cells and text collected."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.rows: list[list[str]] = []
        self.text: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self._cell = False
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.attributes += attrs
        given = dict(attrs)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "a":
            self.links.append(str(given["href"]))
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
            self._cell = True

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.open.pop() == tag
        if tag in {"td", "th"}:
            self._cell = False

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            return
        self.text.append(data)
        if self._cell:
            self.rows[-1][-1] += data

    @property
    def plain(self) -> str:
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module")
def page() -> str:
    return render_report(samples.study_tables(), samples.context())


@pytest.fixture(scope="module")
def document(page: str) -> Document:
    return Document(page)


def test_the_page_is_well_formed_and_its_ids_are_unique(document: Document) -> None:
    assert len(document.ids) == len(set(document.ids))


def test_every_entry_of_the_contents_has_its_target(document: Document) -> None:
    assert len(document.links) > 15
    assert {link.removeprefix("#") for link in document.links} <= set(document.ids)
    for number in range(1, 9):
        assert f"table-{number}" in document.ids


def test_nothing_is_loaded_from_anywhere(page: str, document: Document) -> None:
    assert "http" not in page.lower()
    assert "<script" not in page
    assert "@import" not in page
    assert set(re.findall(r"url\(([^)#]*)", page)) <= {""}
    loading = {"src", "srcset", "data", "action", "poster", "background"}
    assert not [name for name, _ in document.attributes if name in loading or name.startswith("on")]
    outside = [value for name, value in document.attributes if name in {"href", "xlink:href"} and value]
    assert [value for value in outside if not value.startswith("#")] == ["data:,"]


def test_same_input_same_page(page: str) -> None:
    assert render_report(samples.study_tables(), samples.context()) == page


def test_records_of_results_json_give_the_same_page(page: str) -> None:
    records = {
        name: json.loads(table.to_json(orient="records", double_precision=15))
        for name, table in samples.study_tables().items()
    }
    assert render_report(records, samples.context()) == page


def test_nullable_columns_give_the_same_page(page: str) -> None:
    tables = {name: table.convert_dtypes() for name, table in samples.study_tables().items()}
    assert render_report(tables, samples.context()) == page


def test_the_banner_tells_the_zone(page: str) -> None:
    assert "Agency zone – contains small cells, do not pass on" in page
    with pytest.raises(ValueError, match="zone"):
        ReportContext(title="x", zone="secret")


def test_the_public_page_shows_no_single_client() -> None:
    pairs = pd.DataFrame({"pair": ["mspss"] * 2, "t0": [1.2345, 6.5], "t6": [2.5, 3.5]})
    agency = render_report(samples.study_tables(), samples.context(pairs=pairs))
    public = render_report(samples.study_tables(), samples.context(pairs=pairs, zone="public"))
    assert "Each thin line is one client." in agency
    assert "Each thin line is one client." not in public
    assert "Min–max" in agency
    assert "Min–max" not in public
    assert "12–21" not in public
    assert public == render_report(samples.study_tables(), samples.context(zone="public"))
    assert "3fa9c0d1e2b4" not in public


def test_labels_and_messages_cannot_become_markup() -> None:
    evil = "<img src=x onerror=alert(1)>\"'&\ue000$x^2$\x07"
    tables = samples.study_tables()
    tables["models"]["message"] = evil
    tables["participant_flow"]["reason"] = evil
    tables["descriptives"].loc[1:5, "level"] = [f"{evil}{index}" for index in range(5)]
    tables["diagnostics"]["check"] = evil
    every = dict.fromkeys(("age", "mspss", "race_ethnicity", "confirmed", "mspss_t0", "urica_stage_t0"), evil)
    context = samples.context(
        title=evil, labels=every, level_labels={"urica_stage_t0": {"contemplation": evil}}, notes=[evil], build_id=evil,
        footnotes={"descriptives": [evil]}, references={"readiness": evil}, config_hash=evil, code_version=evil,
    )  # fmt: skip
    page = render_report(tables, context)
    assert "<img" not in page
    document = Document(page)
    assert len(document.ids) == len(set(document.ids))
    assert not [name for name, _ in document.attributes if name.startswith("on")]
    assert "<img src=x onerror=alert(1)>" in document.plain


def test_markup_in_a_footnote_is_shown_as_text() -> None:
    page = render_report(samples.study_tables(), samples.context(footnotes={"descriptives": ["a <b>bold</b> claim"]}))
    assert "<b>" not in page


def test_without_any_table_the_page_says_so() -> None:
    document = Document(render_report({}, ReportContext(title="Nothing")))
    for sentence in (
        "There are no results yet.",
        "No variable was described.",
        "No scale was scored.",
        "No model was fitted.",
        "No pair of waves was compared.",
        "No client has a URICA stage.",
        "The flow of clients was not recorded.",
    ):
        assert sentence in document.plain


def _without_numbers(table: pd.DataFrame) -> pd.DataFrame:
    numeric = [name for name in table if pd.api.types.is_numeric_dtype(table[name]) and table[name].dtype != bool]
    return table.assign(**dict.fromkeys(numeric))


@pytest.mark.parametrize(
    "change", [lambda t: t.head(0), _without_numbers, lambda t: t.head(1), lambda t: t[t.columns[:2]]]
)
def test_whatever_is_missing_the_page_is_whole(change: Any) -> None:
    tables = {name: change(table) for name, table in samples.study_tables().items()}
    document = Document(render_report(tables, samples.context()))
    assert not re.search(r"\b(nan|None|NaT|inf)\b", document.plain)
    assert {link.removeprefix("#") for link in document.links} <= set(document.ids)


def test_infinite_numbers_are_told_as_undefined() -> None:
    tables = samples.study_tables()
    tables["coefficients"].loc[tables["coefficients"]["term"] == "age", ["b", "se", "exp_ci_high"]] = [
        float("inf"),
        -float("inf"),
        float("inf"),
    ]
    assert not re.search(r"\binf\b", Document(render_report(tables, samples.context())).plain)


def test_maintenance_never_stands_without_its_sentence(document: Document, page: str) -> None:
    assert document.plain.count(MAINTENANCE_SENTENCE) >= 3  # Table 1, Table 6, Table 7 where it is told to be left out
    for section in re.findall(r'<section class="table".*?</section>', page, re.DOTALL):
        if re.search(r">\s*Maintenance\s*<", section):
            assert MAINTENANCE_SENTENCE in section
    tables = samples.study_tables()
    tables["urica_stages"] = tables["urica_stages"].query("stage != 'maintenance'")
    tables["descriptives"] = tables["descriptives"].query("level != 'maintenance'")
    tables["models"]["message"] = None
    assert MAINTENANCE_SENTENCE not in Document(render_report(tables, samples.context())).plain


def test_no_sentence_speaks_of_causes_or_of_risk(document: Document) -> None:
    told = document.plain.lower()
    for word in (
        "causes",
        "caused by",
        "leads to",
        "results in",
        "impact",
        "influence",
        " effect of",
        "more likely",
        "risk of",
        "predicts",
    ):
        assert word not in told


def test_model_names_tell_apart_what_shares_an_outcome() -> None:
    tables = samples.study_tables()
    again = tables["models"].iloc[[0]].assign(model="second_try")
    tables["models"] = pd.concat([tables["models"], again], ignore_index=True)
    plain = Document(render_report(tables, samples.context())).plain
    assert "(mspss_composite)" in plain
    assert "(second_try)" in plain
