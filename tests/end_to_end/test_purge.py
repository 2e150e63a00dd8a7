"""``retention.purge``: each night counts what is past its date; where it says ``nightly`` it deletes it as well."""

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from assets.home import Home
from assets.publish.privacy.trail import entries, trail_path, verify_trail

pytestmark = pytest.mark.slow  # three whole nights


def test_r34_a_night_lists_what_is_past_its_date_and_deletes_it_only_where_that_is_set(
    outcomes: Any, night: Any, tmp_path: Path, project_root: Path
) -> None:
    home, config = Home(tmp_path / "home"), tmp_path / "config"
    shutil.copytree(night.home, home.root, symlinks=True)
    shutil.copytree(project_root / "config", config)
    old, young, elsewhere = (home.rejected / "old.txt", home.rejected / "young.txt", home.vault / "old")
    for path, days in ((old, 31), (young, 29), (elsewhere, 3_000)):
        path.write_text("refused")
        moment = time.time() - days * 86_400
        os.utime(path, (moment, moment))
    policy = config / "disclosure.yml"
    shipped = policy.read_text()
    assert "  purge: by_hand" in shipped, "nothing goes unless somebody asks for it"

    def call(*arguments: str) -> Any:
        done = outcomes(*arguments, "--home", home.root, OUTCOMES_CONFIG=str(config))
        assert done.code == 0, done.out + done.err
        return done

    by_hand = shipped.replace("rejected: 365", "rejected: 30")
    policy.write_text(by_hand)
    assert "past its date: rejected, 31 days old" in call("purge").out
    call("run")
    assert old.exists()
    policy.write_text(by_hand.replace("purge: by_hand", "purge: nightly"))
    assert "past its date: rejected" in call("purge").out, "the command without --delete stays a dry run"
    assert old.exists()
    call("run")
    assert not old.exists()
    assert young.exists()
    assert elsewhere.exists(), "only the folders that are named"
    assert [line["files"] for line in entries(trail_path(home)) if line["action"] == "purge"] == [1]
    assert verify_trail(home) == []
    assert "Nothing is past its date" in call("purge").out
