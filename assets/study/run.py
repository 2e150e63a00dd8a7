"""The whole study on one table of participants: every `study.*` table of the contract."""

from typing import TYPE_CHECKING

from assets.errors import ConfigError
from assets.study.associations import associations
from assets.study.descriptives import describe, normality
from assets.study.frame import StudyFrame
from assets.study.missing import missingness, participant_flow, set_aside
from assets.study.models import run_model
from assets.study.paired import paired_tests
from assets.study.rows import table
from assets.study.scales import read_items, scale_scores, urica_stages
from assets.study.spec import Spec

if TYPE_CHECKING:
    import pandas as pd


def run_study(
    frame: "pd.DataFrame",
    spec: Spec,
    items: "pd.DataFrame | None" = None,
    flow: "pd.DataFrame | None" = None,
    declared: dict[str, int] | None = None,
) -> "dict[str, pd.DataFrame]":
    """Compute every `study.*` table, full precision, null where a number is not defined.

    ``frame`` has a row a participant. ``items`` (client_id, scale, wave, item, value) gives Cronbach's alpha, ``flow``
    (step, n, reason) the steps before the table, ``declared`` how many cells of a variable held a declared missing code
    that the reader has already set aside. Raises ConfigError where the spec does not fit the table (absent column,
    text where a pair or a readiness score needs numbers); what the data do not allow becomes a status or a
    `study.diagnostics` row.
    """
    data = StudyFrame(frame, spec, declared)
    pairs_are_numeric(data)
    association_rows, association_notes = associations(data)
    paired_rows, paired_notes = paired_tests(data)
    models = [run_model(data, model) for model in spec.models]
    diagnostics = [row for result in models for row in result.diagnostics]
    diagnostics += association_notes + paired_notes + set_aside(data)
    return {
        "descriptives": table("descriptives", describe(data)),
        "associations": table("associations", association_rows),
        "normality": table("normality", normality(data)),
        "scale_scores": table("scale_scores", scale_scores(data, read_items(items, spec.missing_codes))),
        "paired_tests": table("paired_tests", paired_rows),
        "models": table("models", [result.model for result in models]),
        "coefficients": table("coefficients", [row for result in models for row in result.coefficients]),
        "effect_tests": table("effect_tests", [row for result in models for row in result.effect_tests]),
        "urica_stages": table("urica_stages", urica_stages(data)),
        "diagnostics": table("diagnostics", diagnostics),
        "missingness": table("missingness", missingness(data)),
        "participant_flow": table("participant_flow", participant_flow(data, flow, models)),
    }


def pairs_are_numeric(data: StudyFrame) -> None:
    """Raise ConfigError, naming the key, where a measure of the spec holds text."""
    wanted = data.spec.columns()
    names = [column for pair in (*data.spec.pairs, *data.spec.scales) for column in (pair.t0, pair.t6)]
    names += [stage.readiness for stage in data.spec.stages.values() if stage.readiness is not None]
    for name in names:
        if not data.has_numbers(name):
            raise ConfigError(f"{wanted[name]}: the column {name!r} holds text where numbers are needed")
