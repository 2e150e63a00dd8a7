"""The models compiled once for all test modules of a process: parsing the project takes five seconds."""

import tempfile
from functools import cache, partial
from pathlib import Path

from assets.publish.codebook import read_descriptions, read_metadata
from assets.study.inputs import behind
from assets.study.spec import parse_spec
from assets.study_config import StudyConfig, load_study_config
from assets.warehouse.compiled import CompiledModel, ModelCompiler
from assets.warehouse.dbt import DbtPaths
from assets.warehouse.explain_made import Elsewhere

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


@cache
def elsewhere() -> Elsewhere:
    """The tables that Python fills, as ``outcomes explain`` knows them."""
    spec = parse_spec(shipped_config().analysis, "study.yml: analysis")
    return Elsewhere(read_metadata(), read_descriptions(), partial(behind, spec))
