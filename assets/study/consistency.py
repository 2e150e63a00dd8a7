"""`outcomes consistency`: what printed figures imply about each other, for the paper's and for any user's."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from assets.errors import ConfigError
from assets.study.consistency_checks import CHECKS
from assets.study.consistency_models import Finding
from assets.study.rows import TEXT, Row, table
from assets.yamlfile import read_yaml

if TYPE_CHECKING:
    import pandas as pd

CONSISTENCY_COLUMNS: dict[str, str] = dict.fromkeys(
    ("finding", "check", "where", "printed", "implied", "verdict", "severity", "explanation"), TEXT
)
# Where the figures do not say how much hangs on a check.
SEVERITY = {
    "df_against_n": "high",
    "r2_from_f": "high",
    "p_from_f": "high",
    "coefficient_against_scale": "high",
    "stage_within_reach": "high",
    "events_per_parameter": "high",
    "grim": "low",
    "r2_precision": "low",
    "percent_against_n": "low",
    "parts_against_total": "low",
    "sample_sizes": "info",
}
SEVERITIES = ("high", "medium", "low", "info")
COMMON = {"kind", "where", "finding", "severity"}


def load_figures(path: Path | str) -> list[dict[str, Any]]:
    """Read printed figures: YAML with a list under `figures`, or a CSV with a column `kind` and a row a figure.

    In a CSV a list is written with ``|`` between its parts. Raises ConfigError naming the file and the entry.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"{path}: no such file")
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix.lower() == ".csv":
        figures: Any = _from_csv(text)
    else:
        try:
            content = read_yaml(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            raise ConfigError(f"{path}: not valid YAML" + (f" (line {mark.line + 1})" if mark else "")) from None
        figures = content.get("figures") if isinstance(content, dict) else None
    if not isinstance(figures, list) or not all(isinstance(figure, dict) for figure in figures):
        raise ConfigError(f"{path}: expected a list of figures under `figures`")
    for number, figure in enumerate(figures):
        if figure.get("kind") not in CHECKS:
            raise ConfigError(f"{path}: figures[{number}].kind: one of {', '.join(sorted(CHECKS))}")
    return figures


def _from_csv(text: str) -> list[dict[str, Any]]:
    import csv
    import io

    figures = []
    for row in csv.DictReader(io.StringIO(text)):
        figure: dict[str, Any] = {}
        for name, cell in row.items():
            if name and cell and cell.strip():
                figure[name] = [part.strip() for part in cell.split("|")] if "|" in cell else cell.strip()
        if figure.get("kind") == "percentages" and "count" in figure:
            figure["items"] = [{"count": int(figure.pop("count")), "percent": figure.pop("percent", "")}]
        if figure.get("kind") == "mean_of_whole_numbers" and isinstance(figure.get("n"), str):
            figure["n"] = [figure["n"]]
        if isinstance(figure.get("n"), str):
            figure["n"] = int(figure["n"])
        figures.append(figure)
    return figures


def check_figures(figures: list[dict[str, Any]], source: str = "figures") -> "pd.DataFrame":
    """The table of findings: verdict `consistent`, `inconsistent` or `note`, with the evidence in words.

    A figure that lacks something its check needs is a ConfigError naming the entry and, where known, the key.
    """
    rows: list[Row] = []
    for number, figure in enumerate(figures):
        try:
            findings = list(CHECKS[figure["kind"]](figure))
        except KeyError as error:
            raise ConfigError(f"{source}: figures[{number}]: a {figure['kind']} needs the key {error}") from None
        except (TypeError, ValueError, ZeroDivisionError, IndexError):
            raise ConfigError(f"{source}: figures[{number}]: a value of this {figure['kind']} cannot be read") from None
        rows += [_row(figure, finding) for finding in findings]
    return table("consistency", rows, CONSISTENCY_COLUMNS)


def _row(figure: dict[str, Any], finding: Finding) -> Row:
    check, printed, implied, agrees, explanation = finding
    verdict = "note" if agrees is None else ("consistent" if agrees else "inconsistent")
    named, severities = figure.get("finding"), figure.get("severity")
    severity = severities.get(check) if isinstance(severities, dict) else severities
    default = "info" if agrees is None else SEVERITY.get(check, "medium")
    return {
        "finding": named.get(check) if isinstance(named, dict) else named,
        "check": check,
        "where": figure.get("where"),
        "printed": printed,
        "implied": implied,
        "verdict": verdict,
        "severity": None if verdict == "consistent" else (severity or default),
        "explanation": explanation,
    }


def consistency(path: Path | str) -> "pd.DataFrame":
    """Check the figures of one file; the paper's are in `config/published/twis_2024.yml`."""
    return check_figures(load_figures(path), str(path))
