"""Publishing on real files: what the two databases hold, what is refused, and what stays after a failure."""

import stat
from pathlib import Path

import duckdb
import pytest
from publish_fixtures import CANARY, MARTS, begin, build_id, make_home, write_manifest

from assets.encryption import attach
from assets.errors import ConfigError, DataError
from assets.home import Home
from assets.keys import generate_key, load_key
from assets.publish import content_hash, publish, write_meta


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path / "home")


def run(home: Home, number: int, **options: int) -> None:
    with duckdb.connect(str(home.work_db)) as connection:
        identity = build_id(1) if number == 1 else begin(connection, home, number)
        publish(home, connection, identity, **options)


def schemas(path: Path) -> set[str]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return {row[0] for row in connection.execute("select distinct schema_name from duckdb_tables()").fetchall()}


def test_research_holds_its_four_schemas_and_agency_everything(home: Home) -> None:
    run(home, 1)
    assert schemas(home.research_db) == {"marts", "study", "quality", "meta"}
    assert schemas(home.agency_db) == {"marts", "study", "quality", "meta", "raw", "control"}
    with duckdb.connect(str(home.research_db), read_only=True) as connection:
        assert connection.execute("select build_id, built_at from meta.build").fetchall() == [
            (build_id(1), "2021-11-01T02:00:00Z")
        ]
        assert connection.execute("select comment from duckdb_columns() where column_name = 'age'").fetchone() == (
            "Completed years",
        )
        assert connection.execute("select balanced, rows_read from quality.files").fetchall() == [(True, 45)]
        assert connection.execute("select * from quality.quarantine_counts").fetchall() == [
            ("intake", "DATE_AMBIGUOUS", "open", 1)
        ]
        assert connection.execute("select * from quality.override_counts").fetchall() == [("intake", "unused", 1)]
        columns = connection.execute(
            'select "table", "column", unit from meta.codebook where unit = \'years\''
        ).fetchall()
        assert columns == [("marts.client_study", "age", "years")]


def test_files_are_whole_have_their_modes_and_leave_no_work_behind(home: Home) -> None:
    run(home, 1)
    assert stat.S_IMODE(home.research_db.resolve().stat().st_mode) == 0o444
    assert stat.S_IMODE(home.agency_db.resolve().stat().st_mode) == 0o600
    assert stat.S_IMODE(home.agency.stat().st_mode) == 0o700
    assert list(home.temp.iterdir()) == []
    assert sorted(path.name for path in home.research.iterdir()) == [
        "parquet",
        f"parquet-{build_id(1)}",
        f"research-{build_id(1)}.duckdb",
        "research.duckdb",
    ]
    assert home.research_db.is_symlink()


def test_rows_of_clients_stand_in_the_order_of_the_random_id(home: Home) -> None:
    run(home, 1)
    with duckdb.connect(str(home.research_db), read_only=True) as connection:
        keys = [row[0] for row in connection.execute("select client_id from marts.client_study").fetchall()]
    assert len(keys) == 40
    assert keys == sorted(keys)


def test_older_builds_are_kept_up_to_the_setting_and_the_link_is_the_newest(home: Home) -> None:
    for number in range(1, 6):
        run(home, number, keep=2)
    names = sorted(path.name for path in home.research.glob("research-*.duckdb"))
    assert names == [f"research-{build_id(number)}.duckdb" for number in (3, 4, 5)]
    assert home.research_db.resolve().name == names[-1]
    assert home.agency_db.resolve().name == f"agency-{build_id(5)}.duckdb"
    copies = sorted(path.name for path in home.research.glob("parquet-*/"))
    assert copies == [f"parquet-{build_id(number)}" for number in (3, 4, 5)]
    assert home.parquet.resolve().name == copies[-1]


def test_the_parquet_copies_are_the_marts_and_say_nothing_else(home: Home) -> None:
    run(home, 1)
    with duckdb.connect(str(home.research_db), read_only=True) as connection:
        tables = [
            row[0]
            for row in connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'marts'"
            ).fetchall()
        ]
        assert sorted(path.stem for path in home.parquet.iterdir()) == sorted(tables)
        for table in tables:
            path = home.parquet / f"{table}.parquet"
            assert stat.S_IMODE(path.stat().st_mode) == 0o444
            assert (
                connection.execute(f"from '{path}'").fetchall() == connection.execute(f"from marts.{table}").fetchall()
            )
            said = dict(connection.execute("select key, value from parquet_kv_metadata(?)", [str(path)]).fetchall())
            assert set(said) == {b"description", b"build_id"}
            assert said[b"build_id"].decode() == build_id(1)


def test_publishing_a_build_again_makes_a_new_file(home: Home) -> None:
    run(home, 1)
    first = home.research_db.resolve()
    with duckdb.connect(str(home.work_db)) as connection:
        publish(home, connection, build_id(1))
    assert home.research_db.resolve() != first
    assert first.exists()


LEAKS = {
    "a date": ("alter table marts.client_study add column seen date", "TYPE_NOT_ALLOWED"),
    "a list": ("alter table marts.client_study add column seen varchar[]", "TYPE_NOT_ALLOWED"),
    "an unlisted text": (
        f"update marts.client_study set race_ethnicity = '{CANARY}' where age = 15",
        "TEXT_NOT_LISTED",
    ),
    "a name for an ID": (f"update marts.fct_services set client_id = '{CANARY}' where day = 3", "TEXT_NOT_LISTED"),
    "a source ID": ("update marts.client_study set client_id = 'TX-00042' where age = 15", "TEXT_NOT_LISTED"),
    "a sentence": (f"insert into study.models (model, message) values ('age', 'n of {CANARY}')", "TEXT_NOT_LISTED"),
    "a level": (f"insert into study.descriptives (variable, level) values ('age', '{CANARY}')", "TEXT_NOT_LISTED"),
    "a feed": (f"update quality.files set kind = '{CANARY}'", "TEXT_NOT_LISTED"),
    "a reason": (f"update quality.files set reason = '{CANARY}'", "TEXT_NOT_LISTED"),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_stops_the_publication_and_yesterdays_files_stay(home: Home, leak: str) -> None:
    run(home, 1)
    before = sorted(path.name for path in [*home.research.iterdir(), *home.agency.iterdir()])
    statement, code = LEAKS[leak]
    tagged = {**MARTS, "client_study": {**MARTS["client_study"], "seen": {"privacy": "quasi"}}}
    with duckdb.connect(str(home.work_db)) as connection:
        connection.execute(statement)
        write_meta(connection, build_id(1), write_manifest(home, tagged))
        with pytest.raises(DataError) as caught:
            publish(home, connection, build_id(2))
    assert caught.value.code == code
    assert CANARY not in str(caught.value)
    assert (caught.value.__cause__, caught.value.__suppress_context__ or caught.value.__context__ is None) == (
        None,
        True,
    )
    assert sorted(path.name for path in [*home.research.iterdir(), *home.agency.iterdir()]) == before
    assert home.research_db.resolve().name == f"research-{build_id(1)}.duckdb"
    assert list(home.temp.iterdir()) == []


@pytest.mark.parametrize("privacy", [None, "direct", "free_text"])
def test_a_column_without_tag_or_with_a_forbidden_one_stops(home: Home, privacy: str | None) -> None:
    meta = {"privacy": privacy} if privacy else {}
    manifest = write_manifest(home, {**MARTS, "client_study": {**MARTS["client_study"], "age": meta}})
    with duckdb.connect(str(home.work_db)) as connection:
        write_meta(connection, build_id(1), manifest)
        with pytest.raises(DataError) as caught:
            publish(home, connection, build_id(1))
    assert caught.value.code == ("DIRECT_IDENTIFIER" if privacy else "UNTAGGED_COLUMN")
    assert caught.value.place.column == "age"
    assert not home.research_db.exists()


def test_a_column_nobody_described_stops_the_codebook(home: Home) -> None:
    with duckdb.connect(str(home.work_db)) as connection:
        connection.execute("alter table marts.client_study add column mothers_phone int")
        with pytest.raises(DataError) as caught:
            begin(connection, home, 2)
    assert (caught.value.code, caught.value.place.column) == ("UNTAGGED_COLUMN", "mothers_phone")


def test_the_content_hash_ignores_order_and_build_and_sees_one_changed_value(home: Home) -> None:
    with duckdb.connect(str(home.work_db)) as connection:
        first = content_hash(connection)
        connection.execute(
            "create or replace table marts.client_study as from marts.client_study order by age desc, client_id"
        )
        connection.execute("update meta.build set built_at = '2031-01-01T00:00:00Z'")
        assert content_hash(connection) == first
        connection.execute(
            "update marts.client_study set age = age + 1"
            " where client_id = (select min(client_id) from marts.client_study)"
        )
        assert content_hash(connection) != first


def test_with_a_key_the_agency_file_is_encrypted_and_the_research_file_opens_without(
    home: Home, tmp_path: Path
) -> None:
    locked = Home(home.root, key_file=tmp_path / "key")
    generate_key(tmp_path / "key", locked)
    run(locked, 1)
    assert CANARY.encode() not in home.agency_db.read_bytes()
    with pytest.raises(duckdb.Error, match="without a key"):
        duckdb.connect(str(home.agency_db), read_only=True)
    assert schemas(home.research_db) == {"marts", "study", "quality", "meta"}
    with duckdb.connect() as connection:
        attach(connection, home.agency_db, "agency", load_key(locked), read_only=True)
        assert connection.execute("select client_name from agency.raw.intake").fetchone() == (CANARY,)
    with pytest.raises(ConfigError, match="OUTCOMES_KEY_FILE"):
        run(home, 2)
    assert home.agency_db.resolve().name == f"agency-{build_id(1)}.duckdb"
