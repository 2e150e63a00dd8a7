"""Expectations on ``marts.client_study``: the one table every published number comes from."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from assets.study_config import StudyConfig
from expectations.codes import Codes
from expectations.kinds import between, one_of, ordered, present, rule, unique
from expectations.model import Expectation, SuiteInfo
from expectations.tables.scale_scores import STAGES, score_ranges

SQL = """
select s.*, c.client_id is not null as in_crosswalk
from marts.client_study s left join control.crosswalk c using (client_id)
"""

if TYPE_CHECKING:
    import pandas as pd

RACES = ("black", "latinx", "white", "multiracial", "other")
CLASSES = ("Confirmed", "High Risk")
WAVES = ("t0", "t6")
VICTIMIZATIONS = tuple(
    f"victimization_{kind}"
    for kind in (
        "child_sexual_abuse",
        "domestic_family_violence",
        "physical_abuse_neglect",
        "bullying",
        "teen_dating_violence",
        "other",
    )
)


def suite(_codes: Codes, study: StudyConfig) -> SuiteInfo:
    """Give the suite for ``marts.client_study``: one row a client."""
    return SuiteInfo(
        name="client_study",
        title="The study table",
        asset="marts.client_study",
        sql=SQL,
        expectations=(
            present("client_id", "Every row is one client."),
            unique(["client_id"], "A client twice would count twice in every model."),
            rule(
                "in_crosswalk",
                ["in_crosswalk"],
                lambda f: f["in_crosswalk"].astype("boolean"),
                "A research ID the agency cannot trace back came from nowhere.",
            ),
            between("age", 0, 110, "Completed years; outside this band a birth date is damaged."),
            between("age", 8, 30, "The program serves young people.", severity="warn", name="age_plausible"),
            one_of("race_ethnicity", RACES, "The five groups of the study."),
            _agree("minority", "race_ethnicity", lambda race: race != "white", "Any race/ethnicity but White alone."),
            one_of("classification", CLASSES, "Confirmed or high risk."),
            _agree("confirmed", "classification", lambda c: c == "Confirmed", "The flag is the classification."),
            *_counts(),
            *_months(),
            *_goals(),
            *(expectation for wave in WAVES for expectation in _scores(wave, score_ranges(study))),
        ),
    )


def _agree(flag: str, source: str, meaning: Callable[[str], bool], why: str) -> Expectation:
    def holds(frame: "pd.DataFrame") -> "pd.Series[bool]":
        expected = frame[source].map(meaning, na_action="ignore")
        same = frame[flag].astype("boolean") == expected.astype("boolean")
        both_missing = frame[flag].isna() & frame[source].isna()
        result: pd.Series[bool] = same.fillna(False) | both_missing
        return result

    return rule(f"{flag}_agrees", [flag, source], holds, why)


def _counts() -> tuple[Expectation, ...]:
    flags = list(VICTIMIZATIONS)

    def flags_add_up(frame: "pd.DataFrame") -> "pd.Series[bool]":
        marked = frame[flags].astype("boolean").sum(axis=1)
        return (marked == frame["n_victimizations"]).mask(frame[flags].isna().any(axis=1)).astype("boolean")

    return (
        between("n_victimizations", 0, 6, "There are six kinds."),
        rule("victimizations_add_up", [*flags, "n_victimizations"], flags_add_up, "The count is the number of flags."),
        *(
            between(f"services_{w}", 0, None, "A count is never negative.", name=f"services_{w}_count")
            for w in ("t0", "t6", "total")
        ),
        rule(
            "services_t0_within_t6",
            ["services_t0", "services_t6"],
            lambda f: ordered(f["services_t0"], f["services_t6"]),
            "What was counted up to the first wave was counted up to the second as well.",
        ),
        rule(
            "services_t0_within_total",
            ["services_t0", "services_total"],
            lambda f: ordered(f["services_t0"], f["services_total"]),
            "The first assessment normally lies in the study period.",
            severity="warn",
        ),
        rule(
            "services_known_with_months",
            ["services_total", "months_of_service_total"],
            lambda f: f["months_of_service_total"].isna() | f["services_total"].notna(),
            "Months without services means that the join to the notes was lost.",
        ),
    )


def _months() -> tuple[Expectation, ...]:
    return (
        between("months_of_service_t0", 0, 240, "Months are null rather than negative, and under twenty years."),
        between("months_of_service_total", 0, 240, "Months are null rather than negative, and under twenty years."),
    )


def _goals() -> tuple[Expectation, ...]:
    parts = ["goals_met", "goals_discontinued", "goals_in_progress"]

    def rate(frame: "pd.DataFrame") -> "pd.Series[bool]":
        none_set = frame["goals_set"] == 0
        return (none_set & frame["goal_completion_rate"].isna()) | (~none_set)

    def two_thirds(frame: "pd.DataFrame") -> "pd.Series[bool]":
        expected = (3 * frame["goals_met"] >= 2 * frame["goals_set"]).mask(frame["goals_set"] == 0)
        same = frame["met_two_thirds"].astype("boolean") == expected.astype("boolean")
        return same.fillna(False) | (frame["met_two_thirds"].isna() & (frame["goals_set"] == 0))

    return (
        present("goals_set", "0 when none, never empty."),
        *(between(name, 0, None, "A count is never negative.", name=f"{name}_count") for name in ("goals_set", *parts)),
        rule(
            "goals_add_up",
            ["goals_set", *parts],
            lambda f: (f[parts].sum(axis=1) == f["goals_set"]).mask(f[["goals_set", *parts]].isna().any(axis=1)),
            "Every goal set is met, discontinued or in progress.",
        ),
        between("goal_completion_rate", 0, 1, "Met is a part of set."),
        rule("no_rate_without_goals", ["goals_set", "goal_completion_rate"], rate, "No goals, no rate."),
        rule("two_thirds_agrees", ["goals_set", "goals_met", "met_two_thirds"], two_thirds, "3 × met ≥ 2 × set."),
    )


def _scores(wave: str, ranges: dict[str, tuple[float, float]]) -> tuple[Expectation, ...]:
    readiness, stage = f"urica_readiness_{wave}", f"urica_stage_{wave}"
    scored = ("mspss", "mspss_family", "mspss_friends", "mspss_significant_other", "cope_se", "urica_readiness")
    return (
        rule(
            f"scores_{wave}_in_range",
            [f"{name}_{wave}" for name in scored],
            lambda f: _inside(f, {f"{name}_{wave}": ranges[name] for name in scored}),
            "No set of answers gives a score outside its scale.",
        ),
        one_of(stage, STAGES, "The four stages."),
        rule(
            f"stage_{wave}_with_readiness",
            [readiness, stage],
            lambda f: f[readiness].isna() == f[stage].isna(),
            "A stage is read off the readiness score.",
        ),
    )


def _inside(frame: "pd.DataFrame", ranges: dict[str, tuple[float, float]]) -> "pd.Series[bool]":
    import pandas as pd

    # Rounded, because a mean of twelve answers of 7 may be 7.000000000000001.
    scores = pd.DataFrame({name: frame[name].astype("float64").round(9) for name in ranges})
    low = pd.Series({name: bounds[0] for name, bounds in ranges.items()})
    high = pd.Series({name: bounds[1] for name, bounds in ranges.items()})
    judged: pd.Series[bool] = (scores.ge(low) & scores.le(high) | scores.isna()).all(axis=1)
    return judged
