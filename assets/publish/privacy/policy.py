"""The disclosure policy: ``config/disclosure.yml`` as a typed object, floors that need an explicit override."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assets.errors import ConfigError
from assets.mistakes import told
from assets.publish.privacy.retention import Retention
from assets.yamlfile import read_yaml, trouble

PUBLIC_FLOOR = 11
RESEARCH_FLOOR = 3
FILE = "disclosure.yml"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Public(_Part):
    """Rules of the public zone; see the comments in the file."""

    k: Annotated[int, Field(ge=2)] = PUBLIC_FLOOR
    percentile_side: Annotated[int, Field(ge=1)] = 10
    min_df_resid: Annotated[int, Field(ge=1)] = 10
    min_class: Annotated[int, Field(ge=1)] = 11
    dominance: Annotated[float, Field(gt=0, le=1)] = 0.5


class Research(_Part):
    """Rules of releases of rows to a research project."""

    warn_k: Annotated[int, Field(ge=1)] = 5
    refuse_k: Annotated[int, Field(ge=1)] = RESEARCH_FLOOR
    l: Annotated[int, Field(ge=1)] = 2  # noqa: E741 - the name the literature gives it


class Merge(_Part):
    """One step of collapsing: ``levels`` become ``into``."""

    into: str
    levels: tuple[str, ...]


class Override(_Part):
    """Leave to publish below a floor until ``expires``."""

    zone: Literal["public", "research"]
    k: Annotated[int, Field(ge=1)]
    approver: Annotated[str, Field(min_length=3)]
    reason: Annotated[str, Field(min_length=10)]
    expires: date


class Policy(_Part):
    """The whole file."""

    public: Public = Public()
    research: Research = Research()
    collapse: dict[str, tuple[Merge, ...]] = {}
    same: tuple[tuple[str, str], ...] = ()
    nested: tuple[tuple[str, str], ...] = ()
    sums: dict[str, tuple[str, ...]] = {}
    overrides: tuple[Override, ...] = ()
    retention: Retention = Retention()

    def override(self, zone: str, today: date) -> Override | None:
        """Return the override of ``zone`` that is in force, the lowest k first."""
        valid = [entry for entry in self.overrides if entry.zone == zone and entry.expires >= today]
        return min(valid, key=lambda entry: (entry.k, entry.approver)) if valid else None

    def public_k(self, today: date) -> int:
        """Return the k in force; raises ``ConfigError`` when the file asks for less than the floor without leave."""
        wanted = self.public.k
        granted = self.override("public", today)
        floor = granted.k if granted else PUBLIC_FLOOR
        if wanted < floor:
            raise ConfigError(
                f"{FILE}: public.k is below {floor}: an override with approver, reason and a coming expiry is needed"
            )
        return wanted

    def watermark(self, today: date) -> str | None:
        """Return the sentence every page must carry while small groups are shown by leave."""
        granted = self.override("public", today)
        if granted is None or self.public.k >= PUBLIC_FLOOR:
            return None
        return (
            f"Groups from {self.public.k} clients on are shown by leave of {granted.approver}"
            f" until {granted.expires.isoformat()}: {granted.reason}"
        )


def load_policy(config: Path) -> Policy:
    """Read ``disclosure.yml`` in ``config``; raises ``ConfigError`` naming the file and the key."""
    try:
        content = read_yaml((config / FILE).read_text("utf-8"))
    except OSError:
        raise ConfigError(f"{FILE}: the file is missing") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{FILE}: {trouble(error)}") from None
    try:
        return Policy.model_validate(content or {})
    except ValidationError as error:
        raise ConfigError(f"{FILE}: {told(error, Policy)}") from None
