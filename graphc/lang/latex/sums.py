r"""`\sum`, `\prod` and `\max` over indices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphc.lang.latex import rowwise, typed
from graphc.lang.latex.indices import Bound, elements, fresh
from graphc.lang.latex.names import refuse
from graphc.lang.latex.parsed import (
    Item,
    Literal,
    Operator,
    Product,
    Script,
    Side,
    Symbol,
    lone_item,
    lone_side,
)
from graphc.lang.latex.typed import Value
from graphc.lang.tree import (
    Binary,
    Call,
    Compare,
    Expr,
    Index,
    IndexSum,
    Name,
    Number,
    Place,
    Unary,
)
from graphc.lang.walk import Walk, run

if TYPE_CHECKING:
    from graphc.lang.latex.read import Reader


def read(reader: Reader, product: Product, k: int) -> Walk[tuple[Value, int]]:
    r"""The sum or product over an index at item `k`; its body is the rest of the term."""
    item = product.items[k]
    assert isinstance(item.atom, Operator)
    name, end = item.atom.name, len(product.items)
    if k + 1 == end or product.links[k + 1] is not None:
        raise refuse(f"`\\{name}` is not followed by what it runs over", item.at)
    if item.scripts:
        value: Value = yield over(reader, item, name, product, k + 1)
    else:
        value = yield _entries(reader, item, name, product, k + 1)
    return value, end


def _entries(reader: Reader, item: Item, name: str, product: Product, start: int) -> Walk[Value]:
    r"""`\sum (p - y)`: over all entries of what follows."""
    body: Value = typed.settled((yield reader.product(product, start)))
    if not body.ndim:
        raise refuse(
            f"`\\{name}` has no index, and what follows is a number; write `\\{name}_{{i}}`", item.at
        )
    return Value(Call(name, (body.expr,), (), item.at), (), depth=body.depth + 1)


def over(reader: Reader, item: Item, name: str, product: Product, start: int) -> Walk[Value]:
    """`sum`, `prod`, `max` or `min` of the items from `start` on over the indices at `item`."""
    letters, sizes = yield _range(reader, item, name)
    base = sizes[1] if sizes else None
    frame: dict[str, Bound] = {}
    for letter in letters:
        if letter.base in reader.indices.free:
            raise refuse(
                f"`{letter.base}` is an index of the left side, and summed here; rename one", letter.at
            )
        frame[letter.base] = Bound(fresh(reader, letter.base), base)
    reader.indices.frames.append(frame)
    body: Value = typed.settled((yield reader.product(product, start)), vector=name == "sum")
    reader.indices.frames.pop()
    if body.ndim and not body.axes:
        raise refuse(
            f"under `\\{name}` every array is indexed down to a number, as in `x_{letters[0].base}`", body.at
        )
    clauses: list[tuple[Name, Expr]] = []
    for letter in letters:
        bound = frame[letter.base]
        extent = sizes[0] if sizes else _extent(bound, letter)
        clauses.append((Name(bound.name, letter.at, letter.base), extent))
    depth = body.depth + 1
    if name == "sum":
        expr = IndexSum(body.expr, tuple(clauses), item.at)
        value = Value(expr, body.shape, body.row, depth, axes=body.axes)
        outermost = reader.indices.gathers and not reader.indices.frames
        return rowwise.gathered(value) if outermost else value
    return Value(_reduced(name, body.expr, [index.id for index, _ in clauses], item.at), (), depth=depth)


def _extent(bound: Bound, letter: Symbol) -> Expr:
    if not bound.sizes:
        raise refuse(
            f"nothing here is indexed by `{letter.base}`, so its range is unknown; "
            f"write `\\sum_{{{letter.base}=1}}^{{N}}`",
            letter.at,
        )
    return typed.size_expr(bound.sizes[0], letter.at)


def _range(reader: Reader, item: Item, name: str) -> Walk[tuple[list[Symbol], tuple[Expr, int] | None]]:
    """The indices below the sign, and their common extent with its first number, if limits are written."""
    lower = next((s for s in item.scripts if s.kind == "_"), None)
    upper = next((s for s in item.scripts if s.kind == "^"), None)
    if lower is None:
        raise refuse(f"`\\{name}` has no index; write `\\{name}_{{i}}`", item.at)
    first = lower.body.items[0]
    if not first.ops:
        if upper is not None:
            raise refuse("the lower limit is missing; write `i=1` below", upper.at)
        return _letters(elements(lower.body), lower), None
    if len(lower.body.items) > 1 or len(first.ops) > 1 or first.ops[0].text != "=":
        raise refuse("below this sign stands an index, or `i=1`; conditions are not read", first.ops[0].at)
    begin, index = lone_item(first.sides[1]), lone_item(first.sides[0])
    if (
        begin is None
        or index is None
        or not isinstance(begin.atom, Literal)
        or begin.atom.text not in ("0", "1")
    ):
        raise refuse("an index runs from 0 or 1 over a whole axis; another start is not read", first.at)
    limit = lone_side(upper.body) if upper is not None else None
    if limit is None:
        raise refuse("the upper limit is missing; write `^{N}`", item.at)
    last: Value = yield reader.side(limit)
    if last.ndim:
        raise refuse("an upper limit is a size, such as `N`", limit.at)
    start = int(begin.atom.text)
    extent = last.expr if start else _plus_one(last.expr, limit)
    return _letters([index], lower), (extent, start)


def _plus_one(expr: Expr, side: Side) -> Expr:
    """`N` for the upper limit `N-1`."""
    if (
        isinstance(expr, Binary)
        and expr.op == "-"
        and isinstance(expr.right, Number)
        and expr.right.value == 1
    ):
        return expr.left
    if isinstance(expr, Number):
        return Number(expr.value + 1, expr.at)
    return Binary("+", expr, Number(1, side.at), side.at)


def _letters(items: list[Item], script: Script) -> list[Symbol]:
    letters = [item.atom for item in items if isinstance(item.atom, Symbol) and not item.scripts]
    if len(letters) < len(items) or any(letter.marks for letter in letters):
        raise refuse("an index is one letter, as in `\\sum_{i}`", script.at)
    if len({letter.base for letter in letters}) < len(letters):
        raise refuse("an index stands here twice", script.at)
    return letters


def _reduced(name: str, body: Expr, bound: list[str], at: Place) -> Expr:
    r"""`\prod_i` and `\max_i` of a body whose arrays all have the same indices, in the same order."""
    patterns: list[tuple[str, ...]] = []
    whole = _whole(body, patterns, at)
    order = patterns[0] if patterns else ()
    if any(pattern != order for pattern in patterns) or not set(bound) <= set(order):
        raise refuse(f"under `\\{name}` all arrays need the same indices in the same order", at)
    axes = tuple(order.index(letter) for letter in bound)
    rest = tuple(letter for letter in order if letter not in bound)
    spelt: Expr = Number(axes[0], at)
    call = Call(name, (whole,), (("axis", spelt),) if len(axes) == 1 and rest else (), at)
    if not rest:
        return call
    if len(axes) > 1:
        raise refuse(f"`\\{name}` over several of the indices is not read; use a graphc block", at)
    return Index(call, tuple(Name(letter, at, letter) for letter in rest), at)


def _whole(root: Expr, patterns: list[tuple[str, ...]], at: Place) -> Expr:
    """The body with every `x[i]` replaced by `x`; notes the indices of each."""

    def walk(expr: Expr) -> Walk[Expr]:
        match expr:
            case Index(operand=operand, items=items):
                names = tuple(item.id for item in items if isinstance(item, Name))
                if len(names) < len(items):
                    raise refuse("an index that is looked up is not read here; use a graphc block", expr.at)
                patterns.append(names)
                return operand
            case Binary(op=op, left=left, right=right):
                return Binary(op, (yield walk(left)), (yield walk(right)), expr.at)
            case Unary(op=op, operand=operand):
                return Unary(op, (yield walk(operand)), expr.at)
            case Compare(ops=ops, operands=operands):
                made = []
                for operand in operands:
                    made.append((yield walk(operand)))
                return Compare(ops, tuple(made), expr.at)
            case Call(function=function, args=args) if not expr.keywords:
                made = []
                for argument in args:
                    made.append((yield walk(argument)))
                return Call(function, tuple(made), (), expr.at)
            case Number():
                return expr
            case Name():
                return expr
        raise refuse("this is not read under a product or maximum over an index; use a graphc block", at)

    return run(walk(root))
