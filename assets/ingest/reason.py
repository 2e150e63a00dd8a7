"""What a reason code is."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["reject", "hold", "defer", "ignore", "quarantine", "warn", "norm"]


@dataclass(frozen=True)
class Reason:
    """What a code means: its usual outcome and the sentence that tells a person what to do."""

    outcome: Outcome
    en: str
    es: str
