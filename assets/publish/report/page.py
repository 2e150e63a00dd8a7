"""The page around tables and figures."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from assets.publish.report import numbers as fmt
from assets.publish.report.context import ReportContext
from assets.publish.report.figure_model import ReportFigure
from assets.publish.report.headings import entry, heading
from assets.publish.report.html_tables import table_html
from assets.publish.report.table import ReportTable
from assets.publish.report.text import clean, to_html

_CSS = Path(__file__).with_name("report.css")


@dataclass(frozen=True)
class Section:
    """A chapter of the page: a heading, sentences, then tables and figures in their order."""

    anchor: str
    title: str
    blocks: tuple["ReportTable | ReportFigure", ...] = ()
    points: tuple[str, ...] = ()
    lead: str = ""


def page(context: ReportContext, sections: Sequence[Section]) -> str:
    """Put the page together: no script, nothing loaded from anywhere, readable at any width and on paper."""
    title = to_html(clean(context.title))
    head = (
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="referrer" content="no-referrer">\n<title>{title}</title>\n'
        # An empty icon of its own, or the browser asks the server (or the disk) for favicon.ico.
        f'<link rel="icon" href="data:,">\n<style>\n{_CSS.read_text(encoding="utf-8")}</style>'
    )
    contents = "".join(_entry(section) for section in sections)
    body = (
        f'<div class="banner {context.zone}" role="note">{to_html(context.banner)}</div>\n<div class="layout">\n'
        f"<header><h1>{title}</h1>{_facts(context)}</header>\n"
        f'<nav aria-label="Contents"><h2>Contents</h2><ol>{contents}</ol></nav>\n'
        f"<main>{''.join(_section(section) for section in sections)}</main>\n<footer>{to_html(context.banner)}. "
        f"Build {to_html(clean(context.build_id)) or 'not told'}.</footer>\n</div>"
    )
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'


def _facts(context: ReportContext) -> str:
    facts: Mapping[str, str] = {
        "Clients": fmt.count(context.n_clients) if context.n_clients is not None else "",
        "Study period": " to ".join(_day(day) for day in context.study_period) if context.study_period else "",
        "Built": _day(context.built_at, clock=True),
        "Build": clean(context.build_id),
        "Code": clean(context.code_version),
        "Configuration": clean(context.config_hash)[:12],
    }
    items = "".join(
        f"<div><dt>{name}</dt><dd>{html.escape(value)}</dd></div>" for name, value in facts.items() if value
    )
    return f'<dl class="facts">{items}</dl>'


def _day(value: datetime | date | str, clock: bool = False) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M %Z" if clock else "%Y-%m-%d").strip()
    return clean(value.isoformat() if isinstance(value, date) else value)


def _entry(section: Section) -> str:
    below = "".join(entry(block.anchor, block.number, block.title) for block in section.blocks)
    return (
        f'<li><a href="#{section.anchor}">{to_html(section.title)}</a>'
        + (f"<ol>{below}</ol>" if below else "")
        + "</li>"
    )


def _section(section: Section) -> str:
    lead = f"<p>{to_html(section.lead)}</p>" if section.lead else ""
    points = (
        f'<ul class="{"headlines" if section.anchor == "summary" else "notes"}">'
        + "".join(f"<li>{to_html(point)}</li>" for point in section.points)
        + "</ul>"
        if section.points
        else ""
    )
    blocks = "".join(
        table_html(block) if isinstance(block, ReportTable) else _figure(block) for block in section.blocks
    )
    return f'<h2 id="{section.anchor}">{to_html(section.title)}</h2>{lead}{points}{blocks}\n'


def _figure(figure: ReportFigure) -> str:
    head = heading(figure.anchor, figure.number, figure.title)
    if not figure.svg:
        return f'<figure id="{figure.anchor}">{head}<p class="empty">{to_html(figure.empty)}</p></figure>'
    note = f'<figcaption><p class="note"><em>Note.</em> {to_html(figure.note)}</p></figcaption>' if figure.note else ""
    scroll = (
        f'<div class="scroll" role="region" tabindex="0" aria-labelledby="{figure.anchor}-title">{figure.svg}</div>'
    )
    return f'<figure id="{figure.anchor}">{head}{scroll}{note}</figure>'
