"""What every tier shares: where the reference files are, and the rule that a tier stays what it says it is."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TIERS = {"integration", "end_to_end"}


@pytest.fixture(scope="session")
def project_root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The reference files beside the checkout; tests that need them skip where they are absent."""
    path = Path(os.environ.get("OUTCOMES_SHARED") or ROOT.parent / "shared")
    if not (path / "contract.md").is_file():
        pytest.skip("the shared reference files are not beside this checkout")
    return path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its folder, so that a tier cannot be joined by accident."""
    for item in items:
        for tier in TIERS:
            if tier in item.path.parts:
                item.add_marker(getattr(pytest.mark, tier))
        if "shared_dir" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.shared)
