"""What each rule of the grammar becomes; called by the parser from the inside out."""

from __future__ import annotations

from typing import Any

from graphc.ir.errors import ParseError
from graphc.lang.latex.parsed import (
    Cases,
    Fraction,
    Group,
    Item,
    Literal,
    Operator,
    Product,
    Relation,
    Root,
    Script,
    Side,
    Symbol,
    Term,
    group_item,
)
from graphc.lang.latex.scan import Token
from graphc.lang.suggest import clip
from graphc.lang.tree import Place

MAX_MARKS = 4  # hats, bars, primes at one name


class Reader:
    """One method for each rule; the parser hands it what the parts of the rule became."""

    def start(self, parts: list[Any]) -> Relation:
        """The whole."""
        relation: Relation = parts[0]
        return relation

    def relation(self, parts: list[Any]) -> Relation:
        """Sides and the signs between them."""
        return Relation(tuple(parts[::2]), tuple(op.value for op in parts[1::2]))

    def side(self, parts: list[Any]) -> Side:
        """Signs and products."""
        terms: list[Term] = []
        sign: Token | None = None
        for part in parts:
            if isinstance(part, Token):
                sign = part
            else:
                terms.append(Term(sign, part))
                sign = None
        return Side(tuple(terms))

    def sign(self, parts: list[Any]) -> Token:
        """`+` or `-`."""
        token: Token = parts[0].value
        return token

    link = sign

    def product(self, parts: list[Any]) -> Product:
        """Items, and links between some of them."""
        items: list[Item] = []
        links: list[Token | None] = []
        link: Token | None = None
        for part in parts:
            if isinstance(part, Item):
                items.append(part)
                links.append(link)
                link = None
            else:
                link = part
        return Product(tuple(items), tuple(links))

    def item(self, parts: list[Any]) -> Item:
        """An atom and its scripts; primes become marks of a symbol."""
        atom, *rest = parts
        scripts: list[Script] = []
        for part in rest:
            if isinstance(part, Script) and not _is_prime(part):
                scripts.append(part)
                continue
            at = part.at if isinstance(part, Script) else part.value.at
            if not isinstance(atom, Symbol) or any(script.kind == "^" for script in scripts):
                raise ParseError("a prime stands at a name", line=at.line, column=at.column)
            marks = _few((*atom.marks, "prime"), at)
            atom = Symbol(atom.base, atom.font, marks, atom.at, f"{atom.written}'")
        if isinstance(atom, Item):  # an accent over a name with a subscript
            return Item(atom.atom, (*atom.scripts, *scripts))
        return Item(atom, tuple(scripts))

    def script(self, parts: list[Any]) -> Script:
        """`_` or `^` and its argument."""
        mark: Token = parts[0].value
        return Script(mark.text, parts[1], mark.at)

    def atom(self, parts: list[Any]) -> Any:
        """A token or something read already."""
        return _atom(parts[0])

    def argument(self, parts: list[Any]) -> Group:
        """What a command takes: braces, or one sign, which is as good as braces around it."""
        made = _atom(parts[0])
        return made if isinstance(made, Group) and made.kind in ("{", "entrywise") else _grouped(made)

    def accent(self, parts: list[Any]) -> Symbol | Item:
        """A mark over a name."""
        mark: Token = parts[0].value
        item = group_item(parts[1])
        if item is None or not isinstance(item.atom, Symbol):
            message = f"`{mark.written}` stands over a name, as in `{mark.written}{{y}}`"
            raise ParseError(message, line=mark.at.line, column=mark.at.column)
        under = item.atom
        written = f"{mark.written}{{{under.written}}}"
        marks = _few((mark.text, *under.marks), mark.at)
        symbol = Symbol(under.base, under.font, marks, mark.at, written)
        return Item(symbol, item.scripts) if item.scripts else symbol

    def fraction(self, parts: list[Any]) -> Fraction:
        r"""`\frac` and its two arguments."""
        return Fraction(parts[1], parts[2], parts[0].value.at)

    def root(self, parts: list[Any]) -> Root:
        r"""`\sqrt`, with or without a degree."""
        degree = parts[2] if len(parts) > 2 else None
        return Root(degree, parts[-1], parts[0].value.at)

    def wrapped(self, parts: list[Any]) -> Group:
        r"""`\underbrace{…}` and its like: what is inside, the note is dropped with its script."""
        group: Group = parts[1]
        return Group(parts[0].value.text, group.items, parts[0].value.at)

    def group(self, parts: list[Any]) -> Group:
        """Brackets of any kind."""
        if len(parts) == 1:
            braces: Group = parts[0]
            return braces
        opening: Token = parts[0].value
        return Group(opening.text, parts[1], opening.at)

    braces = group

    def mark(self, parts: list[Any]) -> Group:
        """`{*}`."""
        return _grouped(_atom(parts[1]))

    def cases(self, parts: list[Any]) -> Cases:
        """Values with their conditions."""
        rows = tuple(part for part in parts if isinstance(part, tuple))
        return Cases(rows, parts[0].value.at)

    def case(self, parts: list[Any]) -> tuple[Side, Relation | None]:
        """One value with its condition."""
        condition = next((part for part in parts[1:] if isinstance(part, Relation)), None)
        return parts[0], condition

    def entries(self, parts: list[Any]) -> Group:
        r"""`{\odot 2}`, a power of the entries."""
        link: Token = parts[1].value
        if link.text != "entrywise":
            message = f"`{link.written}` is not read here"
            raise ParseError(message, line=link.at.line, column=link.at.column)
        return Group("entrywise", parts[2], link.at)

    def list(self, parts: list[Any]) -> tuple[Relation, ...]:
        """Relations between commas."""
        for comma in parts[1::2]:
            if comma.value.text != ",":
                at = comma.value.at
                message = f"`{comma.value.text}` is not read inside brackets"
                raise ParseError(message, line=at.line, column=at.column)
        return tuple(parts[::2])


def _few(marks: tuple[str, ...], at: Place) -> tuple[str, ...]:
    if len(marks) > MAX_MARKS:
        raise ParseError(f"a name has at most {MAX_MARKS} marks", line=at.line, column=at.column)
    return marks


def _is_prime(script: Script) -> bool:
    item = group_item(script.body)
    return item is not None and isinstance(item.atom, Symbol) and item.atom.base == "prime"


def _atom(part: Any) -> Any:
    token = getattr(part, "value", None)
    if not isinstance(token, Token):
        return part
    match token.kind:
        case "NUMBER":
            return Literal(token.text, token.at)
        case "OPERATOR":
            return Operator(token.text, token.at)
        case "TEXT" if token.text.isdecimal():
            return Literal(token.text, token.at)
        case "TEXT" if not token.text.isidentifier():
            message = f"the words `{clip(token.text)}` stand inside a formula"
            raise ParseError(message, line=token.at.line, column=token.at.column)
    return Symbol(token.text, token.font, (), token.at, token.written)


def _grouped(atom: Any) -> Group:
    item = atom if isinstance(atom, Item) else Item(atom, ())
    at: Place = item.at
    side = Side((Term(None, Product((item,), (None,))),))
    return Group("{", (Relation((side,), ()),), at)
