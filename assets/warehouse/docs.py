"""dbt's documentation as one page that opens without a network and asks nobody for anything."""

from pathlib import Path

from assets.errors import ConfigError
from assets.study_config import StudyConfig
from assets.warehouse.dbt import DbtPaths, run_dbt

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:; "
    "font-src data:; connect-src 'none'; form-action 'none'; base-uri 'none'"
)
TRACKER = "https://fuzzed.getdbt.com/"


def write_docs(paths: DbtPaths, config: StudyConfig, page: Path) -> Path:
    """Write every model with its description, grain, columns, tests, SQL and lineage graph to ``page`` (one HTML file).

    The database must have been built once. dbt's own page holds the address of a usage tracker, silent while telemetry
    is off: it is taken out, and a content policy forbids the page every connection. The page quotes SQL of the
    identified zone, no data. Raises ``ConfigError`` when dbt could not make it.
    """
    outcome = run_dbt(paths, config, ["docs", "generate", "--static"], writes=True)
    made = paths.target / "static_index.html"
    if not outcome.success or not made.is_file():
        raise ConfigError("dbt_project: the documentation could not be made; see errors.log in the agency's dbt folder")
    text = made.read_text("utf-8").replace(TRACKER, "about:blank")
    head = text.index("<head>") + len("<head>")
    page.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    page.write_text(
        f'{text[:head]}<meta http-equiv="Content-Security-Policy" content="{POLICY}">{text[head:]}', "utf-8"
    )
    for name in ("static_index.html", "index.html", "run_results.json", "catalog.json", "graph.gpickle"):
        (paths.target / name).unlink(missing_ok=True)
    return page
