"""The leak scanner: looks through whole folders for every form of known identities.

It is run on synthetic identities in tests, after good nights and after each kind of failing night; an agency can run it
on its own list of names before it hands a folder over. What it finds is told by place and kind, never by value.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.home import Home
from assets.publish.privacy.containers import Piece, unpack
from assets.publish.privacy.needles import SHORTEST, Identities, Needles

_BLOCK = 1 << 24


@dataclass(frozen=True)
class Hit:
    """A find: path relative to the scanned root, the place inside the file, and which form of which identity."""

    path: str
    where: str
    label: str


@dataclass(frozen=True)
class Report:
    """What a scan saw. ``opaque`` are files that could not be looked into as a whole: not clean, unknown,
    each with the place and the reason; ``closed`` are their paths.
    """

    hits: tuple[Hit, ...]
    files: int
    bytes: int
    opaque: tuple[str, ...]
    closed: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Nothing was found, and nothing stayed closed."""
        return not self.hits and not self.opaque


class Closed(Exception):
    """Something in a file could not be looked into; ``hits`` is what the rest of it holds."""

    def __init__(self, hits: list[Hit]) -> None:
        super().__init__("content that is encrypted, damaged or beyond the limits")
        self.hits = hits


class Scanner:
    """Finds the forms of ``identities`` in bytes, files and folders."""

    def __init__(self, identities: Identities) -> None:
        self.needles = Needles.of(identities)
        self._by_start: dict[bytes, list[bytes]] = {}
        for form in self.needles.forms:
            self._by_start.setdefault(form[:SHORTEST], []).append(form)
        self._starts = np.sort(_pack(np.frombuffer(b"".join(self._by_start), np.uint8).reshape(-1, SHORTEST)))
        self._prefix = np.zeros(1 << 24, dtype=bool)
        for start in self._by_start:
            self._prefix[start[0] << 16 | start[1] << 8 | start[2]] = True

    def find(self, data: bytes) -> Iterator[str]:
        """Yield the label of every form that occurs in ``data``, each once."""
        seen: set[bytes] = set()
        longest = max((len(form) for form in self.needles.forms), default=0)
        for begin in range(0, max(len(data), 1), _BLOCK):
            block = data[begin : begin + _BLOCK + longest]
            for position in self._candidates(block):
                for form in self._by_start.get(block[position : position + SHORTEST], ()):
                    if form not in seen and block.startswith(form, position):
                        seen.add(form)
                        yield self.needles.forms[form]

    def _candidates(self, block: bytes) -> list[int]:
        """Places where a form may start: its first three bytes are in a table, its first six in a sorted list."""
        if len(block) < SHORTEST or not self._by_start:
            return []
        raw = np.frombuffer(block, np.uint8)
        wide = raw.astype(np.uint32)
        maybe = np.flatnonzero(self._prefix[wide[:-5] << 16 | wide[1:-4] << 8 | wide[2:-3]])
        packed = _pack(np.stack([raw[maybe + offset] for offset in range(SHORTEST)], axis=1))
        found = np.searchsorted(self._starts, packed)
        found[found == len(self._starts)] = 0
        places: list[int] = maybe[self._starts[found] == packed].tolist()
        return places

    def scan_bytes(self, data: bytes, path: str = "") -> list[Hit]:
        """Look through ``data`` and everything packed inside it.

        Raises ``Closed`` where something stays closed; it holds the hits in what was open.
        """
        hits, closed = self._look(data, path)
        if closed:
            raise Closed(hits)
        return hits

    def _look(self, data: bytes, path: str) -> tuple[list[Hit], list[str]]:
        """Hits in ``data`` and in what is inside, and the places nobody could look into, each with the reason."""
        closed: list[str] = []

        def opened() -> Iterator[Piece]:
            for piece in unpack(data):
                if piece.closed:
                    closed.append(f"{piece.where}: {piece.closed}")
                yield piece

        hits = [Hit(path, "", label) for label in self.find(data)]
        hits += self.scan_pieces(opened(), path)
        return list(dict.fromkeys(hits)), closed

    def scan_pieces(self, pieces: Iterable[Piece], path: str = "") -> list[Hit]:
        """Look through pieces that were unpacked already, such as the cells of an open database."""
        hits: list[Hit] = []
        cells: dict[str, list[bytes]] = {}
        for piece in pieces:
            hits += self._whole_cell(piece, path)
            if piece.cell:
                cells.setdefault(piece.where, []).append(piece.data)
            else:
                hits += [Hit(path, piece.where, label) for label in self.find(piece.data)]
        for where, texts in cells.items():
            hits += [Hit(path, where, label) for label in self.find(b"\n".join(texts))]
        return list(dict.fromkeys(hits))

    def _whole_cell(self, piece: Piece, path: str) -> Iterator[Hit]:
        if piece.number is not None and piece.number in self.needles.numbers:
            yield Hit(path, piece.where, f"{self.needles.numbers[piece.number]} as number")
        if piece.cell and 0 < len(piece.data) < 4 * SHORTEST:
            label = self.needles.cells.get(piece.data.decode("utf-8", "replace").casefold())
            if label:
                yield Hit(path, piece.where, f"{label} as cell")

    def scan(self, roots: Iterable[Path], base: Path) -> Report:
        """Look through every file below ``roots`` (links are looked at, not followed) and through their names."""
        hits: list[Hit] = []
        opaque: list[str] = []
        closed: list[str] = []
        files = size = 0
        for number, path in enumerate(_files(roots)):
            told = str(path.relative_to(base)) if path.is_relative_to(base) else path.name
            named = list(self.find(told.encode()))
            if named:
                told = f"entry {number}"
                hits += [Hit(told, "name of the file", label) for label in named]
            if path.is_symlink():
                hits += [Hit(told, "target of the link", label) for label in self.find(str(path.readlink()).encode())]
                continue
            data = path.read_bytes()
            files, size = files + 1, size + len(data)
            seen, shut = self._look(data, told)
            hits += seen
            if shut:
                opaque.append(f"{told}{shut[0]}")
                closed.append(told)
        return Report(tuple(dict.fromkeys(hits)), files, size, tuple(opaque), tuple(closed))


def places_without_identities(home: Home) -> list[Path]:
    """Folders where no identity may ever stand: the lower zones, and what the tools write inside the agency zone."""
    return [home.research, home.public, home.dagster, home.dbt, home.temp, home.rejected, home.report.parent]


def scan_home(home: Home, identities: Identities) -> Report:
    """Scan every place of a home that must be free of identities; see ``places_without_identities``."""
    return Scanner(identities).scan([p for p in places_without_identities(home) if p.exists()], home.root)


def _files(roots: Iterable[Path]) -> Iterator[Path]:
    for root in roots:
        if root.is_symlink() or root.is_file():
            yield root
        else:
            yield from sorted(path for path in root.rglob("*") if path.is_symlink() or path.is_file())


def _pack(rows: NDArray[Any]) -> NDArray[np.uint64]:
    packed = np.zeros(len(rows), np.uint64)
    for column in range(rows.shape[1]):
        packed = packed << np.uint64(8) | rows[:, column].astype(np.uint64)
    return packed
