"""What each study table counts, and how its counts hang together with those of the others."""

import math
from typing import TYPE_CHECKING, Any

from assets.publish.privacy.cells import System
from assets.publish.privacy.policy import Policy

if TYPE_CHECKING:
    import pandas as pd

CLIENTS = "clients"


class PublicCounts:
    """The study's tables as one system of counts; ``public_tables.py`` shows what the protected system allows."""

    def __init__(
        self,
        tables: "dict[str, pd.DataFrame]",
        policy: Policy,
        k: int,
        merged: set[str],
        clients: "pd.DataFrame | None",
    ) -> None:
        self.tables, self.policy, self.k, self.merged, self.clients = tables, policy, k, merged, clients
        self.system = System()
        self._whole: list[str] = []
        self._sums: dict[str, str] = {}

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The table's rows as plain dictionaries, nulls as None."""
        table = self.tables.get(name)
        if table is None:
            return []
        return [{str(key): _plain(value) for key, value in row.items()} for row in table.to_dict("records")]

    def declare(self) -> System:
        """Register every count of every table and everything a reader knows to add up."""
        self._missingness()
        self._descriptives()
        self._scales_and_pairs()
        self._models()
        self._stages()
        self._associations()
        return self.system

    def whole_groups(self) -> list[str]:
        """Levels of a variable of which only one occurs: 100 % says of each client what it says of all."""
        return self._whole

    def _note_whole(self, cells: list[str]) -> None:
        if sum(self.system.cells[cell].value > 0 for cell in cells) == 1:
            self._whole += cells  # the others' zeros would tell the same

    def _valid(self, variable: str, valid: int, missing: int) -> None:
        system = self.system
        system.add(CLIENTS, valid + missing, "total")
        if f"{variable}.valid" not in system.cells:
            system.add(f"{variable}.valid", valid, "valid")
            system.add(f"{variable}.missing", missing, "missing")
            system.adds_up([f"{variable}.valid", f"{variable}.missing"], CLIENTS)
            system.twins |= {f"{variable}.valid": f"{variable}.missing", f"{variable}.missing": f"{variable}.valid"}

    def _missingness(self) -> None:
        for row in self.rows("missingness"):
            self._valid(row["variable"], row["n_valid"], row["n_missing"])

    def _descriptives(self) -> None:
        levels: dict[str, list[str]] = {}
        for row in self.rows("descriptives"):
            variable = row["variable"]
            if row["level"] is None:
                self._valid(variable, row["n"], row["missing"])
                if variable in self.policy.sums and row["mean"] is not None:
                    self._sums[variable] = f"{variable}.sum"
                    self.system.add(f"{variable}.sum", round(row["mean"] * row["n"]), "sum")
                continue
            if variable not in self.merged:
                self._valid(variable, row["denominator"], row["missing"])
            cell = f"{variable}={row['level']}"
            self.system.add(cell, row["n"], "level")
            levels.setdefault(variable, []).append(cell)
        for variable, cells in levels.items():
            self._note_whole(cells)
            self.system.adds_up(cells, CLIENTS if variable in self.merged else f"{variable}.valid")
        for variable, cell in self._sums.items():
            self._tie_sum(variable, cell)

    def _tie_sum(self, variable: str, cell: str) -> None:
        """A mean gives the sum of counts away; where the counts stand under other names now, the mean must go."""
        parts = self.policy.sums[variable]
        present = [part for part in parts if part in self.system.cells]
        if (
            len(present) == len(parts)
            and sum(self.system.cells[p].value for p in parts) == self.system.cells[cell].value
        ):
            self.system.adds_up(parts, cell)
        else:
            self.system.hidden.add(cell)

    def _scales_and_pairs(self) -> None:
        system = self.system
        for row in self.rows("paired_tests"):
            pair = f"{row['name']}.pairs"
            system.add(pair, row["n_pairs"], "pair")
            parts = []
            for part in ("n_zero", "n_positive", "n_negative"):
                system.add(f"{pair}.{part}", row[part], "count")
                parts.append(f"{pair}.{part}")
            system.adds_up(parts, pair)
        for row in sorted(self.rows("scale_scores"), key=lambda row: bool(row["matched"])):
            valid, pair = f"{row['scale']}_{row['wave']}.valid", f"{row['scale']}.pairs"
            if not row["matched"]:
                system.add(valid, row["n"], "valid")
                if CLIENTS in system.cells:
                    system.nested(valid, CLIENTS)
                continue
            system.add(pair, row["n"], "pair")
            if valid in system.cells:
                system.nested(pair, valid)

    def _models(self) -> None:
        for row in self.rows("models"):
            if row["n"] is None or row["n_excluded"] is None:
                continue
            model, excluded = f"model {row['model']}", f"model {row['model']}.excluded"
            self.system.add(CLIENTS, row["n"] + row["n_excluded"], "total")
            self.system.add(model, row["n"], "model")
            self.system.add(excluded, row["n_excluded"], "missing")
            self.system.adds_up([model, excluded], CLIENTS)
            self.system.twins |= {model: excluded, excluded: model}
            outcome = f"{row['outcome']}.valid"
            if outcome in self.system.cells and self.system.cells[outcome].value >= row["n"]:
                self.system.nested(model, outcome)

    def _stages(self) -> None:
        waves: dict[str, list[str]] = {}
        totals: dict[str, int] = {}
        for row in self.rows("urica_stages"):
            wave = row["wave"]
            cell = f"urica_stage_{wave}={row['stage']}"
            self.system.add(cell, row["n"], "level")
            waves.setdefault(wave, []).append(cell)
            totals[wave] = totals.get(wave, 0) + row["n"]
        for wave, cells in waves.items():
            total = f"urica_stage_{wave}.valid"
            self.system.add(total, totals[wave], "valid")
            readiness = f"urica_readiness_{wave}.valid"
            if readiness in self.system.cells and self.system.cells[readiness].value == totals[wave]:
                self.system.equal(total, readiness)
            self.system.adds_up(cells, total)
            self._note_whole(cells)

    def _associations(self) -> None:
        for row in self.rows("associations"):
            cell = association(row)
            self.system.add(cell, row["n"], "association")
            for outer in (f"{row['row_variable']}.valid", f"{row['column_variable']}.valid", CLIENTS):
                if outer in self.system.cells and self.system.cells[outer].value >= row["n"]:
                    self.system.nested(cell, outer)


def association(row: dict[str, Any]) -> str:
    """Name the cell of an association's n."""
    return f"{row['row_variable']} by {row['column_variable']}"


def _plain(value: Any) -> Any:
    import pandas as pd

    missing = value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))
    return None if missing else value
