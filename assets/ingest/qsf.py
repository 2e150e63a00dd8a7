"""A survey definition (``.qsf``): its questions, with the recode value of every choice label."""

import html
import re
from dataclasses import dataclass, field
from typing import Any

_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class DefinedQuestion:
    """One question: its export tag and ImportId, its type, its text, and choice label by recode value."""

    export_tag: str
    import_id: str
    kind: str
    text: str
    codes: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)


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
    recodes = payload.get("RecodeValues")
    recoded = {str(k): str(v) for k, v in recodes.items()} if isinstance(recodes, dict) else {}
    return DefinedQuestion(
        export_tag=str(payload.get("DataExportTag", "")),
        import_id=str(payload["QuestionID"]),
        kind=kind,
        text=plain_text(str(payload.get("QuestionText", ""))),
        codes={recoded.get(number, number): label for number, label in scale.items()},
        parts=parts,
    )


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
