"""SPSS files that no library at hand can write: portable files with missing values, SAVs with response sets."""

import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat

from assets.ingest.sav_layout import sav_layout

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRST"


def sav_bytes(frame: pd.DataFrame, **options: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.sav"
        pyreadstat.write_sav(frame, path, **options)
        return path.read_bytes()


def with_records(content: bytes, records: Sequence[tuple[int, bytes]]) -> bytes:
    """A SAV of ReadStat's with records of type 7 (subtype, content) put before its cases."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.sav"
        path.write_bytes(content)
        at = sav_layout(path).extensible
    extra = b"".join(struct.pack("<4i", 7, subtype, 1, len(data)) + data for subtype, data in records)
    return content[:at] + extra + content[at:]


def number(value: float | None) -> str:
    """A number of the portable format: base 30, a slash at its end; ``*.`` is system-missing."""
    if value is None:
        return "*."
    whole, fraction, digits = int(abs(value)), abs(value) - int(abs(value)), ""
    while whole:
        digits = _DIGITS[whole % 30] + digits
        whole //= 30
    digits = digits or "0"
    if fraction:
        digits += "."
        while fraction and len(digits) < 12:
            fraction *= 30
            digits += _DIGITS[int(fraction)]
            fraction -= int(fraction)
    return ("-" if value < 0 else "") + digits + "/"


def text(value: str) -> str:
    return number(len(value)) + value


def variable(name: str, width: int = 0, missing: str = "", label: str = "") -> str:
    """``missing`` is written by hand: 8 a value, 9 LO THRU x, A x THRU HI, B a range, each followed by its numbers."""
    shape = number(1 if width else 5) + number(width or 8) + number(0 if width else 2)
    return "7" + number(width) + text(name) + shape * 2 + missing + ("C" + text(label) if label else "")


def por_bytes(variables: Sequence[str], labels: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """A portable file of the variables, value-label records and rows, in lines of 80."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.por"
        pyreadstat.write_por(pd.DataFrame({"A": [1.0]}), path)
        written = path.read_bytes().replace(b"\r", b"").replace(b"\n", b"").decode("latin-1")
    head = written[: written.index("SPSSPORTA") + len("SPSSPORT")]
    body = "A" + text("20220101") + text("120000") + "1" + text("invented") + "4" + number(len(variables)) + "5B/"
    cells = "".join(text(cell) if isinstance(cell, str) else number(cell) for row in rows for cell in row)
    whole = head + body + "".join(variables) + "".join(labels) + "F" + cells
    whole += "Z" * (80 - len(whole) % 80)
    return "".join(whole[i : i + 80] + "\r\n" for i in range(0, len(whole), 80)).encode("latin-1")


def value_labels(names: Sequence[str], pairs: dict[float, str]) -> str:
    named = number(len(names)) + "".join(text(name) for name in names)
    return "D" + named + number(len(pairs)) + "".join(number(code) + text(label) for code, label in pairs.items())
