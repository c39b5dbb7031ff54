"""Complex arithmetic for the complex step: f'(x) = Im f(x + ih) / h, with no difference and so without cancellation.

Lyness and Moler, Numerical differentiation of analytic functions (1967); Squire and Trapp, SIAM Review 40 (1998).
Operations with pieces (max, |x|, comparisons) choose by the real part; at a tie the step has no meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import numpy as np

from graphc.ir.node import Node
from graphc.ops.naive import Arithmetic

STEP = 2.0**-70
_POINTWISE = frozenset((
    "assumed", "add", "sub", "mul", "div", "neg", "pow", "exp", "expm1", "log", "log1p", "abs", "sign", "sqrt", "sin",
    "cos", "tanh", "reciprocal", "square", "step", "where", "maximum", "minimum", "less", "less_equal", "greater",
    "greater_equal", "equal", "not_equal", "cast",
))  # fmt: skip
_INDEX = frozenset(("gather", "scatter_add", "argmax", "argmin"))
_KINDS = frozenset(("move", "contract", "reduce", "scan", "composite"))


class TieError(Exception):
    """Two values between which an operation chooses are equal: the function has a kink there."""


def allows(nodes: Iterable[Node]) -> bool:
    """Whether every operation is analytic, piece by piece, and has a complex form here."""
    return all(n.op.kind in _KINDS or n.op.name in _POINTWISE or n.op.name in _INDEX for n in nodes)


class Complex(Arithmetic):
    """Arrays of complex numbers, for what changes with one leaf; everything else may stay real."""

    def __init__(self) -> None:
        super().__init__(np.complex128)

    def array(self, value: Any, dtype: str = "real") -> Any:
        return super().array(value, dtype) if dtype != "real" else np.asarray(value).astype(self.real)

    def large(self, value: Any) -> Any:
        return np.asarray(complex(float(value)))

    def cast(self, x: Any, dtype: str) -> Any:
        return x.astype(self.real) if dtype == "real" else super().cast(np.real(x), dtype)

    @cached_property
    def functions(self) -> dict[str, Callable[..., Any]]:
        compare = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
        return {
            **{name: _comparison(getattr(np, name)) for name in compare},
            "maximum": _extreme(np.greater_equal),
            "minimum": _extreme(np.less_equal),
            "absolute": lambda x: np.where(_side(x) < 0, -x, x),
            "sign": lambda x: np.sign(_side(x)),
            "step": lambda x: (_side(x) > 0).astype(np.int64),
            "where": lambda c, x, y: np.where(np.real(c) != 0, x, y),
            "log1p": _log1p,
        }

    def apply(self, node: Node, arrays: list[Any]) -> Any:
        own = self.functions.get(node.op.name) or self.functions.get(node.op.array_function)
        with np.errstate(all="ignore"):
            return np.asarray(own(*arrays)) if own else super().apply(node, arrays)

    def reduce(self, name: str, x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
        if name not in ("max", "min"):
            return super().reduce(name, x, axes, keepdims)
        most = getattr(np, name)(np.real(x), axis=axes, keepdims=True)
        there = np.real(x) == most
        _refuse_ties(np.where(there, np.imag(x), 0), there, axes)
        found = most + 1j * np.sum(np.where(there, np.imag(x), 0), axis=axes, keepdims=True) / np.sum(
            there, axis=axes, keepdims=True
        )
        return found if keepdims else np.squeeze(found, axis=axes)

    def arg(self, name: str, x: Any, axis: int) -> Any:
        most = (
            np.real(x).max(axis, keepdims=True) if name == "argmax" else np.real(x).min(axis, keepdims=True)
        )
        there = np.real(x) == most
        _refuse_ties(np.where(there, np.imag(x), 0), there, (axis,))
        return np.asarray(getattr(np, name)(np.real(x), axis=axis))

    def scan(self, name: str, arrays: list[Any], axis: int, reverse: bool, exclusive: bool = False) -> Any:
        return super().scan(name, [a.astype(self.real) for a in arrays], axis, reverse, exclusive)


def _refuse_ties(parts: Any, there: Any, axes: tuple[int, ...]) -> None:
    """Entries that share an extreme have to share the step as well."""
    lowest = np.min(np.where(there, parts, np.inf), axis=axes)
    highest = np.max(np.where(there, parts, -np.inf), axis=axes)
    if np.any(lowest != highest):
        raise TieError


def _side(x: Any) -> Any:
    """The real part of what is compared with 0."""
    if np.any((np.real(x) == 0) & (np.imag(x) != 0)):
        raise TieError
    return np.real(x)


def _refuse_tied(x: Any, y: Any) -> None:
    if np.any((np.real(x) == np.real(y)) & (np.imag(x) != np.imag(y))):
        raise TieError


def _comparison(compare: Callable[..., Any]) -> Callable[..., Any]:
    def apply(x: Any, y: Any) -> Any:
        _refuse_tied(x, y)
        return compare(np.real(x), np.real(y))

    return apply


def _extreme(first: Callable[..., Any]) -> Callable[..., Any]:
    def apply(x: Any, y: Any) -> Any:
        _refuse_tied(x, y)
        return np.where(first(np.real(x), np.real(y)), x, y)

    return apply


def _log1p(x: Any) -> Any:
    """NumPy's complex log1p loses the digits of a small real part."""
    return np.log1p(np.real(x)) + 1j * np.imag(np.log1p(x))


def complex_slope(
    evaluate: Callable[[Any, Arithmetic], Any], array: Any, index: tuple[int, ...], arithmetic: Complex
) -> float | None:
    """The slope by one entry; None at a tie, or where the numbers leave the range of floats."""
    moved = array.astype(np.complex128)
    step = STEP * max(abs(float(array[index])), 2.0**-30)
    moved[index] += 1j * step
    try:
        imaginary = float(np.imag(evaluate(moved, arithmetic)))
    except TieError:
        return None
    slope = imaginary / step
    lost = imaginary != 0 and abs(imaginary) < 2.0**-960
    return None if lost or not np.isfinite(slope) else slope
