"""The sentences of the follow-up list, English and Spanish: why an item is there and where it is mended."""

from collections.abc import Mapping

SHEETS = ("survey_closes", "survey_opens", "no_service", "goal_not_reviewed", "survey_unmatched", "survey_nobody",
          "note_without_date", "intake_missing", "note_without_type")  # fmt: skip
"""Every kind of item, the most pressing first: the order of a case manager's sheet."""

_REASONS: Mapping[str, tuple[str, str]] = {
    "survey_closes": (
        "The 6-month {about} survey is due: its window closes in {days} days",
        "Toca la encuesta {about} de los 6 meses: el plazo termina en {days} días",
    ),
    "survey_opens": (
        "The 6-month {about} survey can be given in {days} days",
        "La encuesta {about} de los 6 meses se puede aplicar dentro de {days} días",
    ),
    "no_service": (
        "Open client without a counted service for {days} days (limit {about})",
        "Cliente con caso abierto sin servicio registrado desde hace {days} días (límite {about})",
    ),
    "goal_not_reviewed": (
        "Goal in progress, not reviewed for {days} days",
        "Meta en progreso, sin revisión desde hace {days} días",
    ),
    "survey_unmatched": (
        "A {about} survey bears an ID that no client has; it may be this client's",
        "Una encuesta {about} lleva un número que no es de ningún cliente; podría ser de este cliente",
    ),
    "survey_nobody": (
        "A {about} survey bears no ID, or one that is like no client's",
        "Una encuesta {about} no lleva número, o uno que no se parece al de ningún cliente",
    ),
    "note_without_date": ("Case note without a service date", "Nota de caso sin fecha de servicio"),
    "note_without_type": (
        "Case note without a service type; it counts as one service",
        "Nota de caso sin tipo de servicio; cuenta como un servicio",
    ),
    "intake_missing": ("The intake form has no {about}", "Al formulario de ingreso le falta {about}"),
}
_CASE_SYSTEM = ("case-management system", "sistema de gestión de casos")
_REMEDIES: Mapping[str, tuple[str, str]] = {
    "survey_closes": ("Give the survey in Qualtrics", "Aplique la encuesta en Qualtrics"),
    "survey_opens": ("Plan the survey in Qualtrics", "Planifique la encuesta en Qualtrics"),
    "no_service": (
        "Enter the missing case note, or the exit date on the intake form",
        "Registre la nota de caso que falta, o la fecha de salida en el formulario de ingreso",
    ),
    "goal_not_reviewed": ("Enter the review in the goal plan", "Registre la revisión en el plan de metas"),
    "survey_unmatched": (
        "Correct the client ID of this response in Qualtrics, or enter it in agency/aliases.csv",
        "Corrija el número de cliente de esta respuesta en Qualtrics, o regístrelo en agency/aliases.csv",
    ),
    "survey_nobody": (
        "Ask who gave the survey; then as for any wrong ID: in Qualtrics or agency/aliases.csv",
        "Pregunte quién aplicó la encuesta; luego corrija el número en Qualtrics o en agency/aliases.csv",
    ),
    "note_without_date": ("Case note, Service Date", "Nota de caso, Fecha de servicio"),
    "note_without_type": ("Case note, Service Type", "Nota de caso, Tipo de servicio"),
    "intake_missing": ("Intake form", "Formulario de ingreso"),
}
_ABOUT: Mapping[str, tuple[str, str]] = {
    "mspss": ("MSPSS", "MSPSS"),
    "copse": ("Cop-SE", "Cop-SE"),
    "urica": ("URICA", "URICA"),
    "race_ethnicity": ("race or ethnicity", "la raza o etnicidad"),
    "sexual_orientation": ("sexual orientation", "la orientación sexual"),
    "county": ("county", "el condado"),
}
_IN_CASE_SYSTEM = ("no_service", "goal_not_reviewed", "note_without_date", "note_without_type", "intake_missing")


def reason(kind: str, about: str | None, days: int | None, language: str) -> str:
    """Say why something of ``kind`` is on the list, in ``en`` or ``es``."""
    place = language == "es"
    told = _ABOUT.get(about or "", (about or "", about or ""))[place]
    text = _REASONS[kind][place].format(about=told, days=days)
    if days != 1:
        return text
    return text.replace("1 days", "1 day").replace("1 días", "1 día")


def remedy(kind: str, language: str) -> str:
    """Say where something of ``kind`` is mended, in ``en`` or ``es``."""
    place = language == "es"
    text = _REMEDIES[kind][place]
    return f"{text} ({_CASE_SYSTEM[place]})" if kind in _IN_CASE_SYSTEM else text
