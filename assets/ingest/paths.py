"""Where ingestion finds and puts things, told by the caller."""

from dataclasses import dataclass
from pathlib import Path

from assets.home import Home


@dataclass(frozen=True)
class IngestPaths:
    """Places of one home. ``settle_seconds`` is how long a fresh file must keep still before it is read."""

    inbox: Path
    vault: Path
    rejected: Path
    temp: Path
    aliases_file: Path | None = None
    overrides_file: Path | None = None
    quarantine_book: Path | None = None
    settle_seconds: float = 1.0
    defer_limit_hours: float = 24.0

    @classmethod
    def of(cls, home: Home) -> "IngestPaths":
        """The places of one home, with the corrections of its configuration."""
        return cls(
            inbox=home.inbox,
            vault=home.vault,
            rejected=home.rejected,
            temp=home.temp,
            aliases_file=home.aliases,
            overrides_file=home.config / "overrides.csv",
            quarantine_book=home.agency / "quarantine.xlsx",
        )
