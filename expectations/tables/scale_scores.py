"""Expectations on ``marts.fct_scale_scores``: every scored survey of every client and wave."""

from expectations.codes import Codes
from expectations.kinds import present
from expectations.model import SuiteInfo

SQL = "select * from marts.fct_scale_scores"


def suite(_codes: Codes) -> SuiteInfo:
    """Give the suite for ``marts.fct_scale_scores``."""
    return SuiteInfo(
        name="scale_scores",
        title="Scored surveys",
        asset="marts.fct_scale_scores",
        sql=SQL,
        expectations=(present("client_id", "Every score is a client's."),),
    )
