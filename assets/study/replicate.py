"""The study on one wide file: what `outcomes replicate` calls, and `results.json`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from assets.errors import ConfigError
from assets.study.rows import records
from assets.study.run import run_study
from assets.study.spec import Spec, load_spec
from assets.study.wide import WideFile, labelled_frame, read_wide

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["records", "replicate", "results_json", "run_on_wide", "write_csv"]


def replicate(file: Path | str | WideFile, spec_path: Path | str) -> "dict[str, pd.DataFrame]":
    """Run the spec at ``spec_path`` on a SAV, CSV or XLSX file; the tables of `run_study`.

    Raises DataError for a file that cannot be read and ConfigError for a spec that does not fit it.
    """
    spec = load_spec(spec_path)
    wide = file if isinstance(file, WideFile) else read_wide(file)
    return run_on_wide(wide, spec, str(spec_path))


def run_on_wide(wide: WideFile, spec: Spec, source: str) -> "dict[str, pd.DataFrame]":
    """`run_study` on a file already read; a ConfigError then names ``source``, the file of the spec."""
    try:
        return run_study(labelled_frame(wide, spec), spec, declared=wide.declared)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from None


def results_json(tables: "dict[str, pd.DataFrame]") -> str:
    """The text of `results.json`: table name -> list of records; numbers in full precision, null where undefined."""
    return json.dumps({name: records(table) for name, table in tables.items()}, indent=1, allow_nan=False) + "\n"


def write_csv(tables: "dict[str, pd.DataFrame]", folder: Path) -> list[Path]:
    """Write each table as a tidy CSV (`<table>.csv`, UTF-8, empty cell for null, shortest exact numbers)."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in tables.items():
        path = folder / f"{name}.csv"
        table.to_csv(path, index=False, lineterminator="\n")
        written.append(path)
    return written
