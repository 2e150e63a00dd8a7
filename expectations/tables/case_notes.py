"""Expectations on the case notes: what was done for whom, and when."""

from datetime import datetime
from typing import TYPE_CHECKING

from expectations.codes import Codes
from expectations.kinds import between, matches, multi_of, one_of, ordered, plausible, present, rule, unique
from expectations.model import Expectation, SuiteInfo, newest_load

if TYPE_CHECKING:
    import pandas as pd

SQL = f"""
select n.file_token, n.record_id, n.client_id, n.service_date, n.entered_on, n.contact_type, n.service_type, n.minutes,
       cast(f.exported_at as date) as exported_on, i.intake_date, i.exit_date,
       case when n.client_id is not null then i.client_id is not null end as has_intake
from raw.case_notes n
left join control.files f using (file_token)
left join (
    select client_id, min(intake_date) as intake_date,
           max(exit_date) filter ({newest_load("intake")}) as exit_date
    from raw.intake group by client_id) i
    on i.client_id = n.client_id
where n.{newest_load("case_notes")}
"""


def suite(codes: Codes) -> SuiteInfo:
    """Give the suite for ``raw.case_notes``: one row a note and export."""
    return SuiteInfo(
        name="case_notes",
        title="Case notes",
        asset="raw.case_notes",
        sql=SQL,
        expectations=(
            present("record_id", "The system's own key is how a corrected note replaces the old one."),
            unique(["file_token", "record_id"], "A note counted twice is a service counted twice."),
            matches("client_id", codes.client_id, "A client ID that is not of the agency's pattern joins to nothing."),
            *plausible(
                present, "client_id", "Notes without a readable client ID are counted for nobody until settled."
            ),
            *plausible(present, "service_date", "A note without a date is in no window."),
            between(
                "service_date",
                datetime(1990, 1, 1),
                datetime(2100, 1, 1),
                "A date outside this band is a damaged cell.",
            ),
            *plausible(
                rule,
                "service_not_after_export",
                ["service_date", "exported_on"],
                lambda f: ordered(f["service_date"], f["exported_on"]),
                "A service after the export was made is planned, not given.",
            ),
            *plausible(
                rule,
                "entered_not_before_service",
                ["service_date", "entered_on"],
                lambda f: ordered(f["service_date"], f["entered_on"].dt.normalize()),
                "A note is written after the service; otherwise day and month, or two columns, are swapped.",
            ),
            rule(
                "service_not_before_intake",
                ["service_date", "intake_date"],
                lambda f: ordered(f["intake_date"], f["service_date"]),
                "Services before intake are kept and not counted.",
                severity="warn",
            ),
            rule(
                "service_not_after_exit",
                ["service_date", "exit_date"],
                lambda f: ordered(f["service_date"], f["exit_date"]),
                "A service after the exit still counts; many of them say that exits are entered too early.",
                severity="warn",
            ),
            *_orphans(),
            present("contact_type", "Attempts to reach a client are told from services by this column.", "warn"),
            one_of("contact_type", codes.or_unmapped("contact_type"), "A code nobody agreed on."),
            multi_of("service_type", codes.or_unmapped("service_type"), "A code nobody agreed on."),
            *plausible(
                rule,
                "categories_mapped",
                ["contact_type", "service_type"],
                lambda f: ~(f["contact_type"].eq("unmapped") | f["service_type"].str.contains("unmapped", na=False)),
                "A category the code lists do not know counts as one service of unknown type.",
            ),
            *plausible(between, "minutes", 0, 1440, "A contact lasts at least no time and at most a day."),
        ),
    )


def _orphans() -> tuple[Expectation, Expectation]:
    why = "Notes for a client without intake wait for it; when most do, it is another agency's file."

    def holds(frame: "pd.DataFrame") -> "pd.Series[bool]":
        return frame["has_intake"].astype("boolean")

    return (
        rule("client_has_intake", ["has_intake"], holds, why, severity="warn"),
        rule("client_has_intake", ["has_intake"], holds, why, severity="error", tolerance=0.5),
    )
