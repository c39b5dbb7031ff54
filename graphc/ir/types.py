"""Symbolic dimensions, shapes and dtypes.

A dimension is an `int` or a `Dim`: a polynomial with whole coefficients in named sizes, such as
`N`, `2*N + 1` or `N*T`. Distinct names are never assumed equal, nor equal to 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import index
from typing import Literal, SupportsIndex

from graphc.ir.errors import BindError, ShapeError

DType = Literal["real", "int", "bool"]
DTYPES: tuple[DType, ...] = ("bool", "int", "real")

Monomial = tuple[tuple[str, int], ...]


class Dim:
    """A polynomial in named sizes; never a plain number (those are `int`). Interned by value."""

    __slots__ = ("terms",)
    terms: tuple[tuple[Monomial, int], ...]

    def __new__(cls, terms: tuple[tuple[Monomial, int], ...]) -> Dim:
        return _intern_dim(terms)

    def __reduce__(self) -> tuple[type[Dim], tuple[tuple[tuple[Monomial, int], ...]]]:
        return Dim, (self.terms,)

    def __add__(self, other: DimLike) -> DimLike:
        return _sum(self, other)

    __radd__ = __add__

    def __neg__(self) -> DimLike:
        return self * -1

    def __sub__(self, other: DimLike) -> DimLike:
        return self + (-1 * other)

    def __rsub__(self, other: DimLike) -> DimLike:
        return other + (-1 * self)

    def __mul__(self, other: DimLike) -> DimLike:
        return _product(self, other)

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return "".join(_signed(m, c, first=i == 0) for i, (m, c) in enumerate(self.terms))

    @property
    def symbols(self) -> tuple[str, ...]:
        """The named sizes this dimension is made of, in alphabetical order."""
        return tuple(sorted({name for monomial, _ in self.terms for name, _ in monomial}))


DimLike = int | Dim
Shape = tuple[DimLike, ...]


@cache
def _intern_dim(terms: tuple[tuple[Monomial, int], ...]) -> Dim:
    self = object.__new__(Dim)
    self.terms = terms
    return self


@cache
def _sum(a: Dim, b: DimLike) -> DimLike:
    return _from_terms([*a.terms, *_terms(b)])


@cache
def _product(a: Dim, b: DimLike) -> DimLike:
    return _from_terms([(_times(m, k), c * d) for m, c in a.terms for k, d in _terms(b)])


def _terms(value: DimLike) -> tuple[tuple[Monomial, int], ...]:
    return value.terms if isinstance(value, Dim) else (((), value),)


def _times(a: Monomial, b: Monomial) -> Monomial:
    powers = dict(a)
    for name, power in b:
        powers[name] = powers.get(name, 0) + power
    return tuple(sorted(powers.items()))


def _from_terms(terms: Iterable[tuple[Monomial, int]]) -> DimLike:
    total: dict[Monomial, int] = {}
    for monomial, coefficient in terms:
        total[monomial] = total.get(monomial, 0) + coefficient
    kept = {m: c for m, c in total.items() if c}
    if not kept:
        return 0
    if set(kept) == {()}:
        return kept[()]
    # Highest degree first, constant last: 2*N + 1.
    return Dim(tuple(sorted(kept.items(), key=lambda mc: (-sum(p for _, p in mc[0]), mc[0]))))


def _signed(monomial: Monomial, coefficient: int, *, first: bool) -> str:
    factors = [name if power == 1 else f"{name}**{power}" for name, power in monomial]
    if abs(coefficient) != 1 or not factors:
        factors.insert(0, str(abs(coefficient)))
    sign = ("-" if coefficient < 0 else "") if first else (" - " if coefficient < 0 else " + ")
    return sign + "*".join(factors)


_FACTOR = r"(?:\d+|[^\W\d]\w*)(?:\s*(?:\*\*|\^)\s*\d+)?"
_PRODUCT = rf"{_FACTOR}(?:\s*\*\s*{_FACTOR})*"
_POLYNOMIAL = re.compile(rf"\s*-?\s*{_PRODUCT}(?:\s*[+-]\s*{_PRODUCT})*\s*\Z")


def dim(value: str | DimLike) -> DimLike:
    """A dimension from what a user writes: `784`, `"N"`, `"2*N + 1"` or a `Dim`."""
    if isinstance(value, Dim) or (type(value) is int and value >= 0):
        return value
    found = _parse_dim(value) if isinstance(value, str) else _whole(value)
    if isinstance(found, int) and found < 0:
        raise ShapeError(f"a dimension cannot be negative: {value}")
    return found


def _whole(value: object) -> int:
    """A whole number of any integer type, such as NumPy's, as an int."""
    if not isinstance(value, SupportsIndex) or isinstance(value, bool):
        raise ShapeError(f"a dimension is a whole number or a name such as 'N', not {value!r}")
    try:
        return index(value)
    except TypeError:  # an array offers an index, and has one only if it is a single whole number
        raise ShapeError(f"a dimension is a whole number or a name such as 'N', not {value!r}") from None


def _parse_dim(text: str) -> DimLike:
    if not text.strip():
        raise ShapeError("a dimension cannot be empty: write a whole number or a name such as 'N'")
    if not _POLYNOMIAL.match(text):
        raise ShapeError(f"{text!r} is not a dimension: write a whole number or a name such as 'N'")
    total: DimLike = 0
    for sign, product in re.findall(r"([+-]?)([^+-]+)", "".join(text.split()).replace("**", "^")):
        value: DimLike = -1 if sign == "-" else 1
        for factor in product.split("*"):
            base, _, power = factor.partition("^")
            atom: DimLike = int(base) if base.isdecimal() else Dim(((((base, 1),), 1),))
            for _ in range(int(power or 1)):
                value = value * atom
        total = total + value
    return total


def shape_of(dims: Sequence[str | DimLike] | str | DimLike) -> Shape:
    """A shape from what a user writes: `("N", 784)`, `"N"` or `784`."""
    if isinstance(dims, str | Dim) or not isinstance(dims, Iterable):
        dims = (dims,)
    return tuple(dim(d) for d in dims)


def product(dims: Iterable[DimLike]) -> DimLike:
    """The product of dimensions; of none, 1."""
    result: DimLike = 1
    for d in dims:
        result = result * d
    return result


def divide(numerator: DimLike, denominator: DimLike) -> DimLike | None:
    """`numerator / denominator` when it is again a dimension, else None: long division by leading terms."""
    if denominator == 0:
        return None
    if isinstance(numerator, int) and isinstance(denominator, int):
        return None if numerator % denominator else numerator // denominator
    return _quotient(numerator, denominator)


@cache
def _quotient(numerator: DimLike, denominator: DimLike) -> DimLike | None:
    names = [*(d for value in (numerator, denominator) if isinstance(value, Dim) for d in value.symbols)]
    divisor, coefficient = _leading(denominator, names)
    quotient: DimLike = 0
    rest = numerator
    while rest != 0:
        monomial, c = _leading(rest, names)
        powers = {n: dict(monomial).get(n, 0) - dict(divisor).get(n, 0) for n in names}
        if c % coefficient or any(p < 0 for p in powers.values()):
            return None
        term = _from_terms([(tuple(sorted((n, p) for n, p in powers.items() if p)), c // coefficient)])
        quotient, rest = quotient + term, rest - term * denominator
    return quotient


def _leading(value: DimLike, names: list[str]) -> tuple[Monomial, int]:
    """The term of highest power in the first name, among those in the second, and so on."""
    return max(_terms(value), key=lambda term: [dict(term[0]).get(n, 0) for n in names])


def evaluate_dim(value: DimLike, sizes: Mapping[str, int]) -> int:
    """The number a dimension stands for, given its named sizes."""
    if isinstance(value, int):
        return value
    total = 0
    for monomial, coefficient in value.terms:
        term = coefficient
        for name, power in monomial:
            if name not in sizes:
                raise BindError(f"the size {name} is not known: no input that was given has it in its shape")
            term *= sizes[name] ** power
        total += term
    return total


def check_sizes(sizes: Mapping[str, int] | None) -> None:
    """Refuse what is no number for each named size; raises BindError."""
    if sizes is not None and not isinstance(sizes, Mapping):
        raise BindError(f"sizes are given by name, as in {{'N': 128}}, not {sizes!r}")
    for name, value in (sizes or {}).items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise BindError(f"the size {name} is a whole number from 0, not {value!r}")


def show_shape(shape: Shape) -> str:
    """A shape as Python writes a tuple: `()`, `(N,)`, `(N, 784)`."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def broadcast_shapes(shapes: Sequence[Shape], what: str) -> Shape:
    """NumPy's broadcasting rule on symbolic shapes; `what` opens the error."""
    first = shapes[0] if shapes else ()
    if len(shapes) < 2 or list(shapes).count(first) == len(shapes):
        return first
    if len(shapes) == 2 and not all(shapes):
        return first or shapes[1]
    rank = max(len(s) for s in shapes)
    result: list[DimLike] = []
    for axis in range(rank):
        size: DimLike = 1
        for s in shapes:
            d = s[axis - rank + len(s)] if axis - rank + len(s) >= 0 else 1
            if d == 1 or d == size:
                continue
            if size != 1:
                given = " and ".join(map(show_shape, shapes))
                raise ShapeError(f"{what}: shapes {given} do not broadcast, {size} against {d}")
            size = d
        result.append(size)
    _refuse_accidental_square(shapes, tuple(result), what)
    return tuple(result)


def _refuse_accidental_square(shapes: Sequence[Shape], result: Shape, what: str) -> None:
    """`(N,)` with `(N, 1)` is a slip far more often than a wish for `(N, N)`: ask for it to be written out."""
    for s in shapes:
        missing = len(result) - len(s)
        for t in shapes if missing else ():
            for axis, d in enumerate(s):
                other = axis + missing - len(result)
                if (
                    isinstance(d, Dim)
                    and -other <= len(t)
                    and t[other] == 1
                    and d in t[: max(len(t) - len(s), 0)]
                ):
                    given = f"{show_shape(s)} and {show_shape(t)}"
                    raise ShapeError(
                        f"{what}: shapes {given} would broadcast to {show_shape(result)}; if that is meant, give the "
                        f"first its axis of size 1, expand_dims(…, 0), else drop the 1 of the second"
                    )


def promote(dtypes: Iterable[DType]) -> DType:
    """The widest of bool < int < real."""
    given = set(dtypes)
    return "real" if "real" in given else "int" if "int" in given else "bool"
