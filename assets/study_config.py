"""The definitions of the study as one typed object, read from ``config/study.yml``.

The same object reaches SQL as dbt variables and Python as attributes, so that a definition stands in one place. Every
mistake in the file is a ``ConfigError`` that names the file and the key.
"""

import csv
import hashlib
import json
import re
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, model_validator

from assets.errors import ConfigError
from assets.mistakes import told, wrong
from assets.near import instead
from assets.study_scoring import readiness, scored_scales
from assets.study_settings import (
    Age,
    Code,
    Goals,
    MonthsOfService,
    Period,
    Residence,
    Scales,
    Services,
    ServiceType,
    Settings,
    Surveys,
    Waves,
)
from assets.yamlfile import read_yaml, trouble

WITHOUT_A_CODE = frozenset({"not_recorded", "unmapped"})
"""What stands for an empty cell and for a word that no list knows."""


class StudyConfig(Settings):
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
    service_types: tuple[ServiceType, ...] = ()
    minimal_dataset: dict[str, Code] = Field(default_factory=dict)
    analysis: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _no_type_twice_on_a_day(self) -> "StudyConfig":
        lines = sorted(self.service_types, key=lambda line: (line.service_type, line.valid_from or date.min))
        for first, second in pairwise(lines):
            same = first.service_type == second.service_type
            if same and (second.valid_from or date.min) <= (first.valid_to or date.max):
                raise wrong("service_types", f"two lines of {first.service_type} are valid on the same day")
        return self

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
            "service_types": [line.model_dump(mode="json") for line in self.service_types],
            "months_method": self.months_of_service.method,
            "goal_denominator": self.goals.denominator,
            "main_counties": list(self.residence.main_counties),
            "scales": scored_scales(self.scales),
            "mspss_composite": self.scales.mspss.composite,
            **readiness(urica.key),
            "urica_staging": urica.staging,
            "urica_cutoffs": list(urica.cutoffs),
            "urica_nearest_means": list(urica.nearest_means),
            "urica_highest_tie": urica.highest_tie,
        }


def load_study_config(path: Path) -> StudyConfig:
    """Read and check ``path`` and, where it exists, ``service_types.csv`` beside it.

    Raises ``ConfigError`` that names the file and the first wrong key.
    """
    try:
        raw = read_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path.name}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: {trouble(error)}") from None
    if not isinstance(raw, dict):
        raise ConfigError(f"{path.name}: holds no settings")
    types = path.with_name("service_types.csv")
    if types.is_file():
        raw = {**raw, "service_types": _service_types(types)}
    config = study_config(raw, path.name)
    lists = path.parent / "feeds" / "code_lists.yml"
    if lists.is_file():
        _refuse_unknown_codes(config, path.name, _codes(lists, lists.stat().st_mtime_ns))
    return config


@cache
def _codes(path: Path, _changed: int) -> dict[str, frozenset[str]]:
    """Name of a list → its codes; a list of plain names has them in lower case with underscores.

    What is no list is left out: whoever reads the feeds tells that.
    """
    found = {}
    for name, body in read_yaml(path.read_text(encoding="utf-8")).items():
        names = body.get("names") if isinstance(body, dict) else None
        if isinstance(names, list):
            found[name] = frozenset("_".join(re.findall("[a-z0-9]+", str(text).lower())) for text in names)
        elif isinstance(body, list):
            found[name] = frozenset(str(entry["code"]) for entry in body if isinstance(entry, dict) and "code" in entry)
    return found


def _refuse_unknown_codes(config: StudyConfig, source: str, lists: dict[str, frozenset[str]]) -> None:
    """A misspelt county would make every client of it outlying, and nobody would be told."""
    for source_name, key, listed, used in (
        (source, "residence.main_counties", "county", config.residence.main_counties),
        (source, "services.non_counting_contact_types", "contact_type", config.services.non_counting_contact_types),
        ("service_types.csv", "service_type", "service_type", [line.service_type for line in config.service_types]),
    ):
        known = lists.get(listed, frozenset()) | WITHOUT_A_CODE
        for code in used:
            if known != WITHOUT_A_CODE and code not in known:
                near = instead(code, sorted(known))
                raise ConfigError(f"{source_name}: {key}: {code} is no {listed} of code_lists.yml; {near}")


def _service_types(path: Path) -> list[dict[str, Any]]:
    """Lines of the table of service types, checked one by one so that a mistake is told by its line."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    for number, line in enumerate(lines, start=2):
        filled = {key: value for key, value in line.items() if value not in (None, "")}
        try:
            ServiceType.model_validate(filled)
        except ValidationError as error:
            raise ConfigError(f"{path.name}: line {number}: {told(error, ServiceType)}") from None
        lines[number - 2] = filled
    return list(lines)


def study_config(settings: dict[str, Any], source: str) -> StudyConfig:
    """Check settings that are already read; ``source`` is how a mistake's message calls them."""
    try:
        return StudyConfig.model_validate(settings)
    except ValidationError as error:
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise ConfigError(f"{source}: {told(error, StudyConfig)}{more}") from None
