"""How easily rows of the published research file are recognised: written beside each publication, for the agency.

The research file is for analysts under agreement, never to be handed on: with exact services and months nearly every
client is alone. The figures say so each night; rows for others go through ``outcomes release``.
"""

from typing import TYPE_CHECKING

from assets.home import Home
from assets.publish.codebook import read_codebook
from assets.publish.privacy.lattice import merged_levels
from assets.publish.privacy.policy import load_policy
from assets.publish.privacy.risk import RiskReport, risk_report

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


def write_research_risk(home: Home, connection: "duckdb.DuckDBPyConnection", clients: "pd.DataFrame") -> RiskReport:
    """Judge ``clients`` (``marts.client_study``) by the tags of the codebook and write the report for this build."""
    policy = load_policy(home.config)
    tags = {column.name: column.privacy for column in read_codebook(connection) if column.table == "marts.client_study"}
    names = [name for name in clients.columns if name != "client_id"]
    report = risk_report(
        clients,
        [name for name in names if tags.get(name) == "quasi"],
        [name for name in names if tags.get(name) == "sensitive"],
        policy.research.warn_k,
        {variable: merged_levels(steps) for variable, steps in policy.collapse.items()},
    )
    fresh = home.research_risk.with_suffix(".new")
    fresh.write_text(report.as_json() + "\n", "utf-8")
    fresh.chmod(0o600)
    fresh.replace(home.research_risk)
    return report
