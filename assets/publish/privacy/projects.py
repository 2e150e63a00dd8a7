"""Rows for a research project: only with a legal basis, an approver, an end, a consent rule, and a receipt.

A project is a file ``config/projects/<name>.yml``; what it may get is its list of variables and nothing else. Its IDs
are drawn anew for each project, so that two projects cannot join their rows.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assets.errors import ConfigError, DataError, Place
from assets.mistakes import told
from assets.publish.codebook import Column
from assets.publish.privacy.lattice import merged_levels
from assets.publish.privacy.policy import Policy
from assets.publish.privacy.risk import RiskReport, band, risk_report, without_rare
from assets.yamlfile import read_yaml, trouble

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class Project(BaseModel):
    """What the agency decided about a project; every field is a condition of the release."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    legal_basis: Annotated[str, Field(min_length=10)]
    approver: Annotated[str, Field(min_length=3)]
    expires: date
    consent: Literal["recorded", "not_required"]
    variables: Annotated[tuple[str, ...], Field(min_length=1)]
    bands: dict[str, Annotated[int, Field(ge=1)]] = {}
    merge: tuple[str, ...] = ()
    """Variables whose levels are merged by the steps of ``collapse`` in ``disclosure.yml``."""
    withhold: Annotated[float, Field(ge=0, le=0.2)] = 0.0
    """Share of clients whose rows may stay behind because they are alike to too few others."""
    receiver: Annotated[str, Field(min_length=3)]


@dataclass(frozen=True)
class Receipt:
    """What was handed over: enough to answer, for a file's hash, whose data it holds and on what grounds."""

    project: str
    sha256: str
    variables: tuple[str, ...]
    clients: int
    without_consent: int
    withheld: int
    k: int
    l: dict[str, int]  # noqa: E741 - the name the literature gives it
    unique_share: float
    build_id: str
    code_version: str
    config_hash: str
    receiver: str
    expires: str
    legal_basis: str = ""
    approver: str = ""
    release_id: str = ""
    ledger: str = ""
    """Hash of the line in ``agency/releases.jsonl`` that this release is."""
    files: dict[str, str] = field(default_factory=dict)
    """Name of each file handed over → its SHA-256."""

    def as_json(self) -> str:
        """The receipt as it is stored beside the file."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)


def load_project(config: Path, name: str, today: date) -> Project:
    """Read and check a project; raises ``ConfigError`` naming file and key for whatever is missing or over."""
    path = config / "projects" / f"{name}.yml"
    if Path(name).name != name or not path.is_file():
        raise ConfigError(f"projects/{name}.yml: no such project")
    try:
        project = Project.model_validate(read_yaml(path.read_text("utf-8")) or {})
    except yaml.YAMLError as error:
        raise ConfigError(f"projects/{name}.yml: {trouble(error)}") from None
    except ValidationError as error:
        raise ConfigError(f"projects/{name}.yml: {told(error, Project)}") from None
    if project.expires < today:
        raise ConfigError(f"projects/{name}.yml: expires: the agreement ended on {project.expires.isoformat()}")
    return project


class TooRisky(DataError):
    """The rows are too easily recognised; ``report`` says how easily, what costs most and what would mend it."""

    def __init__(self, report: RiskReport, floor: int) -> None:
        self.report = report
        super().__init__(
            "RISK_TOO_HIGH",
            f"the smallest group of alike clients has {report.k}, at least {floor} are needed; the column that costs"
            " most is named here",
            Place(column=report.costliest),
        )


@dataclass(frozen=True)
class Grounds:
    """On what grounds rows are handed out: the project and its name, the policy, the research IDs with a consent in
    force, the day, and the build (build ID, code version, config hash)."""

    name: str
    project: Project
    policy: Policy
    consented: frozenset[str]
    today: date
    build: tuple[str, str, str]


def release_rows(
    grounds: Grounds, rows: "pd.DataFrame", columns: Iterable[Column], ids: dict[str, str]
) -> tuple["pd.DataFrame", Receipt, RiskReport]:
    """Choose a project's rows, under its IDs and in their order, with receipt (of their CSV) and risk report.

    ``rows`` is ``marts.client_study``, ``columns`` the codebook, ``ids`` research ID → the project's own ID. Raises
    ``ConfigError`` for a variable that is unknown or identifies, ``DataError`` ``NO_CONSENT`` when no client is left,
    ``TooRisky`` when groups are smaller than the policy allows.
    """
    project, name, policy = grounds.project, grounds.name, grounds.policy
    tags = {column.name: column.privacy for column in columns if column.table == "marts.client_study"}
    for variable in project.variables:
        if tags.get(variable) not in {"none", "quasi", "sensitive"} or variable == "client_id":
            raise ConfigError(f"projects/{name}.yml: variables: {variable} is unknown or not to be released")
    for key, named in (("bands", project.bands), ("merge", project.merge)):
        for variable in named:
            if variable not in project.variables:
                raise ConfigError(f"projects/{name}.yml: {key}: {variable} is none of the variables")
    allowed = rows if project.consent == "not_required" else rows[rows["client_id"].isin(grounds.consented)]
    if allowed.empty:
        raise DataError("NO_CONSENT", "no client has a consent for this purpose that is in force today")
    chosen = _generalised(project, policy, allowed[["client_id", *project.variables]])
    quasi = [variable for variable in project.variables if tags[variable] == "quasi"]
    sensitive = [variable for variable in project.variables if tags[variable] == "sensitive"]
    merges = {variable: merged_levels(steps) for variable, steps in policy.collapse.items()}
    shown = without_rare(chosen, quasi, policy.research.warn_k, project.withhold)
    report = risk_report(shown, quasi, sensitive, policy.research.warn_k, merges)
    granted = policy.override("research", grounds.today)
    floor = granted.k if granted else policy.research.refuse_k
    if report.k < floor:
        raise TooRisky(report, floor)
    withheld, chosen = len(chosen) - len(shown), shown
    chosen = chosen.assign(client_id=chosen["client_id"].map(ids)).sort_values("client_id")
    receipt = Receipt(
        project=name,
        sha256=hashlib.sha256(to_csv(chosen)).hexdigest(),
        variables=project.variables,
        clients=len(chosen),
        without_consent=len(rows) - len(allowed),
        withheld=withheld,
        k=report.k,
        l=dict(report.l_values),
        unique_share=report.unique_share,
        build_id=grounds.build[0],
        code_version=grounds.build[1],
        config_hash=grounds.build[2],
        receiver=project.receiver,
        expires=project.expires.isoformat(),
        legal_basis=project.legal_basis,
        approver=project.approver,
    )
    return chosen, receipt, report


def _generalised(project: Project, policy: Policy, rows: "pd.DataFrame") -> "pd.DataFrame":
    """The rows with the project's bands and merges; a variable that cannot be banded or merged is a mistake."""
    import pandas as pd

    for variable in project.bands:
        if not pd.api.types.is_numeric_dtype(rows[variable]) or pd.api.types.is_bool_dtype(rows[variable]):
            raise ConfigError(f"projects: bands: {variable} is no number")
    banded = band(rows, project.bands)
    for variable in project.merge:
        steps = policy.collapse.get(variable)
        if not steps:
            raise ConfigError(f"projects: merge: disclosure.yml has no steps of collapse for {variable}")
        banded[variable] = banded[variable].replace(merged_levels(steps))
    return banded


def to_csv(rows: "pd.DataFrame") -> bytes:
    """Write rows as UTF-8 CSV; texts a spreadsheet would run get an apostrophe, numbers stay numbers."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([neutral(str(name)) for name in rows.columns])
    for row in rows.itertuples(index=False):
        writer.writerow([_cell(value) for value in row])
    return buffer.getvalue().encode()


def neutral(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would take for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _cell(value: Any) -> Any:
    import pandas as pd

    if pd.isna(value):
        return ""
    return neutral(value) if isinstance(value, str) else value


def project_ids(connection: "duckdb.DuckDBPyConnection", project: str) -> dict[str, str]:
    """Return research ID → ID of this project, drawing an ID for each client that has none yet.

    The table ``control.project_ids`` stays in the agency zone; without it nobody can join two projects.
    """
    from assets.warehouse.research_ids import new_research_id

    connection.execute(
        "create table if not exists control.project_ids (project varchar, client_id varchar, project_client_id varchar)"
    )
    missing = connection.execute(
        "select client_id from control.crosswalk where client_id not in"
        " (select client_id from control.project_ids where project = ?) order by client_id",
        [project],
    ).fetchall()
    taken = {row[0] for row in connection.execute("select project_client_id from control.project_ids").fetchall()}
    drawn: list[str] = []
    while len(drawn) < len(missing):
        candidate = new_research_id()
        if candidate not in taken:
            taken.add(candidate)
            drawn.append(candidate)
    if drawn:
        connection.execute(
            "insert into control.project_ids select ?, unnest(?), unnest(?)", [project, [m[0] for m in missing], drawn]
        )
    return dict(
        connection.execute(
            "select client_id, project_client_id from control.project_ids where project = ?", [project]
        ).fetchall()
    )


def consented_clients(path: Path, purpose: str, today: date, crosswalk: dict[str, str]) -> frozenset[str]:
    """Return the research IDs with a consent in force, from the agency's ``consent.csv``.

    Columns: client_id (the agency's), purpose, granted_on, expires_on, withdrawn_on (ISO dates, the last may be empty).
    ``crosswalk`` is source ID → research ID. Raises ``DataError`` naming the row for a date that cannot be read.
    """
    if not path.exists():
        return frozenset()
    found = set()
    with path.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            try:
                granted, expires = date.fromisoformat(row["granted_on"]), date.fromisoformat(row["expires_on"])
                withdrawn = date.fromisoformat(row["withdrawn_on"]) if row.get("withdrawn_on") else None
                client, wanted = row["client_id"], row["purpose"]
            except (KeyError, ValueError, TypeError):
                raise DataError(
                    "BAD_CONSENT", "a consent cannot be read", Place(sheet="consent.csv", row=number)
                ) from None
            in_force = granted <= today <= expires and (withdrawn is None or withdrawn > today)
            if wanted == purpose and in_force and client in crosswalk:
                found.add(crosswalk[client])
    return frozenset(found)
