"""Scalar factors moved to where they cost least: `W - lr * (x.T @ (dz / N))` scales only the seed of the chain.

The chain rule is linear in the upstream gradient. So a number that multiplies a gradient may as well multiply what the
gradient was computed from, through products, sums and moves, down to the smallest array on the way, where all factors
meet as one. Over the reals the graph stays what it was. A value that is also wanted without the factor is not touched.

Each node asks its arguments for a multiple of themselves. Where all users of a value ask for the same multiple, the
value is computed as that multiple, its own arguments being asked in turn; where they disagree, the plain value is
computed, and multiplied for those that asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from graphc.ir.node import Node, make, rebuild
from graphc.ir.types import Shape
from graphc.ops.leaf import SIZE, const
from graphc.ops.pointwise import ADD, DIV, MUL, NEG, SUB
from graphc.plan.lower import Lowered, exact, fold
from graphc.plan.rewriting import Pass, count_uses, replaced, rewritten
from graphc.plan.setting import Setting

FIRST = (
    "neg",
    "reshape",
    "transpose",
    "broadcast",
    "slice",
    "sliding_window",
    "overlap_add",
    "sum",
    "cumsum",
)
ROUNDS = 3
SMALLEST = Fraction(1, 2**40)  # and its reciprocal: the factors that may travel without harm in float32
MOST = 4  # scalars of unknown size in one factor
EVERY = {"add": (0, 1), "sub": (0, 1), "where": (1, 2)}  # arguments that all take the factor


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """A number times powers of scalar nodes, in the order of their places in the graph; equal ones are one object."""

    number: Fraction
    powers: tuple[tuple[Node, int], ...] = ()

    def node(self, now: Mapping[Node, Node]) -> Node:
        """The factor as a node, of scalars as they are `now`."""
        above = [const(self.number)] if self.number != 1 or all(p < 0 for _, p in self.powers) else []
        below: list[Node] = []
        for node, power in self.powers:
            (above if power > 0 else below).extend([now[node]] * abs(power))
        result = _product(above)
        return make(DIV, (result, _product(below))) if below else result


ONE = Factor(Fraction(1))


def _product(nodes: list[Node]) -> Node:
    result = nodes[0]
    for node in nodes[1:]:
        result = fold(make(MUL, (result, node)))
    return result


def fold_factors(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with scalar factors where they cost least."""
    lowered = _share(_unscaled(_turned(lowered)), setting)
    best = _Work(lowered.nodes, setting)
    if not best.scales:
        return lowered
    uses = count_uses(lowered)
    best.solve(uses)
    for _ in range(ROUNDS):
        if not best.torn:
            break
        # Where users disagreed, nothing is to be gained from asking: once more with those left alone.
        again = _Work(best.order, setting, stuck=best.stuck | best.torn)
        again.solve(uses)
        if again.gain < best.gain:
            break
        best = again
    if best.gain <= 0:
        return lowered
    setting.say("fold", "scalar factors are gathered where the arrays are small")
    rebuilt = best.rebuilt().items()
    plain = {n: new for n, new in rebuilt if new is not n and best.total.get(n, ONE) is ONE}
    return _share(replaced(lowered, plain), setting)


def _turned(lowered: Lowered) -> Lowered:
    """The graph with `-(a - b)` as `b - a` where the difference is not wanted itself."""
    if not any(n.op is NEG and n.args[0].op is SUB for n in lowered.nodes):
        return lowered
    uses = count_uses(lowered)

    def rule(node: Node) -> Node:
        inner = node.args[0]
        turned = inner.op is SUB and uses.get(inner) == 1 and inner not in lowered.names
        return make(SUB, inner.args[::-1]) if turned else node

    return rewritten(lowered, (NEG,), rule)


def _unscaled(lowered: Lowered) -> Lowered:
    """The graph with `s*a / (b/r + c)`, as Adam has it, as `(s*r)*a / (b + c*r)`: the number `r` meets numbers only."""
    if not any(n.op is DIV and n.args[1].op is ADD for n in lowered.nodes):
        return lowered
    uses = count_uses(lowered)

    def alone(node: Node) -> bool:
        return uses.get(node) == 1 and node not in lowered.names

    def rule(node: Node) -> Node:
        if node.args[1].op is not ADD or node.args[0].op is not MUL or not node.ndim:
            return node
        (s, a), (quotient, c) = node.args[0].args, node.args[1].args
        fits = quotient.op is DIV and not quotient.args[1].ndim and not c.ndim and not s.ndim
        if not fits or not all(map(alone, (*node.args, quotient))):
            return node
        b, r = quotient.args
        return make(DIV, (make(MUL, (make(MUL, (s, r)), a)), make(ADD, (b, make(MUL, (c, r))))))

    return rewritten(lowered, (DIV,), rule)


def _share(lowered: Lowered, setting: Setting) -> Lowered:
    """The graph with `sum(x) / N` as `sum(x / N)` where `x / N` is computed anyway."""
    work = _Work(lowered.nodes, setting)
    multiples = {(n.args[position], factor): n for n, (position, factor) in work.scales.items()}
    done: dict[Node, Node] = {}
    for node, (position, factor) in work.scales.items():
        base = node.args[position]
        for way in work.ways(base):
            multiple = multiples.get((base.args[way[0]], factor))
            if len(way) == 1 and multiple is not None:
                args = tuple(multiple if i == way[0] else a for i, a in enumerate(base.args))
                done[node] = make(base.op, args, base.attrs)
    return rewritten(lowered, {n.op for n in done}, lambda n: done.get(n, n))


class _Work:
    """What is known of each node while factors are moved.

    `scales` are the products of an array with a scalar: the array's position, and the factor. `depth` is what taking
    a factor in costs a node, or something below it, and `best` the arguments that take it in for less than a product.
    `asked` is what users want a node multiplied by, one by one, `total` what it is computed as, and `given` what its
    arguments then have to be multiplied by: all where that is not just 1. Nodes that are `stuck` take no factor; `torn`
    are those whose users disagreed.
    """

    def __init__(self, order: Sequence[Node], setting: Setting, stuck: frozenset[Node] = frozenset()) -> None:
        self.order, self.setting, self.stuck = order, setting, stuck
        self.place = {n: i for i, n in enumerate(order)}
        self.known: dict[tuple[Fraction, tuple[tuple[Node, int], ...]], Factor] = {(ONE.number, ()): ONE}
        self.scales: dict[Node, tuple[int, Factor]] = {}
        self.prices: dict[Shape, float] = {}
        self.depth: dict[Node, float] = {}
        self.best: dict[Node, tuple[int, ...]] = {}
        self.asked: dict[Node, list[Factor]] = {}
        self.total: dict[Node, Factor] = {}
        self.given: dict[Node, tuple[Factor, ...]] = {}
        self.torn: frozenset[Node] = frozenset()
        self.gain = 0.0
        self._find_scales()

    def solve(self, uses: Mapping[Node, int]) -> None:
        """Decide what everything is computed as, from the roots down."""
        self._find_depths()
        torn: list[Node] = []
        for node in reversed(self.order):
            asked = self.asked.get(node, [])
            wanted = set(asked)
            if len(wanted) == 1 and len(asked) == uses[node]:
                self._take(node, asked[0])
                continue
            # Users disagree: the plain value, and a product for each that wants another.
            if wanted and exact(node) is None:
                self.gain -= sum(self.price(node) for _ in wanted)
                torn.append(node)
            self._take(node, ONE)
        self.torn = frozenset(torn)

    def factor(self, number: Fraction, powers: tuple[tuple[Node, int], ...] = ()) -> Factor:
        """The one factor of this value."""
        return self.known.setdefault((number, powers), Factor(number, powers))

    def times(self, a: Factor, b: Factor, sign: int = 1) -> Factor:
        """The product of two factors, or with `sign` -1 their quotient."""
        if b is ONE or (a is ONE and sign == 1):
            return a if b is ONE else b
        powers = dict(a.powers)
        for node, power in b.powers:
            powers[node] = powers.get(node, 0) + sign * power
        kept = sorted(((n, p) for n, p in powers.items() if p), key=lambda item: self.place[item[0]])
        return self.factor(a.number * b.number**sign, tuple(kept))

    def price(self, node: Node) -> float:
        """Nanoseconds to multiply an array like `node` by a scalar."""
        known = self.prices.get(node.shape)
        if known is not None:
            return known
        costs, entries = self.setting.costs, self.setting.entries(node.shape)
        array = costs.call["ufunc"] + entries * costs.per_entry("add", self.setting.real)
        self.prices[node.shape] = price = array if node.ndim else costs.call["scalar"]
        return price

    # which nodes are an array times a scalar ------------------------------------------------------------------

    def _find_scales(self) -> None:
        """Every product and quotient of an array and a scalar."""
        factors: dict[Node, Factor] = {}
        for node in self.order:
            if node.op not in (MUL, DIV) or node.dtype != "real":
                continue
            a, b = node.args
            if a.ndim and not b.ndim and b.dtype != "bool" and a.dtype == "real" and a.shape == node.shape:
                found = self._factor(b, factors)
                if node.op is MUL or found.number:
                    self.scales[node] = 0, found if node.op is MUL else self.times(ONE, found, -1)
            elif b.ndim and not a.ndim and node.op is MUL and a.dtype != "bool" and b.dtype == "real":
                self.scales[node] = 1, self._factor(a, factors)

    def _factor(self, scalar: Node, found: dict[Node, Factor]) -> Factor:
        """A scalar as a factor: numbers and sizes are taken apart, anything else is a factor by itself."""
        if scalar in found:
            return found[scalar]
        value = exact(scalar)
        result = self.factor(Fraction(1), ((scalar, 1),))
        if value is not None:
            result = self.factor(value) if value else result
        elif scalar.constant and scalar.op.name in ("mul", "div"):
            parts = [self._factor(a, found) for a in scalar.args]
            if all(p.number and all(n.op is SIZE for n, _ in p.powers) for p in parts):
                result = self.times(parts[0], parts[1], 1 if scalar.op.name == "mul" else -1)
        found[scalar] = result
        return result

    # how deep a factor can go ---------------------------------------------------------------------------------

    def _find_depths(self) -> None:
        """What taking a factor in costs each node at least."""
        for node in self.order:
            price = least = self.price(node)
            for way in self.ways(node):
                cost = sum([self.depth[node.args[i]] for i in way])
                if cost < least:
                    least, self.best[node] = cost, way
            free = node in self.scales or exact(node) is not None
            self.depth[node] = price if node in self.stuck else 0.0 if free else least

    def ways(self, node: Node) -> tuple[tuple[int, ...], ...]:
        """The sets of arguments that take a factor in the node's stead."""
        name = node.op.name
        if node.dtype != "real" or not node.ndim:
            return ()
        if name in ("mul", "contract"):
            args = node.args
            return tuple((i,) for i, a in enumerate(args) if a.dtype == "real" and args.count(a) == 1)
        if name in EVERY:
            ways: tuple[tuple[int, ...], ...] = (EVERY[name],)
        elif name == "concat":
            ways = (tuple(range(len(node.args))),)
        elif name in FIRST or name in ("div", "gather", "scatter_add"):
            ways = ((0,),)
        else:
            ways = ()
        return tuple(way for way in ways if all(node.args[i].dtype == "real" for i in way))

    # what each node is asked for ------------------------------------------------------------------------------

    def _take(self, node: Node, factor: Factor) -> None:
        """Compute `node` as `factor` times itself: by its arguments, or by a product."""
        if factor is ONE and node not in self.scales:
            return
        self.total[node] = factor
        given = [ONE] * len(node.args)
        if node in self.scales:
            position, own = self.scales[node]
            whole = self.times(factor, own)
            self.gain += self.price(node)
            if self._goes_into(node.args[position], whole):
                given[position] = whole
            elif whole is not ONE:
                self.gain -= self.price(node)
        elif exact(node) is None:
            if node not in self.best:
                self.gain -= self.price(node)
            for i in self.best.get(node, ()):
                given[i] = factor
        self.given[node] = tuple(given)
        for argument, wanted in zip(node.args, given, strict=True):
            if wanted is not ONE:
                self.asked.setdefault(argument, []).append(wanted)

    def _goes_into(self, array: Node, factor: Factor) -> bool:
        """Whether a factor of harmless size is better taken in by an array than multiplied onto it."""
        harmless = (
            SMALLEST <= abs(factor.number) <= 1 / SMALLEST and sum(abs(p) for _, p in factor.powers) <= MOST
        )
        return harmless and array not in self.stuck and self.depth[array] < self.price(array)

    # the new graph --------------------------------------------------------------------------------------------

    def rebuilt(self) -> dict[Node, Node]:
        """Each node as it is computed now; the scalars of a factor may come later in the old order."""
        done: dict[Node, Node] = {}
        waiting = list(reversed(self.order))
        while waiting:
            node = waiting[-1]
            if node in done:
                waiting.pop()
            elif pending := [n for n in self._needed(node) if n not in done]:
                waiting.extend(pending)
            else:
                done[waiting.pop()] = self._rebuilt(node, done)
        return done

    def _needed(self, node: Node) -> Sequence[Node]:
        if node not in self.total:
            return node.args
        own = self.scales[node][1] if node in self.scales else ONE
        factors = (self.total[node], own, *self.given[node])
        return [*node.args, *(n for f in factors for n, _ in f.powers if n is not node)]

    def _rebuilt(self, node: Node, done: Mapping[Node, Node]) -> Node:
        if node not in self.total:
            return rebuild(node, [self._multiple(a, ONE, done) for a in node.args])
        factor, given = self.total[node], self.given[node]
        if node in self.scales and (factor is not ONE or any(f is not ONE for f in given)):
            position, own = self.scales[node]
            return self._multiple(node.args[position], self.times(factor, own), done)
        new = rebuild(node, (self._multiple(a, f, done) for a, f in zip(node.args, given, strict=True)))
        return new if any(f is not ONE for f in given) else _times(new, factor, done)

    def _multiple(self, node: Node, factor: Factor, done: Mapping[Node, Node]) -> Node:
        """`factor` times a node that has been rebuilt, perhaps as that multiple."""
        return done[node] if self.total.get(node, ONE) is factor else _times(done[node], factor, done)


def _times(node: Node, factor: Factor, done: Mapping[Node, Node]) -> Node:
    return node if factor is ONE or exact(node) == 0 else fold(make(MUL, (factor.node(done), node)))


FOLD = Pass("fold", "moves scalar factors to where they cost least", fold_factors)
