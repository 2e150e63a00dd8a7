"""dbt's unit tests: the definitions told as examples, run on an empty warehouse."""

from pathlib import Path

import duckdb
import yaml
from warehouse_raw import create_raw

from assets.study_config import load_study_config
from assets.warehouse import DbtPaths, build


def test_every_example_of_the_definitions_holds(project_root: Path, tmp_path: Path) -> None:
    connection = duckdb.connect(str(tmp_path / "empty.duckdb"))
    create_raw(connection)
    connection.close()
    config = load_study_config(project_root / "config" / "study.yml")

    run = build(DbtPaths(tmp_path / "empty.duckdb", tmp_path / "dbt", tmp_path / "tmp"), config, exclude=[])

    written = [
        test["name"]
        for path in (project_root / "dbt_project" / "models").rglob("_unit_tests*.yml")
        for test in yaml.safe_load(path.read_text("utf-8"))["unit_tests"]
    ]
    ran = {node.unique_id.split(".")[-1]: node.status for node in run.nodes if node.resource_type == "unit_test"}
    assert ran == dict.fromkeys(written, "pass")
    assert run.success, [node.unique_id for node in run.failed]
    assert len(written) > 20
