"""Whether the disk under a home encrypts what is written to it."""

from pathlib import Path


def disk_encryption(
    path: Path, mounts: Path = Path("/proc/self/mountinfo"), block: Path = Path("/sys/class/block")
) -> str:
    """Tell whether ``path`` lies on an encrypted volume: ``encrypted``, ``plain`` or ``unknown``.

    Looks for a dm-crypt mapping under the mount's device and for the file systems that encrypt themselves. Whatever
    cannot be told is ``unknown``, never ``encrypted``.
    """
    best: tuple[str, str, str] | None = None
    try:
        for line in mounts.read_text().splitlines():
            left, _, right = line.partition(" - ")
            point, kind, source = left.split()[4], right.split()[0], right.split()[1]
            if path.resolve().is_relative_to(point) and (best is None or len(point) >= len(best[0])):
                best = (point, kind, source)
    except (OSError, IndexError):
        return "unknown"
    if best is None:
        return "unknown"
    _, kind, source = best
    if kind in {"ecryptfs", "fuse.gocryptfs", "fuse.encfs", "fuse.cryfs"}:
        return "encrypted"
    device = Path(source).resolve().name if source.startswith("/dev/") else None
    if device is None or not (block / device).exists():
        return "unknown"
    return "encrypted" if _over_crypt(block / device) else "plain"


def _over_crypt(device: Path) -> bool:
    """Whether the block device or one below it is a dm-crypt mapping."""
    uuid = device / "dm" / "uuid"
    if uuid.exists() and uuid.read_text().startswith("CRYPT-"):
        return True
    slaves = device / "slaves"
    return slaves.is_dir() and any(_over_crypt(slave) for slave in slaves.iterdir())
