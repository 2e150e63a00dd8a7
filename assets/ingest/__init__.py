"""Ingestion: a file of the inbox becomes raw rows, with every row it holds accounted for.

The names below are loaded when they are first used, so that naming the package costs nothing.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Feeds": "config",
    "load_feeds": "config",
    "IngestPaths": "paths",
    "IngestSummary": "pipeline",
    "ingest": "pipeline",
    "Inspection": "inspection",
    "inspect_file": "inspection",
    "WideFile": "wide",
    "read_wide": "wide",
    "draft_map": "draft",
    "normalise_client_id": "client_ids",
}
__all__ = sorted(_HOMES)  # noqa: PLE0605 - one list of names, not two


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'assets.ingest' has no attribute '{name}'")
    return getattr(import_module(f"assets.ingest.{_HOMES[name]}"), name)
