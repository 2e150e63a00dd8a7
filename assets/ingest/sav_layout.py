"""The records of a SAV that come before its cases, walked without ReadStat.

Two things are wanted from them: multiple-response sets (pyreadstat drops a counted value that is a text or -1), and the
place where plain numbers begin, so that a file of numbers can be taken as one block instead of cell by cell.
"""

import struct
from dataclasses import dataclass, field
from pathlib import Path

HEADER = 176
_CASES, _COMPRESSION, _BIAS = 80, 72, 84
_MOST_VARIABLES = 1_000_000


@dataclass
class SavLayout:
    """Where the cases begin and how they are laid out.

    ``widths`` has one entry a variable: 0 for a number, else the bytes of a text. ``cases`` is -1 where the writer did
    not know. ``extensions`` holds the records of type 7 by their subtype, ``extensible`` is where one may be put.
    """

    little: bool
    compression: int
    bias: float
    cases: int
    start: int
    widths: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    extensions: dict[int, bytes] = field(default_factory=dict)
    extensible: int = 0

    def long_names(self, encoding: str) -> dict[str, str]:
        """Short names in lower case → the names people see."""
        found = {name.casefold(): name for name in self.names}
        for pair in self.extensions.get(13, b"").decode(encoding, "replace").split("\t"):
            short, _, long = pair.partition("=")
            if long:
                found[short.casefold()] = long
        return found


def sav_layout(path: Path) -> SavLayout | None:
    """Walk the dictionary of a SAV or ZSAV; None where it is not as the format has it (ReadStat then tells why)."""
    with path.open("rb") as handle:
        head = handle.read(HEADER)
        if len(head) < HEADER or head[:4] not in (b"$FL2", b"$FL3"):
            return None
        little = head[64:68] in (b"\x02\0\0\0", b"\x03\0\0\0")
        order = "<" if little else ">"
        compression, cases = (struct.unpack_from(f"{order}i", head, at)[0] for at in (_COMPRESSION, _CASES))
        layout = SavLayout(little, compression, struct.unpack_from(f"{order}d", head, _BIAS)[0], cases, 0)
        try:
            _walk(_Records(handle, order), layout)
        except (struct.error, ValueError, MemoryError):
            return None
        layout.start = handle.tell()
        layout.extensible = layout.start - 8
    return layout


class _Records:
    """Reads integers and bytes of a file; a short read is a ``ValueError``, never a short answer."""

    def __init__(self, handle: "object", order: str) -> None:
        self._handle = handle
        self._order = order

    def take(self, size: int) -> bytes:
        if not 0 <= size <= 1 << 26:
            raise ValueError
        data: bytes = self._handle.read(size)  # type: ignore[attr-defined]
        if len(data) < size:
            raise ValueError
        return data

    def ints(self, n: int) -> tuple[int, ...]:
        return struct.unpack(f"{self._order}{n}i", self.take(4 * n))


def _walk(records: _Records, layout: SavLayout) -> None:
    while True:
        (kind,) = records.ints(1)
        if kind == 2:
            _variable(records, layout)
        elif kind == 3:
            for _ in range(_count(records)):
                size = records.take(9)[8]
                records.take((size + 8) // 8 * 8 - 1)
        elif kind == 4:
            records.take(4 * _count(records))
        elif kind == 6:
            records.take(80 * _count(records))
        elif kind == 7:
            subtype, size, count = records.ints(3)
            layout.extensions[subtype] = records.take(size * count)
        elif kind == 999:
            records.take(4)
            return
        else:
            raise ValueError


def _count(records: _Records) -> int:
    (n,) = records.ints(1)
    if not 0 <= n <= _MOST_VARIABLES:
        raise ValueError
    return n


def _variable(records: _Records, layout: SavLayout) -> None:
    width, has_label, missing, _, _ = records.ints(5)
    name = records.take(8)
    if has_label:
        (size,) = records.ints(1)
        records.take((size + 3) // 4 * 4)
    records.take(8 * abs(missing))
    if width >= 0:  # -1 continues the text before it
        layout.widths.append(width)
        layout.names.append(name.decode("latin-1").rstrip())


@dataclass(frozen=True)
class MultipleResponseSet:
    """Variables that are one question: boxes of which any may be ticked, or several places for a choice.

    ``counted`` is the value that means ticked, as text; None for a category set.
    """

    name: str
    label: str | None
    kind: str
    counted: str | None
    members: tuple[str, ...]


def response_sets(layout: SavLayout, encoding: str) -> list[MultipleResponseSet]:
    """The sets of records 7/7 and 7/19 in the file's order; a line that is not as the format has it is left out."""
    names = layout.long_names(encoding)
    found = []
    for subtype in (7, 19):
        rest = layout.extensions.get(subtype, b"").lstrip(b"\n")
        while rest:
            try:
                entry, rest = _set(rest, encoding, names)
            except ValueError:
                _, _, rest = rest.partition(b"\n")
                continue
            found.append(entry)
            rest = rest.lstrip(b"\n")
    return found


def _set(data: bytes, encoding: str, names: dict[str, str]) -> tuple[MultipleResponseSet, bytes]:
    """``$name=D1 1 7 A label a b``: the counted value and the label say how many bytes they take."""
    name, mark, rest = data.partition(b"=")
    if not mark or b"\n" in name:
        raise ValueError
    kind, rest = rest[:1], rest[1:]
    counted: str | None = None
    if kind == b"E":
        _, _, rest = rest.lstrip(b" ").partition(b" ")
    elif kind not in (b"C", b"D"):
        raise ValueError
    if kind != b"C":
        value, rest = _counted(rest)
        counted = value.decode(encoding, "replace").rstrip()
    label, rest = _counted(rest.lstrip(b" "))
    members, _, after = rest.partition(b"\n")
    shown = tuple(names.get(word.casefold(), word) for word in members.decode(encoding, "replace").split())
    title = label.decode(encoding, "replace").strip() or None
    plain = name.decode(encoding, "replace").strip()
    return MultipleResponseSet(plain, title, "category" if kind == b"C" else "dichotomy", counted, shown), after


def _counted(data: bytes) -> tuple[bytes, bytes]:
    size, _, rest = data.partition(b" ")
    n = int(size)
    if not 0 <= n <= len(rest):
        raise ValueError
    return rest[:n], rest[n:]
