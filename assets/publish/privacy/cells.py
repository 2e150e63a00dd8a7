"""Published counts as one system of equations, and the audit of what a reader could solve for.

Hiding a small count is of no use while its neighbours and their total stand beside it. Here every count that may be
published is a cell, everything a reader knows to add up is an equation, and for each hidden cell the smallest and the
largest value that agree with all visible ones are found by linear programming (complementary suppression with audit:
FCSM Working Paper 22; tau-Argus). A cell counts as protected when that interval is at least ``k`` wide.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

COSTS = {"association": 1, "sum": 1, "level": 2, "missing": 3, "valid": 4, "count": 4, "pair": 8, "model": 9}
"""What is given up first when a second cell must be hidden; a ``total`` is never hidden."""


@dataclass(frozen=True)
class Cell:
    """A count of clients. ``kind`` is a key of ``COSTS``, ``total``, ``derived`` (never printed, but solvable), or
    ``fixed`` (of an earlier release: shown or hidden for good)."""

    value: int
    kind: str


@dataclass
class System:
    """Cells by name, and equations ``sum of coefficient times cell = 0`` that hold whatever the data."""

    cells: dict[str, Cell] = field(default_factory=dict)
    equations: list[dict[str, int]] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    twins: dict[str, str] = field(default_factory=dict)
    """Cells that tell the same beside a total nobody hides (valid and missing): they are hidden together."""

    def add(self, name: str, value: int, kind: str) -> None:
        """Register a cell; the same name must always come with the same value."""
        known = self.cells.get(name)
        if known is None:
            self.cells[name] = Cell(int(value), kind)
        elif known.value != int(value):
            raise ValueError(f"two counts for the cell {name}")

    def adds_up(self, parts: Iterable[str], total: str) -> None:
        """State that ``parts`` sum to ``total``."""
        equation = {total: -1}
        for part in parts:
            equation[part] = equation.get(part, 0) + 1
        self.equations.append(equation)

    def nested(self, inner: str, outer: str) -> None:
        """State that the clients of ``inner`` are among those of ``outer``: their difference is a count as well."""
        rest = f"{outer} without {inner}"
        if rest not in self.cells:
            self.add(rest, self.cells[outer].value - self.cells[inner].value, "derived")
            self.adds_up([inner, rest], outer)

    def equal(self, first: str, second: str) -> None:
        """State that two cells count the same clients under two names."""
        self.equations.append({first: 1, second: -1})

    def is_small(self, name: str, k: int) -> bool:
        """Whether the count itself may not be known: 1 … k - 1 clients (a sum of other things has no such limit)."""
        return self.cells[name].kind not in {"sum", "fixed"} and 0 < self.cells[name].value < k

    def unknown(self) -> set[str]:
        """Cells that the reader does not see: the hidden ones, and the derived ones that are never printed."""
        return self.hidden | {name for name, cell in self.cells.items() if cell.kind == "derived"}

    def bounds(self, wanted: Iterable[str]) -> dict[str, tuple[float, float]]:
        """Smallest and largest value of each wanted unknown cell that agree with the visible cells."""
        unknown = self.unknown()
        groups = self._components(unknown)
        found: dict[str, tuple[float, float]] = {}
        for name in wanted:
            if name not in unknown:
                found[name] = (float(self.cells[name].value),) * 2
            else:
                found[name] = self._interval(name, groups[name], unknown)
        return found

    def protect(self, k: int, also: Iterable[str] = ()) -> None:
        """Hide every small count and as many others as it takes until no small count can be solved for.

        ``also`` names cells to hide for other reasons. Every hidden printed cell and every small derived one must end
        with an interval at least ``k`` wide; raises ``AuditError`` when even hiding all but the totals is not enough.
        """
        self.hidden |= {name for name, cell in self.cells.items() if cell.kind != "derived" and self.is_small(name, k)}
        self.hidden |= set(also)
        needed = set(self.hidden)
        proven: set[frozenset[str]] = set()
        while exposed := self._exposed(k, proven):
            name, width = exposed
            helper = self._helper(name, k, width)
            if helper is None:
                raise AuditError("a count stays solvable even with every other count of its tables hidden")
            self.hidden |= self._with_twin(helper)
        self._show_again(needed, k, proven)

    def _show_again(self, needed: set[str], k: int, proven: set[frozenset[str]]) -> None:
        """Take back every helper that later ones made unnecessary, the most valuable first."""
        for name in sorted(self.hidden - needed, key=lambda name: (-COSTS[self.cells[name].kind], name)):
            freed = (self._with_twin(name) - needed) & self.hidden
            self.hidden -= freed
            if freed and self._exposed(k, proven):
                self.hidden |= freed

    def audit(self, k: int) -> list[str]:
        """Names of the cells that must not be known and can be narrowed to less than ``k``; empty when all is well."""
        must = self._sensitive(k)
        return [name for name, (low, high) in self.bounds(must).items() if high - low < k]

    def _sensitive(self, k: int) -> list[str]:
        derived = [name for name, cell in self.cells.items() if cell.kind == "derived" and self.is_small(name, k)]
        return [*sorted(self.hidden), *derived]

    def _exposed(self, k: int, proven: set[frozenset[str]]) -> tuple[str, float] | None:
        """The first cell that can be narrowed to less than ``k``.

        What a group of connected unknown cells allows depends on that group alone, so a group once ``proven`` is not
        solved again: of 325 cells of the reference agency's tables only a handful change from step to step.
        """
        unknown = self.unknown()
        groups = self._components(unknown)
        pending: dict[frozenset[str], list[str]] = {}
        for name in self._sensitive(k):
            pending.setdefault(frozenset(groups[name]), []).append(name)
        for group, names in pending.items():
            if group in proven:
                continue
            for name in names:
                low, high = self._interval(name, groups[name], unknown)
                if high - low < k:
                    return name, high - low
            proven.add(group)
        return None

    def _helper(self, name: str, k: int, width: float) -> str | None:
        """The cheapest visible cell whose hiding widens the interval of ``name`` to ``k``, else the one helping most.

        Cells of the equations that ``name`` stands in are tried first, then those its group touches.
        """
        component = self._components(self.unknown())[name]
        own = [equation for equation in self.equations if name in equation]
        around = [equation for equation in self.equations if name not in equation and component & equation.keys()]
        tried: dict[str, float] = {}
        for equations in (own, around):
            unknown = self.unknown()
            near = {o for e in equations for o in e if o not in unknown and self.cells[o].kind in COSTS} - tried.keys()
            for candidate in sorted(near, key=lambda other: self._cost(other, k - width)):
                added = self._with_twin(candidate) - self.hidden
                self.hidden |= added
                low, high = self.bounds([name])[name]
                self.hidden -= added
                if high - low >= k:
                    return candidate
                tried[candidate] = high - low
        better = [candidate for candidate, reached in tried.items() if reached > width]
        return min(better or tried, key=lambda other: (-tried[other], self._cost(other, k - width)), default=None)

    def _with_twin(self, name: str) -> set[str]:
        return {name, self.twins[name]} if name in self.twins else {name}

    def _cost(self, name: str, lacking: float) -> tuple[bool, int, int, str]:
        """First whether hiding it would be enough, then what it is worth, then the smallest loss."""
        cell = self.cells[name]
        enough = cell.value >= lacking
        return (not enough, COSTS[cell.kind], cell.value if enough else -cell.value, name)

    def _components(self, unknown: set[str]) -> dict[str, set[str]]:
        """Unknown cells that share an equation, directly or over others: only these bear on each other."""
        groups = {name: {name} for name in unknown}
        for equation in self.equations:
            members = [name for name in equation if name in unknown]
            for member in members[1:]:
                first, second = groups[members[0]], groups[member]
                if first is not second:
                    small, large = sorted((first, second), key=len)
                    large |= small
                    for moved in small:
                        groups[moved] = large
        return groups

    def _interval(self, name: str, component: set[str], unknown: set[str]) -> tuple[float, float]:
        import numpy as np
        from scipy.optimize import linprog

        order = sorted(component)
        place = {cell: column for column, cell in enumerate(order)}
        rows = [equation for equation in self.equations if component & equation.keys()]
        if not rows:
            return 0.0, float("inf")
        left = np.zeros((len(rows), len(order)))
        right = np.zeros(len(rows))
        for number, equation in enumerate(rows):
            for cell, coefficient in equation.items():
                if cell in unknown:
                    left[number, place[cell]] += coefficient
                else:
                    right[number] -= coefficient * self.cells[cell].value
        goal = np.zeros(len(order))
        goal[place[name]] = 1.0
        ends = []
        for sign in (1.0, -1.0):
            solved = linprog(sign * goal, A_eq=left, b_eq=right, bounds=(0, None), method="highs")
            ends.append(sign * solved.fun if solved.status == 0 else sign * float("-inf"))
        return float(ends[0]), float(ends[1])


class AuditError(Exception):
    """The tables cannot be protected by hiding cells: they must be collapsed or withheld as a whole."""


def counts(system: System) -> Mapping[str, int]:
    """The visible counts of a release by cell name: what the ledger keeps and later releases are checked against."""
    unknown = system.unknown()
    return {name: cell.value for name, cell in sorted(system.cells.items()) if name not in unknown}
