"""The code lists the suites compare with: read from ``config/feeds/code_lists.yml``, never repeated here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from assets.errors import ConfigError
from assets.yamlfile import read_yaml, trouble

UNMAPPED = "unmapped"
"""What ingest stores for a category the code lists do not know yet; it has warned about it."""


@dataclass(frozen=True)
class Codes:
    """Code lists by name, and the pattern of a client ID."""

    lists: dict[str, tuple[str, ...]]
    client_id: str

    def __getitem__(self, name: str) -> tuple[str, ...]:
        try:
            return self.lists[name]
        except KeyError:
            raise ConfigError(f"feeds/code_lists.yml: no list called {name}, which the expectations need") from None

    def or_unmapped(self, name: str) -> tuple[str, ...]:
        """Return the list and the placeholder for a category not mapped yet."""
        return (*self[name], UNMAPPED)


def load_codes(config: Path) -> Codes:
    """Read the code lists and the agency's ID pattern; raises ``ConfigError`` naming file and key."""
    agency = _read(config / "agency.yml")
    try:
        prefix, digits = agency["client_id"]["prefix"], int(agency["client_id"]["digits"])
    except (KeyError, TypeError, ValueError):
        raise ConfigError("agency.yml: client_id needs prefix and digits") from None
    lists = {name: tuple(_codes_of(entry)) for name, entry in _read(config / "feeds" / "code_lists.yml").items()}
    return Codes(lists, rf"^{prefix}-\d{{{digits}}}$")


def _codes_of(entry: object) -> list[str]:
    """The codes of one list, however the file spells it: a mapping by code, or a list of codes or of entries."""
    if isinstance(entry, dict):
        inner = entry.get("codes", entry)
        if isinstance(inner, dict):
            return [str(code) for code in inner]
        entry = inner
    if isinstance(entry, list):
        return [str(item["code"]) if isinstance(item, dict) and "code" in item else str(item) for item in entry]
    return []


def _read(path: Path) -> dict[str, Any]:
    try:
        content = read_yaml(path.read_text("utf-8"))
    except OSError:
        raise ConfigError(f"{path.name}: the file is missing") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path.name}: {trouble(error)}") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path.name}: expected keys and values")
    return content
