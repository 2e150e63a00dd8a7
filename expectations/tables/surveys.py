"""What the three survey feeds share: the Qualtrics columns and the rules on items."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from expectations.codes import Codes
from expectations.kinds import between, matches, one_of, ordered, plausible, present, rule, unique
from expectations.model import Expectation, newest_load

if TYPE_CHECKING:
    import pandas as pd

STATUS_SUMS = tuple(
    sorted({base + flags for base in (0, 16, 32, 48) for flags in (0, 1, 2, 4, 8, 9, 10, 12, 5, 6, 13, 14)})
)
"""Qualtrics writes sums of preview 1, test 2, imported 4, spam 8, offline 16, EX 32."""
NOT_REAL = 1 | 2 | 8
ENOUGH_TO_JUDGE = 10
"""Real responses below which an empty or a flat column may be chance."""


def survey_sql(table: str, items: Sequence[str], extra: Sequence[str] = ()) -> str:
    """Select the columns a survey suite judges; typed IDs and free text stay behind."""
    columns = ", ".join([*extra, *items])
    return f"""
select file_token, response_id, client_id, start_date, end_date, recorded_date, recorded_on, status, progress, finished,
       duration_seconds, {columns}
from raw.{table}
where {newest_load(table)}
"""


def survey_expectations(codes: Codes, items: Sequence[str], low: int, high: int) -> tuple[Expectation, ...]:
    """Expectations on any of the three surveys, whose items run from ``low`` to ``high``."""
    return (
        present("response_id", "The response ID is how a repeated export is recognised."),
        unique(["file_token", "response_id"], "One response twice in one export: both cannot be right."),
        matches("response_id", r"^R_[0-9A-Za-z]{8,24}$", "Not a Qualtrics response ID.", "warn"),
        matches("client_id", codes.client_id, "A client ID that is not of the agency's pattern joins to nothing."),
        present("client_id", "Responses whose typed ID fits nobody wait in the review queue.", "warn"),
        present("client_id", "Most typed IDs fit nobody: another question was taken for the ID.", tolerance=0.5),
        one_of("status", STATUS_SUMS, "An unknown status: whether the response is real cannot be told."),
        present("status", "Without a status previews and tests count as answers."),
        present("finished", "Whether the response is complete decides which one is used."),
        between("progress", 0, 100, "Progress is a percentage."),
        present("recorded_date", "The recorded date puts a response into its wave."),
        rule(
            "local_day_known",
            ["recorded_date", "recorded_on"],
            lambda f: f["recorded_date"].isna() | f["recorded_on"].notna(),
            "The agency's local day of every recorded time must be known, or windows are off by one.",
        ),
        *plausible(
            rule,
            "times_in_order",
            ["start_date", "end_date", "recorded_date"],
            lambda f: ordered(f["start_date"], f["end_date"]) & ordered(f["end_date"], f["recorded_date"]),
            "Started, ended, recorded: another order means swapped columns or zones.",
        ),
        # One rule for all items: one each made 50 of a night's 222, and Great Expectations' time grows faster
        # than their number.
        rule(
            "answers_in_range",
            items,
            lambda f: _inside(f, items, low, high),
            f"Answers run from {low} to {high}.",
        ),
        rule(
            "every_item_answered_by_someone",
            items,
            lambda f: _all_rows(f, not _lost_items(f, items)),
            "An item that nobody answered was not found in the export.",
        ),
        rule(
            "whole_scale_used",
            items,
            lambda f: _all_rows(f, _uses_scale(f, items, low, high)),
            f"No answer reaches the upper third of {low} to {high}: the export may be recoded to a shorter scale.",
            severity="warn",
        ),
    )


def _inside(frame: "pd.DataFrame", items: Sequence[str], low: int, high: int) -> "pd.Series[bool]":
    answers = frame[list(items)]
    judged: pd.Series[bool] = ((answers >= low) & (answers <= high) | answers.isna()).all(axis=1)
    return judged


def real_responses(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Drop previews, tests and spam."""
    return frame[(frame["status"].fillna(0).astype(int) & NOT_REAL) == 0]


def _lost_items(frame: "pd.DataFrame", items: Sequence[str]) -> list[str]:
    real = real_responses(frame)
    answered = real[real[list(items)].notna().any(axis=1)]
    return [item for item in items if len(answered) >= ENOUGH_TO_JUDGE and answered[item].notna().sum() == 0]


def _uses_scale(frame: "pd.DataFrame", items: Sequence[str], low: int, high: int) -> bool:
    answers = real_responses(frame)[list(items)]
    if len(answers) < ENOUGH_TO_JUDGE:
        return True
    return bool(answers.max().max() > high - (high - low) / 3)


def _all_rows(frame: "pd.DataFrame", verdict: bool) -> "pd.Series[bool]":
    """A verdict on the table as a whole: it holds for every row or for none."""
    import pandas as pd

    return pd.Series(verdict, index=frame.index, dtype=bool)
