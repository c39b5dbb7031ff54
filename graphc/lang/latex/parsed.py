"""What the grammar reads, before anything is known of the names: small frozen records with their places."""

from __future__ import annotations

from dataclasses import dataclass

from graphc.lang.latex.scan import Token
from graphc.lang.tree import Place


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name: letters, how they are set, and the marks above and behind them (`hat`, `prime`)."""

    base: str
    font: str
    marks: tuple[str, ...]
    at: Place
    written: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A number as typed."""

    text: str
    at: Place


@dataclass(frozen=True, slots=True)
class Operator:
    r"""`\sum`, `\prod`, `\partial`, `\nabla`: they take what follows."""

    name: str
    at: Place


@dataclass(frozen=True, slots=True)
class Group:
    r"""What stands in brackets; `kind` is `{`, `(`, `[`, `\{`, `|` or `‖`."""

    kind: str
    items: tuple[Relation, ...]
    at: Place


@dataclass(frozen=True, slots=True)
class Fraction:
    r"""`\frac{top}{bottom}`."""

    top: Group
    bottom: Group
    at: Place


@dataclass(frozen=True, slots=True)
class Root:
    r"""`\sqrt[degree]{body}`."""

    degree: Side | None
    body: Group
    at: Place


@dataclass(frozen=True, slots=True)
class Script:
    """`_` or `^` with what it holds."""

    kind: str
    body: Group
    at: Place


@dataclass(frozen=True, slots=True)
class Cases:
    r"""`\begin{cases}`: values with their conditions; that of the last may be None, for "otherwise"."""

    rows: tuple[tuple[Side, Relation | None], ...]
    at: Place


Atom = Symbol | Literal | Operator | Group | Fraction | Root | Cases


@dataclass(frozen=True, slots=True)
class Item:
    """An atom with its subscripts and superscripts, in the order written."""

    atom: Atom
    scripts: tuple[Script, ...]

    @property
    def at(self) -> Place:
        return self.atom.at


@dataclass(frozen=True, slots=True)
class Product:
    r"""Items side by side; `links[k]` stands before item k: `/`, `\cdot`, `\odot`…, or None."""

    items: tuple[Item, ...]
    links: tuple[Token | None, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A product with the sign before it; `sign` is None before the first, if none is written."""

    sign: Token | None
    product: Product


@dataclass(frozen=True, slots=True)
class Side:
    """A sum of terms."""

    terms: tuple[Term, ...]

    @property
    def at(self) -> Place:
        first = self.terms[0]
        return first.sign.at if first.sign is not None else first.product.items[0].at


@dataclass(frozen=True, slots=True)
class Relation:
    """`a = b = c`, `i = 1`, `z > 0`, or one side without any relation."""

    sides: tuple[Side, ...]
    ops: tuple[Token, ...]

    @property
    def at(self) -> Place:
        return self.sides[0].at


def lone_item(side: Side) -> Item | None:
    """The one item a side consists of, without a sign."""
    first = side.terms[0]
    if len(side.terms) == 1 and first.sign is None and len(first.product.items) == 1:
        return first.product.items[0]
    return None


def lone_side(group: Group) -> Side | None:
    """The one side a group holds, without commas and relations."""
    if len(group.items) == 1 and not group.items[0].ops:
        return group.items[0].sides[0]
    return None


def group_item(group: Group) -> Item | None:
    """The one item a group holds."""
    side = lone_side(group)
    return lone_item(side) if side is not None else None
