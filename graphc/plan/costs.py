"""What array operations take on a machine, as a table: the shipped one, or one that `graphc tune` measured.

Times are nanoseconds, rates are per nanosecond (1 GFLOP/s, 1 GB/s). The planner's choices depend on the table alone,
so that the shipped one gives the same code on every machine.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

from graphc.ir.errors import GraphcError, OutputError
from graphc.ir.files import path_of, write_file

REALS = ("float32", "float64")
_ITEM_SIZE = {"float32": 4, "float64": 8}

# What is counted by calls, and what by entries. A product of a batch starts anew for each matrix.
CALLS = (
    "ufunc",
    "scalar",
    "dot",
    "tensordot",
    "reduce",
    "copy",
    "view",
    "index",
    "scan",
    "turn",
    "product",
    "part",
)
ENTRIES = (
    "add", "maximum", "compare", "where", "cast", "divide", "sqrt", "sign", "pow",
    "exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "erf",
    "row", "sum first", "sum last", "sum row", "max first", "max last", "max row", "argmax",
    "copy", "turned", "gather", "scatter", "cumsum", "uniform", "einsum",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CostTable:
    """Constants of one machine.

    | field | is |
    |---|---|
    | `cores` | processors there are |
    | `call` | ns before the first entry: of a ufunc, a matrix product, a view, a turn of a loop, a thread's part, … |
    | `entry` | ns per entry in cache, in float32 and float64; where rows are short, those of `row` for each row too |
    | `gemm` | FLOP/ns of large matrix products on one core, in float32 and float64 |
    | `gemm_gain` | how many times as fast they are on all cores |
    | `gemm_edge` | a product of m*k by k*n takes the time of m*n*k + edge*(m*n + n*k + k*m) multiply-adds |
    | `bandwidth` | bytes/ns of one core from memory |
    | `cache` | bytes that stay near a core |
    | `block` | bytes of each array in one slice of a chain of elementwise operations |
    | `worthwhile` | entries from which writing into memory at hand pays |
    """

    cores: int
    call: Mapping[str, float] = field(hash=False)
    entry: Mapping[str, tuple[float, float]] = field(hash=False)
    gemm: tuple[float, float]
    gemm_gain: float
    gemm_edge: float
    bandwidth: float
    cache: int
    block: int
    worthwhile: int

    def per_entry(self, name: str, real: str) -> float:
        """Nanoseconds per entry of `name` in dtype `real`."""
        return self.entry[name][REALS.index(real)]

    def flop_rate(self, real: str) -> float:
        """FLOP per nanosecond of a large matrix product on one core."""
        return self.gemm[REALS.index(real)]

    def json(self) -> str:
        """The table as text, the same for equal tables."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values["call"] = {k: float(v) for k, v in self.call.items()}
        values["entry"] = {k: list(map(float, v)) for k, v in self.entry.items()}
        return json.dumps(values, indent=1) + "\n"

    def digest(self) -> str:
        """A short hash of the table."""
        return sha256(self.json().encode()).hexdigest()[:8]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the table to `path`, wholly or not at all; raises `OutputError` if that cannot be done."""
        target = path_of(path, "a cost table")
        try:
            write_file(target, self.json().encode())
        except (OSError, ValueError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or error
            raise OutputError(f"{target} cannot be written: {reason}") from None


# Measured on two cores of a server with AVX-512 (NumPy 2.4, OpenBLAS with Haswell kernels), in round figures.
SHIPPED = CostTable(
    cores=2,
    call=MappingProxyType(
        {
            "ufunc": 400,
            "scalar": 100,
            "dot": 500,
            "tensordot": 5000,
            "reduce": 1600,
            "copy": 300,
            "view": 150,
            "index": 1000,
            "scan": 2500,
            "turn": 250,
            "product": 80,
            "part": 35000,
        }
    ),
    entry=MappingProxyType(
        {
            "add": (0.08, 0.16),
            "maximum": (0.35, 0.5),
            "compare": (0.1, 0.14),
            "where": (0.8, 0.8),
            "cast": (0.15, 0.25),
            "divide": (0.15, 0.4),
            "sqrt": (0.3, 1.0),
            "sign": (0.4, 0.6),
            "pow": (1.0, 2.0),
            "exp": (0.35, 0.55),
            "expm1": (0.35, 1.0),
            "log": (0.4, 0.7),
            "log1p": (0.4, 0.85),
            "sin": (0.6, 9.0),
            "cos": (0.6, 9.0),
            "tanh": (0.2, 0.8),
            "erf": (20.0, 38.0),
            "row": (6.0, 6.0),
            "sum first": (0.08, 0.14),
            "sum last": (0.15, 0.16),
            "sum row": (15.0, 15.0),
            "max first": (0.08, 0.14),
            "max last": (0.1, 0.12),
            "max row": (35.0, 30.0),
            "argmax": (0.5, 0.5),
            "copy": (0.06, 0.12),
            "turned": (0.5, 0.6),
            "gather": (1.0, 1.0),
            "scatter": (10.0, 10.0),
            "cumsum": (3.2, 3.2),
            "uniform": (6.0, 6.0),
            "einsum": (0.4, 0.5),
        }
    ),
    gemm=(115.0, 57.0),
    gemm_gain=1.8,
    gemm_edge=4.0,
    bandwidth=24.0,
    cache=1 << 21,
    block=1 << 17,
    worthwhile=1024,
)


def load_table(path: str | os.PathLike[str]) -> CostTable:
    """The table that `graphc tune -o FILE` wrote; raises `GraphcError` if the file holds none."""
    if not isinstance(path, str | os.PathLike):
        raise GraphcError(f"costs are a table, or the path of one, not {path!r}")
    target = Path(path)
    try:
        values = json.loads(target.read_text(encoding="utf-8"))
    except OSError as error:
        raise GraphcError(f"the cost table {target} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise GraphcError(
            f"{target} is no cost table: it is not JSON; `graphc tune -o FILE` writes one"
        ) from None
    try:
        return _table(values)
    except ValueError as error:
        raise GraphcError(f"{target} is no cost table: {error}; `graphc tune -o FILE` writes one") from None


def _table(values: Any) -> CostTable:
    """The table of parsed JSON; ValueError says what is amiss."""
    names = tuple(f.name for f in fields(CostTable))
    _expect_keys("the table", values, names)
    _expect_keys("call", values["call"], CALLS)
    _expect_keys("entry", values["entry"], ENTRIES)
    return CostTable(
        cores=_whole("cores", values["cores"]),
        call=MappingProxyType({k: _positive(f"call {k}", values["call"][k]) for k in CALLS}),
        entry=MappingProxyType({k: _pair(f"entry {k}", values["entry"][k]) for k in ENTRIES}),
        gemm=_pair("gemm", values["gemm"]),
        gemm_gain=_positive("gemm_gain", values["gemm_gain"]),
        gemm_edge=_positive("gemm_edge", values["gemm_edge"]),
        bandwidth=_positive("bandwidth", values["bandwidth"]),
        cache=_whole("cache", values["cache"]),
        block=_whole("block", values["block"]),
        worthwhile=_whole("worthwhile", values["worthwhile"]),
    )


def _expect_keys(what: str, values: Any, names: Sequence[str]) -> None:
    if not isinstance(values, dict):
        raise ValueError(f"{what} is not an object with names")
    for name in names:
        if name not in values:
            raise ValueError(f"{what} has no {name!r}")
    for name in values:
        if name not in names:
            raise ValueError(f"{what} has an unknown {name!r}")


def _positive(what: str, value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 < value < math.inf or value > sys.float_info.max:
        raise ValueError(f"{what} has to be a positive number, not {str(value)[:40]}")
    return float(value)


def _whole(what: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ValueError(f"{what} has to be a positive whole number, not {str(value)[:40]}")
    return value


def _pair(what: str, value: Any) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"{what} has to be two numbers, for float32 and float64")
    return _positive(what, value[0]), _positive(what, value[1])


# what the scheduler asks ------------------------------------------------------------------------------------


def block_entries(table: CostTable, real: str) -> int:
    """Entries of each array in one slice of a chain of elementwise operations, so that all stay in cache."""
    return table.block // _ITEM_SIZE[real]


def item_size(dtype: str, real: str) -> int:
    """Bytes of one entry of a node's dtype, reals being `real`."""
    return {"real": _ITEM_SIZE[real], "int": 8, "bool": 1}[dtype]


def on_all_cores(table: CostTable, seconds: float) -> float:
    """What matrix products take on all cores that take `seconds` on one: short ones gain nothing."""
    starting = 1e-9 * table.call["part"] / 4  # BLAS keeps its threads awake
    return min(seconds, seconds / table.gemm_gain + starting)


def parallel_gain(
    table: CostTable, elementwise: float, products: float, parameter_bytes: float, parts: int = 2
) -> float:
    """Seconds that `parts` parts of the batch on threads of their own save; negative where they cost more.

    `elementwise` and `products` are seconds on one core, of all that is computed row by row. One after the other, the
    products run on all cores and the rest on one. In parts all of it runs on one core each, at a fair share of the
    cores; then the gradients of the parts, of `parameter_bytes` bytes, are added up.
    """
    share = min(parts, table.cores) / parts
    serial = on_all_cores(table, products) + elementwise
    adding = (parts - 1) * 3 * parameter_bytes / table.bandwidth + parts * table.call["part"]
    return serial - (products + elementwise) / (parts * share) - 1e-9 * adding
