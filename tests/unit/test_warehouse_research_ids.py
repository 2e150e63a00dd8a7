"""Research IDs: drawn, checked, and given once."""

import random

import duckdb
import pytest

from assets.warehouse.research_ids import (
    ALPHABET,
    LENGTH,
    assign_research_ids,
    check_character,
    check_research_id,
    new_research_id,
)


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create schema raw; create table raw.intake (client_id varchar)")
    connection.execute("insert into raw.intake select 'TX-' || i from range(300) t(i)")
    connection.execute("insert into raw.intake values (null), ('TX-1')")
    return connection


def test_the_alphabet_has_no_look_alikes() -> None:
    assert len(set(ALPHABET)) == 32
    assert not set("ILOU") & set(ALPHABET)


def test_every_single_slip_is_caught() -> None:
    generator = random.Random(1)
    for _ in range(20):
        body = "".join(generator.choices(ALPHABET, k=LENGTH - 1))
        research_id = body + check_character(body)
        assert check_research_id(research_id)
        for place in range(LENGTH):
            for other in set(ALPHABET) - {research_id[place]}:
                assert not check_research_id(research_id[:place] + other + research_id[place + 1 :])


def test_every_swap_of_neighbours_is_caught() -> None:
    generator = random.Random(2)
    for _ in range(500):
        body = "".join(generator.choices(ALPHABET, k=LENGTH - 1))
        research_id = body + check_character(body)
        for place in range(LENGTH - 1):
            swapped = list(research_id)
            swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
            assert check_research_id("".join(swapped)) == (swapped[place] == swapped[place + 1])


@pytest.mark.parametrize("text", ["", "0", "000000000", "00000000000", "00000000O0", "abcdefghjk", "TX-0000042"])
def test_other_texts_are_no_research_ids(text: str) -> None:
    assert not check_research_id(text)


def test_every_client_gets_one_id_for_good(connection: duckdb.DuckDBPyConnection) -> None:
    assert assign_research_ids(connection) == 300
    first = connection.execute("select client_id, source_client_id from control.crosswalk").fetchall()
    assert len({row[0] for row in first}) == len({row[1] for row in first}) == 300
    assert all(check_research_id(row[0]) for row in first)

    connection.execute("insert into raw.intake values ('TX-new')")
    assert assign_research_ids(connection) == 1
    assert assign_research_ids(connection) == 0
    assert set(first) < set(connection.execute("select client_id, source_client_id from control.crosswalk").fetchall())


def test_ids_and_rows_tell_nothing_about_the_order_of_clients(connection: duckdb.DuckDBPyConnection) -> None:
    assign_research_ids(connection)
    numbers = [
        int(row[0][3:]) for row in connection.execute("select source_client_id from control.crosswalk").fetchall()
    ]
    by_id = [
        int(row[0][3:])
        for row in connection.execute("select source_client_id from control.crosswalk order by client_id").fetchall()
    ]
    # The rank correlation of a random order of 300 has a standard deviation of 0.058: this is five of them.
    for order in (numbers, by_id):
        mean = (len(order) - 1) / 2
        covariance = sum((place - mean) * (number - mean) for place, number in enumerate(order))
        assert abs(covariance / sum((place - mean) ** 2 for place in range(len(order)))) < 0.29


def test_two_draws_differ() -> None:
    assert len({new_research_id() for _ in range(1000)}) == 1000
