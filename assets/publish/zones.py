"""The zones as places: which folder holds what, and who may open it.

The agency zone is for agency staff (folders 0700, files 0600), the research and public zones are for others to read.
DuckDB has no users inside a file, so the file modes of the places are the border.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

from assets.errors import ConfigError
from assets.home import Home
from assets.publish.privacy.disk import disk_encryption

PRIVATE_FOLDER, SHARED_FOLDER = 0o700, 0o755
PRIVATE_FILE, SHARED_FILE = 0o600, 0o444
PRIVATE_UMASK = 0o077

PLAIN_NOTICE = (
    "OUTCOMES_KEY_FILE is not set: the working database, agency.duckdb, the vault and frozen publications are plain"
    " files, protected by their file modes only. `outcomes keygen` makes a key."
)
SEALED_NOTICE = (
    "Encrypted with the agency's key: the working database and its spill files, agency.duckdb, the vault, frozen"
    " publications. Plain, because people open them: the inbox, quarantine.xlsx, follow_up.xlsx, the report, notes"
    " on refused files, aliases, consents and receipts."
)
DISK_NOTICES = {
    "encrypted": "The disk under this home is encrypted.",
    "plain": "The disk under this home is NOT encrypted: whoever holds it reads every plain file on it.",
    "unknown": "Whether the disk under this home is encrypted cannot be told from here: ask who runs this machine.",
}


def prepare_home(home: Home) -> None:
    """Make the folders of a home with their modes and set the process's umask, so that every new file is private.

    Existing folders of the agency zone are tightened to 0700. The inbox belongs to the staff who drop files into it: it
    is made 0700 where absent and else left as it is.
    """
    os.umask(PRIVATE_UMASK)
    for folder in (home.root, home.research, home.public):
        if not folder.is_dir():
            folder.mkdir(parents=True)
            folder.chmod(SHARED_FOLDER)
    if not home.inbox.is_dir():
        home.inbox.mkdir(mode=PRIVATE_FOLDER)
    for folder in (home.agency, home.work, home.temp, home.vault, home.rejected, home.dbt, home.dagster):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(PRIVATE_FOLDER)


def start_notices(home: Home) -> list[str]:
    """Say what of a home is encrypted and what is not, and what the disk under it does: shown at every start."""
    return [SEALED_NOTICE if home.key_file else PLAIN_NOTICE, DISK_NOTICES[disk_encryption(home.root)]]


def require_encrypted_disk(home: Home) -> None:
    """Refuse to go on unless the disk is seen to encrypt: what ``--require-encrypted-disk`` asks for."""
    disk = disk_encryption(home.root)
    if disk != "encrypted":
        told = "is not encrypted" if disk == "plain" else "cannot be told to be encrypted"
        raise ConfigError(f"the disk under this home {told}, and an encrypted one is required; nothing was touched")


def loose_modes(home: Home) -> list[str]:
    """Name every file or folder of the agency zone that somebody else could open; paths are relative to the home."""
    loose = []
    for path in [home.agency, *sorted(home.agency.rglob("*"))]:
        if not path.is_symlink() and path.exists() and path.stat().st_mode & 0o077:
            loose.append(_inside(path, home.root))
    return loose


def tighten(home: Home) -> int:
    """Take group and world rights from everything in the agency zone; returns how many modes were changed.

    For what libraries create with modes of their own (run storage, spill files).
    """
    changed = 0
    for path in [home.agency, *home.agency.rglob("*")]:
        with suppress(FileNotFoundError):  # a tool may remove its own temporary file in the meantime
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode) and mode & 0o077:
                path.chmod(stat.S_IMODE(mode) & 0o700)
                changed += 1
    return changed


def _inside(path: Path, root: Path) -> str:
    return str(path.relative_to(root))
