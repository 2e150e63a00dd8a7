"""Suggestions for people: as if every client had been compared."""

from difflib import SequenceMatcher

from hypothesis import given
from hypothesis import strategies as st

from assets.ingest.matching import LIKELY, SUGGESTIONS, Likeness
from assets.ingest.texts import fold

CLIENTS = st.lists(st.from_regex(r"TX-0[0-3][0-9]{3}", fullmatch=True), max_size=30, unique=True).map(sorted)
TYPED = st.one_of(st.from_regex(r"[Tt][Xx][- ]?0[0-3][0-9oOIl]{2,4}", fullmatch=True), st.text(max_size=9), st.none())


@given(TYPED, st.none() | st.from_regex(r"TX-0[0-3][0-9]{3}", fullmatch=True), CLIENTS)
def test_the_best_are_those_of_comparing_every_client(
    raw: str | None, client_id: str | None, clients: list[str]
) -> None:
    typed = fold(client_id or raw or "")
    scored = sorted((-SequenceMatcher(None, typed, fold(client)).ratio(), client) for client in clients)
    expected = [client for score, client in scored if typed and -score >= LIKELY][:SUGGESTIONS]
    assert Likeness(clients).suggested(raw, client_id) == expected
