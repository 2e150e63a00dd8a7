"""Keys: made once, refused clearly, shown nowhere; what they seal opens with them alone."""

import os
import pickle
from pathlib import Path

import duckdb
import pytest

from assets.encryption import attach
from assets.errors import ConfigError, DataError
from assets.home import Home
from assets.ingest.vault import read_vault, seal_vault
from assets.keys import Key, generate_key, load_key, remember_key, require_encryption
from assets.publish import require_encrypted_disk
from assets.publish.privacy.disk import disk_encryption
from assets.sealing import CHUNK, FIRST_MAGIC, MAGIC, seal, unseal


@pytest.fixture
def home(tmp_path: Path) -> Home:
    root = tmp_path / "home"
    for folder in ("agency/vault/ab", "agency/work/tmp"):
        (root / folder).mkdir(parents=True)
    return Home(root, key_file=tmp_path / "key")


def made(home: Home) -> Key:
    assert home.key_file is not None
    generate_key(home.key_file, home)
    key = load_key(home)
    assert key is not None
    return key


def test_a_key_has_mode_600_under_any_umask_and_shows_itself_nowhere(home: Home) -> None:
    before = os.umask(0)
    try:
        key = made(home)
    finally:
        os.umask(before)
    assert home.key_file is not None
    assert home.key_file.stat().st_mode & 0o777 == 0o600
    secret = home.key_file.read_text().split()[1]
    assert secret not in f"{key} {key!r} {key.derive('database').hex()}"
    with pytest.raises(TypeError):
        pickle.dumps(key)
    assert len({key.derive(purpose) for purpose in ("database", "vault", "erasure", "rounding")}) == 4


def spoil_missing(home: Home) -> Home:
    return Home(home.root, key_file=home.root.parent / "absent")


def spoil_open(home: Home) -> Home:
    assert home.key_file is not None
    home.key_file.chmod(0o640)
    return home


def spoil_inside(home: Home) -> Home:
    assert home.key_file is not None
    inside = home.root / "key"
    inside.write_bytes(home.key_file.read_bytes())
    inside.chmod(0o600)
    return Home(home.root, key_file=inside)


def spoil_damaged(home: Home) -> Home:
    assert home.key_file is not None
    home.key_file.write_text("outcomes-key-1\nAAAA\n")
    return home


def spoil_other(home: Home) -> Home:
    other = home.root.parent / "other"
    generate_key(other, home)
    return Home(home.root, key_file=other)


def spoil_unset(home: Home) -> Home:
    return Home(home.root)


@pytest.mark.parametrize("spoil", [spoil_missing, spoil_open, spoil_inside, spoil_damaged, spoil_other, spoil_unset])
def test_every_wrong_key_is_a_refusal_that_changes_nothing(home: Home, spoil) -> None:  # type: ignore[no-untyped-def]
    remember_key(home, made(home))
    changed = spoil(home)
    before = sorted(path for path in home.root.rglob("*"))
    with pytest.raises(ConfigError, match="OUTCOMES_KEY_FILE"):
        load_key(changed)
    assert sorted(path for path in home.root.rglob("*")) == before


def test_without_a_key_a_plain_home_runs_and_required_encryption_refuses(home: Home) -> None:
    plain = Home(home.root)
    assert load_key(plain) is None
    with pytest.raises(ConfigError, match="required"):
        require_encryption(plain)


def test_a_key_is_never_overwritten_and_never_made_inside_the_data(home: Home) -> None:
    made(home)
    assert home.key_file is not None
    with pytest.raises(ConfigError, match="exists"):
        generate_key(home.key_file, home)
    with pytest.raises(ConfigError, match="outside"):
        generate_key(home.agency / "key", home)


def test_sealed_bytes_open_with_their_key_only_and_show_every_change(home: Home) -> None:
    key, other = made(home), Key(b"\1" * 32)
    data = b"PK\x03\x04 Zorblatt" * 50
    sealed = seal(data, key)
    assert b"Zorblatt" not in sealed
    assert b"PK\x03\x04" not in sealed
    assert seal(data, key) != sealed
    assert unseal(sealed, key) == data
    for wrong, used in (
        (sealed, other),
        (sealed[:-1] + bytes([sealed[-1] ^ 1]), key),
        (sealed[:30], key),
        (b"", key),
        (data, key),
    ):
        with pytest.raises(DataError, match="VAULT_DAMAGED"):
            unseal(wrong, used)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_a_file_of_any_size_is_sealed_in_chunks(home: Home, size: int) -> None:
    key, data = made(home), os.urandom(size)
    assert unseal(seal(data, key), key) == data


def test_no_chunk_can_be_dropped_moved_or_repeated(home: Home) -> None:
    key, step = made(home), CHUNK + 16
    data = b"".join(bytes([number]) * CHUNK for number in range(3)) + b"end"
    sealed = seal(data, key)
    head, chunks = sealed[:24], [sealed[start : start + step] for start in range(24, len(sealed), step)]
    assert len(chunks) == 4
    other = seal(data, key)
    for forged in (
        chunks[:3],
        chunks[:1] + chunks[2:],
        [chunks[1], chunks[0], *chunks[2:]],
        [*chunks, chunks[3]],
        [other[24 : 24 + step], *chunks[1:]],
        [],
    ):
        with pytest.raises(DataError, match="VAULT_DAMAGED"):
            unseal(head + b"".join(forged), key)


def test_what_was_sealed_in_one_piece_before_is_still_read(home: Home) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key, nonce = made(home), os.urandom(12)
    before = FIRST_MAGIC + nonce + AESGCM(key.derive("vault")).encrypt(nonce, b"Zorblatt", FIRST_MAGIC)
    assert unseal(before, key) == b"Zorblatt"
    with pytest.raises(DataError, match="VAULT_DAMAGED"):
        unseal(before[:-1], key)


def test_the_vault_is_sealed_in_place_once_and_read_back(home: Home) -> None:
    key = made(home)
    place = home.vault / "ab" / ("ab" * 32)
    place.write_bytes(b"PK\x03\x04Zorblatt")
    sealed = place.with_name(place.name + ".sealed")
    place.with_name(place.name + ".sealing").write_bytes(b"half written before a crash")
    assert seal_vault(home.vault, key) == 1
    assert seal_vault(home.vault, key) == 0
    assert sealed.read_bytes().startswith(MAGIC)
    assert read_vault(place, key) == read_vault(sealed, key) == b"PK\x03\x04Zorblatt"
    with pytest.raises(ConfigError, match="OUTCOMES_KEY_FILE"):
        read_vault(place, None)
    assert [path.name for path in place.parent.iterdir()] == [sealed.name]
    place.write_bytes(b"PK\x03\x04Zorblatt")
    assert seal_vault(home.vault, key) == 1
    assert not place.exists()


def test_an_encrypted_database_opens_with_its_key_only(home: Home, tmp_path: Path) -> None:
    key, path = made(home), tmp_path / "x.duckdb"
    connection = duckdb.connect()
    attach(connection, path, "x", key)
    connection.execute("create table x.t as select 'Zorblatt' as name from range(1000)")
    connection.execute("detach x")
    assert b"Zorblatt" not in path.read_bytes()
    attach(connection, path, "x", key, read_only=True)
    assert connection.execute("select count(*) from x.t where name = 'Zorblatt'").fetchone() == (1000,)
    connection.execute("detach x")
    for wrong in (None, Key(b"\1" * 32)):
        with pytest.raises(ConfigError, match="OUTCOMES_KEY_FILE"):
            attach(connection, path, "x", wrong, read_only=True)


def test_the_disk_is_called_encrypted_only_when_that_can_be_seen(tmp_path: Path) -> None:
    block, mounts = tmp_path / "block", tmp_path / "mountinfo"
    for name, uuid in (("dm-0", "CRYPT-LUKS2-x"), ("dm-1", "LVM-y"), ("sda1", None)):
        (block / name / "slaves").mkdir(parents=True)
        if uuid:
            (block / name / "dm").mkdir()
            (block / name / "dm" / "uuid").write_text(uuid)
    (block / "dm-1" / "slaves" / "dm-0").symlink_to(block / "dm-0")

    def mounted(source: str, kind: str = "ext4") -> str:
        mounts.write_text(f"1 0 8:1 / / rw - ext4 /dev/sda9 rw\n2 1 8:2 / {tmp_path} rw - {kind} {source} rw\n")
        return disk_encryption(tmp_path / "data", mounts, block)

    assert mounted("/dev/dm-0") == "encrypted"
    assert mounted("/dev/dm-1") == "encrypted"
    assert mounted("/dev/sda1") == "plain"
    assert mounted("overlay", "overlay") == "unknown"
    assert mounted("gocryptfs", "fuse.gocryptfs") == "encrypted"
    assert disk_encryption(tmp_path, tmp_path / "absent", block) == "unknown"


@pytest.mark.parametrize("disk", ["plain", "unknown", "encrypted"])
def test_r26_a_disk_that_is_not_seen_to_be_encrypted_is_refused_where_one_is_required(
    home: Home, disk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What this machine's disk is cannot be chosen; how it is told is tested above."""
    monkeypatch.setattr("assets.publish.zones.disk_encryption", lambda _: disk)
    if disk == "encrypted":
        require_encrypted_disk(home)
    else:
        with pytest.raises(ConfigError, match="an encrypted one is required"):
            require_encrypted_disk(home)
