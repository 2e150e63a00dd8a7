"""A first map for a form nobody has described yet, for a person to read, mend and approve. It holds names and no
values."""

import re
from collections import Counter
from pathlib import Path

from assets.errors import DataError
from assets.ingest.cells import cell_text
from assets.ingest.dates import DateReader
from assets.ingest.draft_survey import DraftMulti, propose_multi
from assets.ingest.excel import open_workbook
from assets.ingest.grid import Grid
from assets.ingest.layout import Part, describe_layout, probable_header
from assets.ingest.names import is_name
from assets.ingest.parsed import Parsed
from assets.ingest.safety import scan_archive
from assets.ingest.signature import signature_of
from assets.ingest.survey_text import survey_columns, survey_header
from assets.ingest.textfile import read_text
from assets.ingest.texts import slug

SAMPLE_ROWS = 500
_CLIENT = re.compile(r"^(client_?(id|no|number)|id_de(l)?_cliente|numero_de_cliente)$")


def draft_map(path: Path, name: str) -> str:
    """A draft of ``config/feeds/<name>.yml`` as text: columns, proposed types, everything tagged ``direct`` until
    approved.

    Raises :class:`DataError` when the file cannot be read or shows no header.
    """
    what, parts = describe_layout(path)
    if what == "Qualtrics export":
        return _survey(name, path)
    if what == "SPSS file":
        return _spss(name, parts[0])
    return _table(name, path)


def _head(name: str, kind: str) -> list[str]:
    return [
        "# A draft: read every line, set the key, required columns, types, code lists and tags, then remove this line.",
        f"feed: {column_name(name, 'new_form')}",
        f"title: {{en: {_quoted(name)}, es: {_quoted(name)}}}",
        f"format: {kind}",
        "snapshot: full                      # each export holds all records; `incremental` if it holds only new ones",
    ]


def _table(name: str, path: Path) -> str:
    grid = _first_table(path)
    head = grid.head()
    place = probable_header(head)
    if place is None:
        raise DataError("NO_HEADER", "no row looks like a header")
    headers = [cell_text(cell) for cell in head[place]]
    _, batch = next(grid.batches(place + 1 + SAMPLE_ROWS))
    below = batch[place + 1 :]
    cells = [[cell_text(row[i]) if i < len(row) else None for row in below] for i in range(len(headers))]
    order = _date_order([text for column in cells for text in column if text])
    names = _names(headers)
    kinds = {i: proposed_type(cells[i], names[i], order) for i in names}
    key = _key(names, cells, kinds)
    if key is not None:
        kinds[key] = "id" if kinds[key] in ("integer", "text") else kinds[key]
    lines = _head(name, "table")
    told = "names a record" if key is not None else "no column names a record by itself: name those that do together"
    lines.append(f"key: [{names[key] if key is not None else next(iter(names.values()))}]     # {told}")
    lines.append(f"date_order: {order}                     # how text dates are written")
    lines += ['versions:\n  - {name: "1", since: 2000-01-01}', "columns:"]
    for i, column in names.items():
        required = ", required: true" if i == key or kinds[i] == "client_id" else ""
        facts = f"header: {_quoted(headers[i] or '')}, type: {kinds[i]}{required}, tag: direct"
        lines.append(f"  {column}: {{{facts}}}{_hint(cells[i])}")
    return "\n".join(lines) + "\n"


def _names(headers: list[str | None]) -> dict[int, str]:
    """A name for each headed column, distinct and fit for the warehouse."""
    names: dict[int, str] = {}
    taken: Counter[str] = Counter()
    for i, header in enumerate(headers):
        if header is not None:
            column = column_name(header, f"column_{i + 1}")
            column = "client_id" if _CLIENT.search(column) else column
            taken[column] += 1
            names[i] = column if taken[column] == 1 else f"{column}_{taken[column]}"
    return names


def column_name(text: str, otherwise: str) -> str:
    """``text`` as a name of the warehouse; one that is taken or reserved gets an underscore."""
    name = slug(text)[:60] or otherwise
    if not name[0].isalpha():
        name = f"n_{name}"
    return name if is_name(name) else f"{name}_"


def _key(names: dict[int, str], cells: list[list[str | None]], kinds: dict[int, str]) -> int | None:
    """The column that names a record: filled and distinct in every row; one called an ID before others, then the first.

    A client's ID is no record's: the same client comes again next month.
    """
    distinct = [
        i
        for i in names
        if cells[i] and kinds[i] in ("id", "integer", "text") and None not in cells[i]
        if len(set(cells[i])) == len(cells[i])
    ]
    called = [i for i in distinct if re.search(r"(^|_)(id|no|number|key|numero)(_|$)", names[i])]
    return next(iter(called or distinct), None)


def _date_order(texts: list[str]) -> str:
    """``dmy`` where text dates can only be read so and none only the other way round, else ``mdy``."""
    reads_as = {order: DateReader(order, "UTC") for order in ("mdy", "dmy")}
    against = {order: sum(1 for text in texts if reader.contradicts(text)) for order, reader in reads_as.items()}
    return "dmy" if against["mdy"] and not against["dmy"] else "mdy"


def _hint(texts: list[str | None]) -> str:
    """A comment on columns that look coded: a list belongs into code_lists.yml. Values are counted, never told."""
    filled = [text for text in texts if text is not None]
    if any(" | " in text for text in filled):
        return "   # several values in a cell: type multi, with a list of codes"
    n = len(set(filled))
    if len(filled) >= 20 and 1 < n <= 12 and not all(text.replace(".", "").isdigit() for text in filled):
        return f"   # {n} different values: type code, with a list of codes?"
    return ""


def _first_table(path: Path) -> Grid:
    signature = signature_of(path)
    if signature in ("zip", "ole"):
        book = open_workbook(path, scan_archive(path) if signature == "zip" else None)
        found = [grid for grid in book.grids if probable_header(grid.head()) is not None]
        if not found:
            raise DataError("NO_HEADER", "no sheet has a row that looks like a header")
        return found[0]
    return Grid(sheet=None, rows=iter(read_text(path).records()), is_text=True)


def proposed_type(texts: list[str | None], column: str, order: str = "mdy") -> str:
    """The type that nine of ten filled cells agree on; ``text`` when none does, or when there is nothing to go by."""
    filled = [text for text in texts if text is not None]
    if column == "client_id":
        return "client_id"
    if not filled:
        return "text"
    votes: Counter[str] = Counter()
    reader = DateReader(order, "UTC")
    for text in filled:
        moment, _ = reader.read_datetime(text)
        if re.fullmatch(r"-?\d+", text):
            votes["id" if column.endswith("id") else "integer"] += 1
        elif re.fullmatch(r"-?\d+\.\d+", text):
            votes["number"] += 1
        elif moment is not None:
            votes["datetime" if ":" in text else "date"] += 1
    if votes:
        kind, n = max(sorted(votes.items()), key=lambda item: item[1])
        if n >= 0.9 * len(filled):
            return kind
    return "text"


def _survey(name: str, path: Path) -> str:
    file = read_text(path)
    header = survey_header(file)
    if header is None:
        raise DataError("NO_HEADER", "no header of a survey")
    multi = propose_multi(header, survey_columns(file, header, Parsed()).columns)
    taken = {place for question in multi for place in question.places}
    asked = [c for c in header.columns if c.name and not c.is_metadata and c.place not in taken]
    names = _names([c.name for c in asked])
    client = next((i for i, column in names.items() if column == "client_id"), None)
    if client is None:
        client = next((i for i in names if asked[i].import_id == "QID1_TEXT"), None)
    who = ("QID1_TEXT", "client_id") if client is None else (asked[client].import_id or "", asked[client].name)
    lines = _head(name, "survey")
    lines += ["key: [response_id]", "newest_by: recorded_date", 'versions:\n  - {name: "1", since: 2000-01-01}']
    lines.append(f"client_id: {_question(*who)}   # the question in which staff type the client's ID")
    lines += [
        "missing_codes: {-99: seen_but_unanswered}",
        "items:" if len(names) > (client is not None) else "items: {}",
    ]
    for i, item in names.items():
        if i != client:
            lines.append(f"  {item}: {_question(asked[i].import_id or '', asked[i].name)[:-1]}, low: 0, high: 0}}")
    lines += _multi(multi, list(names.values()))
    return "\n".join([*lines, "labels: {}"]) + "\n"


def _question(key: str, title: str) -> str:
    return f"{{import_id: {_quoted(key or title)}, names: [{_quoted(title)}]}}"


def _multi(multi: list[DraftMulti], taken: list[str]) -> list[str]:
    if not multi:
        return []
    lines = [
        "multi:                             # several choices may be ticked: the Spanish labels are still to write"
    ]
    for question in multi:
        item = column_name(question.name, "multi")
        while item in taken:
            item += "_"
        taken.append(item)
        lines += [
            f"  {item}:",
            f"    import_id: {_quoted(question.import_id)}",
            f"    names: [{_quoted(question.name)}]",
        ]
        lines.append("    options:")
        for code, label, choice in question.options:
            other = f", choice: {choice}" if choice != code else ""
            lines.append(f"      {code}: {{en: {_quoted(label)}, es: {_quoted(label)}{other}}}")
    return lines


def _spss(name: str, part: Part) -> str:
    variables = [column["name"].lower() for column in part.columns]
    lines = [*_head(name, "spss"), f"key: [{variables[0]}]", 'versions:\n  - {name: "1", since: 2000-01-01}']
    lines += [
        f"case_number: {variables[0]}",
        f"variables: [{', '.join(map(_quoted, variables))}]",
        "known_at_least: 0.5",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'
