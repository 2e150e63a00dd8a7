"""Which columns of the participants' table each table of the study is computed from."""

from assets.study.spec import Spec

WORDS = frozenset(
    {"variable", "row_variable", "column_variable", "scale", "wave", "matched", "name", "model", "family", "outcome",
     "equation", "term", "method", "check"}
)  # fmt: skip


def is_a_word(table: str, column: str) -> bool:
    """Whether a column of ``study.*`` holds words of the spec, so that no value of a participant stands behind it."""
    return column in WORDS or (table, column) == ("models", "missing")


def columns_behind(spec: Spec) -> dict[str, list[str]]:
    """Table of ``study.*`` → the columns behind its numbers, sorted; all of them, as a table's rows hold one each.

    What the rows of a table do not share (only `age` stands behind the row of age) the spec says.
    """
    pairs = [column for pair in spec.pairs for column in (pair.t0, pair.t6)]
    scales = [column for pair in spec.scales for column in (pair.t0, pair.t6)]
    models = [column for model in spec.models for column in (model.outcome, *model.predictors)]
    multinomial = [c for m in spec.models if m.family == "multinomial" for c in (m.outcome, *m.predictors)]
    stages = [column for stage in spec.stages.values() for column in (stage.stage, stage.readiness) if column]
    every = [column for column in spec.columns() if column != spec.id]
    tables = {
        "descriptives": spec.describe,
        "associations": [column for pair in spec.associations for column in pair],
        "normality": [*spec.describe, *pairs, *scales, *(m.outcome for m in spec.models if m.family == "ols")],
        "scale_scores": [*pairs, *scales],
        "paired_tests": pairs,
        "models": models,
        "coefficients": models,
        "effect_tests": multinomial,
        "urica_stages": stages,
        "diagnostics": every,
        "missingness": every,
        "participant_flow": [*pairs, *models],
    }
    numeric = set(tables["normality"]) - set(spec.categories)
    return {table: sorted(numeric if table == "normality" else set(columns)) for table, columns in tables.items()}
