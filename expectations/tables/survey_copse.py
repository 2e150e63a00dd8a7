"""Expectations on the survey of Coping self-efficacy (Cop-SE): 26 items answered from 0 to 10."""

from expectations.codes import Codes
from expectations.model import SuiteInfo
from expectations.tables.surveys import survey_expectations, survey_sql

ITEMS = [f"copse_{number}" for number in range(1, 27)]


def suite(codes: Codes) -> SuiteInfo:
    """Give the suite for ``raw.survey_copse``: one row a response and export."""
    return SuiteInfo(
        name="survey_copse",
        title="Survey of coping self-efficacy",
        asset="raw.survey_copse",
        sql=survey_sql("survey_copse", ITEMS),
        expectations=survey_expectations(codes, ITEMS, 0, 10),
    )
