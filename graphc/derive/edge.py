"""One edge of the graph: the local derivative of an operation by one operand, as formula, as text and as action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from graphc.derive.local import local_derivative, plain_derivative
from graphc.derive.naming import first_free
from graphc.derive.reverse import contributions_of
from graphc.ir.node import Node, make, substitute
from graphc.ir.op import Attrs, Op
from graphc.ir.types import Shape
from graphc.ops.form import brief, mention
from graphc.ops.leaf import INPUT, const
from graphc.ops.move import broadcast
from graphc.rewrite.simplify import simplify_all

WIDEST = 24


@dataclass(frozen=True, slots=True)
class Local:
    """The local derivative d(user)/d(operand `index`).

    `expr` is the derivative entry by entry, None where it is not elementwise; then only `action` says what it does to
    the upstream gradient, written `·`. `raw` is SymPy's derivative of the formula as it came, in the operands alone.
    """

    user: Node
    index: int
    expr: Node | None
    raw: Node | None
    text: str
    action: str


def placeholder(name: str, shape: Shape) -> Node:
    """A leaf that stands for a quantity while a line is written; the blank keeps it apart from the user's names."""
    return make(INPUT, (), (shape, "real", ()), f" {name}")


@dataclass(frozen=True, slots=True)
class _Template:
    """The edge of an operation on placeholders, simplified there, where nothing but the operation itself is seen."""

    user: Node
    upstream: Node
    expr: Node | None
    value: Node | None


def local_of(user: Node, index: int, names: Mapping[Node, str]) -> Local:
    """The local derivative of an edge; `names` holds the display names of unnamed nodes."""
    operands = tuple(_stand_in(i, a) for i, a in enumerate(user.args))
    template = _template(user.op, operands, user.attrs, index)
    place = dict(zip(operands, user.args, strict=True)) | {template.user: user}
    action = _action(template, place, names)
    if template.expr is None:
        return Local(user, index, None, None, action, action)
    (expr,) = substitute([template.expr], place)
    raw = plain_derivative(user, index)
    return Local(user, index, expr, raw, _text(user, expr, raw, names), action)


def local_expression(user: Node, index: int) -> Node | None:
    """The local derivative entry by entry; None where it is not elementwise."""
    operands = tuple(_stand_in(i, a) for i, a in enumerate(user.args))
    template = _template(user.op, operands, user.attrs, index)
    if template.expr is None:
        return None
    place = dict(zip(operands, user.args, strict=True)) | {template.user: user}
    return substitute([template.expr], place)[0]


def edge_value(user: Node, index: int, upstream: Node) -> Node:
    """What an edge passes back of `upstream`, in the simplest form the operation alone allows."""
    operands = tuple(_stand_in(i, a) for i, a in enumerate(user.args))
    template = _template(user.op, operands, user.attrs, index)
    if template.value is None:
        return broadcast(const(0), user.args[index].shape)
    place = dict(zip(operands, user.args, strict=True)) | {template.user: user, template.upstream: upstream}
    return substitute([template.value], place)[0]


def _stand_in(index: int, operand: Node) -> Node:
    """Numbers stay what they are: x**2 has another derivative than x**p."""
    if operand.op.kind == "const":
        return operand
    return make(INPUT, (), (operand.shape, operand.dtype, ()), f" x{index}")


@lru_cache(maxsize=1024)
def _template(op: Op, operands: tuple[Node, ...], attrs: Attrs, index: int) -> _Template:
    user = make(op, operands, attrs, " y")
    upstream = placeholder("upstream", user.shape)
    if operands[index].dtype != "real" or user.dtype != "real":
        return _Template(user, upstream, const(0) if op.elementwise else None, None)
    flow = [c for c in contributions_of(user, upstream, {operands[index]}) if c.index == index]
    value = simplify_all([flow[0].value])[0] if flow else None
    if not op.elementwise:
        return _Template(user, upstream, None, value)
    local = local_derivative(user, index)
    return _Template(user, upstream, const(0) if local is None else simplify_all([local])[0], value)


def _action(template: _Template, place: Mapping[Node, Node], names: Mapping[Node, str]) -> str:
    """What happens to the upstream gradient on the edge, the gradient written as a dot."""
    value, upstream = template.value, template.upstream
    if value is None:
        return "0"
    inner, moved = value, False
    while inner.op.name in ("broadcast", "reshape"):
        inner, moved = inner.args[0], moved or inner.op.name == "broadcast"
    if inner is upstream:
        return "broadcast ·" if moved else "·" if value is upstream else "reshape ·"
    user = place[template.user]
    shown = {p: _operand(a, names) for p, a in place.items() if p is not template.user}
    return mention(value, {upstream: "·", template.user: user.name or user.op.name, **shown})


def _operand(operand: Node, names: Mapping[Node, str]) -> str:
    own = names.get(operand) if operand.name is not None else None
    text = own or brief(operand, most=WIDEST) or names.get(operand, operand.op.name)
    simple = operand.name is not None or not operand.args or (text.endswith(")") and text[0].isalpha())
    return text if simple or text.isidentifier() else f"({text})"


def _text(user: Node, expr: Node, raw: Node, names: Mapping[Node, str]) -> str:
    """The shortest readable form: a gate with a letter of its own in that letter (σ(1-σ)), others in the operands."""
    symbol = user.op.symbol
    if user.name is None and len(symbol) == 1 and symbol.isalpha():
        return compact(mention(expr, {user: symbol}))
    own = {a: names[a] for a in (user, *user.args) if a.name is not None and a in names}
    in_full = _shorter([brief(e, own, most=WIDEST) for e in (expr, raw)])
    if in_full is not None:
        return in_full
    short = _operand_names(user, names)
    return _shorter([brief(e, short, most=4 * WIDEST) for e in (expr, raw)]) or user.op.name + "'"


def _shorter(forms: Sequence[str | None]) -> str | None:
    """SymPy's own form, the last, when it is about as short: -1/x**2 says more than -1/x/x."""
    text, raw = forms
    if text is None or raw is None:
        return text or raw
    return raw if len(raw) <= len(text) + 2 and not raw.startswith(text) else text


def _operand_names(user: Node, names: Mapping[Node, str]) -> dict[Node, str]:
    """The only operand is x, as in the symbol 1/x; one of several goes by its display name."""
    unnamed = [a for a in user.args if a.args and a.name is None]
    if sum(not a.constant for a in user.args) == 1:
        return dict.fromkeys(unnamed, first_free("x", "u", "v", taken=names.values()))
    return {a: names[a] for a in unnamed if a in names}


def compact(text: str) -> str:
    """Without blanks and without the sign of a product before a parenthesis: `σ(1-σ)`."""
    return text.replace(" ", "").replace("*(", "(")
