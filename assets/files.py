"""What every writer of files needs: on disk before the next step."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Have the file or folder at ``path`` on disk before this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
