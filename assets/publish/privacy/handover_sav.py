"""The rows of a release for SPSS: the cells of ``rows.csv`` under labels, and nothing that the CSV does not tell.

So a missing cell is system-missing: why it is missing (as ``research/spss`` says) was not asked for by the project.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.ingest.spss import SpssVariable
from assets.publish.codebook import Column
from assets.publish.privacy.projects import Project
from assets.savfile import write_sav

if TYPE_CHECKING:
    import pandas as pd


def write_rows_sav(path: Path, rows: "pd.DataFrame", project: Project, columns: Iterable[Column]) -> None:
    """Write ``rows`` (client_id and the project's variables) as a SAV of fixed date and label, without notes.

    Texts become codes, in the codebook's order and then by the alphabet for merged levels; yes and no become 1 and 0.
    """
    told = {column.name: column for column in columns if column.table == "marts.client_study"}
    cells: dict[str, list[Any]] = {}
    variables = []
    for name in rows.columns:
        values = [None if gone else value for value, gone in zip(rows[name].tolist(), rows[name].isna(), strict=True)]
        if name == "client_id":
            cells[name] = values
            variables.append(SpssVariable(name, "Client", "nominal", "", True, {}, []))
            continue
        column = told[name]
        texts = {value for value in values if isinstance(value, str)}
        listed = [value for value in column.values if name not in project.merge or value in texts] if texts else []
        codes = {text: float(code) for code, text in enumerate([*listed, *sorted(texts - set(listed))], 1)}
        yes_no = all(isinstance(value, bool) for value in values if value is not None)
        labels = {code: text for text, code in codes.items()} or ({0.0: "No", 1.0: "Yes"} if yes_no else {})
        cells[name] = [
            codes[value] if isinstance(value, str) else None if value is None else float(value) for value in values
        ]
        whole = all(value is None or float(value) == int(value) for value in cells[name])
        form = "F8.0" if whole else "F12.4"
        banded = f" (lower end of bands of {project.bands[name]})" if name in project.bands else ""
        measure = "nominal" if labels else "scale"
        variables.append(SpssVariable(name, column.label + banded, measure, form, False, dict(labels), []))
    write_sav(path, cells, variables, label="Rows released to a project, one a client")
