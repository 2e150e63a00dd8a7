"""The places of one home folder: the three zones and what lies in them (``docs/architecture.md``)."""

from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
"""The checkout: the one place from which every other path of the project is found."""


@dataclass(frozen=True)
class Home:
    """Absolute paths; nothing is created here. ``orchestration.settings`` makes one from the environment."""

    root: Path
    config: Path = PROJECT_ROOT / "config"
    key_file: Path | None = None

    @property
    def inbox(self) -> Path:
        """Where staff drop exports."""
        return self.root / "inbox"

    @property
    def agency(self) -> Path:
        """The identified zone, mode 0700."""
        return self.root / "agency"

    @property
    def research(self) -> Path:
        """The research zone: random IDs, no dates, no free text."""
        return self.root / "research"

    @property
    def public(self) -> Path:
        """The public zone: suppressed aggregates only."""
        return self.root / "public"

    @property
    def work(self) -> Path:
        """The private folder of the one writing process."""
        return self.agency / "work"

    @property
    def work_db(self) -> Path:
        """The working database: one writer, no readers."""
        return self.work / "warehouse.duckdb"

    @property
    def temp(self) -> Path:
        """Spill files and half-written publications, inside the identified zone."""
        return self.work / "tmp"

    @property
    def lock(self) -> Path:
        """Held by the process that may write; the operating system frees it however that process ends."""
        return self.work / "lock"

    @property
    def vault(self) -> Path:
        """Original files by content hash."""
        return self.agency / "vault"

    @property
    def rejected(self) -> Path:
        """One small text for each refused file: the reason and what to do."""
        return self.agency / "rejected"

    @property
    def aliases(self) -> Path:
        """The agency's alias table for client IDs (typos settled by a person, merged records)."""
        return self.agency / "aliases.csv"

    @property
    def dagster(self) -> Path:
        """Run history and event log of the orchestrator (``DAGSTER_HOME``)."""
        return self.agency / "dagster"

    @property
    def dbt(self) -> Path:
        """dbt's artefacts and logs of this home: they can quote SQL of the identified zone, so they stay in it."""
        return self.agency / "dbt"

    @property
    def manifest(self) -> Path:
        """dbt's description of every model and test, as last parsed."""
        return self.dbt / "manifest.json"

    @property
    def report(self) -> Path:
        """The evaluator's report on unsuppressed results."""
        return self.agency / "report" / "report.html"

    @property
    def research_risk(self) -> Path:
        """How easily rows of the newest research database are recognised: counts and column names."""
        return self.agency / "research-risk.json"

    @property
    def public_outcome(self) -> Path:
        """What became of the newest public release: published, unchanged or held back, and by which earlier one."""
        return self.agency / "public-outcome.json"

    @property
    def parquet(self) -> Path:
        """Symlink to the newest folder of Parquet copies of the marts."""
        return self.research / "parquet"

    @property
    def follow_up(self) -> Path:
        """The case managers' follow-up list, one sheet each."""
        return self.agency / "follow_up.xlsx"

    @property
    def agency_db(self) -> Path:
        """Symlink to the newest published agency database."""
        return self.agency / "agency.duckdb"

    @property
    def research_db(self) -> Path:
        """Symlink to the newest published research database."""
        return self.research / "research.duckdb"
