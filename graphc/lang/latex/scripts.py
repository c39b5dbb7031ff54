"""What a subscript or superscript does to a value: an entry, a power, a transpose, an inverse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphc.lang.latex import indices, typed
from graphc.lang.latex.commands import TRANSPOSES
from graphc.lang.latex.names import layer, refuse
from graphc.lang.latex.parsed import Group, Item, Literal, Script, Symbol, group_item, lone_side
from graphc.lang.latex.typed import Value
from graphc.lang.tree import Index, Number
from graphc.lang.walk import Walk

if TYPE_CHECKING:
    from graphc.lang.latex.read import Reader


def apply(reader: Reader, value: Value, script: Script) -> Walk[Value]:
    """`value` with one script."""
    if script.kind == "_":
        entry: Value = yield indices.entry(reader, value, script)
        return entry
    if is_transpose(reader, value, script):
        if isinstance(value.expr, Index) and not value.axes:
            raise refuse(r"the transpose of an entry: write `(A^\top)_{ij}`, or `A_{ji}`", script.at)
        return typed.transposed(value, script.at)
    minus = _minus(script)
    if minus is not None and isinstance(minus.atom, Symbol) and minus.atom.base in TRANSPOSES:
        return typed.transposed(typed.inverse(value, script.at), script.at)
    if minus is not None and isinstance(minus.atom, Literal) and minus.atom.text == "1":
        return typed.inverse(value, script.at)
    if layer(script) is not None:
        raise refuse("this superscript belongs to no name that is known", script.at)
    exponent: Value = yield reader.group(script.body)
    entries = script.body.kind == "entrywise"
    return typed.power(value, exponent, script.at, entries)


def is_transpose(reader: Reader, value: Value, script: Script) -> bool:
    r"""Whether a superscript is `\top` or `T`."""
    item = group_item(script.body)
    if script.kind != "^" or item is None or item.scripts or not isinstance(item.atom, Symbol):
        return False
    symbol = item.atom
    number = symbol.base == "T" and not value.ndim and not value.special
    if number and (reader.names.lookup("T") is not None or isinstance(value.expr, Number)):
        return False
    return symbol.base in TRANSPOSES and not symbol.marks


def whole(script: Script) -> int | None:
    """The whole number a superscript is."""
    item = group_item(script.body)
    if (
        script.kind == "^"
        and item is not None
        and isinstance(item.atom, Literal)
        and item.atom.text.isdigit()
    ):
        return int(item.atom.text)
    return None


def _minus(script: Script) -> Item | None:
    """What follows the sign in `^{-1}`."""
    side = lone_side(script.body)
    if side is None or len(side.terms) != 1 or side.terms[0].sign is None or side.terms[0].sign.text != "-":
        return None
    items = side.terms[0].product.items
    return items[0] if len(items) == 1 and not items[0].scripts else None


def merged(found: tuple[Script, ...], value: Value) -> tuple[Script, ...]:
    """Scripts where `y^{(i)}` and `X^{(i)}_j` have become the subscripts `i` and `i,j`."""
    upper = next((s for s in found if s.kind == "^" and layer(s)), None)
    item = group_item(upper.body) if upper is not None else None
    if upper is None or item is None or not isinstance(item.atom, Group):
        return found
    lower = next((s for s in found if s.kind == "_"), None)
    below = lower.body.items if lower is not None else ()
    group = Group("{", (*item.atom.items, *below), upper.at)
    if not value.ndim or len(indices.elements(group)) not in (value.ndim, value.ndim - 1):
        raise refuse(
            "this superscript belongs to no name that is known, and is no index of all the axes", upper.at
        )
    return (Script("_", group, upper.at), *(s for s in found if s is not upper and s is not lower))
