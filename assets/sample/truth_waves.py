"""Which response belongs to which wave, told by loops over the responses of one client.

The rules are the contract's (section 2): local dates, the 0-month window after the anchor, the 6-month response nearest
to 182 days after the 0-month date, several on a day settled by completeness.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from assets.sample.records import Response
from assets.sample.shape import AGENCY_ZONE, MISSING_CODE, SURVEYS

FIRST_WINDOW_DAYS = 60
SECOND_WAVE_DAYS = 182
SECOND_TOLERANCE_DAYS = 45
NOT_REAL = ((1, "preview"), (2, "test"), (8, "spam"))


@dataclass
class Read:
    """A response with what the rules need: instant, local date, items as numbers; ``fate`` is its class."""

    response: Response
    instant: datetime
    local_date: date
    items: list[int | None]
    fate: str = ""

    @property
    def answered(self) -> int:
        """How many items have an answer."""
        return sum(item is not None for item in self.items)


def read_client_id(text: str) -> str | None:
    """Return ``TX-00042`` for every way of typing it that leaves one reading, else None."""
    compact = "".join(ch for ch in text.upper() if not ch.isspace() and ch not in "-‐‑‒–—−_")
    if not compact.startswith("TX"):
        return None
    digits = compact[2:].replace("O", "0").replace("L", "1").replace("I", "1")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 5:
        return None
    return "TX-" + digits.zfill(5)


def read_response(response: Response) -> Read:
    """Turn the texts of one response into an instant, a local date and numbers; blanks and -99 are no answer."""
    instant = response["recorded_date"].replace(tzinfo=ZoneInfo(response["zone"])).astimezone(UTC)
    items = [int(text) if text not in ("", str(MISSING_CODE)) else None for text in response["items"]]
    return Read(response, instant, instant.astimezone(ZoneInfo(AGENCY_ZONE)).date(), items)


def sort_out(instrument: str, responses: Iterable[Response], known_ids: set[str]) -> tuple[list[Read], list[Read]]:
    """Read all responses of one instrument and return (all with their fate so far, the real ones of known clients)."""
    seen: set[tuple[object, ...]] = set()
    everything: list[Read] = []
    real: list[Read] = []
    for response in responses:
        read = read_response(response)
        everything.append(read)
        row = tuple(response.values())
        if row in seen:
            read.fate = "exact_duplicate_row"
            continue
        seen.add(row)
        for bit, name in NOT_REAL:
            if response["status"] & bit:
                read.fate = name
                break
        if read.fate:
            continue
        if read_client_id(response["client_id"]) not in known_ids:
            read.fate = "unmatched"
        elif not response["finished"] and read.answered < SURVEYS[instrument].scoreable:
            read.fate = "unfinished_not_scoreable"
        else:
            real.append(read)
    return everything, real


def settle_same_day(reads: list[Read]) -> list[Read]:
    """Keep one response a day and behaviour: most items answered, then latest instant; the others are ``duplicate``."""
    best: dict[tuple[date, str], Read] = {}
    for read in reads:
        key = (read.local_date, read.response["behavior"])
        rival = best.get(key)
        if rival is None:
            best[key] = read
            continue
        better = (read.answered, read.instant, read.response["response_id"]) > (
            rival.answered,
            rival.instant,
            rival.response["response_id"],
        )
        loser = rival if better else read
        loser.fate = "duplicate_same_day"
        if better:
            best[key] = read
    return sorted(best.values(), key=lambda read: (read.instant, read.response["response_id"]))


def choose_waves(reads: list[Read], anchor: date) -> tuple[list[Read], list[Read]]:
    """Return the responses of the 0-month and of the 6-month wave of one client and instrument, fates filled in."""
    settled = settle_same_day(reads)
    days = sorted({read.local_date for read in settled})
    first: date | None = None
    for day in days:
        if anchor <= day <= anchor + timedelta(days=FIRST_WINDOW_DAYS):
            first = day
            break
    target = (first or anchor) + timedelta(days=SECOND_WAVE_DAYS)
    second: date | None = None
    for day in days:
        distance = abs((day - target).days)
        if day == first or distance > SECOND_TOLERANCE_DAYS:
            continue
        if second is None or distance < abs((second - target).days):
            second = day
    for read in settled:
        near_first = anchor <= read.local_date <= anchor + timedelta(days=FIRST_WINDOW_DAYS)
        near_second = abs((read.local_date - target).days) <= SECOND_TOLERANCE_DAYS
        if read.local_date == first:
            read.fate = "t0"
        elif read.local_date == second:
            read.fate = "t6"
        else:
            read.fate = "in_window_not_chosen" if near_first or near_second else "outside_all_windows"
    return [read for read in settled if read.fate == "t0"], [read for read in settled if read.fate == "t6"]
