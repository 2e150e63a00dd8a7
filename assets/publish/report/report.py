"""The report: which tables and figures there are, in which order, under which numbers."""

from collections.abc import Mapping

from assets.publish.report import numbers as fmt
from assets.publish.report.context import Frame, ReportContext
from assets.publish.report.flow import flow_figure
from assets.publish.report.forest import forest_figure
from assets.publish.report.labels import STATUSES_IN_SHORT, Labels
from assets.publish.report.model_tables import fit_phrase
from assets.publish.report.numbered import main_tables
from assets.publish.report.page import Section, page
from assets.publish.report.paired import paired_figure
from assets.publish.report.quality_section import quality_tables
from assets.publish.report.reconciliation import reconciliation_tables
from assets.publish.report.records import StudyTables
from assets.publish.report.supplement_tables import (
    association_table,
    diagnostics_table,
    missingness_table,
    normality_table,
)
from assets.publish.report.text import clean, em

METHODS = (
    "Two-sided tests throughout; p is given to three decimals, other statistics to two, rounded half away from "
    "zero. An em dash stands for what is not defined.",
    "All results are associations among the clients of one agency. They do not tell what would happen if a "
    "predictor were changed.",
)


def render_report(tables: Mapping[str, Frame], context: ReportContext) -> str:
    """Return one self-contained HTML page.

    ``tables`` are the ``study.*`` tables by their names in the contract, as data frames or as the lists of records of
    ``results.json``; one that is missing or empty is told as such. The same tables and context give the same text.
    """
    study = StudyTables(tables)
    labels = Labels(context, [row.get("outcome") for row in study["models"]])
    numbered = main_tables(study, context, labels)
    quality = quality_tables(context)
    published = reconciliation_tables(context, labels)
    sections = [
        Section("summary", "At a glance", points=headlines(study, context, labels)),
        *([Section("last-night", "What came in", tuple(quality))] if quality else []),
        Section("clients", "The clients", (flow_figure(study, context, labels), numbered[0])),
        Section("waves", "Scores and change", (numbered[1], paired_figure(study, context, labels), numbered[2])),
        Section(
            "models",
            "Models and stages of change",
            (*numbered[3:], forest_figure(study, context, labels)),
            lead="" if study["models"] else "No model was fitted.",
        ),
        Section(
            "supplement",
            "Supplementary tables",
            (
                association_table(study, context, labels),
                normality_table(study, context, labels),
                missingness_table(study, context, labels),
                diagnostics_table(study, context, labels),
            ),
        ),
        *([Section("reconciliation", "The published data set", published)] if published else []),
        Section("notes", "Notes", points=(*METHODS, *(clean(note) for note in context.notes))),
    ]
    return page(context, sections)


def headlines(tables: StudyTables, context: ReportContext, labels: Labels) -> tuple[str, ...]:
    """Tell the study's main numbers, each with its n."""
    told = []
    if context.n_clients is not None:
        told.append(f"{fmt.count(context.n_clients)} clients have a row in the study's table.")
    tests = [row for row in tables["paired_tests"] if fmt.is_number(row.get("p"))]
    if tests:
        low = sum(1 for row in tests if row["p"] < 0.05)
        pairs = [row.get("n_pairs") or 0 for row in tests]
        spread = (
            fmt.count(min(pairs)) if min(pairs) == max(pairs) else f"{fmt.count(min(pairs))} to {fmt.count(max(pairs))}"
        )
        told.append(
            f"Change between the waves: {low} of {len(tests)} scales differ at {em('p')} < .05 (Wilcoxon, {spread} "
            "pairs, not corrected for the number of tests)."
        )
    for model in tables["models"]:
        name = labels.model(model.get("model"), model.get("outcome"))
        status = str(model.get("status") or "ok")
        told.append(f"{name}: {fit_phrase(model)}. {STATUSES_IN_SHORT.get(status, '')}".strip())
    return tuple(told) or ("There are no results yet.",)
