"""Python's own numbers, exactly: whole numbers, sizes such as `N`, and floats as the decimals they are typed as."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Literal, TypeGuard

from graphc.ir.node import Node
from graphc.ir.types import Dim, DimLike, divide
from graphc.lang.numpy_code.errors import broken, refuse
from graphc.lang.numpy_code.limits import MAX_DIGITS
from graphc.ops.leaf import as_decimal, const, size
from graphc.ops.pointwise import cast

Kind = Literal["bool", "int", "float"]
PythonNumber = bool | int | Dim | Fraction


def is_number(value: object) -> TypeGuard[PythonNumber]:
    """Whether a value is a number of Python's own, not an array."""
    return isinstance(value, int | Dim | Fraction)


def is_whole(value: object) -> TypeGuard[DimLike]:
    """Whether a value is a whole number, also one not known such as `N`."""
    return isinstance(value, int | Dim) and not isinstance(value, bool)


def kind_of(value: PythonNumber) -> Kind:
    """The NumPy kind a number of Python's takes."""
    if isinstance(value, bool):
        return "bool"
    return "float" if isinstance(value, Fraction) else "int"


def number_node(value: PythonNumber) -> Node:
    """The exact constant, or the size as a number."""
    if isinstance(value, Dim):
        return size(value)
    if isinstance(value, Fraction):
        decimal = as_decimal(value)
        return cast(const(value if decimal is None else decimal), "real")
    return const(int(value))


def arithmetic(op: str, a: PythonNumber, b: PythonNumber) -> PythonNumber | None:
    """The result where it is again an exact number or a size; None where it is only an expression, such as 1/N."""
    a, b = _plain(a), _plain(b)
    if isinstance(a, Dim) or isinstance(b, Dim):
        return _sizes(op, a, b)
    if op in ("div", "floordiv", "mod") and b == 0:
        broken("this divides by zero")
    if op == "pow":
        return _power(a, b)
    result = _EXACT[op](a, b) if op in _EXACT else None
    if isinstance(result, int | Fraction):
        _check_length(result)
    return result


_EXACT: dict[str, Callable[[Any, Any], PythonNumber]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: Fraction(a) / Fraction(b),
    "floordiv": lambda a, b: _like(a // b, a, b),
    "mod": lambda a, b: _like(a % b, a, b),
}


def _like(result: Any, a: Any, b: Any) -> PythonNumber:
    return Fraction(result) if isinstance(a, Fraction) or isinstance(b, Fraction) else int(result)


def _plain(value: PythonNumber) -> int | Dim | Fraction:
    return int(value) if isinstance(value, bool) else value


def _sizes(op: str, a: int | Dim | Fraction, b: int | Dim | Fraction) -> PythonNumber | None:
    if isinstance(a, Fraction) or isinstance(b, Fraction):
        return None
    if op in ("add", "sub", "mul"):
        return _EXACT[op](a, b)
    if op in ("floordiv", "mod"):
        quotient = divide(a, b)
        if quotient is None:
            sign = "//" if op == "floordiv" else "%"
            refuse(f"`{a} {sign} {b}` is not known for every {a}; give the model numbers as sizes")
        return quotient if op == "floordiv" else 0
    if op == "pow" and isinstance(b, int) and 0 <= b <= 8:
        power: DimLike = 1
        for _ in range(b):
            power = power * a
        return power
    return None


def _power(a: int | Fraction, b: int | Fraction) -> PythonNumber | None:
    if isinstance(b, Fraction) and b.denominator != 1:
        return None
    exponent = int(b)
    if abs(exponent) > MAX_DIGITS or len(str(abs(Fraction(a).numerator))) * abs(exponent) > 3 * MAX_DIGITS:
        refuse("this power is too large a number")
    if exponent < 0 and a == 0:
        broken("this divides by zero")
    result = Fraction(a) ** exponent
    whole = isinstance(a, int) and isinstance(b, int) and exponent >= 0
    return int(result) if whole else result


def _check_length(result: int | Fraction) -> None:
    exact = Fraction(result)
    if max(exact.numerator.bit_length(), exact.denominator.bit_length()) > 4 * MAX_DIGITS:
        refuse("this number has too many digits")


def compare(op: str, a: PythonNumber, b: PythonNumber) -> bool | None:
    """Whether `a op b`, where that is the same for every size; else None.

    A size is at least 1, and sizes written differently, such as N and D, or N and N*D, are never the same.
    """
    a, b = _plain(a), _plain(b)
    if isinstance(a, Fraction) or isinstance(b, Fraction):
        return None if isinstance(a, Dim) or isinstance(b, Dim) else _SIGNS[op](Fraction(a) - Fraction(b))
    difference = a - b
    if not isinstance(difference, Dim):
        return _SIGNS[op](difference)
    if op in ("equal", "not_equal"):
        return op == "not_equal"
    least = _least(difference)
    if least is not None and least > 0:
        return op in ("greater", "greater_equal")
    most = _least(difference * -1)
    if most is not None and most > 0:
        return op in ("less", "less_equal")
    return None


def _least(d: DimLike) -> int | None:
    """The value at sizes of 1 of a polynomial that grows with each of its sizes; None for one that may fall."""
    if not isinstance(d, Dim):
        return d
    if any(coefficient < 0 for monomial, coefficient in d.terms if monomial):
        return None
    return sum(coefficient for _, coefficient in d.terms)


_SIGNS: dict[str, Callable[[Any], bool]] = {
    "less": lambda d: d < 0,
    "less_equal": lambda d: d <= 0,
    "greater": lambda d: d > 0,
    "greater_equal": lambda d: d >= 0,
    "equal": lambda d: d == 0,
    "not_equal": lambda d: d != 0,
}
