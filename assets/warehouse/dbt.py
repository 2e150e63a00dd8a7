"""dbt in this process: one place that knows its flags, its environment and the connections it leaves behind.

The command line costs about seven seconds more a night than the in-process runner (it starts Python twice to learn its
own version and adapter). The runner prints and logs messages that quote SQL and, on a fault, values: nothing of it
reaches the terminal, its files stay in the identified zone, and only names, states and counts are handed on.
"""

import gc
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assets.home import PROJECT_ROOT, Home
from assets.keys import Key, load_key
from assets.study_config import StudyConfig
from assets.warehouse.database import ALIAS

PROJECT = PROJECT_ROOT / "dbt_project"
SOURCE_SUFFIXES = {".sql", ".yml", ".csv", ".md"}
IN_MEMORY = Path(":memory:")
WRITERS = ("parse", "docs", "compile")
NO_UNIT_TESTS = "test_type:unit"
"""dbt's unit tests check the SQL, not the data: they run in the test suite, not every night."""

_INCREMENTAL = re.compile(r"^snapshot:\s*['\"]?incremental\b", re.MULTILINE)
_FEED = re.compile(r"^feed:\s*['\"]?(\w+)", re.MULTILINE)
_NODE = re.compile(r"(?:Runtime|Database|Compilation|Failure|Contract) Error in \w+ \w+|Failure in \w+ \w+")
_KIND = re.compile(r"\b([A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+){0,2}) Error:")
_OF_DBT = re.compile(r"\s*(?:Compilation Error|Parsing Error|Failure) in ")
_ABOUT_NAMES = {"Binder", "Catalog", "Parser"}
_QUIET = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1", "DBT_USE_EXPERIMENTAL_PARSER": "false"}


@dataclass(frozen=True)
class DbtPaths:
    """Where dbt reads and writes: the project, its artefacts (identified zone), the database, the spill folder.

    ``key`` opens an encrypted database.
    """

    database: Path
    target: Path
    temp: Path
    project: Path = PROJECT
    feeds: Path | None = None
    key: Key | None = field(default=None, repr=False)

    @classmethod
    def of(cls, home: Home) -> "DbtPaths":
        """Return the places of one home folder; raises ``ConfigError`` for a missing or wrong key."""
        return cls(
            database=home.work_db,
            target=home.dbt,
            temp=home.temp,
            feeds=home.config / "feeds",
            key=load_key(home),
        )

    @property
    def manifest(self) -> Path:
        """dbt's description of every node, written by ``ensure_manifest``."""
        return self.target / "manifest.json"

    @property
    def errors(self) -> Path:
        """What dbt said about errors of the SQL; of errors that may quote a value only the kind."""
        return self.target / "logs" / "errors.log"


@dataclass(frozen=True)
class NodeResult:
    """What became of one model or test: never a message, which may quote a value. ``sql`` is the compiled query."""

    unique_id: str
    resource_type: str
    status: str
    failures: int | None
    seconds: float
    severity: str = "error"
    schema: str = ""
    sql: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """The node's own name, e.g. ``client_study``."""
        return self.unique_id.split(".")[2]


@dataclass(frozen=True)
class DbtRun:
    """The outcome of one invocation, node by node in the order they ran."""

    success: bool
    nodes: tuple[NodeResult, ...] = field(default=())

    @property
    def failed(self) -> tuple[NodeResult, ...]:
        """Nodes that did not do: errors and failed tests; what was skipped because of them is not counted."""
        return tuple(node for node in self.nodes if node.status in ("error", "fail", "runtime error"))


Progress = Callable[[str], None]


def build(
    paths: DbtPaths,
    config: StudyConfig,
    select: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    progress: Progress | None = None,
    *,
    arguments: Sequence[str] = (),
    indirect_selection: str | None = None,
    extra_vars: Mapping[str, Any] | None = None,
) -> DbtRun:
    """Build models and run their tests, each test before what depends on its model.

    ``select`` and ``exclude`` are dbt selectors (default: everything but unit tests); ``arguments`` are further words
    of the command line, as an orchestrator's own selection gives them. ``extra_vars`` are variables that are no
    settings, such as ``as_of``. ``progress`` is called with the name of each finished node. A failing test is a result,
    not an exception. Raises ``RuntimeError`` naming the kind of fault when dbt could not start at all.
    """
    words = ["build", *arguments]
    if select:
        words += ["--select", *select]
    if exclude is not None:
        words += ["--exclude", *exclude] if exclude else []
    elif "--exclude" not in arguments:
        words += ["--exclude", NO_UNIT_TESTS]
    if indirect_selection:
        words += ["--indirect-selection", indirect_selection]
    return invoke(paths, config, words, progress, extra_vars=extra_vars)


def invoke(
    paths: DbtPaths,
    config: StudyConfig,
    arguments: Sequence[str],
    progress: Progress | None = None,
    *,
    extra_vars: Mapping[str, Any] | None = None,
) -> DbtRun:
    """Run one dbt command in this process and close every connection it opened."""
    outcome = run_dbt(paths, config, arguments, progress, writes=arguments[0] in WRITERS, extra_vars=extra_vars)
    results = getattr(outcome.result, "results", ())
    # An exposure passes through a build like a node, and is none: nothing is made.
    return DbtRun(
        bool(outcome.success),
        tuple(_node(result) for result in results if str(result.node.resource_type) != "exposure"),
    )


def run_dbt(
    paths: DbtPaths,
    config: StudyConfig,
    arguments: Sequence[str],
    progress: Progress | None = None,
    *,
    writes: bool,
    extra_vars: Mapping[str, Any] | None = None,
    manifest: Any = None,
) -> Any:
    """Run one dbt command and return dbt's own result object, which may quote values: for callers in this room only.

    ``writes`` lets dbt write its JSON artefacts; ``manifest`` is a parsed project, which spares the parse. Raises
    ``RuntimeError`` naming the kind of fault when the command gave no results at all.
    """
    from dbt.cli.main import dbtRunner

    def noticed(event: Any) -> None:
        if progress and event.info.name == "NodeFinished":
            progress(str(event.data.node_info.node_name))
        elif event.info.level == "error":
            _note_error(paths.errors, event.info.ts.ToJsonString(), event.info.msg)

    flags = _flags(paths, variables(paths, config, extra_vars), writes=writes)
    with _surroundings(paths):
        outcome = dbtRunner(manifest=manifest, callbacks=[noticed]).invoke([*arguments, *flags])
    if outcome.result is None:
        raise RuntimeError(f"dbt {arguments[0]} could not run: {type(outcome.exception).__name__}") from None
    return outcome


def ensure_manifest(paths: DbtPaths, config: StudyConfig) -> Path:
    """Return the manifest of the project under these settings, parsing only when sources or settings changed.

    The stamp beside it is the hash of both. dbt keeps its partial parse in the same folder, so the build that follows
    does not parse again.
    """
    stamp = paths.target / "manifest.stamp"
    wanted = variables(paths, config)["models_stamp"]
    if not (paths.manifest.is_file() and stamp.is_file() and stamp.read_text(encoding="ascii") == wanted):
        invoke(paths, config, ["parse"])
        stamp.write_text(wanted, encoding="ascii")
    return paths.manifest


def variables(paths: DbtPaths, config: StudyConfig, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Settings as dbt variables, with the feeds whose exports are not full snapshots.

    ``models_stamp`` is the hash of all of them and of the project: what staging was made by (``files_staged``).
    """
    settings = {**config.dbt_vars(), "incremental_feeds": incremental_feeds(paths.feeds), **(extra or {})}
    return {**settings, "models_stamp": _fingerprint(paths, settings)}


def incremental_feeds(folder: Path | None) -> list[str]:
    """Names of the feeds whose map says ``snapshot: incremental``, in alphabetical order."""
    found = []
    for path in sorted(folder.glob("*.yml")) if folder and folder.is_dir() else ():
        # Two top-level scalars are wanted; parsing the maps as YAML takes 0.2 s, a tenth of a warm build.
        text = path.read_text(encoding="utf-8")
        if _INCREMENTAL.search(text):
            name = _FEED.search(text)
            found.append(name[1] if name else path.stem)
    return found


def _flags(paths: DbtPaths, settings: Mapping[str, Any], *, writes: bool) -> list[str]:
    return [
        "--project-dir", str(paths.project),
        "--profiles-dir", str(paths.project),
        "--target-path", str(paths.target),
        "--log-path", str(paths.target / "logs"),
        "--log-level", "none",
        "--log-level-file", "none",
        "--no-version-check",
        # `parse` alone writes the manifest: a build would write it twice more, in 0.4 s, and run_results.json beside it
        # would keep the messages of failed tests.
        *([] if writes else ["--no-write-json"]),
        "--vars", json.dumps(settings, sort_keys=True),
    ]  # fmt: skip


@contextmanager
def _surroundings(paths: DbtPaths) -> Iterator[None]:
    """Set dbt's environment for the length of one command, then undo it and free the database file."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    from assets.warehouse.dbt_plugin import handed

    paths.target.mkdir(parents=True, exist_ok=True, mode=0o700)
    in_memory = paths.database == IN_MEMORY
    wanted = {**_QUIET, "OUTCOMES_DBT_DATABASE": "memory" if in_memory else ALIAS}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    # dbt makes millions of small objects and keeps most: looking for rubbish among them takes a tenth of its time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        with nullcontext() if in_memory else handed(paths.database, paths.temp, paths.key):
            yield
    finally:
        if collecting:
            gc.enable()
        environment = DuckDBConnectionManager._ENV
        DuckDBConnectionManager.close_all_connections()
        if environment is not None:
            environment.close()  # dbt leaves that to the collector, and until then nobody else may attach the file
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _note_error(path: Path, moment: str, message: str) -> None:
    """Keep dbt's own words where they are about names; its log file would cost a tenth of a warm build."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("a", encoding="utf-8") as log:
        log.write(f"{moment} {without_values(message)}\n")


def without_values(message: str) -> str:
    """Return an error message of dbt without what may be a cell's value.

    Errors of DuckDB's parser, binder and catalogue are about our SQL and its names; every other kind (conversion,
    constraint, range …) quotes the cell it stumbled over, and then only dbt's line about the node and the kind stay.
    """
    kinds = _KIND.findall(message)
    if set(kinds) <= _ABOUT_NAMES and (kinds or _OF_DBT.match(message)):
        return message
    node = _NODE.search(message)
    told = [node[0] if node else "an error outside of a node", *(f"{kind} Error" for kind in dict.fromkeys(kinds))]
    return "; ".join(told)


def _node(result: Any) -> NodeResult:
    return NodeResult(
        unique_id=str(result.node.unique_id),
        resource_type=str(result.node.resource_type),
        status=str(result.status),
        failures=result.failures,
        seconds=float(result.execution_time),
        severity=str(getattr(result.node.config, "severity", None) or "error").lower(),
        schema=str(result.node.schema),
        sql=str(getattr(result.node, "compiled_code", None) or ""),
    )


def _fingerprint(paths: DbtPaths, settings: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path in sorted(paths.project.rglob("*")):
        if path.suffix in SOURCE_SUFFIXES and path.is_file():
            digest.update(str(path.relative_to(paths.project)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
