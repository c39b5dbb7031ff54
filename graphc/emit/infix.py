"""Operators of Python: between which operands they stand, and where parentheses are needed."""

from __future__ import annotations

from collections.abc import Mapping

from graphc.ops.form import ATOM, COMPARE, POWER, PRODUCT, SUM

# Operations written between their operands, with the strength the left and the right operand need.
INFIX: Mapping[str, tuple[str, int]] = {
    "add": ("+", SUM),
    "sub": ("-", SUM),
    "mul": ("*", PRODUCT),
    "div": ("/", PRODUCT),
    "pow": ("**", POWER),
    "less": ("<", COMPARE),
    "less_equal": ("<=", COMPARE),
    "greater": (">", COMPARE),
    "greater_equal": (">=", COMPARE),
    "equal": ("==", COMPARE),
    "not_equal": ("!=", COMPARE),
}


def infix(op: str, left: tuple[str, int], right: tuple[str, int]) -> tuple[str, int]:
    """`left op right` with the parentheses it needs; operands and result are text and strength."""
    symbol, strength = INFIX[op]
    # Floating-point sums and products are not associative, and comparisons would chain.
    needs = {COMPARE: (SUM, SUM), POWER: (ATOM, ATOM)}.get(strength, (strength, strength + 1))
    a, b = bind(left, needs[0]), bind(right, needs[1])
    return (f"{a}{symbol}{b}" if strength == POWER else f"{a} {symbol} {b}"), strength


def bind(text: tuple[str, int], strength: int) -> str:
    """The text, in parentheses if it binds less than `strength`."""
    return text[0] if text[1] >= strength else f"({text[0]})"
