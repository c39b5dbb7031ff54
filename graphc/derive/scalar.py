"""Between graphs of scalars and SymPy: formulas go over to be differentiated, derivatives come back as graphs."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal, Inexact
from fractions import Fraction
from typing import Any

from graphc.ir.node import Node, topological
from graphc.ir.op import FUNCTIONS
from graphc.ops.composite import open_composite
from graphc.ops.leaf import const


def to_sympy(root: Node, symbols: Mapping[Node, Any]) -> Any:
    """The SymPy expression of an elementwise graph; `symbols` holds the expressions of its leaves."""
    import sympy

    done = dict(symbols)
    for node in topological([root], stop=done.__contains__):
        if node in done:
            continue
        if node.op.kind == "const":
            done[node] = number(node)
        elif node.op.kind == "composite":
            done[node] = to_sympy(open_composite(node), {a: done[a] for a in node.args})
        else:
            assert node.op.formula is not None
            done[node] = node.op.formula(sympy, node.attrs, *(done[a] for a in node.args))
    return done[root]


def number(node: Node) -> Any:
    """The SymPy number, or size, a constant stands for."""
    import sympy

    if node.op.name == "size":
        return sympy.Symbol(str(node.attrs[0]), positive=True, integer=True)
    kind, value = node.attrs
    if kind == "symbol":
        return {"pi": sympy.pi, "inf": sympy.oo, "-inf": -sympy.oo}[str(value)]
    exact = Fraction(value)
    return sympy.Rational(exact.numerator, exact.denominator)


LONG = 10**6  # a fraction of a larger denominator is no fraction a person wrote
_UNARY = {"exp", "log", "sin", "cos", "tanh", "erf"}
_RELATIONS = {
    "GreaterThan": "greater_equal",
    "StrictGreaterThan": "greater",
    "LessThan": "less_equal",
    "StrictLessThan": "less",
    "Equality": "equal",
    "Unequality": "not_equal",
}


def from_sympy(expr: Any, nodes: Mapping[Any, Node]) -> Node:
    """The graph of a SymPy expression; `nodes` holds the graphs of its symbols."""
    if expr in nodes:
        return nodes[expr]
    kind = type(expr).__name__
    if expr.is_Rational:
        return const(_exact(expr))
    if kind == "Pi":
        return const("pi")
    if kind == "Add":
        return _sum(expr, nodes)
    if kind in ("Mul", "Pow"):
        return _product(expr, nodes)
    if kind in _RELATIONS:
        return FUNCTIONS[_RELATIONS[kind]](*(from_sympy(a, nodes) for a in expr.args))
    if kind in ("BooleanTrue", "BooleanFalse"):
        return const(int(kind == "BooleanTrue"))
    if kind in ("And", "Or", "ITE", "Not"):
        return _logical(kind, [from_sympy(a, nodes) for a in expr.args])
    if kind == "Piecewise":
        return _piecewise(expr, nodes)
    if kind in _UNARY or kind in ("sign", "Abs"):
        return FUNCTIONS[kind.lower()](from_sympy(expr.args[0], nodes))
    raise ValueError(f"SymPy's {kind} has no counterpart in the graph language: {expr}")


def _exact(number: Any) -> Fraction | Decimal:
    """SymPy's fraction; one of a long denominator as the decimal it came from, where it is one."""
    exact = Fraction(int(number.p), int(number.q))
    if exact.denominator > LONG:
        try:
            return Context(prec=200, traps=[Inexact]).divide(exact.numerator, exact.denominator)
        except Inexact:
            pass
    return exact


def _logical(kind: str, parts: list[Node]) -> Node:
    """Truth values joined, as numbers 0 and 1."""
    if kind == "Not":
        return FUNCTIONS["equal"](parts[0], 0)
    if kind == "ITE":
        return FUNCTIONS["where"](*parts)
    if kind == "And":
        return _times(parts)
    joined = parts[0]
    for part in parts[1:]:
        joined = FUNCTIONS["maximum"](joined, part)
    return joined


def _sum(expr: Any, nodes: Mapping[Any, Node]) -> Node:
    """Terms as SymPy orders them, those with a minus sign last."""
    terms = sorted(expr.as_ordered_terms(), key=lambda t: bool(t.could_extract_minus_sign()))
    total = from_sympy(terms[0], nodes)
    for term in terms[1:]:
        if term.could_extract_minus_sign():
            total = total - from_sympy(-term, nodes)
        else:
            total = total + from_sympy(term, nodes)
    return total


def _product(expr: Any, nodes: Mapping[Any, Node]) -> Node:
    """A product written as a sign, a numerator and a denominator."""
    if expr.could_extract_minus_sign():
        return -from_sympy(-expr, nodes)
    above: list[Node] = []
    below: list[Node] = []
    for factor in expr.as_ordered_factors() if expr.is_Mul else [expr]:
        base, exponent = factor.as_base_exp()
        if factor.is_Rational and isinstance(_exact(factor), Decimal):
            above.append(const(_exact(factor)))
        elif factor.is_Rational:
            if factor.p != 1:
                above.append(const(int(factor.p)))
            if factor.q != 1:
                below.append(const(int(factor.q)))
        elif type(factor).__name__ == "exp":
            above.append(from_sympy(factor, nodes))
        elif exponent.could_extract_minus_sign():
            below.append(_power(base, -exponent, nodes))
        else:
            above.append(_power(base, exponent, nodes))
    top = _times(above) if above else const(1)
    return top / _times(below) if below else top


def _times(factors: list[Node]) -> Node:
    result = factors[0]
    for factor in factors[1:]:
        result = result * factor
    return result


def _power(base: Any, exponent: Any, nodes: Mapping[Any, Node]) -> Node:
    root = from_sympy(base, nodes)
    if exponent == 1:
        return root
    if exponent.is_Rational and exponent.p == 1 and exponent.q == 2:
        return FUNCTIONS["sqrt"](root)
    return root ** from_sympy(exponent, nodes)


def _piecewise(expr: Any, nodes: Mapping[Any, Node]) -> Node:
    """Nested `where`; a case that is 1 where a condition holds and else 0 is the condition itself."""
    (value, condition), *rest = expr.args
    if condition is True or condition == True:  # noqa: E712 - SymPy's own truth value
        return from_sympy(value, nodes)
    otherwise = type(expr)(*rest)
    chosen = from_sympy(condition, nodes)
    if value == 1 and otherwise == 0:
        return chosen
    if value == 0 and otherwise == 1:
        return from_sympy(~condition, nodes)
    other = from_sympy(otherwise, nodes)
    return FUNCTIONS["where"](chosen, from_sympy(value, nodes), other)
