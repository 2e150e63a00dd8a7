"""Faults of SPSS files and of giant sheets: rows 56, 57 and 63 of the table."""

import io
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat

from tests.faults.answers import ROWS
from tests.faults.answers import survey as same_survey
from tests.faults.case import Registry, loaded, rejected, written
from tests.faults.files import book_bytes, with_members
from tests.faults.good import (
    SURVEY_META,
    intake_book,
    mspss_questions,
)

SPSS = Registry()
add = SPSS.add
survey = partial(same_survey, SPSS)


def sav(frame: pd.DataFrame, suffix: str = ".sav", **options: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"x{suffix}"
        if suffix == ".por":
            pyreadstat.write_por(frame, path)
        else:
            pyreadstat.write_sav(frame, path, compress=suffix == ".zsav", **options)
        return path.read_bytes()


MINIMAL = [
    "id",
    "age",
    "race",
    "minority",
    "orient_min",
    "county_out",
    "confirmed",
    "csa",
    "dv",
    "homeless",
    "months_service",
    "months_total",
    "services_0",
    "services_6",
    "services_total",
    "goals_set",
    "goals_met",
    "goal_rate",
]


def minimal(**columns: list[Any]) -> pd.DataFrame:
    frame = pd.DataFrame({name: [float(i), float(i + 1), -99.0] for i, name in enumerate(MINIMAL)})
    for name, values in columns.items():
        frame[name] = values
    return frame


def survey_sav(finished: dict[int, str]) -> bytes:
    frame = pd.DataFrame(
        {
            name.replace(" (in seconds)", "__in_seconds_"): [row.get(key, "") for row in ROWS]
            for name, key in SURVEY_META
        }
    )
    for name in ("StartDate", "EndDate", "RecordedDate"):
        frame[name] = pd.to_datetime(frame[name])
    for name in ("Status", "Progress", "Duration__in_seconds_"):
        frame[name] = frame[name].astype(float)
    frame["Finished"] = float(next(code for code, label in finished.items() if label == "True"))
    for name, key in mspss_questions():
        values = [row[key] for row in ROWS]
        frame[name] = values if key == "QID1_TEXT" else [float(v) for v in values]
    return sav(
        frame,
        variable_value_labels={"Finished": finished, "MSPSS_1": {1.0: "Very strongly disagree", 2.0: "Something else"}},
    )


survey(
    56,
    "qualtrics-sav",
    "s.sav",
    lambda: survey_sav({0: "False", 1: "True"}),
    loaded(6, "NO_TIME_ZONE", "LABELS_DISAGREE"),
)
survey(
    56,
    "finished-1-false-2-true",
    "s.sav",
    lambda: survey_sav({1: "False", 2: "True"}),
    loaded(6),
    query="SELECT count(*) FROM raw.survey_mspss WHERE finished AND response_id LIKE 'R_invented001%'",
    answer=[(6,)],
)
add(56, "truncated", written("m.sav", lambda: sav(minimal())[:-120]), {"m.sav": rejected("CORRUPT")}, nights=2)
for suffix in (".sav", ".zsav"):
    add(
        56,
        f"user-missing{suffix.replace('.', '-')}",
        written(f"m{suffix}", lambda s=suffix: sav(minimal(), s, missing_ranges={"age": [{"lo": -99, "hi": -1}]})),
        {f"m{suffix}": loaded(3, kind="minimal_dataset")},
        query="SELECT value_number, missing_reason FROM raw.minimal_dataset WHERE variable = 'age' ORDER BY case_number",
        answer=[(1.0, None), (2.0, None), (None, "code -99")],
    )
add(
    56,
    "por",
    written(
        "m.por",
        lambda: sav(
            minimal().rename(columns=lambda name: name[:8].upper()).iloc[:, [*range(11), 12, 15, 16, 17]], ".por"
        ),
    ),
    {"m.por": loaded(3, kind="minimal_dataset")},
)
add(
    56,
    "padding-and-umlauts",
    written("m.sav", lambda: sav(minimal(note=["N\u00fa\u00f1ez   ", "", "x" * 400]))),
    {"m.sav": loaded(3, "NEW_COLUMN")},
    query="SELECT value_text FROM raw.minimal_dataset WHERE variable = 'note' ORDER BY case_number",
    answer=[("N\u00fa\u00f1ez",), (None,), ("x" * 400,)],
)
add(
    56,
    "unknown-file",
    written("m.sav", lambda: sav(pd.DataFrame({"a": [1.0], "b": [2.0]}))),
    {"m.sav": rejected("WRONG_KIND")},
)
for column in ("client_name", "email", "dob"):
    add(
        63,
        column,
        written("m.sav", lambda c=column: sav(minimal(**{c: ["Invented", "b", "c"]}))),
        {"m.sav": rejected("PII_IN_RESEARCH_DROP")},
    )
add(
    63,
    "in-a-label",
    written("m.sav", lambda: sav(minimal(x1=["Invented", "b", "c"]), column_labels={"x1": "Date of birth"})),
    {"m.sav": rejected("PII_IN_RESEARCH_DROP")},
)


def _full_sheet() -> bytes:
    """A sheet whose last filled row is the last one Excel has."""
    import zipfile

    content = book_bytes(intake_book(total=False))
    xml = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    last = xml[xml.rfind(b"<row ") : xml.find(b"</sheetData>")]
    moved = last.replace(b'r="13"', b'r="1048576"')
    for letter in "ABCDEFGHIJKLMNOP":
        moved = moved.replace(f'r="{letter}13"'.encode(), f'r="{letter}1048576"'.encode())
    return with_members(content, {}, {"xl/worksheets/sheet1.xml": xml.replace(last, moved)})


add(57, "last-row-of-excel", written("full.xlsx", _full_sheet), {"full.xlsx": loaded(8, "MAYBE_CUT_OFF")})
