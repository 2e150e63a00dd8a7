"""What the survey faults share: responses, their labels, and the answer every shape must give."""

from datetime import date
from typing import Any

from tests.faults.case import Outcome, Registry, written
from tests.faults.good import (
    responses,
)

NUNEZ = "Invented N\u00fa\u00f1ez \u2013 \u201cquoted\u201d"
ROWS = responses(6, 100)
SUM = "SELECT count(*), sum(mspss_1 + mspss_12), min(recorded_on) FROM raw.survey_mspss WHERE response_id LIKE 'R_invented001%'"
EXPECTED = [(6, sum(int(r["QID2_1"]) + int(r["QID2_12"]) for r in ROWS), date(2021, 3, 17))]
EN = {
    str(c): label
    for c, label in enumerate(
        (
            "Very strongly disagree",
            "Strongly disagree",
            "Mildly disagree",
            "Neutral",
            "Mildly agree",
            "Strongly agree",
            "Very strongly agree",
        ),
        1,
    )
}
ES = {
    str(c): label
    for c, label in enumerate(
        (
            "Muy en total desacuerdo",
            "Totalmente en desacuerdo",
            "Algo en desacuerdo",
            "Neutral",
            "Algo de acuerdo",
            "Totalmente de acuerdo",
            "Muy en total acuerdo",
        ),
        1,
    )
}


def survey(
    registry: Registry, number: int, name: str, file: str, make: Any, outcome: Outcome, same: bool = True, **more: Any
) -> None:
    """A survey file that must give the same responses as the plain numeric CSV, unless told otherwise."""
    if same:
        more = {"query": SUM, "answer": EXPECTED, **more}
    registry.add(number, name, written(file, make), {file: outcome}, **more)
