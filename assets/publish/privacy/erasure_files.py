"""The files of a home after a person was erased from the database: what goes, what is told, and the last look.

Nothing here goes by a list of known places: every file of the agency and research zones is looked into, and one that
holds the person is removed, unless it is a list kept by hand, a frozen publication, or a ledger (which hold no person).
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from assets.encryption import attach, is_encrypted
from assets.home import PROJECT_ROOT, Home
from assets.ingest.vault import read_vault
from assets.keys import Key, load_key
from assets.publish.privacy.containers import database_cells
from assets.publish.privacy.scanner import Closed, Hit, Scanner

OWN_LISTS = ("aliases.csv", "holds.csv", "consent.csv")
"""Files that staff keep by hand: the program reads them and never writes them."""
KEPT = frozenset(
    {"audit.jsonl", "audit.jsonl.head", "releases.jsonl", "releases.jsonl.head", "release-rows.json", "erasure-secret",
     "key-fingerprint", "erasures", "frozen", "vault", "work", *OWN_LISTS}
)  # fmt: skip
"""What of the agency zone is not removed file by file."""


def remove_published(home: Home) -> int:
    """Remove every published database: each holds the person. The night that follows publishes anew."""
    removed = 0
    for folder, zone in ((home.agency, "agency"), (home.research, "research")):
        for path in [*folder.glob(f"{zone}-*.duckdb"), folder / f"{zone}.duckdb"]:
            if path.exists() or path.is_symlink():
                path.unlink()
                removed += 1
    for kind in ("spss", "parquet"):
        (home.research / kind).unlink(missing_ok=True)
        for bundle in home.research.glob(f"{kind}-*"):
            shutil.rmtree(bundle)
            removed += 1
    return removed


def destroy_vault(home: Home, tokens: Iterable[str], scanner: Scanner) -> tuple[list[str], int]:
    """Destroy the vault's copies of the files the person stands in; the inbox and the source system still have them.

    Returns the tokens of what went, and how many of the rest could not be looked into as a whole (a password, damage).
    """
    key, wanted = load_key(home), set(tokens)
    destroyed, closed = [], 0
    for path in sorted(path for path in home.vault.rglob("*") if path.is_file()):
        try:
            if path.name[:12] not in wanted and not scanner.scan_bytes(read_vault(path, key)):
                continue
        except Closed as shut:
            if not shut.hits:
                closed += 1
                continue
        path.unlink()
        destroyed.append(path.name[:12])
    return destroyed, closed


def remove_files(home: Home, scanner: Scanner) -> list[str]:
    """Remove every file that holds the person and is made anew or not needed; returns the places, one a file."""
    home.follow_up.unlink(missing_ok=True)  # the night that follows writes it anew
    places = [path for path in sorted(home.agency.iterdir()) if path.name not in KEPT]
    places += [home.research, *(path for path in home.work.iterdir() if path not in {home.work_db, home.lock})]
    report = scanner.scan([place for place in places if place.exists()], home.root)
    removed = []
    found = _not_our_own(home, scanner, list(report.hits))
    if any(hit.path.startswith(f"{home.dbt.relative_to(home.root)}/") for hit in found):
        shutil.rmtree(home.dbt)  # all of it is made anew, and its parts vouch for each other
        home.dbt.mkdir(mode=0o700)
        removed.append("dbt")
    named = {hit.path for hit in found}
    for path in [place for root in places if root.exists() for place in [root, *root.rglob("*")]]:
        told = str(path.relative_to(home.root))
        if (told in named or any(scanner.find(path.name.encode()))) and (path.is_file() or path.is_symlink()):
            path.unlink()
            removed.append(path.relative_to(home.root).parts[1] if path.is_relative_to(home.agency) else "research")
    return removed


def frozen_sets(home: Home, scanner: Scanner, *, erase: bool) -> tuple[list[str], list[str]]:
    """Return the names of the frozen publications that hold the person: those removed, and those kept."""
    folder, key = home.agency / "frozen", load_key(home)
    holding = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []:
        hits = list(scanner.scan([place], home.root).hits)
        for database in sorted(place.glob("*.duckdb")):
            hits += _cells(database, home.root, scanner, key)
        if hits:
            holding.append(place)
    for place in holding if erase else ():
        for path in [place, *place.rglob("*")]:
            path.chmod(0o700 if path.is_dir() else 0o600)
        shutil.rmtree(place)
    names = [place.name for place in holding]
    return (names, []) if erase else ([], names)


def remaining(home: Home, scanner: Scanner) -> tuple[list[Hit], int]:
    """Look for the person in every file of all zones but lists kept by hand, frozen publications and the inbox.

    Returns the finds, and how many files nobody could look into. Encrypted databases are opened with the key.
    """
    key = load_key(home)
    skipped = {home.agency / name for name in ("frozen", "vault", *OWN_LISTS)}
    places = [path for path in sorted(home.agency.iterdir()) if path not in skipped]
    report = scanner.scan([place for place in [*places, home.research, home.public] if place.exists()], home.root)
    hits = list(report.hits)
    databases = [path for path in [home.work_db, *home.agency.glob("agency-*.duckdb")] if path.is_file()]
    locked = [path for path in databases if is_encrypted(path)]
    for path in locked:
        hits += _cells(path, home.root, scanner, key)
    closed = len(report.opaque) - len(locked)
    for path in sorted(path for path in home.vault.rglob("*") if path.is_file()):
        try:
            hits += scanner.scan_bytes(read_vault(path, key), str(path.relative_to(home.root)))
        except Closed as shut:
            hits += shut.hits
            closed += 1
    return _not_our_own(home, scanner, list(dict.fromkeys(hits))), max(closed, 0)


def _not_our_own(home: Home, scanner: Scanner, hits: list[Hit]) -> list[Hit]:
    """Leave out what dbt repeats of the project's unit tests: their made-up client IDs may equal a real one."""
    folder = f"{home.dbt.relative_to(home.root)}/"
    if not any(hit.path.startswith(folder) for hit in hits):
        return hits
    own = {hit.label for hit in scanner.scan([PROJECT_ROOT / "dbt_project"], PROJECT_ROOT).hits}
    return [hit for hit in hits if not (hit.path.startswith(folder) and hit.label in own)]


def by_hand(home: Home, scanner: Scanner) -> list[str]:
    """Name the lists kept by hand that hold the person."""
    lists = [home.agency / name for name in OWN_LISTS] + [home.config / "overrides.csv"]
    return [
        f"{path.parent.name}/{path.name}: remove the client's lines by hand"
        for path in lists
        if path.is_file() and scanner.scan_bytes(path.read_bytes())
    ]


def _cells(path: Path, base: Path, scanner: Scanner, key: Key | None) -> list[Hit]:
    """Finds in the cells of an encrypted database; a plain one was looked into as a file."""
    import duckdb

    if not is_encrypted(path):
        return []
    with duckdb.connect() as connection:
        attach(connection, path, "locked", key, read_only=True)
        connection.execute("use locked")
        return scanner.scan_pieces(database_cells(connection, ":cells"), str(path.relative_to(base)))
