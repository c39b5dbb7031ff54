"""What a core node takes to compute: operations, bytes, and the seconds that a cost table predicts for them.

A prediction is the overhead of the calls, the matrix products on all cores, and the other entries one by one: each at
its rate in cache, or at that of memory where its arrays do not stay in cache. Reshapes, slices and other views are free
but for the call.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from math import prod
from typing import NamedTuple

from graphc.ir.node import Node
from graphc.ir.types import Shape
from graphc.ops.flops import extents, own_flops
from graphc.plan.alias import is_pack, is_view
from graphc.plan.contraction import Contraction, plan_contraction
from graphc.plan.costs import CostTable, item_size, on_all_cores
from graphc.plan.setting import Setting

SHARED = 8  # times the cache of a core, what one that all cores share holds
FAR = 3  # times as long as from there takes what comes from memory


class Cost(NamedTuple):
    """Seconds on one core, apart: overhead of calls, matrix products, and entries of all else."""

    calls: float = 0.0
    products: float = 0.0
    entries: float = 0.0

    def seconds(self, table: CostTable) -> float:
        """The whole, matrix products on all cores."""
        return self.calls + on_all_cores(table, self.products) + self.entries


def flops(node: Node, setting: Setting) -> int:
    """The floating-point operations of one node at the sizes that are expected."""
    return setting.entries((own_flops(node),))


def size_in_bytes(node: Node, setting: Setting) -> int:
    """The bytes of a node's value."""
    return setting.entries(node.shape) * item_size(node.dtype, setting.real)


def traffic(node: Node, setting: Setting, place: str = "new") -> int:
    """The bytes that computing one node reads and writes; none for a view."""
    if node.is_leaf or node.op.kind == "const" or is_free(node):
        return 0
    read = sum(size_in_bytes(a, setting) for a in dict.fromkeys(node.args) if a.ndim)
    # In place, what is written is what was read.
    return read if place == "in place" else read + size_in_bytes(node, setting)


def is_free(node: Node) -> bool:
    """Whether the value of a node is a view, without a copy."""
    return is_view(node) and node.op.name != "contract"


def predict(node: Node, table: CostTable, setting: Setting, place: str = "new") -> float:
    """Seconds that computing one node takes, its operands given; `place` is where its result goes."""
    return cost(node, table, setting, place).seconds(table)


def likeness(node: Node) -> Hashable:
    """What the cost of a node depends on: nodes that are alike in it take the same."""
    given = tuple([(a.shape, a.dtype, a.is_leaf) for a in node.args])
    return node.op, node.attrs, node.shape, given, tuple(map(node.args.index, node.args)), is_pack(node)


def cost(node: Node, table: CostTable, setting: Setting, place: str = "new", *, cached: bool = False) -> Cost:
    """The parts of a prediction; `cached` says that all arrays stay in cache, as in a loop over slices."""
    if node.is_leaf or node.op.kind == "const":
        return Cost()
    if not node.ndim and all(not a.ndim for a in node.args):
        # What comes from outside are arrays without axes, which NumPy treats as arrays.
        kind = "ufunc" if any(a.is_leaf for a in node.args) else "scalar"
        return Cost(calls=1e-9 * table.call[kind])
    rule = _BY_NAME.get(node.op.name) or _BY_KIND[node.op.kind]
    found = rule(node, _Rates(table, setting))
    slowest = 0.0 if cached else _from_memory(traffic(node, setting, place), table)
    if found.products > found.entries:
        found = found._replace(products=max(found.products, slowest))
    else:
        found = found._replace(entries=max(found.entries, slowest))
    return Cost(*(1e-9 * part for part in found))


def _from_memory(bytes_moved: int, table: CostTable) -> float:
    """Nanoseconds to move what is not in the cache of a core, or not even in one that all cores share."""
    if bytes_moved <= table.cache:
        return 0.0
    return bytes_moved / table.bandwidth * (1 if bytes_moved <= SHARED * table.cache else FAR)


# one rule per kind of node, in nanoseconds ------------------------------------------------------------------


class _Rates(NamedTuple):
    """The table, and the setting that says how many entries there are."""

    table: CostTable
    setting: Setting

    def call(self, name: str) -> float:
        return self.table.call[name]

    def entries(self, name: str, shape: Shape) -> float:
        return self.setting.entries(shape) * self.table.per_entry(name, self.setting.real)


Rule = Callable[[Node, _Rates], Cost]


def _pointwise(node: Node, rates: _Rates) -> Cost:
    kind = _CLASS.get(node.op.name, node.op.name)
    # An operation that somebody declared is taken for a usual function.
    taken = rates.entries(kind if kind in rates.table.entry else "exp", node.shape)
    if any(a.ndim and a.shape != node.shape for a in node.args):
        taken += rates.entries("row", node.shape[:-1])
    return Cost(calls=rates.call("ufunc"), entries=taken)


def _reduce(node: Node, rates: _Rates) -> Cost:
    shape, axes = node.args[0].shape, node.attrs[0]
    kind = "sum" if node.op.name in ("sum", "prod") else "max"
    last = len(shape) - 1 in axes
    taken = rates.entries(f"{kind} {'last' if last else 'first'}", shape)
    if len(axes) < len(shape):
        taken += rates.entries(f"{kind} row", shape[:-1])
    return Cost(calls=rates.call("reduce"), entries=taken)


def _contract(node: Node, rates: _Rates) -> Cost:
    plan = plan_contraction(node)
    if plan.form in ("outer", "multiply"):
        return Cost(calls=rates.call("ufunc"), entries=rates.entries("add", node.shape))
    if plan.form in _PRODUCTS:
        return _product(node, plan, rates)
    points = rates.entries("einsum", tuple(extents(node).values()))
    return Cost(calls=rates.call("scan"), entries=points)


_PRODUCTS = {"dot": "dot", "matmul": "dot", "tensordot": "tensordot", "blocks": "tensordot"}


def _product(node: Node, plan: Contraction, rates: _Rates) -> Cost:
    """Matrix products of rows by columns, one for each index of the batch; operands may have to be copied first."""
    inputs, output = str(node.attr("spec")).split("->")
    a, b = inputs.split(",")
    size = {i: rates.setting.entries((d,)) for i, d in extents(node).items()}
    batch = prod(size[i] for i in a if i in b and i in output)
    rows, columns = (prod(size[i] for i in own if i not in other) for own, other in ((a, b), (b, a)))
    inner = prod(size[i] for i in a if i in b and i not in output)
    copied = sum(
        rates.entries("turned", node.args[p].shape)
        for p, order in zip(plan.operands, plan.orders, strict=True)
        if (plan.form == "tensordot" and node.args[p].ndim > 2) or _is_shuffled(order)
    )
    if plan.form == "matmul" and node.ndim > 2:
        # NumPy goes through the leading axes one by one, also where one operand is a single matrix.
        batch = rates.setting.entries(node.shape[:-2])
        rows, columns = (rates.setting.entries((d,)) for d in node.shape[-2:])
    edge = rates.table.gemm_edge * (rows * columns + columns * inner + inner * rows)
    taken = batch * 2 * (rows * columns * inner + edge) / rates.table.flop_rate(rates.setting.real)
    started = (batch - 1) * rates.call("product")
    return Cost(rates.call(_PRODUCTS[plan.form]) + started, taken, copied)


def _is_shuffled(order: tuple[int, ...] | None) -> bool:
    """Whether more than the last two axes change places: BLAS reads a transposed matrix as it is."""
    if order is None:
        return False
    lead = len(order) - 2
    return order[:lead] != tuple(range(lead))


def _move(node: Node, rates: _Rates) -> Cost:
    if is_free(node):
        return Cost(calls=rates.call("view"))
    if node.op.name == "reshape":
        return Cost(calls=rates.call("copy"), entries=rates.entries("turned", node.shape))
    return Cost(calls=len(node.args) * rates.call("index"), entries=rates.entries("copy", node.shape))


def _overlap_add(node: Node, rates: _Rates) -> Cost:
    windows, taps = node.args[0].shape, node.args[0].shape[node.ndim :]
    turns = rates.setting.entries(taps)
    taken = rates.entries("turned", windows) + rates.entries("copy", node.shape)
    return Cost(calls=turns * (rates.call("turn") + rates.call("ufunc")), entries=taken)


def _route(node: Node, rates: _Rates) -> Cost:
    taps = len(node.attr("places"))
    return Cost(
        calls=taps * (rates.call("turn") + rates.call("ufunc")), entries=rates.entries("add", node.shape)
    )


def _index(node: Node, rates: _Rates) -> Cost:
    if node.op.name == "scatter_add":
        return Cost(calls=rates.call("index"), entries=rates.entries("scatter", node.args[0].shape))
    if is_free(node):
        return Cost(calls=rates.call("view"))
    if node.op.name in ("argmax", "argmin"):
        return Cost(calls=rates.call("reduce"), entries=rates.entries("argmax", node.args[0].shape))
    return Cost(calls=rates.call("index"), entries=rates.entries("gather", node.shape))


def _scan(node: Node, rates: _Rates) -> Cost:
    return Cost(calls=rates.call("scan"), entries=rates.entries("cumsum", node.shape))


def _recurrence(node: Node, rates: _Rates) -> Cost:
    """A turn of a loop for each place along the axis, with a product and a sum of slices."""
    turns = rates.setting.entries((node.shape[node.attrs[0]],))
    each = rates.call("turn") + 2 * rates.call("ufunc")
    return Cost(calls=rates.call("scan") + turns * each, entries=2 * rates.entries("add", node.shape))


def _implicit(node: Node, rates: _Rates) -> Cost:
    """A factorisation by LAPACK: many calls within one, and operations at the rate of matrix products."""
    taken = flops(node, rates.setting) / rates.table.flop_rate(rates.setting.real)
    return Cost(calls=4 * rates.call("scan"), products=taken)


def _uniform(node: Node, rates: _Rates) -> Cost:
    return Cost(calls=10 * rates.call("scan"), entries=rates.entries("uniform", node.shape))


_CLASS = {
    **dict.fromkeys(("sub", "mul", "neg", "abs", "square"), "add"),
    **dict.fromkeys(("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"), "compare"),
    "minimum": "maximum",
    "div": "divide",
    "reciprocal": "divide",
    "step": "cast",
    "assumed": "cast",
}
_BY_KIND: dict[str, Rule] = {
    "pointwise": _pointwise,
    "reduce": _reduce,
    "contract": _contract,
    "move": _move,
    "index": _index,
    "scan": _scan,
    "implicit": _implicit,
    "random": _uniform,
}
_BY_NAME: dict[str, Rule] = {
    "overlap_add": _overlap_add,
    "recurrence": _recurrence,
    "route": _route,
}


def copy_cost(node: Node, table: CostTable, setting: Setting, *, share: float = 1.0) -> Cost:
    """What it takes to copy the value of a node, or a share of it."""
    rates = _Rates(table, setting)
    moved = _from_memory(2 * size_in_bytes(node, setting), table)
    slowest = max(moved, rates.entries("copy", node.shape))
    return Cost(1e-9 * rates.call("copy"), 0.0, 1e-9 * share * slowest)


def total(parts: Iterable[Cost]) -> Cost:
    """The sum, part by part."""
    return Cost(*map(sum, zip(*parts, strict=True))) if (parts := list(parts)) else Cost()
