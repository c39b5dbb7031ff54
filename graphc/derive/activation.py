"""What an activation of one variable is like, as data worked out from its declaration: range, slopes, saturation."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any, Literal

import numpy as np

from graphc.derive.curve import Interval, Piece, ends, number_text, pieces, sample, values
from graphc.derive.local import formula, local_derivative
from graphc.derive.reverse import grad
from graphc.derive.scalar import from_sympy
from graphc.ir.errors import GraphcError
from graphc.ir.graph import Graph
from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS, Op
from graphc.ops.composite import exact_number, open_composite
from graphc.ops.form import show
from graphc.ops.leaf import as_node, input_
from graphc.ops.naive import evaluate
from graphc.ops.reduce import sum_
from graphc.rewrite.algebra import ALGEBRA
from graphc.rewrite.engine import Engine

Side = Literal["left", "right"]
Direction = Literal["increasing", "decreasing", "constant", ""]
_ARITHMETIC = tuple(rule for rule in ALGEBRA if rule.name == "arithmetic of numbers")
_EVERYWHERE = ((-np.inf, np.inf),)
# What a further operand is, where none is given: the value PyTorch starts a learned slope with, and hardtanh's bounds.
_USUAL = {"prelu": {"alpha": Fraction(1, 4)}, "clip": {"low": Fraction(-1), "high": Fraction(1)}}


@dataclass(frozen=True, slots=True)
class Activation:
    """The facts about one activation, `y = name(x)`.

    `formula` and `derivative` are in the graph language, the derivative in terms of `x` and the output `y`; `slope`
    is the derivative as a graph of the scalar input `x`. `range` holds the values, `slopes` those of the derivative.
    It `saturates` on a side where the slope tends to 0. `mean` is that of the outputs when the inputs are standard
    normal, None where there is none; the activation is zero-centred if that is 0. `odd` means f(-x) = -f(x).
    `monotonic` is "increasing" also where it is flat in places, and "" of what rises and falls.
    """

    name: str
    options: tuple[tuple[str, Fraction], ...]
    formula: str
    derivative: str
    slope: Node = field(repr=False)
    domain: tuple[tuple[float, float], ...]
    range: Interval
    slopes: Interval
    saturates: tuple[Side, ...]
    monotonic: Direction
    odd: bool
    mean: float | None

    @property
    def max_derivative(self) -> float:
        """The greatest slope, or the least upper bound of the slopes; `slopes.high.exact` is its formula, if known."""
        return self.slopes.high.value

    @property
    def zero_centred(self) -> bool:
        """Whether outputs have mean 0 when the inputs are standard normal."""
        return self.mean == 0

    @property
    def call(self) -> str:
        """How it is called, with its options: `leaky_relu(x, slope=1/4)`."""
        return f"{self.name}({', '.join(['x', *(f'{n}={v}' for n, v in self.options)])})"

    def __str__(self) -> str:
        defined = " or ".join(_between(low, high) for low, high in self.domain)
        lines = {
            "y": brief_numbers(self.formula),
            "dy/dx": brief_numbers(self.derivative),
            "defined": "" if self.domain == _EVERYWHERE else defined,
            "range": str(self.range),
            "slopes": _slopes_text(self.slopes),
            "saturates": " and ".join(f"on the {side}" for side in self.saturates) or "no",
            "monotonic": self.monotonic or "no",
            "zero-centred": self._mean_text(),
        }
        return aligned(self.call, lines)

    def _mean_text(self) -> str:
        if self.mean is None:
            return "no: standard normal inputs have no mean output"
        if self.odd:
            return "yes: f(-x) = -f(x)"
        return (
            f"{'yes' if self.zero_centred else 'no'}: standard normal inputs have mean output {self.mean:.3g}"
        )


def aligned(title: str, lines: Mapping[str, str]) -> str:
    """A title and below it what is known, a line each; a line without text is left out."""
    kept = {k: v for k, v in lines.items() if v}
    width = max(map(len, kept))
    return "\n".join([title, *(f"  {k:{width}}  {v}" for k, v in kept.items())])


def brief_numbers(text: str) -> str:
    """A text in which decimals of many digits show the first ones."""
    return re.sub(r"(\d+\.\d{5})\d{4,}", r"\1…", text)


def _between(low: float, high: float) -> str:
    if np.isinf(low):
        return f"x < {number_text(high)}"
    return f"x > {number_text(low)}" if np.isinf(high) else f"{number_text(low)} < x < {number_text(high)}"


def _slopes_text(slopes: Interval) -> str:
    """The interval of the slopes and where the greatest is; exactly, where that says more than digits."""
    if slopes.low.value == slopes.high.value:
        return f"{slopes.high} everywhere" if slopes.high.where == "everywhere" else str(slopes.high)
    if slopes.high.value == np.inf:
        return f"{slopes}, without bound {slopes.high.where}"
    exact = f" = {slopes.high.exact}" if slopes.high.exact not in ("", str(slopes.high)) else ""
    kind = "the greatest" if slopes.high.attained else "never quite"
    return f"{slopes}; {kind}, {slopes.high}{exact}, {slopes.high.where}"


def activation(op: Op, given: Mapping[str, Any]) -> Activation:
    """The facts about an elementwise operation in its first operand; `given` are its options and other operands."""
    return _activation(op, _chosen(op, given))


def _chosen(op: Op, given: Mapping[str, Any]) -> tuple[tuple[str, Fraction], ...]:
    """All options and further operands by name, as exact numbers."""
    operands, options = parameters(op)
    usual = {**options, **_USUAL.get(op.name, {})}
    known = [*operands[1:], *options]
    unknown = [name for name in given if name not in known]
    if unknown:
        raise GraphcError(f"{op.name} has no option {unknown[0]!r}; it has {', '.join(known) or 'none'}")
    missing = [f"{n}=1" for n in known if n not in given and n not in usual]
    if missing:
        example = f'describe("{op.name}", {", ".join(missing)})'
        raise GraphcError(f"{op.name} has more than one operand; give the others as numbers, as in {example}")
    return tuple((n, exact_number(op.name, n, given.get(n, usual.get(n)))) for n in known)


def parameters(op: Op) -> tuple[list[str], dict[str, Any]]:
    """The operands of an elementwise operation, and its options with their defaults."""
    if op.body is None:
        arity = op.formula.__code__.co_argcount - 2 if op.formula is not None else 1
        return [f"x{i or ''}" for i in range(arity)], {}
    found = inspect.signature(op.body).parameters.values()
    return (
        [p.name for p in found if p.kind is not p.KEYWORD_ONLY],
        {p.name: p.default for p in found if p.kind is p.KEYWORD_ONLY and p.default is not p.empty},
    )


def of_one_operand(op: Op) -> bool:
    """Whether an operation is a function of one number, the others, such as the slope of prelu, having usual values."""
    return set(parameters(op)[0][1:]) <= set(_USUAL.get(op.name, {}))


def _applied(op: Op, x: Node, chosen: tuple[tuple[str, Fraction], ...]) -> Node:
    operands, _ = parameters(op)
    further = [value for name, value in chosen if name in operands]
    return FUNCTIONS[op.name](x, *further, **{n: v for n, v in chosen if n not in operands})


@cache
def _activation(op: Op, chosen: tuple[tuple[str, Fraction], ...]) -> Activation:
    import sympy

    x, many = input_("x"), input_("x", "N")
    symbol = sympy.Symbol("x", real=True)
    node, sampled = _applied(op, x, chosen), _applied(op, many, chosen)
    others = [as_node(value) for name, value in chosen if name in parameters(op)[0]]
    declared = formula(
        op, node.attrs, [symbol, *(sympy.Rational(v) for n, v in chosen if n in parameters(op)[0])],
        (False, *(o.constant for o in others)),
    )  # fmt: skip
    parts = pieces(declared, symbol)
    slope = _slope(node, x)
    slope_parts = [Piece(sympy.diff(p.formula, symbol), p.low, p.high) for p in parts]
    first = entrywise_derivative(sampled, many)
    second = entrywise_derivative(first, many)
    odd = _odd(parts, symbol)

    def own(b: Any) -> Any | None:
        value = declared.subs(symbol, b)
        return value if value.is_real and value.is_finite else None

    domain = _domain(parts, own)
    slopes = values(slope_parts, symbol, second, lambda b: _smooth_at(parts, slope_parts, symbol, b))
    return Activation(
        name=op.name,
        options=chosen,
        formula=_formula_text(node, declared, symbol, x),
        derivative=show(_shortened(_local(node)), {node: "y"}),
        slope=slope,
        domain=domain,
        range=values(parts, symbol, first, own),
        slopes=slopes,
        saturates=_saturates(slope_parts, symbol),
        monotonic=_direction(parts, slopes, symbol),
        odd=odd,
        mean=_mean(parts, sampled, odd) if domain == _EVERYWHERE else None,
    )


def entrywise_derivative(node: Node | None, x: Node) -> Node | None:
    """The derivative of each entry by its own; None where it is constant."""
    if node is None or node.dtype != "real":
        return None
    found = grad(sum_(node), x)
    return found if x in Graph((found,)).leaves else None


def _local(node: Node) -> Node:
    local = local_derivative(node, 0) if node.dtype == "real" else None
    return as_node(0) if local is None else local


def _slope(node: Node, x: Node) -> Node:
    return grad(node, x) if node.dtype == "real" else as_node(0)


def _shortened(node: Node) -> Node:
    """Arithmetic of numbers done, nothing else rewritten."""
    return Engine(_ARITHMETIC).simplify([node])[0]


def _formula_text(node: Node, declared: Any, symbol: Any, x: Node) -> str:
    if node.op.kind == "composite":
        return show(_shortened(open_composite(node)))
    return show(from_sympy(declared, {symbol: x}))


def _domain(parts: list[Piece], own: Callable[[Any], Any | None]) -> tuple[tuple[float, float], ...]:
    """The intervals where the function is defined; pieces that meet in a value of its `own` are one."""
    found: list[tuple[float, float]] = []
    for p in parts:
        low, high = float(p.low), float(p.high)
        if found and found[-1][1] == low and own(p.low) is not None:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return tuple(found)


def _around(parts: list[Piece], x: Any, b: Any) -> tuple[Any, Any]:
    """The limits from the left and from the right at the end of a piece, None where there is no piece."""
    left = next((ends(p.formula, x, b, "-")[0] for p in parts if p.high == b), None)
    right = next((ends(p.formula, x, b, "+")[0] for p in parts if p.low == b), None)
    return left, right


def _smooth_at(parts: list[Piece], slope_parts: list[Piece], x: Any, b: Any) -> Any | None:
    """The derivative where two pieces meet, if they meet with one value and one slope."""
    left, right = _around(parts, x, b)
    before, after = _around(slope_parts, x, b)
    meets = left is not None and left == right and left.is_finite
    return before if meets and before is not None and before == after and before.is_finite else None


def _saturates(slope_parts: list[Piece], x: Any) -> tuple[Side, ...]:
    import sympy

    found: list[Side] = []
    first, last = slope_parts[0], slope_parts[-1]
    if first.low == -sympy.oo and all(v == 0 for v in ends(first.formula, x, -sympy.oo, "+")):
        found.append("left")
    if last.high == sympy.oo and all(v == 0 for v in ends(last.formula, x, sympy.oo, "-")):
        found.append("right")
    return tuple(found)


def _direction(parts: list[Piece], slopes: Interval, x: Any) -> Direction:
    """Whether it only rises or only falls, jumps included."""
    jumps = [
        right - left
        for p in parts[1:]
        for left, right in [_around(parts, x, p.low)]
        if left is not None and right is not None and left != right
    ]
    rises = slopes.low.value >= 0 and all(j > 0 for j in jumps)
    falls = slopes.high.value <= 0 and all(j < 0 for j in jumps)
    if rises and falls:
        return "constant"
    return "increasing" if rises else "decreasing" if falls else ""


def _odd(parts: list[Piece], x: Any) -> bool:
    """Whether each piece has its mirror image, by SymPy."""
    import sympy

    for p in parts:
        point = sample(p)
        q = next((q for q in parts if q.low < -point < q.high), None)
        if q is None:
            return False
        total = p.formula + q.formula.subs(x, -x)
        if abs(sympy.N(total.subs(x, point))) > 1e-9 or sympy.simplify(total.rewrite(sympy.exp)) != 0:
            return False
    return True


def _mean(parts: list[Piece], node: Node, odd: bool) -> float:
    """The mean of the outputs of standard normal inputs, by Gauss's rule on each piece; 0 of an odd function."""
    if odd:
        return 0.0
    points, weights = np.polynomial.legendre.leggauss(20)
    cuts = sorted({*np.linspace(-14, 14, 57), *(float(p.low) for p in parts[1:])})
    low, high = np.array(cuts[:-1])[:, None], np.array(cuts[1:])[:, None]
    at = ((low + high) / 2 + (high - low) / 2 * points).ravel()
    density = np.exp(-(at**2) / 2) / np.sqrt(2 * np.pi) * ((high - low) / 2 * weights).ravel()
    (outputs,) = evaluate([node], {"x": at})
    total = float((outputs * density).sum())
    return round(total, 12) + 0.0
