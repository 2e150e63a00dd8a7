"""Merging categories that are too small, before anything is hidden: a merged count still tells something."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from assets.publish.privacy.policy import Merge

if TYPE_CHECKING:
    import pandas as pd

NOT_RECORDED = " or not recorded"


def collapse_descriptives(
    table: "pd.DataFrame", ladder: Mapping[str, Sequence[Merge]], k: int
) -> "tuple[pd.DataFrame, set[str]]":
    """Merge small levels of the categorical variables, then few missing ones into the largest level.

    Returns the table and the variables whose missing values were merged: their levels then sum to all clients.
    """
    import pandas as pd

    pieces, merged = [], set()
    for variable, rows in table.groupby("variable", sort=False):
        if rows["level"].isna().all():
            pieces.append(rows)
            continue
        rows = _climb(rows, "level", ladder.get(str(variable), ()), k)  # noqa: PLW2901
        missing = rows["missing"].iloc[0]
        if 0 < missing < k and (rows["n"] > 0).sum() > 1:  # with one level it would tell that nobody has another
            rows = _merge_missing(rows)  # noqa: PLW2901
            merged.add(str(variable))
        pieces.append(rows)
    return pd.concat(pieces, ignore_index=True) if pieces else table, merged


def collapse_stages(table: "pd.DataFrame", ladder: Mapping[str, Sequence[Merge]], k: int) -> "pd.DataFrame":
    """Merge small stages of ``study.urica_stages``, wave by wave, by the ladder of ``urica_stage_<wave>``."""
    import pandas as pd

    pieces = [
        _climb(rows, "stage", ladder.get(f"urica_stage_{wave}", ()), k)
        for wave, rows in table.groupby("wave", sort=False)
    ]
    return pd.concat(pieces, ignore_index=True) if pieces else table


def climb(rows: "pd.DataFrame", column: str, steps: Sequence[Merge], k: int) -> dict[str, str]:
    """Return level → merged level for the steps that the counts ``n`` of ``rows`` ask for."""
    into: dict[str, str] = {}
    for step in steps:
        before = set(rows[column])
        rows = _climb(rows, column, [step], k)
        if step.into in set(rows[column]) and before != set(rows[column]):
            gone = before - set(rows[column])
            into |= dict.fromkeys((*gone, *(old for old, new in into.items() if new in gone)), step.into)
    return into


def _climb(rows: "pd.DataFrame", column: str, steps: Sequence[Merge], k: int) -> "pd.DataFrame":
    """Take the steps in order, each only while one of its levels has 1 … k - 1 clients."""
    for step in steps:
        touched = rows[column].isin(step.levels)
        counts = rows.loc[touched, "n"]
        if touched.sum() > 1 and ((counts > 0) & (counts < k)).any():
            rows = _merge(rows, touched, column, step.into)
    return rows


def _merge(rows: "pd.DataFrame", touched: "pd.Series[bool]", column: str, into: str) -> "pd.DataFrame":
    import pandas as pd

    gone = rows[touched]
    total = gone["n"].sum()
    row = gone.iloc[0].copy()
    row[column], row["n"], row["percent"] = into, total, gone["percent"].sum()
    if "mean_readiness" in rows.columns:
        weighted = (gone["mean_readiness"].astype("float64") * gone["n"].astype("float64")).sum(min_count=1)
        row["mean_readiness"] = weighted / float(total) if total else float("nan")
    kept = rows[~touched]
    first = touched.to_numpy().argmax()
    made = pd.DataFrame([row]).astype(rows.dtypes.to_dict())
    return pd.concat([kept.iloc[:first], made, kept.iloc[first:]], ignore_index=True)


def _merge_missing(rows: "pd.DataFrame") -> "pd.DataFrame":
    rows = rows.copy()
    missing = int(rows["missing"].iloc[0])
    clients = missing + int(rows["denominator"].iloc[0])
    largest = rows.index == rows["n"].astype("int64").idxmax()
    rows["level"] = rows["level"].mask(largest, rows["level"] + NOT_RECORDED)
    rows["n"] = rows["n"].mask(largest, rows["n"] + missing)
    rows["missing"], rows["denominator"] = 0, clients
    rows["percent"] = 100.0 * rows["n"].astype("float64") / clients
    return rows
