"""Every rule on trial: it fires on its example, what it writes is equal to what stood there, and it comes to rest."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
import sympy

from graphc.derive import grad
from graphc.derive.scalar import to_sympy
from graphc.ir.graph import Graph
from graphc.ir.node import Node, topological
from graphc.ir.types import evaluate_dim
from graphc.lang import parse
from graphc.ops import FUNCTIONS, input_
from graphc.ops.facts import OneHot, SumsTo
from graphc.ops.leaf import facts_of
from graphc.ops.naive import Precise, evaluate
from graphc.rewrite.engine import Engine
from graphc.rewrite.rule import Event, Rule, call, var
from graphc.rewrite.simplify import RULES, simplify
from tests.rewrite.examples import example

DIGITS = 60
SIZES: tuple[dict[str, int], ...] = (
    {"N": 3, "K": 4, "M": 2, "D": 5, "B": 2},
    {"N": 1, "K": 2, "M": 5, "D": 3, "B": 4},
)


def firings(root: Node, rules: Sequence[Rule], name: str) -> list[Event]:
    record: list[Event] = []
    Engine(rules, record).simplify([root])
    return [event for event in record if event.rule == name]


def is_scalar_formula(*roots: Node) -> bool:
    return all(
        n.shape == () and (n.is_leaf or n.op.kind == "const" or n.op.elementwise) for n in topological(roots)
    )


def proved_by_sympy(event: Event) -> bool:
    """Whether SymPy brings the difference of both sides to 0, the variables being positive."""
    leaves = Graph((event.before, event.after)).leaves
    symbols = {leaf: sympy.Symbol(f"v{i}", positive=True) for i, leaf in enumerate(leaves)}
    difference = to_sympy(event.before, symbols) - to_sympy(event.after, symbols)
    return bool(
        sympy.simplify(sympy.expand_log(sympy.simplify(difference.rewrite(sympy.exp)), force=True)) == 0
    )


def sample(leaf: Node, sizes: dict[str, int], rng: random.Random) -> Any:
    """Values for a leaf that obey the facts it carries: whole numbers below 2, or reals of both signs."""
    shape = tuple(evaluate_dim(d, sizes) for d in leaf.shape)
    xp = Precise(DIGITS)

    def fill(dims: tuple[int, ...]) -> Any:
        if dims:
            return [fill(dims[1:]) for _ in range(dims[0])]
        return rng.randrange(2) if leaf.dtype == "int" else rng.choice((-1, 1)) * rng.uniform(0.3, 2)

    values = xp.array(fill(shape), leaf.dtype)
    for fact in facts_of(leaf):
        if isinstance(fact, SumsTo | OneHot):
            values = values / values.sum(axis=fact.axis, keepdims=True)
    return values


def disagreement(event: Event, seed: int) -> str | None:
    """Where the two sides differ at a random point, in mpmath; None if nowhere."""
    rng = random.Random(seed)
    leaves = Graph((event.before, event.after)).leaves
    for sizes in SIZES:
        point = {str(leaf.name): sample(leaf, sizes, rng) for leaf in leaves}
        before, after = evaluate([event.before, event.after], point, Precise(DIGITS), sizes=sizes)
        if before.shape != after.shape:
            return f"shapes {before.shape} and {after.shape}"
        for index, old in enumerate(before.ravel().tolist()):
            new = after.ravel().tolist()[index]
            if getattr(old, "imag", 0) != 0 or old != old:
                continue  # the left side is not defined at this point
            if abs(old - new) > 10 ** (-DIGITS + 15) * (abs(old) + 1):
                return f"{old} became {new} at entry {index}"
    return None


def put_on_trial(rule: Rule, rules: Sequence[Rule]) -> None:
    """The one rule test."""
    assert rule.example, f"the rule {rule.name!r} has no example"
    root = example(rule)
    events = firings(root, rules, rule.name)
    assert events, f"the rule {rule.name!r} does not fire on its example {rule.example!r}"
    for event in events:
        for seed in range(3):
            found = disagreement(event, seed)
            assert found is None, f"{rule.name}: {event.before} to {event.after}: {found}"
        if is_scalar_formula(event.before, event.after):
            assert proved_by_sympy(event), f"{rule.name}: SymPy does not prove {event.before} = {event.after}"
    once = Engine(rules).simplify([root])[0]
    assert Engine(rules).simplify([once])[0] is once, f"{rule.name}: a second round changes the result"


def test_rules_with_the_same_look_share_it() -> None:
    looked: list[Node] = []

    def odd(node: Node) -> int | None:
        looked.append(node)
        return None if node.args[0].op.name == "cos" else 7

    rules = [
        Rule("nothing", apply=lambda node, seen: None, look=odd, ops=("sin",)),
        Rule("inner", apply=lambda node, seen: node.args[0] * seen, look=odd, ops=("sin",)),
    ]
    x = input_("x")
    sin, cos = FUNCTIONS["sin"], FUNCTIONS["cos"]
    assert Engine(rules).simplify([sin(x), sin(cos(x))]) == [x * 7, sin(cos(x))]
    assert looked == [sin(x), sin(cos(x))]
    assert rules[1].fire(sin(x)) is x * 7
    assert rules[1].fire(sin(cos(x))) is None


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.name)
def test_rule(rule: Rule) -> None:
    put_on_trial(rule, RULES)


x = var("x")


@pytest.mark.parametrize(
    "wrong",
    [
        Rule("wrong sign", call("log")(1 / x), call("log")(x), example="log(1/x)"),
        Rule("almost equal", call("sin")(x), x - x * x * x / 6, example="sin(x)"),
        Rule("wrong where negative", call("sqrt")(x**2), x, example="sqrt(x**2)"),
        Rule("silent", call("exp")(call("sin")(x)), x, example="sin(exp(x))"),
        Rule("wrong axis", apply=lambda n: FUNCTIONS["softmax"](n.args[0], axis=0), ops=("softmax",),
             example="A = input(N, K); softmax(A, axis=1)"),
    ],
    ids=lambda r: r.name,
)  # fmt: skip
def test_a_wrong_rule_is_caught(wrong: Rule) -> None:
    with pytest.raises(AssertionError):
        put_on_trial(wrong, (wrong,))


def test_a_rule_that_never_rests_is_caught() -> None:
    turning = Rule("turn", call("add")(x, var("y")), call("add")(var("y"), x), example="a + b")
    with pytest.raises(AssertionError):
        put_on_trial(turning, (turning,))


def test_rules_see_through_names_and_keep_them() -> None:
    z = input_("z", ("N", "K"))
    p = FUNCTIONS["softmax"](z).named("p")
    result = simplify(FUNCTIONS["log"](p).named("logp"))
    assert result.op.name == "log_softmax"
    assert result.name == "logp"
    assert result.args == (z,)


def test_softmax_with_cross_entropy_from_primitives() -> None:
    program = parse(
        "z = input(N, K); t = input(N, K); assume(sum(t, axis=1) == 1);"
        "loss = mean(-sum(t*log(softmax(z)), axis=1)); (softmax(z) - t)/N"
    )
    assert grad(program.names["loss"], program.names["z"]) is program.root


def test_sigmoid_with_binary_cross_entropy_from_primitives() -> None:
    program = parse(
        "z = input(N); t = input(N); p = sigmoid(z);loss = mean(-t*log(p) - (1 - t)*log(1 - p)); (p - t)/N"
    )
    assert grad(program.names["loss"], program.names["z"]) is program.root


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x + y + x", "2*x + y"),
        ("x*y/x", "y"),
        ("(x + y)/N - y/N", "x/N"),
        ("x*(y/x + 1) - x", "y"),
        ("-(x - y)", "y - x"),
        ("2*x/4", "x/2"),
        ("x*x*x", "x**3"),
        ("0*x + y", "y"),
        ("0.1*x + 0.2*x", "0.3*x"),
        ("sqrt(x)*sqrt(x)", "x"),
        ("exp(x)*exp(-x)", "1"),
        ("x/y/z*y", "x/z"),
        ("x + x", "2*x"),
    ],
)
def test_algebra(text: str, expected: str) -> None:
    leaves = {n: input_(n) for n in "xyz"} | {"N": FUNCTIONS["size"]("N")}
    assert simplify(parse(text, env=leaves).require_root()) is parse(expected, env=leaves).require_root()


@pytest.mark.parametrize("text", ["x*y + z", "x*(y + z)", "x - y - z", "y*(1 - y)", "(x - y)*(x + y)", "x*x"])
def test_what_is_short_stays(text: str) -> None:
    root = parse(text).require_root()
    assert simplify(root) is root


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum(X - mean(X, axis=0), axis=0)", "zeros(K)"),
        ("sum(c*X, axis=1)", "c*sum(X, axis=1)"),
        ("sum(X + c)", "sum(X + c)"),
        ("sum(2*(X + c)/N)", "2*sum(X + c)/N"),
        ("sum((X + c) - mean(X + c))", "0*c"),
        ("sum(X/sum(X, axis=1, keepdims=True), axis=1)", "ones(N)"),
        ("sum(softmax(X), axis=1)", "ones(N)"),
        ("sum(X*softmax(X), axis=1)", "sum(X*softmax(X), axis=1)"),
        ("sum(sum(X, axis=1))", "sum(X)"),
        ("sum(-X)", "-sum(X)"),
    ],
)
def test_sums(text: str, expected: str) -> None:
    declared = "X = input(N, K); c = input();"
    assert simplify(parse(declared + text).require_root()) is simplify(
        parse(declared + expected).require_root()
    )


@pytest.mark.parametrize("build", [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b], ids="+-*")
def test_a_long_chain_of_one_thing_is_written_at_once(build: Any) -> None:
    leaf = input_("x")
    chain = leaf
    for _ in range(5000):
        chain = build(chain, leaf)
    record: list[Event] = []
    assert len(topological([Engine(RULES, record).simplify([chain])[0]])) <= 3
    assert len(record) < 10
