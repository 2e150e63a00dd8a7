"""The audit trail shows every edited, removed or added line; the ledger holds back what subtraction could tell."""

import json
from pathlib import Path

import pandas as pd
import pytest
from test_privacy_disclosure import POLICY, TODAY, descriptives

from assets.home import Home
from assets.keys import Key
from assets.publish.privacy.disclosure import PublicRelease, to_public
from assets.publish.privacy.ledger import check, enter
from assets.publish.privacy.trail import record, trail_path, verify_trail


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "agency").mkdir()
    return Home(tmp_path)


@pytest.mark.parametrize("key", [None, Key(b"\1" * 32)], ids=["plain", "keyed"])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_an_edited_removed_or_repeated_line_is_found(home: Home, key: Key | None, position: int) -> None:
    for rows in (10, 20, 30):
        record(home, "run", key, file_tokens=["ab" * 6], rows_in=rows, rows_out=rows - 1, zone="agency")
    path = trail_path(home)
    assert path.stat().st_mode & 0o777 == 0o600
    whole = path.read_text().splitlines(keepends=True)
    assert verify_trail(home, key) == []
    edited = [line.replace('"rows_in": ', '"rows_in": 9') if n == position else line for n, line in enumerate(whole)]
    removed = [line for n, line in enumerate(whole) if n != position]
    repeated = [*whole, whole[position]]
    for spoiled in (edited, removed, repeated, whole[::-1], [*whole, "no entry\n"]):
        path.write_text("".join(spoiled))
        assert verify_trail(home, key) != []
    path.write_text("".join(whole))
    assert verify_trail(home, key) == []


def test_with_a_key_a_line_cannot_be_mended_without_it(home: Home) -> None:
    key = Key(b"\1" * 32)
    record(home, "erase", key, clients=1)
    body = json.loads(trail_path(home).read_text())
    assert verify_trail(home, None) != []
    assert verify_trail(home, Key(b"\2" * 32)) != []
    assert body["action"] == "erase"


@pytest.mark.parametrize("value", ["Zorblatt-Núñez", "a b", "x" * 81, 1.5, {"a": 1}, ["ok", "not ok"]])
def test_a_value_of_the_data_cannot_be_written(home: Home, value: object) -> None:
    with pytest.raises(ValueError, match="audit trail"):
        record(home, "run", None, note=value)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown action"):
        record(home, "look at Jane", None)
    assert not trail_path(home).exists()


def released(n: int, rare: int) -> PublicRelease:
    frame = pd.DataFrame(
        {"trait": ["yes"] * rare + ["no"] * (n - rare), "site": ["a", "b"] * (n // 2) + ["a"] * (n % 2)}
    )
    return to_public(descriptives(frame), POLICY, TODAY)


@pytest.mark.parametrize(
    ("n", "rare", "allowed"),
    [
        (100, 20, True),  # nothing changed
        (101, 21, False),  # one client came, and her trait with her
        (101, 20, False),  # one client came without it
        (103, 22, False),
        (122, 20, True),  # enough came, none with the trait: a change of zero may be shown as a zero in a table may
        (130, 35, True),
        (99, 20, False),  # one client was erased
    ],
)
def test_a_small_change_is_held_back_until_enough_has_changed(home: Home, n: int, rare: int, allowed: bool) -> None:
    enter(home, "first", released(100, 20))
    verdict = check(home, released(n, rare))
    assert verdict.allowed == allowed
    assert verdict.held_by == (() if allowed else ("first",))


def test_every_earlier_release_counts_not_only_the_last(home: Home) -> None:
    enter(home, "first", released(100, 20))
    enter(home, "second", released(150, 45))
    assert check(home, released(101, 31)).held_by == ("first",)


def test_a_count_that_grows_out_of_hiding_tells_no_more_than_k_about_the_past(home: Home) -> None:
    """Hidden at 10 of 100, shown at 11 of 122: the earlier count may still be anything from 0 to 11."""
    enter(home, "first", released(100, 10))
    later = released(122, 11)
    assert later.tables["descriptives"]["n"].notna().all()
    assert check(home, later).allowed
