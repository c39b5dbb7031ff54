"""What is declared beside a formula is proved equal to what SymPy derives from the formula itself."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
import sympy

from graphc.derive.local import formula, local_derivative, raw_derivative
from graphc.derive.scalar import to_sympy
from graphc.ir.node import make
from graphc.ir.op import OPS
from graphc.ops.leaf import as_node, input_
from graphc.ops.naive import Precise, evaluate

ATTRS = {
    "maximum": [(0,), (1,)],
    "minimum": [(0,), (1,)],
    "leaky_relu": [(Fraction(1, 100),), (Fraction(1, 4),)],
    "elu": [(Fraction(1),), (Fraction(1, 2),)],
    "dropout": [(Fraction(1, 2),), (Fraction(1, 10),)],
    "cast": [("real",)],
    "assumed": [((),)],
}
ELEMENTWISE = [op for op in OPS.values() if op.elementwise]
POINTS = [sympy.Rational(p, 10) for p in (-23, -11, -4, 3, 7, 19, 31)]


def node_of(op, attrs):
    return make(op, [input_(f"x{i}") for i in range(ARITY[op.name])], attrs)


def _arity(op):
    if op.formula is not None:
        return op.formula.__code__.co_argcount - 2
    return op.body.__code__.co_argcount


ARITY = {op.name: _arity(op) for op in ELEMENTWISE}
EDGES = [
    pytest.param(op, attrs, index, id=f"{op.name}{','.join(map(str, attrs))}[{index}]")
    for op in ELEMENTWISE
    for attrs in ATTRS.get(op.name, [()])
    for index in range(ARITY[op.name])
]


def number(array):
    """The one entry of an array; a truth value as 0 or 1."""
    entry = array[()]
    return int(entry) if array.dtype != object else entry


def in_domain(op, values):
    if op.name in ("pow", "log", "sqrt"):
        return values[0] > 0
    return op.name != "log1p" or values[0] > -1


@pytest.mark.parametrize(("op", "attrs", "index"), EDGES)
def test_local_derivative_is_sympys(op, attrs, index):
    """In every region between the kinks, by simplification or else at exact points to 50 digits."""
    node = node_of(op, attrs)
    symbols = [sympy.Symbol(f"s{i}", real=True) for i in range(len(node.args))]
    own = sympy.diff(formula(op, attrs, symbols, (False,) * len(symbols)), symbols[index])
    used = local_derivative(node, index)
    used = as_node(0) if used is None else used
    given = to_sympy(used, dict(zip(node.args, symbols, strict=True)))
    for values in itertools.product(POINTS, repeat=len(symbols)):
        if not in_domain(op, values) or len(set(values)) < len(values):
            continue
        at = dict(zip(symbols, values, strict=True))
        assert abs(sympy.N((own - given).subs(at), 50)) < sympy.Float("1e-45"), (own, given, at)
    if not own.has(sympy.Piecewise) and not given.has(sympy.Piecewise):
        positive = {s: sympy.Symbol(s.name, positive=True) for s in symbols}
        assert sympy.simplify((own - given).subs(positive).rewrite(sympy.exp)) == 0


@pytest.mark.parametrize(("op", "attrs", "index"), EDGES)
def test_raw_derivative_equals_the_one_used(op, attrs, index):
    """The unimproved derivative, read back from SymPy, and the declared one have the same values."""
    node = node_of(op, attrs)
    used = local_derivative(node, index)
    pair = [as_node(0) if used is None else used, raw_derivative(node, index)]
    for values in itertools.product((0.3, 1.7, -0.6), repeat=len(node.args)):
        if not in_domain(op, values) or len(set(values)) < len(values):
            continue
        at = {f"x{i}": v for i, v in enumerate(values)}
        a, b = (number(x) for x in evaluate(pair, at, Precise(40)))
        assert abs(a - b) <= abs(a) * 1e-35 + 1e-38


@pytest.mark.parametrize("op", ELEMENTWISE, ids=lambda op: op.name)
def test_formula_and_array_function_are_one(op):
    """What SymPy differentiates is what NumPy computes."""
    for attrs in ATTRS.get(op.name, [()]):
        node = node_of(op, attrs)
        symbols = [sympy.Symbol(f"s{i}", real=True) for i in range(len(node.args))]
        expression = formula(op, attrs, symbols, (False,) * len(symbols))
        for values in itertools.product(
            (sympy.Rational(-3, 4), 0, sympy.Rational(5, 4)), repeat=len(symbols)
        ):
            if not in_domain(op, values) or (op.name in ("div", "reciprocal") and values[-1] == 0):
                continue
            at = dict(zip(symbols, values, strict=True))
            expected = sympy.N(sympy.S(expression).subs(at), 40)
            given = {f"x{i}": str(sympy.N(v, 40)) for i, v in enumerate(values)}
            actual = number(evaluate([node], given, Precise(40))[0])
            assert abs(sympy.Float(str(actual), 40) - expected) < sympy.Float("1e-35"), (
                values,
                actual,
                expected,
            )


def test_a_wrong_declared_derivative_would_be_seen():
    symbol = sympy.Symbol("s0", real=True)
    own = sympy.diff(formula(OPS["sigmoid"], (), [symbol], (False,)), symbol)
    wrong = formula(OPS["sigmoid"], (), [symbol], (False,))
    assert abs(sympy.N((own - wrong).subs(symbol, sympy.Rational(3, 10)), 50)) > 0.1
