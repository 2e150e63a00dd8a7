"""Who lacks the second wave: differences between those who stayed and those who did not, and a logit of staying."""

import math

import numpy as np

from assets.study.associations import association
from assets.study.distributions import NAN, p_chi2, p_normal, quantile_normal
from assets.study.frame import Floats, StudyFrame
from assets.study.multinomial import Standardised, fit_multinomial, raw_scale
from assets.study.paired import average_ranks
from assets.study.rows import Row


def stayed(data: StudyFrame) -> "np.ndarray":
    """Which participants have any measure of the second wave."""
    found = np.zeros(data.n, dtype=bool)
    for pair in data.spec.pairs:
        found |= ~np.isnan(data.numeric(pair.t6))
    return found


def attrition_variables(data: StudyFrame) -> list[str]:
    """The spec's `attrition` list, or every predictor of its linear models."""
    if data.spec.attrition:
        return data.spec.attrition
    names = [name for model in data.spec.models if model.family == "ols" for name in model.predictors]
    return list(dict.fromkeys(names))


def attrition(data: StudyFrame) -> list[Row]:
    """Rows of `study.attrition`: means (or shares) by group, standardised difference, and a test a variable.

    Mann-Whitney (asymptotic, no continuity correction) for numbers, Pearson's chi-square for categories.
    """
    with_second = stayed(data)
    rows: list[Row] = []
    for name in attrition_variables(data):
        if data.is_category(name):
            category = data.category(name)
            known = category.codes >= 0
            table = np.zeros((len(category.levels), 2), dtype=np.int64)
            np.add.at(table, (category.codes[known], with_second[known].astype(int)), 1)
            occurring = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
            test = association(occurring)[0]
            for code, level in enumerate(category.levels):
                share = np.where(known, (category.codes == code).astype(float), np.nan)
                row = _difference(f"{name}[{level}]", share, with_second)
                rows.append({**row, "statistic": test["chi2"], "p": test["p"]})
        else:
            values = data.numeric(name)
            u, p = mann_whitney(values[with_second], values[~with_second])
            rows.append({**_difference(name, values, with_second), "statistic": u, "p": p})
    return rows


def _difference(name: str, values: Floats, group: "np.ndarray") -> Row:
    one, other = values[group & ~np.isnan(values)], values[~group & ~np.isnan(values)]
    row: Row = {"variable": name, "n_with": int(one.size), "n_without": int(other.size)}
    if one.size:
        row["mean_with"] = float(one.mean())
    if other.size:
        row["mean_without"] = float(other.mean())
    if one.size > 1 and other.size > 1:
        spread = math.sqrt((float(one.var(ddof=1)) + float(other.var(ddof=1))) / 2)
        if spread > 0:
            row["smd"] = (row["mean_with"] - row["mean_without"]) / spread
    return row


def mann_whitney(one: Floats, other: Floats) -> tuple[float, float]:
    """U of the first group and its two-sided asymptotic p with the tie correction, no continuity correction."""
    one, other = one[~np.isnan(one)], other[~np.isnan(other)]
    m, n = one.size, other.size
    if not m or not n:
        return NAN, NAN
    ranks = average_ranks(np.concatenate([one, other]))
    u = float(ranks[:m].sum()) - m * (m + 1) / 2
    _, ties = np.unique(ranks, return_counts=True)
    total = m + n
    correction = float((ties.astype(float) ** 3 - ties).sum()) / (total * (total - 1))
    variance = m * n / 12 * (total + 1 - correction)
    return u, p_normal((u - m * n / 2) / math.sqrt(variance)) if variance > 0 else NAN


def attrition_model(data: StudyFrame) -> list[Row]:
    """Rows of `study.attrition_model`: logistic regression of having the second wave; empty where not estimable."""
    names = [n for n in attrition_variables(data) if n not in data.spec.categories and data.has_numbers(n)]
    columns = [data.numeric(name) for name in names]
    if not columns:
        return []
    x = np.column_stack(columns)
    keep = ~np.isnan(x).any(axis=1)
    x, y = x[keep], stayed(data)[keep].astype(np.intp)
    usable = [j for j in range(x.shape[1]) if len(x) and x[:, j].max() > x[:, j].min()]
    x, names = x[:, usable], [names[j] for j in usable]
    if not names or len(np.unique(y)) < 2 or np.linalg.matrix_rank(np.column_stack([np.ones(len(x)), x])) <= len(names):
        return []
    scaled = Standardised.of(x)
    fit = fit_multinomial(y, scaled.z, 2)
    if fit.separated or not fit.converged:
        return []
    b, se = raw_scale(fit.b, fit.cov, scaled.back)
    z = quantile_normal(0.975)
    rows: list[Row] = []
    for i, term in enumerate(["intercept", *names]):
        value, error = float(b[0, i]), float(se[0, i])
        row: Row = {"term": term, "n": len(y), "b": value, "se": error, "statistic": (value / error) ** 2, "df": 1}
        row |= {"p": p_chi2((value / error) ** 2, 1), "exp_b": math.exp(min(700.0, value))}
        row |= {"exp_ci_low": math.exp(min(700.0, value - z * error))}
        row |= {"exp_ci_high": math.exp(min(700.0, value + z * error))}
        rows.append(row)
    return rows
