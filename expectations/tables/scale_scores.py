"""Expectations on ``marts.fct_scale_scores``: every scored survey of every client and wave."""

from typing import TYPE_CHECKING

from assets.study_config import StudyConfig
from expectations.codes import Codes
from expectations.kinds import between, one_of, ordered, present, rule, unique
from expectations.model import SuiteInfo

if TYPE_CHECKING:
    import pandas as pd

SQL = "select * from marts.fct_scale_scores"
STAGES = ("pre-contemplation", "contemplation", "preparation/action", "maintenance")


def score_ranges(study: StudyConfig) -> dict[str, tuple[float, float]]:
    """Smallest and largest possible score of every scale, under the scoring that ``config/study.yml`` asks for."""
    low, high = study.scales.mspss.range
    factor = {"mean": 1, "sum": study.scales.mspss.n_items, "sum_of_means": len(study.scales.mspss.subscales)}
    ranges: dict[str, tuple[float, float]] = {
        "mspss": (factor[study.scales.mspss.composite] * low, factor[study.scales.mspss.composite] * high),
        **{f"mspss_{name}": (low, high) for name in study.scales.mspss.subscales},
    }
    low, high = study.scales.cope_se.range
    ranges["cope_se"] = (study.scales.cope_se.n_items * low, study.scales.cope_se.n_items * high)
    for name, subscale in study.scales.cope_se.subscales.items():
        ranges[f"cope_se_{name}"] = (len(subscale.items) * low, len(subscale.items) * high)
    low, high = study.scales.urica.range
    for name in ("precontemplation", "contemplation", "action", "maintenance"):
        ranges[f"urica_{name}"] = (low, high)
    ranges["urica_readiness"] = (3 * low - high, 3 * high - low)
    return ranges


def suite(_codes: Codes, study: StudyConfig) -> SuiteInfo:
    """Give the suite for ``marts.fct_scale_scores``."""
    ranges = score_ranges(study)

    def in_range(frame: "pd.DataFrame") -> "pd.Series[bool]":
        lows = frame["scale"].map({scale: low for scale, (low, _) in ranges.items()})
        highs = frame["scale"].map({scale: high for scale, (_, high) in ranges.items()})
        scores = frame["score"].round(9)
        return ((scores >= lows) & (scores <= highs)) | scores.isna()

    return SuiteInfo(
        name="scale_scores",
        title="Scored surveys",
        asset="marts.fct_scale_scores",
        sql=SQL,
        expectations=(
            present("client_id", "Every score is a client's."),
            unique(["client_id", "scale", "wave"], "One score a client, scale and wave."),
            one_of("wave", ("t0", "t6"), "There are two waves."),
            one_of("scale", ranges, "A scale that config/study.yml does not define."),
            rule("score_in_range", ["scale", "score"], in_range, "No set of answers gives a score outside the scale."),
            rule(
                "answered_within_items",
                ["n_answered", "n_items"],
                lambda f: ordered(f["n_answered"], f["n_items"]),
                "No more items are answered than the scale has.",
            ),
            rule(
                "complete_scale_is_scored",
                ["n_answered", "n_items", "score"],
                lambda f: (f["n_answered"] < f["n_items"]) | f["score"].notna(),
                "With every item answered there is a score.",
            ),
            one_of("stage", STAGES, "The four stages."),
            rule(
                "stage_with_readiness",
                ["scale", "score", "stage"],
                lambda f: f["stage"].notna() == ((f["scale"] == "urica_readiness") & f["score"].notna()),
                "A stage is read off the readiness score, and off nothing else.",
            ),
            between("n_responses", 1, None, "A score comes from at least one response."),
        ),
    )
