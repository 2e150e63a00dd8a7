"""Scale scores by wave (Table 2) with Cronbach's alpha, and the stages of change (Table 6)."""

import re
from typing import TYPE_CHECKING

import numpy as np

from assets.errors import DataError
from assets.study.distributions import NAN
from assets.study.frame import Floats, StudyFrame
from assets.study.rows import Row
from assets.study.spec import Spec, StageColumns, level_text

if TYPE_CHECKING:
    import pandas as pd

WAVES = ("t0", "t6")
STAGES = ("pre-contemplation", "contemplation", "preparation/action", "maintenance")
ITEM_COLUMNS = ("client_id", "scale", "wave", "item", "value")

# scale -> wave -> (client IDs in order, clients x items with NaN)
ItemTables = dict[str, dict[str, tuple[list[str], Floats]]]


def cronbach_alpha(items: Floats) -> float:
    """Raw alpha of respondents x items, complete respondents only; NaN where it is not defined."""
    complete = items[~np.isnan(items).any(axis=1)]
    n, k = complete.shape
    if n < 2 or k < 2:
        return NAN
    total = float(complete.sum(axis=1).var(ddof=1))
    return k / (k - 1) * (1 - float(complete.var(axis=0, ddof=1).sum()) / total) if total > 0 else NAN


def read_items(items: "pd.DataFrame | None", missing_codes: list[float]) -> ItemTables:
    """Turn the long frame (client_id, scale, wave, item, value) into a table of answers per scale and wave.

    Raises DataError when a column is missing or a client answers one item twice at one wave.
    """
    tables: ItemTables = {}
    if items is None or not len(items):
        return tables
    if not set(ITEM_COLUMNS) <= set(items.columns):
        raise DataError("ITEM_COLUMNS", f"the item table needs the columns {', '.join(ITEM_COLUMNS)}")
    frame = items.loc[:, list(ITEM_COLUMNS)].copy()
    frame["client_id"] = frame["client_id"].map(level_text)
    frame["value"] = frame["value"].astype("float64")
    frame.loc[frame["value"].isin(missing_codes), "value"] = np.nan
    if frame.duplicated(["client_id", "scale", "wave", "item"]).any():
        raise DataError("ITEM_TWICE", "a client answers one item twice at one wave of the item table")
    for (scale, wave), part in frame.groupby(["scale", "wave"], sort=True):
        wide = part.pivot(index="client_id", columns="item", values="value").sort_index()
        answers = wide.to_numpy(dtype=np.float64)
        tables.setdefault(str(scale), {})[str(wave)] = ([str(value) for value in wide.index], answers)
    return tables


def scale_scores(data: StudyFrame, items: ItemTables) -> list[Row]:
    """Rows of `study.scale_scores`: every scale and wave for all who have it, and for those who have both waves."""
    rows: list[Row] = []
    done = set()
    for pair in (*data.spec.pairs, *data.spec.scales):
        done.add(pair.name)
        columns = {"t0": data.numeric(pair.t0), "t6": data.numeric(pair.t6)}
        both = ~np.isnan(columns["t0"]) & ~np.isnan(columns["t6"])
        answered = pair.name in items
        clients = {c for c, paired in zip(data.ids, both, strict=True) if paired} if answered else set()
        for wave in WAVES:
            for matched in (False, True):
                values = columns[wave][both] if matched else columns[wave][~np.isnan(columns[wave])]
                alpha = _alpha(items, pair.name, wave, clients if matched else None)
                rows.append(_row(pair.name, wave, matched, values, alpha))
    for scale in sorted(set(items) - done):
        rows += _item_scale(items, scale)
    return rows


def _item_scale(items: ItemTables, scale: str) -> list[Row]:
    """A scale that exists as items only, such as a URICA subscale: the mean of its items, all answered."""
    scores = {
        wave: dict(zip(clients, answers.mean(axis=1).tolist(), strict=True))
        for wave, (clients, answers) in items[scale].items()
    }
    scores = {wave: {c: v for c, v in found.items() if not np.isnan(v)} for wave, found in scores.items()}
    both = set.intersection(*(set(found) for found in scores.values())) if len(scores) > 1 else set()
    rows: list[Row] = []
    for wave in sorted(scores):
        for matched in (False, True):
            values = np.array([v for c, v in scores[wave].items() if not matched or c in both], dtype=np.float64)
            rows.append(_row(scale, wave, matched, values, _alpha(items, scale, wave, both if matched else None)))
    return rows


def _alpha(items: ItemTables, scale: str, wave: str, clients: set[str] | None) -> float:
    if wave not in items.get(scale, {}):
        return NAN
    ids, answers = items[scale][wave]
    keep = [index for index, identity in enumerate(ids) if clients is None or identity in clients]
    return cronbach_alpha(answers[keep])


def _row(scale: str, wave: str, matched: bool, values: Floats, alpha: float) -> Row:
    n = int(values.size)
    return {
        "scale": scale,
        "wave": wave,
        "matched": matched,
        "n": n,
        "mean": float(values.mean()) if n else NAN,
        "sd": float(values.std(ddof=1)) if n > 1 else NAN,
        "alpha": alpha,
    }


def stage_columns(spec: Spec) -> dict[str, StageColumns]:
    """The spec's `stages`, or what its categories show: variables with stages of change as their categories."""
    if spec.stages:
        return spec.stages
    found: dict[str, StageColumns] = {}
    variables = spec.columns().keys() - {spec.id}
    for name, levels in spec.categories.items():
        if len(set(levels) & set(STAGES)) >= 2 and name in variables:
            match = re.search(r"_(?:t|w)?(\d+)$", name)
            wave = f"t{match.group(1)}" if match else "t0"
            readiness = name.replace("stage", "readiness")
            known = readiness != name and readiness in variables
            found.setdefault(wave, StageColumns(stage=name, readiness=readiness if known else None))
    return found


def urica_stages(data: StudyFrame) -> list[Row]:
    """Rows of `study.urica_stages`: every stage of every wave, with the mean readiness of those in it."""
    rows: list[Row] = []
    for wave, columns in sorted(stage_columns(data.spec).items()):
        category = data.category(columns.stage)
        readiness = data.numeric(columns.readiness) if columns.readiness else np.full(data.n, np.nan)
        total = int((category.codes >= 0).sum())
        for code, stage in enumerate(category.levels):
            inside = category.codes == code
            scores = readiness[inside & ~np.isnan(readiness)]
            rows.append(
                {
                    "wave": wave,
                    "stage": stage,
                    "n": int(inside.sum()),
                    "percent": 100 * int(inside.sum()) / total if total else NAN,
                    "mean_readiness": float(scores.mean()) if scores.size else NAN,
                }
            )
    return rows
