"""A copy of the advisories on disk answers what a service would: listed versions, ranges, aliases."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from assets.errors import ConfigError
from orchestration import supply
from orchestration.advisories import affecting, read_advisories


def advisory(name: str, identity: str = "PYSEC-1", **more: Any) -> dict[str, Any]:
    affected = {"package": {"name": name, "ecosystem": more.pop("ecosystem", "PyPI")}, **more.pop("affected", {})}
    return {"id": identity, "affected": [affected], **more}


def events(*turns: tuple[str, str], kind: str = "ECOSYSTEM") -> dict[str, Any]:
    return {"ranges": [{"type": kind, "events": [{name: version} for name, version in turns]}]}


TWICE = events(("introduced", "0"), ("fixed", "1.2"), ("introduced", "2.0"), ("fixed", "2.1"))


@pytest.mark.parametrize(
    ("affected", "version", "hit"),
    [
        ({"versions": ["1.0", "1.1"]}, "1.1", True),
        ({"versions": ["1.0"]}, "1.1", False),
        (events(("introduced", "0"), ("fixed", "1.10")), "1.9", True),
        (events(("introduced", "0"), ("fixed", "1.10")), "1.10", False),
        (events(("introduced", "0"), ("last_affected", "1.1")), "1.1", True),
        (events(("introduced", "0"), ("last_affected", "1.1")), "1.1.1", False),
        (events(("introduced", "1.0")), "0.9", False),
        (events(("introduced", "1.0")), "7", True),
        (TWICE, "1.1", True),
        (TWICE, "1.2", False),
        (TWICE, "2.0.5", True),
        (TWICE, "2.1", False),
        (events(("introduced", "0"), kind="GIT"), "1.0", False),
    ],
)
def test_a_version_is_found_by_list_or_range(affected: dict[str, Any], version: str, hit: bool) -> None:
    known = {"a-package": [advisory("A_Package", affected=affected)]}
    assert bool(list(affecting(known, "a-package", version))) == hit


def write(folder: Path, advisories: list[dict[str, Any]]) -> Path:
    folder.mkdir()
    for number, content in enumerate(advisories):
        name, dump = (f"{number}.json", json.dumps) if number % 2 else (f"{number}.yaml", yaml.safe_dump)
        (folder / name).write_text(dump(content))
    return folder


def test_one_flaw_under_two_names_counts_once_and_a_withdrawn_or_foreign_one_not_at_all(tmp_path: Path) -> None:
    hit = {"versions": ["1"]}
    folder = write(
        tmp_path / "copy",
        [
            advisory("b", "GHSA-1", affected=hit, aliases=["CVE-1"]),
            advisory("b", "PYSEC-1", affected=hit, aliases=["CVE-1"]),
            advisory("b", "PYSEC-2", affected=hit, withdrawn="2024-01-01T00:00:00Z"),
            advisory("b", "NPM-1", affected=hit, ecosystem="npm"),
            advisory("b", "PYSEC-3", affected={**hit, **events(("introduced", "0"), ("fixed", "2"))}),
        ],
    )
    told = ["b 1: GHSA-1, mended in -", "b 1: PYSEC-3, mended in 2"]
    assert list(affecting(read_advisories(folder), "b", "1")) == told
    with zipfile.ZipFile(tmp_path / "copy.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    assert list(affecting(read_advisories(tmp_path / "copy.zip"), "b", "1")) == told


def test_a_copy_that_is_no_copy_is_no_clean_bill(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "a.json").write_text('{"id": "X"')
    (tmp_path / "text").write_text("nothing")
    for name in ("empty", "half", "text", "absent"):
        with pytest.raises(ConfigError, match="advisories"):
            read_advisories(tmp_path / name)
        assert supply.main(["--advisories", str(tmp_path / name)]) == supply.WRONG


def test_the_locks_are_looked_up_in_the_copy_without_asking_anybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supply, "scan", lambda _root: pytest.fail("a service was asked"))
    clean = write(tmp_path / "clean", [advisory("duckdb", affected={"versions": ["0.0.1"]})])
    assert supply.main(["--advisories", str(clean)]) == supply.CLEAN
    bad = write(tmp_path / "bad", [advisory("DuckDB", affected=events(("introduced", "0")))])
    assert supply.main(["--advisories", str(bad)]) == supply.WRONG
    assert "✗ duckdb 1.5.5: PYSEC-1, mended in -" in capsys.readouterr().out
