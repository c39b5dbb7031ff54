"""Stability: exponentials that would overflow become the operations that carry a stable form."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from graphc.ir.node import Node, make, rebuild
from graphc.ir.op import FUNCTIONS
from graphc.ir.types import product
from graphc.ops.activations import sigmoid
from graphc.ops.composite import attributes
from graphc.ops.leaf import constant_value
from graphc.ops.move import reshape
from graphc.ops.pointwise import exp, log
from graphc.ops.reduce import SUM
from graphc.ops.softmax import logsumexp, softmax
from graphc.rewrite.axes import fit
from graphc.rewrite.quiet import unsettled
from graphc.rewrite.rule import Rule, call, var
from graphc.rewrite.terms import Factors, Terms, terms_of, times
from graphc.rewrite.write import write, write_short


def _fold_exponentials(node: Node, terms: Terms) -> Node | None:
    """In each product, `exp(u)/sum(exp(u))` becomes softmax, `exp(u)/(1 + exp(u))` and `1/(1 + exp(u))` sigmoids.

    `sum(v*exp(u))/sum(exp(u))`, the mean of v with these weights, becomes `sum(v*softmax(u))`.
    """
    whole = [f for factors in terms.order.values() for f, _ in factors]
    if not (terms.below or any(f.op.name == "exp" for f in whole)):
        return None
    folded = [(_under_its_name(_fold(factors)), c) for factors, c in terms.items()]
    opened = [(f, c * d) for factors, c in folded for f, d in _over_a_sum(factors)]
    if all(new is old for (new, _), (old, _) in zip(opened, terms.items(), strict=False)):
        return None
    return write_short(Terms(opened, decimal=terms.decimal))


def _over_a_sum(factors: Factors) -> list[tuple[Factors, Fraction]]:
    """The product with a sum in it multiplied out, where that takes up an exponential: `(sigmoid(-u) - …)*exp(u)`."""
    for e in [f for f, p in factors if p > 0 and f.op.name == "exp"]:
        for inner in [f for f, p in factors if p == 1 and f.op.name in ("add", "sub")]:
            taken = _taken_up(e, terms_of(inner).items())
            if taken is not None:
                rest = times(factors, ((inner, 1), (e, 1)), -1)
                return [(times(rest, f), c) for f, c in taken]
    return [(factors, Fraction(1))]


def _taken_up(e: Node, items: Sequence[tuple[Factors, Fraction]]) -> list[tuple[Factors, Fraction]] | None:
    """The terms times `e = exp(u)` without an exponential, or None.

    Either each has a share of its own, `sigmoid(-u)`, or two have one together, since `(1 - s)*exp(u)` is `s` and
    `(1 - 1/s)*exp(u)` is -1 with `s = sigmoid(u)`.
    """
    sigmoids = {
        f: None
        for factors, _ in items
        for f, _ in factors
        if f.op.name == "sigmoid" and f.args[0] is e.args[0]
    }
    left = {frozenset(factors): (factors, c) for factors, c in items}
    done: list[tuple[Factors, Fraction]] = []
    for key, (factors, c) in list(left.items()):
        alone = _fold(times(factors, ((e, 1),)))
        if e not in dict(alone):
            done.append((alone, c))
            del left[key]
    for key, (factors, c) in list(left.items()):
        for s in sigmoids if key in left else ():
            for power in (1, -1):
                partner = frozenset(times(factors, ((s, power),)))
                if key in left and partner in left and left[partner][1] == -c:
                    done.append((times(factors, ((s, 1),)), c) if power == 1 else (factors, -c))
                    del left[key], left[partner]
    return None if left else done


def _fold(factors: Factors) -> Factors:
    for below, power in factors:
        if power < 0:
            for above, other in factors:
                if other > 0 and above.op.name == "exp":
                    whole = _quotient(above, below)
                    if whole is not None:
                        rest = times(times(factors, ((above, 1),), -1), ((below, 1),))
                        return _fold(times(rest, ((whole, 1),)))
        weighed = [
            (f, m) for f, p in factors if p > 0 > power and (m := _weighted_mean(f, below)) is not None
        ]
        for total, mean in weighed[:1]:
            rest = times(times(factors, ((total, 1),), -1), ((below, 1),))
            return _fold(times(rest, ((mean, 1),)))
    for below, power in factors:
        exponent = _one_plus_exp(below) if power < 0 else None
        if exponent is not None:
            rest = times(factors, ((below, -power),))
            return _fold(times(rest, ((sigmoid(_negative(exponent)), -power),)))
    for above, power in factors:
        if power > 0 and above.op.name == "exp":
            found = [f for f, p in factors if p > 0 and _is_complement(f, above.args[0])]
            for partner in found[:1]:
                rest = times(factors, ((above, 1), (partner, 1)), -1)
                return _fold(times(rest, ((sigmoid(above.args[0]), 1),)))
    return factors


def _is_complement(node: Node, u: Node) -> bool:
    """Whether the node is `sigmoid(-u)`, or `1 - sigmoid(u)`."""
    if node.op.name == "sub" and constant_value(node.args[0]) == 1:
        return node.args[1].op.name == "sigmoid" and node.args[1].args[0] is u
    return node.op.name == "sigmoid" and _opposite(node.args[0], u)


def _under_its_name(factors: Factors) -> Factors:
    """A sigmoid or softmax written as the `p`, or the `1 - p`, that a sum among the other factors is divided by."""
    result = factors
    for s, power in factors:
        if s.op.name not in _STABLE_LOGS:
            continue
        for below in _divisors(factors):
            p = below.args[1] if below.op.name == "sub" and constant_value(below.args[0]) == 1 else below
            if p is not below and s.op.name != "sigmoid":
                continue
            whole = s.args[0] if p is below else _negative(s.args[0])
            if below is not s and p.op is s.op and p.attrs == s.attrs and p.args[0] is whole:
                result = times(times(result, ((s, power),), -1), ((below, power),))
                break
    return result


def _divisors(factors: Factors) -> list[Node]:
    """What the terms of sums among the factors are divided by."""
    sums = [terms_of(f) for f, p in factors if p > 0 and f.op.name in ("add", "sub")]
    return list(dict.fromkeys(f for t in sums for fs, _ in t.items() for f, p in fs if p < 0))


def _quotient(above: Node, below: Node) -> Node | None:
    """`above / below` as a softmax or a sigmoid, if it is one."""
    exponent = above.args[0]
    plus = _one_plus_exp(below)
    if plus is exponent:
        return sigmoid(exponent)
    shape = below.shape
    while below.op.name == "broadcast":
        below = below.args[0]
    if below.op.name == "add" and len(shape) == below.ndim:
        others = [b for a, b in (below.args, below.args[::-1]) if _exponent(a) is exponent]
        return sigmoid(exponent - others[0].args[0]) if others and others[0].op.name == "exp" else None
    while below.op.name in ("reshape", "broadcast"):
        below = below.args[0]
    if below.op.name != "sum" or _exponent(below.args[0]) is not exponent:
        return None
    # The sum has to stand beside each entry it was made of: a sum along rows of a square matrix may be laid on columns.
    axes = below.attrs[0]
    beside = tuple(1 if i in axes else d for i, d in enumerate(exponent.shape))
    if (1,) * (len(beside) - len(shape)) + shape != beside:
        return None
    if len(axes) == 1:
        return softmax(exponent, axis=axes[0])
    return exp(exponent - reshape(_logsumexp_over(exponent, axes), beside))


def _weighted_mean(above: Node, below: Node) -> Node | None:
    """`sum(v*exp(u))/sum(exp(u))` as a sum of v times softmax, if it is that."""
    if above.op is not SUM or below.op is not SUM or above.attrs != below.attrs:
        return None
    weights, inner = below.args[0], above.args[0]
    if weights.op.name != "exp" or weights.shape != inner.shape:
        return None
    items = terms_of(inner).items()
    if not all(any(f is weights and p == 1 for f, p in factors) for factors, _ in items):
        return None
    share = _quotient(weights, make(SUM, (weights,), (below.attrs[0], True)))
    if share is None:
        return None
    shared = [(times(times(factors, ((weights, 1),), -1), ((share, 1),)), c) for factors, c in items]
    return make(SUM, (fit(write(Terms(shared)), inner.shape),), above.attrs)


def _logsumexp_over(z: Node, axes: tuple[int, ...]) -> Node:
    for axis in reversed(axes):
        z = logsumexp(z, axis=axis)
    return z


def _exponent(node: Node) -> Node | None:
    return node.args[0] if node.op.name == "exp" else None


def _one_plus_exp(node: Node) -> Node | None:
    """`u` if the node is `1 + exp(u)`."""
    if node.op.name != "add":
        return None
    for one, other in (node.args, node.args[::-1]):
        if constant_value(one) == Fraction(1) and other.op.name == "exp":
            return other.args[0]
    return None


def _opposite(a: Node, b: Node) -> bool:
    """Whether one is minus the other, also where that is written as `2*x` and `-2*x`."""
    if a is _negative(b):
        return True
    numbers = terms_of(a).by_factors, terms_of(b).by_factors
    return bool(numbers[0]) and numbers[0] == {factors: -c for factors, c in numbers[1].items()}


def _complements(node: Node) -> Node | None:
    """`sigmoid(u)*sigmoid(-u)` is `sigmoid(u)*(1 - sigmoid(u))`, also with other factors about them."""
    if node.args[1].op.name != "sigmoid" and node.args[0].op.name != "sigmoid":
        return None
    items = terms_of(node).items()
    sigmoids = [f for f, p in items[0][0] if p > 0 and f.op.name == "sigmoid"] if len(items) == 1 else []
    for i, p in enumerate(sigmoids):
        for q in sigmoids[i + 1 :]:
            if _opposite(p.args[0], q.args[0]):
                plain, other = (q, p) if _is_minus(p.args[0]) else (p, q)
                rest = times(items[0][0], ((other, 1),), -1)
                return write(Terms([(times(rest, ((1 - plain, 1),)), items[0][1])]))
    return None


def _is_minus(node: Node) -> bool:
    """Whether what is written begins with a minus."""
    if node.op.name == "neg":
        return True
    items = terms_of(node).items()
    return bool(items) and items[0][1] < 0


def _negative(node: Node) -> Node:
    return node.args[0] if node.op.name == "neg" else -node


def _log_of_sum(node: Node) -> Node | None:
    """`log(sum(exp(z)))` and `log(mean(exp(z)))`, kept or not; over several axes one after the other."""
    total = node.args[0]
    if total.op.name not in ("sum", "mean") or _exponent(total.args[0]) is None:
        return None
    (axes, keepdims), z = total.attrs, total.args[0].args[0]
    result = _logsumexp_over(z, axes)
    if keepdims:
        result = reshape(result, total.shape)
    count = product(z.shape[a] for a in axes)
    return result if total.op.name == "sum" else result - log(FUNCTIONS["size"](count))


def _log_of_product(node: Node) -> Node | None:
    """The logarithm of a product or quotient, where one factor is positive and has a logarithm that does not overflow.

    The other factor is then positive wherever the left side is defined.
    """
    inner = node.args[0]
    if inner.op.name not in ("mul", "div") or not any(
        a.op.name in ("exp", *_STABLE_LOGS) for a in inner.args
    ):
        return None
    left, right = map(log, inner.args)
    return left + right if inner.op.name == "mul" else left - right


def _log_of_gather(node: Node) -> Node | None:
    """The logarithm goes below a choice of entries where it meets a softmax or a sigmoid."""
    chosen = node.args[0]
    if chosen.op.name in ("gather", "slice", "reshape", "transpose") and chosen.args[0].op.name in (
        *_STABLE_LOGS,
        "gather",
        "slice",
        "reshape",
    ):
        inner = chosen.args[0]
        while inner.op.name in ("gather", "slice", "reshape", "transpose"):
            inner = inner.args[0]
        if inner.op.name in _STABLE_LOGS:
            return make(chosen.op, (log(chosen.args[0]), *chosen.args[1:]), chosen.attrs)
    return None


_STABLE_LOGS = ("softmax", "sigmoid")
_FROM_LOGITS = {"binary_cross_entropy": (0, "sigmoid"), "kl_divergence": (1, "softmax")}


def _from_logits(node: Node) -> Node | None:
    """A loss of the probabilities that a sigmoid or softmax gives is the loss of its logits."""
    place, activation = _FROM_LOGITS[node.op.name]
    p, options = node.args[place], attributes(node)
    if options["from_logits"] or p.op.name != activation or p.attrs not in ((), (p.ndim - 1,)):
        return None
    args = [p.args[0] if i == place else a for i, a in enumerate(node.args)]
    return make(node.op, args, tuple((options | {"from_logits": True}).values()))


def _shift(node: Node) -> Node | None:
    """`softmax(z - c)` is `softmax(z)` where `c` is the same along the axis."""
    inner = node.args[0]
    if inner.op.name not in ("sub", "add"):
        return None
    axis: int = node.attrs[0]
    z, c = inner.args
    for kept, moved in ((z, c), (c, z)) if inner.op.name == "add" else ((z, c),):
        place = axis - node.ndim + moved.ndim
        if kept.shape == node.shape and (place < 0 or moved.shape[place] == 1) and node.shape[axis] != 1:
            return rebuild(node, (kept,))
    return None


x, y, z, axis = var("x"), var("y"), var("z"), var("axis")
_log, _exp, _log1p, _sum = map(call, ("log", "exp", "log1p", "sum"))
_sigmoid, _log_sigmoid, _softplus = map(call, ("sigmoid", "log_sigmoid", "softplus"))
_softmax, _log_softmax = map(call, ("softmax", "log_softmax"))

# fmt: off
STABLE = (
    Rule("quotient of exponentials", apply=_fold_exponentials, look=unsettled, ops=("div", "mul", "reciprocal"),
         example="z = input(N, K); exp(z)/sum(exp(z), axis=1, keepdims=True)"),
    Rule("log of a sum of exponentials", apply=_log_of_sum, ops=("log",),
         example="z = input(N, K); log(sum(exp(z), axis=1))"),
    Rule("log of two exponentials", _log(_exp(x) + _exp(y)), call("logaddexp")(x, y), example="log(exp(x) + exp(y))"),
    Rule("log below a choice of entries", apply=_log_of_gather, ops=("log",),
         example="z = input(N, K); t = input(N, dtype=int); log(softmax(z)[arange(N), t])"),
    Rule("log of a product with exponentials", apply=_log_of_product, ops=("log",), example="log(sigmoid(x)*y)"),
    Rule("softmax of a shift", apply=_shift, ops=("softmax",),
         example="z = input(N, K); softmax(z - max(z, axis=1, keepdims=True))"),
    Rule("loss of logits", apply=_from_logits, ops=tuple(_FROM_LOGITS),
         example="z = input(N); t = input(N); binary_cross_entropy(sigmoid(z), t, from_logits=False)"),
    Rule("log of softmax", _log(_softmax(z, axis=axis)), _log_softmax(z, axis=axis),
         example="z = input(N, K); log(softmax(z))"),
    Rule("exp of log-softmax", _exp(_log_softmax(z, axis=axis)), _softmax(z, axis=axis),
         example="z = input(N, K); exp(log_softmax(z))"),
    Rule("log of sigmoid", _log(_sigmoid(x)), _log_sigmoid(x), example="log(sigmoid(x))"),
    Rule("log of one minus sigmoid", _log(1 - _sigmoid(x)), _log_sigmoid(-x), example="log(1 - sigmoid(x))"),
    Rule("exp of log-sigmoid", _exp(_log_sigmoid(x)), _sigmoid(x), example="exp(log_sigmoid(x))"),
    Rule("softplus", _log(1 + _exp(x)), _softplus(x), example="log(1 + exp(x))"),
    Rule("softplus", _log1p(_exp(x)), _softplus(x), example="log1p(exp(x))"),
    Rule("minus softplus", -_softplus(-x), _log_sigmoid(x), example="-log(1 + exp(-x))"),
    Rule("minus log-sigmoid", -_log_sigmoid(-x), _softplus(x), example="-log(sigmoid(-x))"),
    Rule("log of a reciprocal", _log(1 / x), -_log(x), example="log(1/x)"),
    Rule("log of a reciprocal", _log(call("reciprocal")(x)), -_log(x), example="log(reciprocal(x))"),
    Rule("sigmoid and its complement", apply=_complements, ops=("mul",),
         example="exp(-x)/(1 + exp(-x))**2"),
)
# fmt: on
