"""The report in a real browser: it asks nobody for anything, its links lead somewhere, and it fits a telephone."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.publish.report import numbers as fmt
from assets.publish.report import render_report
from tests.unit import report_samples as samples

LONG = "A label of a length that nobody wanted but somebody's codebook has, in a form with many words of explanation"


@dataclass
class Opened:
    """A page in the browser, with all it asked for and all it complained about."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def open_page(chromium: Any, path: Path, width: int) -> Opened:
    page = chromium.new_page(viewport={"width": width, "height": 900})
    opened = Opened(page)
    page.on("request", lambda request: opened.requests.append(request.url))
    page.on("console", lambda message: opened.complaints.append(message.text))
    page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_load_state("networkidle")
    return opened


@pytest.fixture(scope="module", params=["night", "long labels", "nothing"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a real night, one with labels too long for every column, and one without any result."""
    if request.param == "night":
        return Path(request.getfixturevalue("night").home) / "agency" / "report" / "report.html"
    path = tmp_path_factory.mktemp("report") / "report.html"
    if request.param == "nothing":
        path.write_text(render_report({}, samples.context(quality={})), "utf-8")
        return path
    names = (
        "age",
        "mspss",
        "mspss_friends",
        "race_ethnicity",
        "services_t0",
        "mspss_t0",
        "urica_stage_t0",
        "goals_set",
    )
    labels = {name: f"{LONG} ({name})" for name in names} | {"confirmed": "Unbroken" * 12}
    tables = samples.study_tables()
    tables["participant_flow"]["step"] = [f"{LONG} {index}" for index in range(3)]
    tables["participant_flow"]["reason"] = f"{LONG}. {LONG}."
    path.write_text(render_report(tables, samples.context(title=LONG, labels=labels)), "utf-8")
    return path


@pytest.mark.parametrize("width", [400, 1200])
def test_the_page_asks_nobody_and_fits(chromium: Any, report: Path, width: int) -> None:
    opened = open_page(chromium, report, width)
    assert opened.complaints == []
    assert [url for url in opened.requests if url != report.as_uri()] == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    wide = opened.page.evaluate(
        """() => [...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll')
        && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(e => e.outerHTML.slice(0,
        80))"""
    )
    assert wide == []
    opened.page.close()


def test_every_line_of_the_contents_leads_to_its_place(chromium: Any, report: Path) -> None:
    opened = open_page(chromium, report, 1200)
    links = opened.page.locator("nav a")
    assert links.count() >= 12
    opened.page.add_style_tag(content="html { scroll-behavior: auto !important }")
    for index in range(links.count()):
        link = links.nth(index)
        target = str(link.get_attribute("href"))
        link.click()
        box = opened.page.locator(target).bounding_box()
        assert 0 <= box["y"] < 900, target
        banner = opened.page.locator(".banner").bounding_box()
        at_end = opened.page.evaluate("window.innerHeight + window.scrollY >= document.body.scrollHeight - 2")
        assert at_end or box["y"] >= banner["y"] + banner["height"] - 1, f"{target} is hidden under the banner"
    opened.page.close()


def test_no_word_of_a_figure_is_cut_off(chromium: Any, report: Path) -> None:
    opened = open_page(chromium, report, 1200)
    cut = opened.page.evaluate(
        """() => [...document.querySelectorAll('figure svg')].flatMap(svg => {
        const frame = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text')].filter(text => {
          const box = text.getBoundingClientRect();
          return box.left < frame.left - 3 || box.right > frame.right + 3
            || box.top < frame.top - 3 || box.bottom > frame.bottom + 3;
        }).map(text => svg.getAttribute('aria-label').slice(0, 30) + ': ' + text.textContent)})"""
    )
    assert cut == []
    opened.page.close()


def test_wide_tables_scroll_in_place_and_can_be_reached_by_keyboard(chromium: Any, report: Path) -> None:
    opened = open_page(chromium, report, 400)
    regions = opened.page.locator(".scroll")
    for index in range(regions.count()):
        region = regions.nth(index)
        assert region.get_attribute("tabindex") == "0"
        name = str(region.get_attribute("aria-labelledby"))
        assert opened.page.locator(f"#{name}").inner_text().strip()
    opened.page.close()


def test_on_paper_nothing_is_lost_to_a_scroll_bar(chromium: Any, report: Path) -> None:
    opened = open_page(chromium, report, 1000)
    opened.page.emulate_media(media="print")
    assert opened.page.locator("nav").is_hidden()
    assert opened.page.locator(".banner").is_visible()
    clipped = opened.page.evaluate(
        "() => [...document.querySelectorAll('.scroll')].filter(e => getComputedStyle(e).overflowX != 'visible').length"
    )
    assert clipped == 0
    opened.page.close()


def test_the_nights_page_shows_the_numbers_of_the_published_study(chromium: Any, night: Any) -> None:
    """From the published database to what a person reads, with nothing of the report's own builders between."""
    with duckdb.connect(str(night.home / "research" / "research.duckdb"), read_only=True) as connection:
        coefficients = connection.execute(
            "select model, term, b, se, p from study.coefficients where method = 'ml' and equation is null and b is "
            "not null"
        ).fetchall()
        tests = connection.execute("select n_pairs, z, p from study.paired_tests").fetchall()
        stages = connection.execute("select n, percent from study.urica_stages where wave = 't0'").fetchall()
        build = connection.execute("select build_id from meta.build").fetchone()
    opened = open_page(chromium, night.home / "agency" / "report" / "report.html", 1200)
    rows = [opened.page.locator(f"#table-{number} tbody tr").all_inner_texts() for number in range(1, 9)]
    assert build is not None
    assert build[0] in opened.page.locator("header").inner_text()
    opened.page.close()
    assert len(coefficients) == 10
    for model, _, b, se, p in coefficients:
        table = rows[3] if model == "mspss_composite" else rows[4]
        decimals = fmt.decimals_for(se)
        wanted = {fmt.number(b, decimals), fmt.number(se, decimals), fmt.p_value(p)}
        assert any(wanted <= set(row.split("\t")) for row in table), wanted
    assert len(tests) == len(rows[2]) == 5
    for n, z, p in tests:
        assert any({str(n), fmt.number(z), fmt.p_value(p)} <= set(row.split("\t")) for row in rows[2])
    assert len(stages) == len(rows[5]) == 4
    for n, percent in stages:
        assert any({str(n), fmt.percent(percent)} <= set(row.split("\t")) for row in rows[5])
