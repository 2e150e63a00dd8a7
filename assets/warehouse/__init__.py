"""The warehouse: research IDs, and dbt run in this process over the working database."""

from assets.warehouse.dbt import DbtPaths, DbtRun, NodeResult, build, ensure_manifest
from assets.warehouse.research_ids import assign_research_ids, check_research_id

__all__ = [
    "DbtPaths",
    "DbtRun",
    "NodeResult",
    "assign_research_ids",
    "build",
    "check_research_id",
    "ensure_manifest",
]
