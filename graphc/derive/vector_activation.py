"""What an activation along an axis is like: softmax and its kin, and maxout, from their definitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from graphc.derive.activation import aligned, entrywise_derivative
from graphc.derive.curve import Interval, Piece, pieces, values
from graphc.derive.reverse import grad
from graphc.derive.symbolic import is_zero, symbolic
from graphc.ir.errors import GraphcError
from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS
from graphc.ops.composite import open_composite
from graphc.ops.form import show
from graphc.ops.leaf import input_
from graphc.ops.move import stack
from graphc.ops.reduce import sum_

VECTORS: Mapping[str, Mapping[str, Any]] = {"softmax": {}, "log_softmax": {}, "maxout": {"pieces": 3}}
"""The activations along an axis, with the options that they are described with where none are given."""
ENTRIES = 3


@dataclass(frozen=True, slots=True)
class VectorActivation:
    """The facts about an activation of a vector, `y = name(z)`.

    `gradient` is the upstream gradient `v` brought back through it, in terms of `z`, `v` and the output `y`;
    `jacobian` the matrix of the derivatives, `dy[i]/dz[j]`, where it is one of the textbook's, else "". `range` holds
    the values of an entry, `slopes` those of the derivative of an entry by its own input, both found along the lines
    where one input or all inputs move. `total` is what the entries sum to, "" if that varies. `shift` says what
    becomes of the output when a number is added to all inputs: "unchanged", "shifted" or "".
    """

    name: str
    options: tuple[tuple[str, Any], ...]
    formula: str
    gradient: str
    jacobian: str
    range: Interval
    slopes: Interval
    total: str
    shift: str

    @property
    def call(self) -> str:
        """How it is called, with its options."""
        return f"{self.name}({', '.join(['z', *(f'{n}={v}' for n, v in self.options)])})"

    def __str__(self) -> str:
        shifts = {"unchanged": "leaves y as it is", "shifted": "adds it to y too", "": ""}
        lines = {
            "y": self.formula,
            "gradient": f"{self.gradient}, where v = dL/dy",
            "dy/dz": self.jacobian,
            "range": str(self.range),
            "slopes": str(self.slopes),
            "sum of y": self.total,
            "z plus c": shifts[self.shift],
        }
        return aligned(self.call, lines)


def vector_activation(name: str, given: Mapping[str, Any]) -> VectorActivation:
    """The facts about the activation of this name; of softmax and log-softmax there are no options but the axis."""
    known = VECTORS[name]
    for option, value in given.items():
        if option not in known:
            raise GraphcError(f"{name} has no option {option!r} here; it has {', '.join(known) or 'none'}")
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 8:
            raise GraphcError(f"{name}: {option} is a whole number from 1 to 8 here, not {value!r}")
    return _vector_activation(name, tuple({**known, **given}.items()))


@cache
def _vector_activation(name: str, options: tuple[tuple[str, Any], ...]) -> VectorActivation:
    import sympy

    count = dict(options).get("pieces", ENTRIES)
    symbols = sympy.symbols(f"z:{count}", real=True)
    outputs = symbolic(_applied(name, options, (count,)), symbols)
    loose = _applied(name, options, (f"{count}*K" if options else "K",))
    gradient = grad(sum_(input_("v", loose.shape) * loose), loose.args[0])
    (range_, slopes), (other, _) = (
        _along_line(name, options, outputs, symbols, one) for one in (True, False)
    )
    return VectorActivation(
        name=name,
        options=options,
        formula=show(open_composite(loose)),
        gradient=show(gradient, {loose: "y"}),
        jacobian=_jacobian(outputs, symbols),
        range=_union(range_, other),
        slopes=slopes,
        total=_constant(sum(outputs), symbols) if len(outputs) > 1 else "",
        shift=_shift(outputs, symbols),
    )


def _applied(name: str, options: tuple[tuple[str, Any], ...], shape: tuple[Any, ...]) -> Node:
    return FUNCTIONS[name](input_("z", shape), **dict(options))


def _along_line(
    name: str, options: tuple[tuple[str, Any], ...], outputs: list[Any], symbols: Sequence[Any], one: bool
) -> tuple[Interval, Interval]:
    """The first output and its derivative where the first input moves alone (the others 0), or all move together."""
    import sympy

    x = sympy.Symbol("x", real=True)
    moving = {s: x if s is symbols[0] or not one else sympy.S.Zero for s in symbols}
    own = outputs[0].subs(moving)
    parts = pieces(own, x)
    sampled = input_("x", "N")
    columns = stack([sampled if s is symbols[0] or not one else 0 * sampled for s in symbols], axis=1)
    output = FUNCTIONS[name](columns, **dict(options))[:, 0]
    first = entrywise_derivative(output, sampled)
    second = entrywise_derivative(first, sampled)
    slope_parts = [Piece(sympy.diff(p.formula, x), p.low, p.high) for p in parts]
    return (
        values(parts, x, first, lambda b: own.subs(x, b)),
        values(slope_parts, x, second, lambda b: None),
    )


def _union(a: Interval, b: Interval) -> Interval:
    low = min(a.low, b.low, key=lambda end: (end.value, not end.attained))
    high = max(a.high, b.high, key=lambda end: (end.value, end.attained))
    return Interval(low, high)


def _jacobian(y: list[Any], z: Sequence[Any]) -> str:
    """The matrix of the derivatives as it is written, if SymPy proves it to be one of these."""
    import sympy

    if any(e.has(sympy.Max, sympy.Min) for e in y):
        return ""
    forms: dict[str, Callable[[int, int], Any]] = {
        "diag(y) - outer(y, y)": lambda i, j: (y[i] if i == j else 0) - y[i] * y[j],
        "eye(K) - outer(ones(K), exp(y))": lambda i, j: int(i == j) - sympy.exp(y[j]),
    }
    places = [(i, j) for i in range(len(y)) for j in range(len(z))]
    for text, entry in forms.items():
        if all(is_zero(sympy.diff(y[i], z[j]) - entry(i, j)) for i, j in places):
            return text
    return ""


def _constant(expression: Any, symbols: Sequence[Any]) -> str:
    """What an expression is, if it does not vary."""
    import sympy

    found = sympy.simplify(expression)
    return "" if found.has(*symbols) else str(found)


def _shift(y: list[Any], z: Sequence[Any]) -> str:
    """What becomes of the outputs when a number is added to all inputs."""
    import sympy

    c = sympy.Symbol("c", real=True)
    moved = [e.subs({s: s + c for s in z}, simultaneous=True) - e for e in y]
    if all(is_zero(m) for m in moved):
        return "unchanged"
    return "shifted" if all(is_zero(m - c) for m in moved) else ""
