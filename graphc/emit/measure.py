"""Measuring the constants of a cost table on the machine this runs on, by the calls that generated code makes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from graphc.emit.clock import least_time
from graphc.emit.helpers import helper_texts
from graphc.emit.kernels import SMALL, Rates
from graphc.plan.costs import CALLS, ENTRIES, REALS, SHIPPED, CostTable

NEAR = 16384  # entries that fit into the cache next to a core, three times over
FAR = 1 << 22  # entries that do not
LONG, COLUMNS = 1024, 16  # entries of long and of short rows
SIZES = tuple(1 << k for k in range(13, 18))  # entries of a slice that are tried
CLEARLY = 1.1
TURNS = 100


def measure(alone: Rates, together: Rates, say: Callable[[str], object] = lambda _: None) -> CostTable:
    """The constants of this machine; `say` is told what is measured next.

    `alone` and `together` are the rates of matrix products on one core and on all of them.
    """
    say("calls")
    call = {name: least_time(work) for name, work in _calls()}
    call["turn"] /= TURNS
    call["part"] = _part()
    call["product"] = _product(call["dot"])
    by_real: list[dict[str, float]] = []
    for real in REALS:
        say(f"elementwise operations and reductions in {real}")
        by_real.append(dict(_entries(real, call)))
    say("memory")
    bandwidth = _bandwidth()
    return CostTable(
        cores=cores(),
        call=MappingProxyType({name: _rounded(call[name]) for name in CALLS}),
        entry=MappingProxyType({k: (_rounded(by_real[0][k]), _rounded(by_real[1][k])) for k in ENTRIES}),
        gemm=(_rounded(alone.float32), _rounded(alone.float64)),
        gemm_gain=_rounded(max(1.0, together.float32 / alone.float32)),
        gemm_edge=_rounded(_edge(alone, call["dot"])),
        bandwidth=_rounded(bandwidth),
        cache=_cache(bandwidth),
        block=_block(),
        worthwhile=SHIPPED.worthwhile,
    )


def cores() -> int:
    """The processors this process may use."""
    mine = getattr(os, "sched_getaffinity", None)
    return len(mine(0)) if mine else os.cpu_count() or 1


def _rounded(value: float) -> float:
    """Three digits: more would be noise."""
    return float(f"{max(value, 1e-3):.3g}")


# calls ------------------------------------------------------------------------------------------------------


def _calls() -> Iterator[tuple[str, Callable[[], object]]]:
    """What costs by the call, on arrays so small that nothing else does."""
    x = np.ones((8, 8), np.float32)
    out, half, places = np.empty_like(x), np.float32(0.5), np.arange(8)

    def turn() -> None:
        for i in range(TURNS):
            x[i : i + 4]

    yield "ufunc", lambda: np.add(x, x, out=out)
    yield "scalar", lambda: half * half
    yield "dot", lambda: np.dot(x, x, out=out)
    yield "tensordot", lambda: np.tensordot(x, x, axes=((1,), (0,)))
    yield "reduce", lambda: x.sum(axis=0)
    yield "copy", lambda: x.copy()
    yield "view", lambda: x.T
    yield "index", lambda: x[places]
    yield "scan", lambda: np.cumsum(x, axis=0)
    yield "turn", turn


def _part() -> float:
    """Handing work to a thread that waits, and waiting for it."""
    with ThreadPoolExecutor(1) as threads:
        return least_time(lambda: threads.submit(int).result())


def _product(dot: float) -> float:
    """What each matrix of a batch takes before its first entry."""
    x = np.ones((64, 8, 8), np.float32)
    out = np.empty_like(x)
    return max(least_time(lambda: np.matmul(x, x, out=out)) - dot, 1.0) / len(x)


def _edge(rates: Rates, dot: float) -> float:
    """The edge that makes a small product as slow as it is: n^3 + 3*edge*n^2 at the full rate."""
    taken = max(2 * SMALL**3 / rates.small - dot, 0.0)
    return max(taken * rates.float32 / 2 - SMALL**3, 0.0) / (3 * SMALL**2)


# entries ----------------------------------------------------------------------------------------------------


def _entries(real: str, call: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """Nanoseconds per entry in cache, the overhead of the calls taken off."""
    dtype = np.dtype(real)
    groups = ((_elementwise, NEAR), (_long, NEAR), (_indexing, NEAR))
    for group, count in groups:
        for name, kind, work in group(dtype):
            yield name, (least_time(work) - call[kind]) / count
    yield from _short(dtype, call)


Works = Iterator[tuple[str, str, Callable[[], object]]]


def _numbers(dtype: Any, *shape: int) -> Any:
    return (np.random.default_rng(0).random(shape) + 0.5).astype(dtype)


def _elementwise(dtype: Any) -> Works:
    x, y, out = _numbers(dtype, NEAR), _numbers(dtype, NEAR)[::-1].copy(), np.empty(NEAR, dtype)
    mask = x > 1
    for name, function in {"add": np.add, "divide": np.divide, "pow": np.power}.items():
        yield name, "ufunc", partial(function, x, y, out=out)
    yield "maximum", "ufunc", partial(np.maximum, x, 0, out=out)
    for name in ("sqrt", "sign", "exp", "expm1", "log", "log1p", "sin", "cos", "tanh"):
        yield name, "ufunc", partial(getattr(np, name), x, out=out)
    yield "compare", "ufunc", partial(np.greater, x, y, out=mask)
    yield "where", "ufunc", partial(np.where, mask, x, y)
    yield "cast", "copy", partial(mask.astype, dtype)
    yield "copy", "copy", x.copy
    yield "erf", "scan", partial(_helper("_erf"), x)
    yield "uniform", "scan", partial(_helper("_uniform"), 1, 0, 0, x.shape, dtype.type)


def _helper(name: str) -> Callable[..., Any]:
    """A helper of generated modules."""
    space: dict[str, Any] = {"np": np}
    exec("\n\n".join(helper_texts([name])), space)  # noqa: S102
    made: Callable[..., Any] = space[name]
    return made


def _long(dtype: Any) -> Works:
    """Reductions and moves of long rows."""
    x = _numbers(dtype, NEAR // LONG, LONG)
    tall = _numbers(dtype, NEAR // COLUMNS, COLUMNS)
    yield "sum first", "reduce", partial(x.sum, axis=0)
    yield "sum last", "reduce", partial(x.sum, axis=1)
    yield "max first", "reduce", partial(x.max, axis=0)
    yield "max last", "reduce", partial(x.max, axis=1)
    yield "argmax", "reduce", partial(tall.argmax, axis=1)
    yield "cumsum", "scan", partial(np.cumsum, x, axis=1)
    yield "turned", "copy", tall.T.copy
    yield "einsum", "scan", partial(np.einsum, "ij,ij->i", tall, tall)


def _indexing(dtype: Any) -> Works:
    rows = NEAR // COLUMNS
    x, out = _numbers(dtype, rows, COLUMNS), np.zeros((rows, COLUMNS), dtype)
    places = np.random.default_rng(0).integers(0, rows, rows)
    yield "gather", "index", partial(x.__getitem__, places)
    yield "scatter", "index", partial(np.add.at, out, places, x)


def _short(dtype: Any, call: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """What short rows take beside their entries, per row."""
    x, row = _numbers(dtype, NEAR // COLUMNS, COLUMNS), _numbers(dtype, COLUMNS)
    out, same = np.empty_like(x), x.copy()
    wide = x.reshape(-1, LONG)
    pairs = {
        "row": (partial(np.add, x, row, out=out), partial(np.add, x, same, out=out)),
        "sum row": (partial(x.sum, axis=1), partial(wide.sum, axis=1)),
        "max row": (partial(x.max, axis=1), partial(wide.max, axis=1)),
    }
    for name, (short, long) in pairs.items():
        yield name, (least_time(short) - least_time(long)) / len(x)


# memory -----------------------------------------------------------------------------------------------------


def _bandwidth() -> float:
    """Bytes per nanosecond of an addition in arrays that no cache holds."""
    return 12 * FAR / _addition(FAR)


def _addition(count: int) -> float:
    x, y, out = (np.ones(count, np.float32) for _ in range(3))
    return least_time(lambda: np.add(x, y, out=out), runs=5)


def _cache(bandwidth: float) -> int:
    """Bytes up to which an addition runs well ahead of memory."""
    size = NEAR
    while size < FAR and 12 * size / _addition(size) > 1.5 * bandwidth:
        size *= 2
    return 12 * size // 2


def _block() -> int:
    """Bytes of a slice at which a chain of operations runs best; the shipped size unless another is clearly better."""
    x = _numbers(np.float32, FAR // 4)
    y, scratch = np.empty_like(x), np.empty(max(SIZES), np.float32)

    def chain(size: int) -> None:
        for first in range(0, len(x), size):
            part, work = x[first : first + size], scratch[:size]
            np.multiply(part, part, out=work)
            np.add(work, part, out=work)
            np.tanh(work, out=work)
            np.multiply(work, part, out=work)
            np.subtract(work, part, out=y[first : first + size])

    taken = {size: least_time(partial(chain, size), runs=5) for size in SIZES}
    best = min(taken, key=taken.__getitem__)
    usual = SHIPPED.block // 4
    return SHIPPED.block if taken[usual] < CLEARLY * taken[best] else 4 * best
