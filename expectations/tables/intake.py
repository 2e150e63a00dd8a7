"""Expectations on the intake export: who the clients are."""

from datetime import datetime, timedelta

from expectations.codes import Codes
from expectations.kinds import between, matches, multi_of, one_of, ordered, plausible, present, rule, unique, within
from expectations.model import SuiteInfo, newest_load

SQL = f"""
select i.file_token, i.record_id, i.client_id, i.date_of_birth, i.intake_date, i.exit_date, i.race_ethnicity, i.gender,
       i.sexual_orientation, i.county, i.classification, i.cse_it_score, i.secondary_victimization,
       i.special_classification, cast(f.exported_at as date) as exported_on
from raw.intake i left join control.files f using (file_token)
where i.{newest_load("intake")}
"""

YEAR = timedelta(days=365.2425)


def suite(codes: Codes) -> SuiteInfo:
    """Give the suite for ``raw.intake``: one row a client and export."""
    return SuiteInfo(
        name="intake",
        title="Intake export",
        asset="raw.intake",
        sql=SQL,
        expectations=(
            present("record_id", "The system's own key is how a later export replaces a row."),
            unique(
                ["file_token", "record_id"], "Two rows of one export with one key: one of them would win by chance."
            ),
            matches("client_id", codes.client_id, "A client ID that is not of the agency's pattern joins to nothing."),
            *plausible(
                present,
                "client_id",
                "A row without a readable client ID waits for a person; many such rows "
                "mean that another column was taken for the ID.",
            ),
            unique(["file_token", "client_id"], "Two intakes of one client in one export: only one can count.", "warn"),
            present("date_of_birth", "Without a birth date there is no age, and age is in two models.", "warn"),
            between(
                "date_of_birth",
                datetime(1920, 1, 1),
                datetime(2100, 1, 1),
                "A birth date outside this band is a damaged cell, not a person.",
            ),
            *plausible(
                rule,
                "age_at_intake_plausible",
                ["date_of_birth", "intake_date"],
                lambda f: within(f["intake_date"] - f["date_of_birth"], 8 * YEAR, 26 * YEAR),
                "The program serves young people; a column of other ages is another date column.",
            ),
            between(
                "intake_date",
                datetime(1990, 1, 1),
                datetime(2100, 1, 1),
                "An intake outside this band is a damaged cell.",
            ),
            present("intake_date", "Without it services and months of service are unknown.", "warn"),
            present("intake_date", "More than half without intake date: the column was not found.", tolerance=0.5),
            *plausible(
                rule,
                "intake_not_after_export",
                ["intake_date", "exported_on"],
                lambda f: ordered(f["intake_date"], f["exported_on"]),
                "Nobody was admitted after the list was made.",
            ),
            *plausible(
                rule,
                "exit_not_before_intake",
                ["intake_date", "exit_date"],
                lambda f: ordered(f["intake_date"], f["exit_date"]),
                "A client who left before arriving has one of the two dates wrong.",
            ),
            one_of(
                "classification",
                codes.or_unmapped("classification"),
                "Confirmed or high risk: a predictor of the second model.",
            ),
            one_of("gender", codes.or_unmapped("gender"), "A code nobody agreed on.", severity="warn"),
            one_of("sexual_orientation", codes.or_unmapped("sexual_orientation"), "A code nobody agreed on."),
            multi_of("race_ethnicity", codes.or_unmapped("race_ethnicity"), "A code nobody agreed on."),
            multi_of(
                "secondary_victimization", codes.or_unmapped("secondary_victimization"), "A code nobody agreed on."
            ),
            multi_of("special_classification", codes.or_unmapped("special_classification"), "A code nobody agreed on."),
            *plausible(
                rule,
                "categories_mapped",
                ["classification", "sexual_orientation", "race_ethnicity"],
                lambda f: ~(f[["classification", "sexual_orientation", "race_ethnicity"]] == "unmapped").any(axis=1),
                "A category the code lists do not know is kept as 'unmapped' and counts as unknown.",
            ),
            present("county", "County is a predictor of the first model.", "warn"),
            between("cse_it_score", 0, 23, "The CSE-IT runs from 0 to 23."),
        ),
    )
