"""Where things are: read from the environment once, at the edge, into one typed object.

Nothing else in the project reads the environment, and nothing reads it at import.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
"""The checkout: the one place from which every other path of the project is found."""


@dataclass(frozen=True)
class Settings:
    """Paths of one home folder and of the project; see ``docs/architecture.md`` for what lies where."""

    home: Path
    project_root: Path = PROJECT_ROOT
    config_dir: Path = PROJECT_ROOT / "config"
    key_file: Path | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str], home: Path | None = None) -> "Settings":
        """Read ``OUTCOMES_HOME`` (default ``./data``), ``OUTCOMES_CONFIG`` and ``OUTCOMES_KEY_FILE``; ``home`` wins."""
        chosen = home or Path(environ.get("OUTCOMES_HOME") or "data")
        config = environ.get("OUTCOMES_CONFIG")
        key = environ.get("OUTCOMES_KEY_FILE")
        return cls(
            home=chosen.expanduser().resolve(),
            config_dir=Path(config).expanduser().resolve() if config else PROJECT_ROOT / "config",
            key_file=Path(key).expanduser().resolve() if key else None,
        )

    @property
    def inbox(self) -> Path:
        """Where staff drop exports."""
        return self.home / "inbox"

    @property
    def agency(self) -> Path:
        """The identified zone, mode 0700."""
        return self.home / "agency"

    @property
    def research(self) -> Path:
        """The research zone: random IDs, no dates, no free text."""
        return self.home / "research"

    @property
    def public(self) -> Path:
        """The public zone: suppressed aggregates only."""
        return self.home / "public"

    @property
    def work_db(self) -> Path:
        """The private working database: one writer, no readers."""
        return self.agency / "work" / "warehouse.duckdb"

    @property
    def temp(self) -> Path:
        """Spill files and half-written publications, inside the identified zone."""
        return self.agency / "work" / "tmp"

    @property
    def vault(self) -> Path:
        """Original files by content hash."""
        return self.agency / "vault"

    @property
    def dagster_home(self) -> Path:
        """Run history and event log of the orchestrator."""
        return self.agency / "dagster"

    @property
    def dbt_project(self) -> Path:
        """The dbt project in the checkout."""
        return self.project_root / "dbt_project"

    @property
    def dbt_target(self) -> Path:
        """dbt's artefacts and logs of this home: they can quote SQL of the identified zone, so they stay in it."""
        return self.agency / "dbt"

    @property
    def report(self) -> Path:
        """The evaluator's report on unsuppressed results."""
        return self.agency / "report" / "report.html"
