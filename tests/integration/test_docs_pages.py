"""The pages made from the models' descriptions: the committed dictionary is true, exposures name what people open."""

import json
from pathlib import Path

import pytest
from warehouse_models import shipped_compiler

from assets.publish.codebook import read_descriptions, read_manifest, read_metadata
from assets.publish.dictionary import as_markdown

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def manifest() -> dict[str, object]:
    return shipped_compiler().manifest()


def test_the_committed_dictionary_is_what_the_metadata_say(
    manifest: dict[str, dict[str, dict]], tmp_path: Path
) -> None:
    """After a change of the dbt project or of metadata.yml: ``make dictionary``."""
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    columns = [*read_manifest(tmp_path / "manifest.json"), *read_metadata()]
    tables = {
        f"marts.{node['name']}": node["description"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }
    page = as_markdown(columns, tables | read_descriptions())
    assert (ROOT / "docs" / "data-dictionary.md").read_text("utf-8") == page
    assert all(column.meaning and column.label for column in columns)
    assert page.count("\n| `") == len(columns)


def test_exposures_name_what_people_open_and_nobody(manifest: dict[str, dict[str, dict]]) -> None:
    exposures = {node["name"]: node for node in manifest["exposures"].values()}
    assert set(exposures) == {
        "evaluators_report", "study_models", "research_database", "agency_database", "public_release", "follow_up_list",
    }  # fmt: skip
    for exposure in exposures.values():
        assert exposure["owner"]["name"] == "Evaluation team"
        assert not exposure["owner"].get("email")
        assert exposure["description"]
    marts = {name for name, node in manifest["nodes"].items() if node["schema"] == "marts" and "model." in name}
    assert marts == set(exposures["research_database"]["depends_on"]["nodes"])
