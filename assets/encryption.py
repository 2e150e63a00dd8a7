"""DuckDB files encrypted at rest, by AES-GCM of the packaged httpfs extension.

DuckDB 1.5.5 alone refuses to write encrypted files; its built-in fallback is called "not securely encrypted" by DuckDB
itself and is never used. The extension comes as a Python package: nothing is downloaded.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from assets.errors import ConfigError
from assets.keys import Key

if TYPE_CHECKING:
    import duckdb

_FLAGS = 20
"""Where a DuckDB file has its flags (after a checksum of 8 bytes, ``DUCK`` and a version of 8); bit 0: encrypted."""


def attach(
    connection: "duckdb.DuckDBPyConnection",
    path: Path,
    name: str,
    key: Key | None,
    *,
    read_only: bool = False,
    storage: str | None = None,
) -> None:
    """Attach the database file at ``path`` under ``name``, encrypted with ``key`` when there is one.

    ``storage`` is the oldest format that a plain file may have once it is written; encrypted ones have the newest.
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
            least = f", storage_version '{storage}'" if storage and not read_only else ""
            connection.execute(f"attach '{place}' as {name} ({access}{least})")
            return
        load_crypto(connection)
        connection.execute(f"attach '{place}' as {name} ({access}, encryption_key ?)", [key.derive("database").hex()])
    except duckdb.InvalidInputException:
        if key is None:
            raise
        raise ConfigError("OUTCOMES_KEY_FILE: not the key this database was encrypted with") from None
    except duckdb.IOException as error:
        if "lock" not in str(error):
            raise
        raise ConfigError(f"{path.name} is in use by another program; close it there and try again") from None


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
