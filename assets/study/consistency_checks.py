"""What a printed number implies about the others: one function a kind of figure."""

from collections.abc import Callable, Iterator

from assets.study.consistency_models import (
    Figure,
    Finding,
    coefficient_scale,
    f_test,
    likelihood_ratio,
    odds_as_risk,
    predictors,
)
from assets.study.printed import Printed, denominators, grim, nearest_means


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
