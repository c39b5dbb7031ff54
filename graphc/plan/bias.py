"""The bias within the product: a column of ones beside the input, the bias as a last row below the weights.

    x @ W + b = [x, 1] @ [W; b]          [dW; db] = [x, 1].T @ dz

One product does what a product, a sum and a reduction did. The weights and the bias lie one after the other in their
flat array, so that `[W; b]` is a view of it, and their gradients in that of all gradients. The column of ones is
written once: what computes `x` writes beside it. For small arrays, where calls are what takes time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, pairwise

from graphc.ir.node import Node, make
from graphc.ir.types import DimLike, Shape, product
from graphc.ops.contract import CONTRACT
from graphc.ops.leaf import CONST
from graphc.ops.move import BROADCAST, CONCAT, RESHAPE, SLICE, concat, reshape
from graphc.ops.pointwise import ADD
from graphc.plan.lower import Lowered, exact
from graphc.plan.rewriting import Pass, rewritten
from graphc.plan.setting import Setting

Uses = Mapping[Node, int]  # how often each is an argument
Layer = tuple[Node, Shape]  # the input, and the shape of the weights

ONE = make(CONST, (), ("decimal", Decimal(1)))
LARGEST = 512  # entries: beyond, rows that are not in one piece and odd widths cost what the calls did
FORWARD, BACKWARD, SUMMED = "nk,km->nm", "kn,km->nm", "k,km->m"


@dataclass(frozen=True, slots=True)
class Pair:
    """Weights and the bias after them in the flat leaf `home`, where they begin at entry `start`."""

    bias: Node
    home: Node
    start: DimLike


def bias_in_products(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with biases in the products of small arrays, where one product gives both gradients as well."""
    pairs = _pairs(lowered)
    if not pairs:
        return lowered
    uses = Counter(chain.from_iterable(node.args for node in lowered.nodes))
    sums = [
        found
        for node in lowered.nodes
        if (found := _small_sum(node, pairs, uses, lowered, setting)) is not None
    ]
    layers = {(x, W.shape): W for x, W, _ in sums}
    joined = {layer for node in lowered.nodes for layer in _own_layers(node, uses, lowered)}
    chosen = {W for layer, W in layers.items() if layer in joined}
    if not chosen:
        return lowered
    setting.say("bias", f"{len(chosen)} {'bias' if len(chosen) == 1 else 'biases'} added within the product")
    beside: set[Layer] = set()  # where the forward product has the bias already

    def rule(node: Node) -> Node:
        found = _sum(node)
        if found is not None and found[1] in chosen and pairs[found[1]].bias is found[2]:
            beside.add((found[0], found[1].shape))
            return _product(found[0], found[1], pairs[found[1]])
        return _joined(node, beside)

    return rewritten(lowered, (ADD, CONCAT), rule)


def _pairs(lowered: Lowered) -> dict[Node, Pair]:
    """The matrices in flat leaves that a vector of their width follows."""
    pairs: dict[Node, Pair] = {}
    for flat in lowered.flat:
        start: DimLike = 0
        for W, b in zip(flat.members, flat.members[1:], strict=False):
            if W.ndim == 2 and b.shape == W.shape[1:]:
                pairs[W] = Pair(b, flat.leaf, start)
            start = start + product(W.shape)
    return pairs


def _sum(node: Node) -> tuple[Node, Node, Node] | None:
    """The input, the weights and the bias of `x @ W + b`."""
    for z, b in (node.args, node.args[::-1]) if node.op is ADD else ():
        if z.op is CONTRACT and z.attrs[0] == FORWARD and b.ndim == 1 and z.args[1].is_leaf:
            return z.args[0], z.args[1], b
    return None


def _small_sum(
    node: Node, pairs: Mapping[Node, Pair], uses: Uses, lowered: Lowered, setting: Setting
) -> tuple[Node, Node, Node] | None:
    """`x @ W + b` by its parts, where `x` is computed, small, and the product is wanted in the sum alone."""
    parts = _sum(node)
    if parts is None or parts[1] not in pairs or pairs[parts[1]].bias is not parts[2]:
        return None
    x = parts[0]
    z = next(a for a in node.args if a.op is CONTRACT)
    computed = x.op.kind == "pointwise" and x.dtype == "real" and x not in lowered.outputs
    small = max(setting.entries(node.shape), setting.entries(x.shape)) <= LARGEST
    return parts if computed and small and uses[z] == 1 else None


def _own_layers(node: Node, uses: Uses, lowered: Lowered) -> Iterator[Layer]:
    """The layers whose gradients of weights and bias are neighbours in a concatenation, and wanted there alone."""
    for dW, db in pairwise(node.args) if _is_flat(node) else ():
        own = (dW, *dW.args[:1], db)
        if _factors(dW, db) and all(uses[n] == 1 and n not in lowered.outputs for n in own):
            yield dW.args[0].args[0], dW.args[0].shape


def _is_flat(node: Node) -> bool:
    return node.op is CONCAT and node.attrs[0] == 0


def _factors(dW: Node, db: Node) -> tuple[Node, Node] | None:
    """`x` and `dz`, where the arrays are `ravel(x.T @ dz)` and `ones @ dz`."""
    if dW.op is not RESHAPE or dW.args[0].op is not CONTRACT or db.op is not CONTRACT:
        return None
    slopes = dW.args[0]
    if slopes.attrs[0] != BACKWARD or db.attrs[0] != SUMMED or slopes.args[1] is not db.args[1]:
        return None
    ones = db.args[0]
    is_one = ones.op is BROADCAST and exact(ones.args[0]) == 1
    return (slopes.args[0], slopes.args[1]) if is_one else None


def _beside_ones(x: Node) -> Node:
    return concat([x, make(BROADCAST, (ONE,), ((x.shape[0], 1),))], axis=1)


def _product(x: Node, W: Node, pair: Pair) -> Node:
    k, m = W.shape
    rows = make(SLICE, (pair.home,), (((pair.start, 1, (k + 1) * m),),))
    return make(CONTRACT, (_beside_ones(x), reshape(rows, (k + 1, m))), (FORWARD, ()))


def _joined(node: Node, beside: Collection[Layer]) -> Node:
    """A concatenation with one product for the gradients of weights and bias, where the layer has ones beside."""
    if not _is_flat(node):
        return node
    args: list[Node] = []
    for argument in node.args:
        found = _factors(args[-1], argument) if args else None
        if found is None or (found[0], args[-1].args[0].shape) not in beside:
            args.append(argument)
            continue
        x, dz = found
        whole = make(CONTRACT, (_beside_ones(x), dz), (BACKWARD, ()))
        args[-1] = reshape(whole, (product(whole.shape),))
    return node if len(args) == len(node.args) else concat(args)


BIAS = Pass("bias", "adds biases within the products of small arrays", bias_in_products)
