"""A survey definition (``.qsf``): its questions, with the recode value of every choice label."""

import html
import re
from dataclasses import dataclass, field
from typing import Any

_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class DefinedQuestion:
    """One question: its export tag and ImportId, its type, its text, and choice label by recode value.

    ``parts`` are the rows of a matrix by number, ``tags`` the export tags they were given, ``translations`` the labels
    by recode value in each further language of the survey.
    """

    export_tag: str
    import_id: str
    kind: str
    text: str
    codes: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    translations: dict[str, dict[str, str]] = field(default_factory=dict)


def is_definition(body: Any) -> bool:
    """True for the parsed JSON of a ``.qsf``."""
    return isinstance(body, dict) and isinstance(body.get("SurveyElements"), list) and "SurveyEntry" in body


def read_definition(body: dict[str, Any]) -> list[DefinedQuestion]:
    """The questions of a definition in its own order; parts that are not as expected are left out, never guessed."""
    questions = []
    for element in body["SurveyElements"]:
        if not isinstance(element, dict) or element.get("Element") != "SQ":
            continue
        payload = element.get("Payload")
        if isinstance(payload, dict) and payload.get("QuestionID"):
            questions.append(_question(payload))
    return questions


def _question(payload: dict[str, Any]) -> DefinedQuestion:
    kind = "/".join(
        str(payload.get(key, "")) for key in ("QuestionType", "Selector", "SubSelector") if payload.get(key)
    )
    choices, answers = _displays(payload.get("Choices")), _displays(payload.get("Answers"))
    is_matrix = payload.get("QuestionType") == "Matrix"
    scale, parts = (answers, choices) if is_matrix else (choices, {})
    recoded = _texts(payload.get("RecodeValues"))
    languages = payload.get("Language")
    translations = {}
    for language, told in sorted(languages.items()) if isinstance(languages, dict) else ():
        labels = _displays(told.get("Answers" if is_matrix else "Choices")) if isinstance(told, dict) else {}
        translations[str(language)] = {recoded.get(number, number): label for number, label in labels.items() if label}
    return DefinedQuestion(
        export_tag=str(payload.get("DataExportTag", "")),
        import_id=str(payload["QuestionID"]),
        kind=kind,
        text=plain_text(str(payload.get("QuestionText", ""))),
        codes={recoded.get(number, number): label for number, label in scale.items()},
        parts=parts,
        tags=_texts(payload.get("ChoiceDataExportTags")),
        translations=translations,
    )


def _texts(found: Any) -> dict[str, str]:
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _displays(choices: Any) -> dict[str, str]:
    """Choice number → label; Qualtrics writes a list instead of an object where the numbers run from 0."""
    if isinstance(choices, list):
        choices = {str(i): choice for i, choice in enumerate(choices)}
    if not isinstance(choices, dict):
        return {}
    return {str(k): plain_text(str(v.get("Display", ""))) for k, v in choices.items() if isinstance(v, dict)}


def plain_text(text: str) -> str:
    """Question text without HTML, its entities and runs of blanks resolved."""
    return " ".join(html.unescape(_TAG.sub(" ", text)).replace("\u00a0", " ").split())
