"""The agency's clock: its time zone, read alone, because all maps of the feeds take half a second to load."""

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from assets.errors import ConfigError
from assets.yamlfile import read_yaml


def time_zone(config: Path) -> str:
    """Return ``time_zone`` of ``agency.yml`` below ``config``; ``ConfigError`` when it is missing."""
    try:
        return str(read_yaml((config / "agency.yml").read_text("utf-8"))["time_zone"])
    except (OSError, TypeError, KeyError, yaml.YAMLError):
        raise ConfigError("agency.yml: time_zone is missing") from None


def local_day(config: Path, moment: datetime) -> date:
    """Return the day it is at the agency at ``moment`` (with a time zone)."""
    return moment.astimezone(ZoneInfo(time_zone(config))).date()
