"""A first reading of an SPSS file in a process of its own.

ReadStat, the C library behind every SPSS reader, crashes on some damaged files: 2 of 1,140 mutated ones ended the whole
interpreter. So a child reads each new file first; if the child dies, the file is refused and the night goes on. The
child
stays for the next file: its start costs 0.3 s, a probe then 5 ms.
"""

import atexit
import select
import subprocess
import sys
from typing import IO

from assets.errors import DataError

SECONDS = 60.0
ADDRESS_SPACE = 6 << 30
"""Bytes of address space the child may take: a header that claims a billion cases fails there, not here."""


class _Child:
    """The one probing process, started when first needed and again after a crash."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def ask(self, line: str) -> bool:
        """True when the child has read the file named in ``line`` (well or with an error); False when it died or
        hung."""
        process = self._running()
        stdin, stdout = _pipes(process)
        try:
            stdin.write(f"{line}\n")
            stdin.flush()
            ready, _, _ = select.select([stdout], [], [], SECONDS)
            answer = stdout.readline() if ready else ""
        except OSError:
            answer = ""
        if answer.strip() != "done":
            self.stop()
            return False
        return True

    def _running(self) -> subprocess.Popen[str]:
        start = f"import sys; sys.path[:] = {sys.path!r}; from assets.ingest.spss_probe import main; main()"
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter and this module, nothing from a file
                [sys.executable, "-c", start],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        return self._process

    def stop(self) -> None:
        """End the child, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for pipe in _pipes(process):
                pipe.close()
            process.wait()


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    if process.stdin is None or process.stdout is None:
        raise DataError("READER_FAILED", "the probing process has no pipes")
    return process.stdin, process.stdout


_CHILD = _Child()
atexit.register(_CHILD.stop)


def probe(path: str, kind: str) -> None:
    """Read the file in the child. Raises :class:`DataError` ``CORRUPT`` when that killed or hung it."""
    if "\n" in path or not _CHILD.ask(f"{kind} {path}"):
        raise DataError("CORRUPT", "the SPSS file is damaged so badly that its reader stops")


def main() -> None:
    """The child: one file a line, ``done`` after each."""
    import resource

    import pyreadstat

    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin:
        kind, path = line.rstrip("\n").split(" ", 1)
        try:
            if kind == "por":
                pyreadstat.read_por(path, output_format="dict", row_limit=20_000)
            else:
                pyreadstat.read_sav(
                    path, output_format="dict", row_limit=20_000, user_missing=True, disable_datetime_conversion=True
                )
        except Exception as error:  # an orderly failure: the reading that follows meets it again and tells it
            sys.stderr.write(f"{type(error).__name__}\n")
        sys.stdout.write("done\n")
        sys.stdout.flush()
