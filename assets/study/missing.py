"""What is missing, and how many participants each analysis is about."""

from typing import TYPE_CHECKING

import numpy as np

from assets.study.distributions import NAN
from assets.study.frame import StudyFrame
from assets.study.rows import Row, is_null

if TYPE_CHECKING:
    import pandas as pd

    from assets.study.result import ModelResult


def missingness(data: StudyFrame) -> list[Row]:
    """Rows of `study.missingness`: every variable in use; `n_declared` of the missing held a declared code."""
    rows: list[Row] = []
    for name in data.variables:
        missing = int(data.missing(name).sum())
        rows.append(
            {
                "variable": name,
                "n_missing": missing,
                "percent": 100 * missing / data.n if data.n else NAN,
                "n_valid": data.n - missing,
                "n_declared": data.declared(name),
            }
        )
    return rows


def set_aside(data: StudyFrame) -> list[Row]:
    """`study.diagnostics` rows for values that no analysis can use: infinite ones, and categories not listed."""
    rows: list[Row] = []
    for name in data.variables:
        if name in data.spec.categories:
            unlisted = data.category(name).unlisted
            if unlisted:
                rows.append({"model": name, "check": "values_outside_listed_categories", "value": unlisted})
            continue
        if data.infinite(name):
            rows.append({"model": name, "check": "infinite_values_treated_as_missing", "value": data.infinite(name)})
    if data.repeated_ids:
        rows.append({"model": data.spec.id, "check": "repeated_ids", "value": data.repeated_ids})
    return rows


def participant_flow(data: StudyFrame, flow: "pd.DataFrame | None", models: "list[ModelResult]") -> list[Row]:
    """Rows of `study.participant_flow`: the given steps (step, n, reason), then waves, pairs and models."""
    rows: list[Row] = []
    if flow is not None:
        rows += [{str(key): _plain(value) for key, value in row.items()} for row in flow.to_dict("records")]
    else:
        rows.append({"step": "participants", "n": data.n, "reason": "rows of the table"})
    for pair in data.spec.pairs:
        first, second = ~np.isnan(data.numeric(pair.t0)), ~np.isnan(data.numeric(pair.t6))
        rows.append({"step": f"{pair.name}: t0", "n": int(first.sum()), "reason": "scored at the first wave"})
        rows.append({"step": f"{pair.name}: t6", "n": int(second.sum()), "reason": "scored at the second wave"})
        rows.append({"step": f"{pair.name}: both", "n": int((first & second).sum()), "reason": "scored at both waves"})
    for result in models:
        model = result.model
        reason = f"{model['n_excluded']} left out: outcome or a predictor missing"
        rows.append({"step": f"model {model['model']}", "n": model["n"], "reason": reason})
    return rows


def _plain(value: object) -> object:
    return None if is_null(value) else value
