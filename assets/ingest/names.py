"""Names that maps may give to columns and feeds: they become columns and tables of the warehouse as they stand."""

import re

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_EVERYWHERE = frozenset({"file_token", "sheet", "row_number", "row_hash", "client_id_raw"})
"""Columns that every raw table has."""
_RESERVED = frozenset(
    re.findall(
        r"\w+",
        """all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create
        default deferrable desc describe distinct do else end except false fetch for foreign from group having in
        initially intersect into lambda lateral leading limit not null offset on only or order pivot pivot_longer
        pivot_wider placing primary qualify references returning select show some summarize symmetric table then to
        trailing true union unique unpivot using variadic when where window with""",
    )
)
"""The database's reserved words (a test compares them with its own list)."""


def is_name(text: str) -> bool:
    """True for a name that can be a column or a table as it stands."""
    return bool(_NAME.fullmatch(text)) and text not in _EVERYWHERE and text not in _RESERVED


def check_names(names: tuple[str, ...]) -> None:
    """Raise ``ValueError`` for the first name that cannot be one."""
    for name in names:
        if not is_name(name):
            raise ValueError(f"'{name}' cannot be a name: lower-case letters, digits, underscores, no word of SQL")
