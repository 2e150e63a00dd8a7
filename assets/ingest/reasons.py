"""Every reason code of ingestion: what happens, and one fixed sentence for people, in English and Spanish.

The sentences hold no values, so they may stand in logs, in the orchestrator and in the published quality tables.
``docs/reason-codes.md`` is written from this table (a test compares them).
"""

from assets.ingest.reason import Outcome, Reason
from assets.ingest.reasons_of_files import FILE_REASONS
from assets.ingest.reasons_of_rows import ROW_REASONS

REASONS: dict[str, Reason] = {**FILE_REASONS, **ROW_REASONS}


def outcome_of(code: str) -> Outcome:
    """The usual outcome of a reason code."""
    return REASONS[code].outcome


def sentence(code: str, language: str = "en") -> str:
    """The fixed sentence of a reason code, in English or (``es``) Spanish."""
    reason = REASONS[code]
    return reason.es if language == "es" else reason.en


_MEANINGS: dict[Outcome, str] = {
    "reject": "the whole file is refused; a note lies in `agency/rejected/`, nothing is loaded",
    "hold": "the whole file waits for a person's confirmation",
    "defer": "the file is looked at again at the next run",
    "ignore": "no data; listed, never parsed",
    "quarantine": "the row (or the one cell) waits in `control.quarantine`; the other rows load",
    "warn": "loaded; a person should look",
    "norm": "loaded; settled by rule and counted",
}


def as_markdown() -> str:
    """The page ``docs/reason-codes.md``, from the table above."""
    lines = [
        "# Reason codes of ingestion",
        "",
        "Written from `assets/ingest/reasons.py` (a test compares them). In every case the original bytes are kept in",
        "the vault, and read = loaded + quarantined + duplicate + structural + erased. A message names file, sheet,",
        "row, column and code, never a cell's value.",
        "",
    ]
    for outcome, meaning in _MEANINGS.items():
        lines += [f"## {outcome}: {meaning}", "", "| code | English | español |", "|---|---|---|"]
        lines += [f"| `{code}` | {r.en} | {r.es} |" for code, r in REASONS.items() if r.outcome == outcome]
        lines.append("")
    return "\n".join(lines)
