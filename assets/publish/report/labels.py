"""What things are called on paper: the codebook's label first, then the field's own words, then the name made
readable."""

import re
from collections.abc import Sequence
from typing import Any

from assets.publish.report.context import ReportContext
from assets.publish.report.text import DASH, clean

MAINTENANCE_SENTENCE = "A stage composite above 14 cannot occur with C + A + M − PC."

WAVES = {"t0": "0 months", "t6": "6 months"}

INSTRUMENTS = {
    "mspss": "MSPSS composite",
    "mspss_family": "MSPSS family",
    "mspss_friends": "MSPSS friends",
    "mspss_significant_other": "MSPSS significant other",
    "cope_se": "Cop-SE",
    "urica_readiness": "URICA readiness",
    "urica_stage": "URICA stage",
    "urica_precontemplation": "URICA pre-contemplation",
    "cope_se_problem_focused": "Cop-SE problem-focused coping",
    "cope_se_unpleasant_emotions": "Cop-SE stopping unpleasant emotions and thoughts",
    "cope_se_social_support": "Cop-SE support from friends and family",
}

_NAMES = {"mspss": "MSPSS", "urica": "URICA", "copse": "Cop-SE", "t0": "0 months", "t6": "6 months"}

STATUSES = {
    "ok": "",
    "near_separation": (
        "The predictors nearly separate the categories: the estimates are finite, but a standard error is so large "
        "that they say little; read the Firth estimates."
    ),
    "separated": (
        "The predictors separate the categories: no finite maximum likelihood estimate exists, so those cells are "
        "empty, and the likelihood-ratio figures are limits. The Firth estimates are finite."
    ),
    "not_estimable": "The model could not be estimated on these data.",
}

STATUSES_IN_SHORT = {
    "near_separation": "The predictors nearly separate the categories: read the Firth estimates.",
    "separated": "The predictors separate the categories: read the Firth estimates.",
    "not_estimable": "The model could not be estimated on these data.",
}

_TERM = re.compile(r"^(?P<variable>[^\[\]]+)\[(?P<level>.*)\]$", re.DOTALL)
_WAVE = re.compile(r"^(?P<base>.+)_(?P<wave>t0|t6)$")
_TRUE, _FALSE = {"true", "yes", "1", "1.0"}, {"false", "no", "0", "0.0"}


class Labels:
    """Labels of variables, levels, terms, waves and models of one report; all safe to carry, none escaped yet."""

    def __init__(self, context: ReportContext, outcomes: Sequence[Any] = ()) -> None:
        """``outcomes`` are those of all models: which of them several models share."""
        self._outcomes = list(outcomes)
        self._labels = context.labels
        self._levels = context.level_labels

    def variable(self, name: Any) -> str:
        """Name a variable or a scale; a wave's suffix becomes words."""
        text = str(name)
        if text in self._labels:
            return clean(self._labels[text])
        match = _WAVE.match(text)
        if match:
            return f"{self.variable(match['base'])}, {WAVES[match['wave']]}"
        return INSTRUMENTS.get(text) or readable(name)

    def level(self, variable: Any, level: Any) -> str:
        """Name a category of a variable."""
        text = str(level)
        known = self._levels.get(str(variable)) or self._levels.get(_base(str(variable))) or {}
        if text in known:
            return clean(known[text])
        if text.lower() in {"true", "false"}:
            return "Yes" if text.lower() == "true" else "No"
        return readable(level)

    def level_inline(self, variable: Any, level: Any) -> str:
        """Name a category inside a sentence: as the data spell it, without the capital that starts a line."""
        label, text = self.level(variable, level), clean(level)
        return (
            label[:1].lower() + label[1:] if label[1:] == text.replace("_", " ")[1:] and text[:1].islower() else label
        )

    def term(self, name: Any) -> str:
        """Name a model's term; ``race[Black]`` becomes ``Race: Black``."""
        if str(name).lower() == "intercept":
            return "Intercept"
        match = _TERM.match(str(name))
        if match:
            return f"{self.variable(match['variable'])}: {self.level(match['variable'], match['level'])}"
        return self.variable(name)

    def instrument(self, name: Any) -> str:
        """Name a survey, not one of its scores."""
        return {"mspss": "MSPSS", "cope_se": "Cop-SE", "copse": "Cop-SE", "urica": "URICA"}.get(
            str(name)
        ) or self.variable(name)

    def step(self, name: Any) -> str:
        """Name a step of the participant flow."""
        return readable(name if name is None else str(name).replace("cope_se", "Cop-SE"))

    def wave(self, name: Any) -> str:
        """Name a wave."""
        return WAVES.get(str(name)) or readable(name)

    def model(self, name: Any, outcome: Any) -> str:
        """Name a model by its label, else by its outcome, and by its name too where models share an outcome."""
        if str(name) in self._labels:
            return clean(self._labels[str(name)])
        if outcome is None:
            return self.variable(name)
        shared = self._outcomes.count(outcome) > 1
        return f"{self.variable(outcome)} ({clean(name)})" if shared else self.variable(outcome)


def is_yes_no(levels: list[Any]) -> bool:
    """Tell whether a variable's categories are only true and false, in any of their spellings."""
    seen = {str(level).lower() for level in levels}
    return bool(seen) and seen <= (_TRUE | _FALSE)


def is_yes(level: Any) -> bool:
    """Tell the yes of a yes/no variable."""
    return str(level).lower() in _TRUE


def shows_maintenance(levels: list[Any]) -> bool:
    """Tell whether the maintenance stage is among what a table or figure shows."""
    return any(str(level).strip().lower() == "maintenance" for level in levels)


def _base(name: str) -> str:
    match = _WAVE.match(name)
    return match["base"] if match else name


def readable(name: object) -> str:
    """Make a name of the code readable: underscores to spaces, known names in their spelling, a capital first."""
    if name is None:
        return DASH
    text = " ".join(_NAMES.get(word, word) for word in clean(str(name).replace("_", " ")).split(" "))
    return text[:1].upper() + text[1:]
