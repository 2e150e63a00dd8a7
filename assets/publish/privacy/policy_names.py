"""Whether the names in ``disclosure.yml`` are those of the study: a misspelt one would protect nothing, in silence."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from assets.errors import ConfigError
from assets.near import instead
from assets.publish.privacy.policy import FILE, Policy

LEVEL = re.compile(r"(?P<column>\w+)=(?P<level>.+)")
COUNT = re.compile(r"(?P<name>\w+)\.(?:valid|missing|pairs)(?:\.n_(?:zero|positive|negative))?")
FLAGS = ("false", "true")


def check_names(policy: Policy, columns: Mapping[str, Sequence[str] | None], scales: Iterable[str]) -> None:
    """Raise ``ConfigError`` at the first name in ``collapse``, ``same``, ``nested`` and ``sums`` that nothing bears.

    ``columns`` is column of ``marts.client_study`` → its levels (None: any), ``scales`` the names of scales and pairs.
    A name that is right but stands in no table of the release is no mistake: the study may leave a variable out.
    """
    levels = {
        name: None if listed is None else [*listed, *(step.into for step in policy.collapse.get(name, ()))]
        for name, listed in columns.items()
    }
    known = [*columns, *(name.removesuffix(wave) for name in columns for wave in ("_t0", "_t6")), *scales]
    known += [f"{name}_{wave}" for name in scales for wave in ("t0", "t6")]
    for mistake in (*_collapse(policy, levels), *_cells(policy, levels, list(dict.fromkeys(known)))):
        raise ConfigError(f"{FILE}: {mistake}")


def _collapse(policy: Policy, columns: Mapping[str, Sequence[str] | None]) -> Iterator[str]:
    for name, steps in policy.collapse.items():
        if name not in columns:
            yield f"collapse.{name}: client_study has no column of that name; {instead(name, columns)}"
            continue
        listed = columns[name]
        for number, step in enumerate(steps):
            for level in step.levels:
                if listed is not None and level not in listed:
                    yield f"collapse.{name}.{number}.levels: {level!r} is no level of it; {instead(level, listed)}"


def _cells(policy: Policy, columns: Mapping[str, Sequence[str] | None], names: Sequence[str]) -> Iterator[str]:
    for key, pairs in (("same", policy.same), ("nested", policy.nested)):
        for number, pair in enumerate(pairs):
            for cell in pair:
                yield from _cell(f"{key}.{number}", cell, columns, names)
    for name, cells in policy.sums.items():
        if name not in columns:
            yield f"sums.{name}: client_study has no column of that name; {instead(name, columns)}"
        for cell in cells:
            yield from _cell(f"sums.{name}", cell, columns, names)


def _cell(key: str, cell: str, columns: Mapping[str, Sequence[str] | None], names: Sequence[str]) -> Iterator[str]:
    """A count by its name: ``column=level``, or ``name.valid``, ``.missing``, ``.pairs``; others are not looked at."""
    level, count = LEVEL.fullmatch(cell), COUNT.fullmatch(cell)
    if level:
        column, listed = level["column"], columns.get(level["column"])
        if column not in columns:
            yield f"{key}: client_study has no column {column!r}; {instead(column, columns)}"
        elif listed is not None and level["level"] not in listed:
            yield f"{key}: {level['level']!r} is no level of {column}; {instead(level['level'], listed)}"
    elif count and count["name"] not in names:
        yield f"{key}: there is no variable and no scale {count['name']!r}; {instead(count['name'], names)}"
