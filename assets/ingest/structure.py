"""Rows that are no data: blanks, totals, repeated headers, notes below the table. Counted, never dropped unseen."""

import re
from collections import Counter
from typing import Any

from assets.ingest.cells import cell_text
from assets.ingest.texts import fold

_REPORT_RUN = re.compile(
    r"(?:report run|run date|exported(?: on| at)?|generated(?: on| at)?|fecha del informe|generado)\D{0,4}"
    r"(\d{4}-\d{2}-\d{2})[ T]?(\d{2}:\d{2}(?::\d{2})?)?",
    re.IGNORECASE,
)


class StructureRule:
    """Tells data from structure by one sheet's header: where the client ID is, what the form's total rows say."""

    def __init__(self, header: tuple[str | None, ...], id_place: int | None, words: tuple[str, ...]) -> None:
        self._header = [fold(text) if text else "" for text in header]
        self._id = -1 if id_place is None else id_place
        self._id_header = self._header[id_place] if id_place is not None else ""
        pattern = "|".join(re.escape(fold(word)) for word in sorted(words, key=len, reverse=True))
        self._total = re.compile(rf"(?:{pattern})\b.*")
        self.counts: Counter[str] = Counter()
        self._like_header: dict[str, bool] = {"": True}

    def is_data(self, cells: list[Any]) -> bool:
        """True for a row of data. Most rows are settled by the first letter of the client ID, a million blank ones by
        none."""
        typed = cells[self._id] if 0 <= self._id < len(cells) else None
        if typed is not None:
            letter = str(typed)[:1]
            if letter not in self._like_header:
                self._like_header[letter] = letter.casefold() == self._id_header[:1]
            if not self._like_header[letter]:
                return True
        if cells.count("") == len(cells):
            self.counts["blank"] += 1
            return False
        return self.kind([cell_text(cell) for cell in cells]) is None

    def kind(self, row: list[str | None]) -> str | None:
        """Name the structure a row of texts is (``blank``, ``total``, ``header``, ``footer``), or None for data."""
        filled = [i for i, text in enumerate(row) if text is not None]
        if not filled:
            return self._count("blank")
        if 0 <= self._id < len(row) and row[self._id] is not None:
            return self._count("header") if self._repeats_header(row, filled) else None
        first = row[filled[0]] or ""
        if self._total.fullmatch(fold(first)):
            return self._count("total")
        if len(filled) == 1 and not any(char.isdigit() for char in first[:1]) and " " in first.strip():
            return self._count("footer")
        return None

    def _repeats_header(self, row: list[str | None], filled: list[int]) -> bool:
        if fold(row[self._id] or "") != self._id_header:
            return False
        same = sum(1 for i in filled if i < len(self._header) and fold(row[i] or "") == self._header[i])
        return same >= max(2, len(filled) - 1)

    def _count(self, kind: str) -> str:
        self.counts[kind] += 1
        return kind


def stated_export(texts: list[str]) -> str | None:
    """The moment a report's title lines state ("Report run 2022-01-07 06:00"), as ISO text, or None."""
    for text in texts:
        match = _REPORT_RUN.search(text)
        if match:
            return f"{match[1]} {match[2] or '00:00'}"
    return None
