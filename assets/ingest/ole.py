"""The container of the old Office formats, as far as needed: which streams it lists, and the bytes of one of them."""

import struct
from itertools import islice
from pathlib import Path

_END = 0xFFFFFFFA
"""Sector numbers from here on mark ends and free places."""
_HEADER = 512
_MOST_STREAMS = 10_000


class NotReadable(ValueError):
    """The container's own tables contradict each other."""


class Container:
    """An OLE container in memory. Raises :class:`NotReadable` when its tables cannot be followed.

    Chains of sectors are followed at most once around, so that a damaged file cannot hold the reader.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        try:
            shift, mini_shift = struct.unpack_from("<2H", content, 30)
            first_directory, _, self._cutoff, first_mini = struct.unpack_from("<4I", content, 48)
            if shift not in (9, 12) or mini_shift != 6:
                raise NotReadable
            self._size, self._mini_size = 1 << shift, 1 << mini_shift
            self._fat = self._numbers(self._fat_sectors())
            self._mini_fat = self._numbers(self._chain(first_mini, self._fat))
            self._entries = self._directory(b"".join(map(self._sector, self._chain(first_directory, self._fat))))
        except (struct.error, IndexError):
            raise NotReadable from None

    @property
    def names(self) -> frozenset[str]:
        """Names of all storages and streams."""
        return frozenset(self._entries)

    def stream(self, name: str) -> bytes:
        """The bytes of a stream. Raises ``KeyError`` for a name that is not there."""
        start, size = self._entries[name]
        try:
            if size >= self._cutoff:
                return b"".join(map(self._sector, self._chain(start, self._fat)))[:size]
            root, length = self._entries["Root Entry"]
            mini = b"".join(map(self._sector, self._chain(root, self._fat)))[:length]
            pieces = (mini[i * self._mini_size : (i + 1) * self._mini_size] for i in self._chain(start, self._mini_fat))
            return b"".join(pieces)[:size]
        except IndexError:
            raise NotReadable from None

    def _sector(self, number: int) -> bytes:
        start = max(_HEADER, self._size) + number * self._size
        if start >= len(self._content):
            raise NotReadable
        return self._content[start : start + self._size]

    def _fat_sectors(self) -> list[int]:
        found = [number for number in struct.unpack_from("<109I", self._content, 76) if number < _END]
        (following,) = struct.unpack_from("<I", self._content, 68)
        for _ in range(len(self._content) // self._size):
            if following >= _END:
                break
            numbers = struct.unpack(f"<{self._size // 4}I", self._sector(following))
            found += [number for number in numbers[:-1] if number < _END]
            following = numbers[-1]
        return found

    def _numbers(self, sectors: list[int]) -> list[int]:
        return [number for sector in sectors for (number,) in struct.iter_unpack("<I", self._sector(sector))]

    @staticmethod
    def _chain(start: int, table: list[int]) -> list[int]:
        found: list[int] = []
        while start < _END:
            if len(found) > len(table):
                raise NotReadable
            found.append(start)
            start = table[start]
        return found

    @staticmethod
    def _directory(content: bytes) -> dict[str, tuple[int, int]]:
        entries: dict[str, tuple[int, int]] = {}
        for start in islice(range(0, len(content), 128), _MOST_STREAMS):
            length, kind = struct.unpack_from("<HB", content, start + 64)
            if kind and 2 <= length <= 64:
                name = content[start : start + length - 2].decode("utf-16-le", "replace")
                entries[name] = struct.unpack_from("<IQ", content, start + 116)
        return entries


def container_holds(path: Path) -> set[str]:
    """What an OLE container's stream names tell: ``encrypted`` (a protected workbook), ``macros``, ``embedded``.

    A container whose directory cannot be followed is searched as it is: a name anywhere in it counts.
    """
    content = path.read_bytes()
    try:
        names = Container(content).names
    except NotReadable:
        marks = ("EncryptedPackage", "_VBA_PROJECT", "VBA")
        names = frozenset(mark for mark in marks if mark.encode("utf-16-le") in content)
    found = set()
    if "EncryptedPackage" in names:
        found.add("encrypted")
    if names & {"_VBA_PROJECT_CUR", "_VBA_PROJECT", "VBA"}:
        found.add("macros")
    if any(name.startswith("MBD") for name in names):
        found.add("embedded")
    return found
