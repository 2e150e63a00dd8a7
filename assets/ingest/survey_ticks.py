"""The ticked choices of a multi-select, from one cell or from one column a choice: codes in the map's order."""

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from assets.ingest.casting import Verdict, apply_verdicts
from assets.ingest.config import SurveyFeed
from assets.ingest.multi import by_commas
from assets.ingest.survey_map import own_labels
from assets.ingest.survey_multi import MultiColumns
from assets.ingest.texts import fold

_TICKED, _UNTICKED, _MISSING = 1, 0, -1


@dataclass
class Ticked:
    """One text a response: codes joined by ``|``, ``''`` where the export says that none was ticked, None where it does
    not say that the question was asked.

    ``missing`` is the declared code by place, ``unknown`` the texts that are in no list.
    """

    values: pa.Array
    missing: dict[int, int] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)


def ticked_choices(
    feed: SurveyFeed,
    name: str,
    found: MultiColumns,
    columns: dict[int, pa.Array],
    learned: dict[str, int],
    *,
    in_words: bool,
) -> Ticked:
    """Read the multi-select ``name`` from ``columns`` (texts by place, blank = None).

    ``learned`` are labels of survey definitions, asked where the map's own have no answer.
    """
    codes = list(feed.multi[name].options)
    labels = {label: code for label, code in learned.items() if code in codes} | own_labels(feed, name)
    if found.joined:
        ticked = _joined(feed, codes, labels, columns[found.joined[0].place], in_words=in_words)
    else:
        options = sorted(found.options, key=lambda option: codes.index(option[0]))
        ticked = _split(feed, labels, [(code, columns[column.place]) for code, column in options])
    for column in found.undeclared:
        cells = pc.unique(columns[column.place]).to_pylist()
        if any(text and text != "0" and _declared(text, feed) is None for text in cells):
            ticked.unknown.add(column.question or column.name)
    return ticked


def _declared(text: str, feed: SurveyFeed) -> int | None:
    """The declared missing code that a cell is, if it is one."""
    plain = _plain(text)
    return int(plain) if plain.lstrip("-").isdecimal() and int(plain) in feed.missing_codes else None


def _plain(text: str) -> str:
    """A whole number without the ``.0`` that a spreadsheet gave it."""
    head, dot, tail = text.strip().partition(".")
    return head if dot and tail and not tail.strip("0") else text.strip()


def _joined(feed: SurveyFeed, codes: list[int], labels: dict[str, int], cells: pa.Array, *, in_words: bool) -> Ticked:
    named = (
        {label: str(code) for label, code in labels.items()} if in_words else {str(code): str(code) for code in codes}
    )
    order = {str(code): place for place, code in enumerate(codes)}

    def judge(text: str) -> Verdict:
        if fold(text) not in named and _declared(text, feed) is not None:
            return None, "DECLARED_MISSING"
        if fold(text) not in named and _plain(text) == "0":
            return "", None
        ticked, clear = by_commas(text if in_words else _plain(text), named)
        if not clear and "\n" in text:
            # Lists of the API come with a line break between choices that hold commas.
            parts = [by_commas(part, named) for part in text.splitlines()]
            ticked, clear = set().union(*(part for part, _ in parts)), all(understood for _, understood in parts)
        if not clear:
            return None, "UNKNOWN_LABEL"
        return "|".join(sorted(ticked, key=order.__getitem__)), None

    cast = apply_verdicts(cells, judge, pa.string())
    missing = {place: _declared(cells[place].as_py(), feed) for place in cast.noticed.get("DECLARED_MISSING", ())}
    unknown = {cells[place].as_py() for place in cast.noticed.get("UNKNOWN_LABEL", ())}
    return Ticked(cast.values, {place: code for place, code in missing.items() if code is not None}, unknown)


def _split(feed: SurveyFeed, labels: dict[str, int], options: list[tuple[int, pa.Array]]) -> Ticked:
    """A tick anywhere is an answer; without one, a declared code says missing, a 0 says that none was ticked."""
    unknown: set[str] = set()
    states = []
    for code, cells in options:

        def judge(text: str, code: int = code) -> Verdict:
            if labels.get(fold(text)) == code or _plain(text) in ("1", str(code)):
                return _TICKED, None
            if _plain(text) == "0":
                return _UNTICKED, None
            return (_MISSING, None) if _declared(text, feed) is not None else (None, "UNKNOWN_LABEL")

        cast = apply_verdicts(cells, judge, pa.int8())
        unknown |= {cells[place].as_py() for place in cast.noticed.get("UNKNOWN_LABEL", ())}
        states.append(cast.values)
    ticks = [_is(state, _TICKED) for state in states]
    # Joined without nulls: Arrow's join that skips them leaves out a row in which all are null.
    codes = [
        pc.if_else(tick, pa.scalar(f"|{code}"), pa.scalar("")) for tick, (code, _) in zip(ticks, options, strict=True)
    ]
    joined = pc.utf8_ltrim(pc.binary_join_element_wise(*codes, pa.scalar("")), characters="|")
    nothing = pc.invert(_any(ticks))
    left_open = pc.and_(nothing, _any([_is(state, _MISSING) for state in states]))
    untold = pc.and_(nothing, pc.invert(_any([_is(state, _UNTICKED) for state in states])))
    values = pc.if_else(pc.or_(left_open, untold), pa.scalar(None, pa.string()), joined)
    missing = {}
    for place in pc.indices_nonzero(left_open).to_pylist():
        told = (_declared(text, feed) for _, cells in options if (text := cells[place].as_py()))
        missing[place] = next(code for code in told if code is not None)
    return Ticked(values, missing, unknown)


def _is(states: pa.Array, state: int) -> pa.Array:
    return pc.fill_null(pc.equal(states, pa.scalar(state, pa.int8())), False)


def _any(flags: list[pa.Array]) -> pa.Array:
    found = flags[0]
    for flag in flags[1:]:
        found = pc.or_(found, flag)
    return found
