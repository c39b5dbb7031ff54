r"""Derivatives: `\frac{\partial L}{\partial W}`, `dL/dW`, `\frac{d}{dx} f(x)`, `\nabla_W L`, second ones; `dW`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from graphc.ir.types import Dim
from graphc.lang.latex import scripts, typed
from graphc.lang.latex.names import refuse
from graphc.lang.latex.parsed import Fraction, Group, Item, Operator, Product, Side, Symbol, lone_side
from graphc.lang.latex.typed import Value
from graphc.lang.suggest import clip
from graphc.lang.tree import Binary, Derivative, Expr, Name, Number, Place
from graphc.lang.walk import Walk

if TYPE_CHECKING:
    from graphc.lang.latex.read import Reader

T = TypeVar("T")
HOW = r"a derivative is written `\frac{\partial L}{\partial W}`"
REACH = "how far does the derivative reach? put what it is taken of in parentheses"


class Variable(NamedTuple):
    """What is differentiated by, how often, and whether it is written transposed."""

    value: Value
    times: int
    transposed: bool


def is_quotient(fraction: Fraction) -> bool:
    """Whether top and bottom both begin with a differential."""
    top, bottom = _product(fraction.top), _product(fraction.bottom)
    return top is not None and bottom is not None and _begins(top) and _begins(bottom)


def is_operator(fraction: Fraction) -> bool:
    r"""Whether it is `\frac{\partial}{\partial x}`, which applies to what follows."""
    top = _product(fraction.top)
    return top is not None and len(top.items) == 1 and is_quotient(fraction)


def quotient(reader: Reader, fraction: Fraction) -> Walk[Value]:
    r"""`\frac{\partial L}{\partial W}`, of any order."""
    top, bottom = _product(fraction.top), _product(fraction.bottom)
    assert top is not None
    assert bottom is not None
    of: Value = yield _inside(reader, reader.product(top, 1))
    variables: list[Variable] = yield _variables(reader, bottom)
    return _taken(of, variables, _order(top.items[0]), fraction.at)


def applied(reader: Reader, product: Product, k: int) -> Walk[tuple[Value, int]]:
    r"""`\frac{d}{dx}` and the one factor after it."""
    fraction = product.items[k].atom
    assert isinstance(fraction, Fraction)
    top, bottom = _product(fraction.top), _product(fraction.bottom)
    assert top is not None
    assert bottom is not None
    variables: list[Variable] = yield _variables(reader, bottom)
    if product.items[k].scripts:
        raise refuse(HOW, fraction.at)
    operand = yield _reach(reader, product, k + 1, fraction.at)
    of, end = operand
    if end < len(product.items):
        raise refuse(REACH, fraction.at)
    return _taken(of, variables, _order(top.items[0]), fraction.at), end


def prefixed(reader: Reader, product: Product, k: int) -> Walk[tuple[Value, int]]:
    r"""`\partial L/\partial W` and `\nabla_W L`."""
    operator = product.items[k].atom
    assert isinstance(operator, Operator)
    if operator.name == "nabla":
        gradient: tuple[Value, int] = yield _nabla(reader, product, k)
        return gradient
    operand = yield _operand(reader, product, k + 1, operator.at)
    of, end = operand
    result: tuple[Value, int] = yield _slashed(reader, product, k, of, end)
    return result


def differential(reader: Reader, product: Product, k: int) -> Walk[tuple[Value, int]]:
    """`dL/dW`, or the gradient that is called `dW`."""
    at = product.items[k].at
    following = product.items[k + 1] if k + 1 < len(product.items) else None
    if following is None or product.links[k + 1] is not None:
        raise refuse(f"`d` is reserved for derivatives; {HOW}", at)
    if _is_slash(product, k + 2):
        of: Value = yield reader.item(following)
        result: tuple[Value, int] = yield _slashed(reader, product, k, of, k + 2)
        return result
    return (yield _gradient(reader, product.items[k], following)), k + 2


def _gradient(reader: Reader, mark: Item, subject: Item) -> Walk[Value]:
    """The gradient `dW` of a name; its further scripts are an entry, or a power."""
    atom = subject.atom
    if not isinstance(atom, Symbol) or mark.scripts:
        raise refuse(f"`d` is reserved for derivatives; {HOW}", mark.at)
    found = reader.gradient(subject)
    if found is None:
        raise refuse(
            f"`d{clip(atom.written)}` is not defined, so it is no gradient that can be used", mark.at
        )
    name, rest = found
    value = Value(Name(name, mark.at, name), reader.names.shape(name))
    for script in rest:
        value = yield scripts.apply(reader, value, script)
    return value


def _slashed(reader: Reader, product: Product, k: int, of: Value, end: int) -> Walk[tuple[Value, int]]:
    r"""`… / \partial W` behind `\partial L`."""
    if not _is_slash(product, end):
        raise refuse(HOW, product.items[k].at)
    last = end
    while last < len(product.items) and (last == end or product.links[last] is None):
        if not _is_mark(product.items[last]):
            break
        last += 2
    below = Product(product.items[end:last], (None, *product.links[end + 1 : last]))
    variables: list[Variable] = yield _variables(reader, below)
    if _is_slash(product, last):
        raise refuse(f"a quotient of three derivatives cannot be read; {HOW}", product.items[last].at)
    return _taken(of, variables, _order(product.items[k]), product.items[k].at), last


def _nabla(reader: Reader, product: Product, k: int) -> Walk[tuple[Value, int]]:
    item = product.items[k]
    lower = [script for script in item.scripts if script.kind == "_"]
    if not lower:
        raise refuse(r"the gradient says by what it is taken: write `\nabla_W L`", item.at)
    side = lone_side(lower[0].body)
    below = side.terms[0].product if side is not None and len(side.terms) == 1 else None
    if below is None or len(below.items) != 1:
        raise refuse(r"a gradient is taken by one name: write `\nabla_W L`", lower[0].at)
    variable: Variable = yield _variable(reader, below.items[0])
    operand = yield _reach(reader, product, k + 1, item.at)
    of, end = operand
    if end < len(product.items) and product.links[end] is None:
        raise refuse(REACH, item.at)
    if of.ndim:
        raise refuse(r"the gradient of an array is not read; write `\frac{\partial z}{\partial x}`", item.at)
    order = _order(item)
    return _taken(of, [variable._replace(times=order)], order, item.at), end


def _operand(reader: Reader, product: Product, k: int, at: Place) -> Walk[tuple[Value, int]]:
    if k >= len(product.items) or product.links[k] is not None:
        raise refuse(HOW, at)
    found: tuple[Value, int] = yield _inside(reader, reader.factor(product, k))
    return found


def _inside(reader: Reader, walk: Walk[T]) -> Walk[T]:
    """A walk over what a derivative is taken of."""
    before, reader.differentiating = reader.differentiating, True
    value: T = yield walk
    reader.differentiating = before
    return value


def _reach(reader: Reader, product: Product, k: int, at: Place) -> Walk[tuple[Value, int]]:
    """The factor that is differentiated; behind a constant it is the whole rest of the term."""
    found: tuple[Value, int] = yield _operand(reader, product, k, at)
    if found[1] < len(product.items) and _is_constant(reader, found[0].expr):
        rest: Value = yield reader.product(product, k)
        return rest, len(product.items)
    return found


def _is_constant(reader: Reader, root: Expr) -> bool:
    """Whether an expression is made of numbers and sizes."""
    stack = [root]
    while stack:
        match stack.pop():
            case Binary(left=left, right=right):
                stack += [left, right]
            case Number():
                pass
            case Name(id=name) if isinstance(reader.names.lookup(name), Dim):
                pass
            case _:
                return False
    return True


def _variables(reader: Reader, product: Product) -> Walk[list[Variable]]:
    r"""What stands below: `\partial x \, \partial y^\top`."""
    found: list[Variable] = []
    k = 0
    while k < len(product.items):
        mark = product.items[k]
        if not _is_mark(mark) or mark.scripts or k + 1 == len(product.items) or any(product.links[k : k + 2]):
            raise refuse(f"each name below has its own mark; {HOW}", mark.at)
        found.append((yield _variable(reader, product.items[k + 1])))
        k += 2
    return found


def _variable(reader: Reader, item: Item) -> Walk[Variable]:
    times, turned = 1, False
    rest = item.scripts
    named = reader.named(item)
    probe = Value(Name("_", item.at, "_"), (1,))
    for script in named[1] if named is not None else item.scripts:
        power = scripts.whole(script)
        if power is not None or scripts.is_transpose(reader, probe, script):
            times, turned = (power or times), turned or power is None
            rest = tuple(s for s in rest if s is not script)
    value: Value = typed.settled((yield reader.item(replace(item, scripts=rest))))
    return Variable(value, times, turned)


def _taken(of: Value, variables: list[Variable], order: int, at: Place) -> Value:
    """The derivative of `of` by one variable after the other, with the axes of each behind."""
    times = [variable for variable in variables for _ in range(min(variable.times, 9))]
    if len(times) != order or order > 4:
        raise refuse(
            f"a derivative of order {order} has {order} differentials below, here are {len(times)}", at
        )
    of = typed.settled(of)
    result, shape = of.expr, of.shape
    for variable in times:
        result = Derivative(result, variable.value.expr, at)
        shape += variable.value.shape
    turned = times[-1].transposed
    if turned and len(shape) != 1 and not (len(shape) == 2 and times[-1].value.ndim == 1):
        raise refuse("a derivative by a transposed matrix is not read; transpose the derivative", at)
    if any(variable.transposed for variable in times[:-1]):
        raise refuse("only the last differential below may be transposed", at)
    row = len(shape) == 1 and turned
    loose = len(shape) == 1 and not of.ndim and not turned
    return Value(result, shape, row, of.depth + order, loose=loose)


def _order(item: Item) -> int:
    upper = [script for script in item.scripts if script.kind == "^"]
    if not upper:
        return 1
    order = scripts.whole(upper[0])
    if order is None or not order:
        raise refuse("the order of a derivative is a whole number", upper[0].at)
    return order


def _is_mark(item: Item) -> bool:
    r"""`\partial` or `d`, with or without an order."""
    atom = item.atom
    if any(script.kind == "_" for script in item.scripts):
        return False
    if isinstance(atom, Operator):
        return atom.name == "partial"
    return isinstance(atom, Symbol) and atom.base == "d" and not atom.marks and atom.font in ("", "mathrm")


def _begins(product: Product) -> bool:
    return _is_mark(product.items[0]) and not (len(product.items) > 1 and product.links[1] is not None)


def _is_slash(product: Product, k: int) -> bool:
    """Whether item k is a differential behind a slash."""
    if k >= len(product.items) or k + 1 >= len(product.items):
        return False
    link = product.links[k]
    return link is not None and link.kind == "SLASH" and _is_mark(product.items[k])


def _product(group: Group) -> Product | None:
    side = lone_side(group)
    if side is None or len(side.terms) != 1 or side.terms[0].sign is not None:
        return None
    return side.terms[0].product


def gradient_of(side: Side) -> Item | None:
    """The name behind the `d` of a side that is `dW`."""
    term = side.terms[0]
    items = term.product.items
    if len(side.terms) > 1 or term.sign is not None or len(items) != 2 or term.product.links[1] is not None:
        return None
    mark, subject = items
    named = isinstance(mark.atom, Symbol) and isinstance(subject.atom, Symbol)
    return subject if named and _is_mark(mark) and not mark.scripts else None
