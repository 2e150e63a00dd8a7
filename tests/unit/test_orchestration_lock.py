"""One writer at a time, across processes, and freed when its holder dies."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.lock import HomeBusyError, writing

HOLD = """
import sys
from pathlib import Path
from orchestration.lock import writing
with writing(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_writer_is_told_who_holds_it(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(HomeBusyError, match=f"process {holder.pid}"), writing(tmp_path / "lock"):
        pass


def test_a_killed_holder_does_not_block_the_next(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with writing(tmp_path / "lock"):
        assert (tmp_path / "lock").stat().st_mode & 0o077 == 0
