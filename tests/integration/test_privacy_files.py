"""Every file of a home after a good night, whoever writes it: its kind, what it says of its maker, its texts."""

import csv
import getpass
import io
import json
import re
import socket
import stat
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from assets.home import PROJECT_ROOT, Home
from assets.publish.codebook import read_codebook
from assets.publish.gate import _Vocabulary
from assets.publish.privacy.containers import database_cells, unpack

LOWER_KINDS = {".duckdb", ".html", ".docx", ".svg", ".csv", ".json", ".parquet", ".sav", ".sps", ".txt", ".yml", ".md"}
"""Kinds of files that research/ and public/ may hold; another kind wants a look at its metadata first."""
NAMELESS = {"creator", "lastModifiedBy", "Company", "Manager", "keywords", "subject", "category"}


@pytest.fixture(scope="module")
def home(night: Any) -> Home:
    return Home(night.home)


def files(*places: Path) -> list[Path]:
    return sorted(path for place in places for path in place.rglob("*") if path.is_file() and not path.is_symlink())


def produced(home: Home) -> list[Path]:
    """Files that the program writes for people: all but originals, databases at work and the tools' own stores."""
    ours = files(home.agency, home.research, home.public)
    return [path for path in ours if not {home.vault, home.dagster, home.dbt, home.work} & set(path.parents)]


def test_r24_office_files_name_nobody_and_no_program_s_user(home: Home) -> None:
    checked = 0
    for path in produced(home):
        if path.suffix not in {".docx", ".xlsx"}:
            continue
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.startswith("docProps/") and name.endswith(".xml"):
                    said = {
                        node.tag.rsplit("}")[-1]: (node.text or "").strip()
                        for node in ET.fromstring(archive.read(name)).iter()
                    }
                    assert {key: said[key] for key in NAMELESS & said.keys() if said[key]} == {}, path.name
                assert not name.endswith(("comments.xml", "people.xml", ".bin")), path.name
        checked += 1
    assert checked >= 1


def test_r24_no_file_names_this_machine_its_user_or_a_place(home: Home) -> None:
    """Paths stand in the agency's own notes nowhere either: a file is handed on as it is."""
    words = [str(home.root), str(PROJECT_ROOT), str(Path.home()) + "/"]
    words += [name for name in (getpass.getuser(), socket.gethostname()) if len(name) > 4]
    found = []
    for path in produced(home):
        if path.name.startswith(("audit.jsonl",)):
            continue  # who did it is what the trail is for
        data = path.read_bytes()
        texts = [data, *(piece.data for piece in unpack(data))]
        found += [(path.name, word) for word in words if any(word.encode() in text for text in texts)]
    assert found == []


def test_r24_figures_carry_no_note_of_their_maker(home: Home) -> None:
    figures = [path for path in produced(home) if path.suffix in {".svg", ".png", ".pdf"}]
    assert figures
    for path in figures:
        data = path.read_bytes()
        assert not re.search(rb"<metadata|<dc:|<rdf:|Created with|Creator|tEXt|iTXt|/Author", data), path.name


def test_r01_only_known_kinds_of_files_leave_the_agency_zone(home: Home) -> None:
    kinds = {path.suffix for path in files(home.research, home.public)}
    assert kinds <= LOWER_KINDS
    assert [path.name for path in files(home.public) if path.suffix in {".duckdb", ".parquet", ".sav"}] == []


def test_r27_every_file_and_folder_of_the_agency_zone_is_its_owners_alone(home: Home) -> None:
    loose = [
        str(path.relative_to(home.root))
        for path in [home.agency, *home.agency.rglob("*")]
        if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    tools = (str(home.dagster.relative_to(home.root)), str(home.dbt.relative_to(home.root)))
    assert [path for path in loose if not path.startswith(tools)] == []


def tabular(home: Home) -> Iterator[tuple[str, str]]:
    """File and text of every cell of every table in the lower zones."""
    for path in files(home.research, home.public):
        if path.name == "codebook.csv":
            continue  # it describes columns, in our own sentences
        if path.suffix == ".csv":
            for row in csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")):
                yield from ((path.name, cell) for cell in row)
        elif path.suffix in {".parquet", ".sav"}:
            for piece in unpack(path.read_bytes()):
                if piece.cell and piece.data and not piece.where.endswith("notes and labels"):
                    yield path.name, piece.data.decode("utf-8")


def test_r13_every_text_outside_the_agency_zone_is_listed_and_short(home: Home) -> None:
    """Tables of whatever form: a text is one of the research file's (which its gate passed), or our own word for it."""
    with duckdb.connect(str(home.research_db), read_only=True) as connection:
        gated = {piece.data.decode() for piece in database_cells(connection, "") if piece.data}
        columns = read_codebook(connection)
        sentences = {
            (column.table, column.name)
            for column in columns
            if column.kind in {"sentence", "metadata", "hashes", "identifier"}
        }
        names = connection.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns() where data_type = 'VARCHAR'"
            " and schema_name in ('marts', 'study') and not internal"
        ).fetchall()
        for table, name in names:
            if (table, name) not in sentences:
                longest = connection.execute(f'select max(length("{name}")) from {table}').fetchone()
                assert (longest or [0])[0] is None or (longest or [0])[0] <= 64, f"{table}.{name}"
    policy = yaml.safe_load((PROJECT_ROOT / "config" / "disclosure.yml").read_text())
    merged = {step["into"] for steps in policy["collapse"].values() for step in steps}
    known = gated | merged | {column.name for column in columns} | {column.label for column in columns}
    reasons = {"small", "complementary", "extreme", "model", "dominance", "cells", "class", "suppressed", ""}
    words = _Vocabulary(columns, PROJECT_ROOT / "config", frozenset())
    strange = set()
    for name, text in tabular(home):
        plain = text.removesuffix(" or not recorded").removeprefix("'")
        listed = plain in known or plain in words.names or set(plain.split(", ")) <= reasons
        if not listed and not re.fullmatch(r"-?[\d.]+(?:e-?\d+)?|True|False|nan|inf", plain):
            strange.add((name, len(text)))
    assert strange == set()


def test_r19_figures_and_pages_of_the_public_zone_show_no_small_number_of_clients(home: Home) -> None:
    pages = [path for path in files(home.public) if path.suffix in {".svg", ".html"}]
    assert {path.suffix for path in pages} == {".svg", ".html"}
    for path in pages:
        text = path.read_text("utf-8")
        body = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
        counts = [int(n) for n in re.findall(r"\b[nN]\s*(?:=|</i>\s*=)\s*(\d+)", re.sub(r"<[^>]+>", "", body))]
        counts += [int(n) for n in re.findall(r"(?:title|aria-label|data-[a-z]+)=\"[^\"]*?\bn\s*=\s*(\d+)", body)]
        assert [n for n in counts if 0 < n < 11] == [], path.name
        assert "<circle" not in body or body.count("<circle") < 11 * 12, path.name
    flow = json.loads((home.public / "current" / "release.json").read_text())
    assert flow["k"] == 11
