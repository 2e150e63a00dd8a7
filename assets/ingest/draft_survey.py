"""The questions of a survey nobody has described yet, for a draft of its map: items, and multi-selects with their
options. Names and question texts of the header, no values."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from assets.ingest.qualtrics_header import SurveyColumn, SurveyHeader
from assets.ingest.texts import fold

_UNTICKED = pa.array(["0", "-99"])
_NUMBERED = re.compile(r"(QID\d+)_(\d+)")


@dataclass(frozen=True)
class DraftMulti:
    """A proposed multi-select: the name before the numbers of its columns, ImportId, (code, label, choice number)."""

    name: str
    import_id: str
    options: tuple[tuple[int, str, int], ...]
    places: frozenset[int]
    """Its columns and those that Qualtrics exports beside them: typed text, order of display."""


def propose_multi(header: SurveyHeader, columns: dict[int, pa.Array]) -> list[DraftMulti]:
    """The multi-selects that a header with ImportIds shows, in the order of the file.

    A column with a choiceId holds a choice of one. Without choiceIds (``QID5_1``, ``QID5_2``) the statements of a
    matrix look alike: it is a multi-select where each column holds one thing or nothing, and some hold nothing.
    """
    if header.generation not in ("modern", "transitional"):
        return []
    groups: defaultdict[str, list[tuple[int, SurveyColumn]]] = defaultdict(list)
    for column in header.columns:
        key, choice = column.import_id or "", column.choice_id or ""
        numbered = _NUMBERED.fullmatch(key)
        if choice.isdecimal() and not column.is_metadata:
            groups[key].append((int(choice), column))
        elif numbered and not choice:
            groups[numbered[1]].append((int(numbered[2]), column))
    found = []
    for key, numbered_columns in groups.items():
        members = [column for _, column in numbered_columns]
        told = all(column.choice_id for column in members)
        numbers = {number for number, _ in numbered_columns}
        if len(numbers) == len(members) > 1 and (told or _are_ticks([columns[c.place] for c in members])):
            found.append(_multi(key, numbered_columns, header))
    return found


def _are_ticks(columns: list[pa.Array]) -> bool:
    ticked = [pc.filter(cells, pc.invert(pc.is_in(cells, value_set=_UNTICKED))).drop_null() for cells in columns]
    if not any(len(ticks) for ticks in ticked) or all(len(t) == len(c) for t, c in zip(ticked, columns, strict=True)):
        return False
    return all(len(pc.unique(ticks)) <= 1 for ticks in ticked)


def _multi(key: str, numbered: list[tuple[int, SurveyColumn]], header: SurveyHeader) -> DraftMulti:
    """Codes are the numbers that names end in (``Reached_4``), where all do and none is 0; else the choice numbers."""
    members = [column for _, column in numbered]
    parts = [column.name.rpartition("_") for column in members]
    bases = {base for base, _, _ in parts}
    shared = bases.pop() if len(bases) == 1 else ""
    ends = [int(end) for _, _, end in parts if end.isdecimal()]
    choices = [number for number, _ in numbered]
    fits = bool(shared) and len(set(ends)) == len(members) and 0 not in ends
    codes = ends if fits else choices
    labels = [column.question.rpartition(" - ")[2].strip() for column in members]
    if not all(labels) or max(Counter(map(fold, labels)).values()) > 1:
        labels = [f"{column.name} ({number})" for number, column in numbered]
    places = {column.place for column in members}
    places |= {c.place for c in header.columns if re.match(rf"{re.escape(key)}(?![0-9A-Za-z])", c.import_id or "")}
    return DraftMulti(shared or key, key, tuple(zip(codes, labels, choices, strict=True)), frozenset(places))
