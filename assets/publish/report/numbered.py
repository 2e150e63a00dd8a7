"""Which tables are numbered, and how."""

from assets.publish.report.context import ReportContext
from assets.publish.report.labels import Labels
from assets.publish.report.model_tables import effects_table, models_of, multinomial_table, ols_table
from assets.publish.report.records import StudyTables
from assets.publish.report.sample_tables import paired_table, sample_table, score_table
from assets.publish.report.stage_tables import stage_table
from assets.publish.report.table import ReportTable


def main_tables(tables: StudyTables, context: ReportContext, labels: Labels) -> list[ReportTable]:
    """Build the numbered tables: sample, scores, paired tests, linear models, stages, multinomial models and their
    tests.

    With the study's own models these are Tables 1 to 8 of the paper; with other models the numbers run on.
    """
    built = [
        sample_table(tables, context, labels, 1),
        score_table(tables, context, labels, 2),
        paired_table(tables, context, labels, 3),
    ]
    for model in models_of(tables, "ols"):
        built.append(ols_table(tables, context, labels, model, len(built) + 1))
    built.append(stage_table(tables, context, labels, len(built) + 1))
    for model in models_of(tables, "multinomial"):
        built.append(multinomial_table(tables, context, labels, model, len(built) + 1))
        built.append(effects_table(tables, context, labels, model, len(built) + 1))
    return built
