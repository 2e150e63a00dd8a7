"""The families of a specification curve: which models belong, and the arrays they are fitted on."""

from itertools import combinations, product

import numpy as np

from assets.study.curve_fit import Columns, Member
from assets.study.frame import Floats, StudyFrame
from assets.study.spec import CurveSpec, Spec


def members_of(curve: CurveSpec) -> list[Member]:
    """Every model of the family in a fixed order: outcomes, size and order of the predictor sets, missing."""
    low, high = curve.size or (0 if curve.focal else 1, len(curve.predictors))
    sets = [chosen for size in range(low, high + 1) for chosen in combinations(curve.predictors, size)]
    focal = (curve.focal,) if curve.focal else ()
    return [
        Member(curve.family, outcome, (*focal, *chosen), curve.focal, missing)
        for outcome, chosen, missing in product(curve.outcomes, sets, curve.missing)
    ]


def default_curves(spec: Spec, alternatives: dict[str, list[str]] | None = None) -> list[CurveSpec]:
    """Where the spec declares none: each model's outcome on every set of its size from all models' predictors.

    ``alternatives`` are further scorings of an outcome. For a linear model the first predictor is focal; a
    multinomial model is judged by its overall test.
    """
    everything = list(dict.fromkeys(name for model in spec.models for name in model.predictors))
    curves = []
    for model in spec.models:
        focal = model.predictors[0] if model.family == "ols" else None
        others = [name for name in everything if name not in (model.outcome, focal)]
        size = len(model.predictors) - (1 if focal else 0)
        curves.append(
            CurveSpec(
                name=model.name,
                family=model.family,
                outcomes=[model.outcome, *(alternatives or {}).get(model.outcome, [])],
                predictors=others or [name for name in model.predictors if name != focal],
                focal=focal,
                size=(min(size, len(others)), min(size, len(others))) if others else None,
                missing=["listwise", "fiml"] if model.missing == "fiml" else ["listwise"],
                reference=model.reference,
            )
        )
    return curves


def predictor_columns(data: StudyFrame, curve: CurveSpec) -> dict[str, Columns]:
    """Design columns of every candidate predictor, dummy-coded where it is a category; NaN is missing."""
    columns: dict[str, Columns] = {}
    for name in (*curve.predictors, *filter(None, [curve.focal])):
        if name in data.spec.categories:
            category = data.category(name)
            missing = category.codes < 0
            columns[name] = {
                level: np.where(missing, np.nan, (category.codes == code).astype(float))
                for code, level in list(enumerate(category.levels))[1:]
            }
        else:
            # Text that is no category is never estimable.
            columns[name] = {name: data.numeric(name) if data.has_numbers(name) else np.full(data.n, np.nan)}
    return columns


def outcome_columns(data: StudyFrame, curve: CurveSpec) -> dict[str, Floats]:
    """Values of every outcome, or the codes of its categories; NaN is missing."""
    found = {}
    for name in curve.outcomes:
        if curve.family == "multinomial":
            codes = data.category(name).codes.astype(float)
            found[name] = np.where(codes < 0, np.nan, codes)
        else:
            found[name] = data.numeric(name) if data.has_numbers(name) else np.full(data.n, np.nan)
    return found
