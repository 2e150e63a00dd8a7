"""The three Qualtrics exports (modern CSV: names, question texts, ImportIds) and the codebook of their labels."""

import csv
import json
from pathlib import Path

from assets.sample.records import Response
from assets.sample.shape import SURVEYS, Survey

META = (
    ("StartDate", "Start Date", "startDate"),
    ("EndDate", "End Date", "endDate"),
    ("Status", "Response Type", "status"),
    ("IPAddress", "IP Address", "ipAddress"),
    ("Progress", "Progress", "progress"),
    ("Duration (in seconds)", "Duration (in seconds)", "duration"),
    ("Finished", "Finished", "finished"),
    ("RecordedDate", "Recorded Date", "recordedDate"),
    ("ResponseId", "Response ID", "_recordId"),
    ("RecipientLastName", "Recipient Last Name", "recipientLastName"),
    ("RecipientFirstName", "Recipient First Name", "recipientFirstName"),
    ("RecipientEmail", "Recipient Email", "recipientEmail"),
    ("ExternalReference", "External Data Reference", "externalDataReference"),
    ("LocationLatitude", "Location Latitude", "locationLatitude"),
    ("LocationLongitude", "Location Longitude", "locationLongitude"),
    ("DistributionChannel", "Distribution Channel", "distributionChannel"),
    ("UserLanguage", "User Language", "userLanguage"),
)
DATED = {"startDate", "endDate", "recordedDate"}
STEMS = {
    "mspss": "Think of the people around you.\nHow true is it, today, that you have this support? - Statement",
    "copse": "When things are hard, or go wrong, how sure are you that you can do this? - Step",
    "urica": "How far do you agree,\nthinking of this behavior? - Statement",
}
AGREEMENT = (
    ("Very strongly disagree", "Muy en total desacuerdo"),
    ("Strongly disagree", "Totalmente en desacuerdo"),
    ("Mildly disagree", "Algo en desacuerdo"),
    ("Neutral", "Neutral"),
    ("Mildly agree", "Algo de acuerdo"),
    ("Strongly agree", "Totalmente de acuerdo"),
    ("Very strongly agree", "Muy en total acuerdo"),
)
CONFIDENCE = {
    0: ("0 - Cannot do at all", "0 - No puedo hacerlo en absoluto"),
    5: ("5 - Moderately certain can do", "5 - Moderadamente seguro de poder hacerlo"),
    10: ("10 - Certain can do", "10 - Seguro de poder hacerlo"),
}
READINESS = (
    ("Strongly disagree", "Totalmente en desacuerdo"),
    ("Somewhat disagree", "En desacuerdo"),
    ("Undecided", "Indeciso"),
    ("Somewhat agree", "De acuerdo"),
    ("Strongly agree", "Totalmente de acuerdo"),
)
BEHAVIORS = (
    ("Trading or selling sex", "Intercambiar o vender sexo"),
    ("Running away", "Huir de casa"),
    ("Connecting with strangers online", "Conectarse con desconocidos en línea"),
)


def _header(survey: Survey) -> tuple[list[str], list[str], list[str]]:
    names = [name for name, _, _ in META] + ["client_id"]
    texts = [text for _, text, _ in META] + ["Staff: type the client's ID, as on the folder"]
    imports = [{"ImportId": key, "timeZone": survey.zone} if key in DATED else {"ImportId": key} for _, _, key in META]
    imports.append({"ImportId": "QID1_TEXT"})
    if survey.key == "urica":
        names.append("URICA_behavior")
        texts.append("Which behavior is this about?")
        imports.append({"ImportId": "QID2"})
    names.extend(survey.items)
    texts.extend(f"{STEMS[survey.key]} {i}" for i in range(1, len(survey.items) + 1))
    imports.extend({"ImportId": key} for key in survey.import_ids)
    return names, texts, [json.dumps(entry, separators=(",", ":")) for entry in imports]


def _line(row: Response, with_behavior: bool) -> list[str]:
    meta = [
        f"{row['start_date']:%Y-%m-%d %H:%M:%S}",
        f"{row['end_date']:%Y-%m-%d %H:%M:%S}",
        str(row["status"]),
        row["ip_address"],
        str(row["progress"]),
        str(round((row["end_date"] - row["start_date"]).total_seconds())),
        "1" if row["finished"] else "0",
        f"{row['recorded_date']:%Y-%m-%d %H:%M:%S}",
        row["response_id"],
        *([""] * 4),
        row["latitude"],
        row["longitude"],
        row["channel"],
        row["language"],
        row["client_id"],
    ]
    return [*meta, *([row["behavior"]] if with_behavior else []), *row["items"]]


def write_survey(path: Path, instrument: str, rows: list[Response]) -> None:
    """Write one survey as Qualtrics does: UTF-8, CRLF, three header rows."""
    survey = SURVEYS[instrument]
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerows(_header(survey))
        writer.writerows(_line(row, survey.key == "urica") for row in rows)


def write_codebook(path: Path) -> None:
    """The choice labels of the three surveys, English and Spanish, one row a code."""
    rows: list[tuple[str, str, int, str, str]] = []
    rows += [("MSPSS", "MSPSS_1..MSPSS_12", i, *labels) for i, labels in enumerate(AGREEMENT, 1)]
    rows += [("COPSE", "COPSE_1..COPSE_26", i, *CONFIDENCE.get(i, (str(i), str(i)))) for i in range(11)]
    rows += [("URICA", "URICA_1..URICA_12", i, *labels) for i, labels in enumerate(READINESS, 1)]
    rows += [("URICA", "URICA_behavior", i, *labels) for i, labels in enumerate(BEHAVIORS, 1)]
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(("survey", "columns", "code", "label_en", "label_es"))
        writer.writerows(rows)
