"""A whole home after real nights: identities stand in the agency zone and nowhere else, however the night ended."""

import base64
import getpass
import hashlib
import re
import shutil
import socket
import stat
import zlib
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from assets.home import Home
from assets.publish.privacy.containers import database_cells
from assets.publish.privacy.needles import Identities
from assets.publish.privacy.scanner import Scanner
from assets.publish.zones import loose_modes
from tests.leaks import leaks


@pytest.fixture(scope="module")
def home(night: Any) -> Home:
    return Home(night.home)


@pytest.fixture(scope="module")
def people(night: Any) -> Identities:
    return Identities.read(night.home.parent / "sample" / "canaries.json")


@pytest.fixture(scope="module")
def scanner(people: Identities) -> Scanner:
    return Scanner(people)


def columns(home: Home) -> list[tuple[str, str, str, str]]:
    with duckdb.connect(str(home.research_db), read_only=True) as connection:
        return connection.execute(
            "select schema_name, table_name, column_name, data_type from duckdb_columns() where not internal"
        ).fetchall()


def texts(home: Home) -> set[str]:
    with duckdb.connect(str(home.research_db), read_only=True) as connection:
        return {piece.data.decode() for piece in database_cells(connection, "research") if piece.data}


def test_r01_no_identity_outside_the_agency_zone_after_a_good_night(home: Home, people: Identities) -> None:
    assert leaks(home, people) == []


def test_r01_positive_control_the_agency_zone_is_full_of_them(home: Home, scanner: Scanner) -> None:
    found = scanner.scan([home.agency_db.resolve()], home.root)
    assert len({hit.label.split(" as ")[0] for hit in found.hits}) > 150
    assert any(scanner.scan_bytes(path.read_bytes()) for path in home.vault.rglob("*") if path.is_file())


def test_r01_mutation_control_one_planted_name_is_caught(home: Home, people: Identities, tmp_path: Path) -> None:
    scanner = Scanner(people)
    copy = tmp_path / "research.duckdb"
    shutil.copyfile(home.research_db.resolve(), copy)
    copy.chmod(0o600)
    assert scanner.scan([copy], tmp_path).hits == ()
    with duckdb.connect(str(copy)) as connection:
        connection.execute("update marts.client_study set race_ethnicity = ? where age = 16", [people.names[0]])
    assert scanner.scan([copy], tmp_path).hits


def test_r04_the_orchestrator_stores_no_frame(home: Home) -> None:
    stored = [path for path in home.dagster.rglob("*") if path.is_file()]
    assert stored
    assert [path.name for path in stored if path.suffix in {".pkl", ".pickle", ".parquet", ".feather", ".arrow"}] == []
    assert [path.name for path in stored if path.read_bytes()[:1] == b"\x80"] == []


def test_r09_the_research_file_needs_no_key_and_names_no_place_or_person(home: Home) -> None:
    held = texts(home)
    forbidden = [str(home.root), str(Path.home()), socket.gethostname(), "crosswalk(", "/work/", "/tmp/"]
    if len(getpass.getuser()) > 4:
        forbidden.append(getpass.getuser())
    assert [word for word in forbidden if any(word in text for text in held)] == []
    assert {name for _, name, _, _ in columns(home)} & {"crosswalk", "aliases", "client_aliases", "quarantine"} == set()


def test_r10_ids_are_no_hashes_of_ids(home: Home, people: Identities) -> None:
    """Every plausible ID, name and birth date under five digests, as hex and in two base-32 alphabets, cut anywhere."""
    with duckdb.connect(str(home.research_db), read_only=True) as connection:
        ids = {row[0] for row in connection.execute("select client_id from marts.client_study").fetchall()}
    crockford = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    texts = [text for number in range(100_000) for text in (f"TX-{number:05d}", f"{number:05d}")]
    texts += [*people.names, *(name + day.isoformat() for name in people.names for day in people.birth_dates[:20])]
    texts += [date.fromordinal(day).isoformat() for day in range(729_000, 735_600)]  # births from 1996 to 2014
    written, checksums = [], set()
    for text in texts:
        for name in ("md5", "sha1", "sha256"):
            digest = hashlib.new(name, text.encode(), usedforsecurity=False).digest()
            whole = base64.b32encode(digest)
            written += [digest.hex().upper().encode(), whole, whole.translate(crockford)]
        for number in (zlib.crc32(text.encode()), zlib.adler32(text.encode())):
            packed = base64.b32encode(number.to_bytes(4, "big")).rstrip(b"=")
            checksums |= {f"{number:08X}", f"{number:09d}"[:9], packed.decode(), packed.translate(crockford).decode()}
    everything = b"\n".join(written)
    assert [key for key in ids if key[:9].encode() in everything] == []
    assert [key for key in ids for size in (7, 8, 9) for at in range(3) if key[at : at + size] in checksums] == []
    assert len(ids) == 95


def test_r11_the_order_of_rows_tells_nothing(home: Home) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.research_db}' as research (read_only)")
        connection.execute(f"attach '{home.agency_db}' as agency (read_only)")
        order = connection.execute(
            "select i.row_number, i.intake_date from (select row_number() over () as place, client_id"
            " from research.marts.client_study) s join agency.control.crosswalk c using (client_id)"
            " join agency.raw.intake i on i.client_id = c.source_client_id order by s.place"
        ).df()
    place = np.arange(len(order))
    for column in order.columns:
        ranks = order[column].rank().to_numpy()
        known = ~np.isnan(ranks)
        assert abs(np.corrcoef(place[known], ranks[known])[0, 1]) < 0.35
    with duckdb.connect(str(home.research_db), read_only=True) as connection:
        keys = [row[0] for row in connection.execute("select client_id from marts.client_study").fetchall()]
    assert keys == sorted(keys)


def test_r12_no_date_in_any_form(home: Home) -> None:
    kinds = {kind for _, _, _, kind in columns(home)}
    assert [kind for kind in kinds if re.search("DATE|TIME|INTERVAL|BLOB|STRUCT|MAP|\\[\\]", kind)] == []
    with duckdb.connect(str(home.agency_db), read_only=True) as connection:
        days = {
            row[0]
            for table, column in (
                ("intake", "date_of_birth"),
                ("intake", "intake_date"),
                ("case_notes", "service_date"),
            )
            for row in connection.execute(
                f"select distinct {column} from raw.{table} where {column} is not null"
            ).fetchall()
        }
    forms = {int(day.strftime("%Y%m%d")) for day in days} | {(day.toordinal() - 693594) for day in days}
    with duckdb.connect(str(home.research_db), read_only=True) as connection:
        for schema, table, column, kind in columns(home):
            if schema == "marts" and "INT" in kind:
                values = {
                    row[0] for row in connection.execute(f"select distinct {column} from marts.{table}").fetchall()
                }
                assert values & forms == set(), f"{table}.{column}"


def test_r27_nobody_else_may_open_the_agency_zone(home: Home) -> None:
    assert stat.S_IMODE(home.agency.stat().st_mode) == 0o700
    folders = [path for path in loose_modes(home) if (home.root / path).is_dir()]
    assert folders == [], "whoever passes the agency folder's mode would see these"
    files = [home.work_db, home.agency_db.resolve(), *home.vault.rglob("*"), *home.rejected.rglob("*"), home.report]
    assert [path.name for path in files if path.is_file() and path.stat().st_mode & 0o077] == []
    assert stat.S_IMODE(home.research_db.resolve().stat().st_mode) == 0o444


def test_r28_no_half_written_or_plain_copy_is_left_in_temporary_places(home: Home) -> None:
    assert [path.name for path in home.temp.rglob("*") if path.is_file()] == []
    assert [path.name for path in home.root.rglob("*") if path.suffix in {".part", ".wal", ".new", ".sealing"}] == []


def test_r38_the_research_file_has_no_door_to_the_agency_s(home: Home) -> None:
    with duckdb.connect(str(home.research_db), read_only=True) as connection:
        assert connection.execute("select count(*) from duckdb_views() where not internal").fetchone() == (0,)
        macros = connection.execute("select macro_definition from duckdb_functions() where not internal").fetchall()
        doors = re.compile(
            r"\b(?:agency|control|raw|staging|intermediate)\.|\bread_|\battach|\bfrom\s+'", re.IGNORECASE
        )
        assert [text for (text,) in macros if doors.search(text)] == []
        assert connection.execute("select count(*) from duckdb_secrets()").fetchone() == (0,)


def test_r42_the_report_loads_nothing_from_outside(home: Home) -> None:
    page = home.report.read_text("utf-8")
    loading = re.findall(
        r"""(?:src|href|action|data)\s*=\s*["']?(?!data:|#)([^"'\s>]+)|url\((?!['"]?(?:data:|#))([^)]+)\)""", page
    )
    assert loading == []
    assert "<script src" not in page


def test_r02_r03_a_failing_night_quotes_no_cell(tmp_path: Path, outcomes: Any) -> None:
    """Names where dates, numbers, codes and IDs belong, until the gate stops the night."""
    from openpyxl import load_workbook

    inbox = tmp_path / "home" / "inbox"
    made = outcomes("sample", "--clients", "12", "--seed", "6", "--out", tmp_path / "sample", "--inbox", inbox)
    assert made.code == 0, made.err
    people = Identities.read(tmp_path / "sample" / "canaries.json")
    (path,) = inbox.rglob("intake*.xlsx")
    book = load_workbook(path)
    sheet = book["Client Intake"]
    header = {cell.value: cell.column for cell in sheet[5]}
    names = [name for name in people.names if " " in name]
    for row in range(6, sheet.max_row):
        sheet.cell(row, header["Client ID"]).value = names[row % len(names)]
        sheet.cell(row, header["Date of Birth"]).value = names[(row + 1) % len(names)]
        sheet.cell(row, header["CSE-IT Score"]).value = names[(row + 2) % len(names)]
        sheet.cell(row, header["Classification"]).value = names[(row + 3) % len(names)]
    path.unlink()
    book.save(path.with_name(f"{names[0]} intake.xlsx"))
    done = outcomes("run", "--home", tmp_path / "home")
    assert done.code == 1, done.out
    scanner = Scanner(people)
    assert scanner.scan_bytes((done.out + done.err).encode()) == []
    assert leaks(Home(tmp_path / "home"), people) == []
    assert not (tmp_path / "home" / "research" / "research.duckdb").exists()
