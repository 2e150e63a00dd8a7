"""Which coefficients would tell how few clients have a property: the precision of a dummy's estimate is its count.

In a linear model se² = s² · VIF / (n · p (1 - p)) for a yes-or-no predictor, and a reader has s² from the
log-likelihood, n from the note and VIF from the table: what is left is p, and with it the number of clients. So where
either side of a yes-or-no predictor has fewer clients in the model than a class may have, its row shows the estimate
alone.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]
Term = tuple[str, str]


def thin_terms(
    models: Iterable[Row], coefficients: Iterable[Row], clients: "pd.DataFrame | None", least: int
) -> set[Term]:
    """Return (model, term) of every dummy with fewer than ``least`` clients on one side of the model's sample.

    ``clients`` is one row a client with outcomes and predictors as columns. A term that cannot be judged, because
    ``clients`` or a column of the model is missing, counts as thin.
    """
    terms: dict[str, list[str]] = {}
    for row in coefficients:
        if row["term"] != "intercept" and row["term"] not in terms.setdefault(row["model"], []):
            terms[row["model"]].append(row["term"])
    found: set[Term] = set()
    for model in models:
        named = terms.get(model["model"], [])
        columns = {term: term.partition("[")[0] for term in named}
        wanted = [model["outcome"], *dict.fromkeys(columns.values())]
        if clients is None or any(column not in clients.columns for column in wanted):
            found |= {(model["model"], term) for term in named}
            continue
        sample = clients[wanted].dropna() if model["missing"] == "listwise" else clients[wanted]
        for term, column in columns.items():
            level = term.partition("[")[2].removesuffix("]")
            if _is_thin(sample[column].dropna(), level, least):
                found.add((model["model"], term))
    return found


def _is_thin(values: "pd.Series[Any]", level: str, least: int) -> bool:
    """Whether a dummy (of ``level``, or of a column that holds two values only) has a small side."""
    if not level and values.nunique() > 2:
        return False
    marked = int((values.astype(str) == level).sum()) if level else int((values == values.max()).sum())
    return min(marked, len(values) - marked) < least
