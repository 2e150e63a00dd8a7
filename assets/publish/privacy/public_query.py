"""Ad-hoc counts for the public: one or two variables, through the same suppression and the same ledger as a release.

The public zone holds tables, no database. Who needs another table than the report's asks for it here: clients are
counted by one variable or by two, small levels are merged, small counts and whatever would give one away (beside the
standing release and every table asked for before) are hidden, and the answer is entered into the ledger.
"""

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from assets.errors import ConfigError, DataError
from assets.home import Home
from assets.keys import load_key
from assets.publish.codebook import Column, read_codebook
from assets.publish.privacy import ledger
from assets.publish.privacy.cells import AuditError, Cell, System
from assets.publish.privacy.collapse import NOT_RECORDED as OR_NOT_RECORDED
from assets.publish.privacy.collapse import climb
from assets.publish.privacy.disclosure import CLIENTS, PublicRelease, link_same
from assets.publish.privacy.policy import Policy, load_policy
from assets.publish.privacy.trail import entries, record

if TYPE_CHECKING:
    import pandas as pd

NOT_RECORDED = "not recorded"
ALL = "all clients"


@dataclass(frozen=True)
class PublicTable:
    """Counts as they may be shown: one row a level of ``rows``, one column a level of ``columns``; None is hidden."""

    rows: str
    columns: str | None
    counts: "pd.DataFrame"
    k: int
    watermark: str | None


def public_table(home: Home, rows: str, columns: str | None, today: date) -> PublicTable:
    """Count the clients of the published build by ``rows``, or by ``rows`` and ``columns``.

    Raises ``ConfigError`` for a variable that is no list of levels (an ID, a number), ``DataError`` ``HELD_BACK`` when
    the table would tell about few clients beside earlier ones, ``NOT_PROTECTED`` when hiding is not enough.
    """
    import duckdb

    if not home.research_db.is_file():
        raise DataError("NOTHING_PUBLISHED", "tables are made from a published build, and there is none")
    with duckdb.connect(str(home.research_db), read_only=True) as published:
        clients = published.execute("select * from marts.client_study order by client_id").df()
        described = {c.name: c for c in read_codebook(published) if c.table == "marts.client_study"}
    names = [name for name in (rows, columns) if name]
    for name in names:
        _refuse_unless_listed(name, described, clients)
    if rows == columns:
        raise ConfigError("--columns: the same variable as --rows")
    policy, key = load_policy(home.config), load_key(home)
    k = policy.public_k(today)
    frame = clients[names].astype("object")
    for name in names:
        frame[name] = _merged(frame[name], policy, name, k)
    system, whole = _system(frame, names)
    known, equations = set(system.cells), list(system.equations)
    _take_ledger(home, system, clients)
    link_same(system, policy)
    try:
        system.protect(k, also=whole)
    except AuditError:
        record(home, "refuse", key, zone="public", table="not-protected")
        raise DataError(
            "NOT_PROTECTED", "hiding counts is not enough to protect this table: ask for a coarser one"
        ) from None
    release = PublicRelease({}, _own(system, known, equations), k, policy.watermark(today))
    verdict = ledger.check(home, release, clients, joined=True)
    if not verdict.allowed:
        record(home, "refuse", key, zone="public", table="held", held_by=list(verdict.held_by))
        raise DataError("HELD_BACK", f"beside an earlier release this table would tell of fewer than {k} clients")
    asked = "table-" + hashlib.sha256("|".join(sorted(names)).encode()).hexdigest()[:12]
    if not ledger.same_as_before(home, asked, release):
        ledger.enter(home, asked, release, key, clients)
        record(home, "release", key, zone="public", table=asked, k=k)
    return PublicTable(rows, columns, _shown(system, frame, names), k, release.watermark)


def _refuse_unless_listed(name: str, described: dict[str, Column], clients: "pd.DataFrame") -> None:
    column = described.get(name)
    flag = name in clients.columns and clients[name].dropna().map(lambda value: isinstance(value, bool)).all()
    if column is None or name == "client_id" or not (column.values or flag):
        raise ConfigError(f"{name}: clients are counted by flags and by variables with a list of levels only")


def _merged(column: "pd.Series[Any]", policy: Policy, name: str, k: int) -> "pd.Series[Any]":
    """Levels as texts, small ones merged by the ladder of the policy, missing ones as a level of their own."""
    import pandas as pd

    texts = column.map(lambda value: str(value).lower() if isinstance(value, bool) else str(value), na_action="ignore")
    counts = texts.value_counts().sort_index()
    table = pd.DataFrame({"level": counts.index, "n": counts.to_numpy(), "percent": 0.0})
    into = climb(table, "level", policy.collapse.get(name, ()), k)
    merged = texts.map(lambda text: into.get(text, text), na_action="ignore")
    missing, largest = int(merged.isna().sum()), str(merged.value_counts().sort_index().idxmax())
    if 0 < missing < k and merged.nunique() > 1:  # as in the report: a few missing go with the largest level
        return merged.fillna(largest).replace(largest, f"{largest}{OR_NOT_RECORDED}")
    return merged.fillna(NOT_RECORDED)


def _cell(names: list[str], levels: tuple[str, ...]) -> str:
    """The name of a count in ledger and system; the order in which two variables were asked for does not matter."""
    parts = sorted(
        f"{name}.missing" if level == NOT_RECORDED else f"{name}={level}"
        for name, level in zip(names, levels, strict=True)
    )
    return " & ".join(parts)


def _system(frame: "pd.DataFrame", names: list[str]) -> tuple[System, list[str]]:
    """The counts of the table and how they add up; also the groups of which everybody has the same level."""
    system, whole = System(), []
    system.add(CLIENTS, len(frame), "total")
    levels = {name: sorted(frame[name].unique()) for name in names}
    for name in names:
        for level in levels[name]:
            system.add(_cell([name], (level,)), int((frame[name] == level).sum()), "level")
        system.adds_up([_cell([name], (level,)) for level in levels[name]], CLIENTS)
        if len(levels[name]) == 1:
            whole.append(_cell([name], (levels[name][0],)))
    if len(names) == 2:
        first, second = names
        for name, other, swapped in ((first, second, False), (second, first, True)):
            for level in levels[name]:
                parts = []
                for inner in levels[other]:
                    pair = (inner, level) if swapped else (level, inner)
                    cell = _cell(names, pair)
                    n = int(((frame[first] == pair[0]) & (frame[second] == pair[1])).sum())
                    system.add(cell, n, "association")
                    parts.append(cell)
                system.adds_up(parts, _cell([name], (level,)))
                if sum(system.cells[part].value > 0 for part in parts) == 1:
                    whole += parts
    return system, list(dict.fromkeys(whole))


def _take_ledger(home: Home, system: System, clients: "pd.DataFrame") -> None:
    """Add what is public already about the same rows: those cells can be hidden no more."""
    for entry in entries(ledger.ledger_path(home)):
        if entry.get("zone") != "public" or not ledger.same_rows(home, str(entry["release_id"]), clients):
            continue
        told = entry["record"]
        for name, value in told["values"].items():
            if name in told["unknown"]:
                kind = "derived" if " without " in name else "fixed"
                if name not in system.cells:
                    system.cells[name] = Cell(value, kind)
                    system.hidden |= {name} if kind == "fixed" else set()
            else:
                system.cells[name] = Cell(value, "fixed")
                system.hidden.discard(name)
        system.equations += told["equations"]


def _own(system: System, known: set[str], equations: list[dict[str, int]]) -> System:
    """The part of the system that this table adds, for the ledger."""
    cells = {name: system.cells[name] for name in known}
    return System(cells, equations, system.hidden & known)


def _shown(system: System, frame: "pd.DataFrame", names: list[str]) -> "pd.DataFrame":
    import pandas as pd

    def count(cell: str) -> int | None:
        return None if cell in system.hidden else system.cells[cell].value

    levels = {
        name: [*sorted(set(frame[name]) - {NOT_RECORDED}), *sorted(set(frame[name]) & {NOT_RECORDED})] for name in names
    }
    lines = []
    for level in levels[names[0]]:
        line: dict[str, Any] = {names[0]: level}
        for other in levels[names[1]] if len(names) == 2 else ():
            line[other] = count(_cell(names, (level, other)))
        lines.append(line | {ALL: count(_cell([names[0]], (level,)))})
    if len(names) == 2:
        line = {names[0]: ALL} | {other: count(_cell([names[1]], (other,))) for other in levels[names[1]]}
        lines.append(line | {ALL: count(CLIENTS)})
    return pd.DataFrame(lines, dtype="object")
