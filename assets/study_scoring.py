"""From the settings of the instruments to what the SQL computes: one line a scale, and whole-number readiness."""

import math
from typing import Any

from assets.study_settings import URICA_SUBSCALES, Scales, UricaKey


def scored_scales(scales: Scales) -> list[dict[str, Any]]:
    """Every scale that is a multiple of the mean of its answered items: name, instrument, items, min_answered, factor.

    The score is ``factor * sum / answered`` (Chesney et al. 2006 call it the corrected sum where the factor is the
    number of items), null below ``min_answered``.
    """
    scored: list[dict[str, Any]] = []

    def add(name: str, instrument: str, items: tuple[int, ...], needed: int, factor: int) -> None:
        scored.append(
            {"name": name, "instrument": instrument, "items": list(items), "min_answered": needed, "factor": factor}
        )

    mspss, cope_se = scales.mspss, scales.cope_se
    for name, scale, factor in (
        ("mspss", mspss, mspss.n_items if mspss.composite == "sum" else 1),
        ("cope_se", cope_se, cope_se.n_items),
    ):
        strict = scale.missing == "strict"
        needed = scale.n_items if strict else scale.min_answered
        add(name, scale.instrument, tuple(range(1, scale.n_items + 1)), needed, factor)
        for part, subscale in scale.subscales.items():
            size = len(subscale.items)
            multiple = 1 if name == "mspss" else size
            add(f"{name}_{part}", scale.instrument, subscale.items, size if strict else subscale.min_answered, multiple)
    for part in URICA_SUBSCALES:
        items = getattr(scales.urica.key, part)
        add(f"urica_{part}", "urica", items, len(items), 1)
    return scored


def readiness(key: UricaKey) -> dict[str, Any]:
    """Whole-number weights of the four item sums: the composite is compared with cut-offs, so it must not drift.

    ``mean C + mean A + mean M - mean PC`` in floating point gives 8.000000000000002 for an exact 8: the wrong stage.
    """
    sizes = {name: len(getattr(key, name)) for name in URICA_SUBSCALES}
    divisor = math.lcm(*sizes.values())
    weights = {name: divisor // size * (-1 if name == "precontemplation" else 1) for name, size in sizes.items()}
    return {"urica_weights": weights, "urica_divisor": divisor}
