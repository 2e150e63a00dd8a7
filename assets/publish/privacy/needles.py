"""What the leak scanner looks for: every form in which an identity may have been written down.

A name leaks as UTF-8, and as UTF-16 in a registry, decomposed by a file system, escaped in a JSON log, in base64 inside
a pickle, upper-cased in a report, or as the hash that somebody thought was anonymous.
"""

import base64
import hashlib
import html
import json
import unicodedata
import urllib.parse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

SHORTEST = 6
"""Forms under so many bytes occur by chance; they are looked for in whole cells only."""
HASH_PREFIX = 10
"""Hex digits of a digest that count as the digest, so that truncated ones are seen too."""
_SHAPES: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")
_EXCEL_EPOCH = date(1899, 12, 30)


@dataclass(frozen=True)
class Identities:
    """The made-up people of a canary run: what may be written in the agency zone only.

    ``names`` are any texts (names, staff, phrases of notes, file names), ``ids`` client IDs, ``birth_dates`` dates.
    ``cells`` are texts too short to be looked for in bytes (a record's number, an ID as somebody typed it): written
    backwards, ``1000254`` stood by chance in a database without that record. They count as whole cells only.
    """

    names: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    birth_dates: tuple[date, ...] = ()
    cells: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path) -> "Identities":
        """Read a ``canaries.json`` as the sample agency writes it."""
        content = json.loads(path.read_text("utf-8"))
        names = [*content.get("stems", []), *content.get("strings", []), *content.get("response_ids", [])]
        return cls(
            names=tuple(dict.fromkeys(names)),
            ids=tuple(dict.fromkeys(content.get("source_ids", []))),
            birth_dates=tuple(date.fromisoformat(text) for text in content.get("birth_dates", [])),
        )


@dataclass(frozen=True)
class Needle:
    """One form of one identity. ``label`` tells what it is without telling what it says: ``name 12 as utf-16-le``."""

    label: str
    form: bytes


@dataclass
class Needles:
    """All forms: ``forms`` are looked for anywhere in bytes, ``cells`` and ``numbers`` equal a whole cell only."""

    forms: dict[bytes, str] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)
    numbers: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, identities: Identities) -> "Needles":
        """Spell out every form of ``identities``."""
        made = cls()
        for number, name in enumerate(identities.names):
            made._add_text(f"name {number}", name)
            made._add_digests(f"name {number}", [name])
        for number, text in enumerate(identities.ids):
            made._add_text(f"id {number}", text)
            made._add_digests(f"id {number}", [text, text.partition("-")[2]])
        for number, text in enumerate(identities.cells):
            made.cells.setdefault(text.casefold(), f"short text {number}")
        for number, day in enumerate(identities.birth_dates):
            made._add_date(f"birth date {number}", day)
        for number, (name, day) in enumerate(zip(identities.names, identities.birth_dates, strict=False)):
            made._add_digests(f"name with birth date {number}", [f"{name}{day}", f"{name}|{day}", f"{name} {day}"])
        return made

    def _add_text(self, label: str, text: str) -> None:
        for form, encoded in text_forms(text):
            if len(encoded) >= SHORTEST:
                self.forms.setdefault(encoded, f"{label} as {form}")
        self.cells.setdefault(text.casefold(), label)

    def _add_digests(self, label: str, texts: Iterable[str]) -> None:
        for text in filter(None, texts):
            for variant in {text, text.lower(), text.upper()}:
                for algorithm in ("md5", "sha1", "sha256"):
                    digest = hashlib.new(algorithm, variant.encode(), usedforsecurity=False)
                    prefix = digest.hexdigest()[:HASH_PREFIX]
                    told = f"{label} as {algorithm}"
                    self.forms.setdefault(prefix.encode(), told)
                    self.forms.setdefault(prefix.upper().encode(), told)
                    self.forms.setdefault(digest.digest(), told)
                    self.forms.setdefault(base64.b64encode(digest.digest())[:16], told)

    def _add_date(self, label: str, day: date) -> None:
        for text in date_forms(day):
            for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
                self.forms.setdefault(text.encode(encoding), f"{label} as {encoding}")
        self.numbers.setdefault(int(day.strftime("%Y%m%d")), label)
        self.numbers.setdefault((day - _EXCEL_EPOCH).days, label)
        self.numbers.setdefault(_epoch(day), label)
        self.forms.setdefault(str(_epoch(day)).encode(), f"{label} as epoch")


def text_forms(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield (name of the form, bytes) for every way a text is commonly written."""
    spellings = {
        unicodedata.normalize(shape, cased)
        for shape in _SHAPES
        for cased in (text, text.lower(), text.upper(), text.title())
    }
    for spelling in sorted(spellings):
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            yield encoding, spelling.encode(encoding)
        for encoding in ("latin-1", "cp437", "mac-roman"):
            try:
                yield encoding, spelling.encode(encoding)
            except UnicodeEncodeError:
                continue
        yield "json escapes", json.dumps(spelling)[1:-1].encode()
        yield "url", urllib.parse.quote(spelling).encode()
        yield "url", urllib.parse.quote_plus(spelling).encode()
        yield "html", html.escape(spelling, quote=True).encode()
        yield "html", spelling.encode("ascii", "xmlcharrefreplace")
        yield "python escapes", spelling.encode("unicode_escape")
        yield from _base64_forms(spelling.encode())
        yield "hex", spelling.encode().hex().encode()
        yield "backwards", spelling[::-1].encode()


def _base64_forms(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """The characters that ``raw`` turns into at each of the three places it may have within a longer text."""
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        first = (shift * 8 + 5) // 6
        last = (shift + len(raw)) * 8 // 6
        inner = encoded[first:last]
        yield "base64", inner
        yield "base64", inner.replace(b"+", b"-").replace(b"/", b"_")


def date_forms(day: date) -> list[str]:
    """Written forms of a date that are long enough not to occur by chance."""
    return list(
        dict.fromkeys(
            [
                day.isoformat(),
                day.strftime("%m/%d/%Y"),
                f"{day.month}/{day.day}/{day.year}",
                day.strftime("%d.%m.%Y"),
                day.strftime("%Y/%m/%d"),
                day.strftime("%B ") + f"{day.day}, {day.year}",
            ]
        )
    )


def _epoch(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
