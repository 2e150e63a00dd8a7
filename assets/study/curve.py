"""The specification curve: every model of a declared family, and how often chance alone would do as well."""

import math
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.study.alternatives import with_alternatives
from assets.study.curve_family import default_curves, members_of, outcome_columns, predictor_columns
from assets.study.curve_fit import Columns, Member, Outcome, fit_member
from assets.study.frame import Floats, StudyFrame
from assets.study.rows import REAL, TEXT, WHOLE, Row, table
from assets.study.scales import read_items
from assets.study.spec import CurveSpec, Spec

if TYPE_CHECKING:
    import pandas as pd

SEED = 20210101
PERMUTATIONS = 20

CURVE_COLUMNS: dict[str, dict[str, str]] = {
    "specification_curve": {
        "curve": TEXT,
        "specification": WHOLE,
        **dict.fromkeys(("family", "outcome", "predictors", "focal", "missing"), TEXT),
        "n": WHOLE,
        **dict.fromkeys(("estimate", "statistic", "p"), REAL),
    },
    "specification_summary": {
        "curve": TEXT,
        **dict.fromkeys(("n_models", "n_estimable"), WHOLE),
        **dict.fromkeys(
            (
                "share_significant",
                "share_same_sign",
                "share_agreeing",
                "expected_share_significant",
                "smallest_p",
                "chance_of_smallest_p",
                "declared_p",
                "chance_of_declared_p",
            ),
            REAL,
        ),
        "permutations": WHOLE,
    },
}

Progress = Callable[[int, int], None]
_State = tuple[dict[str, Columns], dict[str, Floats], list[Member]]
_worker: dict[str, _State] = {}


def specification_curve(
    frame: "pd.DataFrame",
    spec: Spec,
    items: "pd.DataFrame | None" = None,
    *,
    permutations: int = PERMUTATIONS,
    seed: int = SEED,
    workers: int | None = None,
    progress: Progress | None = None,
) -> "dict[str, pd.DataFrame]":
    """Fit the families of `spec.curves` or `default_curves`: `specification_curve` and `specification_summary`.

    The share expected by chance comes from refitting the whole family with the outcomes permuted among those who have
    one (all scorings of a client move together). Where the spec declares no curves, other scorings of the outcomes are
    part of the family (``items`` as in `run_study`; see `with_alternatives`). ``workers`` processes (default: all
    cores) share the work; the result does not depend on their number. ``progress`` is called with (models fitted,
    models to fit).
    """
    curves = spec.curves
    if not curves:
        frame, spec, alternatives = with_alternatives(frame, spec, read_items(items, spec.missing_codes))
        curves = default_curves(spec, alternatives)
    # The curves' own columns have to be read too.
    spec = spec.model_copy(update={"curves": curves})
    data = StudyFrame(frame, spec)
    rows: dict[str, list[Row]] = {name: [] for name in CURVE_COLUMNS}
    family = [(curve, members_of(curve)) for curve in curves]
    total = sum(len(members) for _, members in family) * (1 + permutations)
    done = 0

    def tick(count: int) -> None:
        nonlocal done
        done += count
        if progress:
            progress(done, total)

    processes = workers or os.cpu_count() or 1
    for curve, members in family:
        state = (predictor_columns(data, curve), outcome_columns(data, curve), members)
        drawn = _run_all(state, permutations, seed, processes, tick)
        found = drawn[0]
        for number, (member, outcome) in enumerate(zip(members, found, strict=True), start=1):
            rows["specification_curve"].append(_row(curve, number, member, outcome))
        rows["specification_summary"].append(_summary(curve, members, drawn, spec))
    return {name: table(name, rows[name], columns) for name, columns in CURVE_COLUMNS.items()}


def _run_all(
    state: _State, permutations: int, seed: int, processes: int, tick: Callable[[int], None]
) -> list[list[Outcome]]:
    """Observed results first, then one list a permutation; split into chunks that keep every process busy."""
    count = len(state[2])
    size = max(1, math.ceil(count / max(1, math.ceil(2 * processes / (1 + permutations)))))
    chunks = [(start, min(count, start + size)) for start in range(0, count, size)]
    jobs = [(draw, seed, start, stop) for draw in range(1 + permutations) for start, stop in chunks]
    drawn: list[list[Outcome]] = [[] for _ in range(1 + permutations)]
    for job, outcomes in zip(jobs, _results(state, jobs, processes), strict=True):
        drawn[job[0]] += outcomes
        tick(len(outcomes))
    return drawn


def _results(state: _State, jobs: list[tuple[int, int, int, int]], processes: int) -> Iterator[list[Outcome]]:
    # Starting two processes costs about three seconds here: a small family is quicker in this one.
    if processes == 1 or len(jobs) * len(state[2]) < 2000:
        _start(state)
        yield from map(_job, jobs)
        return
    # "spawn": the orchestrator runs threads, and forking a process with threads may hang it.
    context = multiprocessing.get_context("spawn")
    with (
        _one_thread_each(),
        ProcessPoolExecutor(processes, mp_context=context, initializer=_start, initargs=(state,)) as pool,
    ):
        yield from pool.map(_job, jobs)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Child processes read this when they load numpy: threads inside them would only get in each other's way."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _start(state: _State) -> None:
    _worker["state"] = state


def _job(job: tuple[int, int, int, int]) -> list[Outcome]:
    draw, seed, start, stop = job
    columns, outcomes, members = _worker["state"]
    used = outcomes if draw == 0 else _permuted(outcomes, seed + draw)
    return [fit_member(member, columns, used[member.outcome]) for member in members[start:stop]]


def _permuted(outcomes: dict[str, Floats], seed: int) -> dict[str, Floats]:
    """Outcomes dealt anew among the clients who have any of them; one deal for all, or they would seem independent."""
    known = np.flatnonzero(~np.all([np.isnan(values) for values in outcomes.values()], axis=0))
    dealt = np.random.default_rng(seed).permutation(known)
    permuted = {}
    for name, values in outcomes.items():
        permuted[name] = values.copy()
        permuted[name][known] = values[dealt]
    return permuted


def _row(curve: CurveSpec, number: int, member: Member, outcome: Outcome) -> Row:
    row: dict[str, Any] = {"curve": curve.name, "specification": number, "family": member.family}
    row |= {"outcome": member.outcome, "predictors": " + ".join(member.predictors), "focal": member.focal}
    return row | {
        "missing": member.missing,
        "n": outcome.n,
        "estimate": outcome.estimate,
        "statistic": outcome.statistic,
        "p": outcome.p,
    }


def _summary(curve: CurveSpec, members: list[Member], drawn: list[list[Outcome]], spec: Spec) -> Row:
    observed = drawn[0]
    p = np.array([outcome.p for outcome in observed])
    known = ~np.isnan(p)
    row: Row = {"curve": curve.name, "n_models": len(members), "n_estimable": int(known.sum())}
    row["permutations"] = len(drawn) - 1
    if not known.any():
        return row
    significant = p[known] < 0.05
    row |= {"share_significant": float(significant.mean()), "smallest_p": float(p[known].min())}
    if curve.focal is not None and curve.family == "ols":
        signs = np.sign([outcome.estimate for outcome in observed])[known]
        main = 1.0 if (signs > 0).sum() >= (signs < 0).sum() else -1.0
        row |= {
            "share_same_sign": float((signs == main).mean()),
            "share_agreeing": float((significant & (signs == main)).mean()),
        }
    chance = [np.array([outcome.p for outcome in draw]) for draw in drawn[1:]]
    chance = [found[~np.isnan(found)] for found in chance if not np.isnan(found).all()]
    if chance:
        row["expected_share_significant"] = float(np.mean([(found < 0.05).mean() for found in chance]))
        row["chance_of_smallest_p"] = float(np.mean([found.min() <= row["smallest_p"] for found in chance]))
    declared = _declared(curve, members, observed, spec)
    if declared is not None:
        row["declared_p"] = declared
        if chance:
            row["chance_of_declared_p"] = float(np.mean([found.min() <= declared for found in chance]))
    return row


def _declared(curve: CurveSpec, members: list[Member], observed: list[Outcome], spec: Spec) -> float | None:
    """P of the family's member that the spec's own model is, if it is one."""
    for model in spec.models:
        for member, outcome in zip(members, observed, strict=True):
            same = member.outcome == model.outcome and set(member.predictors) == set(model.predictors)
            if same and member.missing == "listwise" and curve.family == model.family:
                return outcome.p
    return None
