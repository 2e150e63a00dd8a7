"""What a file is by its first bytes; the suffix is only what somebody says it is."""

from pathlib import Path
from typing import Literal

Signature = Literal[
    "zip", "ole", "sav", "por", "qsf", "json", "html", "xml", "text", "utf16", "binary", "encrypted", "pdf", "empty"
]

SUFFIXES: dict[str, frozenset[str]] = {
    ".xlsx": frozenset({"zip"}),
    ".xlsm": frozenset({"zip"}),
    ".xlsb": frozenset({"zip"}),
    ".ods": frozenset({"zip"}),
    ".zip": frozenset({"zip"}),
    ".xls": frozenset({"ole"}),
    ".csv": frozenset({"text", "utf16"}),
    ".tsv": frozenset({"text", "utf16"}),
    ".txt": frozenset({"text", "utf16"}),
    ".tab": frozenset({"text", "utf16"}),
    ".json": frozenset({"json"}),
    ".ndjson": frozenset({"json"}),
    ".jsonl": frozenset({"json"}),
    ".sav": frozenset({"sav"}),
    ".zsav": frozenset({"sav"}),
    ".por": frozenset({"por"}),
    ".qsf": frozenset({"json"}),
}
"""Suffixes that are read, with the signatures they may have."""

_MAGIC: tuple[tuple[bytes, Signature], ...] = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0", "ole"),
    (b"$FL2", "sav"),
    (b"$FL3", "sav"),
    (b"%PDF", "pdf"),
    (b"\xff\xfe", "utf16"),
    (b"\xfe\xff", "utf16"),
)
_OPENINGS: tuple[tuple[bytes, Signature], ...] = (
    (b"<!doctype html", "html"),
    (b"<html", "html"),
    (b"<table", "html"),
    (b"<meta", "html"),
    (b"<?xml", "xml"),
    (b"{", "json"),
    (b"[{", "json"),
)
_ENCRYPTED_SAV = b"ENCRYPTEDSAV"
_PORTABLE = b"SPSS PORT FILE"


def signature_of(path: Path) -> Signature:
    """Read the first bytes of ``path`` and name what they are."""
    with path.open("rb") as handle:
        head = handle.read(4096)
    return signature_of_bytes(head)


def signature_of_bytes(head: bytes) -> Signature:
    """Name what a file starting with ``head`` is."""
    if not head:
        return "empty"
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if _ENCRYPTED_SAV in head[:40]:
        return "encrypted"
    if _PORTABLE in head[:600]:
        return "por"
    return _text_kind(head)


def _text_kind(head: bytes) -> Signature:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    for mark, name in _OPENINGS:
        if start.startswith(mark):
            return name
    if b"\x00" in head[:1024] and head[1:400:2].count(0) > len(head[1:400:2]) * 0.6:
        return "utf16"
    controls = sum(1 for byte in head if byte < 9 or 13 < byte < 32)
    return "binary" if controls > max(4, len(head) // 20) else "text"
