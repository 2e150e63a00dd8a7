"""Known vulnerabilities from a copy on disk, for machines without a network: advisories in the OSV format.

pip-audit has no such mode. The copy is the folder or the zip that the Python advisory database and osv.dev offer: one
JSON (or YAML) file an advisory.
"""

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from assets.errors import ConfigError
from assets.yamlfile import read_yaml

_SUFFIXES = (".json", ".yaml", ".yml")


def read_advisories(place: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the advisories of ``place`` (folder or zip) by package name; withdrawn ones are left out.

    Raises ``ConfigError`` where nothing is there or a file is no advisory: a copy that is half read is no clean bill.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    n = 0
    for name, text in _files(place):
        try:
            advisory = json.loads(text) if name.endswith(".json") else read_yaml(text)
            packages = {
                canonicalize_name(part["package"]["name"])
                for part in advisory["affected"]
                if part.get("package", {}).get("ecosystem") == "PyPI"
            }
            identity = advisory["id"]
        except (ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError):
            raise ConfigError(f"advisories: {name} is no advisory in the OSV format") from None
        n += bool(identity)
        if not advisory.get("withdrawn"):
            for package in packages:
                found.setdefault(package, []).append(advisory)
    if not n:
        raise ConfigError(f"advisories: no file in the OSV format in {place}")
    return found


def affecting(advisories: Mapping[str, Iterable[Mapping[str, Any]]], name: str, version: str) -> Iterator[str]:
    """Yield a line for each advisory that names this version, listed or within a range; aliases count once."""
    told: set[str] = set()
    for advisory in sorted(advisories.get(canonicalize_name(name), ()), key=lambda found: str(found["id"])):
        names = {str(advisory["id"]), *map(str, advisory.get("aliases", ()))}
        parts = [part for part in advisory["affected"] if canonicalize_name(part["package"]["name"]) == name]
        if not told & names and any(_names_it(part, version) for part in parts):
            fixes = sorted({fix for part in parts for fix in _fixes(part)}, key=_order)
            yield f"{name} {version}: {advisory['id']}, mended in {' '.join(fixes) or '-'}"
            told |= names


def _files(place: Path) -> Iterator[tuple[str, str]]:
    if place.is_dir():
        for path in sorted(place.rglob("*")):
            if path.suffix in _SUFFIXES and path.is_file():
                yield path.name, path.read_text("utf-8")
        return
    try:
        with zipfile.ZipFile(place) as archive:
            for name in sorted(archive.namelist()):
                if name.endswith(_SUFFIXES):
                    yield name, archive.read(name).decode("utf-8")
    except (OSError, zipfile.BadZipFile):
        raise ConfigError(f"advisories: {place} is neither a folder nor a zip") from None


def _names_it(part: Mapping[str, Any], version: str) -> bool:
    if version in part.get("versions", ()):
        return True
    return any(_within(span["events"], version) for span in part.get("ranges", ()) if span["type"] == "ECOSYSTEM")


def _within(events: Iterable[Mapping[str, str]], version: str) -> bool:
    """Whether a version lies in a range: each event turns it on (``introduced``) or off again, in order of versions."""
    here, inside = _order(version), False
    turns = sorted(
        (_order(at), kind != "introduced", kind) for event in events for kind, at in event.items() if kind != "limit"
    )
    for at, _, kind in turns:
        if kind == "introduced" and at <= here:
            inside = True
        elif (kind == "fixed" and at <= here) or (kind == "last_affected" and at < here):
            inside = False
    return inside


def _fixes(part: Mapping[str, Any]) -> Iterator[str]:
    for span in part.get("ranges", ()):
        if span["type"] == "ECOSYSTEM":
            yield from (event["fixed"] for event in span["events"] if "fixed" in event)


def _order(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0")
