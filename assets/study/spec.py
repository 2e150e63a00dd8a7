"""What a study asks for: the spec of `outcomes replicate` and of the `analysis:` block in `config/study.yml`."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from assets.errors import ConfigError
from assets.mistakes import wording
from assets.near import instead
from assets.yamlfile import read_yaml, trouble


def level_text(value: object) -> str:
    """Write a category as text, the same for 1, 1.0, "1" and True: files disagree on how they store a code."""
    if type(value).__name__ in ("bool", "bool_"):  # numpy's boolean is no subclass of Python's
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _levels(value: object) -> object:
    return [level_text(item) for item in value] if isinstance(value, list) else value


Levels = Annotated[list[str], BeforeValidator(_levels), Field(min_length=1)]


Missing = Literal["listwise", "fiml"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pair(_Strict):
    """One measure at two waves: the columns that hold it."""

    name: str
    t0: str
    t6: str


class StageColumns(_Strict):
    """The columns that hold the stage of change and the readiness score of one wave."""

    stage: str
    readiness: str | None = None


class ModelSpec(_Strict):
    """One regression model, named as its rows in `study.models` are."""

    name: str
    family: Literal["ols", "multinomial"]
    outcome: str
    predictors: list[str] = Field(min_length=1)
    reference: str | None = None
    missing: Literal["listwise", "fiml"] = "listwise"

    @model_validator(mode="before")
    @classmethod
    def _reference_is_text(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("reference") is not None:
            return {**data, "reference": level_text(data["reference"])}
        return data

    @model_validator(mode="after")
    def _fits_family(self) -> "ModelSpec":
        if self.family == "ols" and self.reference is not None:
            raise ValueError("`reference` belongs to a multinomial model; an ols model has none")
        if self.family == "multinomial" and self.missing == "fiml":
            raise ValueError("`missing: fiml` exists for ols only; a multinomial model is fitted listwise")
        if self.outcome in self.predictors:
            raise ValueError("the outcome may not be one of its own predictors")
        if len(set(self.predictors)) < len(self.predictors):
            raise ValueError("a predictor is listed twice")
        return self


class CountSpec(_Strict):
    """A count outcome, fitted by Poisson and negative binomial regression in the extended tables."""

    name: str
    outcome: str
    predictors: list[str] = Field(min_length=1)


class CurveSpec(_Strict):
    """A family of models for the specification curve: every outcome x predictor set x way to handle missing values.

    ``focal`` is the predictor whose test is judged (always in the model); without it the overall test is.
    ``predictors`` are the candidates beside it, ``size`` how many of them a model takes (least, most; else all sizes).
    """

    name: str
    family: Literal["ols", "multinomial"]
    outcomes: list[str] = Field(min_length=1)
    predictors: list[str] = Field(min_length=1)
    focal: str | None = None
    size: tuple[int, int] | None = None
    missing: list[Missing] = Field(default=["listwise"], min_length=1)
    reference: str | None = None

    @model_validator(mode="after")
    def _sizes(self) -> "CurveSpec":
        if self.size and not 0 <= self.size[0] <= self.size[1] <= len(self.predictors):
            raise ValueError("`size` must be [least, most] within the number of predictors")
        if self.family == "multinomial" and "fiml" in self.missing:
            raise ValueError("`missing: fiml` exists for ols only")
        if self.focal is None and self.size and self.size[0] == 0:
            raise ValueError("a model without predictors has no test: `size` starts at 1 without a `focal`")
        if self.focal in self.predictors or set(self.outcomes) & {self.focal, *self.predictors}:
            raise ValueError("a variable has two roles: outcome, focal and candidate predictors must differ")
        return self


class Spec(_Strict):
    """The analyses of one study on one table with a row a participant."""

    id: str
    missing_codes: list[float] = Field(default_factory=list)
    categories: dict[str, Levels] = Field(default_factory=dict)
    describe: list[str] = Field(default_factory=list)
    associations: list[tuple[str, str]] = Field(default_factory=list)
    pairs: list[Pair] = Field(default_factory=list)
    scales: list[Pair] = Field(default_factory=list)
    stages: dict[str, StageColumns] = Field(default_factory=dict)
    models: list[ModelSpec] = Field(default_factory=list)
    counts: list[CountSpec] = Field(default_factory=list)
    attrition: list[str] = Field(default_factory=list)
    curves: list[CurveSpec] = Field(default_factory=list)

    @model_validator(mode="after")
    def _consistent(self) -> "Spec":
        for key, names in (
            ("pairs", [pair.name for pair in self.pairs]),
            ("scales", [pair.name for pair in self.scales] + [pair.name for pair in self.pairs]),
            ("models", [model.name for model in self.models]),
            ("counts", [count.name for count in self.counts]),
            ("curves", [curve.name for curve in self.curves]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{key}: the name {twice[0]!r} is used twice")
        for column, levels in self.categories.items():
            if len(set(levels)) < len(levels):
                raise ValueError(f"categories.{column}: a category is listed twice")
        for index, model in enumerate(self.models):
            levels = self.categories.get(model.outcome, [])
            if model.family == "multinomial" and levels and model.reference not in (None, *levels):
                near = instead(str(model.reference), levels)
                raise ValueError(f"models[{index}].reference: not one of the categories of {model.outcome!r}; {near}")
        return self

    def columns(self) -> dict[str, str]:
        """Every column the spec uses, with the key that first asks for it."""
        wanted: dict[str, str] = {}
        for key, name in self.asked():
            wanted.setdefault(name, key)
        return wanted

    def asked(self) -> list[tuple[str, str]]:
        """Every key that asks for a column, with the column, in the order of the spec."""
        asked = [("id", self.id)]
        asked += [(f"describe[{i}]", name) for i, name in enumerate(self.describe)]
        asked += [(f"associations[{i}]", name) for i, pair in enumerate(self.associations) for name in pair]
        for key, pairs in (("pairs", self.pairs), ("scales", self.scales)):
            for i, pair in enumerate(pairs):
                asked += [(f"{key}[{i}].t0", pair.t0), (f"{key}[{i}].t6", pair.t6)]
        for wave, stage in self.stages.items():
            asked.append((f"stages.{wave}.stage", stage.stage))
            if stage.readiness is not None:
                asked.append((f"stages.{wave}.readiness", stage.readiness))
        for i, model in enumerate(self.models):
            asked.append((f"models[{i}].outcome", model.outcome))
            asked += [(f"models[{i}].predictors", name) for name in model.predictors]
        for i, count in enumerate(self.counts):
            asked.append((f"counts[{i}].outcome", count.outcome))
            asked += [(f"counts[{i}].predictors", name) for name in count.predictors]
        asked += [(f"attrition[{i}]", name) for i, name in enumerate(self.attrition)]
        for i, curve in enumerate(self.curves):
            asked += [(f"curves[{i}].outcomes", name) for name in curve.outcomes]
            asked += [(f"curves[{i}].predictors", name) for name in (*curve.predictors, *filter(None, [curve.focal]))]
        return asked


def parse_spec(data: object, source: str) -> Spec:
    """Check a spec that was read from ``source``; a mistake is a ConfigError naming file and key."""
    if not isinstance(data, dict):
        raise ConfigError(f"{source}: expected a mapping with the keys {', '.join(Spec.model_fields)}")
    try:
        return Spec.model_validate(data)
    except ValidationError as error:
        lines = [f"{source}: {_key(item['loc'])}{_sentence(item)}" for item in error.errors()]
        raise ConfigError("\n".join(lines)) from None


def load_spec(path: Path | str) -> Spec:
    """Read a spec file (YAML, contract section 4); raises ConfigError naming the file and the key."""
    path = Path(path)
    try:
        data = read_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{path}: cannot be read as a UTF-8 text file") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: {trouble(error)}") from None
    if isinstance(data, dict) and set(data) == {"analysis"}:
        data = data["analysis"]
    return parse_spec(data, str(path))


def _key(loc: tuple[int | str, ...]) -> str:
    key = ""
    for part in loc:
        key += f"[{part}]" if isinstance(part, int) else (f".{part}" if key else str(part))
    return f"{key}: " if key else ""


def _sentence(item: Any) -> str:
    return "this key is required" if item["type"] == "missing" else wording(item, Spec, unknown="unknown key")
