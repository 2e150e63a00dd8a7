"""Whether a spec fits the table it is for, told from the table's contract alone: before there is any row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from assets.errors import ConfigError
from assets.near import instead
from assets.study.spec import Spec


@dataclass(frozen=True)
class Promised:
    """What a column is promised to hold: text, flags or numbers, and the only texts where these are listed."""

    is_text: bool = False
    is_flag: bool = False
    values: tuple[str, ...] = ()


def check_spec(spec: Spec, columns: Mapping[str, Promised], source: str) -> None:
    """Raise ``ConfigError`` that names every key which asks for what the table cannot hold; ``source`` is the file.

    Only what can never be is a mistake: an absent column, text where numbers are needed, a category or a reference
    that is none of the listed texts. What depends on the rows is told by the analyses.
    """
    mistakes = [*_absent(spec, columns), *_text(spec, columns), *_levels(spec, columns)]
    if mistakes:
        raise ConfigError("\n".join(f"{source}: {mistake}" for mistake in mistakes))


def _absent(spec: Spec, columns: Mapping[str, Promised]) -> Iterator[str]:
    asked = [*spec.asked(), *((f"categories.{name}", name) for name in spec.categories)]
    for key, name in dict.fromkeys(asked):
        if name not in columns:
            yield f"{key}: client_study has no column {name!r}; {instead(name, columns)}"


def _text(spec: Spec, columns: Mapping[str, Promised]) -> Iterator[str]:
    """Measures, readiness and outcomes must be numbers; a predictor of text needs its categories."""
    numbers = [(f"{key}[{i}].{wave}", getattr(pair, wave)) for key, pairs in (("pairs", spec.pairs),
               ("scales", spec.scales)) for i, pair in enumerate(pairs) for wave in ("t0", "t6")]  # fmt: skip
    numbers += [(f"stages.{wave}.readiness", stage.readiness or "") for wave, stage in spec.stages.items()]
    numbers += [(f"models[{i}].outcome", m.outcome) for i, m in enumerate(spec.models) if m.family == "ols"]
    numbers += [(f"counts[{i}].outcome", count.outcome) for i, count in enumerate(spec.counts)]
    numbers += [(f"curves[{i}].outcomes", name) for i, curve in enumerate(spec.curves) if curve.family == "ols"
                for name in curve.outcomes]  # fmt: skip
    for key, name in numbers:
        if columns.get(name, Promised()).is_text:
            yield f"{key}: {name} holds text, and numbers are needed"
    predictors = [(f"models[{i}].predictors", name) for i, m in enumerate(spec.models) for name in m.predictors]
    predictors += [(f"counts[{i}].predictors", name) for i, one in enumerate(spec.counts) for name in one.predictors]
    for key, name in predictors:
        if columns.get(name, Promised()).is_text and name not in spec.categories:
            yield f"{key}: {name} holds text; list it under categories, in the order its levels should have"


def _levels(spec: Spec, columns: Mapping[str, Promised]) -> Iterator[str]:
    for name, levels in spec.categories.items():
        listed = columns.get(name, Promised()).values
        for level in levels:
            if listed and level not in listed:
                yield f"categories.{name}: {level!r} is no value of the column; {instead(level, listed)}"
    for i, model in enumerate(spec.models):
        listed = tuple(spec.categories.get(model.outcome, ())) or columns.get(model.outcome, Promised()).values
        if model.reference is not None and listed and model.reference not in listed:
            yield f"models[{i}].reference: {model.reference!r} is no value of {model.outcome}; " + instead(
                model.reference, listed
            )
