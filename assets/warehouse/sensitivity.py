"""The multiverse of definitions: the same data under each alternative reading, and which findings survive.

One definition is changed at a time. Staging does not depend on the settings, so it is taken as it stands and only the
models behind ``client_study`` run again, in memory. What a finding is, the caller says: this room knows no statistics.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from assets.study_config import StudyConfig, study_config
from assets.warehouse.compiled import ModelCompiler, run_models

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05


@dataclass(frozen=True)
class Alternative:
    """One other reading: the setting's key and its other value."""

    key: str
    value: Any
    told: str = ""

    @property
    def label(self) -> str:
        """E.g. ``services.unit: note``; ``told`` stands for a value that is too long to read."""
        if self.told:
            return f"{self.key}: {self.told}"
        if isinstance(self.value, Mapping):
            return f"{self.key}: " + ", ".join(f"{name} {value}" for name, value in self.value.items())
        if isinstance(self.value, list):
            return f"{self.key}: {', '.join(map(str, self.value)) or 'none'}"
        if isinstance(self.value, bool):
            return f"{self.key}: {str(self.value).lower()}"  # as YAML writes it
        return f"{self.key}: {self.value}"


ALTERNATIVES: tuple[Alternative, ...] = (
    Alternative("services.unit", "service_type"),
    Alternative("services.unit", "note"),
    Alternative("services.unit", "client_day"),
    Alternative("services.non_counting_contact_types", []),
    Alternative("months_of_service.method", "fractional"),
    Alternative("months_of_service.method", "completed"),
    Alternative("goals.denominator", "all"),
    Alternative("goals.denominator", "minus_discontinued"),
    Alternative("goals.denominator", "closed_only"),
    Alternative("waves.t0", {"first_day": 0, "last_day": 30}),
    Alternative("waves.t0", {"first_day": 0, "last_day": 90}),
    Alternative("waves.t0", {"first_day": -30, "last_day": 60}),
    Alternative("waves.t6", {"target_days": 182, "within_days": 30}),
    Alternative("waves.t6", {"target_days": 182, "within_days": 60}),
    Alternative("surveys.accept_unfinished", False),
    Alternative("scales.mspss.composite", "mean"),
    Alternative("scales.mspss.composite", "sum"),
    Alternative("scales.mspss.composite", "sum_of_means"),
    Alternative("scales.mspss.missing", "strict"),
    Alternative("scales.cope_se.missing", "strict"),
    Alternative("scales.urica.staging", "cutoff"),
    Alternative("scales.urica.staging", "nearest_mean"),
    Alternative("scales.urica.staging", "highest_subscale"),
    Alternative(
        "scales.urica.key",
        {"precontemplation": [1, 2, 3], "contemplation": [4, 5, 6], "action": [7, 8, 9], "maintenance": [10, 11, 12]},
        "items in blocks of three",
    ),
    Alternative("age.as_of", "study.start"),
    Alternative("study.end", "first day of that month"),
)
"""Other readings of the definitions; those that equal the settings in force are passed over."""


@dataclass(frozen=True)
class Finding:
    """A headline number: its n, the estimate, and p where there is a test."""

    n: int
    estimate: float | None
    p: float | None = None


Findings = Callable[["pd.DataFrame", StudyConfig], Mapping[str, Finding]]


def changed(config: StudyConfig, alternative: Alternative) -> StudyConfig | None:
    """Return the settings with the one change; None when they say so already or the study ended before its start."""
    settings: dict[str, Any] = copy.deepcopy(config.model_dump(mode="json"))
    *parents, last = alternative.key.split(".")
    place = settings
    for key in parents:
        place = place[key]
    place[last] = _day(config, alternative) or alternative.value
    if settings["study"]["end"] < settings["study"]["start"]:
        return None
    other = study_config(settings, alternative.label)
    return None if other.hash == config.hash else other


def _day(config: StudyConfig, alternative: Alternative) -> str | None:
    """Two alternatives are days of the study in force: its other end, and its last month read as that month's first."""
    days = {
        ("age.as_of", "study.start"): config.study.start,
        ("study.end", "first day of that month"): config.study.end.replace(day=1),
    }
    day = days.get((alternative.key, alternative.value)) if isinstance(alternative.value, str) else None
    return day.isoformat() if day else None


def client_studies(
    connection: duckdb.DuckDBPyConnection,
    compiler: ModelCompiler,
    config: StudyConfig,
    alternatives: Sequence[Alternative] = ALTERNATIVES,
) -> Iterator[tuple[Alternative | None, StudyConfig, "pd.DataFrame"]]:
    """Yield ``marts.client_study`` under the settings in force (None) and then under each alternative.

    ``connection`` is open on the working database after a build; read-only is enough.
    """
    with duckdb.connect() as memory:
        _take_over(connection, memory)
        for alternative in (None, *alternatives):
            other = config if alternative is None else changed(config, alternative)
            if other is None:
                continue
            models = compiler.compile(other, ["+client_study"])
            run_models(memory, [model for model in models if model.schema != "staging"])
            yield alternative, other, memory.execute("from marts.client_study order by client_id").df()


def sensitivity(
    connection: duckdb.DuckDBPyConnection,
    compiler: ModelCompiler,
    config: StudyConfig,
    findings: Findings,
    *,
    alternatives: Sequence[Alternative] = ALTERNATIVES,
    progress: Callable[[str], None] | None = None,
) -> "pd.DataFrame":
    """Return one row a definition and finding: ``definition, finding, n, estimate, p, base_n, base_estimate, base_p,
    verdict``; the definition in force comes first, as ``(in force)``.

    ``verdict`` is ``unchanged`` (the very same numbers), ``moves`` (a number without a test), ``survives`` (same sign,
    same side of p = .05), ``changes sign``, ``loses significance``, ``gains significance``, ``not estimable`` (here) or
    ``only here`` (what the settings in force do not give, e.g. an equation for a stage that nobody has under them).
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    base: Mapping[str, Finding] = {}
    for alternative, other, frame in client_studies(connection, compiler, config, alternatives):
        found = findings(frame, other)
        base = base or found
        label = alternative.label if alternative else "(in force)"
        for name in dict.fromkeys((*base, *found)):
            finding, first = found.get(name, Finding(0, None)), base.get(name, Finding(0, None))
            rows.append(
                {
                    "definition": label, "finding": name,
                    "n": finding.n, "estimate": finding.estimate, "p": finding.p,
                    "base_n": first.n, "base_estimate": first.estimate, "base_p": first.p,
                    "verdict": verdict(finding, first),
                }
            )  # fmt: skip
        if progress:
            progress(label)
    return pd.DataFrame(rows).convert_dtypes()


def verdict(found: Finding, base: Finding) -> str:
    """Say in one word what became of a finding."""
    if found == base:
        return "unchanged"
    if found.estimate is None or base.estimate is None:
        return "not estimable" if found.estimate is None else "only here"
    if found.p is None or base.p is None:
        return "moves"
    if found.estimate * base.estimate < 0:
        return "changes sign"
    if (found.p < ALPHA) == (base.p < ALPHA):
        return "survives"
    return "loses significance" if base.p < ALPHA else "gains significance"


def described(frame: "pd.DataFrame", config: StudyConfig) -> dict[str, Finding]:
    """Mean of every number and share of every yes in ``client_study``: findings without a test."""
    found = {}
    for name in frame.columns.drop("client_id"):
        values = frame[name].dropna()
        if values.empty or values.map(lambda value: isinstance(value, str)).any():
            continue
        found[str(name)] = Finding(len(values), float(values.astype(float).mean()))
    for wave in ("t0", "t6"):
        stages = frame[f"urica_stage_{wave}"].dropna()
        for stage in ("pre-contemplation", "contemplation", "preparation/action", "maintenance"):
            share = float((stages == stage).mean()) if len(stages) else None
            found[f"urica_stage_{wave} = {stage}"] = Finding(len(stages), share)
    return found


BANDS = ((0.01, "#1b4f72", "white"), (0.05, "#5b9bd0", "black"), (0.1, "#cfe2f3", "black"), (2.0, "#f4f4f4", "black"))
"""Upper ends of p with the colours of cell and text; no pair is told apart by hue alone."""
CHANGED = ("changes sign", "loses significance", "gains significance")


def plot_sensitivity(table: "pd.DataFrame", path: Path) -> None:
    """Draw a cell a definition and finding: sign and p, shaded by p; framed where the verdict is another.

    The findings are those that have a test under the settings in force.
    Estimates of different definitions have different units, so p and sign are what can be compared across.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    in_force = table["definition"] == table["definition"].iloc[0]
    tested = set(table.loc[in_force & table["p"].notna(), "finding"])
    names = [name for name in dict.fromkeys(table["finding"]) if name in tested]
    labels = list(dict.fromkeys(table["definition"]))
    figure = Figure(figsize=(3.2 + 0.37 * len(names), 2.2 + 0.23 * len(labels)), layout="constrained")
    panel = figure.subplots()
    rows: list[dict[Any, Any]] = table.astype(object).where(table.notna(), None).to_dict("records")
    for row in rows:
        if row["finding"] not in tested:
            continue
        p, estimate, moved = row["p"], row["estimate"], row["verdict"] in CHANGED
        place = (names.index(row["finding"]), labels.index(row["definition"]))
        shade, ink = ("white", "black") if p is None else next(colours for end, *colours in BANDS if p < end)
        panel.add_patch(
            Rectangle(
                (place[0] - 0.46, place[1] - 0.42), 0.92, 0.84, facecolor=shade,
                edgecolor="#c0392b" if moved else "none", linewidth=1.6 if moved else 0, zorder=2 if moved else 1,
            )
        )  # fmt: skip
        panel.text(*place, _cell(p, estimate), ha="center", va="center", fontsize=7, color=ink, zorder=3)
    panel.set_xlim(-0.6, len(names) - 0.4)
    panel.set_ylim(len(labels) - 0.4, -0.6)
    panel.set_xticks(range(len(names)), names, rotation=60, ha="left", rotation_mode="anchor", fontsize=8)
    panel.xaxis.tick_top()
    panel.set_yticks(range(len(labels)), labels, fontsize=8)
    panel.tick_params(length=0)
    for side in panel.spines.values():
        side.set_visible(False)
    panel.set_xlabel(
        "sign of the estimate and p; darker: p < .1, < .05, < .01; red frame: another verdict than in force",
        fontsize=8,
    )
    with rc_context({"svg.hashsalt": "sensitivity"}):
        FigureCanvasSVG(figure).print_svg(str(path), metadata={"Date": None, "Creator": None})


def _cell(p: float | None, estimate: float | None) -> str:
    """E.g. ``+.043``; ``n.e.`` for what cannot be estimated under a definition."""
    if p is None or estimate is None:
        return "n.e."
    sign = "+" if estimate > 0 else "\u2212" if estimate < 0 else ""
    return sign + ("<.001" if p < 0.001 else f"{p:.3f}".removeprefix("0"))


def _take_over(source: duckdb.DuckDBPyConnection, memory: duckdb.DuckDBPyConnection) -> None:
    tables = source.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = current_database()"
        " and (schema_name = 'staging' or (schema_name = 'control' and table_name in ('crosswalk', 'client_aliases')))"
    ).fetchall()
    for schema, table in tables:
        memory.execute(f'create schema if not exists "{schema}"')
        memory.register("handed", source.execute(f'from "{schema}"."{table}"').to_arrow_table())
        memory.execute(f'create table "{schema}"."{table}" as from handed')
        memory.unregister("handed")
