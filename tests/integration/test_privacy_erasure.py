"""Erasing one client leaves no trace that can be reached, keeps everybody else, and is honest about the rest."""

import os
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal

import duckdb
import pytest
from publish_fixtures import begin, build_id, make_home, research_id

from assets.errors import ConfigError, DataError
from assets.home import PROJECT_ROOT, Home
from assets.keys import generate_key, load_key
from assets.publish import publish
from assets.publish.privacy import erasure_list
from assets.publish.privacy.erasure import erase_client
from assets.publish.privacy.needles import Identities
from assets.publish.privacy.retention import Retention, floor_date, purge
from assets.publish.privacy.scanner import Scanner
from assets.publish.privacy.trail import entries, record, trail_path, verify_trail

TODAY = date(2026, 1, 1)
GONE, NAME, RESPONSE = "TX-00007", "Ybarrazan-O'Fnord Mirkwhistle", "R_zorblattNunez07"
PERSON = Identities(names=(NAME, RESPONSE), ids=(GONE, research_id(7)))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with one person in every corner, and others beside."""
    home = make_home(tmp_path / "home")
    token = "ef" * 6
    with duckdb.connect(str(home.work_db)) as connection:
        connection.execute("begin")
        connection.execute("drop table raw.intake")
        connection.execute(
            "create table raw.intake (file_token varchar, sheet varchar, row_number int, client_id_raw varchar,"
            " client_id varchar, client_name varchar, date_of_birth date, exit_date date)"
        )
        for number in range(40):
            name = NAME if number == 7 else f"Brisolde Thrennody-{number:04d}"
            row = [token, "Client Intake", number + 6, f"tx {number}", f"TX-{number:05d}", name]
            connection.execute(
                "insert into raw.intake values (?, ?, ?, ?, ?, ?, date '2004-02-29', date '2021-06-30')", row
            )
        connection.execute("create table raw.survey_mspss (file_token varchar, sheet varchar, row_number int,"
                           " client_id_raw varchar, client_id varchar, response_id varchar, mspss_1 int)")  # fmt: skip
        connection.execute(
            "insert into raw.survey_mspss values (?, null, 9, 'tx 7', ?, ?, 3)", ["aa" * 6, GONE, RESPONSE]
        )
        connection.execute("create table raw.unmapped_cells (file_token varchar, sheet varchar, row_number int,"
                           " column_name varchar, value varchar)")  # fmt: skip
        connection.execute(
            "insert into raw.unmapped_cells values (?, 'Client Intake', 13, 'Phone', '555-0107')", [token]
        )
        connection.execute(
            "insert into control.quarantine values ('bb', 'BAD_DATE', 'open', ?)", [f'{{"Name": "{NAME}"}}']
        )
        connection.execute(
            "create table control.client_aliases (client_id_raw varchar, client_id varchar, reason varchar)"
        )
        connection.execute("insert into control.client_aliases values ('YBARRAZAN', ?, 'typo')", [GONE])
        connection.execute(
            "insert into control.files values (?, ?, 'intake', 'loaded', null, 'x', 45, 40, 0, 0, 5, 0)",
            [token, token + "0" * 52],
        )
        connection.execute("commit")
        publish(home, connection, build_id(1))
        publish(home, connection, begin(connection, home, 2))
    for name in (token, "aa" * 6):
        place = home.vault / name[:2] / (name + "0" * 52)
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(f"{NAME} in an export".encode())
    (home.vault / "cc").mkdir()
    (home.vault / "cc" / ("cc" * 32)).write_bytes(b"an export of others")
    (home.dbt / "leaky.log").write_text(f"value {NAME}")
    (home.inbox / "old.csv").write_text(f"{GONE},{NAME}\n")
    return home


def everywhere(home: Home) -> list[str]:
    """Paths (without the inbox) where the person is still found, looking into every file and database."""
    return sorted({hit.path for hit in Scanner(PERSON).scan([home.agency, home.research, home.public], home.root).hits})


def test_the_person_is_gone_and_the_others_stay(home: Home) -> None:
    assert any(path.endswith("warehouse.duckdb") for path in everywhere(home)), "positive control"
    receipt = erase_client(home, GONE, Retention(backups=("nightly copy, 30 days",)), TODAY)
    assert everywhere(home) == []
    assert GONE.encode() not in home.work_db.read_bytes()
    assert receipt.remaining_hits == 0
    assert receipt.rows["raw.intake"] == 1
    assert receipt.rows["raw.unmapped_cells"] == 1
    assert {
        "control.crosswalk",
        "control.quarantine",
        "control.client_aliases",
        "marts.client_study",
    } <= receipt.rows.keys()
    assert sorted(receipt.vault_files) == ["aa" * 6, "ef" * 6]
    assert receipt.not_reached[0].startswith("1 exports in the inbox")
    assert "backup: nightly copy, 30 days" in receipt.not_reached
    assert Scanner(PERSON).scan_bytes(receipt.as_json().encode()) == []
    assert not home.research_db.exists()
    assert len(list(home.vault.rglob("cc*"))) == 2
    with duckdb.connect(str(home.work_db)) as connection:
        told = connection.execute("select rows_loaded, rows_erased from control.files where file_token = ?", ["ef" * 6])
        assert told.fetchone() == (39, 1)
        for table in ("raw.intake", "marts.client_study", "control.crosswalk"):
            assert connection.execute(f"select count(*) from {table}").fetchone() == (39,)
    *_, entry = entries(trail_path(home))
    assert (entry["action"], entry["receipt"]) == ("erase", receipt.receipt_id)
    assert verify_trail(home) == []


def test_an_old_export_does_not_bring_the_person_back(home: Home) -> None:
    erase_client(home, GONE, Retention(), TODAY)
    with duckdb.connect(str(home.work_db)) as connection:
        question = "select count(*) from (values ('TX-00007'), ('TX-00008'), (null)) t(client_id) where client_id in" \
                   " (select client_id from control.erased_clients)"  # fmt: skip
        with pytest.raises(duckdb.CatalogException):
            connection.execute(question)
        erasure_list.register(connection, home)
        assert connection.execute(question).fetchone() == (1,)
        marks = connection.execute("select mark from control.erasure_list").fetchall()
    assert all(len(mark) == 64 for (mark,) in marks)
    erasure_list.secret_path(home).unlink()
    with duckdb.connect(str(home.work_db)) as connection, pytest.raises(ConfigError, match="erasure-secret"):
        erasure_list.register(connection, home)


def test_a_quarantined_row_of_an_erased_client_is_swept_and_the_arithmetic_still_holds(home: Home) -> None:
    erase_client(home, GONE, Retention(), TODAY)
    with duckdb.connect(str(home.work_db)) as connection:
        connection.execute("alter table control.quarantine add column if not exists sheet varchar")
        connection.execute("alter table control.quarantine add column if not exists row_number int")
        for number, client in ((8, "tx 7"), (9, "TX-00008")):
            connection.execute(
                "insert into control.quarantine (file_token, rule_code, state, cells, sheet, row_number)"
                " values (?, 'BAD_DATE', 'open', ?, 'Client Intake', ?)",
                ["ab" * 6, f'{{"Client ID": "{client}"}}', number],
            )
        connection.execute("update control.files set rows_quarantined = 3")
        assert erasure_list.sweep(connection, home) == 1
        assert connection.execute("select rows_quarantined, rows_erased from control.files").fetchone() == (2, 1)
        left = connection.execute("select count(*) from control.quarantine where contains(cells, ?)", [GONE]).fetchone()
    assert left == (0,)


def test_two_erasures_in_a_row(home: Home) -> None:
    erase_client(home, GONE, Retention(), TODAY)
    erase_client(home, "TX-00008", Retention(), TODAY)
    with pytest.raises(DataError) as caught:
        erase_client(home, GONE, Retention(), TODAY)
    assert caught.value.code == "NOBODY"
    with duckdb.connect(str(home.work_db)) as connection:
        assert connection.execute("select count(*) from raw.intake").fetchone() == (38,)


@pytest.mark.parametrize(
    ("hold", "retention", "code"),
    [
        ("client_id,until,reason\nTX-00007,2026-01-01,court\n", Retention(), "LEGAL_HOLD"),
        ("client_id,until,reason\nTX-00007,,court\n", Retention(), "LEGAL_HOLD"),
        ("client_id,until,reason\nTX-00007,soon,court\n", Retention(), "BAD_HOLD"),
        (None, Retention(official_record=True), "RETAINED"),
    ],
)
def test_a_hold_or_the_official_record_refuses_and_touches_nothing(
    home: Home, hold: str | None, retention: Retention, code: str
) -> None:
    if hold:
        (home.agency / "holds.csv").write_text(hold)
    before = home.work_db.read_bytes()
    with pytest.raises(DataError) as caught:
        erase_client(home, GONE, retention, TODAY)
    assert caught.value.code == code
    assert home.work_db.read_bytes() == before
    assert home.research_db.exists()


def test_past_holds_and_floors_no_longer_bind(home: Home) -> None:
    (home.agency / "holds.csv").write_text("client_id,until,reason\nTX-00007,2025-12-31,court\nTX-00008,,court\n")
    receipt = erase_client(home, GONE, Retention(official_record=True), date(2028, 7, 1))
    assert receipt.remaining_hits == 0
    assert "agency/holds.csv: remove the client's lines by hand" in receipt.not_reached


def test_the_floor_is_the_later_of_exit_and_birthday() -> None:
    assert floor_date(Retention(), date(2004, 2, 29), date(2021, 6, 30)) == date(2028, 6, 30)
    assert floor_date(Retention(), date(2008, 2, 29), date(2021, 6, 30)) == date(2031, 3, 1)
    assert floor_date(Retention(), None, None) is None


@pytest.mark.parametrize("setting", ["keep", "erase"])
def test_a_frozen_publication_that_holds_the_person_is_kept_and_told_or_removed_and_told(
    home: Home, setting: Literal["keep", "erase"]
) -> None:
    frozen = home.agency / "frozen"
    for name, keep in (("with", "true"), ("without", f"client_id <> '{research_id(7)}'")):
        (frozen / name).mkdir(parents=True)
        with duckdb.connect(str(frozen / name / "frozen.duckdb")) as copy:
            copy.execute(f"attach '{home.work_db}' as w (read_only)")
            copy.execute(f"create table kept as select * from w.marts.client_study where {keep}")
        for path in (frozen / name / "frozen.duckdb", frozen / name):
            path.chmod(0o400 if path.is_file() else 0o500)  # as freeze leaves them
    receipt = erase_client(home, GONE, Retention(frozen=setting), TODAY)
    left = {path.name for path in frozen.iterdir()}
    told = "frozen publication with: kept by the setting retention.frozen" in receipt.not_reached
    assert (left, told) == (({"with", "without"}, True) if setting == "keep" else ({"without"}, False))
    assert ("frozen/with" in receipt.other_files) == (setting == "erase")
    assert bool(everywhere(home)) == (setting == "keep")
    with duckdb.connect(str(frozen / "without" / "frozen.duckdb"), read_only=True) as copy:
        assert copy.execute("select count(*) from kept").fetchone() == (39,)


def test_purge_lists_first_and_deletes_what_is_past_its_date_only(home: Home) -> None:
    now = datetime(2026, 1, 1, 12)
    for days, name in ((364, "young.txt"), (366, "old.txt")):
        path = home.rejected / name
        path.write_text("refused")
        moment = (now - timedelta(days=days)).timestamp()
        os.utime(path, (moment, moment))
    settings = Retention(keep_days={"rejected": 365})
    listed = purge(home, settings, TODAY)
    assert [(item.folder, item.deleted) for item in listed] == [("rejected", False)]
    assert len(list(home.rejected.iterdir())) == 2
    assert purge(home, settings, TODAY, dry_run=False)[0].deleted
    assert [path.name for path in home.rejected.iterdir()] == ["young.txt"]
    with pytest.raises(DataError):
        purge(home, Retention(keep_days={"work": 1}), TODAY)


def test_a_purge_with_a_key_leaves_the_trail_whole(home: Home, tmp_path: Path) -> None:
    locked = Home(home.root, key_file=tmp_path / "key")
    assert locked.key_file is not None
    generate_key(locked.key_file, locked)
    key = load_key(locked)
    record(locked, "run", key, rows_in=1)
    (home.rejected / "old.txt").write_text("refused")
    assert len(purge(locked, Retention(keep_days={"rejected": 1}), date(2099, 1, 1), dry_run=False)) == 1
    *_, last = entries(trail_path(home))
    assert (last["action"], last["files"]) == ("purge", 1)
    assert verify_trail(locked, key) == []


def test_the_mark_cannot_be_found_by_trying_all_ids_without_the_secret(home: Home, tmp_path: Path) -> None:
    import hashlib

    receipt = erase_client(home, GONE, Retention(), TODAY)
    tried = {hashlib.new(name, GONE.encode()).hexdigest() for name in ("md5", "sha1", "sha256")}
    assert receipt.mark not in tried
    other = Home(tmp_path / "other", config=PROJECT_ROOT / "config")
    shutil.copytree(home.root, other.root, ignore=shutil.ignore_patterns("erasure-secret", "erasures", "*.duckdb"))
    assert erasure_list.mark(other, GONE) != receipt.mark
