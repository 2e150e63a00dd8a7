"""A first reading of files whose readers are native code, in a process of its own.

ReadStat, the C library behind every SPSS reader, crashes on some damaged files: 2 of 1,140 mutated ones ended the whole
interpreter. calamine panics on damaged .xls and .xlsb files, or asks for all the memory there is (1 of 120 mutated ones
was ended by the system). So a child reads each such file first; if the child dies, the file is refused and the night
goes on. A child stays for the next file: its start costs 0.3 s, a probe then 5 ms.
"""

import atexit
import select
import subprocess
import sys
from pathlib import Path
from typing import IO

from assets.errors import DataError

SECONDS = 60.0
SHEETS_SPACE, SPACE_A_BYTE = 1 << 30, 20
"""Bytes of address space for a workbook, and for each byte of its file."""
ADDRESS_SPACE = 6 << 30
"""Bytes of address space the child may take: a header that claims a billion cases fails there, not here."""


class _Child:
    """A probing process that runs ``work`` of this module, started when first needed and again after a crash."""

    def __init__(self, work: str) -> None:
        self._work = work
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
        start = (
            f"import sys; sys.path[:] = {sys.path!r}; from assets.ingest.spss_probe import {self._work} as work; work()"
        )
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


_SPSS, _WORKBOOKS = _Child("read_spss_files"), _Child("read_workbooks")
atexit.register(_SPSS.stop)
atexit.register(_WORKBOOKS.stop)


def stop_probing() -> None:
    """End the probing processes; the next probe starts another."""
    _SPSS.stop()
    _WORKBOOKS.stop()


def probe(path: str, kind: str) -> None:
    """Read the file in the child. Raises :class:`DataError` ``CORRUPT`` when that killed or hung it."""
    if "\n" in path or not _SPSS.ask(f"{kind} {path}"):
        raise DataError("CORRUPT", "the SPSS file is damaged so badly that its reader stops")


def probe_workbook(path: str) -> None:
    """Read an .xls or .xlsb in the child. Raises :class:`DataError` ``CORRUPT`` when that killed or hung it."""
    if "\n" in path or not _WORKBOOKS.ask(path):
        raise DataError("CORRUPT", "the workbook is damaged so badly that its reader stops")


def read_workbooks() -> None:
    """The child for workbooks: one file a line, ``done`` after each.

    A sheet is dense in memory, 32 bytes a cell; a cell takes 6 bytes of the file at least, so what a sound file needs
    is bounded by its size. A panic ends the child.
    """
    import resource

    import python_calamine as calamine

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin:
        path = line.rstrip("\n")
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        size = Path(path).stat().st_size
        resource.setrlimit(resource.RLIMIT_AS, (min(ADDRESS_SPACE, SHEETS_SPACE + SPACE_A_BYTE * size), most))
        try:
            book = calamine.CalamineWorkbook.from_path(path)
            for name in book.sheet_names:
                book.get_sheet_by_name(name)
        except Exception as error:  # an orderly failure: the reading that follows meets it again and tells it
            sys.stderr.write(f"{type(error).__name__}\n")
        sys.stdout.write("done\n")
        sys.stdout.flush()


def read_spss_files() -> None:
    """The child for SPSS files: one file a line, ``done`` after each."""
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
