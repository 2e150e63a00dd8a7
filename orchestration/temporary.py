"""What libraries call temporary lies in the agency zone, for every process of a run, and goes with it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from assets.home import Home
from assets.publish.privacy.sweep import TOOLS


@contextmanager
def private_temp(home: Home) -> Iterator[None]:
    """Give this process and the children it starts a temporary folder of mode 700 in the home, and remove it.

    Within itself it changes nothing: ``outcomes run`` enters before it starts the side process, and every run, also
    one that the daemon or the UI launched, with its first resource.
    """
    folder = home.temp / f"{TOOLS}{os.getpid()}"
    if tempfile.tempdir == str(folder):
        yield
        return
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = None
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before
        shutil.rmtree(folder, ignore_errors=True)
