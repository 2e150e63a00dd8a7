"""What the printed numbers of one regression model imply about each other."""

import math
from collections.abc import Iterator
from typing import Any

from assets.study.distributions import p_chi2, p_f, quantile_t
from assets.study.printed import Printed

Figure = dict[str, Any]
# check, printed, implied, whether they agree (None: something to know, not a contradiction), sentence
Finding = tuple[str, str, str, bool | None, str]


def f_test(figure: Figure) -> Iterator[Finding]:
    """A linear model's F: df against n, p against F, R2 against F, and the decimals of R2."""
    f, df1, df2 = Printed.of(figure["f"]), int(figure["df1"]), int(figure["df2"])
    n = figure.get("n")
    if n is not None:
        yield (
            "df_against_n",
            f"n = {n}, F({df1}, {df2})",
            f"n = {df2 + df1 + 1} from the df; df2 = {n - df1 - 1} from n",
            df2 == n - df1 - 1,
            "Residual degrees of freedom are n minus the predictors minus 1.",
        )
    if "p" in figure:
        low, high = p_f(f.high, df1, df2), p_f(f.low, df1, df2)
        yield (
            "p_from_f",
            f"p = {figure['p']}",
            f"p = {p_f(f.value, df1, df2):.5f} ({low:.5f} to {high:.5f})",
            Printed.of(figure["p"]).overlaps(low, high),
            "P follows from F and its degrees of freedom.",
        )
    if "r2_percent" in figure:
        yield from _r2(figure, f, (df1, df2), n)


def _r2(figure: Figure, f: Printed, df: tuple[int, int], n: int | None) -> Iterator[Finding]:
    printed = Printed.of(figure["r2_percent"])
    df1, df2 = df

    def implied(value: float, residual: int) -> float:
        return 100 * df1 * value / (df1 * value + residual)

    low, high = implied(f.low, df2), implied(f.high, df2)
    text = f"{implied(f.value, df2):.2f} % ({low:.2f} to {high:.2f})"
    agrees = printed.overlaps(low, high)
    if n is not None and n - df1 - 1 != df2:
        other = implied(f.value, n - df1 - 1)
        fits = "fits" if printed.fits(other) else "does not fit either"
        text += f"; with df2 = {n - df1 - 1} it is {other:.2f} %, which {fits}"
    whole = Printed.of(round(printed.value))
    if not agrees and printed.text != whole.text and whole.overlaps(low, high):
        yield (
            "r2_precision",
            f"R2 = {printed.text} %",
            text,
            False,
            "A rounded R2 was written with a decimal that it does not have.",
        )
    else:
        yield ("r2_from_f", f"R2 = {printed.text} %", text, agrees, "R2 is df1 F / (df1 F + df2).")


def likelihood_ratio(figure: Figure) -> Iterator[Finding]:
    """A multinomial model: degrees of freedom from p, Nagelkerke's R2 against class sizes, events per parameter."""
    chi2, predictors, classes = Printed.of(figure["chi2"]), int(figure["predictors"]), int(figure["classes"])
    df = predictors * (classes - 1)
    if "p" in figure:
        fitting = [
            k for k in range(1, 21) if Printed.of(figure["p"]).overlaps(p_chi2(chi2.high, k), p_chi2(chi2.low, k))
        ]
        yield (
            "df_from_p",
            f"chi2 = {chi2.text}, p = {figure['p']}",
            f"df = {', '.join(map(str, fitting)) or 'none'}; {predictors} predictors x {classes - 1} logits = {df}",
            df in fitting,
            "The p of a likelihood-ratio chi-square tells its degrees of freedom.",
        )
    if "nagelkerke_percent" in figure and "class_counts" in figure:
        parts = [f"{counts}: {_nagelkerke(chi2.value, counts):.1f} %" for counts in figure["class_counts"]]
        printed = Printed.of(figure["nagelkerke_percent"])
        fits = [counts for counts in figure["class_counts"] if printed.fits(round(_nagelkerke(chi2.value, counts), 1))]
        near = [
            counts for counts in figure["class_counts"] if abs(_nagelkerke(chi2.value, counts) - printed.value) < 0.5
        ]
        yield (
            "nagelkerke_from_chi2",
            f"R2 = {printed.text} %",
            "; ".join(parts),
            bool(fits or near),
            "Nagelkerke's R2 follows from the chi-square and the class sizes.",
        )
    if "class_counts" in figure:
        rare = min(min(counts) for counts in figure["class_counts"][:1])
        yield (
            "events_per_parameter",
            f"rarest class {rare}",
            f"{rare / (predictors + 1):.1f} cases per coefficient of its logit ({predictors + 1} coefficients)",
            rare / (predictors + 1) >= 5,
            "With so few cases a coefficient, the likelihood-ratio test is too liberal and odds ratios run away.",
        )


def _nagelkerke(chi2: float, counts: list[int]) -> float:
    n = sum(counts)
    null = sum(count * math.log(count / n) for count in counts if count)
    return 100 * (1 - math.exp(-chi2 / n)) / (1 - math.exp(2 * null / n))


def coefficient_scale(figure: Figure) -> Iterator[Finding]:
    """A coefficient told in points: the SD of the outcome it implies, against the scale's range."""
    low, high = (float(end) for end in figure["scale"])
    b, df, r2 = float(figure["b"]), int(figure["df"]), float(figure["r2"])
    spreads = []
    for p in figure["p_range"]:
        t = quantile_t(1 - float(p) / 2, df)
        semipartial = t * math.sqrt((1 - r2) / df)
        spreads.append(abs(b) * float(figure["predictor_sd"]) / semipartial)
    smallest, largest = min(spreads), max(spreads)
    plausible = 0.05 * (high - low) <= largest and smallest <= 0.5 * (high - low)
    beta = "as a standardised beta it fits" if abs(b) < 1 else "it is no standardised beta"
    yield (
        "coefficient_against_scale",
        f"B = {figure['b']} points on {low:g} to {high:g}",
        f"SD of the outcome {smallest:.2f} to {largest:.2f}; {beta}",
        plausible,
        "B, its p and the predictor's SD imply the outcome's SD: B is read as unstandardised here.",
    )


def odds_as_risk(figure: Figure) -> Iterator[Finding]:
    """An odds ratio told as "x % more likely": what it is as a probability at the base rate."""
    ratio, base = float(figure["odds_ratio"]), float(figure["base_rate"])
    risk = ratio * base / (1 - base + ratio * base)
    yield (
        "odds_as_risk",
        f"OR {figure['odds_ratio']} told as {figure['told_percent']} % more likely",
        f"from {100 * base:.0f} % to {100 * risk:.0f} %, that is {100 * (risk / base - 1):.0f} % more likely",
        abs(100 * (risk / base - 1) - float(figure["told_percent"])) < 1,
        "Odds are not probabilities: the higher the base rate, the further apart.",
    )


def predictors(figure: Figure) -> Iterator[Finding]:
    """The predictors a text names against the model's degrees of freedom."""
    named, also, df1 = list(figure["named"]), list(figure.get("also", [])), int(figure["df1"])
    yield (
        "predictors_against_df",
        f"{len(named)} + {len(also)} predictors told, df1 = {df1}",
        f"{', '.join(named)} fill df1" + (f"; no room for {', '.join(also)}" if also else ""),
        len(named) + len(also) == df1,
        "A tested predictor that the printed model has no room for was in another, unreported model.",
    )
