"""Files sealed with the agency's key: AES-256-GCM in chunks, so that no file has to fit in memory to be sealed.

A sealed file is ``OWVAULT2``, 16 random bytes, then chunks of 1 MiB, each with its tag. Every file has a key of its own
(HKDF of the vault's key with those bytes); a chunk's nonce is its number and whether it is the last one, so none can be
moved, dropped, repeated or taken from another file. The first kind, ``OWVAULT1`` (one chunk), is still read.
"""

import io
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from assets.errors import DataError
from assets.keys import Key

MAGIC = b"OWVAULT2"
FIRST_MAGIC = b"OWVAULT1"
SUFFIX = ".sealed"
CHUNK = 1 << 20
_SALT, _NONCE, _TAG = 16, 12, 16


class Sealer:
    """Writes a sealed file: ``write`` any number of times, then ``finish``; without it the file does not open."""

    def __init__(self, target: BinaryIO, key: Key) -> None:
        salt = secrets.token_bytes(_SALT)
        self._target, self._cipher = target, _cipher(key, salt)
        self._waiting, self._number = bytearray(), 0
        target.write(MAGIC + salt)

    def write(self, data: bytes) -> None:
        """Take more of the file; a chunk is written once it is known not to be the last."""
        self._waiting += data
        while len(self._waiting) > CHUNK:
            self._put(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]

    def finish(self) -> None:
        """Write the last chunk."""
        self._put(bytes(self._waiting), last=True)

    def _put(self, chunk: bytes, *, last: bool) -> None:
        self._target.write(self._cipher.encrypt(_nonce(self._number, last=last), chunk, MAGIC))
        self._number += 1


def unsealed(source: BinaryIO, key: Key) -> Iterator[bytes]:
    """Yield the original bytes of a sealed file; raises ``DataError`` ``VAULT_DAMAGED`` at a change or another key."""
    from cryptography.exceptions import InvalidTag

    try:
        magic = source.read(len(MAGIC))
        if magic == FIRST_MAGIC:
            yield _whole(source, key)
            return
        salt = source.read(_SALT)
        if magic != MAGIC or len(salt) < _SALT:
            raise InvalidTag
        cipher, number = _cipher(key, salt), 0
        chunk = source.read(CHUNK + _TAG)
        while True:
            following = source.read(CHUNK + _TAG)
            yield cipher.decrypt(_nonce(number, last=not following), chunk, MAGIC)
            if not following:
                return
            chunk, number = following, number + 1
    except (InvalidTag, ValueError):
        raise DataError("VAULT_DAMAGED", "a file of the vault was changed or sealed with another key") from None


def seal(data: bytes, key: Key) -> bytes:
    """Seal what is in memory."""
    target = io.BytesIO()
    sealer = Sealer(target, key)
    sealer.write(data)
    sealer.finish()
    return target.getvalue()


def unseal(sealed: bytes, key: Key) -> bytes:
    """Return the original of what ``seal`` made; raises as ``unsealed`` does."""
    return b"".join(unsealed(io.BytesIO(sealed), key))


def is_sealed(path: Path) -> bool:
    """Tell by its first bytes whether a file is sealed."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) in {MAGIC, FIRST_MAGIC}


def seal_file(path: Path, key: Key) -> Path:
    """Put ``<name>.sealed`` in the place of a plain file, read-only; the plain one goes once the other is on disk."""
    draft, sealed = path.with_name(path.name + ".sealing"), path.with_name(path.name + SUFFIX)
    with path.open("rb") as source, os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "wb") as to:
        sealer = Sealer(to, key)
        while block := source.read(CHUNK):
            sealer.write(block)
        sealer.finish()
        to.flush()
        os.fsync(to.fileno())
    draft.replace(sealed)
    path.unlink()
    return sealed


def _cipher(key: Key, salt: bytes):  # type: ignore[no-untyped-def]
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return AESGCM(HKDF(SHA256(), 32, salt=salt, info=b"outcomes/vault file").derive(key.derive("vault")))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(_NONCE - 1, "big") + bytes([last])


def _whole(source: BinaryIO, key: Key) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = source.read(_NONCE)
    return AESGCM(key.derive("vault")).decrypt(nonce, source.read(), FIRST_MAGIC)
