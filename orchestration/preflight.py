"""Mistakes in the settings that would stop a night half-way, or never be told: looked for before anything is read."""

import json
from collections.abc import Mapping
from typing import Any

from assets.errors import ConfigError
from assets.home import Home
from assets.near import instead
from assets.study.contract import Promised, check_spec
from assets.study.spec import Spec, parse_spec
from assets.study_config import StudyConfig

STUDY_TABLE = "client_study"


def check_study(config: StudyConfig, manifest: Mapping[str, Any]) -> Spec:
    """Return the study's analyses; ``ConfigError`` where they, or the published data set, ask for an absent column.

    ``manifest`` is dbt's: the contract of ``marts.client_study`` is enforced, so that a built table has these columns
    and no other. A column that an agency adds to the model stands there, too.
    """
    columns = _columns(manifest)
    spec = parse_spec(config.analysis, "study.yml: analysis")
    check_spec(spec, columns, "study.yml: analysis")
    for variable, name in config.minimal_dataset.items():
        if name not in columns:
            raise ConfigError(
                f"study.yml: minimal_dataset.{variable}: client_study has no column {name!r}; {instead(name, columns)}"
            )
    return spec


def check_beside(home: Home, config: StudyConfig) -> None:
    """Raise ``ConfigError`` for a mistake in ``disclosure.yml`` or ``follow_up.yml``.

    Both are read at the end of a night, when the research file is out already. Needs dbt's manifest in ``home``.
    """
    from assets.publish.privacy.policy import load_policy
    from assets.publish.privacy.policy_names import FLAGS, check_names
    from assets.warehouse.follow_up import load_follow_up

    load_follow_up(home.config / "follow_up.yml")
    policy = load_policy(home.config)
    spec = parse_spec(config.analysis, "study.yml: analysis")
    levels = {
        name: promised.values or (FLAGS if promised.is_flag else None)
        for name, promised in _columns(json.loads(home.manifest.read_text("utf-8"))).items()
    }
    scales = [scale["name"] for scale in config.dbt_vars()["scales"]]
    check_names(policy, levels, [*scales, *(pair.name for pair in (*spec.pairs, *spec.scales))])


def _columns(manifest: Mapping[str, Any]) -> dict[str, Promised]:
    node = next(
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and (node["schema"], node["name"]) == ("marts", STUDY_TABLE)
    )
    return {name: _promised(column) for name, column in node["columns"].items()}


def _promised(column: Mapping[str, Any]) -> Promised:
    values = column["config"]["meta"].get("values") or ()
    kind = column["data_type"]
    return Promised(kind == "string", kind == "boolean", tuple(str(value) for value in values))
