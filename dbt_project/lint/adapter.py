"""What sqlfluff sees instead of dbt's adapter, so that it needs no database."""

from collections.abc import Callable
from typing import Any

STANDS_FOR = {"unpivot_items": "select 1 as item", "cross_join_codes": "", "cross_join_numbers": "", "all_but": "*"}
"""The text that stands for a dispatched macro; the others are expressions, and ``null`` stands for those."""


def dispatch(name: str, *_packages: Any) -> Callable[..., str]:
    """Return a macro that renders what stands for the dispatched one."""
    return lambda *_arguments, **_named: STANDS_FOR.get(name, "null")
