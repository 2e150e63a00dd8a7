"""Other scorings of the same answers, composites and staging rules, as outcomes of the specification curve."""

from typing import TYPE_CHECKING

import numpy as np

from assets.study.frame import Floats, StudyFrame
from assets.study.scales import STAGES, ItemTables, stage_columns
from assets.study.spec import Spec, level_text
from assets.study.staging import CONVENTIONS, SHORT, SUBSCALES, nearest_mean_of

if TYPE_CHECKING:
    import pandas as pd

# A subscale's mean needs three quarters of its items, as the composite itself does.
MIN_ANSWERED = 0.75


def with_alternatives(
    frame: "pd.DataFrame", spec: Spec, items: ItemTables
) -> "tuple[pd.DataFrame, Spec, dict[str, list[str]]]":
    """Add a column for every other scoring of a model's outcome; the third value maps an outcome to its alternatives.

    Composites from items: ``~all_items`` (no item missing) and ``~sum_of_subscale_means``. Stages: ``~nearest_mean``
    from the readiness score, ``~highest_subscale_tie_earlier`` and ``..._later`` from the four URICA subscales' items.
    """
    frame, categories = frame.copy(), dict(spec.categories)
    ids = [level_text(value) for value in frame[spec.id]]
    found: dict[str, list[str]] = {}
    outcomes = {model.outcome for model in spec.models}
    for pair in (*spec.pairs, *spec.scales):
        for wave, column in (("t0", pair.t0), ("t6", pair.t6)):
            if column in outcomes:
                for rule, scores in _composites(pair.name, wave, items).items():
                    name = f"{column}~{rule}"
                    frame[name] = np.array([scores.get(identity, np.nan) for identity in ids])
                    found.setdefault(column, []).append(name)
    for wave, stage in stage_columns(spec).items():
        if stage.stage not in outcomes:
            continue
        for rule, stages in _stagings(frame, spec, (ids, wave, stage.readiness), items).items():
            name = f"{stage.stage}~{rule}"
            frame[name] = [stages.get(identity) for identity in ids]
            categories[name] = list(STAGES)
            found.setdefault(stage.stage, []).append(name)
    return frame, spec.model_copy(update={"categories": categories}), found


def _composites(scale: str, wave: str, items: ItemTables) -> dict[str, dict[str, float]]:
    rules: dict[str, dict[str, float]] = {}
    if wave in items.get(scale, {}):
        clients, answers = items[scale][wave]
        rules["all_items"] = _known(clients, answers.mean(axis=1))
    parts = [tables[wave] for name, tables in sorted(items.items()) if name.startswith(f"{scale}_") and wave in tables]
    if len(parts) > 1:
        scored = [_known(clients, _prorated(answers)) for clients, answers in parts]
        shared = set.intersection(*(set(part) for part in scored))
        rules["sum_of_subscale_means"] = {client: sum(part[client] for part in scored) for client in sorted(shared)}
    return rules


def _prorated(answers: Floats) -> Floats:
    known = ~np.isnan(answers)
    enough = known.sum(axis=1) >= MIN_ANSWERED * answers.shape[1]
    total = np.where(known, answers, 0.0).sum(axis=1)
    return np.where(enough, total / np.maximum(known.sum(axis=1), 1), np.nan)


def _known(clients: list[str], scores: Floats) -> dict[str, float]:
    return {client: float(score) for client, score in zip(clients, scores, strict=True) if not np.isnan(score)}


def _stagings(
    frame: "pd.DataFrame", spec: Spec, where: tuple[list[str], str, str | None], items: ItemTables
) -> dict[str, dict[str, str]]:
    ids, wave, readiness = where
    rules: dict[str, dict[str, str]] = {}
    if readiness is not None:
        only = spec.model_copy(update={"describe": [readiness], "models": [], "pairs": [], "scales": [], "curves": []})
        data = StudyFrame(frame, only)
        if data.has_numbers(readiness):
            scores = data.numeric(readiness)
            known = ~np.isnan(scores)
            codes = nearest_mean_of(scores[known])
            clients = [client for client, has in zip(data.ids, known, strict=True) if has]
            rules["nearest_mean"] = {client: STAGES[code] for client, code in zip(clients, codes, strict=True)}
    names = next((group for group in (SUBSCALES, SHORT) if all(wave in items.get(name, {}) for name in group)), None)
    if names is not None:
        means = [_known(items[name][wave][0], items[name][wave][1].mean(axis=1)) for name in names]
        clients = sorted(set.intersection(*(set(part) for part in means)) & set(ids))
        subscales = np.array([[part[client] for part in means] for client in clients]).reshape(-1, 4)
        for rule in ("highest_subscale_tie_earlier", "highest_subscale_tie_later"):
            stages = CONVENTIONS[rule](subscales)
            rules[rule] = {client: STAGES[code] for client, code in zip(clients, stages, strict=True)}
    return rules
