"""Survey responses and clients: the alias table, and a review queue whose suggestions are for people, never applied.

An ID is matched exactly after normalisation (``client_ids.py``), then by the alias table; whatever is left waits
here. A
suggestion is a client whose ID looks like what was typed, ranked; nothing is ever joined by likeness.
"""

import csv
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from assets.errors import ConfigError
from assets.ingest.client_ids import normalise_client_id
from assets.ingest.config import Feeds
from assets.ingest.textfile import read_text
from assets.ingest.texts import fold

SUGGESTIONS = 3
LIKELY = 0.6
"""Similarity below which a client is not suggested: half the digits of an ID agree by chance."""


@dataclass(frozen=True)
class Alias:
    """One settled ID: as typed (or as an older record had it), and the client it is."""

    client_id_raw: str
    client_id: str
    reason: str


def load_aliases(path: Path | None, feeds: Feeds) -> list[Alias]:
    """Read ``aliases.csv`` (client_id_raw, client_id, reason); no file means no aliases.

    Raises :class:`ConfigError` for a missing column, a client ID that is none, or an ID settled twice.
    """
    if path is None or not path.is_file():
        return []
    found: dict[str, Alias] = {}
    rows = csv.DictReader(read_text(path).text.splitlines())
    if not {"client_id_raw", "client_id", "reason"} <= set(rows.fieldnames or ()):
        raise ConfigError(f"{path.name}: header: needs client_id_raw, client_id, reason")
    for number, row in enumerate(rows, start=2):
        raw = (row["client_id_raw"] or "").strip()
        client_id = normalise_client_id(row["client_id"], feeds.agency.client_id)
        if not raw or client_id is None:
            raise ConfigError(f"{path.name}: row {number}: client_id_raw is empty or client_id is no client ID")
        if raw in found and found[raw].client_id != client_id:
            raise ConfigError(f"{path.name}: row {number}: this ID was settled above as another client")
        found[raw] = Alias(raw, client_id, (row["reason"] or "").strip())
    return list(found.values())


def store_aliases(con: Any, aliases: list[Alias]) -> None:
    """Replace ``control.client_aliases`` by the file's rows."""
    con.execute("BEGIN TRANSACTION")
    con.execute("DELETE FROM control.client_aliases")
    if aliases:
        con.register("incoming_aliases", _table(aliases))
        con.execute("INSERT INTO control.client_aliases BY NAME SELECT * FROM incoming_aliases")
        con.unregister("incoming_aliases")
    con.execute("COMMIT")


def _table(aliases: list[Alias]) -> pa.Table:
    names = ("client_id_raw", "client_id", "reason")
    return pa.table({name: pa.array([getattr(alias, name) for alias in aliases], pa.string()) for name in names})


def queue_reviews(con: Any, feeds: Feeds) -> int:
    """Fill ``control.survey_review`` with real responses that match no client, each with ranked suggestions.

    Real means none of the status bits preview, test, spam. Returns the number of responses that wait.
    """
    clients = [
        r[0] for r in con.execute("SELECT DISTINCT client_id FROM raw.intake ORDER BY client_id").fetchall() if r[0]
    ]
    known = {*clients, *(row[0] for row in con.execute("SELECT client_id_raw FROM control.client_aliases").fetchall())}
    likeness = Likeness(clients)
    rows: list[tuple[Any, ...]] = []
    for name in sorted(feeds.surveys):
        waiting = con.execute(
            f"SELECT DISTINCT response_id, client_id_raw, client_id, recorded_on FROM raw.{name} "
            "WHERE coalesce(status, 0) & 11 = 0 ORDER BY ALL"
        ).fetchall()
        for response_id, raw, client_id, recorded_on in waiting:
            if client_id in known or raw in known:
                continue
            ranked = likeness.suggested(raw, client_id)
            rows.append((name, response_id, raw, recorded_on, *[*ranked, *[None] * SUGGESTIONS][:SUGGESTIONS]))
    con.execute("DELETE FROM control.survey_review")
    if rows:
        con.register("incoming_reviews", _reviews(rows))
        con.execute("INSERT INTO control.survey_review BY NAME SELECT * FROM incoming_reviews")
        con.unregister("incoming_reviews")
    return len(rows)


def note_merged_clients(con: Any, feeds: Feeds) -> int:
    """Write ``CLIENTS_MERGED`` for every feed with rows under a client ID that the alias table gives to another client.

    Rows stay as they came; the warehouse counts them for the other client. Returns the number of rows that moved.
    """
    con.execute("DELETE FROM control.findings WHERE code = 'CLIENTS_MERGED'")
    aliases = con.execute("SELECT client_id_raw, client_id FROM control.client_aliases ORDER BY ALL").fetchall()
    ids = [(normalise_client_id(raw, feeds.agency.client_id), client_id) for raw, client_id in aliases]
    merged = sorted({old for old, client_id in ids if old is not None and old != client_id})
    if not merged:
        return 0
    moved = 0
    feeds_with_clients = [name for name, feed in feeds.tables.items() if "client_id" in feed.columns]
    for name in sorted([*feeds_with_clients, *feeds.surveys]):
        sql = f"SELECT count(*) FROM raw.{name} WHERE client_id IN (SELECT unnest(?))"
        n = int(con.execute(sql, [merged]).fetchone()[0])
        if n:
            moved += n
            con.execute(
                "INSERT INTO control.findings VALUES (NULL, NULL, NULL, ?, 'CLIENTS_MERGED', 'warn', ?)", [name, n]
            )
    return moved


class Likeness:
    """Clients to suggest from. Most are passed over by an upper bound: the characters in common, whatever their order.

    Comparing each of 2,000 clients with 120 waiting responses took 3.3 s a night; this takes a twentieth.
    """

    def __init__(self, clients: list[str]) -> None:
        self._clients = clients
        self._compared = [fold(client) for client in clients]
        self._place = {char: place for place, char in enumerate(sorted(set("".join(self._compared))))}
        self._counts = np.zeros((len(clients), len(self._place)), dtype=np.int16)
        for row, compared in enumerate(self._compared):
            for char in compared:
                self._counts[row, self._place[char]] += 1

    def suggested(self, raw: str | None, client_id: str | None) -> list[str]:
        """The likeliest clients for a typed ID, best first; ties by ID. Empty where nothing is like it."""
        typed = fold(client_id or raw or "")
        if not typed:
            return []
        own = np.zeros(len(self._place), dtype=np.int16)
        for char in typed:
            if char in self._place:
                own[self._place[char]] += 1
        common = np.minimum(self._counts, own).sum(axis=1)
        bounds = 2.0 * common / (self._counts.sum(axis=1) + len(typed))
        best: list[tuple[float, str]] = []
        for row in np.argsort(-bounds, kind="stable"):
            least = -best[-1][0] if len(best) == SUGGESTIONS else LIKELY
            if bounds[row] < least:
                break
            score = SequenceMatcher(None, typed, self._compared[row]).ratio()
            if score >= least:
                best = sorted([*best, (-score, self._clients[row])])[:SUGGESTIONS]
        return [client for _, client in best]


def _reviews(rows: list[tuple[Any, ...]]) -> pa.Table:
    names = ("feed", "response_id", "client_id_raw", "recorded_on", "suggestion_1", "suggestion_2", "suggestion_3")
    types = {"recorded_on": pa.date32()}
    return pa.table({n: pa.array([row[i] for row in rows], types.get(n, pa.string())) for i, n in enumerate(names)})
