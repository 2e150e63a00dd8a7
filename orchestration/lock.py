"""One writer at a time: a lock on a file that the operating system frees when its holder ends, however it ends.

DuckDB's own lock lives only while a connection is open; between two steps of a night another run could slip in and
both would build on half of the other's work. So a run holds this lock from its first step to its last.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class HomeBusyError(Exception):
    """Another process is writing in this home."""


@contextmanager
def writing(lock_file: Path) -> Iterator[None]:
    """Hold the writer's lock of a home; raises ``HomeBusyError`` at once when another process has it.

    The message names the other process by its number, so that an operator can look at it.
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            message = f"another run (process {holder}) is writing in this home; wait for it to end and try again"
            raise HomeBusyError(message) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode("ascii"), 0)
        yield
    finally:
        os.close(descriptor)


def holder(lock_file: Path) -> str | None:
    """Return the number of the process that writes in the home now, or None."""
    try:
        with writing(lock_file):
            return None
    except HomeBusyError:
        return lock_file.read_text("ascii", "replace").strip() or "unknown"
