"""The published minimal data set held against the derived one, client by client.

Such a file bears case numbers of its own, no client IDs. A case is taken for the client with whom it agrees in most
variables, all cases at once (the assignment with the highest total agreement), and only where that is plain: at least
half of what is known on both sides agrees, and the runner-up agrees in at least two variables less. What is not plain
is reported as unlinked, never guessed. Results name case, research ID and variable, no values; they stay in the agency
zone.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from assets.errors import ConfigError

EXACT = 1e-9
ROUNDED = 0.0051
"""Two printed decimals: a value that differs by no more was rounded, not derived otherwise."""
MIN_SHARE = 0.5
MIN_MARGIN = 2
SIDE_BY_SIDE = 32
"""Cases compared with all clients at a time: with 2,000 clients half a megabyte, which stays near the processor."""

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """One variable over the linked clients: how often both sides know it, and how they compare."""

    variable: str
    column: str
    n_both: int
    n_equal: int
    n_rounded: int
    n_differs: int
    n_only_published: int
    n_only_derived: int
    max_difference: float | None


@dataclass(frozen=True)
class Difference:
    """One cell that is not equal: ``rounded``, ``differs``, ``only_published`` or ``only_derived``."""

    case_number: int
    client_id: str
    variable: str
    reason: str


@dataclass(frozen=True)
class Reconciliation:
    """Agreement by variable, differences by cell, and who could not be linked."""

    agreement: tuple[Agreement, ...]
    differences: tuple[Difference, ...]
    n_linked: int
    unlinked_cases: tuple[int, ...]
    unlinked_clients: tuple[str, ...]


@dataclass(frozen=True)
class Links:
    """How many cases and clients there are, and how many cases were linked to a client."""

    n_cases: int
    n_clients: int
    n_linked: int

    @classmethod
    def of(cls, found: Reconciliation) -> "Links":
        """Count those of a reconciliation."""
        return cls(
            n_cases=found.n_linked + len(found.unlinked_cases),
            n_clients=found.n_linked + len(found.unlinked_clients),
            n_linked=found.n_linked,
        )


def reconcile(connection: duckdb.DuckDBPyConnection, mapping: Mapping[str, str]) -> Reconciliation | None:
    """Compare the newest minimal data set with ``marts.client_study``; None when no such file is loaded.

    ``mapping`` is variable → column (``StudyConfig.minimal_dataset``). Raises ``ConfigError`` for a column that does
    not exist; variables the file lacks are left out.
    """
    token = connection.execute(
        "select file_token from control.files where kind = 'minimal_dataset' and status = 'loaded'"
        " order by exported_at desc nulls last, file_token desc limit 1"
    ).fetchone()
    if token is None:
        return None
    cases, published, variables = _published(connection, str(token[0]), mapping)
    clients, derived = _derived(connection, [mapping[name] for name in variables])
    codes = [_codes(published[:, place], derived[:, place]) for place in range(len(variables))]
    left = np.column_stack([pair[0] for pair in codes])
    right = np.column_stack([pair[1] for pair in codes])
    named = [(name, mapping[name]) for name in variables]
    return _compared(_Sides(cases, clients, left, right), named, _link(left, right))


_TABLES: Mapping[str, Mapping[str, str]] = {
    "agreement": {
        "variable": "string", "column": "string", "n_both": "int64", "n_equal": "int64", "n_rounded": "int64",
        "n_differs": "int64", "n_only_published": "int64", "n_only_derived": "int64", "max_difference": "double",
    },
    "differences": {"case_number": "int64", "client_id": "string", "variable": "string", "reason": "string"},
    "links": {"n_cases": "int64", "n_clients": "int64", "n_linked": "int64"},
}  # fmt: skip


def store(connection: duckdb.DuckDBPyConnection, found: Reconciliation | None) -> None:
    """Write ``reconciliation.agreement``, ``.differences`` and ``.links`` (agency zone), replacing the last ones.

    Without a data set (None) the tables are there and empty.
    """
    import pyarrow as pa

    links = [] if found is None else [Links.of(found)]
    rows: Mapping[str, Sequence[Any]] = {
        "agreement": found.agreement if found else (),
        "differences": found.differences if found else (),
        "links": links,
    }
    connection.execute("create schema if not exists reconciliation")
    for name, fields in _TABLES.items():
        columns = {
            field: pa.array([getattr(row, field) for row in rows[name]], pa.type_for_alias(kind))
            for field, kind in fields.items()
        }
        connection.register("found", pa.table(columns))
        connection.execute(f"create or replace table reconciliation.{name} as from found")
        connection.unregister("found")


def _published(
    connection: duckdb.DuckDBPyConnection, token: str, mapping: Mapping[str, str]
) -> tuple[list[int], npt.NDArray[np.object_], list[str]]:
    described = connection.execute(
        "select variable, value_labels from raw.minimal_dataset_variables where file_token = ? order by position",
        [token],
    ).fetchall()
    variables = [name for name, _ in described if name in mapping]
    labels = {name: json.loads(text) if text else {} for name, text in described}
    cells = connection.execute(
        "select case_number, variable, value_number, value_text from raw.minimal_dataset where file_token = ?", [token]
    ).fetchall()
    cases = sorted({case for case, *_ in cells})
    table = np.full((len(cases), len(variables)), None, dtype=object)
    rows = {case: place for place, case in enumerate(cases)}
    columns = {name: place for place, name in enumerate(variables)}
    for case, name, number, text in cells:
        if name in columns:
            value = text if number is None else number
            table[rows[case], columns[name]] = (value, labels[name].get(_code_text(number)))
    return cases, table, variables


def _derived(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[str]
) -> tuple[list[str], npt.NDArray[np.object_]]:
    present = {row[0] for row in connection.execute("describe marts.client_study").fetchall()}
    for column in columns:
        if column not in present:
            raise ConfigError(f"study.yml: minimal_dataset: client_study has no column {column}")
    listed = ", ".join(f'"{column}"' for column in columns)
    rows = connection.execute(f"select client_id, {listed} from marts.client_study order by client_id").fetchall()
    return [row[0] for row in rows], np.array([row[1:] for row in rows], dtype=object).reshape(len(rows), len(columns))


def _code_text(number: float | None) -> str:
    return "" if number is None else str(int(number)) if float(number).is_integer() else str(number)


def _codes(published: npt.NDArray[np.object_], derived: npt.NDArray[np.object_]) -> tuple[Matrix, Matrix]:
    """Both sides as numbers, NaN where unknown; categories by their texts, yes and no as 1 and 0."""
    if not any(isinstance(value, str) for value in derived):
        left = [np.nan if pair is None or pair[0] is None else float(pair[0]) for pair in published]
        return np.array(left), np.array([np.nan if value is None else float(value) for value in derived])
    texts = sorted({value for value in derived if value is not None})
    place = {text: float(number) for number, text in enumerate(texts)}
    unknown = float(len(texts))
    left = [
        np.nan if pair is None or pair[0] is None else place.get(str(pair[1] or pair[0]), unknown) for pair in published
    ]
    return np.array(left), np.array([np.nan if value is None else place[value] for value in derived])


def _link(left: Matrix, right: Matrix) -> list[tuple[int, int]]:
    from scipy.optimize import linear_sum_assignment

    equal = np.zeros((len(left), len(right)), dtype=np.int16)
    known = np.zeros_like(equal)
    for start in range(0, len(left), SIDE_BY_SIDE):
        part = slice(start, start + SIDE_BY_SIDE)
        for place in range(left.shape[1]):
            gap = np.abs(left[part, place, None] - right[None, :, place])
            known[part] += ~np.isnan(gap)
            equal[part] += gap <= ROUNDED
    links = []
    for case, client in zip(*linear_sum_assignment(equal, maximize=True), strict=True):
        rivals = np.concatenate([np.delete(equal[case], client), np.delete(equal[:, client], case), [0.0]])
        plain = equal[case, client] - rivals.max() >= MIN_MARGIN
        if plain and equal[case, client] >= MIN_SHARE * known[case, client]:
            links.append((int(case), int(client)))
    return links


@dataclass(frozen=True)
class _Sides:
    """Both tables as numbers, a row a case or client, a column a variable."""

    cases: list[int]
    clients: list[str]
    left: Matrix
    right: Matrix


def _compared(sides: _Sides, variables: list[tuple[str, str]], links: list[tuple[int, int]]) -> Reconciliation:
    agreement: list[Agreement] = []
    differences: list[Difference] = []
    for place, (variable, column) in enumerate(variables):
        counts: dict[str, int] = dict.fromkeys(("equal", "rounded", "differs", "only_published", "only_derived"), 0)
        gaps: list[float] = []
        for case, client in links:
            published, derived = float(sides.left[case, place]), float(sides.right[client, place])
            reason = _reason(published, derived)
            if reason is None:
                continue
            counts[reason] += 1
            if not np.isnan(published - derived):
                gaps.append(abs(published - derived))
            if reason != "equal":
                differences.append(Difference(sides.cases[case], sides.clients[client], variable, reason))
        agreement.append(
            Agreement(
                variable=variable,
                column=column,
                n_both=len(gaps),
                n_equal=counts["equal"],
                n_rounded=counts["rounded"],
                n_differs=counts["differs"],
                n_only_published=counts["only_published"],
                n_only_derived=counts["only_derived"],
                max_difference=max(gaps, default=None),
            )
        )
    linked_cases, linked_clients = {case for case, _ in links}, {client for _, client in links}
    return Reconciliation(
        agreement=tuple(agreement),
        differences=tuple(sorted(differences, key=lambda one: one.case_number)),
        n_linked=len(links),
        unlinked_cases=tuple(number for place, number in enumerate(sides.cases) if place not in linked_cases),
        unlinked_clients=tuple(name for place, name in enumerate(sides.clients) if place not in linked_clients),
    )


def _reason(published: float, derived: float) -> str | None:
    if np.isnan(published) and np.isnan(derived):
        return None
    if np.isnan(derived):
        return "only_published"
    if np.isnan(published):
        return "only_derived"
    gap = abs(published - derived)
    return "equal" if gap <= EXACT else "rounded" if gap <= ROUNDED else "differs"
