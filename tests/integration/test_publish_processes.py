"""Readers and the writer as separate processes: nobody waits, nobody sees half a build."""

import multiprocessing
import time
from multiprocessing.connection import Connection
from pathlib import Path

import duckdb
from publish_fixtures import begin, build_id, make_home

from assets.home import Home
from assets.publish import publish

BUILDS = 8


def write_builds(root: str, pipe: Connection) -> None:
    """Publish builds 2 … BUILDS, one after the other, and tell how long each took."""
    home = Home(Path(root))
    seconds = []
    with duckdb.connect(str(home.work_db)) as connection:
        for number in range(2, BUILDS + 1):
            identity = begin(connection, home, number)
            began = time.monotonic()
            publish(home, connection, identity, keep=1)
            seconds.append(time.monotonic() - began)
    pipe.send(seconds)


def read_in_a_loop(path: str, pipe: Connection) -> None:
    """Open, read four tables, close, until the last build is seen; tell what each look saw."""
    looks = []
    while not looks or looks[-1][0] != build_id(BUILDS):
        with duckdb.connect(path, read_only=True) as connection:
            build = connection.execute("select build_id from meta.build").fetchone()
            facts = connection.execute("select min(build), max(build), count(*) from marts.fct_services").fetchone()
            n = connection.execute("select n from study.descriptives").fetchone()
        assert build is not None
        assert facts is not None
        assert n is not None
        looks.append((build[0], *facts, int(n[0])))
        if len(looks) == 1:
            pipe.send("reading")
    pipe.send(looks)


def hold(path: str, pipe: Connection) -> None:
    """Open the published file, keep it open until told, then read it for the first time."""
    with duckdb.connect(path, read_only=True) as connection:
        pipe.send("open")
        pipe.recv()
        row = connection.execute(
            "select (select build_id from meta.build), min(build), max(build), count(*) from marts.fct_services"
        ).fetchone()
        pipe.send(row)


def test_readers_see_whole_builds_and_the_writer_never_waits(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    with duckdb.connect(str(home.work_db)) as connection:
        publish(home, connection, build_id(1))
    spawn = multiprocessing.get_context("spawn")
    pipes = {name: spawn.Pipe() for name in ("holder", "looper", "writer")}
    targets = {
        "holder": (hold, str(home.research_db)),
        "looper": (read_in_a_loop, str(home.research_db)),
        "writer": (write_builds, str(home.root)),
    }
    processes = {
        name: spawn.Process(target=target, args=(argument, pipes[name][1]))
        for name, (target, argument) in targets.items()
    }
    ends = {name: pipe[0] for name, pipe in pipes.items()}
    try:
        for name in ("holder", "looper"):
            processes[name].start()
            assert ends[name].poll(60)
            assert ends[name].recv() in {"open", "reading"}
        processes["writer"].start()
        assert ends["writer"].poll(120), "the writer waited for a reader"
        seconds = ends["writer"].recv()
        assert ends["looper"].poll(60)
        looks = ends["looper"].recv()
        ends["holder"].send("read")
        assert ends["holder"].poll(60)
        held = ends["holder"].recv()
    finally:
        for process in processes.values():
            if process.pid is not None:
                process.join(10)
                if process.is_alive():
                    process.kill()
    assert len(seconds) == BUILDS - 1
    assert held == (build_id(1), 1, 1, 40)
    whole = {(build_id(number), number, number, 40, number) for number in range(1, BUILDS + 1)}
    assert set(looks) <= whole
    assert len(set(looks)) > 2, "the reader looked too rarely to show anything"
    assert [look[0] for look in looks] == sorted(look[0] for look in looks), "a reader went back in time"
