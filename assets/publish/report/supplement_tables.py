"""The tables behind the tables: associations, normality, missing values, diagnostics of the models."""

from assets.publish.report import numbers as fmt
from assets.publish.report.context import ReportContext
from assets.publish.report.labels import Labels
from assets.publish.report.records import Record, StudyTables
from assets.publish.report.table import Column, ReportTable, Row, sentences, without_unused
from assets.publish.report.text import clean, em


def association_table(tables: StudyTables, context: ReportContext, labels: Labels) -> ReportTable:
    """Build Table S1: chi-square tests of association between two categorical variables."""
    rows = tuple(
        Row(
            f"{labels.variable(row.get('row_variable'))} × {labels.variable(row.get('column_variable'))}",
            (
                fmt.count(row.get("n")),
                fmt.number(row.get("chi2")),
                fmt.count(row.get("df")),
                fmt.p_value(row.get("p")),
                fmt.number(row.get("g2")),
                fmt.p_value(row.get("p_g2")),
                fmt.p_value(row.get("p_exact")),
                fmt.bounded(row.get("cramers_v")),
                fmt.number(row.get("min_expected")),
                fmt.count(row.get("cells_below_5")),
            ),
        )
        for row in tables["associations"]
    )
    heads = (em("n"), "χ²", "df", em("p"), "G²", f"{em('p')} (G²)", f"Exact {em('p')}", f"Cramér's {em('V')}")
    notes = (
        "χ² is Pearson's without continuity correction, G² the likelihood-ratio statistic; the last two columns "
        "tell the smallest expected count and how many cells expect fewer than five: the exact p is then the one "
        "to read."
    )
    return ReportTable(
        anchor="table-s1",
        number="Table S1",
        title="Associations between categorical variables",
        stub="Variables",
        columns=(*(Column(head) for head in heads), Column("Smallest expected"), Column("Cells < 5")),
        rows=rows,
        notes=sentences([notes], context.footnotes_of("associations")),
        empty="No association was tested.",
    )


def normality_table(tables: StudyTables, context: ReportContext, labels: Labels) -> ReportTable:
    """Build Table S2: tests of normality, with skewness and kurtosis from the descriptives."""
    shape = {row.get("variable"): row for row in tables["descriptives"] if row.get("level") is None}
    rows = []
    for row in tables["normality"]:
        about = shape.get(row.get("variable"), {})
        rows.append(
            Row(
                labels.variable(row.get("variable")),
                (
                    fmt.count(row.get("n")),
                    fmt.number(about.get("skewness")) if about else "",
                    fmt.number(about.get("kurtosis")) if about else "",
                    fmt.bounded(row.get("shapiro_w")),
                    fmt.p_value(row.get("shapiro_p")),
                    fmt.bounded(row.get("lilliefors_d")),
                    fmt.p_value(row.get("lilliefors_p")),
                ),
            )
        )
    built = ReportTable(
        anchor="table-s2",
        number="Table S2",
        title="Shape of the numeric variables and tests of normality",
        stub="Variable",
        columns=(
            Column(em("n")),
            Column("Skewness", optional=True),
            Column("Kurtosis", optional=True),
            Column(em("W"), "Shapiro–Wilk"),
            Column(em("p"), "Shapiro–Wilk"),
            Column(em("D"), "Lilliefors"),
            Column(em("p"), "Lilliefors"),
        ),
        rows=tuple(rows),
        notes=sentences(
            ["Skewness and excess kurtosis are G1 and G2, as SPSS prints them."], context.footnotes_of("normality")
        ),
        empty="No variable was tested.",
    )
    return without_unused(built)


def missingness_table(tables: StudyTables, context: ReportContext, labels: Labels) -> ReportTable:
    """Build Table S3: missing values per variable."""
    rows = tuple(
        Row(
            labels.variable(row.get("variable")),
            (
                fmt.count(row.get("n_valid")),
                fmt.count(row.get("n_missing")),
                fmt.count(row.get("n_declared")),
                fmt.percent(row.get("percent")),
            ),
        )
        for row in tables["missingness"]
    )
    return without_unused(
        ReportTable(
            anchor="table-s3",
            number="Table S3",
            title="Missing values",
            stub="Variable",
            columns=(
                Column(em("n"), optional=True),
                Column("Missing"),
                Column("Declared missing", optional=True),
                Column("% missing"),
            ),
            rows=rows,
            notes=sentences(
                [f"{em('N')} = {fmt.count(context.n_clients)} clients."] if context.n_clients is not None else [],
                [
                    f"{em('n')} is the number of clients with a value; declared missing are those of the missing whose "
                    "cell held a code that means missing."
                    if any(fmt.is_number(row.get("n_declared")) for row in tables["missingness"])
                    else ""
                ],
                context.footnotes_of("missingness"),
            ),
            empty="Missing values were not counted.",
        )
    )


def diagnostics_table(tables: StudyTables, context: ReportContext, labels: Labels) -> ReportTable:
    """Build Table S4: the checks of each model's assumptions, and Little's test where values are missing."""
    outcomes = {row.get("model"): row.get("outcome") for row in tables["models"]}
    shown = [row for row in tables["diagnostics"] if context.shows_single_clients or not _is_extreme(row)]
    rows = tuple(
        Row(
            clean(str(row.get("check") or "").replace("_", " ")).capitalize(),
            (
                fmt.number(row.get("statistic")) if row.get("statistic") is not None else "",
                fmt.trimmed(row.get("df")) if row.get("df") is not None else "",
                fmt.p_value(row.get("p")) if row.get("p") is not None else "",
                _value(row.get("value")),
            ),
            group=labels.model(row.get("model"), outcomes.get(row.get("model"))),
        )
        for row in shown
    )
    return without_unused(
        ReportTable(
            anchor="table-s4",
            number="Table S4",
            title="Checks of the models",
            stub="Check",
            columns=(
                Column("Statistic", optional=True),
                Column("df", optional=True),
                Column(em("p"), optional=True),
                Column("Value", optional=True),
            ),
            rows=rows,
            notes=sentences(context.footnotes_of("diagnostics")),
            empty="No model was checked.",
        )
    )


def _is_extreme(row: Record) -> bool:
    """The largest residual or leverage is one person's."""
    return str(row.get("check") or "").startswith(("max_cooks", "max_centred_leverage", "max_abs_studentized"))


def _value(value: object) -> str:
    if value is None:
        return ""
    return fmt.trimmed(value) if fmt.is_number(value) else clean(value)
