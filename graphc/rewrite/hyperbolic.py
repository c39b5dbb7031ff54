"""The hyperbolic tangent written out: `(exp(u) - exp(-u))/(exp(u) + exp(-u))`, and its slope by sigmoids."""

from __future__ import annotations

from fractions import Fraction

from graphc.ir.node import Node
from graphc.ops.leaf import as_node, constant_value
from graphc.ops.pointwise import tanh
from graphc.rewrite.rule import Rule
from graphc.rewrite.terms import Factors, Terms, terms_of, times
from graphc.rewrite.write import write, write_short


def _exponents(node: Node, op: str) -> tuple[Node, Node] | None:
    """`p` and `q`, if the node is `exp(p) + exp(q)`, or with a minus; the number 1 is `exp(0)`."""
    if node.op.name != op:
        return None
    found = [
        as_node(0) if constant_value(a) == 1 else a.args[0] if a.op.name == "exp" else None for a in node.args
    ]
    p, q = found
    return None if p is None or q is None or (p.constant and q.constant) else (p, q)


def _half_difference(p: Node, q: Node) -> Node:
    return write(
        Terms([(f, c / 2) for f, c in [*terms_of(p).items(), *((g, -d) for g, d in terms_of(q).items())]])
    )


def _quotient(node: Node) -> Node | None:
    """`(exp(p) - exp(q))/(exp(p) + exp(q))` is `tanh((p - q)/2)`."""
    above, below = node.args
    difference, total = _exponents(above, "sub"), _exponents(below, "add")
    if difference is None or total is None or set(difference) != set(total):
        return None
    return tanh(_half_difference(*difference))


def _slope(node: Node) -> Node | None:
    """`(1 - tanh(u))*sigmoid(2*u)` and `(1 + tanh(u))*sigmoid(-2*u)` are `(1 - tanh(u)**2)/2`, in each product."""
    near = {n.op.name for a in node.args for n in (a, *a.args)}
    if "sigmoid" not in near:
        return None
    terms = terms_of(node)
    changed = [(_both(factors), c) for factors, c in terms.items()]
    if all(found is None for found, _ in changed):
        return None
    result: list[tuple[Factors, Fraction]] = []
    for (found, c), (factors, _) in zip(changed, terms.items(), strict=True):
        if found is None:
            result.append((factors, c))
        else:
            rest, u, sign = found
            result.append((rest, c * sign / 2))
            result.append((times(rest, ((u, 2),)), -c * sign / 2))
    whole = Terms(result, decimal=terms.decimal)
    return write_short(whole)


def _both(factors: Factors) -> tuple[Factors, Node, int] | None:
    """The other factors, the tanh, and the sign, where a product holds a sigmoid and its share of a tanh."""
    for s in [f for f, p in factors if p > 0 and f.op.name == "sigmoid"]:
        for share in [f for f, p in factors if p > 0 and f.op.name in ("add", "sub")]:
            items = dict(terms_of(share).items())
            one = items.pop((), None)
            if one not in (1, -1) or len(items) != 1:
                continue
            ((inner, c),) = items.items()
            u = inner[0][0]
            if len(inner) != 1 or inner[0][1] != 1 or u.op.name != "tanh" or abs(c) != 1 or one is None:
                continue
            # one + c*tanh(u) is one*(1 + (c/one)*tanh(u)), and goes with sigmoid(-2*(c/one)*u)
            wanted = Terms([(f, -2 * c / one * d) for f, d in terms_of(u.args[0]).items()])
            if wanted.by_factors == Terms(terms_of(s.args[0]).items()).by_factors:
                return times(factors, ((s, 1), (share, 1)), -1), u, int(one)
    return None


# fmt: off
HYPERBOLIC = (
    Rule("tanh written out", apply=_quotient, ops=("div",), example="(exp(x) - exp(-x))/(exp(x) + exp(-x))"),
    Rule("slope of tanh by sigmoids", apply=_slope, ops=("mul", "add", "sub"),
         example="y*(1 - tanh(x))*sigmoid(2*x)"),
)
# fmt: on
