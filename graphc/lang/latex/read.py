"""What was parsed to the syntax tree of the graph language: names bound, products chosen by shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from graphc.ir.errors import ParseError
from graphc.lang import limits, tree
from graphc.lang.latex import (
    calling,
    commands,
    derivatives,
    functions,
    indices,
    rowwise,
    scripts,
    sums,
    typed,
)
from graphc.lang.latex.names import Lookup, Names, refuse
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
)
from graphc.lang.latex.scan import Token
from graphc.lang.latex.typed import Value
from graphc.lang.suggest import clip
from graphc.lang.walk import Walk


class Reader:
    """Reads the sides of one statement; each method that goes deeper is a walk (see walk.py)."""

    __slots__ = ("differentiating", "indices", "names")

    def __init__(self, table: Mapping[str, str], lookup: Lookup) -> None:
        self.names = Names(table, lookup)
        self.indices = indices.Indices()
        self.differentiating = False  # whether this is what a derivative is taken of

    def side(self, side: Side) -> Walk[Value]:
        """A sum of terms."""
        total: Value | None = None
        for term in side.terms:
            value: Value = yield self.product(term.product)
            minus = term.sign is not None and term.sign.text == "-"
            if total is None:
                total = typed.negative(value, side.at) if minus else value
            else:
                total = rowwise.entrywise(self, "-" if minus else "+", total, value)
        assert total is not None
        return total

    def group(self, group: Group) -> Walk[Value]:
        """The one side in brackets; a comparison there is 1 or 0."""
        if len(group.items) != 1:
            raise refuse("a comma stands between the operands of a function, or in a subscript", group.at)
        value: Value = yield self.relation(group.items[0])
        return value

    def relation(self, relation: Relation) -> Walk[Value]:
        """A side, or a comparison of two."""
        if relation.ops and relation.ops[0].kind == "REL":
            equal: Value = yield indices.equal(self, relation)
            return equal
        left: Value = yield self.side(relation.sides[0])
        if not relation.ops:
            return left
        sign = relation.ops[0]
        if len(relation.ops) > 1:
            raise refuse("a chain of comparisons is not read; multiply two of them", relation.ops[1].at)
        right: Value = yield self.side(relation.sides[1])
        shape = typed.broadcast(left.shape, right.shape)
        left, right = typed.settled(left), typed.settled(right)
        if sign.text == "!=":
            raise refuse(r"`\neq` is not read; write 1 minus the indicator of `=`", sign.at)
        depth = max(left.depth, right.depth) + 1
        expr = tree.Compare((sign.text,), (left.expr, right.expr), left.at)
        return Value(expr, shape, left.row or right.row, depth)

    def product(self, product: Product, start: int = 0) -> Walk[Value]:
        r"""The items from `start` on; juxtaposition binds closer than `\odot`, which goes from left to right."""
        total: Value | None = None  # before the last `\odot`
        how = ""
        run: Value | None = None
        matrices = False
        k = start
        while k < len(product.items):
            link = product.links[k] if k > start else None
            factor = yield self.factor(product, k)
            value, after = factor
            while value.special and value.row and after < len(product.items) and not product.links[after]:
                # The size of `\mathbf 1^\top` shows behind it.
                following: tuple[Value, int] = yield self.factor(product, after)
                value, after = rowwise.times(self, value, following[0]), following[1]
            if link is not None and link.text in ("entrywise", "entrywise /", "outer"):
                total = run if total is None else self._joined(how, total, run, matrices)
                how, run, matrices = link.text, value, False
            elif run is None:
                run = value
            else:
                matrices = matrices or bool(run.ndim and value.ndim)
                run = self._linked(run, value, link, product, k, after)
            k = after
        assert run is not None
        return run if total is None else self._joined(how, total, run, matrices)

    def _joined(self, how: str, left: Value, right: Value | None, matrices: bool) -> Value:
        assert right is not None
        if how == "outer":
            if left.ndim != 1 or right.ndim != 1:
                raise refuse(r"`\otimes` is read between two vectors only", right.at)
            return rowwise.times(self, replace(left, row=False), replace(right, row=True))
        if matrices and left.ndim and left.ndim != right.ndim:
            raise refuse(r"how far does `\odot` reach here? put its operands in parentheses", right.at)
        return rowwise.entrywise(self, "/" if how == "entrywise /" else "*", left, right)

    def _linked(
        self, left: Value, right: Value, link: Token | None, product: Product, k: int, after: int
    ) -> Value:
        if link is None:
            return rowwise.times(self, left, right)
        if link.kind == "SLASH":
            if after < len(product.items) and product.links[after] is None:
                raise refuse(r"how far does `/` reach here? write `\frac{…}{…}`, or parentheses", link.at)
            return rowwise.entrywise(self, "/", left, right)
        both = bool(left.ndim and right.ndim)
        if both and link.text in ("times", "star"):
            raise refuse(f"`{link.written}` between arrays has several meanings; {typed.WAYS}", link.at)
        if both and left.ndim == right.ndim == 1 and left.row == right.row:
            raise refuse(f"`{link.written}` between two vectors has two meanings; {typed.WAYS}", link.at)
        return rowwise.times(self, left, right)

    def factor(self, product: Product, k: int) -> Walk[tuple[Value, int]]:
        """One factor, which may take several items, and the place of the next."""
        taking = self._taking(product, k)
        if taking is not None:
            taken: tuple[Value, int] = yield taking
            return taken
        calling.check_letters(self, product, k)
        width = 2 if calling.is_function_of(self, product, k) else 1
        value: Value = yield self.item(product.items[k])
        return value, k + width

    def _taking(self, product: Product, k: int) -> Walk[tuple[Value, int]] | None:
        r"""A factor that takes what follows: `\sum`, `\partial`, `\nabla`, a function; None for any other."""
        item = product.items[k]
        atom = item.atom
        if isinstance(atom, Operator):
            reads = sums.read if atom.name in ("sum", "prod") else derivatives.prefixed
            return reads(self, product, k)
        if isinstance(atom, Fraction) and derivatives.is_operator(atom):
            return derivatives.applied(self, product, k)
        if isinstance(atom, Symbol):
            if atom.base == "d" and self.named(item) is None and atom.font in ("", "mathrm"):
                return derivatives.differential(self, product, k)
            if self.is_function(item) or functions.is_indicator(self, product, k):
                return functions.read(self, product, k)
        return None

    def is_function(self, item: Item) -> bool:
        """Whether a symbol is a function here: it has that name, and nothing in the graph is called so."""
        atom = item.atom
        return isinstance(atom, Symbol) and functions.meaning(atom) is not None and self.named(item) is None

    def item(self, item: Item) -> Walk[Value]:
        """An atom with its scripts."""
        atom = item.atom
        rest = item.scripts
        if isinstance(atom, Symbol):
            read: tuple[Value, tuple[Script, ...]] = yield self._symbol(item, atom)
            value, rest = read
        elif isinstance(atom, Literal):
            value = Value(number(atom), ())
        elif isinstance(atom, Operator):
            raise refuse(f"`\\{atom.name}` is not followed by what it applies to", atom.at)
        elif isinstance(atom, Fraction):
            value = yield self._fraction(atom)
        elif isinstance(atom, Root):
            value = yield self._root(atom)
        elif isinstance(atom, Cases):
            value = yield functions.cases(self, atom)
        elif atom.kind in "|‖":
            norm: tuple[Value, tuple[Script, ...]] = yield functions.bars(self, atom, rest)
            value, rest = norm
        else:
            if atom.kind in ("underbrace", "overbrace"):  # the script is a note
                rest = tuple(s for s in rest if s.kind != ("_" if atom.kind == "underbrace" else "^"))
            value = yield self.group(atom)
        for script in scripts.merged(rest, value):
            value = yield scripts.apply(self, value, script)
        return value

    def _fraction(self, fraction: Fraction) -> Walk[Value]:
        if derivatives.is_quotient(fraction):
            result: Value = yield derivatives.quotient(self, fraction)
            return result
        top: Value = yield self.group(fraction.top)
        bottom: Value = yield self.group(fraction.bottom)
        return rowwise.entrywise(self, "/", top, bottom)

    def _root(self, root: Root) -> Walk[Value]:
        body: Value = yield self.group(root.body)
        if root.degree is None:
            return functions.called(self, "sqrt", [body], root.at)
        degree: Value = yield self.side(root.degree)
        one = Value(tree.Number(1, root.at), ())
        return typed.power(body, rowwise.entrywise(self, "/", one, degree), root.at, entries=True)

    def _symbol(self, item: Item, atom: Symbol) -> Walk[tuple[Value, tuple[Script, ...]]]:
        index = self.indices.bound(atom) if not item.scripts else None
        if index is not None:
            return Value(self.indices.as_number(index, atom.at), ()), ()
        named = self.named(item)
        if named is not None:
            name, rest = named
            node_name = tree.Name(name, atom.at, name)
            return Value(node_name, self.names.shape(name)), rest
        if atom.base == "pi" and not atom.marks:
            return Value(tree.Name("pi", atom.at, "pi"), ()), item.scripts
        if atom.base == "e" and not atom.marks and item.scripts and item.scripts[0].kind == "^":
            exponent: Value = yield self.group(item.scripts[0].body)
            return functions.exponential(self, exponent, atom.at), item.scripts[1:]
        special = functions.special(atom)
        if special:
            result: tuple[Value, tuple[Script, ...]] = yield functions.sized(self, special, item)
            return result
        delta: tree.Expr | None = yield indices.delta(self, item)
        if delta is not None:
            return Value(delta, ()), ()
        raise self.unknown(item, atom)

    def named(self, item: Item) -> tuple[str, tuple[Script, ...]] | None:
        """The graph's name a symbol and as many of its scripts as belong to it stand for, and the other scripts."""
        atom = item.atom
        if not isinstance(atom, Symbol):
            return None
        hits: list[tuple[str, tuple[Script, ...]]] = []
        for labels, rest in self.names.labellings(atom, item.scripts):
            name = self.names.bound(atom, labels)
            if name is not None:
                hits.append((name, rest))
        if len(hits) > 1 and hits[-1][1] and indices.fits(self, *hits[-1]) and not hits[0][1]:
            raise refuse(
                f"`{clip(atom.written)}` with its subscript may be `{hits[0][0]}` or an entry of `{hits[-1][0]}`; "
                "say which with `graphc: names`",
                atom.at,
            )
        return hits[0] if hits else None

    def gradient(self, item: Item) -> tuple[str, tuple[Script, ...]] | None:
        """The gradient called `dNAME` of the name a symbol stands for, and the scripts that are left."""
        assert isinstance(item.atom, Symbol)
        for labels, rest in self.names.labellings(item.atom, item.scripts):
            name = self.names.bound(item.atom, labels, "d")
            if name is not None:
                return name, rest
        return None

    def unknown(self, item: Item, atom: Symbol) -> ParseError:
        """The error for a name that the graph does not have."""
        known = [name for name in self.indices.free if name == atom.base]
        if known and not item.scripts:
            return refuse(f"the index `{atom.base}` stands here as a number; that is not read", atom.at)
        spelt = self.names.new(atom, self.names.labellings(atom, item.scripts)[0][0])
        shown = clip(atom.written, 24) + ("_…" if item.scripts else "")
        if atom.font == "command" and atom.base not in commands.GREEK:
            return refuse(f"the command `\\{atom.base}` is not read", atom.at)
        return refuse(
            f"`{shown}` is read as `{spelt}`, which is not defined; "
            f"bind it with `graphc: names {clip(atom.written, 24)} = …`",
            atom.at,
        )


def number(literal: Literal) -> tree.Number:
    """A number as typed."""
    limits.check_number(literal.text, literal.at.line, literal.at.column)
    value = int(literal.text) if literal.text.isdigit() else Decimal(literal.text)
    return tree.Number(value, literal.at)
