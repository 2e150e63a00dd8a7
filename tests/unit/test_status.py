"""The status of a home that cannot be opened is told, not an error."""

from datetime import UTC, datetime
from pathlib import Path

from assets.home import Home
from assets.news import News
from assets.publish.status import read_status


def test_a_missing_key_is_the_first_thing_to_attend_to(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.work.mkdir(parents=True)
    home.work_db.touch()
    (home.agency / "key-fingerprint").write_text("0" * 32)
    found = read_status(home, News(False, "nothing new"), datetime(2021, 8, 1, 2, tzinfo=UTC), None)
    assert found.attention[0].startswith("OUTCOMES_KEY_FILE is not set, but this home is encrypted")
    assert found.build is None
    assert found.next_night == "2021-08-01T02:00+00:00"
    assert found.as_dict()["encryption"]["key"] == "not set"
