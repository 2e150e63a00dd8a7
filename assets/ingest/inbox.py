"""What lies in the inbox: regular files only, at rest, and none of the clutter that desktops leave behind."""

import hashlib
import os
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assets.errors import DataError

_CLUTTER = re.compile(r"~\$.*|\.~lock\..*#|.*\.tmp|\.DS_Store|Thumbs\.db|desktop\.ini|\._.*", re.IGNORECASE)
_UNFINISHED = re.compile(r".*\.(?:part|partial|crdownload|download|filepart)|\..+\.[A-Za-z0-9]{6}", re.IGNORECASE)
_CONFLICT = re.compile(r".*(?:\(\d+\)|-DESKTOP-\w+|conflicted copy|conflicto).*", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\..+\.icloud|.+\.(?:nextcloud|owncloud|gsheet|gdoc|cloud|cloudf)", re.IGNORECASE)
FRESH_SECONDS = 10.0
BLOCK = 1 << 20
BLOCK_OF_ZEROS = 512


@dataclass(frozen=True)
class Candidate:
    """One directory entry: path, name below the inbox, size and time at the first look, and a verdict by name or
    kind."""

    path: Path
    name: str
    size: int
    mtime: float
    verdict: str | None = None

    @property
    def suffix(self) -> str:
        """The suffix in lower case."""
        return self.path.suffix.lower()

    @property
    def name_token(self) -> str:
        """A token for an entry that has no content to be known by."""
        return hashlib.sha256(f"name:{self.name}".encode()).hexdigest()[:12]


def lock_file_of(name: str, names: set[str]) -> str | None:
    """The lock file that Excel or LibreOffice keeps beside an open workbook, if it lies there."""
    folder, _, base = name.rpartition("/")
    prefix = f"{folder}/" if folder else ""
    candidates = (f"{prefix}~${base}", f"{prefix}~${base[2:]}", f"{prefix}.~lock.{base}#")
    return next((lock for lock in candidates if lock in names), None)


def list_inbox(inbox: Path) -> list[Candidate]:
    """Every entry below ``inbox`` in name order, links never followed.

    Raises :class:`DataError` ``UNREADABLE`` when the folder itself is missing or cannot be listed: an unreachable
    share is a
    failure, not an empty night.
    """
    try:
        found = sorted(_walk(inbox, inbox), key=lambda candidate: candidate.name)
    except OSError:
        raise DataError("UNREADABLE", "the inbox is missing or cannot be read") from None
    return found


def _walk(folder: Path, root: Path) -> Iterator[Candidate]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = Path(entry.path)
            try:
                info = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # renamed or finished between the listing and this look: the next night finds it
            name = _printable(str(path.relative_to(root)))
            if stat.S_ISDIR(info.st_mode):
                yield from _walk(path, root)
            elif _CLUTTER.fullmatch(entry.name):
                yield Candidate(path, name, info.st_size, info.st_mtime, "NOT_DATA")
            elif not stat.S_ISREG(info.st_mode) or info.st_nlink > 1:
                yield Candidate(path, name, 0, info.st_mtime, "NOT_REGULAR")
            elif _PLACEHOLDER.fullmatch(entry.name):
                yield Candidate(path, name, info.st_size, info.st_mtime, "EMPTY_FILE")
            elif _UNFINISHED.fullmatch(entry.name):
                yield Candidate(path, name, info.st_size, info.st_mtime, "STILL_WRITING")
            else:
                yield Candidate(path, name, info.st_size, info.st_mtime)


def _printable(name: str) -> str:
    """A name that is not valid UTF-8 with its odd bytes spelled out: tables and logs can hold nothing else."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def wait_until_settled(candidates: list[Candidate], seconds: float, known: set[str]) -> set[str]:
    """Names of the files that changed between two looks ``seconds`` apart; waits only for fresh files of new
    content."""
    now = time.time()
    fresh = [
        c for c in candidates if c.verdict is None and abs(now - c.mtime) < FRESH_SECONDS and not _is_known(c, known)
    ]
    if fresh and seconds > 0:
        time.sleep(seconds)
    return {candidate.name for candidate in fresh if not is_unchanged(candidate)}


def _is_known(candidate: Candidate, known: set[str]) -> bool:
    try:
        return bool(known) and hash_file(candidate.path) in known
    except OSError:
        return False


def is_unchanged(candidate: Candidate) -> bool:
    """Whether size and time are still those of the first look."""
    try:
        info = candidate.path.lstat()
    except OSError:
        return False
    return info.st_size == candidate.size and info.st_mtime == candidate.mtime


def is_conflict_copy(name: str) -> bool:
    """True for names that sync programs give to copies in conflict."""
    return bool(_CONFLICT.fullmatch(name))


def has_no_content(candidate: Candidate) -> bool:
    """True for 0 bytes and for the zeros that a cloud folder shows where a file has not come down yet.

    Every kind of file that is read begins with something else. Raises OSError when the file cannot be opened.
    """
    if candidate.size == 0:
        return True
    handle = os.open(candidate.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as source:
        return not source.read(BLOCK_OF_ZEROS).strip(b"\0")


def hash_file(path: Path) -> str:
    """SHA-256 of a regular file, links not followed."""
    digest = hashlib.sha256()
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as source:
        while block := source.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
