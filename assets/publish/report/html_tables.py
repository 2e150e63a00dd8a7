"""A report table as HTML, laid out by great_tables; the page's own style sheet serves all tables.

great_tables writes 20 kB of style into each table: twelve tables would be a quarter megabyte of it. It is cut out,
and the
page styles the library's class names once. Every text goes through the library's own escaping; the italics marks
pass it unharmed and become ``<em>`` afterwards.
"""

import re
import warnings

from assets.publish.report.headings import heading
from assets.publish.report.table import ReportTable, spans
from assets.publish.report.text import to_html

_STYLE = re.compile(r"<style>.*?</style>\s*", re.DOTALL)
_FRAME = re.compile(r"^\s*<div[^>]*>\s*|\s*</div>\s*$")
_MARKED = str.maketrans({"\ue000": "<em>", "\ue001": "</em>"})


def table_html(table: ReportTable) -> str:
    """Render one table with its number, title and notes as a section that a link can reach."""
    head = heading(table.anchor, table.number, table.title)
    body = f'<p class="empty">{to_html(table.empty)}</p>' if table.is_empty else _grid(table)
    notes = (
        ""
        if table.is_empty or not table.notes
        else f'<p class="note"><em>Note.</em> {to_html(" ".join(table.notes))}</p>'
    )
    return f'<section class="table" id="{table.anchor}">{head}{body}{notes}</section>'


def _grid(table: ReportTable) -> str:
    import pyarrow as pa  # type: ignore[import-untyped, unused-ignore]
    from great_tables import GT

    names = [f"c{index}" for index in range(len(table.columns))]
    grouped = any(row.group for row in table.rows)
    data = {"stub": [row.label for row in table.rows]}
    for index, name in enumerate(names):
        data[name] = [row.cells[index] for row in table.rows]
    if grouped:
        data["group"] = [row.group for row in table.rows]
    with warnings.catch_warnings():
        # The library writes its output cell by cell, which takes a pandas frame 41 ms for 25 rows of 10 and an Arrow
        # table 13 ms; it calls its Arrow support experimental, so a test compares the two outputs.
        warnings.filterwarnings("ignore", message="PyArrow Table support", category=UserWarning)
        grid = GT(
            pa.table(data), rowname_col="stub", groupname_col="group" if grouped else None, id=f"{table.anchor}-grid"
        )
    grid = grid.tab_stubhead(table.stub).cols_align("right", names)
    grid = grid.cols_align("left", [name for name, column in zip(names, table.columns, strict=True) if column.words])
    grid = grid.cols_label(dict(zip(names, (column.label for column in table.columns), strict=True)))
    for number, (start, members, spanner) in enumerate(spans(table.columns)):
        grid = grid.tab_spanner(spanner, names[start : start + members], id=f"span{number}")
    html = _FRAME.sub("", _STYLE.sub("", grid.render("html"), count=1)).translate(_MARKED)
    return f'<div class="scroll" role="region" tabindex="0" aria-labelledby="{table.anchor}-title">{html}</div>'
