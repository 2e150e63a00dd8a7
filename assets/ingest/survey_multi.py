"""Which columns of a survey file hold a multi-select: one for all choices, or one a choice, and what stands beside."""

import re
from dataclasses import dataclass

from assets.ingest.config import MultiQuestion
from assets.ingest.qualtrics_header import SurveyColumn
from assets.ingest.texts import fold

_NUMBER = re.compile(r"-?\d+")


@dataclass(frozen=True)
class MultiColumns:
    """The columns of one multi-select: ``joined`` cells, or an option's code with its column each.

    ``undeclared`` are columns of choices that the map does not have, ``side`` the typed text, the order of display and
    the topics that Qualtrics exports beside the choices.
    """

    joined: tuple[SurveyColumn, ...]
    options: tuple[tuple[int, SurveyColumn], ...]
    undeclared: tuple[SurveyColumn, ...]
    side: tuple[SurveyColumn, ...]

    @property
    def answers(self) -> tuple[SurveyColumn, ...]:
        """The columns that are read, in the order of the file."""
        return (*self.joined, *(column for _, column in self.options))

    @property
    def is_told_twice(self) -> bool:
        """True where two columns hold one choice, or one column holds all of them and others each."""
        codes = [code for code, _ in self.options]
        return len(self.joined) + bool(codes) > 1 or len(set(codes)) < len(codes)


def locate_multi(question: MultiQuestion, asked: list[SurveyColumn], *, keyed: bool) -> MultiColumns | None:
    """Find the columns of ``question`` by ImportId and choiceId, or by name where the file has none; None without any.

    A choice may have no column: exports from before it was added have none. Names end in codes in one generation and
    in choice numbers in another: where both readings fit and differ, neither is taken.
    """
    joined, side = [], []
    numbered: list[tuple[int, SurveyColumn]] = []
    for column in asked:
        named = _after(column.name, (*question.names, question.import_id))
        rest = _by_key(column, question.import_id) if keyed else named
        if rest is None:
            continue
        if (rest and not _NUMBER.fullmatch(rest)) or (named and not _NUMBER.fullmatch(named)):
            side.append(column)
        elif rest:
            numbered.append((int(rest), column))
        else:
            joined.append(column)
    numbers = _numbers(question, {number for number, _ in numbered}, keyed=keyed)
    options = tuple((numbers[number], column) for number, column in numbered if number in numbers)
    undeclared = tuple(column for number, column in numbered if number not in numbers)
    if not joined and not options:
        return None
    return MultiColumns(tuple(joined), options, undeclared, tuple(side))


def _by_key(column: SurveyColumn, import_id: str) -> str | None:
    """What a column's key says beyond the question's ImportId: nothing, a choice's number, or what stands beside."""
    key = column.import_id or ""
    if key == import_id:
        return column.choice_id or ""
    if not key.startswith(import_id) or key[len(import_id)].isalnum():
        return None
    return "/".join(part for part in (key[len(import_id) + 1 :], column.choice_id) if part)


def _after(name: str, names: tuple[str, ...]) -> str | None:
    text = fold(name)
    for known in sorted(map(fold, names), key=len, reverse=True):
        if text == known:
            return ""
        if text.startswith(f"{known} "):
            return text[len(known) + 1 :]
    return None


def _numbers(question: MultiQuestion, found: set[int], *, keyed: bool) -> dict[int, int]:
    by_choice, by_code = question.numbers(), {code: code for code in question.options}
    if keyed:
        return by_choice
    fits = [numbers for numbers in (by_code, by_choice) if found <= numbers.keys()]
    if len(fits) == 2 and any(by_code[number] != by_choice[number] for number in found):
        return {}
    return fits[0] if fits else by_code
