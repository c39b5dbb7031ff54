"""Arithmetic seen as a sum of terms, each a rational coefficient times powers of factors.

`terms_of(node)` looks through sums, products, quotients, whole powers, means, and through broadcasts and added axes,
down to factors that are none of these. It is bounded: what has too many terms is one factor.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from weakref import WeakKeyDictionary

from graphc.ir.node import Node, make
from graphc.ir.types import Dim, product
from graphc.ops.leaf import SIZE, as_node, constant_value
from graphc.ops.reduce import SUM
from graphc.rewrite.axes import leading_ones, new_axes, stretch
from graphc.rewrite.choice import cancel_chosen

Factors = tuple[tuple[Node, int], ...]  # each factor once, in order of appearance, with a power that is not 0
ONE = Fraction(1)
MAX_TERMS, MAX_FACTORS, MAX_POWER = 12, 8, 8
MAX_BITS = 120  # numbers beyond 10**36, and below 10**-36, are left as they were typed: no float32 holds them
SEEN_THROUGH = {"add", "sub", "mul", "div", "neg", "pow", "square", "reciprocal"} | {
    "broadcast",
    "reshape",
    "mean",
}


class Terms:
    """A sum of terms: factors → coefficient, in order of appearance.

    `decimal` when a coefficient was typed as one; `weight` is what the graph that was looked through counts; `below`
    when something is divided by, here or in a sum among the factors; `idle` when nothing can come of rewriting them;
    `merged` when like terms came together.
    """

    __slots__ = ("_left", "below", "by_factors", "decimal", "idle", "merged", "order", "weight")

    def __init__(self, items: Iterable[tuple[Factors, Fraction]] = (), *, decimal: bool = False) -> None:
        self.by_factors: dict[frozenset[tuple[Node, int]], Fraction] = {}
        self.order: dict[frozenset[tuple[Node, int]], Factors] = {}
        self.decimal = decimal
        self.weight = 0
        self.below = False
        self.idle = False
        self.merged = False
        self._left: tuple[tuple[Factors, Fraction], ...] | None = None
        for factors, coefficient in items:
            key = frozenset(factors)
            known = self.by_factors.get(key)
            self.by_factors[key] = coefficient if known is None else known + coefficient
            if known is None:
                self.order[key] = factors
            else:
                self.merged = True

    def items(self) -> tuple[tuple[Factors, Fraction], ...]:
        """The terms that did not cancel."""
        if self._left is None:
            self._left = tuple((self.order[k], c) for k, c in self.by_factors.items() if c)
        return self._left

    def __len__(self) -> int:
        return len(self.items())


def times(a: Factors, b: Factors, sign: int = 1) -> Factors:
    """The product of two factor lists, or with `sign=-1` the quotient."""
    powers = dict(a)
    for factor, power in b:
        powers[factor] = powers.get(factor, 0) + sign * power
    return tuple((f, p) for f, p in powers.items() if p)


_seen: WeakKeyDictionary[Node, Terms | None] = WeakKeyDictionary()


def terms_of(node: Node) -> Terms:
    """The terms of a node; of one that is not arithmetic, or has too many, the node itself as the only factor."""
    if node.op.name not in SEEN_THROUGH or node in _seen:
        return _known(node)
    stack = [node]
    while stack:
        current = stack[-1]
        inner = [a for a in current.args if a.op.name in SEEN_THROUGH and a not in _seen]
        if inner:
            stack.extend(inner)
        else:
            stack.pop()
            if current not in _seen:
                _seen[current] = _measured(current, _bounded(current, _look(current)))
    return _known(node)


def _known(node: Node) -> Terms:
    if node.op.kind == "const":
        value = constant_value(node)
        if value is not None and is_short(value):
            return Terms([((), value)] if value else [], decimal=node.attrs[0] == "decimal")
        if node.op is SIZE and len(node.attrs[0].terms) == 1:
            return _size_terms(node.attrs[0])
    found = _seen.get(node) if node.op.name in SEEN_THROUGH else None
    return Terms([(((node, 1),), ONE)]) if found is None else found


def is_short(value: Fraction) -> bool:
    """Whether an exact number is one that is worked out: not longer than a float can hold."""
    return max(value.numerator.bit_length(), value.denominator.bit_length()) <= MAX_BITS


def _size_terms(d: Dim) -> Terms:
    """The size `4*N*K` as 4 times N times K."""
    ((monomial, coefficient),) = d.terms
    return Terms(
        [(tuple((as_node(Dim(((((name, 1),), 1),))), p) for name, p in monomial), Fraction(coefficient))]
    )


def _bounded(node: Node, terms: Terms | None) -> Terms | None:
    """None where the node is to count as one factor; also where it is its own only factor already."""
    if (
        terms is None
        or len(terms.by_factors) > MAX_TERMS
        or not all(map(is_short, terms.by_factors.values()))
    ):
        return None
    return None if any(len(f) > MAX_FACTORS or f == ((node, 1),) for f in terms.order.values()) else terms


def _measured(node: Node, terms: Terms | None) -> Terms | None:
    """The same terms with what they cost as they stand."""
    if terms is None:
        return None
    if node.op.name == "broadcast":
        terms = Terms(terms.items(), decimal=terms.decimal)
    whole, below, exponential = set[Node](), False, False
    for factors in terms.order.values():
        for f, power in factors:
            whole.add(f)
            name = f.op.name
            if power < 0:
                below = True
            elif name == "exp":
                exponential = True
            elif name in SEEN_THROUGH and not below:
                inner = _seen.get(f)
                below = inner is not None and inner.below
    terms.below = below
    terms.weight = weight_of(node.op.name) + sum(_weight(a) for a in node.args if a not in whole)
    plain = not (below or terms.merged or exponential)
    terms.idle = plain and _apart(terms, whole) and written_weight(terms) >= terms.weight
    return terms


def _weight(node: Node) -> int:
    found = _seen.get(node) if node.op.name in SEEN_THROUGH else None
    return 0 if found is None else found.weight


def _apart(terms: Terms, factors: set[Node]) -> bool:
    """Whether several terms share nothing that could be taken out, and hold no sum that could be multiplied out."""
    if len(terms.by_factors) == 1:
        return True
    if (
        not terms.by_factors
        or any(f.op.name in SEEN_THROUGH for f in factors)
        or len({abs(c) for c in terms.by_factors.values()} - {1}) == 1
    ):
        return False
    return not set.intersection(*({f for f, _ in fs} for fs in terms.order.values()))


def _look(node: Node) -> Terms | None:
    given = [_known(a) for a in node.args]
    decimal = any(t.decimal for t in given)
    match node.op.name:
        case "add":
            return Terms([*given[0].items(), *given[1].items()], decimal=decimal)
        case "sub":
            return Terms([*given[0].items(), *((f, -c) for f, c in given[1].items())], decimal=decimal)
        case "neg":
            return Terms([(f, -c) for f, c in given[0].items()], decimal=decimal)
        case "mul":
            return _multiplied(node.args, given, 1)
        case "div":
            return _multiplied(node.args, given, -1)
        case "square":
            return _powered(node.args[0], given[0], 2)
        case "reciprocal":
            return _powered(node.args[0], given[0], -1)
        case "pow":
            power = constant_value(node.args[1])
            whole = power is not None and power.denominator == 1 and 0 < abs(power) <= MAX_POWER
            return _powered(node.args[0], given[0], int(power)) if whole and power else None
        case "broadcast":
            return given[0]
        case "mean":
            return _mean_terms(node)
    return _with_new_axes(node, given[0])


def _single(node: Node, terms: Terms) -> tuple[Factors, Fraction] | None:
    """A node as one term: its own if it has one, itself as a factor if it has several, None if it is zero."""
    items = terms.items()
    if len(items) == 1:
        return items[0]
    inner, coefficient = _peeled(node)
    return (((inner, 1),), coefficient) if items else None


def as_factors(node: Node) -> tuple[Factors, Fraction]:
    """A node that is not zero as one product."""
    return _single(node, terms_of(node)) or (((node, 1),), ONE)


def _peeled(node: Node) -> tuple[Node, Fraction]:
    """A node without the numbers and signs it is multiplied by, and their product."""
    coefficient = ONE
    while node.op.name in ("mul", "div", "neg"):
        values = [constant_value(a) for a in node.args]
        if node.op.name == "neg":
            node, coefficient = node.args[0], -coefficient
        elif values[1] is not None and values[1] != 0:
            coefficient = coefficient * values[1] if node.op.name == "mul" else coefficient / values[1]
            node = node.args[0]
        elif values[0] is not None and node.op.name == "mul":
            node, coefficient = node.args[1], coefficient * values[0]
        else:
            break
    return node, coefficient


def _multiplied(args: tuple[Node, ...], given: list[Terms], sign: int) -> Terms | None:
    decimal = any(t.decimal for t in given)
    left, right = (_single(a, t) for a, t in zip(args, given, strict=True))
    if right is None:
        return Terms() if sign > 0 else None
    if left is None:
        return Terms()
    scale = right[1] if sign > 0 or right[1] is ONE else 1 / right[1]
    if not right[0] and len(given[0]) > 1:
        return Terms([(f, c * scale) for f, c in given[0].items()], decimal=decimal)
    if sign > 0 and not left[0] and len(given[1]) > 1:
        return Terms([(f, c * left[1]) for f, c in given[1].items()], decimal=decimal)
    return Terms([(tidy(times(left[0], right[0], sign)), _scaled(left[1], scale))], decimal=decimal)


def _scaled(a: Fraction, b: Fraction) -> Fraction:
    """The product of coefficients, most of which are 1."""
    return b if a is ONE else a if b is ONE else a * b


def _powered(base: Node, terms: Terms, power: int) -> Terms | None:
    one = _single(base, terms)
    if one is None:
        return Terms() if power > 0 else None
    factors, coefficient = one
    return Terms(
        [(tidy(tuple((f, p * power) for f, p in factors)), coefficient**power)], decimal=terms.decimal
    )


_TIDIED = {"sqrt", "exp", "scatter_add"}


def tidy(factors: Factors) -> Factors:
    """`sqrt(x)` squared is `x`; `exp(u)` and `exp(-u)` cancel."""
    if not any(f.op.name in _TIDIED for f, _ in factors):
        return factors
    powers = dict(factors)
    for factor, power in factors:
        if factor.op.name == "sqrt" and abs(power) > 1:
            whole, rest = divmod(abs(power), 2)
            sign = 1 if power > 0 else -1
            powers[factor] = sign * rest
            inner = factor.args[0]
            powers[inner] = powers.get(inner, 0) + sign * whole
        if factor.op.name == "exp" and factor.args[0].op.name == "neg":
            for other in powers:
                if other.op.name == "exp" and other.args[0] is factor.args[0].args[0]:
                    both = (
                        min(abs(powers[other]), abs(powers[factor]))
                        if powers[other] * powers[factor] > 0
                        else 0
                    )
                    sign = 1 if powers[factor] > 0 else -1
                    powers[other] -= sign * both
                    powers[factor] -= sign * both
    cancel_chosen(powers)
    return tuple((f, p) for f, p in powers.items() if p)


def _mean_terms(node: Node) -> Terms | None:
    x, (axes, keepdims) = node.args[0], node.attrs
    total = make(SUM, (x,), (axes, keepdims))
    count = _known(as_node(product(x.shape[i] for i in axes))).items()
    if not count:
        return None
    ((factors, coefficient),) = count
    return Terms([(times(((total, 1),), factors, -1), 1 / coefficient)])


def _with_new_axes(node: Node, terms: Terms) -> Terms | None:
    """A reshape that only adds axes of size 1, or takes them out in front, goes through to the factors."""
    if leading_ones(node.args[0].shape, node.shape):
        return terms
    places = new_axes(node.args[0].shape, node.shape)
    if places is None:
        return None
    return Terms(
        [(tuple((stretch(f, node.shape, places), p) for f, p in factors), c) for factors, c in terms.items()],
        decimal=terms.decimal,
    )


def weight_of(op: str) -> int:
    """What one operation counts when forms are compared: moves least, sums most."""
    return 1 if op in ("broadcast", "reshape") else 10 if op == "sum" else 4


def written_weight(terms: Terms) -> int:
    """What `write(terms)` will count at least."""
    items = terms.items()
    negative = bool(items) and items[0][1] == -1 and all(c < 0 for _, c in items)
    total = max(0, len(items) - 1) + negative
    for factors, coefficient in items:
        above = coefficient is not ONE and abs(coefficient.numerator) != 1
        below = coefficient is not ONE and coefficient.denominator != 1
        top, bottom = int(above), int(below)
        for f, p in factors:
            if f.op is SIZE:
                above, below = above or p > 0, below or p < 0
            else:
                total += p not in (1, -1)
                top, bottom = (top + 1, bottom) if p > 0 else (top, bottom + 1)
        top, bottom = max(top, above), max(bottom, below)
        total += max(0, top - 1) + bottom
    return 4 * total
