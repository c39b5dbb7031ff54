"""Elementwise operations as expressions, a rule each."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from graphc.claims.normal import conditions, entries, functions
from graphc.claims.normal.algebra import Algebra, Expr, constant, number_of
from graphc.claims.normal.terms import minus, multiply, plus, power, times


def _power(s: Algebra, base: Expr, exponent: Expr) -> Expr:
    value = number_of(exponent)
    if value is not None:
        return functions.raised(s, base, value)
    return functions.symbolic_power(s, base, exponent)


def _quotient(s: Algebra, a: Expr, b: Expr) -> Expr:
    return multiply(s, a, functions.inverse(s, b))


def _where(s: Algebra, condition: Expr, yes: Expr, no: Expr) -> Expr:
    if multiply(s, condition, condition) != condition:  # it is not 0 or 1
        condition = minus(constant(1), conditions.zero(s, condition))
    return conditions.chosen(s, condition, yes, no)


def _not(expr: Expr) -> Expr:
    return minus(constant(1), expr)


_ONE = constant(1)
# fmt: off
POINTWISE: dict[str, Callable[..., Expr]] = {
    "add": lambda s, a, b: plus(a, b),
    "sub": lambda s, a, b: minus(a, b),
    "mul": multiply,
    "div": _quotient,
    "neg": lambda s, a: times(a, -1),
    "pow": _power,
    "square": lambda s, a: power(s, a, 2),
    "reciprocal": functions.inverse,
    "sqrt": lambda s, a: functions.raised(s, a, Fraction(1, 2)),
    "exp": functions.exponential,
    "expm1": lambda s, a: minus(functions.exponential(s, a), _ONE),
    "log": functions.logarithm,
    "log1p": lambda s, a: functions.logarithm(s, plus(_ONE, a)),
    "sin": lambda s, a: functions.odd(s, "sin", a),
    "cos": functions.cosine,
    "tanh": lambda s, a: functions.odd(s, "tanh", a),
    "erf": lambda s, a: functions.odd(s, "erf", a),
    "abs": conditions.absolute,
    "sign": conditions.sign,
    "step": conditions.indicator,
    "maximum": conditions.maximum,
    "minimum": lambda s, a, b: times(conditions.maximum(s, times(a, -1), times(b, -1)), -1),
    "where": _where,
    "greater": lambda s, a, b: conditions.indicator(s, minus(a, b)),
    "less": lambda s, a, b: conditions.indicator(s, minus(b, a)),
    "less_equal": lambda s, a, b: _not(conditions.indicator(s, minus(a, b))),
    "greater_equal": lambda s, a, b: _not(conditions.indicator(s, minus(b, a))),
    "equal": entries.equal,
    "not_equal": lambda s, a, b: _not(entries.equal(s, a, b)),
    "cast": lambda s, a: a,
    "assumed": lambda s, a: a,
}
# fmt: on
