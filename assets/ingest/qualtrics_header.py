"""Qualtrics' header rows in their three generations, and hand-edited files with one row.

Columns are keyed by ImportId and choiceId together: ImportId alone is not unique for split multi-selects, and names
in row 1
may repeat.
"""

import ast
import json
from dataclasses import dataclass
from typing import Literal

Generation = Literal["modern", "transitional", "legacy", "plain"]

METADATA: dict[str, tuple[str, ...]] = {
    "startDate": ("StartDate", "Start Date"),
    "endDate": ("EndDate", "End Date"),
    "status": ("Status", "Response Type"),
    "ipAddress": ("IPAddress", "IP Address"),
    "progress": ("Progress",),
    "duration": ("Duration (in seconds)", "Duration__in_seconds_", "Duration"),
    "finished": ("Finished",),
    "recordedDate": ("RecordedDate", "Recorded Date"),
    "_recordId": ("ResponseId", "ResponseID", "Response ID"),
    "recipientLastName": ("RecipientLastName", "panel-RecipientLastName", "Recipient Last Name"),
    "recipientFirstName": ("RecipientFirstName", "panel-RecipientFirstName", "Recipient First Name"),
    "recipientEmail": ("RecipientEmail", "panel-RecipientEmail", "EmailAddress", "Recipient Email"),
    "externalDataReference": ("ExternalReference", "ExternalDataReference", "External Data Reference"),
    "locationLatitude": ("LocationLatitude", "Location Latitude"),
    "locationLongitude": ("LocationLongitude", "Location Longitude"),
    "locationAccuracy": ("LocationAccuracy",),
    "distributionChannel": ("DistributionChannel", "Distribution Channel"),
    "userLanguage": ("UserLanguage", "User Language"),
    "responseSet": ("ResponseSet",),
    "recipientName": ("Name",),
}
"""ImportId → names it goes by in row 1 (modern, transitional and legacy), and in the site's English row 2."""

_BY_NAME = {name.casefold(): import_id for import_id, names in METADATA.items() for name in names}
_LEGACY_FIRST = {f"V{i}" for i in range(1, 11)}


@dataclass(frozen=True)
class SurveyColumn:
    """One column of a survey file: place, name in row 1, question text, ImportId and choiceId where given, zone of a
    date."""

    place: int
    name: str
    question: str
    import_id: str | None = None
    choice_id: str | None = None
    time_zone: str | None = None

    @property
    def is_metadata(self) -> bool:
        """True for the columns Qualtrics adds by itself."""
        return self.import_id in METADATA


@dataclass(frozen=True)
class SurveyHeader:
    """The columns of a survey file and how many records the header took."""

    generation: Generation
    rows: int
    columns: tuple[SurveyColumn, ...]

    def metadata(self, import_id: str) -> SurveyColumn | None:
        """The column of one of Qualtrics' own fields; the first one where a name stands twice."""
        return next((column for column in self.columns if column.import_id == import_id), None)

    @property
    def time_zone(self) -> str | None:
        """The zone stated for RecordedDate (or StartDate, EndDate); None when the file states none."""
        for import_id in ("recordedDate", "startDate", "endDate"):
            column = self.metadata(import_id)
            if column is not None and column.time_zone:
                return column.time_zone
        return None


def read_header(records: list[list[str]]) -> SurveyHeader | None:
    """Read the header from the first three records; None when they are no Qualtrics export's."""
    if not records:
        return None
    names = [name.strip() for name in records[0]]
    questions = records[1] if len(records) > 1 else []
    if len(records) > 2:
        for generation, parse in (("modern", _json), ("transitional", _python)):
            keys = [parse(cell) for cell in records[2]]
            known = sum(1 for key in keys if key)
            if known and known >= max(1, len([c for c in records[2] if c.strip()]) * 0.8):
                return SurveyHeader(generation, 3, _keyed(names, questions, keys))  # type: ignore[arg-type]
    if len(_LEGACY_FIRST & set(names)) >= 5:
        return _legacy(names, questions)
    by_name = [_BY_NAME.get(name.casefold()) for name in names]
    if sum(1 for found in by_name if found) >= 4 or "_recordId" in by_name:
        columns = tuple(SurveyColumn(i, name, "", by_name[i]) for i, name in enumerate(names) if name)
        return SurveyHeader("plain", 2 if _is_question_row(names, questions) else 1, columns)
    return None


def _json(cell: str) -> dict[str, str]:
    text = cell.strip()
    if not text.startswith("{"):
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return _strings(found)


def _python(cell: str) -> dict[str, str]:
    text = cell.strip()
    if not text.startswith("{"):
        return {}
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return {}
    return _strings(found)


def _strings(found: object) -> dict[str, str]:
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) and "ImportId" in found else {}


def _keyed(names: list[str], questions: list[str], keys: list[dict[str, str]]) -> tuple[SurveyColumn, ...]:
    columns = []
    for i, key in enumerate(keys):
        name = names[i] if i < len(names) else ""
        import_id = key.get("ImportId")
        if import_id and import_id.startswith("QID"):
            import_id = import_id.replace("-", "_")  # 2016 and 2017 wrote QID2-1 for what is QID2_1 since
        # Transitional exports write "Location-LocationLatitude" or "panel-ExternalDataReference": no question.
        if import_id not in METADATA and not (import_id or "").startswith("QID"):
            import_id = _BY_NAME.get(name.casefold(), import_id)
        question = questions[i] if i < len(questions) else ""
        columns.append(SurveyColumn(i, name, question, import_id, key.get("choiceId"), key.get("timeZone")))
    return tuple(columns)


def _legacy(names: list[str], labels: list[str]) -> SurveyHeader:
    columns = []
    for i, name in enumerate(names):
        label = labels[i].strip() if i < len(labels) else ""
        import_id = _BY_NAME.get(label.casefold()) if name in _LEGACY_FIRST else _BY_NAME.get(name.casefold())
        if name or label:
            columns.append(SurveyColumn(i, name, label, import_id))
    return SurveyHeader("legacy", 2, tuple(columns))


def _is_question_row(names: list[str], second: list[str]) -> bool:
    """A second header row without ImportIds: the site's own wording stands above Qualtrics' own columns."""
    hits = 0
    for i, name in enumerate(names):
        import_id = _BY_NAME.get(name.casefold())
        if import_id and i < len(second) and _BY_NAME.get(second[i].strip().casefold()) == import_id:
            hits += 1
    return hits >= 2
