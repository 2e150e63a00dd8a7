"""What of each study table falls when a count is hidden: every figure that would give it back."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from assets.publish.privacy.predictors import thin_terms
from assets.publish.privacy.public_counts import CLIENTS, PublicCounts, association

if TYPE_CHECKING:
    import pandas as pd

SAFE_CHECKS = ("breusch_pagan_studentized", "shapiro_residuals", "little_mcar_ml_covariance", "durbin_watson")
"""Diagnostics that describe a model as a whole; the others describe its most unusual client."""
WITHOUT_N = ("b", "se", "beta", "exp_b")
"""Columns of ``coefficients`` that do not give the residual degrees of freedom, and so n, away."""
WITHOUT_PRECISION = ("b", "exp_b")
"""Columns of ``coefficients`` that do not tell how many clients stand behind a yes-or-no predictor."""
MODEL_WITHOUT_N = ("r2", "nagelkerke", "mcfadden")


class PublicTables(PublicCounts):
    """The study's tables on their way out: ``declare`` their counts, protect the system, then ``apply`` it."""

    def apply(self) -> "dict[str, pd.DataFrame]":
        """Return the tables with every figure nulled that must not be shown."""
        import pandas as pd

        shown = {}
        for name, table in self.tables.items():
            rows = getattr(self, f"_show_{name}", self._show_nothing)()
            shown[name] = pd.DataFrame(rows, columns=[*table.columns, "suppressed"])
        return shown

    def counts_hidden(self) -> dict[str, int]:
        """Variable → n of the numeric rows whose n a reader does not see."""
        return {
            row["variable"]: row["n"]
            for row in self.rows("descriptives")
            if row["level"] is None and not self._sees(f"{row['variable']}.valid", f"{row['variable']}.missing")
        }

    def whole_numbers(self) -> frozenset[str]:
        """Variables that hold whole numbers, as far as the clients' table is at hand; all of them where it is not."""
        variables = [row["variable"] for row in self.rows("descriptives") if row["level"] is None]
        if self.clients is None:
            return frozenset(variables)
        known = [name for name in variables if name in self.clients.columns]
        return frozenset(name for name in known if (self.clients[name].dropna().astype(float) % 1 == 0).all())

    def _show_nothing(self) -> list[dict[str, Any]]:
        return []

    def _sees(self, *cells: str) -> bool:
        return not any(cell in self.system.hidden for cell in cells)

    def _why(self, *cells: str) -> str:
        reasons = {
            "small" if self.system.is_small(cell, self.k) else "complementary"
            for cell in cells
            if cell in self.system.hidden
        }
        return ", ".join(sorted(reasons))

    def _show_missingness(self) -> list[dict[str, Any]]:
        shown = []
        for row in self.rows("missingness"):
            cells = [f"{row['variable']}.valid", f"{row['variable']}.missing"]
            if not self._sees(*cells):
                _null(row, ["n_missing", "n_valid", "percent"])
            _null(row, ["n_declared"])  # how a value went missing is the agency's affair
            shown.append({**row, "suppressed": self._why(*cells)})
        return shown

    def _show_descriptives(self) -> list[dict[str, Any]]:
        return [self._numeric(row) if row["level"] is None else self._level(row) for row in self.rows("descriptives")]

    def _numeric(self, row: dict[str, Any]) -> dict[str, Any]:
        variable, n = row["variable"], row["n"]
        cells = [f"{variable}.valid", f"{variable}.missing"]
        reasons = [self._why(*cells), "extreme"]
        _null(row, ["min", "max"])
        if not self._sees(*cells):
            _null(row, ["n", "missing"])
        if n < 4 * self.policy.public.percentile_side:
            _null(row, ["q1", "q3"])
        if n < 2 * self.policy.public.percentile_side:
            _null(row, ["median"])
        if 0 < n < self.k or self._narrowed(f"{variable}.valid"):
            _null(row, _STATISTICS)
        if variable in self._sums and not self._sees(self._sums[variable]):
            _null(row, _STATISTICS)
            reasons.append("complementary")
        if self._dominated(variable):
            _null(row, _STATISTICS)
            reasons.append("dominance")
        return {**row, "suppressed": _join(reasons)}

    def _narrowed(self, valid: str) -> bool:
        """Whether another mean is shown for all but a few of these clients: the two together give theirs away."""
        return any(
            name.startswith(f"{valid} without ") and self.system.is_small(name, self.k) for name in self.system.cells
        )

    def _level(self, row: dict[str, Any]) -> dict[str, Any]:
        variable = row["variable"]
        cell, valid, missing = f"{variable}={row['level']}", f"{variable}.valid", f"{variable}.missing"
        base = [] if variable in self.merged else [valid, missing]
        if not self._sees(cell):
            _null(row, ["n", "percent"])
        if base and not self._sees(*base):
            _null(row, ["denominator", "missing", "percent"])
        return {**row, "suppressed": self._why(cell, *base)}

    def _dominated(self, variable: str) -> bool:
        """Whether one client makes up more of a total of services than the policy allows."""
        if not variable.startswith("services_"):
            return False
        if self.clients is None or variable not in self.clients.columns:
            return True
        values = self.clients[variable].dropna()
        total = float(values.sum())
        return total > 0 and float(values.max()) / total > self.policy.public.dominance

    def _show_normality(self) -> list[dict[str, Any]]:
        shown = []
        for row in self.rows("normality"):
            cells = [f"{row['variable']}.valid", f"{row['variable']}.missing"]
            if not self._sees(*cells) or row["n"] < self.k:
                _null(row, ["n", "shapiro_w", "shapiro_p", "lilliefors_d", "lilliefors_p"])
            shown.append({**row, "suppressed": self._why(*cells)})
        return shown

    def _show_scale_scores(self) -> list[dict[str, Any]]:
        shown = []
        for row in self.rows("scale_scores"):
            cell = f"{row['scale']}.pairs" if row["matched"] else f"{row['scale']}_{row['wave']}.valid"
            if not self._sees(cell):
                _null(row, ["n", "mean", "sd", "alpha"])
            shown.append({**row, "suppressed": self._why(cell)})
        return shown

    def _show_paired_tests(self) -> list[dict[str, Any]]:
        shown = []
        for row in self.rows("paired_tests"):
            pair = f"{row['name']}.pairs"
            parts = [f"{pair}.{part}" for part in ("n_zero", "n_positive", "n_negative")]
            if not self._sees(*parts):
                # Rank sums, z and p of so few pairs give the number of clients on each side away.
                _null(row, [key for key in row if key not in {"name", "n_pairs", "hodges_lehmann"}])
            if not self._sees(pair):
                _null(row, [key for key in row if key != "name"])
            shown.append({**row, "suppressed": self._why(pair, *parts)})
        return shown

    def _withheld(self) -> set[str]:
        """Models too close to single clients: few residual degrees of freedom, or a rare class of the outcome."""
        rarest = {row["model"]: row["value"] for row in self.rows("diagnostics") if row["check"] == "rarest_class_n"}
        found = set()
        for row in self.rows("models"):
            few = row["df_resid"] is not None and row["df_resid"] < self.policy.public.min_df_resid
            rare = row["family"] == "multinomial" and rarest.get(row["model"], 0) < self.policy.public.min_class
            if few or rare or row["n"] is None or row["n"] < self.k:
                found.add(row["model"])
        return found

    def _show_models(self) -> list[dict[str, Any]]:
        keys = ("model", "family", "outcome", "missing", "status", "df_model")
        shown = []
        for row in self.rows("models"):
            cells = [f"model {row['model']}", f"model {row['model']}.excluded"]
            reason = self._why(*cells)
            _null(row, ["message"])  # a sentence about the data may count clients
            if row["model"] in self._withheld():
                _null(row, [key for key in row if key not in keys])
                reason = _join([reason, "model"])
            elif not self._sees(*cells):
                _null(row, [key for key in row if key not in (*keys, *MODEL_WITHOUT_N)])
            shown.append({**row, "suppressed": reason})
        return shown

    def _show_coefficients(self) -> list[dict[str, Any]]:
        keys = ("model", "equation", "term", "method")
        withheld, shown = self._withheld(), []
        least = self.policy.public.min_class
        thin = thin_terms(self.rows("models"), self.rows("coefficients"), self.clients, least)
        for row in self.rows("coefficients"):
            cells = [f"model {row['model']}", f"model {row['model']}.excluded"]
            reason = self._why(*cells)
            if row["model"] in withheld:
                _null(row, [key for key in row if key not in keys])
                reason = _join([reason, "model"])
            elif not self._sees(*cells):
                _null(row, [key for key in row if key not in (*keys, *WITHOUT_N)])
            if (row["model"], row["term"]) in thin and row["model"] not in withheld:
                _null(row, [key for key in row if key not in (*keys, *WITHOUT_PRECISION)])
                reason = _join([reason, "class"])
            shown.append({**row, "suppressed": reason})
        return shown

    def _show_effect_tests(self) -> list[dict[str, Any]]:
        withheld, shown = self._withheld(), []
        for row in self.rows("effect_tests"):
            gone = row["model"] in withheld
            if gone:
                _null(row, ["chi2", "df", "p"])
            shown.append({**row, "suppressed": "model" if gone else ""})
        return shown

    def _show_diagnostics(self) -> list[dict[str, Any]]:
        withheld = self._withheld()
        return [
            {**row, "suppressed": ""}
            for row in self.rows("diagnostics")
            if row["check"] in SAFE_CHECKS
            and row["model"] not in withheld
            and f"model {row['model']}" in self.system.cells
            and self._sees(f"model {row['model']}", f"model {row['model']}.excluded")
        ]

    def _show_urica_stages(self) -> list[dict[str, Any]]:
        shown = []
        for row in self.rows("urica_stages"):
            cell, valid = f"urica_stage_{row['wave']}={row['stage']}", f"urica_stage_{row['wave']}.valid"
            if not self._sees(cell):
                _null(row, ["n", "percent", "mean_readiness"])
            if not self._sees(valid):
                _null(row, ["percent"])
            shown.append({**row, "suppressed": self._why(cell, valid)})
        return shown

    def _show_associations(self) -> list[dict[str, Any]]:
        shown = []
        for row in self.rows("associations"):
            cell = association(row)
            reason = self._why(cell)
            if not self._large_cells(row) or not self._sees(cell):
                _null(row, [key for key in row if key not in {"row_variable", "column_variable", "n"}])
                reason = _join([reason, "cells"])
            if not self._sees(cell):
                _null(row, ["n"])
            shown.append({**row, "suppressed": reason})
        return shown

    def _large_cells(self, row: dict[str, Any]) -> bool:
        """Whether no cell of the cross table has 1 … k - 1 clients: with known margins chi-square gives cells away."""
        import pandas as pd

        names = [row["row_variable"], row["column_variable"]]
        if self.clients is None or any(name not in self.clients.columns for name in names):
            return False
        both = self.clients[names].dropna()
        cells = pd.crosstab(both[names[0]].astype(str), both[names[1]].astype(str)).to_numpy()
        return bool(((cells == 0) | (cells >= self.k)).all())

    def _show_participant_flow(self) -> list[dict[str, Any]]:
        """Only the steps that are cells of the system: what is not audited is not shown."""
        shown = []
        for row in self.rows("participant_flow"):
            cell = self._step(str(row["step"]))
            if cell is None or cell not in self.system.cells or self.system.cells[cell].value != row["n"]:
                continue
            if not self._sees(cell):
                _null(row, ["n"])
            row["reason"] = None  # a sentence may count those who left
            shown.append({**row, "suppressed": self._why(cell)})
        return shown

    @staticmethod
    def _step(step: str) -> str | None:
        if step in {"participants", "clients in the intake export"}:
            return CLIENTS
        if step.startswith("model "):
            return step
        scale, _, wave = step.partition(": ")
        return {"t0": f"{scale}_t0.valid", "t6": f"{scale}_t6.valid", "both": f"{scale}.pairs"}.get(wave)


_STATISTICS = ["mean", "sd", "median", "q1", "q3", "skewness", "kurtosis"]


def _null(row: dict[str, Any], keys: Iterable[str]) -> None:
    for key in keys:
        if key in row:
            row[key] = None


def _join(reasons: Iterable[str]) -> str:
    return ", ".join(sorted({part for reason in reasons for part in reason.split(", ") if part}))
