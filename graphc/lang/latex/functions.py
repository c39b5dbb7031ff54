r"""Functions of LaTeX: `\tanh z`, `\sigma(z)`, `\max(0, z)`, `\mathrm{softmax}(z)`, bars, `e^{z}`, indicators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from graphc.ir.errors import GraphcError, ShapeError
from graphc.ir.node import Node
from graphc.ir.op import FUNCTIONS, OPS
from graphc.ir.types import DimLike, Shape
from graphc.lang import calls
from graphc.lang.latex import rowwise, scripts, sums, typed
from graphc.lang.latex.commands import GREEK
from graphc.lang.latex.names import refuse
from graphc.lang.latex.parsed import (
    Cases,
    Group,
    Item,
    Literal,
    Product,
    Relation,
    Script,
    Side,
    Symbol,
    group_item,
    lone_item,
    lone_side,
)
from graphc.lang.latex.typed import Value
from graphc.lang.tree import Binary, Call, Derivative, Expr, Index, Name, Number, Place
from graphc.lang.walk import Walk
from graphc.ops.leaf import as_node, input_

if TYPE_CHECKING:
    from graphc.lang.latex.read import Reader

ALIASES = {
    "ln": "log",
    "tr": "trace",
    "Tr": "trace",
    "sgn": "sign",
    "Sgn": "sign",
    "sigm": "sigmoid",
    "logistic": "sigmoid",
    "lse": "logsumexp",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "onehot": "one_hot",
    "logsoftmax": "log_softmax",
    "Diag": "diag",
}
"""What functions of the graph language are called in LaTeX."""
MAX_SIZE = 16  # operations in a size


def meaning(symbol: Symbol) -> str | None:
    """The function of the graph language a symbol stands for; None if it is no function."""
    base = symbol.base
    if any(mark != "prime" for mark in symbol.marks) or (len(base) == 1 and base != "σ"):
        return None
    if base in GREEK:
        return "sigmoid" if base == "sigma" and symbol.font in ("", "command") else None
    known = FUNCTIONS.keys() - calls.HIDDEN
    for name in (base, base.lower(), ALIASES.get(base, ""), ALIASES.get(base.lower(), "")):
        if name in known:
            return name
    return None


def special(symbol: Symbol) -> str:
    r"""`\mathbf 1` and `I`."""
    if symbol.base == "1":
        return "one"
    return "identity" if symbol.base == "I" and not symbol.marks else ""


def is_indicator(reader: Reader, product: Product, k: int) -> bool:
    r"""`\mathbb 1[z > 0]`: a one, or an I that is no name, before a comparison in brackets."""
    item = product.items[k]
    if (
        not isinstance(item.atom, Symbol)
        or not special(item.atom)
        or item.scripts
        or k + 1 >= len(product.items)
    ):
        return False
    group = product.items[k + 1].atom
    compared = isinstance(group, Group) and len(group.items) == 1 and bool(group.items[0].ops)
    return compared and product.links[k + 1] is None and reader.named(item) is None


def read(reader: Reader, product: Product, k: int) -> Walk[tuple[Value, int]]:
    """A function and its argument."""
    item = product.items[k]
    symbol = item.atom
    assert isinstance(symbol, Symbol)
    if k + 1 >= len(product.items) or product.links[k + 1] is not None:
        raise refuse(f"`{symbol.written}` is not followed by its argument", symbol.at)
    following = product.items[k + 1]
    if special(symbol):
        value: Value = yield reader.item(following)
        return value, k + 2
    name = meaning(symbol)
    assert name is not None
    lower = next((s for s in item.scripts if s.kind == "_"), None)
    if lower is not None and name in ("max", "min", "sum", "prod", "mean"):
        value = yield sums.over(reader, item, name, product, k + 1)
        return value, len(product.items)
    args, after = yield _arguments(reader, product, k + 1, symbol)
    if lower is not None and name == "one_hot":
        args, lower = [*args, (yield reader.group(lower.body))], None
    value = _primed(reader, name, args, symbol) if symbol.marks else called(reader, name, args, symbol.at)
    if lower is not None:
        value = yield _based(reader, name, value, lower)
    for script in item.scripts:
        if script.kind == "^":
            value = _raised(value, script, symbol)
    if isinstance(following.atom, Group) and following.atom.kind in ("(", "[", "\\{"):
        for script in following.scripts:
            value = yield scripts.apply(reader, value, script)
    return value, after


def _arguments(reader: Reader, product: Product, k: int, symbol: Symbol) -> Walk[tuple[list[Value], int]]:
    """What is in the brackets; without brackets the one factor that follows, which must be the last."""
    group = product.items[k].atom
    args: list[Value] = []
    if isinstance(group, Group) and group.kind in ("(", "[", "\\{"):
        for relation in group.items:
            args.append(typed.settled((yield reader.relation(relation)), vector=True))
        return args, k + 1
    found = yield reader.factor(product, k)
    value, after = found
    if after < len(product.items):
        raise refuse(
            f"how far does `{symbol.written}` reach here? put its argument in parentheses", symbol.at
        )
    return [typed.settled(value, vector=True)], after


def called(reader: Reader, name: str, args: list[Value], at: Place) -> Value:
    """The call of a function of the graph language, with the shape of its result."""
    axes = next((arg.axes for arg in args if arg.axes), ())
    plain = name in OPS and OPS[name].elementwise and sum(bool(arg.ndim) for arg in args) == 1
    if axes and not plain:
        raise refuse(f"`{name}` of a row inside a sum is not read; name it as a whole array first", at)
    shape = _shape(reader, name, args, at)
    row = any(arg.row for arg in args) and len(shape) == 1
    depth = max((arg.depth for arg in args), default=0) + 1
    return Value(Call(name, tuple(arg.expr for arg in args), (), at), shape, row, depth, axes=axes)


def _shape(reader: Reader, name: str, args: list[Value], at: Place) -> Shape:
    nodes: list[Node | DimLike] = []
    for place, arg in enumerate(args):
        found = reader.names.lookup(arg.expr.id) if isinstance(arg.expr, Name) else None
        if isinstance(arg.expr, Number):
            found = as_node(arg.expr.value)
        nodes.append(input_(f"a{place}", arg.shape) if found is None else found)
    try:
        return FUNCTIONS[name](*nodes).shape
    except ShapeError:
        return args[0].shape  # told where it is built
    except (GraphcError, TypeError, ValueError, ArithmeticError) as error:
        reason = str(error) if isinstance(error, GraphcError) else "it takes other operands"
        raise refuse(f"`{name}` cannot be applied here: {reason}", at) from None


def exponential(reader: Reader, exponent: Value, at: Place) -> Value:
    """`e^{…}`."""
    if typed.square(exponent.shape):
        raise refuse(r"e to a square matrix: write `\exp(A)` for the entries", at)
    return called(reader, "exp", [typed.settled(exponent, vector=True)], at)


def bars(reader: Reader, group: Group, rest: tuple[Script, ...]) -> Walk[tuple[Value, tuple[Script, ...]]]:
    """`|x|` and the norms, with the scripts that are left."""
    value: Value = typed.settled((yield reader.group(group)), vector=True)
    if group.kind == "|":
        if value.ndim:
            raise refuse(
                r"bars around an array mean several things; write `\operatorname{abs}(x)`, `\lVert x \rVert` "
                r"or `\det A`",
                group.at,
            )
        return called(reader, "abs", [value], group.at), rest
    lower = next((s for s in rest if s.kind == "_"), None)
    kind = _norm(value, lower, group.at)
    rest = tuple(s for s in rest if s is not lower)
    if kind == "1":
        inner = called(reader, "abs", [value], group.at)
        return rowwise.total(inner), rest
    upper = next((s for s in rest if s.kind == "^"), None)
    if upper is not None and scripts.whole(upper) == 2:
        squares = typed.power(value, Value(Number(2, group.at), ()), group.at, entries=True)
        return rowwise.total(squares), tuple(s for s in rest if s is not upper)
    if value.axes:
        squares = typed.power(value, Value(Number(2, group.at), ()), group.at, entries=True)
        return called(reader, "sqrt", [rowwise.total(squares)], group.at), rest
    return called(reader, "norm", [value], group.at), rest


def _norm(value: Value, lower: Script | None, at: Place) -> str:
    """Which norm the subscript says: 1, or 2 (of a matrix the Frobenius norm)."""
    item = group_item(lower.body) if lower is not None else None
    atom = item.atom if item is not None else None
    written = atom.text if isinstance(atom, Literal) else atom.base if isinstance(atom, Symbol) else ""
    if lower is None or written == "F":
        return "2"
    if written not in ("1", "2"):
        raise refuse("only the norms 1, 2 and F are read", lower.at)
    if value.ndim > 1:
        other = r"`\lVert W \rVert_F`" if written == "2" else r"`\sum_{ij} |W_{ij}|`"
        raise refuse(f"the norm {written} of a matrix is not its entries'; write {other} for those", at)
    return written


def sized(reader: Reader, kind: str, item: Item) -> Walk[tuple[Value, tuple[Script, ...]]]:
    r"""`\mathbf 1_N`, `I_n`, `\mathbb 1_{z > 0}`, and those whose size is still to be seen."""
    lower = next((s for s in item.scripts if s.kind == "_"), None)
    rest = tuple(s for s in item.scripts if s is not lower)
    if lower is None:
        return Value(Number(1, item.at), (), special=kind), rest
    if len(lower.body.items) == 1 and lower.body.items[0].ops:
        compared: Value = yield reader.group(lower.body)
        return compared, rest
    inner = group_item(lower.body)
    if inner is not None and isinstance(inner.atom, Group) and inner.atom.items[0].ops:
        compared = yield reader.group(inner.atom)
        return compared, rest
    sizes: list[DimLike] = []
    for part in _sizes(lower):
        value: Value = yield part(reader)
        if value.depth > MAX_SIZE:
            raise refuse("this size is too long; name it", lower.at)
        sizes.append(_size_of(reader, value.expr))
    if kind == "one":
        return typed.ones(tuple(sizes), item.at), rest
    if len(sizes) > 1:
        raise refuse("an identity matrix has one size, as in `I_n`", lower.at)
    return typed.identity(sizes[0], item.at), rest


def _sizes(lower: Script) -> list[Callable[[Reader], Walk[Value]]]:
    r"""How the sizes in `_N`, `_{N - 1}` and `_{N \times D}` are read."""
    side = lone_side(lower.body)
    if side is None:
        raise refuse(r"sizes are written as in `\mathbf{1}_N` or `\mathbf{1}_{N \times D}`", lower.at)
    links = side.terms[0].product.links[1:]
    if len(side.terms) > 1 or any(link is None or link.text != "times" for link in links):
        return [lambda reader: reader.side(side)]
    return [partial(_read_item, item=item) for item in side.terms[0].product.items]


def _read_item(reader: Reader, item: Item) -> Walk[Value]:
    return reader.item(item)


def _size_of(reader: Reader, root: Expr) -> DimLike:
    """The size an expression of whole numbers and sizes is."""
    if isinstance(root, Number) and isinstance(root.value, int):
        return root.value
    if isinstance(root, Binary) and root.op in ("+", "-", "*"):
        left, right = _size_of(reader, root.left), _size_of(reader, root.right)
        return left + right if root.op == "+" else left - right if root.op == "-" else left * right
    found = reader.names.lookup(root.id) if isinstance(root, Name) else None
    if found is None or isinstance(found, Node):
        raise refuse("a size is a whole number or a name such as `N`", root.at)
    return found


def _primed(reader: Reader, name: str, args: list[Value], symbol: Symbol) -> Value:
    """`f'(z)`: the derivative, entry by entry."""
    if len(args) != 1 or name not in OPS or not OPS[name].elementwise:
        raise refuse(f"the prime at `{symbol.base}` is read for functions of one number only", symbol.at)
    argument = args[0]
    expr, entry = argument.expr, argument.expr if isinstance(argument.expr, Index) else None
    at = symbol.at
    if argument.axes and entry is None:
        raise refuse("the derivative at a formula of rows is not read", at)
    if isinstance(expr, Number):
        raise refuse("the derivative at a number is not read", at)
    by: Expr = entry.operand if entry is not None else expr
    result: Expr = by
    for _ in symbol.marks:
        result = Call(name, (result,), (), at) if result is by else result
        whole = argument.shape or entry is not None
        result = Derivative(Call("sum", (result,), (), at) if whole else result, by, at)
    if entry is not None:
        result = Index(result, entry.items, at)
    return replace(argument, expr=result, depth=argument.depth + 4)


def _raised(value: Value, script: Script, symbol: Symbol) -> Value:
    r"""`\tanh^2 z`."""
    exponent = scripts.whole(script)
    if exponent is None:
        raise refuse(
            f"a power of `{symbol.written}` is a whole number; an inverse function is not read", script.at
        )
    return typed.power(value, Value(Number(exponent, script.at), ()), script.at, entries=True)


def _based(reader: Reader, name: str, value: Value, lower: Script) -> Walk[Value]:
    r"""`\log_2 x`."""
    if name != "log":
        raise refuse(f"a subscript at `{name}` is not read", lower.at)
    base: Value = yield reader.group(lower.body)
    if not isinstance(base.expr, Number):
        raise refuse("the base of a logarithm is a number", lower.at)
    return typed.entrywise("/", value, called(reader, "log", [base], lower.at))


def cases(reader: Reader, found: Cases) -> Walk[Value]:
    """Values chosen by conditions, the last of which is all that is left."""
    (last, rest), *others = reversed(found.rows)
    if rest is not None and not (len(others) == 1 and _opposite(others[0][1], rest)):
        raise refuse(
            r"the last of the cases is `\text{otherwise}`, or the opposite of the one before", rest.at
        )
    value: Value = yield reader.side(last)
    for side, condition in others:
        if condition is None:
            raise refuse(r"only the last of the cases is `\text{otherwise}`", side.at)
        holds: Value = yield reader.relation(condition)
        chosen: Value = yield reader.side(side)
        value = called(reader, "where", [holds, chosen, value], found.at)
    return value


def _opposite(condition: Relation | None, other: Relation) -> bool:
    """Whether two comparisons of the same sides leave nothing between them but a tie."""
    if condition is None or len(condition.ops) != 1 or len(other.ops) != 1:
        return False
    signs = {condition.ops[0].text[0], other.ops[0].text[0]}
    written = [[_written(side) for side in relation.sides] for relation in (condition, other)]
    return signs == {"<", ">"} and written[0] == written[1] and None not in written[0]


def _written(side: Side) -> str | None:
    """A side that is one plain name or number."""
    item = lone_item(side)
    if item is None or item.scripts:
        return None
    return item.atom.written if isinstance(item.atom, Symbol) else getattr(item.atom, "text", None)
