"""The study's rows for people who work in SPSS: a labelled file, the same as syntax and CSV, and its codebook.

Only what the research zone holds: random IDs, no dates. Every missing value says why by a user-missing code. Names,
codes and labels come from the codebook, so they stay the same from release to release; the files hold no time, user,
machine or path.
"""

import csv
import io
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from assets.errors import DataError, Place
from assets.files import sync
from assets.ingest.config import CodeList
from assets.ingest.sav_layout import MultipleResponseSet
from assets.ingest.spss import SpssVariable
from assets.ingest.texts import fold
from assets.publish.codebook import Column
from assets.publish.zones import SHARED_FOLDER
from assets.savfile import write_sav

TABLE = "marts.client_study"
NAME = "client_study"
NOT_KNOWN, NO_ASSESSMENT, NO_SCORE = -99.0, -98.0, -97.0
REASONS = {
    NOT_KNOWN: "Not recorded or not defined",
    NO_ASSESSMENT: "No assessment at this wave",
    NO_SCORE: "Assessed, but no score on this scale",
}
_SPANISH = {
    "Yes": "Sí",
    "No": "No",
    REASONS[NOT_KNOWN]: "Sin registrar o sin definir",
    REASONS[NO_ASSESSMENT]: "Sin evaluación en este momento",
    REASONS[NO_SCORE]: "Evaluado, sin puntuación en esta escala",
}
_WAVES = ("t0", "t6")
_SCORES = ("mspss", "cope_se", "urica")
_ORDERED = "urica_stage"
_ENCODING = "* Encoding: UTF-8."
_SETS = (
    ("$victimization", "Victimizations noted", "victimization_"),
    ("$special", "Special classification", "special_"),
)
_FORMATS = {"BOOLEAN": "F3.0", "DOUBLE": "F12.4", "FLOAT": "F12.4"}


@dataclass(frozen=True)
class _Study:
    columns: dict[str, Any]
    variables: list[SpssVariable]
    sets: list[MultipleResponseSet]


def publish_spss(
    connection: duckdb.DuckDBPyConnection,
    codebook: Sequence[Column],
    research: Path,
    build_id: str,
    mode: int,
    *,
    code_lists: Mapping[str, CodeList],
) -> Path:
    """Write ``research/spss-<build>`` and point ``research/spss`` at it by one rename; older bundles are removed.

    ``connection`` holds the marts that were just published; ``code_lists`` are the forms' lists by column, which know
    the Spanish labels. Raises ``DataError`` for a column that must not leave the
    agency zone, or whose values are not those of the codebook.
    """
    target = research / f"spss-{build_id}"
    draft = research / f".spss-{build_id}.part"
    for stale in (target, *research.glob(".spss-*.part")):  # what a killed night left, or this build's first try
        if stale.exists():
            shutil.rmtree(stale)
    draft.mkdir()
    draft.chmod(SHARED_FOLDER)  # a night's umask makes every folder private
    write_spss_bundle(connection, codebook, draft, code_lists)
    for path in draft.iterdir():
        path.chmod(mode)
        sync(path)
    draft.replace(target)
    fresh = research / ".spss.new"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target.name)
    fresh.replace(research / "spss")
    sync(research)
    for older in research.glob("spss-*"):
        if older != target:
            shutil.rmtree(older)
    return target


def write_spss_bundle(
    connection: duckdb.DuckDBPyConnection,
    codebook: Sequence[Column],
    folder: Path,
    code_lists: Mapping[str, CodeList],
) -> None:
    """Write ``client_study.sav``, ``.sps``, ``.csv``, ``labels_es.sps`` and ``codebook.csv`` into ``folder``."""
    study = _study(connection, {column.name: column for column in codebook if column.table == TABLE})
    write_sav(folder / f"{NAME}.sav", study.columns, study.variables, study.sets, "Study data, one row a client")
    (folder / f"{NAME}.csv").write_text(_rows(study), encoding="utf-8", newline="")
    (folder / f"{NAME}.sps").write_text(_syntax(study), encoding="utf-8", newline="")
    (folder / "labels_es.sps").write_text(_spanish_syntax(study, code_lists), encoding="utf-8", newline="")
    (folder / "codebook.csv").write_text(_codebook(study, codebook), encoding="utf-8", newline="")


def _study(connection: duckdb.DuckDBPyConnection, codebook: dict[str, Column]) -> _Study:
    described = connection.execute(f"describe {TABLE}").fetchall()
    data = connection.execute(f"select * from {TABLE} order by client_id").fetchnumpy()
    types = {row[0]: str(row[1]) for row in described}
    cells = {name: _values(data[name]) for name in types}
    assessed = {wave: _assessed(cells, wave) for wave in _WAVES}
    columns: dict[str, Any] = {}
    variables = []
    for name, kind in types.items():
        column = codebook.get(name)
        if column is None or column.privacy in (None, "direct", "free_text"):
            raise DataError("UNTAGGED_COLUMN", f"a column of {TABLE} may not be published", Place(column=name))
        codes = {value: float(code) for code, value in enumerate(column.values, 1)} if kind == "VARCHAR" else {}
        if kind == "VARCHAR" and not codes:
            columns[name] = cells[name]
            variables.append(SpssVariable(name, column.label, "nominal", "", True, {}, []))
            continue
        columns[name] = [
            _code(value, codes, name) if value is not None else _reason(name, assessed, row)
            for row, value in enumerate(cells[name])
        ]
        labels = {code: value for value, code in codes.items()} | ({0.0: "No", 1.0: "Yes"} if kind == "BOOLEAN" else {})
        ordered = "ordinal" if name.startswith(_ORDERED) else "nominal"
        variables.append(
            SpssVariable(
                name,
                column.label,
                ordered if labels else "scale",
                "F3.0" if labels else _FORMATS.get(kind, "F8.0"),
                is_text=False,
                value_labels={**labels, **{code: REASONS[code] for code in _declared(name)}},
                user_missing=[{"lo": code, "hi": code} for code in _declared(name)],
            )
        )
    sets = [
        MultipleResponseSet(name, title, "dichotomy", "1", members)
        for name, title, prefix in _SETS
        if len(members := tuple(column for column in types if column.startswith(prefix))) > 1
    ]
    return _Study(columns, variables, sets)


def _values(cells: Any) -> list[Any]:
    """Python values with None for null (and for NaN, which no column of the marts means)."""
    import numpy

    masked = numpy.ma.getmaskarray(cells)
    plain = [None if gone else value for value, gone in zip(numpy.ma.getdata(cells).tolist(), masked, strict=True)]
    return [None if isinstance(value, float) and math.isnan(value) else value for value in plain]


def _assessed(cells: dict[str, list[Any]], wave: str) -> list[bool]:
    """For each row, whether any scale was scored at the wave."""
    scores = [values for name, values in cells.items() if name.startswith(_SCORES) and name.endswith(f"_{wave}")]
    n = len(next(iter(cells.values()), []))
    return [any(values[row] is not None for values in scores) for row in range(n)]


def _wave(name: str) -> str | None:
    wave = name.rsplit("_", 1)[-1]
    return wave if wave in _WAVES else None


def _declared(name: str) -> list[float]:
    """The user-missing codes of a column: which reasons it can have does not depend on this release's rows."""
    if _wave(name) is None:
        return [NOT_KNOWN]
    return [NO_ASSESSMENT, NO_SCORE] if name.startswith(_SCORES) else [NOT_KNOWN, NO_ASSESSMENT]


def _reason(name: str, assessed: dict[str, list[bool]], row: int) -> float:
    wave = _wave(name)
    if wave is None:
        return NOT_KNOWN
    if not assessed[wave][row]:
        return NO_ASSESSMENT
    return NO_SCORE if name.startswith(_SCORES) else NOT_KNOWN


def _code(value: Any, codes: dict[str, float], name: str) -> float:
    if codes:
        if value not in codes:
            raise DataError("UNKNOWN_CODE", f"a value of {TABLE} is not in the codebook", Place(column=name))
        return codes[value]
    number = float(value)
    if number in REASONS:
        raise DataError("OUT_OF_RANGE", f"a value of {TABLE} looks like a missing code", Place(column=name))
    return number


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else repr(value)
    return str(value)


def _rows(study: _Study) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([variable.name for variable in study.variables])
    writer.writerows(zip(*([_written(v) for v in study.columns[x.name]] for x in study.variables), strict=True))
    return out.getvalue()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _syntax(study: _Study) -> str:
    """Commands that make the same file from the CSV, for who wants to see what was declared."""
    width = {v.name: max([1, *(len(t or "") for t in study.columns[v.name])]) for v in study.variables if v.is_text}
    lines = [
        _ENCODING,
        "* Study data, one row a client: reads client_study.csv and declares what the SAV declares.",
        "",
    ]
    lines += ["GET DATA /TYPE=TXT /FILE='client_study.csv' /ENCODING='UTF8' /DELIMITERS=',' /QUALIFIER='\"'"]
    lines += ["  /ARRANGEMENT=DELIMITED /FIRSTCASE=2 /VARIABLES="]
    lines += [f"  {v.name} {f'A{width[v.name]}' if v.is_text else v.format}" for v in study.variables]
    lines[-1] += "."
    for v in study.variables:
        lines.append(f"VARIABLE LABELS {v.name} {_quoted(v.label or v.name)}.")
        lines.append(f"VARIABLE LEVEL {v.name} ({v.measure.upper()}).")
        if not v.is_text:
            lines.append(f"FORMATS {v.name} ({v.format}).")  # reading widens them where a code is longer
        lines += _labelled("VALUE LABELS", v.name, v.value_labels)
        if v.user_missing:
            lines.append(f"MISSING VALUES {v.name} ({', '.join(_written(span['lo']) for span in v.user_missing)}).")
    for found in study.sets:
        lines.append(
            f"MRSETS /MDGROUP NAME={found.name} LABEL={_quoted(found.label or '')} "
            f"VARIABLES={' '.join(found.members)} VALUE={found.counted}."
        )
    return "\n".join([*lines, "EXECUTE.", ""])


def _labelled(command: str, name: str, labels: Mapping[Any, str]) -> list[str]:
    """One command, one line a label: old versions cut lines at 256 characters."""
    if not labels:
        return []
    told = [f"{command} {name}", *(f"  {_written(code)} {_quoted(text)}" for code, text in sorted(labels.items()))]
    return [*told[:-1], f"{told[-1]}."]


def _spanish_syntax(study: _Study, code_lists: Mapping[str, CodeList]) -> str:
    """Commands that put Spanish value labels over those of the open file; where no list has one, it keeps its own."""
    lines = [_ENCODING, "* Etiquetas de valores en español: ejecutar con client_study.sav abierto.", ""]
    for v in study.variables:
        listed = code_lists[v.name].codes if v.name in code_lists else ()
        known = {fold(text): entry.es for entry in listed for text in (entry.en, entry.code)}
        labels = {code: _SPANISH.get(text) or known.get(fold(text)) for code, text in v.value_labels.items()}
        lines += _labelled("ADD VALUE LABELS", v.name, {code: text for code, text in labels.items() if text})
    return "\n".join([*lines, "EXECUTE.", ""])


def _codebook(study: _Study, codebook: Sequence[Column]) -> str:
    told = {column.name: column for column in codebook if column.table == TABLE}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["variable", "label", "meaning", "unit", "source", "measure", "format", "values", "user_missing"])
    for v in study.variables:
        missing = {span["lo"] for span in v.user_missing}
        labels = [f"{_written(code)} = {text}" for code, text in sorted(v.value_labels.items()) if code not in missing]
        reasons = [f"{_written(code)} = {REASONS[code]}" for code in sorted(missing)]
        column = told[v.name]
        writer.writerow(
            [v.name, column.label, column.meaning, column.unit, column.source, v.measure, v.format or "A",
             " | ".join(labels), " | ".join(reasons)]
        )  # fmt: skip
    return out.getvalue()
