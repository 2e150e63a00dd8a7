"""Numbers as APA prints them.

Rounding is half away from zero on the shortest decimal that stands for the number, as SPSS and DuckDB round (2.5 to 3,
0.125 to 0.13), where Python's own formatting would round half to even.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeGuard

from assets.publish.report.text import DASH, MINUS

_LARGEST_PLAIN = 1e6
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def is_number(value: Any) -> TypeGuard[int | float]:
    """Tell whether a value can be printed as a number; true and false cannot."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def rounded(value: float, decimals: int) -> Decimal:
    """Round half away from zero; minus zero becomes zero."""
    result = Decimal(repr(value) if isinstance(value, float) else str(value)).quantize(
        Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP
    )
    return abs(result) if result == 0 else result


def number(value: Any, decimals: int = 2) -> str:
    """Print with so many decimals, thousands separated, a true minus sign; an em dash where undefined."""
    if not is_number(value):
        return DASH
    if abs(value) >= _LARGEST_PLAIN:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPTS)}".replace("-", MINUS)
    return f"{rounded(value, decimals):,}".replace("-", MINUS)


def count(value: Any) -> str:
    """Print a count; the databases between hand some of them over as floats."""
    return number(value, 0)


def trimmed(value: Any, decimals: int = 2) -> str:
    """Print without decimals where there are none (a median of 16), else with ``decimals``."""
    if not is_number(value):
        return DASH
    return number(value, 0 if value == int(value) else decimals)


def percent(value: Any) -> str:
    """Print a percentage with one decimal."""
    return number(value, 1)


def bounded(value: Any, decimals: int = 2) -> str:
    """Print a number that cannot exceed 1 in size (r, R², W, V) without its leading zero."""
    text = number(value, decimals)
    return text.replace("0.", ".", 1) if text.startswith(("0.", f"{MINUS}0.")) else text


def p_value(value: Any) -> str:
    """Print p with three decimals and no leading zero; below .001 as ``< .001``, what rounds to 1 as ``> .999``."""
    if not is_number(value):
        return DASH
    if value < 0.001:
        return "< .001"
    if rounded(value, 3) >= 1:
        return "> .999"
    return bounded(value, 3)


def p_phrase(value: Any) -> str:
    """Print p with its relation, for running text: ``= .020``, ``< .001``."""
    text = p_value(value)
    return text if text.startswith(("<", ">")) else f"= {text}"


def decimals_for(spread: Any, least: int = 2, most: int = 6) -> int:
    """Choose decimals so that a spread (a standard error) shows a digit that counts: two as a rule, more where two
    would
    print 0.00."""
    decimals = least
    if is_number(spread) and spread > 0:
        while decimals < most and spread * 10**decimals < 5:
            decimals += 1
    return decimals


def interval(low: Any, high: Any, decimals: int = 2) -> str:
    """Print a confidence interval in brackets; an em dash where either end is undefined."""
    if not (is_number(low) and is_number(high)):
        return DASH
    return f"[{number(low, decimals)}, {number(high, decimals)}]"
