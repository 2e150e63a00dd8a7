"""Random research IDs with a check character, and the crosswalk that alone knows whose they are.

An ID is drawn, never derived: a hash of an ID can be undone by trying all IDs (a million six-digit ones take under a
second). Ten characters of a 32-symbol alphabet without look-alikes (no I, L, O, U); the first nine are drawn, the last
is a check character.
"""

import secrets
from functools import reduce

import duckdb

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
_VALUE = {symbol: value for value, symbol in enumerate(ALPHABET)}
_POLYNOMIAL = 0b100101


def _double(value: int) -> int:
    """Multiply by x in GF(32) = GF(2)[x] / (x^5 + x^2 + 1)."""
    value <<= 1
    return value ^ _POLYNOMIAL if value & 0b100000 else value


def check_character(body: str) -> str:
    """Return the character that makes ``body`` end in state zero.

    The state goes ``s -> 2 (s + d)`` in GF(32), Damm's scheme with the quasigroup ``a * b = 2 (a + b)``: a linear step,
    so a slip of ``e`` at any place leaves ``2^k e``, never zero, and a swap of neighbours ``a, b`` leaves
    ``2^k (2 + 1)(a + b)``, zero only when they are equal. Hence every single slip and every adjacent swap shows.
    """
    return ALPHABET[reduce(lambda state, symbol: _double(state ^ _VALUE[symbol]), body, 0)]


def check_research_id(research_id: str) -> bool:
    """Tell whether the text has the form of a research ID and its check character fits."""
    if len(research_id) != LENGTH or any(symbol not in _VALUE for symbol in research_id):
        return False
    return check_character(research_id[:-1]) == research_id[-1]


def new_research_id() -> str:
    """Draw one ID from the operating system's randomness: 45 random bits and the check character."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return body + check_character(body)


def assign_research_ids(connection: duckdb.DuckDBPyConnection) -> int:
    """Give every client of ``raw.intake`` a research ID and return how many were new.

    An ID once given stays. New ones go to clients in an order that is itself random, so that neither the IDs nor the
    rows of ``control.crosswalk`` tell who came first.
    """
    connection.execute("create schema if not exists control")
    connection.execute(
        "create table if not exists control.crosswalk (client_id varchar not null, source_client_id varchar not null)"
    )
    new = connection.execute(
        "select distinct client_id from raw.intake where client_id is not null"
        " and client_id not in (select source_client_id from control.crosswalk)"
    ).fetchall()
    if not new:
        return 0
    taken = {row[0] for row in connection.execute("select client_id from control.crosswalk").fetchall()}
    sources = [str(row[0]) for row in new]
    secrets.SystemRandom().shuffle(sources)
    drawn: list[str] = []
    while len(drawn) < len(sources):
        candidate = new_research_id()
        if candidate not in taken:
            taken.add(candidate)
            drawn.append(candidate)
    # Two lists in one statement: executemany takes a millisecond a row, which shows at two thousand clients.
    connection.execute("insert into control.crosswalk select unnest(?), unnest(?)", [drawn, sources])
    return len(sources)
