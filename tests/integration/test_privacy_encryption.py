"""A home with a key: its databases are encrypted, also those of the time before, and only the key opens them."""

from pathlib import Path

import duckdb
import pytest
from publish_fixtures import CANARY, build_id, make_home

from assets.errors import ConfigError
from assets.home import Home
from assets.keys import generate_key, load_key
from assets.publish import publish
from assets.publish.privacy.encrypt_home import encrypt_home
from assets.publish.privacy.erasure_list import add
from assets.warehouse.database import connect


@pytest.fixture
def plain(tmp_path: Path) -> Home:
    """A home after nights without a key: a publication, a vault file, a frozen set, somebody erased."""
    home = make_home(tmp_path / "home")
    with connect(home) as connection:
        publish(home, connection, build_id(1))
        add(connection, home, "TX-00001")
    vaulted = home.vault / "ab" / ("ab" * 32)
    vaulted.parent.mkdir()
    vaulted.write_bytes(b"PK\x03\x04" + CANARY.encode())
    frozen = home.agency / "frozen" / "first" / "frozen.duckdb"
    frozen.parent.mkdir(parents=True)
    with duckdb.connect(str(frozen)) as connection:
        connection.execute(f"create table t as select '{CANARY}' as name")
    frozen.chmod(0o400)
    return home


def keyed(home: Home) -> Home:
    with_key = Home(home.root, key_file=home.root.parent / "key")
    assert with_key.key_file is not None
    generate_key(with_key.key_file, with_key)
    return with_key


def holders(home: Home) -> list[str]:
    return [path.name for path in home.agency.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]


def rows(home: Home) -> list[tuple[object, ...]]:
    with connect(home, read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where not internal order by all"
        ).fetchall()
        return [
            (schema, table, connection.execute(f'select * from "{schema}"."{table}"').fetchall())
            for schema, table in tables
        ]


def test_a_plain_home_that_gets_a_key_is_encrypted_once_and_holds_the_same(plain: Home) -> None:
    assert len(holders(plain)) > 2, "positive control"
    before = rows(plain)
    home, told = keyed(plain), []
    key = load_key(home)
    assert key is not None
    (home.work / "warehouse.duckdb.encrypting").write_text("half a copy of a run that was killed")

    assert encrypt_home(home, key, told.append) == 4
    assert encrypt_home(home, key, told.append) == 0

    assert told == ["This home was plain: 3 databases and 1 files of the vault are encrypted now"]
    assert holders(home) == []
    assert not list(home.agency.rglob("*.encrypting*"))
    assert rows(home) == before
    with connect(home) as connection:
        views = connection.execute("select view_name from duckdb_views() where not internal").fetchall()
    assert views == [("erased_clients",)]
    assert (home.agency / "frozen" / "first" / "frozen.duckdb").stat().st_mode & 0o777 == 0o400


def test_without_its_key_an_encrypted_home_is_not_opened(plain: Home) -> None:
    home = keyed(plain)
    with pytest.raises(ConfigError, match="not encrypted yet"), connect(home):
        pass
    key = load_key(home)
    assert key is not None
    encrypt_home(home, key)
    before = home.work_db.read_bytes()
    other = Home(home.root, key_file=home.root.parent / "other")
    assert other.key_file is not None
    generate_key(other.key_file, other)
    for wrong in (plain, other):
        with pytest.raises(ConfigError, match="OUTCOMES_KEY_FILE"), connect(wrong):
            pass
    (home.agency / "key-fingerprint").unlink()  # as after restoring a part of a backup
    for wrong in (plain, other):
        with pytest.raises(ConfigError, match="OUTCOMES_KEY_FILE"), connect(wrong):
            pass
    assert home.work_db.read_bytes() == before


def spilled(connection: duckdb.DuckDBPyConnection, home: Home) -> list[bytes]:
    """What a table larger than the memory leaves in the spill folder."""
    connection.execute("set threads = 1")
    connection.execute("set memory_limit = '60MB'")
    connection.execute(
        "create temp table long as select ? || md5(range::varchar) || md5((range + 1)::varchar) as name"
        " from range(1500000)",
        [CANARY],
    )
    return [path.read_bytes() for path in home.temp.rglob("*") if path.is_file()]


def test_what_the_working_database_spills_and_logs_is_encrypted_too(plain: Home) -> None:
    with connect(plain) as connection:
        assert any(CANARY.encode() in data for data in spilled(connection, plain)), "positive control"
    home = keyed(plain)
    key = load_key(home)
    assert key is not None
    encrypt_home(home, key)
    with connect(home) as connection:
        connection.execute("create table raw.long as select ? || range as name from range(1000)", [CANARY])
        log = home.work_db.with_name("warehouse.duckdb.wal").read_bytes()
        assert len(log) > 1000
        assert CANARY.encode() not in log
        data = spilled(connection, home)
        assert data
        assert not any(CANARY.encode() in part for part in data)


def test_the_extension_brings_no_network_along(plain: Home) -> None:
    home = keyed(plain)
    key = load_key(home)
    assert key is not None
    encrypt_home(home, key)
    with connect(home) as connection, pytest.raises(duckdb.Error, match="disabled"):
        connection.execute("from read_csv('https://127.0.0.1:1/x.csv')")
