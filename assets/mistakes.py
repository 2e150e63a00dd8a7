"""How a mistake in a settings file is told to whoever edits it: what is allowed, in plain words, and near names."""

from collections.abc import Sequence
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from assets.near import instead

WORDS = {
    "bool": "must be true or false",
    "date": "must be a day that exists, such as 2021-10-31",
    "dict": "must hold keys and values",
    "float": "must be a number",
    "int": "must be a whole number",
    "list": "must be a list",
    "model": "must hold keys and values",
    "string": "must be text",
    "tuple": "must be a list",
}
"""First word of pydantic's type of error → what the value must be; of those that are about the kind of value."""

BOUNDS = {
    "too_short": ("min_length", "must have at least {} in its list"),
    "too_long": ("max_length", "must have at most {} in its list"),
    "greater_than": ("gt", "must be more than {}"),
    "greater_than_equal": ("ge", "must be at least {}"),
    "less_than": ("lt", "must be less than {}"),
    "less_than_equal": ("le", "must be at most {}"),
}
"""Type of an error about a bound → where pydantic tells the bound, and the words for it."""

OF_A_KIND = ("_type", "_parsing", "_from_float", "_inexact", "_attributes_type")


def wrong(key: str, reason: str) -> PydanticCustomError:
    """Make the error of a rule over several settings; ``key`` is the one to mend, below the group that has the rule."""
    return PydanticCustomError("setting", "{reason}", {"key": key, "reason": reason})


def told(error: ValidationError, group: type[BaseModel]) -> str:
    """Tell the mistake to mend first as ``key: what is wrong or allowed``; ``group`` is what was validated.

    An unknown key comes first: spelt rightly, it often is the one that is said to be missing.
    """
    mistakes = error.errors(include_url=False)
    first = next((item for item in mistakes if item["type"] == "extra_forbidden"), mistakes[0])
    place = [str(part) for part in first["loc"] if part != "[key]"]
    if first["type"] == "setting":
        place.append(first["ctx"]["key"])
    if first["type"] == "missing" and place[-1].isdigit():
        place.pop()
    return f"{'.'.join(place) or '(top level)'}: {wording(first, group)}"


def wording(item: Any, group: type[BaseModel], unknown: str = "is no setting") -> str:
    """What one of pydantic's errors says, in words for people; ``unknown`` is how an unknown key is called."""
    kind, place = str(item["type"]), item["loc"]
    if kind == "extra_forbidden":
        keys = list(getattr(_group_at(group, place[:-1]), "model_fields", ()))
        return f"{unknown}; {instead(str(place[-1]), keys)}" if keys else unknown
    if kind == "missing" and isinstance(place[-1], int):
        return f"needs more than {place[-1]} values"
    if kind == "string_pattern_mismatch" and item["ctx"]["pattern"] == r"^[a-z0-9_]+$":
        return "must be a code: lower-case letters, digits and _"
    if kind in BOUNDS:
        name, words = BOUNDS[kind]
        return words.format(item["ctx"][name])
    if kind.endswith(OF_A_KIND):
        said = WORDS.get(kind.split("_", maxsplit=1)[0])
        keys = list(getattr(_group_at(group, place), "model_fields", ())) if said == WORDS["model"] else []
        return f"{said}: {', '.join(keys)}" if said and keys else said or str(item["msg"])
    return str(item["msg"]).removeprefix("Value error, ")


def _group_at(group: Any, place: Sequence[int | str]) -> Any:
    """The group of settings at a place of another one; None where the place is in none."""
    for part in place:
        if isinstance(group, type) and issubclass(group, BaseModel):
            field = group.model_fields.get(str(part))
            group = field.annotation if field else None
        else:
            group = get_args(group)[-1 if get_origin(group) is dict else 0] if get_args(group) else None
        while get_origin(group) is Annotated:
            group = get_args(group)[0]
    return group
