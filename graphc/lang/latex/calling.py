"""Names before brackets: `L(w)` may be a product, or L as a function of w; letters side by side that are one name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphc.ir.node import Node
from graphc.lang import limits
from graphc.lang.latex import functions
from graphc.lang.latex.names import refuse
from graphc.lang.latex.parsed import Group, Item, Product, Side, Symbol, Term, lone_item
from graphc.lang.suggest import clip

if TYPE_CHECKING:
    from graphc.lang.latex.read import Reader


def is_function_of(reader: Reader, product: Product, k: int) -> bool:
    """Whether item k is written as a function of what stands in the brackets behind it, which then say nothing.

    So is `L(W, b)`, which is no product, and `L(w)` where it is differentiated; elsewhere `L(w)` is refused.
    """
    item = product.items[k]
    if k + 1 >= len(product.items) or product.links[k + 1] is not None:
        return False
    named, group = reader.named(item), product.items[k + 1].atom
    if named is None or named[1] or not isinstance(group, Group) or group.kind != "(":
        return False
    function = functions.meaning(item.atom) if isinstance(item.atom, Symbol) else None
    if function is not None and isinstance(item.atom, Symbol):
        raise refuse(
            f"`{clip(item.atom.written)}` is a name of the graph and a function; write a product with `\\cdot`, "
            f"or the function as `\\operatorname{{{function}}}`",
            group.at,
        )
    node = reader.names.lookup(named[0])
    if not isinstance(node, Node) or node.is_leaf or not _are_leaves(reader, group):
        return False
    if product.items[k + 1].scripts or (len(group.items) == 1 and not reader.differentiating):
        raise refuse(
            "is this a product, or a function of what is in parentheses? leave one of them out", group.at
        )
    return True


def without_arguments(reader: Reader, side: Side) -> Side:
    """A left side `L(w)` as `L`, which it names or defines; a product is not written so."""
    term = side.terms[0]
    items = term.product.items
    if len(side.terms) > 1 or term.sign is not None or len(items) != 2 or term.product.links[1] is not None:
        return side
    first, group = items[0], items[1].atom
    if not isinstance(first.atom, Symbol) or not isinstance(group, Group) or group.kind != "(":
        return side
    named = reader.named(first)
    node = reader.names.lookup(named[0]) if named is not None and not named[1] else None
    known = isinstance(node, Node) and not node.is_leaf
    new = named is None and functions.meaning(first.atom) is None and not functions.special(first.atom)
    if items[1].scripts or not (known or new) or first.atom.base == "d" or not _are_leaves(reader, group):
        return side
    return Side((Term(None, Product((first,), (None,))),))


def _are_leaves(reader: Reader, group: Group) -> bool:
    """Whether the brackets hold nothing but names."""
    items = [lone_item(r.sides[0]) if not r.ops else None for r in group.items]
    return all(item is not None and _is_name(reader, item) for item in items)


def _is_name(reader: Reader, item: Item) -> bool:
    named = reader.named(item)
    return named is not None and not named[1]


def check_letters(reader: Reader, product: Product, k: int) -> None:
    """Refuse letters side by side that are a product to TeX, and together a name that is known."""
    letters = ""
    if reader.named(product.items[k]) is not None:
        return
    for place in range(k, min(k + limits.MAX_NAME, len(product.items))):
        atom = product.items[place].atom
        if not isinstance(atom, Symbol) or atom.font or atom.marks or (letters and product.links[place]):
            return
        letters += atom.base
        if len(letters) > 1 and reader.names.lookup(letters) is not None:
            raise refuse(
                f"letters side by side are a product; write `\\mathrm{{{letters}}}`", product.items[k].at
            )
        if product.items[place].scripts:
            return
