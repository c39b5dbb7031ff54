"""Products below a sum: what is constant along it is taken out, what varies along the summed axes alone is a weight.

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
from graphc.plan.lower import Lowered, exact, fold
from graphc.plan.rewriting import Pass, count_uses, replaced
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


@dataclass(frozen=True, slots=True)
class _Multiple:
    """A product that is there: `numbers` times what it is looked for by."""

    node: Node
    numbers: tuple[_Factor, ...]


_KINDS = ("outside", "full", "weights")


def take_out_factors(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with constant factors outside of sums, and sums of products as contractions."""
    if SUM not in lowered.ops:
        return lowered
    order = lowered.nodes
    alone = {n for n, count in count_uses(lowered).items() if count == 1 and n not in lowered.names}
    candidates = [n for n in order if n.op is SUM and _may_be_taken_apart(n, alone)]
    if not candidates:
        return lowered
    uses = _uses(order, lowered.roots)
    place = {n: i for i, n in enumerate(order)}
    inner = _for_sums_only(order, uses, lowered.names)
    sums = {n: found for n in candidates if (found := _taken_apart(n, alone, inner, place)) is not None}
    if not sums:
        return lowered
    several = any(len(found.full) > 1 for found in sums.values())
    made = _made_anyway(order, uses, alone, place) if several else {}
    counts = Counter(found.full for found in sums.values())
    sums = {n: _shared(found, n, counts, made, place) for n, found in sums.items()}
    counts = Counter(found.full for found in sums.values())
    products = {found.full: n.args[0].args for n, found in sums.items() if _is_product(n.args[0], found)}
    done: dict[Node, Node] = {}
    changed = 0
    for root in order:
        found = sums.get(root)
        first = made.get(found.full) if found is not None else None
        for node in (*_missing(first.node if first else None, done), *(() if root in done else (root,))):
            args = tuple(done[a] for a in node.args)
            done[node] = now = node if node.is_leaf or args == node.args else make(node.op, args, node.attrs)
            if node is root and found is not None:
                pair = tuple(done[a] for a in products.get(found.full, ()))
                done[node] = _rebuilt(node, now, found, done, first, pair, counts[found.full] == 1, setting)
                changed += done[node] is not now
    if not changed:
        return lowered
    setting.say("factors", f"{changed} sum{'s' * (changed > 1)} of products taken apart")
    return replaced(lowered, done)


def _uses(order: Sequence[Node], roots: Sequence[Node]) -> dict[Node, list[Node | None]]:
    """The users of each node, None where it is a result."""
    uses: dict[Node, list[Node | None]] = {n: [] for n in order}
    for node in order:
        for argument in node.args:
            uses[argument].append(node)
    for root in roots:
        uses[root].append(None)
    return uses


def _for_sums_only(
    order: Sequence[Node], uses: Mapping[Node, Sequence[Node | None]], names: Mapping[Node, str]
) -> set[Node]:
    """Products that nothing but sums of them and of their multiples read."""
    found: set[Node] = set()
    for node in reversed(order):
        summed = all(u is not None and (u.op is SUM or u in found) for u in uses[node])
        if summed and node.op in (MUL, DIV, NEG) and node not in names:
            found.add(node)
    return found


def _missing(node: Node | None, done: Mapping[Node, Node]) -> list[Node]:
    """What has to be rebuilt up to `node`."""
    return [] if node is None else [n for n in topological([node], stop=done.__contains__) if n not in done]


# sharing ----------------------------------------------------------------------------------------------------


def _made_anyway(
    order: Sequence[Node],
    uses: Mapping[Node, Sequence[Node | None]],
    alone: set[Node],
    place: Mapping[Node, int],
) -> dict[tuple[_Factor, ...], _Multiple]:
    """Products that others than sums want, each as a number times its factors, by these factors."""
    found: dict[tuple[_Factor, ...], _Multiple] = {}
    for node in order:
        if (
            node.op is not MUL
            or node.dtype != "real"
            or all(u is not None and u.op is SUM for u in uses[node])
        ):
            continue
        factors, negative = _factors(node, frozenset(), alone, set())
        numbers = [f for f in factors if not f.node.ndim and exact(f.node)]
        full = [f for f in factors if f not in numbers]
        if len(full) > 1 and not negative and all(f.node.ndim for f in full):
            key = tuple(sorted(full, key=lambda f: place[f.node]))
            found.setdefault(key, _Multiple(node, tuple(numbers)))
    return found


def _shared(
    found: _Sum,
    node: Node,
    counts: Mapping[tuple[_Factor, ...], int],
    made: Mapping[tuple[_Factor, ...], _Multiple],
    place: Mapping[Node, int],
) -> _Sum:
    """The sum with a factor that others use too split as well, where its product is then one that is made anyway."""
    if len(found.full) < 2 or counts[found.full] > 1 or found.full in made:
        return found
    x, axes = node.args[0], frozenset(node.attrs[0])
    for i, factor in enumerate(found.full):
        parts, negative = _split(factor)
        large = [f for f in parts if _kind(f.node, x.shape, axes) == "full"]
        if len(large) == 1 and large != [factor]:
            rest = (*found.full[:i], *found.full[i + 1 :])
            full = tuple(sorted([*rest, *large], key=lambda f: place[f.node]))
            if counts.get(full) or full in made:
                groups = {k: [f for f in parts if _kind(f.node, x.shape, axes) == k] for k in _KINDS}
                outside, weights = (*found.outside, *groups["outside"]), (*found.weights, *groups["weights"])
                return _Sum(outside, full, weights, found.negative ^ negative)
    return found


# taking apart -----------------------------------------------------------------------------------------------


def _may_be_taken_apart(node: Node, alone: set[Node]) -> bool:
    """Whether a sum is one of a product or quotient: what others use as well counts only with one large factor."""
    x, axes = node.args[0], frozenset(node.attrs[0])
    if node.dtype != "real" or node.attrs[1] or x.constant:
        return False
    parts, _ = _split(_Factor(x, False))
    large = [f for f in parts if _kind(f.node, x.shape, axes) == "full"]
    return parts[0].node is not x and (x in alone or len(large) < 2)


def _taken_apart(node: Node, alone: set[Node], inner: set[Node], place: Mapping[Node, int]) -> _Sum | None:
    x, axes = node.args[0], frozenset(node.attrs[0])
    factors, negative = _factors(x, axes, alone, inner)
    if len(factors) == 1 and not negative:
        return None
    groups: dict[str, list[_Factor]] = {kind: [] for kind in _KINDS}
    for factor in sorted(factors, key=lambda f: place[f.node]):
        groups[_kind(factor.node, x.shape, axes)].append(factor)
    if all(f.node.dtype != "real" for f in groups["full"]):
        return None
    return _Sum(tuple(groups["outside"]), tuple(groups["full"]), tuple(groups["weights"]), negative)


def _factors(x: Node, axes: frozenset[int], alone: set[Node], inner: set[Node]) -> tuple[list[_Factor], bool]:
    """The factors of `x`, and whether its sign is turned.

    What others use as well is one factor, unless all these are sums and only one of its own factors is large.
    """
    done: list[_Factor] = []
    waiting, negative = _split(_Factor(x, False))
    if x.op.name == "square":
        return waiting, False  # what scales an argument before it is squared may keep it from overflowing
    while waiting and len(waiting) + len(done) <= MOST:
        factor = waiting.pop(0)
        parts, sign = _split(factor)
        large = [f for f in parts if _kind(f.node, x.shape, axes) == "full"]
        splits = factor.node in alone or (factor.node in inner and len(large) < 2)
        if parts == [factor] or not splits or factor.node.op.name == "square" or factor.node.constant:
            done.append(factor)
        else:
            waiting[:0] = parts
            negative ^= sign
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
    made: _Multiple | None,
    pair: Sequence[Node],
    alone: bool,
    setting: Setting,
) -> Node:
    """The sum from its parts; `now` where there is nothing to gain.

    `made` is a multiple of the product that is there, `pair` the order in which two factors are multiplied elsewhere.
    """
    shape, axes = node.args[0].shape, node.attrs[0]
    full, weights, outside = ([_Factor(done[f.node], f.below) for f in group]
                              for group in (found.full, found.weights, found.outside))  # fmt: skip
    operands = [make(MUL, pair) if pair else _multiplied(full)]
    if made is not None:
        operands, alone = [done[made.node]], False
        outside += [_Factor(f.node, not f.below) for f in made.numbers]
    if weights:
        operands.append(_multiplied(weights))
    elif alone and _are_rows(full, shape, axes, setting):
        operands = [f.node for f in full]
    if len(operands) == 1 and not outside and not found.negative:
        return now if len(full) < 3 and made is None else _summed(operands, shape, axes)
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


FACTORS = Pass("factors", "takes factors that a sum does not run over out of it", take_out_factors)
