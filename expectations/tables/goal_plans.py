"""Expectations on the goal plans: one row a goal and monthly review."""

from datetime import datetime

from expectations.codes import Codes
from expectations.kinds import between, matches, one_of, ordered, plausible, present, rule, unique
from expectations.model import SuiteInfo, newest_load

SQL = f"""
select file_token, goal_id, client_id, goal_category, set_date, review_month, status,
       last_day(review_month) as month_end
from raw.goal_plans
where {newest_load("goal_plans")}
"""


def suite(codes: Codes) -> SuiteInfo:
    """Give the suite for ``raw.goal_plans``."""
    band = (datetime(1990, 1, 1), datetime(2100, 1, 1))
    return SuiteInfo(
        name="goal_plans",
        title="Goal plans",
        asset="raw.goal_plans",
        sql=SQL,
        expectations=(
            present("goal_id", "Goals are counted by their ID."),
            unique(
                ["file_token", "goal_id", "review_month"],
                "Two reviews of one goal in one month: the status at the end of the month would be chance.",
            ),
            matches("client_id", codes.client_id, "A client ID that is not of the agency's pattern joins to nothing."),
            *plausible(present, "client_id", "Goals without a readable client ID are counted for nobody."),
            rule(
                "one_client_a_goal",
                ["file_token", "goal_id", "client_id"],
                lambda f: f.groupby(["file_token", "goal_id"])["client_id"].transform("nunique") <= 1,
                "A goal that changes hands within one export counts for two clients.",
                severity="warn",
            ),
            present("set_date", "A goal without a set date is not known to lie in the study period.", "warn"),
            between("set_date", *band, "A date outside this band is a damaged cell."),
            *plausible(present, "review_month", "The latest review decides the status."),
            between("review_month", *band, "A date outside this band is a damaged cell."),
            *plausible(
                rule,
                "review_month_first_day",
                ["review_month"],
                lambda f: (f["review_month"].dt.day == 1).astype("boolean").mask(f["review_month"].isna()),
                "Review months are stored as their first day; other days mean that another date column was taken.",
            ),
            *plausible(
                rule,
                "review_not_before_set",
                ["set_date", "month_end"],
                lambda f: ordered(f["set_date"], f["month_end"]),
                "A goal is reviewed after it was set.",
            ),
            one_of("status", codes.or_unmapped("goal_status"), "In progress, met or discontinued."),
            one_of("goal_category", codes.or_unmapped("goal_category"), "A code nobody agreed on."),
            *plausible(
                rule,
                "status_told",
                ["status"],
                lambda f: f["status"].notna() & f["status"].ne("unmapped"),
                "A review without a status tells nothing about the goal.",
            ),
        ),
    )
