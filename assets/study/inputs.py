"""What each table of the study is computed from: the entries of the spec, and the columns of the tables it reads."""

from collections.abc import Iterator
from dataclasses import dataclass

from assets.study.rules import rules
from assets.study.scales import stage_columns
from assets.study.spec import ModelSpec, Pair, Spec

WORDS = frozenset(
    {"variable", "row_variable", "column_variable", "scale", "wave", "matched", "name", "model", "family", "outcome",
     "equation", "term", "method", "check"}
)  # fmt: skip
NAMED_BY = {
    "descriptives": ("variable",), "associations": ("row_variable", "column_variable"), "normality": ("variable",),
    "scale_scores": ("scale",), "paired_tests": ("name",), "models": ("model",), "coefficients": ("model",),
    "effect_tests": ("model",), "urica_stages": ("wave",), "diagnostics": ("model",), "missingness": ("variable",),
    "participant_flow": ("step",),
}  # fmt: skip
"""Table of ``study.*`` → the columns whose words, joined by `` x ``, tell which entry of the spec a row belongs to."""

ITEMS = ("intermediate", "int_survey_items", "value")


@dataclass(frozen=True)
class Part:
    """One entry of the spec: its key, what it asks, the words of its rows (``NAMED_BY``), the columns it reads."""

    key: str
    told: str
    names: tuple[str, ...]
    columns: tuple[str, ...]


def is_a_word(table: str, column: str) -> bool:
    """Whether a column of ``study.*`` holds words of the spec, so that no value of a participant stands behind it."""
    return column in WORDS or (table, column) == ("models", "missing")


def parts(spec: Spec) -> dict[str, tuple[Part, ...]]:
    """Table of ``study.*`` → the entries of the spec that give it rows, in the order of the spec."""
    described = [Part(f"describe[{i}]", name, (name,), (name,)) for i, name in enumerate(spec.describe)]
    crossed = [
        Part(f"associations[{i}]", " x ".join(pair), (" x ".join(pair),), pair)
        for i, pair in enumerate(spec.associations)
    ]
    paired = [_pair("pairs", i, pair) for i, pair in enumerate(spec.pairs)]
    scored = [_pair("scales", i, pair) for i, pair in enumerate(spec.scales)]
    models = [_model(i, model) for i, model in enumerate(spec.models)]
    multinomial = [part for part, model in zip(models, spec.models, strict=True) if model.family == "multinomial"]
    used = [Part(key, name, (name,), (name,)) for name, key in spec.columns().items() if name != spec.id]
    return {
        "descriptives": tuple(described),
        "associations": tuple(crossed),
        "normality": tuple(_numeric(spec)),
        "scale_scores": (*paired, *scored),
        "paired_tests": tuple(paired),
        "models": tuple(models),
        "coefficients": tuple(models),
        "effect_tests": tuple(multinomial),
        "urica_stages": tuple(_stages(spec)),
        "diagnostics": (*models, *crossed, *paired, *used),
        "missingness": tuple(used),
        "participant_flow": (*(_steps(part, ("t0", "t6", "both")) for part in paired), *map(_steps, models)),
    }


def _pair(key: str, index: int, pair: Pair) -> Part:
    told = f"{pair.name}: {pair.t6} against {pair.t0}"
    return Part(f"{key}[{index}]", told, (pair.name,), (pair.t0, pair.t6))


def _model(index: int, model: ModelSpec) -> Part:
    against = f" (reference {model.reference})" if model.reference else ""
    told = f"{model.name}: {model.family}, {model.outcome}{against} on {', '.join(model.predictors)}; {model.missing}"
    return Part(f"models[{index}]", told, (model.name,), (model.outcome, *model.predictors))


def _numeric(spec: Spec) -> Iterator[Part]:
    """Variables whose normality is tested, as far as the spec tells: of those not listed, some may hold no numbers."""
    keys = {name: f"describe[{i}]" for i, name in reversed(list(enumerate(spec.describe)))}
    for key, pairs in (("pairs", spec.pairs), ("scales", spec.scales)):
        for i, pair in enumerate(pairs):
            keys.setdefault(pair.t0, f"{key}[{i}].t0")
            keys.setdefault(pair.t6, f"{key}[{i}].t6")
    for i, model in enumerate(spec.models):
        if model.family == "ols":
            keys.setdefault(model.outcome, f"models[{i}].outcome")
    for name, key in keys.items():
        if name not in spec.categories:
            yield Part(key, name, (name,), (name,))


def _stages(spec: Spec) -> Iterator[Part]:
    for wave, stage in sorted(stage_columns(spec).items()):
        columns = tuple(filter(None, (stage.stage, stage.readiness)))
        yield Part(f"stages.{wave}", f"{wave}: {', '.join(columns)}", (wave,), columns)


def _steps(part: Part, waves: tuple[str, ...] = ()) -> Part:
    """The part as the flow of participants names it."""
    name = part.names[0]
    names = tuple(f"{name}: {wave}" for wave in waves) or (f"model {name}",)
    return Part(part.key, part.told, names, part.columns)


def columns_behind(spec: Spec) -> dict[str, list[str]]:
    """Table of ``study.*`` → the columns behind its numbers, sorted; all of them, as a table's rows hold one each."""
    return {
        table: sorted({column for part in found for column in part.columns}) for table, found in parts(spec).items()
    }


def parents(spec: Spec, table: str, column: str) -> list[tuple[str, str, str]]:
    """Schema, table and name of the columns that the numbers in a column of ``study.*`` are computed from.

    None behind the spec's own words. Scales that the spec does not name come from the answers alone.
    """
    if is_a_word(table, column):
        return []
    found = [("marts", "client_study", name) for name in columns_behind(spec)[table]]
    if table == "scale_scores":  # alpha is of the answers; the scores tell who has both waves
        found.insert(0 if column == "alpha" else len(found), ITEMS)
    if table == "participant_flow":
        found.append(("intermediate", "int_participant_flow", column))
    return found


def keys_behind(spec: Spec, table: str) -> dict[str, str]:
    """Key of the spec → its value, of those that stand behind every entry: missing codes, and categories in use."""
    found = {"missing_codes": ", ".join(f"{code:g}" for code in spec.missing_codes)} if spec.missing_codes else {}
    used = set(columns_behind(spec)[table])
    return found | {f"categories.{name}": ", ".join(spec.categories[name]) for name in spec.categories if name in used}


@dataclass(frozen=True)
class Behind:
    """What stands behind a column of ``study.*``: entries of the spec and how rows name them, columns, keys, rules."""

    parts: tuple[Part, ...]
    named_by: tuple[str, ...]
    parents: tuple[tuple[str, str, str], ...]
    keys: dict[str, str]
    rules: tuple[str, ...]


def behind(spec: Spec, table: str, column: str) -> Behind:
    """Everything that a reader of the column may ask for."""
    return Behind(
        parts(spec)[table],
        NAMED_BY[table],
        tuple(parents(spec, table, column)),
        keys_behind(spec, table),
        tuple(rules().get(table, ())),
    )
