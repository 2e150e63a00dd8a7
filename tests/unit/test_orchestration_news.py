"""A night without news is recognised, and every kind of news is named."""

import shutil
from pathlib import Path

import pytest

from assets.home import PROJECT_ROOT, Home
from assets.news import current_state, news, remember


@pytest.fixture
def home(tmp_path: Path) -> Home:
    config = tmp_path / "config"
    shutil.copytree(PROJECT_ROOT / "config", config)
    made = Home(tmp_path / "home", config)
    made.inbox.mkdir(parents=True)
    made.work.mkdir(parents=True)
    (made.inbox / "a.csv").write_text("x")
    made.agency_db.write_text("published")
    remember(made, current_state(made))
    return made


def test_nothing_new(home: Home) -> None:
    assert not news(home).anything


def test_a_first_night_is_news(tmp_path: Path) -> None:
    assert news(Home(tmp_path)).anything


@pytest.mark.parametrize("change", ["inbox", "aliases", "config"])
def test_what_changed_is_named(home: Home, change: str) -> None:
    target = {"inbox": home.inbox / "b.csv", "aliases": home.aliases, "config": home.config / "agency.yml"}[change]
    with target.open("a") as file:
        file.write("# more\n")
    found = news(home)
    assert found.anything
    assert change in found.reason


def test_a_lost_publication_is_news(home: Home) -> None:
    home.agency_db.unlink()
    assert news(home).anything
