"""Numbers as a paper prints them: text whose decimals tell how far the true value may be away."""

import math
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation


@dataclass(frozen=True)
class Printed:
    """A printed number: ``low`` to ``high`` is what rounds to it, half away from zero as SPSS does."""

    text: str
    value: float
    low: float
    high: float

    @classmethod
    def of(cls, text: object) -> "Printed":
        """Read "13.0" or ".009" or 13; raises ValueError for anything else."""
        cleaned = str(text).strip().rstrip("%").strip()
        try:
            number = Decimal(cleaned)
        except InvalidOperation:
            raise ValueError("not a printed number") from None
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int):
            raise ValueError("not a printed number")
        half = 0.5 * 10.0**exponent if exponent <= 0 else 0.5
        return cls(cleaned, float(number), float(number) - half, float(number) + half)

    def fits(self, value: float, slack: float = 1e-9) -> bool:
        """Whether ``value`` would be printed so."""
        return self.low - slack <= value <= self.high + slack

    def overlaps(self, low: float, high: float) -> bool:
        """Whether any value from ``low`` to ``high`` would be printed so."""
        return low <= self.high + 1e-12 and high >= self.low - 1e-12


def denominators(count: int, percent: Printed, largest: int) -> list[int]:
    """Every n up to ``largest`` for which ``count`` of n is printed as ``percent``."""
    return [n for n in range(max(1, count), largest + 1) if percent.fits(100 * count / n)]


def grim(mean: Printed, n: int) -> bool:
    """Whether whole numbers of ``n`` cases can have the printed mean (Brown and Heathers 2017)."""
    first = math.ceil(mean.low * n - 1e-9)
    return first <= math.floor(mean.high * n + 1e-9) and mean.fits(first / n)


def nearest_means(mean: Printed, n: int) -> tuple[float, float]:
    """The means of ``n`` whole numbers next below and above the printed one."""
    total = math.floor(mean.value * n)
    return total / n, (total + 1) / n
