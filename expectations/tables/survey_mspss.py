"""Expectations on the survey of Perceived social support (MSPSS): 12 items answered from 1 to 7."""

from expectations.codes import Codes
from expectations.model import SuiteInfo
from expectations.tables.surveys import survey_expectations, survey_sql

ITEMS = [f"mspss_{number}" for number in range(1, 13)]


def suite(codes: Codes) -> SuiteInfo:
    """Give the suite for ``raw.survey_mspss``: one row a response and export."""
    return SuiteInfo(
        name="survey_mspss",
        title="Survey of social support",
        asset="raw.survey_mspss",
        sql=survey_sql("survey_mspss", ITEMS),
        expectations=survey_expectations(codes, ITEMS, 1, 7),
    )
