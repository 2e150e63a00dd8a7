"""The audit trail shows every edited, removed or added line; the ledger holds back what subtraction could tell."""

import json
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from test_privacy_disclosure import POLICY, TODAY, descriptives

from assets.encryption import attach
from assets.home import Home
from assets.keys import Key
from assets.publish.privacy.disclosure import PublicRelease, to_public
from assets.publish.privacy.ledger import check, enter, verify_ledger
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
    shortened = whole[:position]
    for spoiled in (edited, removed, repeated, shortened, whole[::-1], [*whole, "no entry\n"]):
        path.write_text("".join(spoiled))
        assert verify_trail(home, key) != []
    path.write_text("".join(whole))
    assert verify_trail(home, key) == []


def test_with_a_key_a_line_cannot_be_mended_without_it(home: Home) -> None:
    key = Key(b"\1" * 32)
    record(home, "erase", key, clients=1)
    assert verify_trail(home, None) != []
    assert verify_trail(home, Key(b"\2" * 32)) != []


def head_of(path: Path) -> Path:
    return path.with_name(path.name + ".head")


def test_with_a_key_a_trail_cut_off_at_its_end_gets_no_head_that_fits(home: Home) -> None:
    """Without one the head is as easily rewritten as the trail; it shows accidents only."""
    for key, shows in ((None, False), (Key(b"\1" * 32), True)):
        for path in (trail_path(home), head_of(trail_path(home))):
            path.unlink(missing_ok=True)
        for rows in (1, 2):
            record(home, "run", key, rows_in=rows)
        first = trail_path(home).read_text().splitlines(keepends=True)[0]
        seal = head_of(trail_path(home)).read_text().split()[2:]
        trail_path(home).write_text(first)
        head_of(trail_path(home)).write_text(" ".join(["1", json.loads(first)["hash"], *seal]) + "\n")
        assert bool(verify_trail(home, key)) == shows


def test_a_plain_trail_goes_on_sealed_and_the_key_binds_what_came_before(home: Home) -> None:
    key = Key(b"\1" * 32)
    record(home, "run", None, rows_in=1)
    record(home, "run", None, rows_in=2)
    assert verify_trail(home, key) == [], "the moment before the home is encrypted"
    record(home, "encrypt", key, files=3)
    record(home, "run", key, rows_in=4)
    assert verify_trail(home, key) == []
    whole = trail_path(home).read_text().splitlines()
    trail_path(home).unlink()
    head_of(trail_path(home)).unlink()
    record(home, "run", None, rows_in=7)
    record(home, "run", None, rows_in=2)
    forged = trail_path(home).read_text().splitlines()
    trail_path(home).write_text("\n".join([*forged, *whole[2:]]) + "\n")
    assert verify_trail(home, key) != [], "plain lines before the first sealed one are bound by it"
    trail_path(home).write_text("\n".join(whole[:3]) + "\n")
    record(home, "run", None, rows_in=4)
    assert verify_trail(home, key) != [], "no plain line after a sealed one"


def test_a_home_that_is_encrypted_or_has_published_has_a_trail_that_says_so(home: Home) -> None:
    key = Key(b"\1" * 32)
    home.work.mkdir(parents=True)
    with duckdb.connect() as connection:
        attach(connection, home.work_db, "sealed", key)
        connection.execute("create table sealed.t (a int)")
    record(home, "run", None, rows_in=1)
    assert [broken.line for broken in verify_trail(home, key)] == [0]
    for path in (trail_path(home), head_of(trail_path(home))):
        path.unlink()
    assert verify_trail(home, key) == []
    home.agency_db.symlink_to("agency-1.duckdb")
    assert [broken.line for broken in verify_trail(home, key)] == [0]
    assert verify_ledger(home, key) == []
    home.public.mkdir()
    (home.public / "current").symlink_to("release-1")
    assert [broken.line for broken in verify_ledger(home, key)] == [0]


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
