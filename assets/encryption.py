"""Encryption at rest: DuckDB files by AES-GCM of the packaged httpfs extension, vault files by AES-256-GCM in Python.

DuckDB 1.5.5 alone refuses to write encrypted files; its built-in fallback is called "not securely encrypted" by DuckDB
itself and is never used. The extension comes as a Python package: nothing is downloaded.
"""

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from assets.errors import ConfigError, DataError
from assets.home import Home
from assets.keys import Key

if TYPE_CHECKING:
    import duckdb

MAGIC = b"OWVAULT1"
SEALED = ".sealed"
_NONCE = 12
_FLAGS = 20
"""Where a DuckDB file has its flags (after a checksum of 8 bytes, ``DUCK`` and a version of 8); bit 0: encrypted."""


def attach(
    connection: "duckdb.DuckDBPyConnection", path: Path, name: str, key: Key | None, *, read_only: bool = False
) -> None:
    """Attach the database file at ``path`` under ``name``, encrypted with ``key`` when there is one.

    The key travels as a bound parameter, never in the text of a statement. Raises ``ConfigError`` for a wrong or
    missing key, and for a key on a file that is not encrypted.
    """
    import duckdb

    encrypted = is_encrypted(path)
    if encrypted and key is None:
        raise ConfigError(
            "OUTCOMES_KEY_FILE is not set, but the database is encrypted: set it to the agency's key file"
        )
    if encrypted is False and key is not None:
        raise ConfigError("OUTCOMES_KEY_FILE is set, but the database is not encrypted yet: `outcomes run` does that")
    place = str(path).replace("'", "''")
    access = "read_only" if read_only else "read_write"
    try:
        if key is None:
            connection.execute(f"attach '{place}' as {name} ({access})")
            return
        load_crypto(connection)
        connection.execute(f"attach '{place}' as {name} ({access}, encryption_key ?)", [key.derive("database").hex()])
    except duckdb.InvalidInputException:
        raise ConfigError("OUTCOMES_KEY_FILE: not the key this database was encrypted with") from None


def is_encrypted(path: Path) -> bool | None:
    """Tell by its header whether a DuckDB file is encrypted; None where there is no such file yet."""
    try:
        with path.open("rb") as file:
            header = file.read(_FLAGS + 1)
    except FileNotFoundError:
        return None
    return bool(header[_FLAGS] & 1) if len(header) > _FLAGS and header[8:12] == b"DUCK" else None


def load_crypto(connection: "duckdb.DuckDBPyConnection") -> None:
    """Load the extension that encrypts from its Python package, and encrypt what the connection spills to disk."""
    from importlib.util import find_spec

    package = find_spec("duckdb_extension_httpfs")
    folders = (package.submodule_search_locations if package else None) or []
    version = connection.execute("select library_version from pragma_version()").fetchone()
    wanted = str(version[0] if version else "")
    places = [Path(folder) / "extensions" / wanted / "httpfs.duckdb_extension" for folder in folders]
    place = next((place for place in places if place.exists()), None)
    if place is None:
        raise ConfigError(f"encryption needs the package duckdb-extension-httpfs for DuckDB {wanted}")
    quoted = str(place).replace("'", "''")
    connection.execute(f"load '{quoted}'")
    connection.execute("set temp_file_encryption = true")
    # It is loaded for its cipher; what else it is for, reading from the network, stays closed.
    connection.execute("set disabled_filesystems = 'HTTPFileSystem,S3FileSystem,HuggingFaceFileSystem'")


def seal(data: bytes, key: Key) -> bytes:
    """Encrypt ``data``: magic, a random 96-bit nonce, AES-256-GCM ciphertext with its tag."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE)
    return MAGIC + nonce + AESGCM(key.derive("vault")).encrypt(nonce, data, MAGIC)


def unseal(sealed: bytes, key: Key) -> bytes:
    """Decrypt what ``seal`` made; raises ``DataError`` ``VAULT_DAMAGED`` for changed bytes or another key."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    start = len(MAGIC)
    nonce, body = sealed[start : start + _NONCE], sealed[start + _NONCE :]
    try:
        if not sealed.startswith(MAGIC):
            raise InvalidTag
        return AESGCM(key.derive("vault")).decrypt(nonce, body, MAGIC)
    except (InvalidTag, ValueError):
        raise DataError("VAULT_DAMAGED", "a file of the vault was changed or sealed with another key") from None


def seal_vault(home: Home, key: Key) -> int:
    """Encrypt every plain file of the vault as ``<sha256>.sealed`` and remove the plain one; returns how many.

    A plain file goes only once its sealed copy is on disk; after a crash the next call seals what is left. A file that
    is read again (new maps) stands in the vault in plain until the call that follows.
    """
    sealed = 0
    for rest in home.vault.rglob("*.sealing"):
        rest.unlink()
    for path in sorted(path for path in home.vault.rglob("*") if path.is_file() and path.suffix != SEALED):
        draft = path.with_name(path.name + ".sealing")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with os.fdopen(handle, "wb") as file:
            file.write(seal(path.read_bytes(), key))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path.with_name(path.name + SEALED))
        path.unlink()
        sealed += 1
    return sealed


def read_vault(path: Path, key: Key | None) -> bytes:
    """Return the original bytes of a vault file, by its plain or its sealed path.

    Raises ``ConfigError`` when it is sealed and no key is set, ``DataError`` when it was changed.
    """
    closed = path if path.suffix == SEALED else path.with_name(path.name + SEALED)
    if path.suffix != SEALED and path.exists():
        return path.read_bytes()
    if key is None:
        raise ConfigError("OUTCOMES_KEY_FILE is not set, but the vault is encrypted: set it to the agency's key file")
    return unseal(closed.read_bytes(), key)


def disk_encryption(
    path: Path, mounts: Path = Path("/proc/self/mountinfo"), block: Path = Path("/sys/class/block")
) -> str:
    """Tell whether ``path`` lies on an encrypted volume: ``encrypted``, ``plain`` or ``unknown``.

    Looks for a dm-crypt mapping under the mount's device and for the file systems that encrypt themselves. Whatever
    cannot be told is ``unknown``, never ``encrypted``.
    """
    best: tuple[str, str, str] | None = None
    try:
        for line in mounts.read_text().splitlines():
            left, _, right = line.partition(" - ")
            point, kind, source = left.split()[4], right.split()[0], right.split()[1]
            if path.resolve().is_relative_to(point) and (best is None or len(point) >= len(best[0])):
                best = (point, kind, source)
    except (OSError, IndexError):
        return "unknown"
    if best is None:
        return "unknown"
    _, kind, source = best
    if kind in {"ecryptfs", "fuse.gocryptfs", "fuse.encfs", "fuse.cryfs"}:
        return "encrypted"
    device = Path(source).resolve().name if source.startswith("/dev/") else None
    if device is None or not (block / device).exists():
        return "unknown"
    return "encrypted" if _over_crypt(block / device) else "plain"


def _over_crypt(device: Path) -> bool:
    """Whether the block device or one below it is a dm-crypt mapping."""
    uuid = device / "dm" / "uuid"
    if uuid.exists() and uuid.read_text().startswith("CRYPT-"):
        return True
    slaves = device / "slaves"
    return slaves.is_dir() and any(_over_crypt(slave) for slave in slaves.iterdir())
