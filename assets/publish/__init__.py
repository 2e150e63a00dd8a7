"""Zones, the quality tables, the codebook and the published files."""

from assets.publish.quality import content_hash, write_meta, write_quality
from assets.publish.snapshot import Publication, publish
from assets.publish.zones import prepare_home, require_encrypted_disk, start_notices

__all__ = [
    "Publication",
    "content_hash",
    "prepare_home",
    "publish",
    "require_encrypted_disk",
    "start_notices",
    "write_meta",
    "write_quality",
]
