"""The shape of the agency's exports and the words of the study, as this package knows them.

Written down a second time on purpose: the truth file is an independent opinion on the warehouse, so nothing here is
imported from ``config/`` or from another room.
"""

from datetime import date, datetime
from typing import NamedTuple

STUDY_START = date(2021, 1, 1)
STUDY_END = date(2021, 10, 31)
EXPORT_RUN = datetime(2022, 1, 7, 6, 0)
"""When the reports were run: nothing in a file is newer than this day."""

AGENCY_ZONE = "America/Chicago"
MISSING_CODE = -99
DAYS_PER_MONTH = 30.4375

INTAKE_COLUMNS = (
    "Record ID",
    "Client ID",
    "Client Name",
    "Date of Birth",
    "Intake Date",
    "Exit Date",
    "Race/Ethnicity",
    "Gender",
    "Sexual Orientation",
    "County",
    "Classification",
    "CSE-IT Score",
    "Secondary Victimization",
    "Special Classification",
    "Primary Language",
    "Case Manager",
)
NOTE_COLUMNS = (
    "Record ID",
    "Client ID",
    "Service Date",
    "Entered On",
    "Staff",
    "Contact Type",
    "Service Type",
    "Minutes",
    "Narrative",
)
GOAL_COLUMNS = ("Goal ID", "Client ID", "Goal Category", "Goal", "Set Date", "Review Month", "Status", "Staff")

RACES = (
    "Black or African American",
    "Hispanic/Latinx",
    "White",
    "Asian",
    "American Indian or Alaska Native",
    "Native Hawaiian or Pacific Islander",
    "Other",
)
MAIN_COUNTIES = ("Tarrant", "Dallas")
OUTLYING_COUNTIES = ("Collin", "Denton", "Ellis", "Hood", "Johnson", "Kaufman", "Parker", "Rockwall", "Wise")
CONTACT_ATTEMPT = "Attempt to contact"
CONTACTS = (
    "Communication with client",
    "Communication with caregiver",
    "Communication with MDT partner",
    "Communication with outside provider",
    "Crisis response",
    "Joint communication",
    "Non-crisis response",
)
SERVICES = (
    "Case manager check-in",
    "Referral",
    "Transportation",
    "Safety planning",
    "Court accompaniment",
    "Mentorship",
    "Basic needs",
    "Group",
)
GOAL_CATEGORIES = ("Safety and security", "Physiological", "Educational", "Vocational", "Relational", "Other")

VICTIMIZATIONS = {
    "Child sexual abuse": "child_sexual_abuse",
    "Domestic or family violence": "domestic_family_violence",
    "Physical abuse or neglect": "physical_abuse_neglect",
    "Bullying": "bullying",
    "Teen dating violence": "teen_dating_violence",
    "Other": "other",
}
SPECIALS = {
    "Homelessness": "homelessness",
    "Limited English proficiency": "limited_english",
    "Disability": "disability",
    "Immigrant or refugee": "immigrant_refugee",
}
STAGES = ("pre-contemplation", "contemplation", "preparation/action", "maintenance")
WAVES = ("t0", "t6")


class Survey(NamedTuple):
    """One Qualtrics survey: its file, the zone its account exports in, its items, and how many must be answered."""

    key: str
    kind: str
    file: str
    zone: str
    items: tuple[str, ...]
    import_ids: tuple[str, ...]
    scoreable: int


def _items(prefix: str, n: int) -> tuple[str, ...]:
    return tuple(f"{prefix}_{i}" for i in range(1, n + 1))


SURVEYS = {
    "mspss": Survey(
        "mspss",
        "survey_mspss",
        "Support_Survey_MSPSS.csv",
        "America/Denver",
        _items("MSPSS", 12),
        _items("QID2", 12),
        9,
    ),
    "copse": Survey(
        "copse", "survey_copse", "Coping_CSES.csv", "America/Chicago", _items("COPSE", 26), _items("QID2", 26), 21
    ),
    "urica": Survey("urica", "survey_urica", "URICA-12.csv", "UTC", _items("URICA", 12), _items("QID3", 12), 12),
}

MSPSS_SUBSCALES = {
    "family": (3, 4, 8, 11),
    "friends": (6, 7, 9, 12),
    "significant_other": (1, 2, 5, 10),
}
URICA_SUBSCALES = {
    "precontemplation": (1, 5, 9),
    "contemplation": (2, 6, 10),
    "action": (3, 7, 11),
    "maintenance": (4, 8, 12),
}

TRUTH_COLUMNS = (
    "age",
    "race_ethnicity",
    "minority",
    "orientation_minority",
    "county_outlying",
    "classification",
    "confirmed",
    *(f"victimization_{name}" for name in VICTIMIZATIONS.values()),
    "n_victimizations",
    *(f"special_{name}" for name in SPECIALS.values()),
    "months_of_service_t0",
    "months_of_service_total",
    "services_t0",
    "services_t6",
    "services_total",
    "goals_set",
    "goals_met",
    "goals_discontinued",
    "goals_in_progress",
    "goal_completion_rate",
    "met_two_thirds",
    *(
        f"{score}_{wave}"
        for wave in WAVES
        for score in (
            "mspss",
            "mspss_family",
            "mspss_friends",
            "mspss_significant_other",
            "cope_se",
            "urica_readiness",
            "urica_stage",
        )
    ),
)
