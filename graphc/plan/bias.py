"""The bias within the product: a row of ones below the input, the bias as a last row below the weights.

    z.T = [W; b].T @ [x.T; 1]          [dW; db] = [x.T; 1] @ dz

One product does what a product, a sum and a reduction did. The weights and the bias lie one after the other in their
flat array, so that `[W; b]` is a view of it, and their gradients in that of all gradients. Values are kept with a
sample in each column, so that the row of ones, which is written once, leaves what is above it in one piece. For small
arrays, where calls are what takes time: 0.7 to 0.9 of it for layers of 16 to 256 units.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain, pairwise

from graphc.ir.node import Node, make
from graphc.ir.types import DimLike, Shape, product
from graphc.ops.contract import CONTRACT
from graphc.ops.leaf import CONST
from graphc.ops.move import BROADCAST, CONCAT, RESHAPE, SLICE, concat, reshape
from graphc.ops.pointwise import ADD
from graphc.plan.layout import Kept, Orders
from graphc.plan.lower import Lowered, exact
from graphc.plan.rewriting import Pass
from graphc.plan.setting import Setting

Uses = Mapping[Node, int]  # how often each is an argument
Layer = tuple[Node, Shape]  # the input, and the shape of the weights

ONE = make(CONST, (), ("decimal", Decimal(1)))
LARGEST = 8192  # entries of the input or the sum: beyond, what is saved is little beside the products
FORWARD, BACKWARD, SUMMED = "nk,km->nm", "kn,km->nm", "k,km->m"
TURNED = (1, 0)


@dataclass(frozen=True, slots=True)
class Pair:
    """Weights and the bias after them in the flat leaf `home`, where they begin at entry `start`."""

    bias: Node
    home: Node
    start: DimLike

    def rows(self, W: Node) -> Node:
        """`[W; b]`."""
        k, m = W.shape
        length = (k + 1) * m
        if (length,) == self.home.shape:
            return reshape(self.home, (k + 1, m))
        return reshape(make(SLICE, (self.home,), (((self.start, 1, length),),)), (k + 1, m))


@dataclass(frozen=True, slots=True)
class _Sum:
    """The input, the weights and the bias of `x @ W + b`."""

    x: Node
    W: Node
    b: Node

    @property
    def layer(self) -> Layer:
        return self.x, self.W.shape


def bias_in_products(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with biases in the products of small arrays, where one product gives both gradients as well.

    With a budget of memory it stays as it is: rows of ones last, and memory that holds them is not shared.
    """
    pairs = _pairs(lowered) if setting.memory is None else {}
    if not pairs:
        return lowered
    uses = Counter(chain.from_iterable(node.args for node in lowered.nodes))
    joined = {layer for node in lowered.nodes for layer in _own_layers(node, uses, lowered)}
    every = ((node, _small_sum(node, pairs, uses, lowered, setting)) for node in lowered.nodes)
    sums = {node: found for node, found in every if found is not None and found.layer in joined}
    if not sums:
        return lowered
    count = len({found.W for found in sums.values()})
    setting.say("bias", f"{count} {'bias' if count == 1 else 'biases'} added within the product")
    layers = {found.layer for found in sums.values()}
    orders = Orders.of(lowered, front=False)
    names: dict[Node, str] = {}
    for node in lowered.nodes:
        found = sums.get(node)
        if found is not None:
            rows = pairs[found.W].rows(found.W)
            names[rows] = _both(str(found.W.name), str(found.b.name))
            orders.kept[node] = _product(orders, found.x, rows)
        else:
            orders.kept[node] = _joined(orders, node, layers, lowered.names, names) or orders.keep(node)
    result = orders.applied(lowered)
    return replace(result, names={**result.names, **names})


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


def _small_sum(
    node: Node, pairs: Mapping[Node, Pair], uses: Uses, lowered: Lowered, setting: Setting
) -> _Sum | None:
    """`x @ W + b` by its parts, where `x` is given or computed, small, and the product is wanted in the sum alone."""
    for z, b in (node.args, node.args[::-1]) if node.op is ADD else ():
        if z.op is not CONTRACT or z.attrs[0] != FORWARD or uses[z] > 1:
            continue
        x, W = z.args
        if W not in pairs or pairs[W].bias is not b or x.dtype != "real" or x in lowered.outputs:
            continue
        if max(setting.entries(node.shape), setting.entries(x.shape)) <= LARGEST:
            return _Sum(x, W, b)
    return None


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


def _beside_ones(x: Kept) -> tuple[Node, str]:
    """`x` with ones as a last feature, and the indices of its axes: `n` of samples, `k` of features."""
    if x.straight:
        return concat([x.array, make(BROADCAST, (ONE,), ((x.array.shape[0], 1),))], axis=1), "nk"
    return concat([x.array, make(BROADCAST, (ONE,), ((1, x.array.shape[1]),))], axis=0), "kn"


def _product(orders: Orders, x: Node, rows: Node) -> Kept:
    beside, letters = _beside_ones(orders.kept[x])
    return Kept(make(CONTRACT, (rows, beside), (f"km,{letters}->mn", ())), TURNED)


def _both(first: str, second: str) -> str:
    """`dense/W_and_b` for `dense/W` and `dense/b`."""
    return f"{first}_and_{second.rpartition('/')[-1]}"


def _joined(
    orders: Orders, node: Node, layers: set[Layer], given: Mapping[Node, str], names: dict[Node, str]
) -> Kept | None:
    """A concatenation with one product for the gradients of weights and bias of each of the layers in it.

    Where those have names, `given`, it gets a name among `names`.
    """
    if not _is_flat(node):
        return None
    args: list[Node] = []
    last: Node | None = None
    for argument in node.args:
        found = _factors(last, argument) if last is not None else None
        if last is None or found is None or (found[0], last.args[0].shape) not in layers:
            args.append(orders.kept[argument].value)
            last = argument
            continue
        beside, letters = _beside_ones(orders.kept[found[0]])
        dz = orders.kept[found[1]]
        whole = make(CONTRACT, (beside, dz.array), (f"{letters},{'nm' if dz.straight else 'mn'}->km", ()))
        args[-1] = reshape(whole, (product(whole.shape),))
        if last.args[0] in given and argument in given:
            names[whole] = _both(given[last.args[0]], given[argument])
        last = None
    if len(args) == len(node.args):
        return None
    whole = concat(args)
    return Kept(whole, (0,))


BIAS = Pass("bias", "adds biases within the products of small arrays", bias_in_products)
