"""The follow-up list of a home: read the settings, make the items, write workbook and table."""

from collections import Counter
from datetime import date

import duckdb

from assets.home import Home
from assets.publish.follow_up_book import write_follow_up_book
from assets.study_config import load_study_config
from assets.warehouse.follow_up import follow_up, load_follow_up, store_follow_up
from assets.warehouse.follow_up_texts import SHEETS


def make_follow_up(
    home: Home, connection: duckdb.DuckDBPyConnection, day: date, *, keep: bool = True
) -> dict[str, int]:
    """Write ``agency/follow_up.xlsx`` as of ``day`` and return the number of items by kind, kinds without any as 0.

    ``connection`` is open on the working database after a build. ``keep`` also writes ``follow_up.items`` there, for
    the published agency file; without it a read-only connection is enough.
    """
    config = load_study_config(home.config / "study.yml")
    items = follow_up(connection, config, load_follow_up(home.config / "follow_up.yml"), day)
    if keep:
        store_follow_up(connection, items, day)
    names = dict(connection.execute("select file_token, any_value(name) from control.files group by all").fetchall())
    write_follow_up_book(items, names, day, home.follow_up)
    counts = Counter(item.kind for item in items)
    return {kind: counts[kind] for kind in SHEETS}
