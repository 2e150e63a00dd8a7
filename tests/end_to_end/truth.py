"""Comparing ``marts.client_study`` of a home with a truth computed without any of our SQL."""

import math
from typing import Any

import duckdb


def study_rows(night: Any) -> dict[str, dict[str, Any]]:
    """``marts.client_study`` by source client ID, through the crosswalk of the agency file."""
    with duckdb.connect(str(night.home / "agency" / "agency.duckdb"), read_only=True) as connection:
        cursor = connection.execute(
            "select x.source_client_id, s.* exclude (client_id) from marts.client_study s"
            " join control.crosswalk x using (client_id)"
        )
        names = [column[0] for column in cursor.description or []][1:]
        return {row[0]: dict(zip(names, row[1:], strict=True)) for row in cursor.fetchall()}


def differences(found: dict[str, dict[str, Any]], truth: dict[str, dict[str, Any]]) -> list[str]:
    """Cells that differ, as client.column; floats are compared at 1e-9."""
    wrong = [f"{client} missing" for client in truth.keys() - found.keys()]
    wrong += [f"{client} unexpected" for client in found.keys() - truth.keys()]
    for client in truth.keys() & found.keys():
        for column, expected in truth[client].items():
            actual = found[client].get(column, "no such column")
            if isinstance(expected, float) and isinstance(actual, int | float):
                same = math.isclose(actual, expected, rel_tol=1e-9, abs_tol=1e-9)
            else:
                same = actual == expected and isinstance(actual, bool) == isinstance(expected, bool)
            if not same:
                wrong.append(f"{client}.{column}")
    return sorted(wrong)
