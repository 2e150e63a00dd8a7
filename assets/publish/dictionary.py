"""The data dictionary: every published table and column on one page, from the metadata that also fills the codebook."""

from collections.abc import Mapping, Sequence

from assets.publish.codebook import Column

HEAD = """# Data dictionary

Every table and column of `research.duckdb`. Written by `make dictionary` from the dbt project and
`assets/publish/metadata.yml` (a test compares them); the same text stands in `meta.codebook` and in the comments of
the file. `null` means "not defined or not recorded", never zero. Privacy: `none`, `quasi` (together with others it may
single somebody out), `sensitive`.
"""


def as_markdown(columns: Sequence[Column], tables: Mapping[str, str]) -> str:
    """Return the page; ``tables`` says what each table holds, by ``schema.table``."""
    names = list(dict.fromkeys(column.table for column in columns))
    lines = [HEAD, "| table | what it holds |", "|---|---|"]
    lines += [f"| [{name}](#{name.replace('.', '')}) | {_cell(tables.get(name))} |" for name in names]
    for name in names:
        lines += ["", f"## {name}", "", _plain(tables.get(name)), ""]
        lines += ["| column | label | meaning | unit | values | privacy | source |", "|---|---|---|---|---|---|---|"]
        for column in columns:
            if column.table == name:
                values = ", ".join(f"`{value}`" for value in column.values) or (column.kind or "")
                told = (column.label, column.meaning, column.unit, values, column.privacy, column.source)
                lines.append(f"| `{column.name}` | {' | '.join(_cell(text) for text in told)} |")
    return "\n".join(lines) + "\n"


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())


def _cell(text: str | None) -> str:
    return _plain(text).replace("|", "\\|")
