"""The groups of settings that make up the study's definitions: types, bounds and what must fit together."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, model_validator

from assets.mistakes import wrong

Whole = Annotated[int, Field(strict=True)]
"""A whole number and nothing that could be taken for one: neither ``"45"`` nor ``yes``."""
Number = Annotated[float, Field(strict=True)]
Item = Annotated[Whole, Field(ge=1, le=99)]
Code = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
URICA_SUBSCALES = ("precontemplation", "contemplation", "action", "maintenance")
STAGES = ("pre-contemplation", "contemplation", "preparation/action", "maintenance")


def _rising(ends: tuple[int, int]) -> tuple[int, int]:
    if ends[0] >= ends[1]:
        raise ValueError("must rise: the lowest answer, then the highest")
    return ends


Range = Annotated[tuple[Whole, Whole], AfterValidator(_rising)]
"""Lowest and highest code of an answer."""


class Settings(BaseModel):
    """A closed, frozen group of settings: an unknown key is a mistake, not a remark."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Period(Settings):
    """First and last day of the study, both included."""

    start: date
    end: date

    @model_validator(mode="after")
    def _ordered(self) -> "Period":
        if self.end < self.start:
            raise wrong("end", f"must not lie before start ({self.start})")
        return self


class Age(Settings):
    """The day on which age is counted; None stands for the last day of the study."""

    as_of: date | None = None


class FirstWave(Settings):
    """Days after the anchor between which the 0-month response lies."""

    first_day: Annotated[Whole, Field(ge=-3660)] = 0
    last_day: Annotated[Whole, Field(le=3660)] = 60

    @model_validator(mode="after")
    def _ordered(self) -> "FirstWave":
        if self.last_day < self.first_day:
            raise wrong("last_day", f"must not lie before first_day ({self.first_day})")
        return self


class LaterWave(Settings):
    """Days from the 0-month date to the target, and how far from the target a response may lie."""

    target_days: Annotated[Whole, Field(ge=1, le=3660)] = 182
    within_days: Annotated[Whole, Field(ge=0, le=3660)] = 45


class Waves(Settings):
    """The two waves."""

    t0: FirstWave = FirstWave()
    t6: LaterWave = LaterWave()


class Scoreable(Settings):
    """Answered items that make an unfinished response a real one."""

    mspss: Annotated[Whole, Field(ge=1, le=12)] = 9
    copse: Annotated[Whole, Field(ge=1, le=26)] = 21
    urica: Annotated[Whole, Field(ge=1, le=12)] = 12


class Surveys(Settings):
    """Which responses are real."""

    accept_unfinished: StrictBool = True
    scoreable_items: Scoreable = Scoreable()


class Services(Settings):
    """What one service is, and which contacts are none."""

    unit: Literal["service_type", "note", "client_day"] = "service_type"
    non_counting_contact_types: tuple[Code, ...] = ("attempt_to_contact",)


class ServiceType(Settings):
    """A line of ``service_types.csv``: from when to when (both in, empty = always) a type counts, for which group."""

    service_type: Code
    valid_from: date | None = None
    valid_to: date | None = None
    counts_as_service: bool = True
    funder_group: Literal[
        "information_referral",
        "personal_advocacy",
        "emotional_support_safety",
        "shelter_housing",
        "justice_assistance",
    ]

    @model_validator(mode="after")
    def _ordered(self) -> "ServiceType":
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise wrong("valid_to", f"must not lie before valid_from ({self.valid_from})")
        return self


class MonthsOfService(Settings):
    """How time in service is counted."""

    method: Literal["fractional", "completed"] = "fractional"


class Goals(Settings):
    """What goals met are divided by."""

    denominator: Literal["all", "minus_discontinued", "closed_only"] = "all"


class Residence(Settings):
    """The counties that are not outlying."""

    main_counties: Annotated[tuple[Code, ...], Field(min_length=1)]


class Subscale(Settings):
    """Item numbers of a subscale and how many of them must be answered."""

    items: Annotated[tuple[Item, ...], Field(min_length=1)]
    min_answered: Annotated[Whole, Field(ge=1)]

    @model_validator(mode="after")
    def _possible(self) -> "Subscale":
        if len(set(self.items)) != len(self.items):
            raise wrong("items", "lists an item twice")
        if self.min_answered > len(self.items):
            raise wrong("min_answered", f"must be 1 to {len(self.items)}, the number of items")
        return self


def _refuse_shared_items(parts: Mapping[str, tuple[int, ...]], n_items: int) -> None:
    owner: dict[int, str] = {}
    for key, items in parts.items():
        for item in items:
            if item > n_items:
                raise wrong(key, f"must hold items 1 to {n_items} (n_items), and holds {item}")
            if item in owner:
                place = " twice" if owner[item] == key else f", as does {owner[item]}"
                raise wrong(key, f"holds item {item}{place}")
            owner[item] = key


class _Scale(Settings):
    n_items: Annotated[Whole, Field(ge=1, le=99)]
    range: Range
    missing: Literal["prorated", "strict"] = "prorated"
    min_answered: Annotated[Whole, Field(ge=1)]
    subscales: dict[Code, Subscale]

    @model_validator(mode="after")
    def _possible(self) -> "_Scale":
        if self.min_answered > self.n_items:
            raise wrong("min_answered", f"must be 1 to {self.n_items}, which is n_items")
        parts = {f"subscales.{name}.items": subscale.items for name, subscale in self.subscales.items()}
        _refuse_shared_items(parts, self.n_items)
        return self


class Mspss(_Scale):
    """Multidimensional Scale of Perceived Social Support."""

    instrument: Literal["mspss"] = "mspss"
    n_items: Annotated[Whole, Field(ge=1, le=12)]
    composite: Literal["mean", "sum", "sum_of_means"] = "mean"

    @model_validator(mode="after")
    def _three(self) -> "Mspss":
        if set(self.subscales) != {"significant_other", "family", "friends"}:
            raise wrong("subscales", "must be significant_other, family and friends")
        return self


class CopeSe(_Scale):
    """Coping Self-Efficacy scale."""

    instrument: Literal["copse"] = "copse"
    n_items: Annotated[Whole, Field(ge=1, le=26)]


class UricaKey(Settings):
    """Item numbers of the four subscales in the form in use."""

    precontemplation: Annotated[tuple[Item, ...], Field(min_length=1)]
    contemplation: Annotated[tuple[Item, ...], Field(min_length=1)]
    action: Annotated[tuple[Item, ...], Field(min_length=1)]
    maintenance: Annotated[tuple[Item, ...], Field(min_length=1)]


class Urica(Settings):
    """University of Rhode Island Change Assessment, and how its composite becomes a stage."""

    instrument: Literal["urica"] = "urica"
    n_items: Annotated[Whole, Field(ge=4, le=12)] = 12
    range: Range = (1, 5)
    key: UricaKey
    staging: Literal["cutoff", "nearest_mean", "highest_subscale"] = "cutoff"
    cutoffs: tuple[Number, Number, Number] = (8, 11, 14)
    nearest_means: tuple[Number, Number, Number] = (9.3, 11.0, 12.6)
    highest_tie: Literal["earlier", "later"] = "earlier"

    @model_validator(mode="after")
    def _consistent(self) -> "Urica":
        _refuse_shared_items({f"key.{name}": getattr(self.key, name) for name in URICA_SUBSCALES}, self.n_items)
        for name in ("cutoffs", "nearest_means"):
            values = getattr(self, name)
            if list(values) != sorted(set(values)):
                raise wrong(name, "must rise from each value to the next")
        return self


class Scales(Settings):
    """The three instruments."""

    mspss: Mspss
    cope_se: CopeSe
    urica: Urica
