"""The vault: the original bytes of every file, by their hash, read-only, sealed before anything reads them.

One pass over the inbox file hashes it, writes the vault's copy and, with a key, a second one in memory. What is parsed
is what is in the vault, whatever happens to the inbox file later, and with a key it never lies on a disk in plain.
"""

import hashlib
import os
import stat
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self

from assets.errors import ConfigError, DataError
from assets.ingest.inbox import BLOCK, Candidate, is_unchanged
from assets.keys import Key
from assets.memory_file import MemoryFile
from assets.sealing import SUFFIX, Sealer, seal_file, unsealed

DRAFT = "vault-"


@dataclass
class Original:
    """A file of the vault, open for reading: ``path`` holds its plain bytes until ``close``."""

    sha256: str
    path: Path
    _open: ExitStack = field(default_factory=ExitStack, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()


def into_vault(candidate: Candidate, vault: Path, temp: Path, key: Key | None) -> Original:
    """Copy an inbox file into the vault under its hash and return it for reading.

    Raises :class:`DataError` ``NOT_REGULAR``, ``UNREADABLE`` or ``STILL_WRITING``.
    """
    try:
        handle = os.open(candidate.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        code = "NOT_REGULAR" if error.errno in (40, 62) else "UNREADABLE"
        raise DataError(code, "the file cannot be opened") from None
    temp.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = temp / f"{DRAFT}{os.getpid()}-{candidate.name_token}"
    draft.unlink(missing_ok=True)
    with ExitStack() as opened:
        source = opened.enter_context(os.fdopen(handle, "rb"))
        if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            raise DataError("NOT_REGULAR", "not a regular file")
        memory = opened.enter_context(MemoryFile(temp)) if key else None
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "wb") as target:
                sha256 = _copy(source, target, memory, key)
            if not is_unchanged(candidate):
                raise DataError("STILL_WRITING", "the file changed while it was copied")
            place = vault / sha256[:2] / (sha256 + (SUFFIX if key else ""))
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft.replace(place)
        finally:
            draft.unlink(missing_ok=True)
        return Original(sha256, memory.complete() if memory else place, opened.pop_all())


def _copy(source: BinaryIO, target: BinaryIO, memory: MemoryFile | None, key: Key | None) -> str:
    digest = hashlib.sha256()
    sealer = Sealer(target, key) if key else None
    while block := source.read(BLOCK):
        digest.update(block)
        (sealer or target).write(block)
        if memory:
            memory.write(block)
    if sealer:
        sealer.finish()
    target.flush()
    os.fsync(target.fileno())
    return digest.hexdigest()


def from_vault(sha256: str, vault: Path, temp: Path, key: Key | None) -> Original | None:
    """Return a file the vault has, for reading again; None when it has none, or a damaged one."""
    place = vault / sha256[:2] / (sha256 + (SUFFIX if key else ""))
    if not place.is_file():
        return None
    digest = hashlib.sha256()
    with ExitStack() as opened:
        memory = opened.enter_context(MemoryFile(temp)) if key else None
        try:
            with place.open("rb") as source:
                for block in unsealed(source, key) if key else iter(lambda: source.read(BLOCK), b""):
                    digest.update(block)
                    if memory:
                        memory.write(block)
        except DataError:
            digest = hashlib.sha256(b"damaged")
        if digest.hexdigest() != sha256:
            return None
        return Original(sha256, memory.complete() if memory else place, opened.pop_all())


def read_vault(path: Path, key: Key | None) -> bytes:
    """Return the original bytes of a vault file, by its plain or its sealed path.

    Raises ``ConfigError`` when it is sealed and no key is set, ``DataError`` when it was changed.
    """
    closed = path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)
    if closed != path and path.exists():
        return path.read_bytes()
    if key is None:
        raise ConfigError("OUTCOMES_KEY_FILE is not set, but the vault is encrypted: set it to the agency's key file")
    with closed.open("rb") as source:
        return b"".join(unsealed(source, key))


def seal_vault(vault: Path, key: Key) -> int:
    """Seal every plain file of a vault filled without a key; returns how many. Goes on where a crash ended it."""
    for rest in vault.rglob("*.sealing"):
        rest.unlink()
    plain = sorted(path for path in vault.rglob("*") if path.is_file() and path.suffix != SUFFIX)
    for path in plain:
        seal_file(path, key)
    return len(plain)


def sweep_drafts(temp: Path) -> None:
    """Remove half-written copies of a run that was killed."""
    for draft in temp.glob(f"{DRAFT}*") if temp.is_dir() else ():
        draft.unlink(missing_ok=True)
