"""The statements of a display: definitions of names that are new, and claims."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping

from graphc.lang import limits, syntax
from graphc.lang.latex import calling, derivatives, functions, grammar, rows, rowwise, scan, typed
from graphc.lang.latex.indices import elements, fits
from graphc.lang.latex.names import Lookup, Names, label, layer, refuse
from graphc.lang.latex.parsed import Item, Relation, Side, Symbol, lone_item
from graphc.lang.latex.read import Reader
from graphc.lang.latex.scan import Token
from graphc.lang.latex.typed import Value
from graphc.lang.tree import Claim, Definition, Name, Place, Statement
from graphc.lang.walk import run

_LOOKS = re.compile(r"(?<!\\)%[^\n]*|\\\\\*?(?:\[[^\]]*\])?|(?<!\\)&|\\(?:nonumber|notag|label\{[^{}]*\})")


def statements(
    text: str, *, line: int = 1, column: int = 1, names: Mapping[str, str], lookup: Lookup
) -> Iterator[Statement]:
    r"""The equalities of LaTeX mathematics, lazily and in order.

    `names` maps names in LaTeX to names of the graph (`{r"\hat{y}": "p"}`); other names are spelt by plain rules:
    `W_1` is `W1`, `\hat{y}` is `y_hat`, `z^{(1)}` is `z1`. `lookup` says what a name of the graph stands for now:
    a node, a size, or None. An equality whose left side is one new name defines it, any other is a claim.
    Raises ParseError at what is not understood, with line and column.
    """
    found = scan.tokens(text, line, column)
    words = Names(names, lookup)
    equalities = rows.statements(found, lambda token: _is_name(token, words))
    if not equalities:
        raise refuse("there is no equality in this display", Place(line, column))
    for tokens in equalities:
        last = tokens[-1]
        written = text[tokens[0].start : last.start + len(last.written)]
        limits.check_statement(len(written), tokens[0].at.line, tokens[0].at.column)
        yield _statement(
            grammar.parse(tokens), Reader(names, lookup), " ".join(_LOOKS.sub(" ", written).split())
        )


def check_names(names: Mapping[str, str]) -> None:
    """Refuse a table whose left sides are not names in LaTeX."""
    Names(names, lambda name: None)


def _is_name(token: Token, names: Names) -> bool:
    r"""Whether `\text{…}` is the name of something, rather than words."""
    symbol = Symbol(token.text, token.font, (), token.at, token.written)
    if not token.text.isidentifier():
        return False
    return names.bound(symbol, ()) is not None or functions.meaning(symbol) is not None


def _statement(relation: Relation, reader: Reader, text: str) -> Statement:
    for op in relation.ops:
        if op.kind != "REL" or op.text not in ("=", ":=", "\\equiv"):
            raise refuse(f"`{op.written}` is no equality; only equalities are judged", op.at)
    at = relation.at
    first = calling.without_arguments(reader, relation.sides[0])
    name = _new_name(first, reader)
    if name is not None:
        reader.indices.gathers = True
        reader.indices.defining = _letters(first)
        sides = _told([typed_side(side, reader) for side in relation.sides[1:]])
        return Definition(name, tuple(side.expr for side in sides), at, text)
    reader.indices.on_left = True
    left = typed_side(first, reader)
    reader.indices.on_left = False
    rest = [typed_side(side, reader) for side in relation.sides[1:]]
    return Claim(
        tuple(side.expr for side in rowwise.together(reader, _told([left, *rest], vector=True))), at, text
    )


def typed_side(side: Side, reader: Reader) -> Value:
    """One side of an equality."""
    value: Value = run(reader.side(side))
    return value


def _told(sides: list[Value], vector: bool = False) -> list[Value]:
    r"""The sides, where a `\mathbf 1` or `I` has the size of what it is equal to."""
    other = next((side for side in sides if not side.special), None)
    return [
        typed.beside(side, other) if side.special and other is not None else typed.settled(side, vector)
        for side in sides
    ]


def _new_name(side: Side, reader: Reader) -> Name | None:
    """The name a definition gives: a symbol that stands for nothing yet, or `d` before one."""
    item = lone_item(side)
    if item is not None:
        if not isinstance(item.atom, Symbol) or _is_known(item, reader) or _means(item.atom):
            return None
        return _name(item, reader, "")
    subject = derivatives.gradient_of(side)
    if subject is not None and reader.gradient(subject) is None:
        return _name(subject, reader, "d")
    return None


def _is_known(item: Item, reader: Reader) -> bool:
    """Whether a left side speaks of something known: a name, or the entry of an array with that many axes."""
    named = reader.named(item)
    if named is None:
        return False
    name, rest = named
    labels = [s for s in rest if (layer(s) if s.kind == "^" else label(s) and not fits(reader, name, (s,)))]
    return not labels or len(labels) < len(rest)


def _means(symbol: Symbol) -> bool:
    """Whether a symbol has a meaning of its own, which no definition takes from it."""
    taken = symbol.font == "command" and functions.meaning(symbol) is not None and symbol.base != "sigma"
    return taken or bool(functions.special(symbol)) or symbol.base in ("pi", "e", "d")


def _letters(side: Side) -> frozenset[str]:
    """The letters in the subscript of a name that is defined, which may be meant as indices."""
    item = lone_item(side)
    scripts = item.scripts if item is not None else ()
    groups = [script.body for script in scripts if script.kind == "_"]
    atoms = [part.atom for group in groups for part in elements(group)]
    return frozenset(atom.base for atom in atoms if isinstance(atom, Symbol))


def _name(item: Item, reader: Reader, prefix: str) -> Name | None:
    assert isinstance(item.atom, Symbol)
    symbol = item.atom
    labels, rest = reader.names.labellings(symbol, item.scripts)[0]
    if rest:
        return None
    subject = reader.named(item) if prefix else None
    name = prefix + (
        subject[0] if subject is not None and not subject[1] else reader.names.new(symbol, labels)
    )
    if not name.isidentifier() or keyword.iskeyword(name) or name in syntax.RESERVED or name.startswith("__"):
        raise refuse(f"`{name}` cannot be a name in the graph; bind it with `graphc: names`", symbol.at)
    limits.check_name(name, symbol.at.line, symbol.at.column)
    return Name(name, symbol.at, name)
