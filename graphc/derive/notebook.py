"""What is known while a derivation is written: names, signs for gradients, and how long expressions are."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from graphc.derive.edge import placeholder
from graphc.derive.leading import without_leading
from graphc.derive.letters import Letters
from graphc.derive.naming import free_letter
from graphc.derive.parts import part_name, part_to_name
from graphc.derive.reading import for_reading
from graphc.derive.standardised import named_forms, parts_of
from graphc.derive.standing import PRODUCTS, Signs, with_signs
from graphc.derive.steps import SHORT, TERMS, Line, Step, Symbol
from graphc.ir.node import Node, substitute, topological
from graphc.ir.types import Dim
from graphc.ops.composite import open_composite
from graphc.ops.form import Form, mention, show
from graphc.ops.index import one_hot
from graphc.ops.pointwise import neg, sub
from graphc.rewrite.choice import marked
from graphc.rewrite.simplify import Event, simplify_all

if TYPE_CHECKING:
    from graphc.derive.derivation import Derivation

LONGEST = 26
"""An expression of more symbols than this is not written in one piece."""
CLOSED = 14
"""A gradient of at most this many symbols is written out; a longer one in terms of the gradients above it."""
PIECE = 20
"""A part of a long expression gets a line of its own from so many symbols on."""
ENDLESS = 10**6
WIDEST = 88
"""A line of more characters is left out, or parts of it are named, at most so many:"""
MOST_PARTS = 6
MOST_PASSED = 40
SIGN = 5
"""A gradient of fewer symbols than this is written out wherever it is used."""


@dataclass
class Notebook:
    """`cuts` maps the value of each gradient already written, if it is long, to the sign it is written by.

    Those that hold a matrix product, `standing`, are written by their sign wherever they are factors.
    """

    derivation: Derivation
    names: dict[Node, str]
    symbols: dict[Node, Symbol] = field(default_factory=dict)
    signs: dict[Node, Node] = field(default_factory=dict)
    sign_names: dict[Node, str | Form] = field(default_factory=dict)
    cuts: dict[Node, Node] = field(default_factory=dict)
    explained: set[object] = field(default_factory=set)
    pieces: int = 0
    parts: list[Node] = field(default_factory=list)
    definitions: dict[Node, Node] = field(default_factory=dict)
    forms: dict[Node, Node] = field(default_factory=dict)
    standing: Signs = field(default_factory=Signs)
    _products: dict[Node, bool] = field(default_factory=dict)
    _closed: dict[Node, int] = field(default_factory=dict)
    _cut: dict[Node, int] = field(default_factory=dict)

    @cached_property
    def events(self) -> Mapping[Node, Event]:
        """The simplifications by what stood there before."""
        return {e.before: e for e in reversed(self.derivation.events)}

    @cached_property
    def letters(self) -> Letters:
        """The index letters, the same for the same size in all lines."""
        nodes = self.derivation.nodes
        wide = sorted(nodes, key=lambda n: n.ndim < 2)  # matrices say best which sizes come first
        sizes = dict.fromkeys(d for n in wide for d in n.shape if d != 1)
        taken = {s for d in sizes if isinstance(d, Dim) for s in d.symbols}
        return Letters(taken | set(self.names.values()), sizes)

    @cached_property
    def scalar(self) -> bool:
        """Whether all that is differentiated is scalar; then dh/dz says what it means."""
        return not any(n.shape for n in self.derivation.upstream)

    @cached_property
    def output_is_short(self) -> bool:
        """Whether the definition of the output can stand within a derivative, d(q*z)/dz."""
        return len(show(self.derivation.output, self.names, terms=TERMS)) <= SHORT

    @cached_property
    def values(self) -> frozenset[Node]:
        """The gradients, in their final form."""
        return frozenset(self.derivation.rewritten.values())

    @cached_property
    def piece_letter(self) -> str:
        return free_letter(("s", "r", "part"), set(self.names.values()))

    def settled(self, node: Node) -> bool:
        """Whether a node is written by a name or is a gradient: what is below it is not looked at."""
        return not node.args or node in self.names or node in self.values

    def sign(self, node: Node) -> Node:
        """The sign for the gradient of a node, or of the sum the node is written in."""
        node = self.derivation.naming.carrier.get(node, node)
        if node not in self.signs:
            sign = placeholder(f"gradient {len(self.signs)}", node.shape)
            self.signs[node] = sign
            self.sign_names[sign] = Form("sign", (), f"d{self.names.get(node, '')}")
            self.symbols[sign] = Symbol(
                "gradient", self.derivation.output, node, self.derivation.gradient(node)
            )
        return self.signs[node]

    def local_sign(self, user: Node, operand: Node, value: Node) -> Node:
        """A sign for the local derivative of a node by an operand."""
        sign = placeholder(f"local {len(self.symbols)}", value.shape)
        self.symbols[sign] = Symbol("local", user, operand, value)
        return sign

    def is_gradient(self, expr: Node) -> bool:
        """Whether an expression is the sign of a gradient that has a line of its own."""
        symbol = self.symbols.get(expr)
        return symbol is not None and symbol.kind == "gradient" and symbol.wrt is not self.derivation.output

    def has_local(self, expr: Node) -> bool:
        """Whether the sign of a local derivative is in an expression."""
        signs = (self.symbols.get(n) for n in topological([expr], stop=self.is_named))
        return any(s is not None and s.kind == "local" for s in signs)

    @property
    def written(self) -> Mapping[Node, str | Form]:
        """The names of nodes and the short signs of gradients, to measure lines by."""
        return ChainMap(self.sign_names, self.names)  # type: ignore[arg-type]

    def text(self, expr: Node) -> str:
        """An expression as it will be compared with the line before."""
        return mention(expr, self.written)

    def in_names(self, expr: Node) -> Node:
        """An expression with forward nodes in the simplified form they have within gradients."""
        simple = self.derivation.simplified
        order = topological([expr], stop=lambda n: n in simple or n in self.values)
        found = {n: n if n in self.values else simple[n] for n in order if n in self.values or n in simple}
        return substitute([expr], found)[0]

    def shortened(self, expr: Node, node: Node, most: int | None) -> Node:
        """An expression written out if it is short, and else in terms of the signs of earlier gradients.

        Where it is the gradient of `node`, the signs are those that every path to the output passes, if no more than
        `most` matrix products have to be written out then.
        """
        if self.standing:
            expr = self._in_signs(expr, node, most)
        expr = self.in_forms(expr)
        signs = topological([expr], stop=self.is_named) if self.standing else []
        if self._closed_length(expr) <= CLOSED and not any(n in self.symbols for n in signs):
            return expr
        if self.length(expr) > LONGEST:
            return expr
        order = topological([expr], stop=lambda n: n in self.cuts or self.is_named(n))
        found = {n: self.cuts.get(n, n) for n in order if n in self.cuts or self.is_named(n)}
        return substitute([expr], found)[0]

    def _in_signs(self, expr: Node, node: Node, most: int | None) -> Node:
        """Signs for what holds a matrix product: where branches meet, first of what the user has named."""
        passed = self._passed(node)
        chosen: list[Callable[[Node], bool]] = [passed.__contains__, lambda sign: True]
        if len(self.derivation.contributions.get(node, ())) > 1:
            chosen.insert(0, {s for s in passed if self.symbols[s].wrt.name is not None}.__contains__)
        for allowed in chosen:
            found = self.in_forms(with_signs(expr, self.standing, allowed, self._is_light))
            if most is None or (self.products(found) <= most and self.fits(found)):
                break
        return found

    def _is_light(self, node: Node) -> bool:
        """Whether a node is named, or a gradient without matrix products."""
        return self.is_named(node) or (node in self.cuts and node not in self.standing.exact)

    def mixes(self, expr: Node, node: Node) -> bool:
        """Whether there are signs in an expression of gradients that only a part of the gradient comes through."""
        passed = self._passed(node)
        found = [n for n in topological([expr], stop=self.is_named) if n in self.symbols]
        return bool(self.standing) and any(n not in passed for n in found)

    def in_forms(self, expr: Node, *, kept_cuts: bool = True) -> Node:
        """An expression with what the user has named found again in the forms that rewriting gives it.

        Ones in the places of class labels are `one_hot(t, K)`. With `kept_cuts` earlier gradients are not looked into.
        """
        cuts = self.cuts if kept_cuts else {}
        order = topological([expr], stop=lambda n: n in cuts or n in self.forms or self.is_named(n))
        kept = {n: n for n in order if n in cuts or self.is_named(n)}
        labels = {n: found[1] for n in order if n not in kept and (found := marked(n)) is not None}
        marks = {n: one_hot(t, n.shape[1]) for n, t in labels.items()}
        forms = {n: self.forms[n] for n in order if n in self.forms}
        return substitute([expr], kept | marks | forms)[0] if marks or forms else expr

    def fits(self, expr: Node) -> bool:
        """Whether an expression is short enough for a line."""
        return self.length(expr) <= LONGEST and len(self.text(self.read(expr))) <= WIDEST

    def _passed(self, node: Node) -> set[Node]:
        """The signs of the gradients that all of the gradient of `node` comes through."""
        carrier = self.derivation.naming.carrier
        found: set[Node] = set()
        current = self.derivation.passes.get(node)
        while current is not None and len(found) < MOST_PASSED:
            found.add(self.sign(carrier.get(current, current)))
            current = self.derivation.passes.get(current)
        return found

    def read(self, expr: Node, *, factors: bool = True) -> Node:
        """An expression with scalar factors and signs before its products, and named differences found again."""
        found = for_reading(
            self.in_forms(expr, kept_cuts=False), self.is_named, self._flipped, factors=factors
        )
        return without_leading(found, self.is_named)

    @cached_property
    def _flipped(self) -> dict[Node, Node]:
        """`b - a` is minus what is called `a - b`."""
        return {sub(n.args[1], n.args[0]): neg(n) for n in self.names if n.op.name == "sub"}

    def settled_signs(self, expr: Node) -> Node:
        """An expression with one sign for gradients that are the same."""
        found: dict[Node, Node] = {}
        for leaf in topological([expr], stop=self.is_named):
            symbol = self.symbols.get(leaf)
            if symbol is not None and symbol.kind == "gradient":
                found[leaf] = self.cuts.get(self.derivation.rewritten[symbol.wrt], leaf)
        return substitute([expr], found)[0]

    def length(self, expr: Node) -> int:
        """The number of symbols `shortened` would write for a long expression."""
        return self._length(expr, self._cut, lambda n: n in self.cuts or self.is_named(n))

    def _closed_length(self, expr: Node) -> int:
        """The number of symbols of an expression written out in the names of forward nodes."""
        return self._length(expr, self._closed, self.is_named)

    def is_named(self, node: Node) -> bool:
        return not node.args or node in self.names or node.name is not None

    def _length(self, expr: Node, known: dict[Node, int], stop: Callable[[Node], bool]) -> int:
        if stop(expr):
            return 1
        for node in topological([expr], stop=lambda n: n in known or stop(n)):
            if stop(node):
                continue
            if node not in known:
                known[node] = min(ENDLESS, 1 + sum(1 if stop(a) else known[a] for a in node.args))
        return known[expr]

    def remember(self, node: Node) -> None:
        """Let later lines write this gradient by its sign, if it is long."""
        value = self.derivation.rewritten[node]
        if value in self.cuts or self.is_named(value):
            return
        if self.holds_product(value):
            self.standing.add(value, self.sign(node))
        elif self._closed_length(value) < SIGN:
            return
        self.cuts[value] = self.sign(node)
        self._cut.pop(value, None)

    def is_heavy(self, node: Node) -> bool:
        """Whether the gradient of a node holds a matrix product, once it is written out."""
        return self.holds_product(self.derivation.rewritten[node])

    @cached_property
    def forward(self) -> frozenset[Node]:
        """The nodes of the graph, as they were written and as they stand within gradients."""
        return frozenset((*self.derivation.nodes, *self.derivation.simplified.values()))

    def holds_product(self, expr: Node) -> bool:
        """Whether there is a matrix product of gradients in an expression, once they are written out."""
        held = self._products
        for node in topological([expr], stop=lambda n: n in held or n in self.forward):
            if node not in held:
                inner = node not in self.forward and any(held[a] for a in node.args)
                held[node] = inner or (node.op.name in PRODUCTS and node not in self.forward)
        return held[expr]

    def products(self, expr: Node) -> int:
        """How many matrix products of gradients a line shows."""
        order = topological([expr], stop=lambda n: self.is_named(n) or n in self.forward or n in self.cuts)
        return sum(n.op.name in PRODUCTS and not self.is_named(n) and n not in self.forward for n in order)

    def definition(self, node: Node) -> Node:
        """What a named node is, in the form it is written in."""
        return self.definitions.get(node, node)

    def meaning(self, node: Node) -> Node:
        """The body of a composite, read in the names there are."""
        return self.read(simplify_all([open_composite(node)])[0])

    def name_standardised(self) -> None:
        """Name what standardised values are made of, and recognise what the user has named."""
        self.forms |= named_forms(self.names, self.derivation.simplified)
        known = {**{n: n for n in self.names}, **self.forms}
        originals = {self.names[n]: n for n in reversed(self.derivation.nodes) if n in self.names}
        for node in topological(self.derivation.rewritten.values()):
            if node.op.name != "standardize" or (name := self.names.get(node.args[0])) is None:
                continue
            root = f"{self.piece_letter}{self.pieces + 1}"
            original = originals.get(name, node.args[0])
            for part in parts_of(node, original, name, root, set(self.names.values()), known.get):
                self.pieces += part.name == root
                self.names[part.definition] = part.name
                self.definitions[part.definition] = self._written(part.definition)
                self.parts.append(part.definition)
                for form in part.forms:
                    self.forms[form] = known[form] = part.instead

    def _written(self, definition: Node) -> Node:
        return without_leading(definition, lambda n: n is not definition and self.is_named(n))

    def name_parts(self, expr: Node) -> None:
        """Name parts of a long line, those without gradients in them, which are defined with the forward values."""
        for _ in range(MOST_PARTS):
            if len(self.text(expr)) <= WIDEST:
                return
            part = part_to_name(expr, self.is_named, self.symbols, lambda n: len(self.text(n)), WIDEST)
            if part is None:
                return
            name = part_name(part, set(self.names.values()), f"{self.piece_letter}{self.pieces + 1}")
            self.pieces += name.startswith(self.piece_letter)
            self.names[part] = name
            self.parts.append(part)
            self._cut.clear()
            self._closed.clear()

    def in_pieces(self, expr: Node) -> tuple[list[Step], Node]:
        """Definitions for parts of a long expression, and the expression in terms of them."""
        steps: list[Step] = []
        size: dict[Node, int] = {}
        order = topological([expr], stop=lambda n: n in self.cuts or self.is_named(n))
        found = {n: self.cuts.get(n, n) for n in order if n in self.cuts or self.is_named(n)}
        (expr,) = substitute([expr], found)
        self.name_parts(expr)
        for node in topological([expr], stop=self.is_named):
            if self.is_named(node):
                continue
            size[node] = 1 + sum(1 if self.is_named(a) else size[a] for a in node.args)
            if size[node] > PIECE and node is not expr:
                self.pieces += 1
                self.names[node] = f"{self.piece_letter}{self.pieces}"
                steps.append(Step("definition", node, (Line(node),)))
        return steps, expr
