"""One row of the fault table as data: how to make it, what must become of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl


@dataclass(frozen=True)
class Outcome:
    """What must become of one file. Counts of None are not checked; ``findings`` and ``quarantine`` must be among the codes."""

    status: str
    reason: str | None = None
    loaded: int | None = None
    quarantined: int | None = None
    duplicate: int | None = None
    structural: int | None = None
    kind: str | None = None
    findings: frozenset[str] = frozenset()
    quarantine: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Fault:
    """One fault: its row in the table, a name, a maker that writes into the inbox, and outcomes by file name."""

    number: int
    name: str
    make: Callable[[Path], None]
    outcomes: dict[str, Outcome]
    nights: int = 1
    hours_between: float = 0.0
    every_night: bool = False
    query: str | None = None
    answer: object = None

    @property
    def id(self) -> str:
        return f"{self.number:02d}-{self.name}"


def loaded(n: int | None = None, *findings: str, **more: object) -> Outcome:
    return Outcome("loaded", None, n, findings=frozenset(findings), **more)  # type: ignore[arg-type]


def quarantined(n_loaded: int, n: int, *codes: str, **more: object) -> Outcome:
    return Outcome("loaded", None, n_loaded, n, quarantine=frozenset(codes), **more)  # type: ignore[arg-type]


def rejected(reason: str) -> Outcome:
    return Outcome("rejected", reason, 0)


def saved(name: str, make: Callable[[], openpyxl.Workbook]) -> Callable[[Path], None]:
    return lambda inbox: make().save(inbox / name)


def written(name: str, make: Callable[[], str | bytes]) -> Callable[[Path], None]:
    def write(inbox: Path) -> None:
        content = make()
        data = content.encode("utf-8") if isinstance(content, str) else content
        (inbox / name).write_bytes(data)

    return write


@dataclass
class Registry:
    """Faults in the order they are declared."""

    faults: list[Fault] = field(default_factory=list)

    def add(
        self, number: int, name: str, make: Callable[[Path], None], outcomes: dict[str, Outcome], **more: object
    ) -> None:
        self.faults.append(Fault(number, name, make, outcomes, **more))  # type: ignore[arg-type]
