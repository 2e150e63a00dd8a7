"""A file that lies in memory and has a path all the same: what is read in plain need not touch a disk.

On Linux the path is ``/proc/<this process>/fd/<n>``, which children of the same user can open too. Where that is not to
be had, the file is one of mode 600 in ``folder``, removed at the end and, after a crash, swept at the next start.
"""

import os
import tempfile
from pathlib import Path
from typing import Self

PREFIX = "reading-"


class MemoryFile:
    """Write first, then hand out ``path``; gone with ``close`` or with the process."""

    def __init__(self, folder: Path | None) -> None:
        self._on_disk: Path | None = None
        if hasattr(os, "memfd_create"):
            handle = os.memfd_create("outcomes", os.MFD_CLOEXEC)
            os.fchmod(handle, 0o600)
            self.path = Path(f"/proc/{os.getpid()}/fd/{handle}")
            self._file = os.fdopen(handle, "wb")
            if self.path.exists():
                return
            self._file.close()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(prefix=PREFIX, dir=folder)
        self.path = self._on_disk = Path(name)
        self._file = os.fdopen(handle, "wb")

    def write(self, data: bytes) -> None:
        """Add to the file."""
        self._file.write(data)

    def complete(self) -> Path:
        """Return the path, once all is written."""
        self._file.flush()
        return self.path

    def close(self) -> None:
        """Let the memory go."""
        self._file.close()
        if self._on_disk is not None:
            self._on_disk.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
