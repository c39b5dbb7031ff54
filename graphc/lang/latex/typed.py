"""Products, sums and powers by the shapes of their operands: column-vector algebra over 1-D arrays.

A 1-D array is a column; its transpose is a row. A row times a column is a number, a column times a row the
outer product, a matrix times a column a column. What has no such reading is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from graphc.ir.types import Dim, DimLike, Shape
from graphc.lang import limits
from graphc.lang.latex.names import refuse
from graphc.lang.tree import Binary, Call, Derivative, Expr, Name, Number, Place, Sequence, Transpose, Unary

WAYS = r"write `a^\top b`, `a b^\top` or `a \odot b`"


@dataclass(frozen=True, slots=True)
class Value:
    r"""An expression with its shape; `row` marks a transposed 1-D array.

    `special` is "one" or "identity" for a `\mathbf 1` or `I` whose size is still to be seen; `expr` is then
    the number before it. `loose` marks the derivative of a number by a column: to some that is a row.
    """

    expr: Expr
    shape: Shape
    row: bool = False
    depth: int = 1
    special: str = ""
    loose: bool = False
    axes: tuple[str, ...] = ()

    @property
    def at(self) -> Place:
        return self.expr.at

    @property
    def ndim(self) -> int:
        return len(self.shape)


def binary(op: str, left: Value, right: Value, shape: Shape, row: bool = False) -> Value:
    """`left op right`, its depth within bounds."""
    depth = max(left.depth, right.depth) + 1
    if depth > limits.MAX_CHAIN:
        raise refuse(f"a formula is at most {limits.MAX_CHAIN:,} operations deep; name its parts", right.at)
    axes = (left.axes or right.axes) if shape else ()
    return Value(Binary(op, left.expr, right.expr, left.at), shape, row, depth, axes=axes)


def negative(value: Value, at: Place) -> Value:
    """`-value`."""
    return replace(value, expr=Unary("-", value.expr, at), depth=value.depth + 1)


def entrywise(op: str, left: Value, right: Value) -> Value:
    r"""`+`, `-`, `\odot` and `/`: entry by entry, as NumPy broadcasts."""
    if op == "/" and square(right.shape) and isinstance(right.expr, Name | Transpose):
        raise refuse(
            r"a quotient by a square matrix: write `A^{-1}`, or `A^{\odot -1}` for the entries", right.at
        )
    left, right = beside(left, right), beside(right, left)
    if left.ndim == right.ndim == 1 and left.row != right.row:
        raise refuse("a row and a column are joined entry by entry; transpose one of them", right.at)
    shape = broadcast(left.shape, right.shape)
    row = len(shape) == 1 and (left.row or right.row)
    return binary(op, left, right, shape, row)


def beside(value: Value, other: Value) -> Value:
    """A `1` or `I` beside what it is joined with entry by entry."""
    if value.special == "one" and other.ndim:
        return replace(value, special="", row=False)
    if value.special == "identity" and square(other.shape):
        return _scaled(value, identity(other.shape[0], value.at))
    return settled(value, vector=True)


def times(left: Value, right: Value) -> Value:
    """Juxtaposition: `*` or `@`, by what stands side by side."""
    if _is_number(left) or _is_number(right):
        special = left.special or right.special
        if special and _is_one(left if left.special else right):
            scale, unit = (right, left) if left.special else (left, right)
            return replace(scale, special=special, row=unit.row)
        made = binary("*", left, right, left.shape or right.shape, left.row or right.row)
        return replace(made, special=special, loose=left.loose or right.loose)
    left, right = _chained(_before(left, right), right), _after(left, right)
    if left.ndim > 2 or right.ndim > 2:
        raise refuse(
            "a product of arrays with three or more axes is not written side by side; use a graphc block",
            right.at,
        )
    match (left.ndim, left.row, right.ndim, right.row):
        case (1, True, 1, False):
            return binary("@", left, right, ())
        case (1, False, 1, True):
            call = Call("outer", (left.expr, right.expr), (), left.at)
            return Value(call, left.shape + right.shape, depth=max(left.depth, right.depth) + 1)
        case (2, _, 1, False):
            return binary("@", left, right, left.shape[:1])
        case (1, True, 2, _):
            made = binary("@", left, right, right.shape[1:], row=True)
            return replace(made, row=not left.loose, loose=left.loose)
        case (2, _, 2, _):
            return binary("@", left, right, left.shape[:1] + right.shape[1:])
    one, other = _kind(left), _kind(right)
    raise refuse(f"{one} stands before {other}, which is no matrix product; {WAYS}", right.at)


def sized(left: Value, right: Value) -> tuple[Value, Value]:
    r"""Two factors, a `\mathbf 1` or `I` among them with the size that fits the other."""
    if _is_number(left) or _is_number(right):
        return left, right
    return _before(left, right), _after(left, right)


def transposed(value: Value, at: Place) -> Value:
    """`value^T`."""
    if value.special == "one":
        return replace(value, row=not value.row)
    if value.special or not value.ndim:
        return value
    if value.ndim == 1:
        return replace(value, row=not value.row, loose=False)
    if value.axes and value.ndim == 2:
        return replace(value, shape=value.shape[::-1], axes=value.axes[::-1])
    if value.ndim == 2:
        if isinstance(value.expr, Transpose):
            return replace(value, expr=value.expr.operand, shape=value.shape[::-1])
        return Value(Transpose(value.expr, value.at), value.shape[::-1], depth=value.depth + 1)
    raise refuse(f"the transpose of an array with {value.ndim} axes is not read; use a graphc block", at)


def power(base: Value, exponent: Value, at: Place, entries: bool = False) -> Value:
    """`base ** exponent`, entry by entry; refused where it could be a power of matrices."""
    base, exponent = settled(base, vector=not exponent.ndim), settled(exponent)
    if base.ndim == 2 and square(base.shape) and not entries:
        raise refuse(r"a power of a square matrix: write `A A`, or `A^{\odot 2}` for the entries", at)
    if base.ndim and exponent.ndim and base.shape != exponent.shape:
        raise refuse("an array to the power of another is read only where both have one shape", at)
    if exponent.ndim == 2 and square(exponent.shape):
        raise refuse(r"a square matrix as exponent: write `\exp(A)` for the entries", at)
    return binary("**", base, exponent, broadcast(base.shape, exponent.shape), base.row)


def inverse(value: Value, at: Place) -> Value:
    """`value^{-1}`: of a matrix its inverse, of a number 1 over it."""
    if value.special == "identity":
        return value
    value = settled(value)
    if value.ndim == 2:
        return Value(Call("inv", (value.expr,), (), value.at), value.shape, depth=value.depth + 1)
    if value.ndim:
        raise refuse(r"only matrices and numbers have an inverse; write `\frac{1}{x}` for the entries", at)
    return binary("/", Value(Number(1, at), ()), value, ())


def settled(value: Value, vector: bool = False) -> Value:
    """A value whose size is known; only with `vector` it may be the row of a matrix inside a sum."""
    if value.axes and not vector:
        raise refuse(
            "a row of a matrix is not read here; index it down to a number, as in `X_{nj}`", value.at
        )
    if value.special:
        sign = r"\mathbf{1}" if value.special == "one" else "I"
        raise refuse(f"the size of `{sign}` does not show here; write `{sign}_N`", value.at)
    return value


def square(shape: Shape) -> bool:
    """Whether the two axes are of one size."""
    return len(shape) == 2 and shape[0] == shape[1]


def broadcast(left: Shape, right: Shape) -> Shape:
    """The shape of an entrywise result; what does not fit is told when it is built."""
    longer, shorter = (left, right) if len(left) >= len(right) else (right, left)
    lead = len(longer) - len(shorter)
    return longer[:lead] + tuple(b if a == 1 else a for a, b in zip(longer[lead:], shorter, strict=True))


def ones(shape: Shape, at: Place, row: bool = False) -> Value:
    """An array of ones."""
    sizes = Sequence(tuple(size_expr(size, at) for size in shape), at)
    return Value(Call("ones", (sizes,), (), at), shape, row)


def identity(size: DimLike, at: Place) -> Value:
    """An identity matrix."""
    return Value(Call("eye", (size_expr(size, at),), (), at), (size, size))


def size_expr(size: DimLike, at: Place) -> Expr:
    """A size as an expression."""
    if not isinstance(size, Dim):
        return Number(size, at)
    total: Expr | None = None
    for monomial, coefficient in size.terms:
        factors: list[Expr] = [Name(name, at, name) for name, power in monomial for _ in range(power)]
        if abs(coefficient) != 1 or not factors:
            factors.insert(0, Number(abs(coefficient), at))
        term = factors[0]
        for factor in factors[1:]:
            term = Binary("*", term, factor, at)
        if total is None:
            total = Unary("-", term, at) if coefficient < 0 else term
        else:
            total = Binary("-" if coefficient < 0 else "+", total, term, at)
    assert total is not None
    return total


def _is_number(value: Value) -> bool:
    return not value.ndim and not value.special


def _kind(value: Value) -> str:
    if value.ndim == 1:
        return "a row" if value.row else "a column"
    return "a matrix" if value.ndim == 2 else "a number"


def _chained(left: Value, right: Value) -> Value:
    r"""The left of two factors; `\frac{\partial L}{\partial z}` before `\frac{\partial z}{\partial w}` is a row."""
    if not isinstance(right.expr, Derivative):
        return left
    if left.loose:
        return replace(left, row=True)
    turned = right.loose and isinstance(left.expr, Derivative) and left.ndim == 2
    if turned and left.shape[1] != right.shape[0] and left.shape[0] == right.shape[0]:
        raise refuse(
            r"here `\frac{\partial z}{\partial w}` has the axes of z first, then those of w; "
            r"write `\frac{\partial z}{\partial w}^\top`",
            left.at,
        )
    return left


def _before(value: Value, right: Value) -> Value:
    if value.special == "identity" and right.ndim:
        return _scaled(value, identity(right.shape[0], value.at))
    if value.special == "one" and right.ndim and value.row:
        return _scaled(value, ones(right.shape[:1], value.at, True))
    return settled(value, vector=True)


def _after(left: Value, value: Value) -> Value:
    if value.special == "identity" and left.ndim:
        return _scaled(value, identity(left.shape[-1], value.at))
    if value.special == "one" and left.ndim and not value.row:
        return _scaled(value, ones(left.shape[-1:], value.at))
    return settled(value, vector=True)


def _scaled(scale: Value, made: Value) -> Value:
    if _is_one(scale):
        return made
    return binary("*", replace(scale, special="", row=False), made, made.shape, made.row)


def _is_one(value: Value) -> bool:
    return isinstance(value.expr, Number) and value.expr.value == 1
