"""Sums by cases: a thing where a condition holds and another where it does not are one `where`."""

from __future__ import annotations

from fractions import Fraction

from graphc.ir.node import Node
from graphc.ops.activations import clip
from graphc.ops.leaf import as_node, constant_value
from graphc.ops.pointwise import where
from graphc.rewrite.rule import Rule
from graphc.rewrite.terms import Factors, Terms, terms_of, times
from graphc.rewrite.write import write, write_short

Term = tuple[Factors, Fraction]


def _either(node: Node) -> Node | None:
    """`c*x + equal(c, 0)*y` is `where(c, x, y)`; what both are multiplied by stays outside."""
    if not _has_opposite(node):
        return None
    terms = terms_of(node)
    items = terms.items()
    for other in items:
        opposite = next((f for f, p in other[0] if p == 1 and _negated(f) is not None), None)
        condition = _negated(opposite) if opposite is not None else None
        found = [(i, f) for i in items for f, p in i[0] if p == 1 and _plain(f) is condition]
        if opposite is None or condition is None or not found:
            continue
        one, mask = found[0]
        both = _chosen(condition, _without(one, mask), _without(other, opposite))
        rest = [i for i in items if i is not one and i is not other]
        result = Terms([*rest, both], decimal=terms.decimal)
        return write_short(result)
    return None


LOOK = 32  # nodes; a longer sum of products is not searched


def _has_opposite(node: Node) -> bool:
    """Whether a factor of a summand says that a condition does not hold: a quick look before the longer one."""
    stack, seen = [*node.args], 0
    while stack and seen < LOOK:
        part = stack.pop()
        seen += 1
        if _negated(part) is not None:
            return True
        if part.op.name in ("mul", "div", "neg", "add", "sub", "broadcast"):
            stack.extend(part.args)
    return False


def _negated(node: Node) -> Node | None:
    """The condition `c` if the node is `equal(c, 0)`."""
    node = _plain(node)
    if node.op.name != "equal" or node.args[0].dtype != "bool" or constant_value(node.args[1]) != 0:
        return None
    return node.args[0]


def _plain(node: Node) -> Node:
    """A condition without the cast that makes it a number."""
    return node.args[0] if node.op.name == "cast" else node


def _without(term: Term, factor: Node) -> Term:
    return times(term[0], ((factor, 1),), -1), term[1]


def _chosen(condition: Node, yes: Term, no: Term) -> Term:
    """The one term that is `yes` where the condition holds and `no` elsewhere."""
    shared = tuple(pair for pair in yes[0] if pair in no[0])
    above, below = times(yes[0], shared, -1), times(no[0], shared, -1)
    scale = yes[1] if above and below else Fraction(1)
    parts = [write(Terms([(f, c / scale)])) for f, c in ((above, yes[1]), (below, no[1]))]
    return times(shared, ((where(condition, *parts), 1),)), scale


def _clipped(node: Node) -> Node | None:
    """`where(|x| <= d, x, d*sign(x))` is `clip(x, -d, d)`."""
    condition, yes, no = node.args
    if condition.op.name != "less_equal" or condition.args[0].op.name != "abs":
        return None
    x, limit = condition.args[0].args[0], constant_value(condition.args[1])
    items = terms_of(no).items()
    if yes is not x or limit is None or limit < 0 or len(items) != 1:
        return None
    ((factors, coefficient),) = items
    if coefficient != limit or len(factors) != 1 or factors[0][1] != 1:
        return None
    sign = factors[0][0]
    return clip(x, as_node(-limit), as_node(limit)) if sign.op.name == "sign" and sign.args[0] is x else None


# fmt: off
CASES = (
    Rule("one case or the other", apply=_either, ops=("add", "sub"),
         example="x = input(N); y = input(N); sum(where(x > y, x**2, 3*x)) by x"),
    Rule("clip", apply=_clipped, ops=("where",),
         example="x = input(N); where(abs(x) <= 2, x, 2*sign(x))"),
)
# fmt: on
