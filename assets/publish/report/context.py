"""What a report needs to know beside the numbers: where they come from, who may read them, what things are called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from assets.publish.report.text import clean

if TYPE_CHECKING:
    import pandas as pd

    Frame = pd.DataFrame | Sequence[Mapping[str, Any]]
else:
    Frame = Any


ZONE_BANNERS = {
    "agency": "Agency zone – contains small cells, do not pass on",
    "research": "Research zone – contains small cells, for the research team only",
    "public": "Public zone – small cells are suppressed",
}


@dataclass(frozen=True)
class ReportContext:
    """One report's frame.

    ``labels`` maps a variable, scale or model name to its human label (from the codebook), ``level_labels`` a
    variable to
    the labels of its categories. ``references`` maps a multinomial model to its reference category. ``footnotes``
    maps a
    ``study`` table, or a model by name, to sentences printed under it. ``quality`` may hold the frames ``files``,
    ``checks``, ``quarantine_counts`` and ``override_counts`` of ``quality``. ``pairs`` is one row a client and
    scale with the columns ``pair``, ``t0``, ``t6``; it is drawn in the agency zone only: each line is a person.
    ``reconciliation`` may hold the frames ``agreement`` and ``links``, also for the agency zone only.
    """

    title: str
    zone: str = "agency"
    build_id: str = ""
    built_at: datetime | date | str = ""
    code_version: str = ""
    config_hash: str = ""
    n_clients: int | None = None
    study_period: tuple[date | str, date | str] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    level_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    footnotes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    quality: Mapping[str, "Frame"] = field(default_factory=dict)
    pairs: "Frame | None" = None
    reconciliation: Mapping[str, "Frame"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a zone nobody has heard of: the banner decides who may read the page."""
        if self.zone not in ZONE_BANNERS:
            raise ValueError(f"zone must be one of {', '.join(ZONE_BANNERS)}")

    def footnotes_of(self, name: str) -> tuple[str, ...]:
        """Return the sentences to print under a ``study`` table or a model, safe to carry."""
        return tuple(clean(sentence) for sentence in self.footnotes.get(name, ()))

    @property
    def banner(self) -> str:
        """The sentence at the head of every page."""
        return ZONE_BANNERS[self.zone]

    @property
    def shows_single_clients(self) -> bool:
        """Whether minima, maxima and lines of single clients may be shown: one extreme value is one person."""
        return self.zone == "agency"
