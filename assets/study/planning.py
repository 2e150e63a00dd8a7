"""Planning a replication: power and precision of each test in a new sample of N clients, by simulation."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from assets.errors import ConfigError
from assets.study.design import Design, build_design
from assets.study.distributions import p_chi2, quantile_normal, quantile_t
from assets.study.effects import differences_of
from assets.study.firth import fit_firth
from assets.study.frame import Floats, StudyFrame
from assets.study.multinomial import Standardised, fit_multinomial, log_probabilities, raw_scale
from assets.study.ols import fit_ols
from assets.study.paired import signed_rank
from assets.study.rows import REAL, TEXT, WHOLE, Row, table
from assets.study.run import pairs_are_numeric
from assets.study.spec import ModelSpec, Spec

if TYPE_CHECKING:
    import pandas as pd

SEED = 20210101
SIMULATIONS = 500
PLAN_COLUMNS: dict[str, str] = {
    **dict.fromkeys(("analysis", "equation", "term"), TEXT),
    **dict.fromkeys(("n_clients", "n_analysed", "simulations"), WHOLE),
    **dict.fromkeys(("effect", "power", "power_low", "power_high", "half_width", "share_not_estimable"), REAL),
}
Progress = Callable[[str], None]


def plan(
    frame: "pd.DataFrame",
    spec: Spec,
    sizes: list[int],
    *,
    simulations: int = SIMULATIONS,
    seed: int = SEED,
    progress: Progress | None = None,
) -> "pd.DataFrame":
    """What a new sample of each size in ``sizes`` (clients) would show if the fitted models were the truth.

    Predictors are resampled from the complete cases, outcomes drawn from the fitted model, and the share of complete
    cases or pairs stays as it was. ``power`` is the share of simulations with p < .05 and its 95 % Wilson interval
    (simulation error only), ``half_width`` the median half width of the 95 % interval. Effects estimated in a small
    sample are uncertain and, where they were chosen for their p, too large: the plan inherits both.
    """
    if not sizes or min(sizes) < 2 or simulations < 1:
        raise ConfigError("plan: sizes must be 2 clients or more, simulations 1 or more")
    data = StudyFrame(frame, spec)
    pairs_are_numeric(data)
    rows: list[Row] = []
    for size in sizes:
        if progress:
            progress(f"{size} clients: paired tests")
        for number, pair in enumerate(spec.pairs):
            differences = differences_of(data.numeric(pair.t0), data.numeric(pair.t6))
            draw = np.random.default_rng([seed, size, 0, number])
            rows += _pair_rows(pair.name, differences, (data.n, size), simulations, draw)
        for number, model in enumerate(spec.models):
            if progress:
                progress(f"{size} clients: model {model.name}")
            design = build_design(data, model)
            draw = np.random.default_rng([seed, size, 1, number])
            if not design.fatal and design.terms:
                simulate = _linear if model.family == "ols" else _multinomial
                rows += simulate(model, design, (data.n, size), simulations, draw)
    return table("planning", rows, PLAN_COLUMNS)


def _analysed(cases: int, clients: tuple[int, int]) -> int:
    return round(cases * clients[1] / clients[0])


def _finish(where: Row, p: Floats, half_widths: Floats, simulations: int) -> Row:
    known = ~np.isnan(p)
    row = {**where, "simulations": simulations, "share_not_estimable": float(1 - known.mean())}
    if known.any():
        hits, trials = int((p[known] < 0.05).sum()), int(known.sum())
        low, high = wilson(hits, trials)
        row |= {"power": hits / trials, "power_low": low, "power_high": high}
    widths = half_widths[np.isfinite(half_widths)]
    return row | ({"half_width": float(np.median(widths))} if widths.size else {})


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    z = quantile_normal(0.975)
    share = hits / trials
    centre = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def _pair_rows(
    name: str, differences: Floats, clients: tuple[int, int], simulations: int, draw: np.random.Generator
) -> list[Row]:
    n = _analysed(differences.size, clients)
    where: Row = {"analysis": name, "n_clients": clients[1], "n_analysed": n}
    if n < 2 or differences.size < 2:
        return [{**where, "simulations": 0}]
    p, widths = np.full(simulations, np.nan), np.full(simulations, np.nan)
    for i in range(simulations):
        sample = draw.choice(differences, size=n)
        p[i] = signed_rank(np.zeros(n), sample)["p"]
        widths[i] = quantile_t(0.975, n - 1) * sample.std(ddof=1) / math.sqrt(n)
    return [_finish({**where, "effect": float(differences.mean())}, p, widths, simulations)]


def _linear(
    model: ModelSpec, design: Design, clients: tuple[int, int], simulations: int, draw: np.random.Generator
) -> list[Row]:
    y, n = np.asarray(design.outcome, dtype=np.float64), _analysed(design.n, clients)
    k = design.x.shape[1]
    if design.n <= k + 1 or n <= k + 1 or y.max() == y.min():
        return []
    truth = fit_ols(y, design.x)
    p, widths = np.full((simulations, k + 1), np.nan), np.full((simulations, k + 1), np.nan)
    for i in range(simulations):
        x = design.x[draw.integers(0, design.n, n)]
        noise = draw.normal(0, truth.sigma, n)
        if not _usable(x):
            continue
        fit = fit_ols(truth.b[0] + x @ truth.b[1:] + noise, x)
        p[i, 0], p[i, 1:] = fit.p_f, fit.p[1:]
        widths[i, 1:] = (fit.ci[1:, 1] - fit.ci[1:, 0]) / 2
    where: Row = {"analysis": model.name, "n_clients": clients[1], "n_analysed": n}
    rows = [_finish({**where, "effect": truth.r2}, p[:, 0], widths[:, 0], simulations)]
    for j, term in enumerate(design.terms, start=1):
        effect = {**where, "term": term, "effect": float(truth.b[j])}
        rows.append(_finish(effect, p[:, j], widths[:, j], simulations))
    return rows


def _usable(x: Floats) -> bool:
    spread = x.std(axis=0)
    if (spread <= 0).any():
        return False
    return bool(np.linalg.svd((x - x.mean(axis=0)) / spread, compute_uv=False)[-1] > 1e-7 * math.sqrt(len(x)))


def _multinomial(
    model: ModelSpec, design: Design, clients: tuple[int, int], simulations: int, draw: np.random.Generator
) -> list[Row]:
    """The truth is the maximum-likelihood fit, or Firth's where the data are separated."""
    classes, k, n = len(design.levels), design.x.shape[1], _analysed(design.n, clients)
    y = np.asarray(design.outcome, dtype=np.intp)
    if min(design.n, n) < (classes - 1) * (k + 1):
        return []
    scaled = Standardised.of(design.x)
    fit = fit_multinomial(y, scaled.z, classes)
    b = fit_firth(y, scaled.z, classes).b if fit.separated else fit.b
    probabilities = np.exp(log_probabilities(scaled.z, b))
    cells = (classes - 1) * (k + 1)
    p, widths = np.full((simulations, 1 + cells), np.nan), np.full((simulations, cells), np.nan)
    for i in range(simulations):
        cases = draw.integers(0, design.n, n)
        drawn = (probabilities[cases].cumsum(axis=1) < draw.random(n)[:, None]).sum(axis=1)
        p[i], widths[i] = _refit(np.minimum(drawn, classes - 1), design.x[cases], classes, cells)
    where: Row = {"analysis": model.name, "n_clients": clients[1], "n_analysed": n}
    rows = [_finish(where, p[:, 0], np.array([]), simulations)]
    raw, _ = raw_scale(b, None, scaled.back)
    for e, equation in enumerate(design.levels[1:]):
        for j, term in enumerate(design.terms, start=1):
            i = e * (k + 1) + j
            effect = {**where, "equation": equation, "term": term, "effect": float(raw[e, j])}
            rows.append(_finish(effect, p[:, 1 + i], widths[:, i], simulations))
    return rows


def _refit(y: "np.ndarray", x: Floats, classes: int, cells: int) -> tuple[Floats, Floats]:
    """P of the overall test and of each coefficient; a sample with an empty class or separation has no Wald test."""
    p, widths = np.full(1 + cells, np.nan), np.full(cells, np.nan)
    counts = np.bincount(y, minlength=classes)
    if counts.min() == 0 or not _usable(x):
        return p, widths
    scaled = Standardised.of(x)
    fit = fit_multinomial(y.astype(np.intp), scaled.z, classes)
    if not (fit.converged or fit.separated):
        return p, widths
    chi2 = max(0.0, 2 * (fit.loglik - float((counts * np.log(counts / y.size)).sum())))
    p[0] = p_chi2(chi2, (classes - 1) * x.shape[1])
    if fit.cov is not None:
        b, se = raw_scale(fit.b, fit.cov, scaled.back)
        p[1:] = [p_chi2(value, 1) for value in ((b / se) ** 2).ravel()]
        widths[:] = quantile_normal(0.975) * se.ravel()
    return p, widths
