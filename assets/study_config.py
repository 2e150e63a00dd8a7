"""The definitions of the study as one typed object, read from ``config/study.yml``.

The same object reaches SQL as dbt variables and Python as attributes, so that a definition stands in one place. Every
mistake in the file is a ``ConfigError`` that names the file and the key.
"""

import hashlib
import json
import math
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assets.errors import ConfigError

Item = Annotated[int, Field(ge=1, le=99)]
Code = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
URICA_SUBSCALES = ("precontemplation", "contemplation", "action", "maintenance")
STAGES = ("pre-contemplation", "contemplation", "preparation/action", "maintenance")


class _Settings(BaseModel):
    """A closed, frozen group of settings: an unknown key is a mistake, not a remark."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Period(_Settings):
    """First and last day of the study, both included."""

    start: date
    end: date

    @model_validator(mode="after")
    def _ordered(self) -> "Period":
        if self.end < self.start:
            raise ValueError("end lies before start")
        return self


class Age(_Settings):
    """The day on which age is counted; None stands for the last day of the study."""

    as_of: date | None = None


class FirstWave(_Settings):
    """Days after the anchor between which the 0-month response lies."""

    first_day: int = 0
    last_day: Annotated[int, Field(le=3660)] = 60

    @model_validator(mode="after")
    def _ordered(self) -> "FirstWave":
        if self.last_day < self.first_day:
            raise ValueError("last_day lies before first_day")
        return self


class LaterWave(_Settings):
    """Days from the 0-month date to the target, and how far from the target a response may lie."""

    target_days: Annotated[int, Field(ge=1, le=3660)] = 182
    within_days: Annotated[int, Field(ge=0, le=3660)] = 45


class Waves(_Settings):
    """The two waves."""

    t0: FirstWave = FirstWave()
    t6: LaterWave = LaterWave()


class Scoreable(_Settings):
    """Answered items that make an unfinished response a real one."""

    mspss: Annotated[int, Field(ge=1, le=12)] = 9
    copse: Annotated[int, Field(ge=1, le=26)] = 21
    urica: Annotated[int, Field(ge=1, le=12)] = 12


class Surveys(_Settings):
    """Which responses are real."""

    accept_unfinished: bool = True
    scoreable_items: Scoreable = Scoreable()


class Services(_Settings):
    """What one service is, and which contacts are none."""

    unit: Literal["service_type", "note", "client_day"] = "service_type"
    non_counting_contact_types: tuple[Code, ...] = ("attempt_to_contact",)


class MonthsOfService(_Settings):
    """How time in service is counted."""

    method: Literal["fractional", "completed"] = "fractional"


class Goals(_Settings):
    """What goals met are divided by."""

    denominator: Literal["all", "minus_discontinued", "closed_only"] = "all"


class Residence(_Settings):
    """The counties that are not outlying."""

    main_counties: Annotated[tuple[Code, ...], Field(min_length=1)]


class Subscale(_Settings):
    """Item numbers of a subscale and how many of them must be answered."""

    items: Annotated[tuple[Item, ...], Field(min_length=1)]
    min_answered: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _possible(self) -> "Subscale":
        if len(set(self.items)) != len(self.items):
            raise ValueError("an item is listed twice")
        if self.min_answered > len(self.items):
            raise ValueError("min_answered exceeds the number of items")
        return self


class _Scale(_Settings):
    n_items: Annotated[int, Field(ge=1, le=99)]
    range: tuple[int, int]
    missing: Literal["prorated", "strict"] = "prorated"
    min_answered: Annotated[int, Field(ge=1)]
    subscales: dict[Code, Subscale]

    @model_validator(mode="after")
    def _possible(self) -> "_Scale":
        if self.min_answered > self.n_items:
            raise ValueError("min_answered exceeds n_items")
        if any(max(subscale.items) > self.n_items for subscale in self.subscales.values()):
            raise ValueError("a subscale names an item beyond n_items")
        return self


class Mspss(_Scale):
    """Multidimensional Scale of Perceived Social Support."""

    instrument: Literal["mspss"] = "mspss"
    composite: Literal["mean", "sum", "sum_of_means"] = "mean"

    @model_validator(mode="after")
    def _three(self) -> "Mspss":
        if set(self.subscales) != {"significant_other", "family", "friends"}:
            raise ValueError("subscales must be significant_other, family and friends")
        return self


class CopeSe(_Scale):
    """Coping Self-Efficacy scale."""

    instrument: Literal["copse"] = "copse"


class UricaKey(_Settings):
    """Item numbers of the four subscales in the form in use."""

    precontemplation: Annotated[tuple[Item, ...], Field(min_length=1)]
    contemplation: Annotated[tuple[Item, ...], Field(min_length=1)]
    action: Annotated[tuple[Item, ...], Field(min_length=1)]
    maintenance: Annotated[tuple[Item, ...], Field(min_length=1)]


class Urica(_Settings):
    """University of Rhode Island Change Assessment, and how its composite becomes a stage."""

    instrument: Literal["urica"] = "urica"
    n_items: Annotated[int, Field(ge=4, le=99)] = 12
    range: tuple[int, int] = (1, 5)
    key: UricaKey
    staging: Literal["cutoff", "nearest_mean", "highest_subscale"] = "cutoff"
    cutoffs: tuple[float, float, float] = (8, 11, 14)
    nearest_means: tuple[float, float, float] = (9.3, 11.0, 12.6)
    highest_tie: Literal["earlier", "later"] = "earlier"

    @model_validator(mode="after")
    def _consistent(self) -> "Urica":
        listed = [item for name in URICA_SUBSCALES for item in getattr(self.key, name)]
        if len(set(listed)) != len(listed):
            raise ValueError("key lists an item twice")
        if max(listed) > self.n_items:
            raise ValueError("key names an item beyond n_items")
        for name in ("cutoffs", "nearest_means"):
            values = getattr(self, name)
            if list(values) != sorted(set(values)):
                raise ValueError(f"{name} must rise")
        return self


class Scales(_Settings):
    """The three instruments."""

    mspss: Mspss
    cope_se: CopeSe
    urica: Urica


class StudyConfig(_Settings):
    """Every definition of the study; ``analysis`` is the specification of its tests and models, as written."""

    study: Period
    age: Age = Age()
    waves: Waves = Waves()
    surveys: Surveys = Surveys()
    services: Services = Services()
    months_of_service: MonthsOfService = MonthsOfService()
    goals: Goals = Goals()
    residence: Residence
    scales: Scales
    minimal_dataset: dict[str, Code] = {}
    analysis: dict[str, Any] = {}

    @property
    def hash(self) -> str:
        """SHA-256 (hex) over every setting's value; comments, order and spelled-out defaults make no difference."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def dbt_vars(self) -> dict[str, Any]:
        """Return the settings as dbt variables, named as the models name them; ``analysis`` stays in Python."""
        urica = self.scales.urica
        return {
            "study_start": self.study.start.isoformat(),
            "study_end": self.study.end.isoformat(),
            "age_as_of": (self.age.as_of or self.study.end).isoformat(),
            "t0_first_day": self.waves.t0.first_day,
            "t0_last_day": self.waves.t0.last_day,
            "t6_target_days": self.waves.t6.target_days,
            "t6_within_days": self.waves.t6.within_days,
            "accept_unfinished": self.surveys.accept_unfinished,
            "scoreable_items": self.surveys.scoreable_items.model_dump(),
            "service_unit": self.services.unit,
            "non_counting_contact_types": list(self.services.non_counting_contact_types),
            "months_method": self.months_of_service.method,
            "goal_denominator": self.goals.denominator,
            "main_counties": list(self.residence.main_counties),
            "scales": scored_scales(self.scales),
            "mspss_composite": self.scales.mspss.composite,
            **_readiness(urica.key),
            "urica_staging": urica.staging,
            "urica_cutoffs": list(urica.cutoffs),
            "urica_nearest_means": list(urica.nearest_means),
            "urica_highest_tie": urica.highest_tie,
        }


def scored_scales(scales: Scales) -> list[dict[str, Any]]:
    """Every scale that is a multiple of the mean of its answered items: name, instrument, items, min_answered, factor.

    The score is ``factor * sum / answered`` (Chesney et al. 2006 call it the corrected sum where the factor is the
    number of items), null below ``min_answered``.
    """
    scored: list[dict[str, Any]] = []

    def add(name: str, instrument: str, items: tuple[int, ...], needed: int, factor: int) -> None:
        scored.append(
            {"name": name, "instrument": instrument, "items": list(items), "min_answered": needed, "factor": factor}
        )

    mspss, cope_se = scales.mspss, scales.cope_se
    for name, scale, factor in (
        ("mspss", mspss, mspss.n_items if mspss.composite == "sum" else 1),
        ("cope_se", cope_se, cope_se.n_items),
    ):
        strict = scale.missing == "strict"
        needed = scale.n_items if strict else scale.min_answered
        add(name, scale.instrument, tuple(range(1, scale.n_items + 1)), needed, factor)
        for part, subscale in scale.subscales.items():
            size = len(subscale.items)
            multiple = 1 if name == "mspss" else size
            add(f"{name}_{part}", scale.instrument, subscale.items, size if strict else subscale.min_answered, multiple)
    for part in URICA_SUBSCALES:
        items = getattr(scales.urica.key, part)
        add(f"urica_{part}", "urica", items, len(items), 1)
    return scored


def _readiness(key: UricaKey) -> dict[str, Any]:
    """Whole-number weights of the four item sums: the composite is compared with cut-offs, so it must not drift.

    ``mean C + mean A + mean M - mean PC`` in floating point gives 8.000000000000002 for an exact 8: the wrong stage.
    """
    sizes = {name: len(getattr(key, name)) for name in URICA_SUBSCALES}
    divisor = math.lcm(*sizes.values())
    weights = {name: divisor // size * (-1 if name == "precontemplation" else 1) for name, size in sizes.items()}
    return {"urica_weights": weights, "urica_divisor": divisor}


def load_study_config(path: Path) -> StudyConfig:
    """Read and check ``path``. Raises ``ConfigError`` that names the file and the first wrong key."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path.name}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path.name}{where}: is not valid YAML") from None
    if not isinstance(raw, dict):
        raise ConfigError(f"{path.name}: holds no settings")
    return study_config(raw, path.name)


def study_config(settings: dict[str, Any], source: str) -> StudyConfig:
    """Check settings that are already read; ``source`` is how a mistake's message calls them."""
    try:
        return StudyConfig.model_validate(settings)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "(top level)"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise ConfigError(f"{source}: {key}: {first['msg']}{more}") from None
