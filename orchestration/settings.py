"""The environment is read here, at the edge, by whoever starts something, and nowhere else.

=====================  ==============================================================
``OUTCOMES_HOME``      the home folder (default ``./data``)
``OUTCOMES_CONFIG``    another ``config/`` folder than the checkout's
``OUTCOMES_KEY_FILE``  the key of the identified zone
=====================  ==============================================================
"""

from collections.abc import Mapping
from pathlib import Path

from assets.home import PROJECT_ROOT, Home

TELEMETRY_OFF = {
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
}
"""What every process started by this project finds in its environment."""

NIGHT_HOUR = 2
"""When the night starts, by the agency's clock."""


def home_from_env(environ: Mapping[str, str], root: Path | None = None) -> Home:
    """Make the typed paths; ``root`` (the ``--home`` option) wins over ``OUTCOMES_HOME``."""
    chosen = root or Path(environ.get("OUTCOMES_HOME") or "data")
    config = environ.get("OUTCOMES_CONFIG")
    key = environ.get("OUTCOMES_KEY_FILE")
    return Home(
        root=chosen.expanduser().resolve(),
        config=Path(config).expanduser().resolve() if config else PROJECT_ROOT / "config",
        key_file=Path(key).expanduser().resolve() if key else None,
    )
