"""A real browser and a real Dagster: what the end-to-end tests share."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """An installed Chromium driven by Playwright; nothing is downloaded."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine: .ci/run installs one")
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@dataclass(frozen=True)
class Server:
    """A running ``outcomes ui``."""

    url: str
    home: Path

    def query(self, text: str, **variables: Any) -> Any:
        """Ask the GraphQL API that the UI itself uses."""
        body = json.dumps({"query": text, "variables": variables}).encode()
        request = urllib.request.Request(self.url + "/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            found = json.load(answer)
        assert not found.get("errors"), found["errors"]
        return found["data"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Any, seconds: float, what: str) -> Any:
    """Ask again until the answer is true; fail with ``what`` when time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.25)
    pytest.fail(f"timed out: {what}")


@pytest.fixture(scope="module")
def ui(night: Any, tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Iterator[Server]:
    """Webserver and daemon of a private copy of a home that had one good night."""
    home = tmp_path_factory.mktemp("ui") / "home"
    shutil.copytree(night.home, home, symlinks=True)
    port = free_port()
    log = (home.parent / "ui.log").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", "ui", "--home", str(home), "--port", str(port)],
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=project_root,
    )
    server = Server(f"http://127.0.0.1:{port}", home)

    def loaded() -> bool:
        assert process.poll() is None, (home.parent / "ui.log").read_text()
        try:
            found = server.query("{ workspaceOrError { ... on Workspace { locationEntries { loadStatus } } } }")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        entries = found["workspaceOrError"]["locationEntries"]
        return bool(entries) and all(entry["loadStatus"] == "LOADED" for entry in entries)

    wait_until(loaded, 120, "the webserver to load the code location")
    yield server
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    log.close()
