"""Where ingestion finds and puts things, told by the caller."""

from dataclasses import dataclass, field
from pathlib import Path

from assets.home import Home
from assets.keys import Key, load_key


@dataclass(frozen=True)
class IngestPaths:
    """Places of one home. ``settle_seconds`` is how long a fresh file must keep still before it is read.

    With a ``key`` the vault is sealed.
    """

    inbox: Path
    vault: Path
    rejected: Path
    temp: Path
    aliases_file: Path | None = None
    overrides_file: Path | None = None
    quarantine_book: Path | None = None
    settle_seconds: float = 1.0
    defer_limit_hours: float = 24.0
    key: Key | None = field(default=None, repr=False)

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
            key=load_key(home),
        )
