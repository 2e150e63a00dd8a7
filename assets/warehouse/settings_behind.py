"""Which settings of ``config/study.yml`` a number that is published hangs on, also by way of dates and windows.

Written down once and held by trial: a test changes each setting and looks which columns move.
"""

from fnmatch import fnmatchcase
from typing import Any

from assets.study_config import StudyConfig
from assets.study_settings import Subscale, UricaKey

COUNTED = ("services.non_counting_contact_types", "service_types")
ANCHOR = ("study.start", "surveys.accept_unfinished")
FIRST = ("waves.t0.first_day", "waves.t0.last_day")
LATER = (*FIRST, "waves.t6.target_days", "waves.t6.within_days")
REAL = {instrument: (*ANCHOR, f"surveys.scoreable_items.{instrument}") for instrument in ("mspss", "copse", "urica")}
ANY = tuple(dict.fromkeys(key for keys in REAL.values() for key in keys))
COUNTS = tuple(f"fct_service_counts.{name}" for name in ("services*", "notes", "client_days", "minutes"))
ITEMS = ("fct_scale_scores.score", "fct_scale_scores.n_items", "fct_scale_scores.n_answered")
ANSWERS, FLOW = "int_survey_items", "int_participant_flow"
NEEDED = ("missing", "min_answered")

BEHIND: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("*.age",), ("age.as_of", "study.end")),
    (("*.county_outlying",), ("residence.main_counties",)),
    (("fct_services.*", "client_month.*"), ("study.end",)),
    (("client_month.services_*", "client_month.notes", "fct_services.is_counted"), COUNTED),
    (("fct_services.funder_group",), ("service_types",)),
    (("client_study.services_*", "fct_service_counts.services"), ("services.unit",)),
    (("client_study.services_*", *COUNTS), COUNTED),
    (("client_study.services_total", *COUNTS), ("study.end",)),
    (("client_study.services_t0",), (*ANY, *FIRST)),
    (("client_study.services_t6", "fct_service_counts.*", "fct_scale_scores.*"), (*ANY, *LATER)),
    (("*.months_of_service_*",), ("months_of_service.method",)),
    (("*.months_of_service_total", "fct_months_of_service.*_total"), ("study.end",)),
    (("*.months_of_service_t0", "fct_months_of_service.*_t0"), (*ANY, *FIRST)),
    (("*.goal_completion_rate",), ("goals.denominator",)),
    (("*.goals_*", "*.goal_completion_rate", "fct_goal_completion.rate_*", "*.met_two_thirds"), ("study.end",)),
    (("client_study.mspss_*",), (*REAL["mspss"], *FIRST)),
    (("client_study.cope_se_*",), (*REAL["copse"], *FIRST)),
    (("client_study.urica_*",), (*REAL["urica"], *FIRST)),
    (("client_study.mspss_*_t6", "client_study.mspss_t6", "client_study.cope_se_t6", "client_study.urica_*_t6"), LATER),
    (("client_study.mspss_t?", "fct_scale_scores.score"), ("scales.mspss.composite", "scales.mspss.min_answered")),
    (("client_study.mspss_*", "fct_scale_scores.score"), ("scales.mspss.missing",)),
    (("client_study.mspss_[fs]*", *ITEMS), ("scales.mspss.subscales",)),
    (("client_study.cope_se_*", "fct_scale_scores.score"), ("scales.cope_se.missing", "scales.cope_se.min_answered")),
    (ITEMS, ("scales.cope_se.subscales",)),
    (("client_study.urica_*", "fct_scale_scores.stage", *ITEMS), ("scales.urica.key",)),
    (("client_study.urica_stage_*", "fct_scale_scores.stage"), ("scales.urica.staging",)),
    ((f"{ANSWERS}.*", f"{FLOW}.*"), (*ANY, *LATER, "scales.urica.key")),
    ((f"{ANSWERS}.*",), ("scales.mspss.subscales", "scales.cope_se.subscales")),
    ((f"{FLOW}.*",), ("study.end", *(f"scales.{scale}.{key}" for scale in ("mspss", "cope_se") for key in NEEDED))),
    ((f"{FLOW}.*",), ("scales.mspss.composite",)),
)
"""Columns of the marts, and of the two other tables the study reads (patterns), and the settings that can move them."""

STAGED_BY = {
    "cutoff": "scales.urica.cutoffs",
    "nearest_mean": "scales.urica.nearest_means",
    "highest_subscale": "scales.urica.highest_tie",
}


def settings_behind(table: str, column: str, config: StudyConfig) -> dict[str, str]:
    """Key → value in force of every setting that can move ``table.column``; empty where none can."""
    keys = [
        key
        for patterns, listed in BEHIND
        if any(fnmatchcase(f"{table}.{column}", pattern) for pattern in patterns)
        for key in listed
    ]
    if "scales.urica.staging" in keys:
        keys.append(STAGED_BY[config.scales.urica.staging])
    if "scales.mspss.composite" in keys and config.scales.mspss.composite == "sum_of_means":
        keys.append("scales.mspss.subscales")
    return {key: value_of(key, config) for key in sorted(set(keys))}


def value_of(key: str, config: StudyConfig) -> str:
    """Tell a setting's value in a line, as the file writes it."""
    if key == "service_types":
        return f"service_types.csv, {len(config.service_types)} lines"
    value: Any = config
    for part in key.split("."):
        value = getattr(value, part)
    if isinstance(value, UricaKey):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, dict):  # name → items, or a subscale that has them
        return "; ".join(f"{name} {_listed(_items(part))}" for name, part in value.items())
    if isinstance(value, bool | tuple):
        return _listed(value) if isinstance(value, tuple) else str(value).lower()
    return "study.end" if value is None else str(value)


def _items(part: Any) -> tuple[Any, ...]:
    return part.items if isinstance(part, Subscale) else tuple(part)


def _listed(values: tuple[Any, ...]) -> str:
    return ", ".join(map(str, values)) or "none"
