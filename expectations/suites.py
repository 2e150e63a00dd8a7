"""The registered suites by name. Loading them reads three small YAML files and imports no heavy library."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from assets.home import PROJECT_ROOT
from assets.study_config import load_study_config
from expectations.codes import load_codes
from expectations.model import SuiteInfo

CONFIG = PROJECT_ROOT / "config"
RAW = ("intake", "case_notes", "goal_plans", "survey_mspss", "survey_copse", "survey_urica")
"""Suites that judge what ingest loaded, before dbt runs."""
MARTS = ("scale_scores", "client_study")
"""Suites that judge what dbt built, before the study is fitted."""


@cache
def suites(config: Path = CONFIG) -> dict[str, SuiteInfo]:
    """Return every suite by name, in the order of the night; raises ``ConfigError`` where a code list is missing."""
    from expectations.tables import (
        case_notes,
        client_study,
        goal_plans,
        intake,
        scale_scores,
        survey_copse,
        survey_mspss,
        survey_urica,
    )

    codes, study = load_codes(config), load_study_config(config / "study.yml")
    feeds = (intake, case_notes, goal_plans, survey_mspss, survey_copse, survey_urica)
    listed = [
        *(feed.suite(codes) for feed in feeds),
        scale_scores.suite(codes, study),
        client_study.suite(codes, study),
    ]
    return {suite.name: suite for suite in listed}


class _Suites(Mapping[str, SuiteInfo]):
    """The suites under the shipped configuration, read when first asked for: nothing is read at import."""

    def __getitem__(self, name: str) -> SuiteInfo:
        return suites()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(suites())

    def __len__(self) -> int:
        return len(suites())


SUITES: Mapping[str, SuiteInfo] = _Suites()
