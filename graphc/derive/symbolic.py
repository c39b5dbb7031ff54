"""Arrays of SymPy expressions: the reference interpreter run on symbols, each operation by its declared formula."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from graphc.ir.node import Node
from graphc.ops.composite import open_composite
from graphc.ops.naive import Arithmetic, evaluate


class Symbolic(Arithmetic):
    """Arrays of SymPy expressions: enough for elementwise operations, moves, sums and extremes over axes."""

    def __init__(self) -> None:
        self.real = np.dtype(object)

    def array(self, value: Any, dtype: str = "real") -> Any:
        return np.asarray(value, dtype=object)

    def number(self, kind: str, value: Any) -> Any:
        import sympy

        if kind == "symbol":
            return np.asarray({"pi": sympy.pi, "inf": sympy.oo, "-inf": -sympy.oo}[value], dtype=object)
        return np.asarray(sympy.Rational(Fraction(value)), dtype=object)

    def operands(self, node: Node, arrays: list[Any]) -> list[Any]:
        return arrays

    def apply(self, node: Node, arrays: list[Any]) -> Any:
        import sympy

        formula = node.op.formula
        assert formula is not None
        each = np.frompyfunc(lambda *entries: formula(sympy, node.attrs, *entries), len(arrays), 1)
        return np.asarray(each(*arrays), dtype=object)

    def cast(self, x: Any, dtype: str) -> Any:
        return x

    def reduce(self, name: str, x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        import sympy

        if name in ("max", "min"):
            larger = np.frompyfunc(sympy.Max if name == "max" else sympy.Min, 2, 1)
            for axis in sorted(axes, reverse=True):
                x = np.asarray(larger.reduce(x, axis=axis, keepdims=keepdims), dtype=object)
            return x
        return super().reduce(name, x, axes, keepdims)


def symbolic(node: Node, symbols: Sequence[Any]) -> list[Any]:
    """The entries of a composite's definition, its one operand being the vector of these symbols."""
    (operand,) = node.args
    (found,) = evaluate(
        [open_composite(node)], {str(operand.name): np.array(symbols, dtype=object)}, Symbolic()
    )
    return list(np.asarray(found, dtype=object).ravel())


def is_zero(expression: Any) -> bool:
    """Whether SymPy brings an expression to 0."""
    import sympy

    return bool(sympy.simplify(expression) == 0)
