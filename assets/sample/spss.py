"""The minimal data set as journals publish it: SPSS with labels and -99 as user-missing, one row a participant."""

from pathlib import Path
from random import Random
from typing import Any

from assets.sample.shape import EXPORT_RUN, MISSING_CODE, STAGES

RACE_CODES = {"black": 1, "latinx": 2, "white": 3, "multiracial": 4, "other": 5}
YES_NO = {0: "No", 1: "Yes", MISSING_CODE: "Not recorded"}
STAGE_LABELS = {**dict(enumerate(STAGES, 1)), MISSING_CODE: "No assessment"}
RACE_LABELS = {**{code: name for name, code in RACE_CODES.items()}, MISSING_CODE: "Not recorded or declined"}

VARIABLES: tuple[tuple[str, str, str, dict[int, str] | None], ...] = (
    ("age", "age", "Age on 31 October 2021", None),
    ("race", "race_ethnicity", "Race/ethnicity, five groups", RACE_LABELS),
    ("minority", "minority", "Racial or ethnic minority", YES_NO),
    ("orient_min", "orientation_minority", "Sexual minority", YES_NO),
    ("county_out", "county_outlying", "Lives in an outlying county", YES_NO),
    ("confirmed", "confirmed", "Confirmed victim", YES_NO),
    ("csa", "victimization_child_sexual_abuse", "Child sexual abuse", YES_NO),
    ("dv", "victimization_domestic_family_violence", "Domestic or family violence", YES_NO),
    ("homeless", "special_homelessness", "Homelessness", YES_NO),
    ("months_service", "months_of_service_t0", "Months of service at first assessment", None),
    ("months_total", "months_of_service_total", "Months of service, total", None),
    ("services_0", "services_t0", "Services until first assessment", None),
    ("services_6", "services_t6", "Services until second assessment", None),
    ("services_total", "services_total", "Services in total", None),
    ("goals_set", "goals_set", "Goals set", None),
    ("goals_met", "goals_met", "Goals met", None),
    ("goal_rate", "goal_completion_rate", "Goals met / goals set", None),
    *(
        (f"{name}_{digit}", f"{column}_{wave}", f"{label}, {digit} months", labels)
        for digit, wave in (("0", "t0"), ("6", "t6"))
        for name, column, label, labels in (
            ("mspss", "mspss", "MSPSS composite", None),
            ("mspss_fam", "mspss_family", "MSPSS family", None),
            ("mspss_fri", "mspss_friends", "MSPSS friends", None),
            ("mspss_so", "mspss_significant_other", "MSPSS significant other", None),
            ("copse", "cope_se", "Coping self-efficacy", None),
            ("readiness", "urica_readiness", "URICA readiness", None),
            ("stage", "urica_stage", "URICA stage", STAGE_LABELS),
        )
    ),
)
"""SPSS name, column of ``marts.client_study``, label, value labels."""

_DATE_OFFSET, _TIME_OFFSET = 92, 101
"""Where the SAV header keeps its creation date (9 bytes, ``dd mmm yy``) and time (8 bytes)."""


def _number(value: Any) -> float:
    if value is None:
        return float(MISSING_CODE)
    if isinstance(value, str):
        return float(RACE_CODES[value] if value in RACE_CODES else 1 + STAGES.index(value))
    return float(value)


def write_minimal_dataset(path: Path, rng: Random, clients: list[dict[str, Any]]) -> None:
    """Write the truth's rows in random order under participant numbers that say nothing."""
    import pandas as pd
    import pyreadstat

    order = list(range(len(clients)))
    rng.shuffle(order)
    frame = pd.DataFrame(
        {
            "id": [float(i) for i in range(1, len(order) + 1)],
            **{name: [_number(clients[i][column]) for i in order] for name, column, _, _ in VARIABLES},
        }
    )
    pyreadstat.write_sav(
        frame,
        str(path),
        file_label="Minimal data set (invented people)",
        column_labels={"id": "Participant", **{name: label for name, _, label, _ in VARIABLES}},
        note="Invented data; -99 is user-missing.",
        variable_value_labels={name: labels for name, _, _, labels in VARIABLES if labels},
        missing_ranges={name: [MISSING_CODE] for name, _, _, _ in VARIABLES},
        variable_measure={"id": "nominal", **{n: "nominal" if labels else "scale" for n, _, _, labels in VARIABLES}},
    )
    with path.open("r+b") as handle:
        handle.seek(_DATE_OFFSET)
        handle.write(f"{EXPORT_RUN:%d %b %y}".encode("ascii"))
        handle.seek(_TIME_OFFSET)
        handle.write(f"{EXPORT_RUN:%H:%M:%S}".encode("ascii"))
