"""A home that was plain and now has a key: every database and every file of the vault is encrypted, once.

Each file is copied into an encrypted one beside it, and the plain one goes only when the copy is on disk, so a crash
leaves either; the next run goes on from there. What a disk keeps of a removed file is beyond this program.
"""

from collections.abc import Callable
from pathlib import Path

from assets.encryption import attach, is_encrypted
from assets.files import sync
from assets.home import Home
from assets.ingest.vault import seal_vault
from assets.keys import Key, remember_key
from assets.publish.privacy.ledger import ledger_path
from assets.publish.privacy.trail import append, record

DRAFT = ".encrypting"


def encrypt_home(home: Home, key: Key, say: Callable[[str], None] = lambda _text: None) -> int:
    """Encrypt what is still plain in the home of ``key`` and return how many files that were; ``say`` gets one line.

    The caller holds the writer's lock. From here on the home opens with this key only.
    """
    remember_key(home, key)
    for draft in home.agency.rglob(f"*.duckdb{DRAFT}*"):
        draft.unlink()
    databases = [path for path in _databases(home) if is_encrypted(path) is False]
    for path in databases:
        _encrypt_database(path, home, key)
    sealed = seal_vault(home.vault, key)
    if databases or sealed:
        record(home, "encrypt", key, databases=len(databases), files=sealed)
        if ledger_path(home).exists():
            append(ledger_path(home), {"zone": "agency"}, key)  # no release: it binds those before it
        say(f"This home was plain: {len(databases)} databases and {sealed} files of the vault are encrypted now")
    return len(databases) + sealed


def _databases(home: Home) -> list[Path]:
    published = sorted(path for path in home.agency.glob("agency-*.duckdb") if not path.is_symlink())
    return [home.work_db, *published, *sorted((home.agency / "frozen").glob("*/frozen.duckdb"))]


def _encrypt_database(path: Path, home: Home, key: Key) -> None:
    import duckdb

    from assets.publish.privacy.erasure_list import register

    fresh = path.with_name(path.name + DRAFT)
    with duckdb.connect() as connection:
        # For writing, because only then what an interrupted run left in the write-ahead log is in.
        attach(connection, path, "plain", None, read_only=not path.stat().st_mode & 0o200)
        connection.execute("use plain")
        register(connection, home)
        attach(connection, fresh, "sealed", key)
        connection.execute("copy from database plain to sealed")
        connection.execute("checkpoint sealed")
        connection.execute("use memory")
        connection.execute("detach sealed")
        connection.execute("detach plain")
    fresh.chmod(path.stat().st_mode & 0o600)
    sync(fresh)
    fresh.replace(path)
    path.with_name(path.name + ".wal").unlink(missing_ok=True)
    sync(path.parent)
