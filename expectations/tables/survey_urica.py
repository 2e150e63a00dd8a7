"""Expectations on the survey of readiness to change (URICA): a behaviour and 12 items answered from 1 to 5."""

from expectations.codes import Codes
from expectations.kinds import between, rule
from expectations.model import SuiteInfo
from expectations.tables.surveys import survey_expectations, survey_sql

ITEMS = [f"urica_{number}" for number in range(1, 13)]


def suite(codes: Codes) -> SuiteInfo:
    """Give the suite for ``raw.survey_urica``: one row a response and export."""
    return SuiteInfo(
        name="survey_urica",
        title="Survey of readiness to change",
        asset="raw.survey_urica",
        sql=survey_sql("survey_urica", ITEMS, extra=["urica_behavior"]),
        expectations=(
            *survey_expectations(codes, ITEMS, 1, 5),
            between("urica_behavior", 1, 3, "1 trading or selling sex, 2 running away, 3 connecting with strangers."),
            rule(
                "answers_belong_to_a_behavior",
                ["urica_behavior", *ITEMS],
                lambda f: f["urica_behavior"].notna() | f[ITEMS].isna().all(axis=1),
                "Answers without the behaviour they are about cannot be told apart on one day.",
                severity="warn",
            ),
        ),
    )
