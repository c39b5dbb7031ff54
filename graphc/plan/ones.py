"""Sums as matrix products: `sum(dz, axis=0)` is `ones @ dz`, and `sum(a * b)` the inner product of `a` and `b`.

BLAS adds whole rows with wide accumulators, where a reduction walks one axis at a time: measured on arrays from one
row to 65536, the product takes 0.04 to 0.9 of the reduction's time. This is what makes the gradient of a bias cheap
beside that of its matrix. The ones are a constant of the shape, made once for each batch size.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from graphc.ir.node import Node, make
from graphc.ir.types import DimLike, product
from graphc.ops.contract import CONTRACT, LETTERS
from graphc.ops.leaf import CONST
from graphc.ops.move import BROADCAST, broadcast, reshape
from graphc.ops.reduce import SUM
from graphc.plan.lower import Lowered
from graphc.plan.rewriting import Pass, count_uses, counted
from graphc.plan.setting import Setting

_ONE = make(CONST, (), ("decimal", Decimal(1)))
SHORT = 4096  # entries up to which a vector is summed by its product with ones
VIEWS = ("transpose", "slice", "broadcast", "sliding_window")  # that a reshape may have to copy


def sum_by_products(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with sums over leading or trailing axes, and sums of products, as contractions."""
    if SUM not in lowered.ops:
        return lowered
    uses = count_uses(lowered)
    products = {n for n, count in uses.items() if count == 1 and n not in lowered.names}
    result, count = counted(lowered, (SUM,), lambda n: _as_product(n, products, setting))
    if count:
        ones = {a: f"ones_{a.shape[0]}" for n in result.nodes for a in n.args if _is_ones(a)}
        result = replace(result, names={**ones, **result.names})
        plural = "s are products" if count > 1 else " is a product"
        setting.say("ones", f"{count} sum{plural} with ones or of two arrays")
    return result


def _as_product(node: Node, products: set[Node], setting: Setting) -> Node:
    """A sum over real entries as a contraction; any other node, and a sum that gains nothing, as it is."""
    if node.dtype != "real" or node.args[0].constant:
        return node
    x, axes = node.args[0], sorted(node.attrs[0])
    if len(axes) == x.ndim:
        whole = _inner(x, node) if x in products else node
        short = whole is node and x.ndim == 1 and setting.entries(x.shape) <= SHORT
        return make(CONTRACT, (_ones(x.shape[0]), x), ("n,n->", ())) if short else whole
    if not axes or (x.op.name in VIEWS and x.ndim > 2):
        return node
    last = x.ndim - 1
    while last in axes:
        last -= 1
    first = 0
    while first in axes:
        first += 1
    if any(first < a < last for a in axes):
        return node
    if last < x.ndim - 1:
        x = _over_last(x, last + 1)
    return _over_first(x, first) if first else x


def _inner(x: Node, whole: Node) -> Node:
    """The sum of all entries of a product of two arrays of one shape."""
    factors = (x.args[0], x.args[0]) if x.op.name == "square" else x.args
    if x.op.name not in ("square", "mul") or any(f.shape != x.shape or f.dtype != "real" for f in factors):
        return whole
    letters = LETTERS[: x.ndim]
    return make(CONTRACT, factors, (f"{letters},{letters}->", ()))


def _over_last(x: Node, count: int) -> Node:
    """The sum over all axes from `count` on: a matrix by a vector of ones."""
    kept, summed = x.shape[:count], product(x.shape[count:])
    matrix = reshape(x, (product(kept), summed))
    return reshape(make(CONTRACT, (matrix, _ones(summed)), ("nk,k->n", ())), kept)


def _over_first(x: Node, count: int) -> Node:
    """The sum over the first `count` axes: a vector of ones by a matrix."""
    summed, kept = product(x.shape[:count]), x.shape[count:]
    matrix = reshape(x, (summed, product(kept)))
    return reshape(make(CONTRACT, (_ones(summed), matrix), ("n,nm->m", ())), kept)


def _ones(length: DimLike) -> Node:
    return broadcast(_ONE, (length,))


def _is_ones(node: Node) -> bool:
    return node.op is BROADCAST and node.args[0] is _ONE and node.ndim == 1


ONES = Pass("ones", "writes sums over leading or trailing axes as products with ones", sum_by_products)
