"""Indices: which letters are summed, which are free, and what a subscript picks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graphc.ir.types import DimLike
from graphc.lang.latex import typed
from graphc.lang.latex.commands import GREEK
from graphc.lang.latex.names import layer, refuse
from graphc.lang.latex.parsed import Group, Item, Literal, Relation, Script, Symbol, lone_item
from graphc.lang.latex.typed import Value
from graphc.lang.suggest import clip
from graphc.lang.tree import Call, Expr, Index, Name, Place
from graphc.lang.walk import Walk

if TYPE_CHECKING:
    from graphc.lang.latex.read import Reader


@dataclass(slots=True)
class Bound:
    """An index of a sum: its name in the graph language, where it counts from, the sizes of the axes it ran over."""

    name: str
    base: int | None
    sizes: list[DimLike] = field(default_factory=list)


class Indices:
    """The indices in force; those on the left of a claim are free, those of sums bound."""

    __slots__ = ("defining", "frames", "free", "gathers", "on_left", "taken")

    def __init__(self) -> None:
        self.frames: list[dict[str, Bound]] = []
        self.free: dict[str, str] = {}
        self.on_left = False
        self.gathers = False  # whether a sum of vectors is an array at once, as in definitions
        self.taken: set[str] = set()
        self.defining: frozenset[str] = frozenset()

    def names(self) -> set[str]:
        """The names of all indices in force."""
        return {bound.name for frame in self.frames for bound in frame.values()} | set(self.free.values())

    def of_sum(self, letter: str) -> Bound | None:
        """The index of the innermost sum that has this letter."""
        return next((frame[letter] for frame in reversed(self.frames) if letter in frame), None)

    def bound(self, symbol: Symbol) -> str | None:
        """The letter, if it is an index in force."""
        if symbol.marks:
            return None
        return symbol.base if self.of_sum(symbol.base) or symbol.base in self.free else None

    def as_number(self, letter: str, at: Place) -> Expr:
        """An index as a number, where it is plain what it counts from."""
        index = self.of_sum(letter)
        if index is None or index.base != 0:
            raise refuse(
                f"the index `{letter}` stands here as a number; only where its sum says `{letter}=0` is that read",
                at,
            )
        return Name(index.name, at, letter)


def elements(group: Group) -> list[Item]:
    """The indices in a subscript, `ij` and `i,j` alike."""
    found: list[Item] = []
    for relation in group.items:
        side = relation.sides[0]
        product = side.terms[0].product
        if relation.ops or len(side.terms) > 1 or side.terms[0].sign is not None or any(product.links):
            raise refuse("an index here is a letter, or a name such as `y_n`; a formula is not read", side.at)
        found.extend(product.items)
    return found


def entry(reader: Reader, value: Value, script: Script) -> Walk[Value]:
    """`value` with a subscript: every axis has its index."""
    parts = elements(script.body)
    value = typed.settled(value)
    if not value.ndim:
        raise refuse("a number has no entries; this subscript belongs to no name that is known", script.at)
    row = (
        value.ndim == 2
        and len(parts) == 1
        and bool(reader.indices.frames or reader.indices.free or reader.indices.on_left)
    )
    if len(parts) != value.ndim and not row:
        raise refuse(
            f"{len(parts)} ind{'ices' if len(parts) > 1 else 'ex'} for an array with {value.ndim} axes; "
            "an array is indexed down to a number, and a sum of rows is a product, as in `X^\\top (p - y)`",
            script.at,
        )
    items: list[Expr] = []
    for part, size in zip(parts, value.shape, strict=not row):
        items.append((yield _item(reader, part, size)))
    if row:
        axis = fresh(reader, "e")
        entries = (*items, Name(axis, script.at, axis))
        made = Index(value.expr, entries, value.at)
        return Value(made, value.shape[1:], depth=value.depth + 1, axes=(axis,))
    return Value(Index(value.expr, tuple(items), value.at), (), depth=value.depth + 1)


def _item(reader: Reader, item: Item, size: DimLike | None) -> Walk[Expr]:
    atom = item.atom
    if isinstance(atom, Literal):
        raise refuse(
            "an entry by its number is not read: some count from 0 and some from 1; use a graphc block",
            atom.at,
        )
    if isinstance(atom, Symbol) and not item.scripts and not atom.marks:
        letter: Expr | None = _letter(reader, atom, size)
        if letter is not None:
            return letter
    value: Value = yield reader.item(item)
    if value.ndim or not isinstance(value.expr, Name | Index) or isinstance(item.atom, Group):
        raise refuse("an index is a letter, or a name such as `y_n`", item.at)
    return value.expr


def _letter(reader: Reader, symbol: Symbol, size: DimLike | None) -> Expr | None:
    indices, letter = reader.indices, symbol.base
    bound = indices.of_sum(letter)
    if bound is not None:
        bound.sizes += [] if size is None else [size]
        return Name(bound.name, symbol.at, letter)
    if letter in indices.free:
        return Name(indices.free[letter], symbol.at, letter)
    if reader.names.lookup(letter) is not None:
        return None
    if len(letter) != 1 and letter not in GREEK:
        raise refuse(f"`{clip(letter)}` is no index", symbol.at)
    if letter in indices.defining:
        raise refuse(
            "what is defined here is no known array; in index notation only known arrays are spoken of, "
            "so define it as a whole first",
            symbol.at,
        )
    if not indices.on_left:
        raise refuse(f"the index `{letter}` is neither summed here nor on the left side", symbol.at)
    indices.free[letter] = fresh(reader, letter)
    return Name(indices.free[letter], symbol.at, letter)


def fresh(reader: Reader, letter: str) -> str:
    """A name for an index that means nothing else in the graph, nor in the statement."""
    taken = reader.indices.taken
    name = letter if letter not in ("d", "pi", "lambda") else f"{letter}_index"
    tries = len(taken)
    while name in taken or reader.names.lookup(name) is not None:
        tries += 1
        name = f"{letter}_{tries}"
    taken.add(name)
    return name


def fits(reader: Reader, name: str, scripts: tuple[Script, ...]) -> bool:
    """Whether the first subscript could be the indices of an array."""
    script = next((s for s in scripts if s.kind == "_"), None)
    if script is None:
        return False
    parts = elements(script.body)
    return len(parts) == len(reader.names.shape(name)) and not any(isinstance(p.atom, Literal) for p in parts)


def delta(reader: Reader, item: Item) -> Walk[Expr | None]:
    r"""Kronecker's `\delta_{ij}`, where no array is called delta."""
    atom = item.atom
    if not isinstance(atom, Symbol) or atom.base != "delta" or atom.marks or len(item.scripts) != 1:
        return None
    if item.scripts[0].kind != "_" or layer(item.scripts[0]):
        return None
    parts = elements(item.scripts[0].body)
    if len(parts) != 2 or any(isinstance(part.atom, Literal) for part in parts):
        return None
    names: list[Expr] = []
    for part in parts:
        names.append((yield _item(reader, part, None)))
    return Call("delta", tuple(names), (), atom.at)


def equal(reader: Reader, relation: Relation) -> Walk[Value]:
    """`[i = j]` and `[y_n = k]`: 1 where two indices, or two arrays, are equal."""
    if len(relation.ops) > 1:
        raise refuse("one `=` is read here", relation.ops[1].at)
    found: list[Value] = []
    for side in relation.sides:
        item = lone_item(side)
        symbol = item.atom if item is not None and not item.scripts else None
        if item is not None and isinstance(symbol, Symbol) and reader.indices.bound(symbol):
            found.append(Value((yield _item(reader, item, None)), ()))
        else:
            found.append(typed.settled((yield reader.side(side))))
    shape = typed.broadcast(found[0].shape, found[1].shape)
    return Value(Call("equal", (found[0].expr, found[1].expr), (), relation.at), shape)
