"""Zones, the quality tables, the codebook and the published files."""

from assets.publish.quality import content_hash, write_meta, write_quality
from assets.publish.snapshot import Publication, publish
from assets.publish.zones import prepare_home, start_notices

__all__ = [
    "Publication",
    "content_hash",
    "prepare_home",
    "publish",
    "start_notices",
    "write_meta",
    "write_quality",
]
