"""Zones, the quality tables, the codebook and the published files."""

from assets.publish.quality import content_hash, write_meta, write_quality
from assets.publish.snapshot import Publication, publish
from assets.publish.zones import encryption_notice, prepare_home

__all__ = [
    "Publication",
    "content_hash",
    "encryption_notice",
    "prepare_home",
    "publish",
    "write_meta",
    "write_quality",
]
