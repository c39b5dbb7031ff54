"""What is constant along a sum is taken out of it, and what varies along the summed axes alone becomes a weight.

    sum_k c*r[n]*x[n,k]*y[n,k]*w[k]  =  c * r[n] * sum_k (x[n,k]*y[n,k]) * w[k]

Numbers and rows then meet the small result instead of the large argument, and what is left is a product of a matrix
by a vector, or for two factors without weights the inner products of their rows. Sums of one product over different
axes, such as the two of a normalisation, share it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphc.ir.node import Node, make, topological
from graphc.ir.types import Shape, product
from graphc.ops.contract import CONTRACT, LETTERS
from graphc.ops.leaf import const
from graphc.ops.move import reshape
from graphc.ops.pointwise import DIV, MUL, NEG
from graphc.ops.reduce import SUM
from graphc.plan.lower import Lowered, fold
from graphc.plan.rewriting import Pass, replaced
from graphc.plan.setting import Setting

MOST = 16  # factors of one product
SHORTEST_ROW = 16  # entries of a row from which its inner product beats a product and its sum


@dataclass(frozen=True, slots=True)
class _Factor:
    """A factor or, `below` the line, a divisor."""

    node: Node
    below: bool


@dataclass(frozen=True, slots=True)
class _Sum:
    """A sum taken apart: what is outside, what varies along kept and summed axes, and weights along the latter."""

    outside: tuple[_Factor, ...]
    full: tuple[_Factor, ...]
    weights: tuple[_Factor, ...]
    negative: bool


def take_out_factors(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with constant factors outside of sums, and sums of products as contractions."""
    order = topological(lowered.roots)
    uses = Counter(a for n in order for a in n.args)
    uses.update(lowered.roots)
    place = {n: i for i, n in enumerate(order)}
    alone = {n for n in order if uses[n] == 1 and n not in lowered.names}
    sums = {n: found for n in order if (found := _taken_apart(n, alone, place)) is not None}
    shared = Counter(found.full for found in sums.values())
    products = {found.full: n.args[0].args for n, found in sums.items() if _is_product(n.args[0], found)}
    done: dict[Node, Node] = {}
    changed = 0
    for node in order:
        if node.is_leaf:
            done[node] = node
            continue
        args = tuple(done[a] for a in node.args)
        done[node] = now = node if args == node.args else make(node.op, args, node.attrs)
        if node in sums:
            found = sums[node]
            pair = tuple(done[a] for a in products.get(found.full, ()))
            done[node] = _rebuilt(node, now, found, done, pair, shared[found.full] == 1, setting)
            changed += done[node] is not now
    if changed:
        setting.say("factors", f"{changed} sum{'s' * (changed > 1)} of products taken apart")
    return replaced(lowered, done)


# taking apart -----------------------------------------------------------------------------------------------


def _taken_apart(node: Node, alone: set[Node], place: Mapping[Node, int]) -> _Sum | None:
    if node.op is not SUM or node.dtype != "real" or node.attrs[1] or node.args[0].constant:
        return None
    x, axes = node.args[0], frozenset(node.attrs[0])
    factors, negative = _factors(x, axes, alone)
    if len(factors) == 1 and not negative:
        return None
    groups: dict[str, list[_Factor]] = {"outside": [], "full": [], "weights": []}
    for factor in sorted(factors, key=lambda f: place[f.node]):
        groups[_kind(factor.node, x.shape, axes)].append(factor)
    if all(f.node.dtype != "real" for f in groups["full"]):
        return None
    return _Sum(tuple(groups["outside"]), tuple(groups["full"]), tuple(groups["weights"]), negative)


def _factors(x: Node, axes: frozenset[int], alone: set[Node]) -> tuple[list[_Factor], bool]:
    """The factors of `x`. One that others use too is split only where that leaves a single large factor of it."""
    found, negative = _split(_Factor(x, False))
    if len(found) < 2 and not negative:
        return [_Factor(x, False)], False
    if x not in alone and sum(_kind(f.node, x.shape, axes) == "full" for f in found) > 1:
        return [_Factor(x, False)], False
    if x.op.name == "square":
        return found, False  # what scales an argument before it is squared may keep it from overflowing
    waiting, done = found, list[_Factor]()
    while waiting and len(waiting) + len(done) <= MOST:
        factor = waiting.pop(0)
        parts, sign = _split(factor) if factor.node.op.name != "square" else ([factor], False)
        large = [f for f in parts if _kind(f.node, x.shape, axes) == "full"]
        worth = len(parts) > 1 or sign
        if worth and (factor.node in alone or len(large) <= 1) and not factor.node.constant:
            waiting[:0] = parts
            negative ^= sign
        else:
            done.append(factor)
    return done + waiting, negative


def _split(factor: _Factor) -> tuple[list[_Factor], bool]:
    """The two factors of a product or quotient of reals, and whether the sign was turned."""
    node, below = factor.node, factor.below
    if node.dtype != "real" or not node.ndim:
        return [factor], False
    if node.op is NEG:
        return [_Factor(node.args[0], below)], True
    if node.op is MUL:
        return [_Factor(a, below) for a in node.args], False
    if node.op is DIV:
        return [_Factor(node.args[0], below), _Factor(node.args[1], not below)], False
    if node.op.name == "square" and not below:
        return [_Factor(node.args[0], below)] * 2, False
    return [factor], False


def _kind(x: Node, shape: Shape, axes: frozenset[int]) -> str:
    own = {i + len(shape) - x.ndim for i, d in enumerate(x.shape) if d != 1}
    if not own & axes:
        return "outside"
    real = {i for i, d in enumerate(shape) if d != 1}
    if own & (real - axes) or own == real:
        return "full"
    return "weights"


def _is_product(x: Node, found: _Sum) -> bool:
    """Whether `x` is just the two factors multiplied."""
    return x.op is MUL and {_Factor(a, False) for a in x.args} == set(found.full) and len(found.full) == 2


# putting together -------------------------------------------------------------------------------------------


def _rebuilt(
    node: Node,
    now: Node,
    found: _Sum,
    done: Mapping[Node, Node],
    pair: Sequence[Node],
    alone: bool,
    setting: Setting,
) -> Node:
    """The sum from its parts; `now` where there is nothing to gain. `pair` is the order of two factors elsewhere."""
    shape, axes = node.args[0].shape, node.attrs[0]
    full, weights, outside = ([_Factor(done[f.node], f.below) for f in group]
                              for group in (found.full, found.weights, found.outside))  # fmt: skip
    operands = [make(MUL, pair) if pair else _multiplied(full)]
    if weights:
        operands.append(_multiplied(weights))
    elif alone and _are_rows(full, shape, axes, setting):
        operands = [f.node for f in full]
    if len(operands) == 1 and not outside and not found.negative:
        return now if len(found.full) < 3 else _summed(operands, shape, axes)
    value = _summed(operands, shape, axes)
    kept = [i for i in range(len(shape)) if i not in axes]
    for factor in outside:
        small = _on_axes(factor.node, len(shape), kept)
        value = fold(make(DIV if factor.below else MUL, (value, small)))
    return make(NEG, (value,)) if found.negative else value


def _are_rows(full: Sequence[_Factor], shape: Shape, axes: Sequence[int], setting: Setting) -> bool:
    """Whether inner products of rows, or one of everything, are what is wanted."""
    if len(full) != 2 or any(f.below or f.node.shape != shape or f.node.dtype != "real" for f in full):
        return False
    first = len(shape) - len(axes)
    trailing = tuple(axes) == tuple(range(first, len(shape)))
    return trailing and setting.entries((product(shape[first:]),)) >= SHORTEST_ROW


def _multiplied(factors: Sequence[_Factor]) -> Node:
    """The product of some factors in their order, divisors last."""
    above, below = ([f.node for f in factors if f.below is side] for side in (False, True))
    value = above[0] if above else make(DIV, (const(1), below.pop(0)))
    for op, rest in ((MUL, above[1:]), (DIV, below)):
        for node in rest:
            value = make(op, (value, node))
    return value


def _summed(operands: Sequence[Node], shape: Shape, axes: Sequence[int]) -> Node:
    """The contraction of the operands over `axes`, on the kept axes of `shape` (1 where no operand has one)."""
    if len(operands) == 1 and operands[0].shape == shape:
        return make(SUM, operands, (tuple(axes), False))
    letters = LETTERS[: len(shape)]
    specs, bare = [], []
    for x in operands:
        own = [i for i, d in enumerate(x.shape) if d != 1]
        specs.append("".join(letters[i + len(shape) - x.ndim] for i in own))
        bare.append(reshape(x, tuple(x.shape[i] for i in own)))
    kept = [i for i in range(len(shape)) if i not in axes]
    there = [i for i in kept if any(letters[i] in spec for spec in specs)]
    output = "".join(letters[i] for i in there)
    value = make(CONTRACT, bare, (f"{','.join(specs)}->{output}", ()))
    return reshape(value, tuple(shape[i] if i in there else 1 for i in kept))


def _on_axes(x: Node, rank: int, kept: Sequence[int]) -> Node:
    """A factor that does not vary along the summed axes, on the kept ones."""
    if not x.ndim:
        return x
    places = [i - rank + x.ndim for i in kept]
    return reshape(x, tuple(x.shape[p] for p in places if p >= 0))


FACTORS = Pass("factors", "factors that a sum does not run over taken out of it", take_out_factors)
