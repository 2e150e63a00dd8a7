"""Tables 1 to 3: who the clients are, their scores by wave, and the paired tests."""

from collections.abc import Sequence

from assets.publish.report import numbers as fmt
from assets.publish.report.context import ReportContext
from assets.publish.report.labels import MAINTENANCE_SENTENCE, Labels, is_yes, is_yes_no, shows_maintenance
from assets.publish.report.records import Record, StudyTables, unique
from assets.publish.report.table import Column, ReportTable, Row, sentences, without_unused
from assets.publish.report.text import DASH, em

MEASURES = "Ages, counts, times and scores"
YES_NO = "Clients to whom this applies"
_EMPTY_CELL = ""


def sample_table(tables: StudyTables, context: ReportContext, labels: Labels, number: int) -> ReportTable:
    """Build Table 1: one row a numeric variable or category, with the n it rests on and how many values are missing."""
    records = tables["descriptives"]
    names = unique(row.get("variable") for row in records)
    by_name = {name: [row for row in records if row.get("variable") == name] for name in names}
    single = [by_name[name][0] for name in names if by_name[name][0].get("level") is None]
    numeric = [row for row in single if not is_share(row)]
    categorical = [by_name[name] for name in names if by_name[name][0].get("level") is not None]
    flags = [rows for rows in categorical if is_yes_no([row["level"] for row in rows])]
    others = [rows for rows in categorical if not is_yes_no([row["level"] for row in rows])]

    rows = [_measure(row, labels, context) for row in numeric]
    for group in others:
        rows += _categories(group, labels)
    shares = {row.get("variable"): _share_row(row, labels) for row in single if is_share(row)}
    shares |= {group[0].get("variable"): _flag(group, labels) for group in flags}
    rows += [shares[name] for name in names if name in shares]
    columns = (
        Column(em("n")),
        Column("%"),
        Column(em("M")),
        Column(em("SD")),
        Column(em("Mdn")),
        Column("[Q1, Q3]"),
        Column("Min–max", optional=True),
        Column("Missing"),
    )
    levels = [row.get("level") for row in records]
    return without_unused(
        ReportTable(
            anchor=f"table-{number}",
            number=f"Table {number}",
            title="Characteristics of the clients",
            stub="Characteristic",
            columns=columns,
            rows=tuple(rows),
            notes=sentences(
                _clients(context),
                [
                    f"{em('n')} is the number of clients with a value, for a category the number of clients in it; "
                    "percentages are of the clients with a value. Quartiles as SPSS prints them (HAVERAGE).",
                    MAINTENANCE_SENTENCE if shows_maintenance(levels) else "",
                ],
                context.footnotes_of("descriptives"),
            ),
            empty="No variable was described.",
        )
    )


def _clients(context: ReportContext) -> list[str]:
    return [] if context.n_clients is None else [f"{em('N')} = {fmt.count(context.n_clients)} clients."]


def _measure(row: Record, labels: Labels, context: ReportContext) -> Row:
    quartiles = (
        f"[{fmt.trimmed(row.get('q1'))}, {fmt.trimmed(row.get('q3'))}]" if fmt.is_number(row.get("q1")) else DASH
    )
    extremes = f"{fmt.trimmed(row.get('min'))}–{fmt.trimmed(row.get('max'))}" if fmt.is_number(row.get("min")) else DASH
    if not context.shows_single_clients:
        extremes = _EMPTY_CELL
    return Row(
        label=labels.variable(row.get("variable")),
        cells=(
            fmt.count(row.get("n")),
            _EMPTY_CELL,
            fmt.number(row.get("mean")),
            fmt.number(row.get("sd")),
            fmt.trimmed(row.get("median")),
            quartiles,
            extremes,
            fmt.count(row.get("missing")),
        ),
        group=MEASURES,
    )


def is_share(row: Record) -> bool:
    """Tell a variable of zeros and ones, whose mean is a share, by its moments.

    For values between 0 and 1 the sum of squares equals the sum just when every value is 0 or 1, which in mean m and
    variance s² (divided by n − 1) reads s²(n − 1) = n m (1 − m).
    """
    n, mean, sd = (row.get(key) for key in ("n", "mean", "sd"))
    if not (fmt.is_number(n) and fmt.is_number(mean) and fmt.is_number(sd)) or n < 2:
        return False
    within = all(not fmt.is_number(row.get(key)) or 0 <= row[key] <= 1 for key in ("min", "q1", "median", "q3", "max"))
    return within and 0 <= mean <= 1 and abs(sd**2 * (n - 1) - n * mean * (1 - mean)) < 1e-9 * n


def _share_row(row: Record, labels: Labels) -> Row:
    """One row for a 0/1 variable, as for a yes/no one."""
    ones = round(row["n"] * row["mean"])
    label = f"{labels.variable(row.get('variable'))} (of {fmt.count(row.get('n'))})"
    cells = _padded(fmt.count(ones), fmt.percent(100 * row["mean"]), missing=fmt.count(row.get("missing")))
    return Row(label=label, cells=cells, group=YES_NO)


def _share(row: Record) -> tuple[str, str]:
    return fmt.count(row.get("n")), fmt.percent(row.get("percent"))


def _categories(rows: Sequence[Record], labels: Labels) -> list[Row]:
    """One group a variable; its valid n and missing count stand in the heading, since they are the same for each
    level."""
    first = rows[0]
    name = labels.variable(first.get("variable"))
    heading = f"{name} ({em('n')} = {fmt.count(first.get('denominator'))}, missing = {fmt.count(first.get('missing'))})"
    return [
        Row(label=labels.level(row.get("variable"), row.get("level")), cells=_padded(*_share(row)), group=heading)
        for row in rows
    ]


def _flag(rows: Sequence[Record], labels: Labels) -> Row:
    """One row for a yes/no variable: the share of yes, of those with a value."""
    yes = next((row for row in rows if is_yes(row["level"])), None)
    shown = yes if yes is not None else {**rows[0], "n": 0, "percent": 0.0}
    label = f"{labels.variable(rows[0].get('variable'))} (of {fmt.count(rows[0].get('denominator'))})"
    return Row(label=label, cells=_padded(*_share(shown), missing=fmt.count(rows[0].get("missing"))), group=YES_NO)


def _padded(n: str, percent: str, missing: str = _EMPTY_CELL) -> tuple[str, ...]:
    return n, percent, *((_EMPTY_CELL,) * 5), missing


def score_table(tables: StudyTables, context: ReportContext, labels: Labels, number: int) -> ReportTable:
    """Build Table 2: scores by wave, once for everybody and once for the clients assessed at both waves."""
    records = tables["scale_scores"]
    waves = unique(row.get("wave") for row in records)
    heads = (em("n"), em("M"), em("SD"), "α")
    columns = tuple(Column(head, spanner=labels.wave(wave), optional=head == "α") for wave in waves for head in heads)
    rows = []
    for matched, group in ((False, "All assessments"), (True, "Clients assessed at both waves")):
        part = [row for row in records if bool(row.get("matched")) is matched]
        for scale in unique(row.get("scale") for row in part):
            cells: list[str] = []
            for wave in waves:
                found = [row for row in part if row.get("scale") == scale and row.get("wave") == wave]
                cells += _scores(found[0]) if found else [_EMPTY_CELL] * len(heads)
            rows.append(Row(labels.variable(scale), tuple(cells), group))
    return without_unused(
        ReportTable(
            anchor=f"table-{number}",
            number=f"Table {number}",
            title="Scale scores by wave",
            stub="Scale",
            columns=columns,
            rows=tuple(rows),
            notes=sentences(
                [f"{em('n')} is the number of clients with a score; α is Cronbach's alpha of the items."],
                context.footnotes_of("scale_scores"),
            ),
            empty="No scale was scored.",
        )
    )


def _scores(row: Record) -> list[str]:
    return [
        fmt.count(row.get("n")),
        fmt.number(row.get("mean")),
        fmt.number(row.get("sd")),
        fmt.bounded(row.get("alpha")),
    ]


def paired_table(tables: StudyTables, context: ReportContext, labels: Labels, number: int) -> ReportTable:
    """Build Table 3: Wilcoxon signed-rank tests with ranks, ties, corrections for several tests and effect sizes."""
    higher, lower = "Higher", "Lower"
    columns = (
        Column("Pairs"),
        Column(em("n"), higher),
        Column("Rank sum", higher),
        Column(em("n"), lower),
        Column("Rank sum", lower),
        Column("Same"),
        Column(em("z")),
        Column(em("p")),
        Column(f"Exact {em('p')}", optional=True),
        Column(f"Holm {em('p')}", optional=True),
        Column(f"BH {em('p')}", optional=True),
        Column(f"{em('r')}", optional=True),
        Column("Shift", optional=True),
    )
    rows = tuple(
        Row(
            labels.variable(row.get("name")),
            (
                fmt.count(row.get("n_pairs")),
                fmt.count(row.get("n_positive")),
                fmt.number(row.get("rank_sum_positive"), 1),
                fmt.count(row.get("n_negative")),
                fmt.number(row.get("rank_sum_negative"), 1),
                fmt.count(row.get("n_zero")),
                fmt.number(row.get("z")),
                fmt.p_value(row.get("p")),
                fmt.p_value(row.get("p_exact")),
                fmt.p_value(row.get("p_holm")),
                fmt.p_value(row.get("p_bh")),
                fmt.bounded(row.get("rank_biserial")),
                fmt.number(row.get("hodges_lehmann")),
            ),
        )
        for row in tables["paired_tests"]
    )
    return without_unused(
        ReportTable(
            anchor=f"table-{number}",
            number=f"Table {number}",
            title="Wilcoxon signed-rank tests between the two waves",
            stub="Scale",
            columns=columns,
            rows=rows,
            notes=sentences(
                [
                    "Higher and Lower count the clients whose score at the second wave was higher or lower than at "
                    f"the first; pairs without change are left out of the ranks. {em('z')} is never positive, as in "
                    f"SPSS: the direction is told by the rank sums. {em('p')} is asymptotic and two-sided; Holm and "
                    f"BH (Benjamini–Hochberg) correct it for the number of tests in this table. {em('r')} is the "
                    "matched-pairs rank-biserial correlation, Shift the Hodges–Lehmann estimate of the difference "
                    "in points of the scale.",
                    "An exact p that would take over a minute is left out." if _lacks_exact(tables) else "",
                ],
                context.footnotes_of("paired_tests"),
            ),
            empty="No pair of waves was compared.",
        )
    )


def _lacks_exact(tables: StudyTables) -> bool:
    return any(row.get("p") is not None and row.get("p_exact") is None for row in tables["paired_tests"])
