"""The tables of models: linear regressions (Tables 4 and 5), the multinomial and its likelihood-ratio tests (7 and
8)."""

from typing import Any

from assets.publish.report import numbers as fmt
from assets.publish.report.context import ReportContext
from assets.publish.report.labels import MAINTENANCE_SENTENCE, STATUSES, Labels, shows_maintenance
from assets.publish.report.records import Record, StudyTables, unique
from assets.publish.report.table import Column, ReportTable, Row, sentences, without_unused
from assets.publish.report.text import DASH, clean, em

LARGER_DECIMALS = "More than two decimals are given where two would hide the standard error."
ODDS = "OR is an odds ratio: it compares odds, not probabilities, and must not be read as 'so many times as likely'."
_METHODS = {"ml": "Ordinary least squares", "fiml": "Full information maximum likelihood"}


def models_of(tables: StudyTables, family: str) -> list[Record]:
    """Return the models of one family, in the order of the study."""
    return [row for row in tables["models"] if row.get("family") == family]


def fit_phrase(model: Record) -> str:
    """Tell a model's overall test with its n, as APA does: F(5, 84) = 2.86, p = .020, R² = .15, ..."""
    n = fmt.count(model.get("n"))
    if not fmt.is_number(model.get("statistic")):
        return f"{em('n')} = {n}"
    df = fmt.count(model.get("df_model"))
    tail = f"{em('p')} {fmt.p_phrase(model.get('p'))}"
    statistic = fmt.number(model.get("statistic"))
    if model.get("family") == "multinomial":
        nagelkerke = fmt.bounded(model.get("nagelkerke"))
        return f"χ²({df}, {em('n')} = {n}) = {statistic}, {tail}, Nagelkerke {em('R')}² = {nagelkerke}"
    return (
        f"{em('F')}({df}, {fmt.count(model.get('df_resid'))}) = {statistic}, {tail}, {em('R')}² = "
        f"{fmt.bounded(model.get('r2'))}, adjusted {em('R')}² = {fmt.bounded(model.get('adj_r2'))}, {em('n')} = {n}"
    )


def status_notes(model: Record) -> list[str]:
    """Tell a model's status in words, and the message the fit left."""
    status = str(model.get("status") or "ok")
    told = STATUSES.get(status, f"Status of the model: {clean(status)}.")
    parts = [part for part in clean(model.get("message") or "").split("; ") if part]
    if status in {"separated", "near_separation"}:  # the fit's own words on it say what ours do
        parts = [part for part in parts if "separat" not in part and "firth rows" not in part]
    return [told, *(f"{part[:1].upper()}{part[1:]}".rstrip(".") + "." for part in parts)]


def ols_table(tables: StudyTables, context: ReportContext, labels: Labels, model: Record, number: int) -> ReportTable:
    """Build the table of one linear model: B, SE, CI, β, t, p, HC3 standard error and VIF; FIML rows below if asked
    for."""
    name = str(model.get("model"))
    records = tables.of_model("coefficients", name)
    methods = unique(row.get("method") for row in records)
    rows = tuple(_ols_row(row, labels, len(methods) > 1) for row in records)
    columns = (
        Column(em("B")),
        Column(em("SE")),
        Column("95% CI"),
        Column("β"),
        Column(em("t") if "fiml" not in methods else f"{em('t')} / {em('z')}"),
        Column("df", optional=True),
        Column(em("p")),
        Column(f"{em('SE')} (HC3)", optional=True),
        Column("VIF", optional=True),
    )
    return without_unused(
        ReportTable(
            anchor=f"table-{number}",
            number=f"Table {number}",
            title=f"Linear regression: {labels.model(name, model.get('outcome'))}",
            stub="Predictor",
            columns=columns,
            rows=rows,
            notes=sentences(
                [f"Outcome: {labels.variable(model.get('outcome'))}. {fit_phrase(model)}."],
                _sample_notes(tables, model),
                status_notes(model),
                [
                    f"{em('B')} is the unstandardised coefficient (points of the outcome per unit of the "
                    "predictor), β the standardised one; CI is of B; HC3 is robust to unequal variances; VIF is "
                    "the variance inflation factor.",
                    LARGER_DECIMALS if _fine(records) else "",
                ],
                context.footnotes_of(name),
            ),
            empty="The model has no coefficients to show.",
        )
    )


def _ols_row(row: Record, labels: Labels, grouped: bool) -> Row:
    decimals = fmt.decimals_for(row.get("se"))
    method = str(row.get("method"))
    return Row(
        labels.term(row.get("term")),
        (
            fmt.number(row.get("b"), decimals),
            fmt.number(row.get("se"), decimals),
            fmt.interval(row.get("ci_low"), row.get("ci_high"), decimals),
            "" if row.get("term") == "intercept" else fmt.number(row.get("beta")),
            fmt.number(row.get("statistic")),
            "" if row.get("df") is None else fmt.count(row.get("df")),
            fmt.p_value(row.get("p")),
            "" if row.get("se_hc3") is None else fmt.number(row.get("se_hc3"), decimals),
            "" if row.get("term") == "intercept" or row.get("vif") is None else fmt.number(row.get("vif")),
        ),
        group=_METHODS.get(method, clean(method)) if grouped else "",
    )


def _sample_notes(tables: StudyTables, model: Record) -> list[str]:
    """Tell who is not in the model, and what full information maximum likelihood uses instead."""
    excluded = model.get("n_excluded")
    told = []
    if fmt.is_number(excluded) and excluded:
        told.append(f"Left out because the outcome or a predictor is missing: {fmt.count(excluded)}.")
    checks = {row.get("check"): row.get("value") for row in tables.of_model("diagnostics", str(model.get("model")))}
    if fmt.is_number(checks.get("fiml_n")):
        told.append(
            f"Full information maximum likelihood uses {em('n')} = {fmt.count(checks['fiml_n'])} "
            f"({em('R')}² = {fmt.bounded(checks.get('fiml_r2'))})."
        )
    return told


def _fine(records: list[Record]) -> bool:
    return any(fmt.decimals_for(row.get("se")) > 2 for row in records)


def multinomial_table(
    tables: StudyTables, context: ReportContext, labels: Labels, model: Record, number: int
) -> ReportTable:
    """Build the table of one multinomial model: a group an equation, maximum likelihood and Firth estimates side by
    side."""
    name, outcome = str(model.get("model")), model.get("outcome")
    records = tables.of_model("coefficients", name)
    equations = unique(row.get("equation") for row in records)
    has_firth = any(row.get("method") == "firth" for row in records)
    reference = context.references.get(name)
    rows = []
    for equation in equations:
        part = [row for row in records if row.get("equation") == equation]
        heading = labels.level(outcome, equation)
        if reference is not None:
            heading += f" versus {labels.level_inline(outcome, reference)}"
        for term in unique(row.get("term") for row in part):
            by_method = {row.get("method"): row for row in part if row.get("term") == term}
            cells = _logit_cells(by_method.get("ml"), wald=True)
            if has_firth:
                cells += _logit_cells(by_method.get("firth"), wald=False)
            rows.append(Row(labels.term(term), cells, heading))
    ml = "Maximum likelihood" if has_firth else ""
    columns = tuple(Column(head, ml) for head in (em("B"), em("SE"), "Wald χ²", "df", em("p"), "OR", "95% CI of OR"))
    if has_firth:
        columns += tuple(Column(head, "Firth") for head in (em("B"), em("SE"), em("p"), "OR", "95% CI of OR"))
    return ReportTable(
        anchor=f"table-{number}",
        number=f"Table {number}",
        title=f"Multinomial logistic regression: {labels.model(name, outcome)}",
        stub="Predictor",
        columns=columns,
        rows=tuple(rows),
        notes=sentences(
            [
                f"Outcome: {labels.variable(outcome)}. {fit_phrase(model)}.",
                f"Each group compares one category with the reference, {labels.level_inline(outcome, reference)}."
                if reference is not None
                else "Each group compares one category with the reference category.",
            ],
            _sample_notes(tables, model),
            status_notes(model),
            [
                ODDS,
                "Firth's penalised likelihood stays finite and is less biased where a category has few clients."
                if has_firth
                else "",
                LARGER_DECIMALS if _fine(records) else "",
                MAINTENANCE_SENTENCE if _names_maintenance(model, equations, reference) else "",
            ],
            context.footnotes_of(name),
        ),
        empty="The model has no coefficients to show.",
    )


def _names_maintenance(model: Record, equations: list[Any], reference: Any) -> bool:
    """Whether the maintenance stage is in the table, or is told to be left out of the model."""
    told = "maintenance" in str(model.get("message") or "").lower()
    return told or shows_maintenance([*equations, reference])


def _logit_cells(row: Record | None, wald: bool) -> tuple[str, ...]:
    if row is None:
        return (DASH,) * (7 if wald else 5)
    decimals = fmt.decimals_for(row.get("se"))
    low, high = row.get("exp_ci_low"), row.get("exp_ci_high")
    spread = (high - low) / 4 if fmt.is_number(low) and fmt.is_number(high) else None
    odds_decimals = fmt.decimals_for(spread)
    intercept = row.get("term") == "intercept"
    head = (fmt.number(row.get("b"), decimals), fmt.number(row.get("se"), decimals))
    middle = (fmt.number(row.get("statistic")), fmt.count(row.get("df"))) if wald else ()
    odds = (
        ("", "")
        if intercept
        else (
            fmt.number(row.get("exp_b"), odds_decimals),
            fmt.interval(low, high, odds_decimals),
        )
    )
    return (*head, *middle, fmt.p_value(row.get("p")), *odds)


def effects_table(
    tables: StudyTables, context: ReportContext, labels: Labels, model: Record, number: int
) -> ReportTable:
    """Build the table of likelihood-ratio tests: what dropping each effect costs, the intercept included, and the
    whole."""
    name, outcome = str(model.get("model")), model.get("outcome")
    rows = [
        Row(
            labels.term(row.get("term")),
            (fmt.number(row.get("chi2")), fmt.count(row.get("df")), fmt.p_value(row.get("p"))),
        )
        for row in tables.of_model("effect_tests", name)
    ]
    if rows and fmt.is_number(model.get("statistic")):
        whole = (fmt.number(model.get("statistic")), fmt.count(model.get("df_model")), fmt.p_value(model.get("p")))
        rows.append(Row("Whole model", whole))
    fit = (
        f"−2 log-likelihood {fmt.number(model.get('minus2ll_null'))} without predictors and "
        f"{fmt.number(model.get('minus2ll'))} with them; Cox–Snell {em('R')}² = "
        f"{fmt.bounded(model.get('cox_snell'))}, Nagelkerke {em('R')}² = {fmt.bounded(model.get('nagelkerke'))}, "
        f"McFadden {em('R')}² = {fmt.bounded(model.get('mcfadden'))}; AIC {fmt.number(model.get('aic'))}, BIC "
        f"{fmt.number(model.get('bic'))}; {em('n')} = {fmt.count(model.get('n'))}."
    )
    return ReportTable(
        anchor=f"table-{number}",
        number=f"Table {number}",
        title=f"Likelihood-ratio tests: {labels.model(name, outcome)}",
        stub="Effect",
        columns=(Column("χ²"), Column("df"), Column(em("p"))),
        rows=tuple(rows),
        notes=sentences(
            ["Each row compares the model with the same model without that effect.", fit],
            status_notes(model)[:1],
            context.footnotes_of("effect_tests"),
        ),
        empty=f"No effect was tested; {fit[0].lower()}{fit[1:]}",
    )
