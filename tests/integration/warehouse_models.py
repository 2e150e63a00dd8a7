"""The models compiled once for all test modules of a process: parsing the project takes five seconds."""

import tempfile
from functools import cache
from pathlib import Path

from assets.study_config import StudyConfig, load_study_config
from assets.warehouse.compiled import CompiledModel, ModelCompiler
from assets.warehouse.dbt import DbtPaths

ROOT = Path(__file__).resolve().parents[2]


@cache
def shipped_config() -> StudyConfig:
    return load_study_config(ROOT / "config" / "study.yml")


@cache
def shipped_compiler() -> ModelCompiler:
    folder = Path(tempfile.mkdtemp(prefix="outcomes-compiled-"))
    return ModelCompiler(DbtPaths(Path(":memory:"), folder / "dbt", folder / "tmp"), shipped_config())


@cache
def shipped_models() -> tuple[CompiledModel, ...]:
    return shipped_compiler().compile(shipped_config())
