"""Table 1 and the normality checks, as SPSS's FREQUENCIES, DESCRIPTIVES and EXAMINE print them."""

import math
from typing import Any

import numpy as np

from assets.study.distributions import NAN
from assets.study.frame import Floats, StudyFrame

Row = dict[str, Any]


def haverage(values: Floats, probability: float) -> float:
    """Percentile at position p(n + 1) of the sorted values, SPSS's HAVERAGE (numpy calls it ``weibull``)."""
    return float(np.quantile(values, probability, method="weibull")) if values.size else NAN


def skewness(values: Floats) -> float:
    """G1, the skewness of SPSS, SAS and Excel; NaN below 3 values or without spread."""
    n, m2, m3, _ = _moments(values)
    if n < 3 or m2 <= 0:
        return NAN
    return float(math.sqrt(n * (n - 1)) / (n - 2) * m3 / m2**1.5)


def kurtosis(values: Floats) -> float:
    """G2, the excess kurtosis of SPSS, SAS and Excel; NaN below 4 values or without spread."""
    n, m2, _, m4 = _moments(values)
    if n < 4 or m2 <= 0:
        return NAN
    g2 = m4 / m2**2 - 3
    return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * g2 + 6)


def _moments(values: Floats) -> tuple[int, float, float, float]:
    if values.size == 0:
        return 0, 0.0, 0.0, 0.0
    if values.max() == values.min():  # the mean of equal values may differ from them by a rounding error
        return values.size, 0.0, 0.0, 0.0
    centred = values - values.mean()
    return values.size, float((centred**2).mean()), float((centred**3).mean()), float((centred**4).mean())


def numeric_row(variable: str, column: Floats) -> Row:
    """One row of `study.descriptives` for a numeric variable; ``column`` holds NaN where missing."""
    values = column[~np.isnan(column)]
    n = values.size
    return {
        "variable": variable,
        "level": None,
        "n": n,
        "missing": column.size - n,
        "percent": NAN,
        "denominator": None,
        "mean": float(values.mean()) if n else NAN,
        "sd": float(values.std(ddof=1)) if n > 1 else NAN,
        "median": haverage(values, 0.5),
        "q1": haverage(values, 0.25),
        "q3": haverage(values, 0.75),
        "min": float(values.min()) if n else NAN,
        "max": float(values.max()) if n else NAN,
        "skewness": skewness(values),
        "kurtosis": kurtosis(values),
    }


def category_rows(variable: str, data: StudyFrame) -> list[Row]:
    """One row a category; `percent` is of the valid answers, whose number is `denominator`."""
    category = data.category(variable)
    valid = category.codes[category.codes >= 0]
    counts = np.bincount(valid, minlength=len(category.levels))
    empty = dict.fromkeys(("mean", "sd", "median", "q1", "q3", "min", "max", "skewness", "kurtosis"), NAN)
    return [
        {
            "variable": variable,
            "level": level,
            "n": int(count),
            "missing": int(category.codes.size - valid.size),
            "percent": 100 * int(count) / valid.size if valid.size else NAN,
            "denominator": int(valid.size),
            **empty,
        }
        for level, count in zip(category.levels, counts, strict=True)
    ]


def describe(data: StudyFrame) -> list[Row]:
    """Rows of `study.descriptives` in the order of the spec."""
    rows: list[Row] = []
    for variable in data.spec.describe:
        if data.is_category(variable):
            rows += category_rows(variable, data)
        else:
            rows.append(numeric_row(variable, data.numeric(variable)))
    return rows


def lilliefors(values: Floats) -> tuple[float, float]:
    """Kolmogorov-Smirnov D against the fitted normal, and its p.

    Dallal and Wilkinson (1986) for p below .1, above it the polynomial of Stephens' modified statistic, as R's
    nortest::lillie.test does. SPSS prints every p above .2 as ".200, a lower bound".
    """
    from scipy.special import ndtr

    n = values.size
    if n < 5 or values.max() == values.min():
        return NAN, NAN
    ordered = np.sort(values)
    cdf = ndtr((ordered - ordered.mean()) / ordered.std(ddof=1))
    steps = np.arange(1, n + 1)
    d = float(max((steps / n - cdf).max(), (cdf - (steps - 1) / n).max()))
    scaled, size = (d, n) if n <= 100 else (d * (n / 100) ** 0.49, 100)
    p = math.exp(
        -7.01256 * scaled**2 * (size + 2.78019)
        + 2.99587 * scaled * math.sqrt(size + 2.78019)
        - 0.122119
        + 0.974598 / math.sqrt(size)
        + 1.67997 / size
    )
    return d, (p if p <= 0.1 else _stephens_p((math.sqrt(n) - 0.01 + 0.85 / math.sqrt(n)) * d))


def _stephens_p(k: float) -> float:
    if k <= 0.302:
        return 1.0
    if k <= 0.5:
        return 2.76773 - 19.828315 * k + 80.709644 * k**2 - 138.55152 * k**3 + 81.218052 * k**4
    if k <= 0.9:
        return -4.901232 + 40.662806 * k - 97.490286 * k**2 + 94.029866 * k**3 - 32.355711 * k**4
    if k <= 1.31:
        return 6.198765 - 19.558097 * k + 23.186922 * k**2 - 12.234627 * k**3 + 2.423045 * k**4
    return 0.0


def shapiro(values: Floats) -> tuple[float, float]:
    """Shapiro-Wilk W and p (Royston 1995, AS R94), valid for 3 to 5,000 values; NaN outside, as R refuses there."""
    if not 3 <= values.size <= 5000 or values.max() == values.min():
        return NAN, NAN
    from scipy.stats import shapiro as swilk

    w, p = swilk(values)
    return float(w), float(p)


def normality(data: StudyFrame) -> list[Row]:
    """Rows of `study.normality`: every numeric variable described, paired, scored or used as a linear outcome."""
    spec = data.spec
    names = [name for name in spec.describe if not data.is_category(name)]
    names += [column for pair in (*spec.pairs, *spec.scales) for column in (pair.t0, pair.t6)]
    names += [model.outcome for model in spec.models if model.family == "ols"]
    rows: list[Row] = []
    for name in dict.fromkeys(names):
        if data.is_category(name):
            continue
        column = data.numeric(name)
        values = column[~np.isnan(column)]
        w, shapiro_p = shapiro(values)
        d, lilliefors_p = lilliefors(values)
        rows.append(
            {
                "variable": name,
                "n": int(values.size),
                "shapiro_w": w,
                "shapiro_p": shapiro_p,
                "lilliefors_d": d,
                "lilliefors_p": lilliefors_p,
            }
        )
    return rows
