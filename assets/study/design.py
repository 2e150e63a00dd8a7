"""From a model's spec to numbers: the complete cases, the columns of the design, and what had to be left out."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from assets.study.frame import Floats, Ints, NotNumericError, StudyFrame
from assets.study.spec import ModelSpec

# A variable with a larger share of missing values is left out of models (contract, fine print).
MAX_MISSING = 0.8
# Relative size of what is left of a predictor once the others explain it; R's lm drops it at 1e-7 as well.
COLLINEAR = 1e-7


@dataclass
class Design:
    """Complete cases of one model: ``x`` without intercept, ``terms`` name its columns, ``dropped`` are left out."""

    outcome: Floats | Ints
    x: Floats
    terms: list[str]
    effects: list[str]
    dropped: list[str]
    levels: list[str]
    rows: NDArray[np.intp]
    n: int
    n_excluded: int
    messages: list[str] = field(default_factory=list)
    all_terms: list[str] = field(default_factory=list)
    fatal: bool = False


def build_design(data: StudyFrame, model: ModelSpec, rows: NDArray[np.bool_] | None = None) -> Design:
    """Read a model's variables, keep the complete cases and drop what cannot be estimated, saying so.

    ``rows`` restricts the cases (leave-one-out, bootstrap). Never raises for data: ``fatal`` and a message tell
    that there is nothing to fit.
    """
    messages: list[str] = []
    outcome, levels, fatal = _read_outcome(data, model, messages)
    predictors, terms, effects, unusable, text = read_predictors(data, model, messages)
    usable = ~np.isnan(outcome) if rows is None else ~np.isnan(outcome) & rows
    for column in predictors:
        usable &= ~np.isnan(column)
    index = np.flatnonzero(usable)
    x = np.column_stack([column[index] for column in predictors]) if predictors else np.empty((index.size, 0))
    y = outcome[index]
    total = data.n if rows is None else int(rows.sum())
    design = Design(
        outcome=y,
        x=x,
        terms=terms,
        effects=effects,
        dropped=list(unusable),
        levels=levels,
        rows=index,
        n=index.size,
        n_excluded=total - index.size,
        messages=messages,
        all_terms=_term_order(model, terms, effects, unusable),
        fatal=fatal or text,
    )
    if not design.fatal and design.n == 0:
        design.messages.append("no row has the outcome and every predictor")
        design.fatal = True
    if not design.fatal:
        if model.family == "multinomial":
            _keep_occurring(design, model)
        _drop_degenerate(design)
    return design


def _read_outcome(data: StudyFrame, model: ModelSpec, messages: list[str]) -> tuple[Floats, list[str], bool]:
    name = model.outcome
    missing = float(data.missing(name).mean()) if data.n else 1.0
    if model.family == "multinomial":
        category = data.category(name)
        values = np.where(category.codes < 0, np.nan, category.codes.astype(np.float64))
        levels = list(category.levels)
        if category.unlisted:
            messages.append(f"{category.unlisted} values of {name} are not among its listed categories: left out")
        if model.reference is not None and model.reference not in levels:
            messages.append(f"the reference is not a category of {name}")
            return values, levels, True
    else:
        levels = []
        try:
            values = data.numeric(name)
        except NotNumericError:
            messages.append(f"the outcome {name} holds text, an ols model needs numbers")
            return np.full(data.n, np.nan), levels, True
        _tell_infinite(data, name, messages)
    if missing > MAX_MISSING:
        messages.append(f"the outcome {name} is missing in {missing:.0%} of the rows (over {MAX_MISSING:.0%})")
        return values, levels, True
    return values, levels, False


def _tell_infinite(data: StudyFrame, name: str, messages: list[str]) -> None:
    if data.infinite(name):
        messages.append(f"{data.infinite(name)} infinite values of {name} are treated as missing")


def read_predictors(
    data: StudyFrame, model: ModelSpec, messages: list[str]
) -> tuple[list[Floats], list[str], list[str], list[str], bool]:
    """Columns of a model's predictors over all rows (NaN missing): columns, terms, effects, left out, holds text."""
    columns: list[Floats] = []
    terms: list[str] = []
    effects: list[str] = []
    unusable: list[str] = []
    text = False
    for name in model.predictors:
        share = float(data.missing(name).mean()) if data.n else 1.0
        if share > MAX_MISSING:
            messages.append(f"{name} is left out: missing in {share:.0%} of the rows (over {MAX_MISSING:.0%})")
            unusable.append(name)
        elif name in data.spec.categories:
            category = data.category(name)
            if category.unlisted:
                messages.append(f"{category.unlisted} values of {name} are not among its listed categories: left out")
            missing = category.codes < 0
            first = _first_occurring(category.codes, category.levels, name, messages)
            for code, level in enumerate(category.levels):
                if code != first:
                    columns.append(np.where(missing, np.nan, (category.codes == code).astype(np.float64)))
                    terms.append(f"{name}[{level}]")
                    effects.append(name)
        else:
            try:
                columns.append(data.numeric(name))
                terms.append(name)
                effects.append(name)
                _tell_infinite(data, name, messages)
            except NotNumericError:
                messages.append(f"{name} holds text: list it under `categories` to use it as a predictor")
                text = True
    return columns, terms, effects, unusable, text


def _first_occurring(codes: Ints, levels: list[str], name: str, messages: list[str]) -> int:
    """The reference of dummy coding: the first listed category, or the first that occurs where that one does not."""
    occurring = np.unique(codes[codes >= 0])
    if occurring.size == 0 or occurring[0] == 0:
        return 0
    messages.append(f"{name}: its first category does not occur; {levels[int(occurring[0])]!r} is the reference")
    return int(occurring[0])


def _term_order(model: ModelSpec, terms: list[str], effects: list[str], unusable: list[str]) -> list[str]:
    order: list[str] = []
    for name in model.predictors:
        order += [name] if name in unusable else [t for t, e in zip(terms, effects, strict=True) if e == name]
    return order


def _keep_occurring(design: Design, model: ModelSpec) -> None:
    """Recode the outcome to the categories that occur, the reference first, the others in their listed order."""
    codes = design.outcome.astype(np.intp)
    occurring = [int(code) for code in np.unique(codes)]
    reference = design.levels.index(model.reference) if model.reference is not None else occurring[0]
    absent = [level for code, level in enumerate(design.levels) if code not in occurring]
    if absent:
        design.messages.append("categories without a complete case, dropped: " + ", ".join(absent))
    if reference not in occurring:
        design.messages.append(f"the reference {model.reference!r} has no complete case")
        design.fatal = True
        return
    order = [reference] + [code for code in occurring if code != reference]
    design.levels = [design.levels[code] for code in order]
    design.outcome = np.array([order.index(code) for code in codes], dtype=np.intp)
    if len(order) < 2:
        design.messages.append("the outcome has a single category among the complete cases")
        design.fatal = True


def _drop_degenerate(design: Design) -> None:
    """Leave out constant columns and those that earlier ones determine, in the order of the spec as R's lm does."""
    keep: list[int] = []
    basis = np.empty((design.n, 0))
    for position, term in enumerate(design.terms):
        column = design.x[:, position]
        if column.max() == column.min():
            _drop(design, term, "is constant among the complete cases")
            continue
        centred = column - column.mean()
        size = float(np.linalg.norm(centred))
        rest = centred
        for _ in range(2):  # one pass of Gram-Schmidt loses digits where the predictors are nearly collinear
            rest = rest - basis @ (basis.T @ rest)
        left = float(np.linalg.norm(rest))
        if left < COLLINEAR * size:
            _drop(design, term, "is determined by the predictors before it")
            continue
        basis = np.column_stack([basis, rest / left])
        keep.append(position)
    design.x = design.x[:, keep]
    design.effects = [design.effects[position] for position in keep]
    design.terms = [design.terms[position] for position in keep]


def _drop(design: Design, term: str, why: str) -> None:
    design.dropped.append(term)
    design.messages.append(f"{term} {why}: not estimated")
