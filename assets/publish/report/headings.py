"""The heading above a table or figure: number in bold, title in italics, as APA sets them."""

from assets.publish.report.text import to_html


def heading(anchor: str, number: str, title: str) -> str:
    """Return the ``<h3>`` that links, the contents and screen readers refer to."""
    shown = f'<span class="number">{to_html(number)}</span> ' if number else ""
    return f'<h3 id="{anchor}-title">{shown}<span class="title">{to_html(title)}</span></h3>'


def entry(anchor: str, number: str, title: str) -> str:
    """Return the line in the contents."""
    text = f"{number}. {title}" if number else title
    return f'<li><a href="#{anchor}">{to_html(text)}</a></li>'
