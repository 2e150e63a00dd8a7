"""The exact p of an r x c table (Fisher, Freeman and Halton), by a network of remainders: never a random permutation.

Columns are filled one after the other. What matters of a half-filled table is only which row totals remain and how
probable it is so far, so equal ones are merged. The last two columns are settled together: where their least and most
probable fillings already decide, in closed form; elsewhere by enumeration.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
Reals = NDArray[np.float64]
# Remaining row totals (states x rows), sum of ln n_ij! so far, and in how many ways each is reached.
Network = tuple[Whole, Reals, Reals]

# R's fisher.test counts a table as "as extreme" up to this relative error of its probability.
RELATIVE_ERROR = 1e-7
# Fillings to write down. Measured on a busy two-core machine: 1.5 to 2 million a second, so 60 s are not reached.
MAX_FILLINGS = 60_000_000
# Fillings held at one time (about 300 MB with five rows); the fillings of one remainder cannot be split.
CHUNK = 1_000_000
MAX_AT_ONCE = 3_000_000
# A filling that is merged costs a sort: 0.4 million a second were measured, a fifth of those that are only counted.
MERGE_COST = 5


def exact_p(table: Whole) -> tuple[float | None, float]:
    """P of all tables with the same margins that are no more probable than ``table``.

    Returns (p, fillings written down or found to be needed). P is None where that number exceeds ``MAX_FILLINGS``,
    counted before the work is done: whether a p is given depends on the table, never on how busy the machine is.
    """
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return (1.0 if table.size else None), 0.0
    if table.shape[0] < table.shape[1]:  # few columns, many rows: each step fills one column
        table = table.T
    rows, columns = np.sort(table.sum(axis=1))[::-1], np.sort(table.sum(axis=0))
    logs = log_factorials(int(table.sum()))
    constant = float(logs[rows].sum() + logs[columns].sum() - logs[table.sum()])
    threshold = float(logs[table].sum()) - RELATIVE_ERROR
    least_work = work_in_the_middle(rows, columns, logs, threshold)
    if least_work > MAX_FILLINGS:
        return None, least_work
    network: Network = (rows[None, :].copy(), np.zeros(1), np.ones(1))
    work = 0.0
    for total in columns[:-2]:
        ways = fillings(network[0], int(total))
        work += MERGE_COST * float(ways.sum())
        if work > MAX_FILLINGS or ways.max() > MAX_AT_ONCE:
            return None, work
        network = _fill(network, int(total), logs)
    return _settle(network, int(columns[-2]), logs, (constant, threshold), work)


def work_in_the_middle(rows: Whole, columns: Whole, logs: Reals, threshold: float) -> float:
    """Fillings that the most even remainder and its neighbours alone need in their last two columns.

    Where these are too many already, the network need not be made to find out: 4 s with 1,100 cases in 5 x 3 cells.
    """
    if columns.size < 3:
        return 0.0
    state, cost, take = rows, 0.0, rows
    for total in columns[:-2]:
        take = total * state // state.sum()
        take[np.flatnonzero(take < state)[: total - take.sum()]] += 1
        state, cost = state - take, cost + float(logs[take].sum())
    one = np.eye(rows.size, dtype=np.int64)
    moves = (one[:, None, :] - one[None, :, :]).reshape(-1, rows.size)
    takes = take + moves[((take + moves >= 0) & (state - moves >= 0)).all(axis=1)]
    states, costs = state + take - takes, cost + logs[takes].sum(axis=1) - float(logs[take].sum())
    last = int(columns[-2])
    undecided = (costs + least_cost(states, last, logs) < threshold) & (costs + logs[states].sum(axis=1) >= threshold)
    return float(fillings(np.unique(np.sort(states[undecided], axis=1), axis=0), last).sum())


def fillings(states: Whole, total: int) -> Reals:
    """In how many ways ``total`` splits over cells that may not exceed each state's row totals."""
    out = np.empty(len(states))
    size = max(1, 4_000_000 // (total + 1))
    for start in range(0, len(states), size):
        part = states[start : start + size]
        counts = np.zeros((len(part), total + 1))
        counts[:, 0] = 1.0
        for limit in part.T:
            sums = np.concatenate([np.zeros((len(part), 1)), counts.cumsum(axis=1)], axis=1)
            low = np.maximum(np.arange(total + 1)[None, :] - limit[:, None], 0)
            counts = sums[:, 1:] - np.take_along_axis(sums, low, axis=1)
        out[start : start + size] = counts[:, total]
    return out


def log_factorials(n: int) -> Reals:
    """The natural logarithms of 0! to (n + 1)!."""
    from scipy.special import gammaln

    return np.asarray(gammaln(np.arange(n + 2) + 1.0))


def _chunks(states: Whole, total: int) -> list[slice]:
    """Runs of states whose fillings together stay near ``CHUNK``."""
    ends = np.cumsum(fillings(states, total))
    cuts = np.unique(np.searchsorted(ends, np.arange(CHUNK, ends[-1] + CHUNK, CHUNK)) + 1)
    edges = [0, *np.minimum(cuts, len(states)).tolist()]
    return [slice(start, stop) for start, stop in pairwise(edges) if stop > start]


def _fill(network: Network, total: int, logs: Reals) -> Network:
    states, cost, weight = network
    parts = [
        _merge(*_fill_column((states[chunk], cost[chunk], weight[chunk]), total, logs)[:3])
        for chunk in _chunks(states, total)
    ]
    return _merge(*(np.concatenate(piece) for piece in zip(*parts, strict=True)))


def _fill_column(network: Network, total: int, logs: Reals) -> tuple[Whole, Reals, Reals, NDArray[np.intp]]:
    """Every way to take ``total`` from each state's remaining row totals, one row at a time; last, whose way it is."""
    states, cost, weight = network
    origin = np.arange(len(states))
    left = np.full(len(states), total)
    done = states.copy()
    tail = np.cumsum(states[:, ::-1], axis=1)[:, ::-1]
    for row in range(states.shape[1]):
        after = tail[:, row + 1] if row + 1 < states.shape[1] else np.zeros(len(done), dtype=np.int64)
        low, high = np.maximum(0, left - after), np.minimum(done[:, row], left)
        index, take = _ranges(low, high)
        done, tail, left, origin = done[index], tail[index], left[index] - take, origin[index]
        cost, weight = cost[index] + logs[take], weight[index]
        done[:, row] -= take
    return done, cost, weight, origin


def _ranges(low: Whole, high: Whole) -> tuple[NDArray[np.intp], Whole]:
    sizes = np.maximum(high - low + 1, 0)
    index = np.repeat(np.arange(len(low)), sizes)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    return index, np.arange(sizes.sum()) - starts + low[index]


def _merge(states: Whole, cost: Reals, weight: Reals) -> Network:
    """Rows with the same remaining total are interchangeable, so remainders are compared after sorting."""
    states = np.sort(states, axis=1)[:, ::-1]
    rounded = np.round(cost, 9)
    order = np.lexsort([rounded, *states.T])
    states, cost, rounded, weight = states[order], cost[order], rounded[order], weight[order]
    new = np.ones(len(states), dtype=bool)
    new[1:] = (states[1:] != states[:-1]).any(axis=1) | (rounded[1:] != rounded[:-1])
    starts = np.flatnonzero(new)
    return states[starts], cost[starts], np.add.reduceat(weight, starts)


def _settle(
    network: Network, total: int, logs: Reals, limits: tuple[float, float], work: float
) -> tuple[float | None, float]:
    """Add the probabilities of all completions whose total cost reaches the threshold."""
    states, cost, weight = network
    constant, threshold = limits
    distinct, group = np.unique(states, axis=0, return_inverse=True)
    group = group.ravel()
    least, most = least_cost(distinct, total, logs), logs[distinct].sum(axis=1)
    whole = distinct.sum(axis=1)
    every = logs[whole] - logs[total] - logs[whole - total] - logs[distinct].sum(axis=1)
    certain = cost + least[group] >= threshold
    p = float((weight[certain] * np.exp(constant - cost[certain] + every[group[certain]])).sum())
    open_ = ~certain & (cost + most[group] >= threshold)
    needed = np.unique(group[open_])
    work += len(distinct)  # the bounds of a remainder take as long as a filling
    ways = fillings(distinct[needed], total) if needed.size else np.zeros(1)
    work += float(ways.sum())
    if work > MAX_FILLINGS or ways.max() > MAX_AT_ONCE:
        return None, max(work, 1.0)
    position = np.full(len(distinct), -1)
    position[needed] = np.arange(needed.size)
    asked = np.flatnonzero(open_)
    asked = asked[np.argsort(position[group[asked]], kind="stable")]
    place = position[group[asked]]
    for chunk in _chunks(distinct[needed], total) if needed.size else []:
        mine = asked[np.searchsorted(place, chunk.start) : np.searchsorted(place, chunk.stop)]
        part = distinct[needed[chunk]]
        tails = _tail_sums(part, total, logs, (position[group[mine]] - chunk.start, threshold - cost[mine]))
        p += float((weight[mine] * np.exp(constant - cost[mine] - least[group[mine]]) * tails).sum())
    return min(1.0, p), work


def least_cost(states: Whole, total: int, logs: Reals) -> Reals:
    """Smallest sum of ln n! of the last two columns (states): convex, so unit by unit to the cheapest row is exact.

    The unit that brings x of a row's s to x + 1 costs ln (x + 1) / (s - x), so all units up to one price are
    floor(t (s + 1)) of each row, with one t for all. The largest t that cannot exceed ``total`` leaves fewer units
    than there are rows to hand out one by one.
    """
    first = total * (states + 1) // (states.sum(axis=1) + states.shape[1])[:, None]
    left = total - first.sum(axis=1)
    for _ in range(int(left.max(initial=0))):
        with np.errstate(divide="ignore"):
            price = np.where(first < states, (first + 1) / (states - first), np.inf)
        unit = left > 0
        first[np.flatnonzero(unit), price.argmin(axis=1)[unit]] += 1
        left -= unit
    return np.asarray((logs[first] + logs[states - first]).sum(axis=1))


def _tail_sums(states: Whole, total: int, logs: Reals, asked: tuple[Whole, Reals]) -> Reals:
    """For each asked (state, cost): the sum of exp(least cost - cost) over its fillings that cost at least that.

    The states asked for come in ascending order.
    """
    rest, first, _, origin = _fill_column((states, np.zeros(len(states)), np.ones(len(states))), total, logs)
    costs = first + logs[rest].sum(axis=1)
    order = np.lexsort([costs, origin])
    costs, origin = costs[order], origin[order]
    numbers = np.arange(len(states) + 1)
    spans, turns = np.searchsorted(origin, numbers), np.searchsorted(asked[0], numbers)
    out = np.zeros(len(asked[0]))
    for state in range(len(states)):
        mine = slice(turns[state], turns[state + 1])
        own = costs[spans[state] : spans[state + 1]]
        # Summed from the costly end, so that small probabilities are not lost beside large ones.
        sums = np.concatenate([np.cumsum(np.exp(own[0] - own)[::-1])[::-1], [0.0]])
        out[mine] = sums[np.searchsorted(own, asked[1][mine], side="left")]
    return out
