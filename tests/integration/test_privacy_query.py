"""Ad-hoc counts for the public: whoever asks for many tables learns no small count from all of them together."""

import itertools
from collections import Counter
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from assets.errors import ConfigError, DataError
from assets.home import PROJECT_ROOT, Home
from assets.publish.privacy.public_query import ALL, public_table
from assets.publish.privacy.trail import entries, trail_path

TODAY = date(2026, 1, 1)
FLAGS = ("confirmed", "minority", "county_outlying")


def home_of(folder: Path, clients: pd.DataFrame) -> Home:
    """A home with nothing but a published research file of these clients."""
    home = Home(folder, PROJECT_ROOT / "config")
    for zone in (home.agency, home.research, home.public):
        zone.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(home.research_db)) as connection:
        connection.execute("create schema marts")
        connection.execute("create schema meta")
        connection.execute("create table marts.client_study as select * from clients")
        connection.execute(
            'create table meta.codebook ("table" varchar, "column" varchar, label varchar, meaning varchar,'
            ' unit varchar, source varchar, "values" varchar, privacy varchar)'
        )
        for name in clients.columns:
            values = "black | latinx | white" if name == "race_ethnicity" else None
            connection.execute(
                "insert into meta.codebook values ('marts.client_study', $n, $n, '-', null, null, $v, 'quasi')",
                {"n": name, "v": values},
            )
    return home


def agency(seed: int) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    n = int(draw.integers(60, 160))
    frame = pd.DataFrame({"client_id": [f"C{i:03d}" for i in range(n)], "age": draw.integers(12, 20, n)})
    for name in FLAGS:
        frame[name] = draw.random(n) < draw.choice([0.08, 0.2, 0.5])
    frame["race_ethnicity"] = draw.choice(["black", "latinx", "white"], n, p=[0.5, 0.35, 0.15])
    return frame


def told(home: Home, names: tuple[str, ...]) -> dict[tuple[tuple[str, str], ...], int]:
    """Visible counts of one answer: levels (variable, level) → clients; {} for a table that is refused."""
    try:
        answer = public_table(home, names[0], names[1] if len(names) == 2 else None, TODAY)
    except DataError as refusal:
        if refusal.code in {"HELD_BACK", "NOT_PROTECTED"}:
            return {}
        raise
    found = {}
    for line in answer.counts.to_dict("records"):
        for column, value in line.items():
            if column != names[0] and value is not None:
                pairs = [(names[0], str(line[names[0]])), *([(names[1], str(column))] if len(names) == 2 else [])]
                found[tuple(sorted(pair for pair in pairs if pair[1] != ALL))] = int(value)
    return found


@pytest.mark.parametrize("seed", range(6))
def test_r41_all_tables_of_two_flags_together_give_no_small_count(tmp_path: Path, seed: int) -> None:
    """An attacker asks for everything and solves for the cells of the full table, without the product's own system."""
    clients = agency(seed)
    home = home_of(tmp_path, clients)
    known: dict[tuple[tuple[str, str], ...], int] = {}
    for names in [*itertools.combinations(FLAGS, 1), *itertools.combinations(FLAGS, 2)]:
        known |= told(home, names)
    assert known
    assert [value for value in known.values() if 0 < value < 11] == []
    full = list(itertools.product(("false", "true"), repeat=len(FLAGS)))

    def members(levels: tuple[tuple[str, str], ...]) -> np.ndarray:
        wanted = dict(levels)
        return np.array([float(all(wanted.get(n, v) == v for n, v in zip(FLAGS, cell, strict=True))) for cell in full])

    left, right = np.array([members(levels) for levels in known]), np.array(list(known.values()))
    rows = Counter(tuple(str(bool(v)).lower() for v in row) for row in clients[list(FLAGS)].itertuples(index=False))
    truth = np.array([rows[cell] for cell in full])
    assert (left @ truth == right).all(), "what is shown is true"
    for one, two in itertools.combinations(FLAGS, 2):
        for levels in itertools.product(("false", "true"), repeat=2):
            goal = members(((one, levels[0]), (two, levels[1])))
            if 0 < goal @ truth < 11:
                ends = [sign * linprog(sign * goal, A_eq=left, b_eq=right, bounds=(0, None)).fun for sign in (1, -1)]
                assert ends[1] - ends[0] >= 11 - 1e-6, (one, two, levels)


def test_r41_no_question_names_a_client_a_number_or_a_date(tmp_path: Path) -> None:
    home = home_of(tmp_path, agency(1))
    for name in ("client_id", "age", "client_name", "absent", "race_ethnicity, client_id"):
        with pytest.raises(ConfigError):
            public_table(home, name, None, TODAY)
        with pytest.raises(ConfigError):
            public_table(home, "confirmed", name, TODAY)


def test_r41_a_question_asked_again_is_no_release_and_one_client_more_is_held(tmp_path: Path) -> None:
    clients = agency(2)
    home = home_of(tmp_path / "first", clients)
    first = told(home, ("race_ethnicity",))
    assert first
    assert told(home, ("race_ethnicity",)) == first
    assert [entry["action"] for entry in entries(trail_path(home))] == ["release"]
    home.research_db.unlink()
    again = home_of(home.root, pd.concat([clients, clients.tail(1).assign(client_id="C999")]))
    with pytest.raises(DataError) as caught:
        public_table(again, "race_ethnicity", None, TODAY)
    assert caught.value.code == "HELD_BACK"
    assert [entry["action"] for entry in entries(trail_path(again))] == ["release", "refuse"]
