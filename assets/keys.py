"""The agency's key: made once, kept outside the data, and never replaced in silence.

One key file holds 32 random bytes; every use (database, vault, erasure list, rounding) gets a key of its own derived by
HKDF-SHA256, so that none tells about another. The home remembers only a derived fingerprint: with it a wrong or missing
key is a refusal before anything is read or written, and never the start of a second, unreadable half.
"""

import base64
import binascii
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from assets.errors import ConfigError
from assets.home import Home

HEADER = "outcomes-key-1"
PURPOSES = ("database", "vault", "erasure", "audit", "rounding", "fingerprint")


@dataclass(frozen=True)
class Key:
    """The master key; its text forms never show it."""

    _secret: bytes = field(repr=False)

    def __str__(self) -> str:
        return "Key(hidden)"

    def __reduce__(self) -> str:
        raise TypeError("a key is not pickled")

    def derive(self, purpose: str) -> bytes:
        """Return the 32-byte key of one of ``PURPOSES`` (RFC 5869, no salt, ``info`` = ``outcomes/<purpose>``)."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        if purpose not in PURPOSES:
            raise ValueError("unknown purpose of a key")
        return HKDF(SHA256(), 32, salt=None, info=f"outcomes/{purpose}".encode()).derive(self._secret)


def generate_key(path: Path, home: Home) -> None:
    """Write a new key to ``path`` (mode 600), which must not exist and must lie outside the home folder."""
    _refuse_inside(path, home)
    text = f"{HEADER}\n{base64.b64encode(secrets.token_bytes(32)).decode()}\n"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigError("the key file exists already: a key is never overwritten") from None
    except OSError:
        raise ConfigError("the key file cannot be made there: does its folder exist?") from None
    with os.fdopen(handle, "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def load_key(home: Home) -> Key | None:
    """Return the key of ``OUTCOMES_KEY_FILE``, or None where none is set and the home was never encrypted.

    Raises ``ConfigError`` (naming the setting, never the key) when the file is missing, open to others, inside the
    data folder, damaged, not the key this home was encrypted with, or unset though the home is encrypted.
    """
    known = _fingerprint_file(home)
    if home.key_file is None:
        if known.exists():
            raise ConfigError(
                "OUTCOMES_KEY_FILE is not set, but this home is encrypted: set it to the agency's key file"
            )
        return None
    key = _read(home.key_file, home)
    if known.exists() and not secrets.compare_digest(known.read_text().strip(), fingerprint(key)):
        raise ConfigError("OUTCOMES_KEY_FILE: not the key this home was encrypted with; nothing was touched")
    return key


def require_encryption(home: Home) -> None:
    """Refuse to go on without a key: what ``--require-encryption`` asks for."""
    if load_key(home) is None:
        raise ConfigError("OUTCOMES_KEY_FILE is not set, and encryption is required: make a key with `outcomes keygen`")


def remember_key(home: Home, key: Key) -> None:
    """Note the key's fingerprint in the home, once; from then on only this key opens it."""
    place = _fingerprint_file(home)
    if not place.exists():
        place.write_text(fingerprint(key) + "\n")
        place.chmod(0o600)


def fingerprint(key: Key) -> str:
    """32 hex digits that tell keys apart and tell nothing about them."""
    return key.derive("fingerprint").hex()[:32]


def _fingerprint_file(home: Home) -> Path:
    return home.agency / "key-fingerprint"


def _read(path: Path, home: Home) -> Key:
    _refuse_inside(path, home)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        raise ConfigError("OUTCOMES_KEY_FILE: no such file, or a link; nothing was encrypted with a new key") from None
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077:
            raise ConfigError("OUTCOMES_KEY_FILE: others may read the file; take their rights away (chmod 600)")
        lines = file.read(4096).split()
    try:
        if len(lines) != 2 or lines[0] != HEADER.encode():
            raise ValueError
        secret = base64.b64decode(lines[1], validate=True)
        if len(secret) != 32:
            raise ValueError
    except (ValueError, binascii.Error):
        raise ConfigError("OUTCOMES_KEY_FILE: not a key file of this program, or damaged") from None
    return Key(secret)


def _refuse_inside(path: Path, home: Home) -> None:
    if path.resolve().is_relative_to(home.root.resolve()):
        raise ConfigError("OUTCOMES_KEY_FILE: the key must lie outside the data folder, or a copy of one holds both")
