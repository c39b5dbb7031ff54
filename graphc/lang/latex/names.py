"""How a name set in LaTeX is spelt in the graph: by the table the writer gives, else by plain rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from graphc.ir.errors import ParseError
from graphc.ir.node import Node
from graphc.ir.types import DimLike, Shape
from graphc.lang.latex import commands, grammar, scan
from graphc.lang.latex.parsed import Group, Item, Literal, Script, Symbol, group_item, lone_item
from graphc.lang.suggest import clip
from graphc.lang.tree import Place

Lookup = Callable[[str], Node | DimLike | None]
"""What a name of the graph stands for: a node, a size, or nothing."""

OTHERWISE: Mapping[str, tuple[str, ...]] = {
    "lambda": ("lam", "lambda_", "lmbda", "lambd"),  # `lambda` is a word of Python
    "epsilon": ("eps",),
    "ell": ("l", "loss"),
    "L": ("loss",),
}
"""Further spellings, tried in turn when the plain one is not known."""
_GREEK = {name: letter for letter, name in commands.LETTERS.items()}


Labelling = tuple[tuple[str, ...], tuple[Script, ...]]


class Names:
    """The names of one text: the writer's table, and the names of the graph."""

    __slots__ = ("lookup", "table")

    def __init__(self, table: Mapping[str, str], lookup: Lookup) -> None:
        self.lookup = lookup
        self.table = {_key_of(written): name for written, name in table.items()}

    def shape(self, name: str) -> Shape:
        """The shape of a known name; a size is a number."""
        found = self.lookup(name)
        return found.shape if isinstance(found, Node) else ()

    def bound(self, symbol: Symbol, labels: tuple[str, ...], prefix: str = "") -> str | None:
        """The graph's name by the table, or by the one spelling that is known; None if there is none."""
        name = self.told(symbol, labels)
        if name is not None:
            return self._one(symbol, [f"{prefix}{name}", f"{prefix}_{name}"] if prefix else [name])
        for base in (symbol.base, *OTHERWISE.get(symbol.base, ())):
            name = self._one(symbol, [prefix + s for s in _spellings(base, symbol.marks, labels)])
            if name is not None:
                return name
        return None

    def told(self, symbol: Symbol, labels: tuple[str, ...]) -> str | None:
        """The graph's name by the table alone."""
        keys = (_key(symbol, labels, font) for font in (symbol.font, ""))
        return next((self.table[key] for key in keys if key in self.table), None)

    def labellings(self, symbol: Symbol, scripts: tuple[Script, ...]) -> list[Labelling]:
        """The labels a name may have from its scripts, the most first, each with the scripts that are left."""
        lower = next((s for s in scripts if s.kind == "_"), None)
        upper = next((s for s in scripts if s.kind == "^"), None)
        low = label(lower) if lower is not None else None
        high = (layer(upper) or power(upper)) if upper is not None else None
        found: list[Labelling] = []
        if low and high:
            found.append((high + low, tuple(s for s in scripts if s is not lower and s is not upper)))
        if high:
            found.append((high, tuple(s for s in scripts if s is not upper)))
        if low:
            found.append((low, tuple(s for s in scripts if s is not lower)))
        if lower is not None and low and (split := _numbered(lower)):
            found.append((split[0], tuple(split[1] if s is lower else s for s in scripts)))
        found.append(((), scripts))
        # A power belongs to a name only where the table says so, as in `\sigma^2 = var`.
        return [f for f in found if not any(p[0] == "^" for p in f[0]) or self.told(symbol, f[0]) is not None]

    def new(self, symbol: Symbol, labels: tuple[str, ...]) -> str:
        """The spelling of a name that is not known yet: by the table, else the plain one."""
        return self.told(symbol, labels) or plain(symbol, labels)

    def _one(self, symbol: Symbol, spellings: list[str]) -> str | None:
        known = [name for name in dict.fromkeys(spellings) if self.lookup(name) is not None]
        if len({self.lookup(name) for name in known}) > 1:
            both = " and ".join(f"`{name}`" for name in known)
            raise ParseError(
                f"`{clip(symbol.written)}` may be {both}; say which: "
                f"`graphc: names {clip(symbol.written)} = {known[0]}`",
                line=symbol.at.line,
                column=symbol.at.column,
            )
        return known[0] if known else None


def plain(symbol: Symbol, labels: tuple[str, ...]) -> str:
    """The spelling of a name that is new."""
    base = OTHERWISE["lambda"][0] if symbol.base == "lambda" else symbol.base
    return next(_spellings(base, symbol.marks, labels))


def label(script: Script) -> tuple[str, ...] | None:
    """What a script adds to a name: `1`, `out`, `(1)`, `*`; None if it is a formula."""
    parts: list[str] = []
    for relation in script.body.items:
        side = relation.sides[0]
        term = side.terms[0]
        if relation.ops or len(side.terms) > 1 or term.sign or any(term.product.links):
            return None
        texts = [_label_text(item, script.kind) for item in term.product.items]
        if None in texts:
            return None
        parts.append("".join(text or "" for text in texts))
    return tuple(parts)


def layer(script: Script) -> tuple[str, ...] | None:
    """The label a superscript is: `(1)`, `[1]`, `*`; a bare number is a power."""
    item = group_item(script.body)
    if script.kind != "^" or item is None:
        return None
    if isinstance(item.atom, Group) and item.atom.kind in "([" and not item.scripts:
        return label(Script("_", item.atom, script.at))
    if isinstance(item.atom, Symbol) and item.atom.base in ("star", "*") and not item.scripts:
        return ("star",)
    return None


def power(script: Script) -> tuple[str, ...] | None:
    """The label `^2` that a power is in the table of names."""
    item = group_item(script.body)
    if item is None or not isinstance(item.atom, Literal) or item.scripts:
        return None
    return (f"^{item.atom.text}",)


def _numbered(script: Script) -> tuple[tuple[str, ...], Script] | None:
    """`_{1,ij}` as the label 1 and the indices `ij`."""
    first, *rest = script.body.items
    number = label(Script("_", Group("{", (first,), script.at), script.at))
    if not rest or number is None or not number[0].isdigit():
        return None
    return number, Script("_", Group("{", tuple(rest), script.at), script.at)


def _label_text(item: Item, kind: str) -> str | None:
    atom = item.atom
    if item.scripts:
        return None
    if isinstance(atom, Literal) and atom.text.isdigit():
        return atom.text
    if isinstance(atom, Symbol) and not atom.marks and atom.base.isidentifier():
        return atom.base
    if isinstance(atom, Group) and atom.kind == "{":
        inner = label(Script(kind, atom, atom.at))
        return inner[0] if inner is not None and len(inner) == 1 else None
    return None


def _spellings(base: str, marks: tuple[str, ...], labels: tuple[str, ...]) -> Iterator[str]:
    """`y_hat`, `yhat`; `W1`, `W_1`; `W_out`, `Wout`; `y_hat1`, `y1_hat`… the first is the plain one."""
    for stem in (base, *((_GREEK[base],) if base in _GREEK else ())):
        for tight in (False, True) if marks else (False,):
            marked = stem + "".join(mark if tight else f"_{mark}" for mark in marks)
            yield from _labelled(marked, labels)
            if marks and labels:
                for inner in _labelled(stem, labels):
                    yield inner + "".join(f"_{mark}" for mark in marks)


def _labelled(stem: str, labels: tuple[str, ...]) -> Iterator[str]:
    apart = "_".join((stem, *labels))
    together = stem + "_".join(labels)
    yield from (together, apart) if labels and labels[0][0].isdigit() else (apart, together)


def _key(symbol: Symbol, labels: tuple[str, ...], font: str) -> str:
    plainly = font in ("", "command", "text") or font in commands.UPRIGHT
    marked = "".join(f"\\{mark} " for mark in symbol.marks)
    return f"{marked}{'' if plainly else font + ' '}{symbol.base}{{{','.join(labels)}}}"


@lru_cache(maxsize=1024)
def _key_of(written: str) -> str:
    relation = grammar.parse(scan.tokens(written)) if written.strip() else None
    item = lone_item(relation.sides[0]) if relation is not None and not relation.ops else None
    if item is None or not isinstance(item.atom, Symbol):
        raise ParseError(f"`{clip(written)}` is not one name; write `graphc: names \\hat{{y}} = p`")
    labels: tuple[str, ...] = ()
    for script in sorted(item.scripts, key=lambda script: script.kind == "_"):
        found = (layer(script) or power(script)) if script.kind == "^" else label(script)
        if found is None:
            raise ParseError(f"`{clip(written)}` is not one name; write `graphc: names \\hat{{y}} = p`")
        labels += found
    return _key(item.atom, labels, item.atom.font)


def refuse(message: str, at: Place) -> ParseError:
    """A ParseError at a place."""
    return ParseError(message, line=at.line, column=at.column)
