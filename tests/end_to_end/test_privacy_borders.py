"""The borders that the operating system draws: another user of the machine, another machine on the network."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

NOBODY = 65534


@pytest.fixture
def reachable(night: Any) -> Iterator[Path]:
    """A copy of a home after a good night, in a folder that every user of the machine may enter."""
    root = Path(tempfile.mkdtemp(prefix="outcomes-roles-"))
    root.chmod(0o755)
    shutil.copytree(night.home, root / "home", symlinks=True)
    yield root / "home"
    shutil.rmtree(root)


def as_nobody(question: Any, *arguments: Any) -> str:
    """Answer a question in a child that has become another user; the answer is one line of text."""
    import duckdb  # loaded before the change: the other user may have no way to the interpreter's files

    duckdb.connect().close()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            told = str(question(*arguments))
        except BaseException as error:
            told = f"failed: {type(error).__name__}"
        os.write(writer, told.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        told = answer.read()
    os.waitpid(child, 0)
    return told


def known(paths: list[Path]) -> list[str]:
    """Those of the paths (told by somebody who knows them) that this user can open or list."""
    found = []
    for path in paths:
        try:
            list(path.iterdir()) if path.is_dir() else path.open("rb").close()
            found.append(path.name)
        except PermissionError:
            continue
    return found


def clients(research: Path) -> int:
    import duckdb

    with duckdb.connect(str(research), read_only=True) as connection:
        found = connection.execute("select count(*) from marts.client_study").fetchone()
    return int(found[0]) if found else 0


def everything(folder: Path) -> list[Path]:
    return [folder, *folder.rglob("*")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_r38_another_user_reads_nothing_of_the_agency_and_all_of_the_research_file(reachable: Path) -> None:
    paths = everything(reachable / "agency")
    assert len(paths) > 50
    assert as_nobody(known, paths) == "[]"
    assert as_nobody(known, [reachable / "research", reachable / "public"]) == "['research', 'public']", "the control"
    assert as_nobody(clients, reachable / "research" / "research.duckdb") == "95"
    assert as_nobody((reachable / "research" / "x").touch) == "failed: PermissionError"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_r38_the_control_one_loose_folder_is_seen(reachable: Path) -> None:
    for folder in (reachable / "agency", reachable / "agency" / "report"):
        folder.chmod(0o755)
    (reachable / "agency" / "report" / "report.html").chmod(0o644)
    seen = as_nobody(known, everything(reachable / "agency"))
    assert "report.html" in seen
    assert "warehouse.duckdb" not in seen
