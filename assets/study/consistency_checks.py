"""What a printed number implies about the others: one function a kind of figure."""

import math
from collections.abc import Callable, Iterator
from typing import Any

from assets.study.distributions import p_chi2, p_f, quantile_t
from assets.study.printed import Printed, denominators, grim, nearest_means

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


def percentages(figure: Figure) -> Iterator[Finding]:
    """A list of counts with percentages: which n each fits, and whether one n fits all."""
    largest = int(figure["n"])
    found: dict[str, list[int]] = {}
    for item in figure["items"]:
        fits = denominators(int(item["count"]), Printed.of(item["percent"]), largest)
        label = f"{item['count']} = {item['percent']} %"
        if fits:
            found[label] = fits
            continue
        near = range(max(1, largest - 10), largest + 1)
        closest = min(near, key=lambda n: abs(100 * item["count"] / n - float(item["percent"])))
        yield (
            "percent_against_n",
            label,
            f"no n up to {largest} gives it; {item['count']}/{closest} = {100 * item['count'] / closest:.2f} %"
            + _sum_of_parts(int(item["count"]), Printed.of(item["percent"]), largest),
            False,
            "A count and its percentage determine the denominator.",
        )
    low = largest - int(figure.get("within", 20))
    sets = {label: {n for n in fits if n >= low} for label, fits in found.items()}
    common = set.intersection(*sets.values()) if sets else set()
    if len(sets) > 1:
        yield (
            "one_denominator",
            "; ".join(sets),
            "; ".join(f"{label}: n = {', '.join(map(str, sorted(fits))) or 'none'}" for label, fits in sets.items()),
            bool(common),
            "Percentages of one sample should share one denominator, or each should tell its own.",
        )


def _sum_of_parts(count: int, percent: Printed, largest: int) -> str:
    """Whether the percentage is a sum of two rounded percentages of one n."""
    for n in range(max(count, largest - 10), largest + 1):
        for first in range(count // 2 + 1, count):
            parts = round(100 * first / n, 1), round(100 * (count - first) / n, 1)
            if abs(sum(parts) - percent.value) < 1e-9:
                return f"; it is {parts[0]} + {parts[1]}, the rounded percents of {first} and {count - first} of {n}"
    return ""


def total(figure: Figure) -> Iterator[Finding]:
    """Parts against their total: an exhaustive "including", parts that leave somebody out or exceed the sample."""
    parts, whole = [int(part) for part in figure["parts"]], int(figure["total"])
    left = whole - sum(parts)
    text = (
        f"sum {sum(parts)}, {abs(left)} ({100 * abs(left) / whole:.1f} %) {'unaccounted for' if left > 0 else 'above'}"
    )
    if figure.get("multiple"):
        agrees: bool | None = True if left < 0 else None
    elif figure.get("wording") == "including":
        agrees = left != 0
    else:
        agrees = left == 0
    printed = f"{' + '.join(map(str, parts))} of {whole}"
    yield ("parts_against_total", printed, text if left else f"sum {whole}", agrees, str(figure.get("says", "")))


def mean_of_whole_numbers(figure: Figure) -> Iterator[Finding]:
    """GRIM: whether whole numbers of the stated n can have the printed mean."""
    mean = Printed.of(figure["mean"])
    results = {int(n): grim(mean, int(n)) for n in figure["n"]}
    parts = []
    for n, possible in results.items():
        below, above = nearest_means(mean, n)
        parts.append(f"n = {n}: {'possible' if possible else f'impossible, {below:.2f} or {above:.2f}'}")
    stated = int(figure["n"][0])
    sentence = "Means of whole numbers are multiples of 1/n (GRIM); fractional values escape the test."
    yield ("grim", f"M = {mean.text}", "; ".join(parts), results[stated], sentence)


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


def score_range(figure: Figure) -> Iterator[Finding]:
    """The printed range of a score against the items and the way they are said to be combined."""
    items, (low, high) = int(figure["items"]), figure["item_range"]
    ranges = {"mean": (low, high), "sum": (items * low, items * high)}
    printed = tuple(figure["printed_range"])
    said = ranges[figure["combined"]]
    fits = [kind for kind, span in ranges.items() if span == printed]
    yield (
        "score_range",
        f"{figure['combined']}, range {printed[0]} to {printed[1]}",
        f"a {figure['combined']} of {items} items runs from {said[0]} to {said[1]}"
        + (f"; the printed range is that of a {fits[0]}" if fits and said != printed else ""),
        said == printed,
        "The way items are combined fixes the range of the score.",
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


def staging(figure: Figure) -> Iterator[Finding]:
    """Whether the last stage of a readiness score can be reached at all."""
    low, high = figure["item_range"]
    highest = 3 * high - low
    items = int(figure["items_per_subscale"])
    divided = (3 * items * high - items * low) / float(figure["divisor"])
    yield (
        "stage_within_reach",
        f"{figure['stage']} above {figure['cutoff']}, {figure['count']} cases",
        f"the score cannot exceed {highest:g}; with subscale sums divided by {figure['divisor']} not {divided:.1f}",
        highest > float(figure["cutoff"]),
        "A stage beyond the largest possible score is empty by construction, which is no finding.",
    )


def sample_sizes(figure: Figure) -> Iterator[Finding]:
    """One quantity with several n: which, and by how much they differ."""
    sizes = {str(name): int(n) for name, n in figure["sizes"].items()}
    text = "; ".join(f"{name}: {n}" for name, n in sizes.items())
    spread = max(sizes.values()) - min(sizes.values())
    agrees = None if spread else True
    yield ("sample_sizes", text, f"{spread} fewer in the smallest", agrees, str(figure.get("says", "")))


def ratio(figure: Figure) -> Iterator[Finding]:
    """A share against the group it is said to be of, and a ratio of two printed means."""
    count, percent = int(figure["count"]), Printed.of(figure["percent"])
    stated = int(figure["stated_n"])
    fits = denominators(count, percent, stated)
    text = f"{percent.text} % is of {', '.join(map(str, fits)) or 'no n'}, not of {stated}"
    agrees = stated in fits
    if agrees:
        text = f"{count}/{stated}"
    if "means" in figure:
        met, set_ = (float(value) for value in figure["means"])
        text += f"; mean / mean = {100 * met / set_:.0f} %"
    yield ("share_of_whom", f"{count} = {percent.text} % of {stated}", text, agrees, str(figure.get("says", "")))


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


def wording(figure: Figure) -> Iterator[Finding]:
    """Words against numbers or other words: both are quoted, the figures decide where they can."""
    agrees: bool | None = figure["says"] == figure["against"]
    parts = [str(figure["against"])]
    if "months" in figure and "years" in figure:
        years = float(figure["months"]) / 12
        parts.append(f"{figure['months']} months are {years:.2f} years")
    if figure.get("note"):
        agrees = None
    yield ("wording", str(figure["says"]), "; ".join(parts), agrees, str(figure.get("because", "")))


def difference(figure: Figure) -> Iterator[Finding]:
    """Two printed means whose difference has known limits."""
    gap = float(figure["larger"]) - float(figure["smaller"])
    low, high = (float(end) for end in figure["within"])
    text = f"{gap:.2f}, within {low:g} to {high:g}"
    yield (
        "difference",
        f"{figure['larger']} - {figure['smaller']}",
        text,
        low <= gap <= high,
        str(figure.get("says", "")),
    )


CHECKS: dict[str, Callable[[Figure], Iterator[Finding]]] = {
    function.__name__: function
    for function in (
        f_test,
        likelihood_ratio,
        percentages,
        total,
        mean_of_whole_numbers,
        coefficient_scale,
        score_range,
        odds_as_risk,
        staging,
        sample_sizes,
        ratio,
        predictors,
        wording,
        difference,
    )
}
