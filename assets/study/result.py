"""What one model contributes to the `study.*` tables."""

from dataclasses import dataclass, field

from assets.study.design import Design
from assets.study.rows import Row
from assets.study.spec import ModelSpec


@dataclass
class ModelResult:
    """Rows of one model for `models`, `coefficients`, `effect_tests` and `diagnostics`."""

    model: Row
    coefficients: list[Row] = field(default_factory=list)
    effect_tests: list[Row] = field(default_factory=list)
    diagnostics: list[Row] = field(default_factory=list)


def fail(design: Design, sentence: str) -> None:
    """Mark the model as not estimable and say why."""
    design.messages.append(sentence)
    design.fatal = True


def null_rows(model: ModelSpec, design: Design, method: str = "ml") -> list[Row]:
    """A row a term and equation without a number, for a model that cannot be fitted."""
    equations: list[str | None] = [None]
    if model.family == "multinomial":
        equations = [level for level in design.levels if level != (model.reference or design.levels[0])]
    return [
        {"model": model.name, "equation": equation, "term": term, "method": method}
        for equation in equations
        for term in ("intercept", *design.all_terms)
    ]
